"""NN560-569: what a callback reports, and where it writes."""

from __future__ import annotations

from nndsl.diagnostics import Diagnostic, Edit, Help
from nndsl.errors.names import Suggesting


class NotLogged(Suggesting):
    """A report calculates with what is logged after an epoch: `loss`, each named loss and metric, all of them with
    `val_` for the validation rows, and `lr`; consts of the program besides.

    wrong:  report("val/train", val_los / loss)
    right:  report("val/train", val_loss / loss)
    """

    code = "NN560"
    title = "`{name}` is not logged"
    label = "not known in a report"
    advice = "there are {logged}"

    name: str
    logged: str

    def help(self) -> Help | None:
        return super().help() if self.suggestion else Help(self._fill(self.advice))


class NotInReport(Diagnostic):
    """A report is an expression of single numbers: logged values, numbers and consts, operators, comparisons, `if`, and
    abs, exp, expm1, log, log1p, sqrt, square, floor, round, min and max.

    wrong:  report("range", [loss, val_loss])
    right:  report("range", val_loss - loss)
    """

    code = "NN561"
    title = "a report calculates with single numbers"
    label = "{problem}"

    problem: str
    hint: str = ""
    edit: Edit | None = None

    def help(self) -> Help | None:
        return Help(self.hint, self.edit) if self.hint else None


class ReportName(Diagnostic):
    """A report's name heads a column of `history.csv` and stands in front of its value on the terminal: it must be
    printable, of at most 40 characters, and not be taken.

    wrong:  report("loss", val_loss / loss)
    right:  report("val/train", val_loss / loss)
    """

    code = "NN562"
    title = "a report cannot be called {name}"
    label = "{reason}"

    name: str
    reason: str


class OutsideTheRun(Diagnostic):
    """What a callback writes lies in the run's folder, under a relative path without `..`, and takes the place of none
    of the files that training itself writes there.

    wrong:  csv_log("../log.csv")
    right:  csv_log("log.csv")
    """

    code = "NN563"
    title = "`{callee}` cannot write to {path}"
    label = "{reason}"
    advice = "give a path inside the run's folder, such as {example}"

    callee: str
    path: str
    reason: str
    example: str

"""NN40x–NN43x: what can be wrong with data files and with how a program names what is in them."""

from __future__ import annotations

from nndsl.diagnostics import Diagnostic, Edit, Help

# ---------------------------------------------------------------- files


class DataFileMissing(Diagnostic):
    """A data file does not exist.

    Paths in a program are relative to the `.nn` file; paths given on the command line are relative to the working
    directory.
    """

    code = "NN401"
    title = "there is no file {path}"
    label = "names it"

    path: str
    suggestion: str | None = None

    def help(self) -> Help | None:
        return Help(f"did you mean {self.suggestion}?") if self.suggestion else None


class NotRegularFile(Diagnostic):
    """A path leads to a folder, a pipe or a device. Data are read from regular files only."""

    code = "NN402"
    title = "{path} is {what}, not a file"
    label = "data are read from regular files"

    path: str
    what: str

    def help(self) -> Help | None:
        if self.what != "a folder":
            return None
        return Help(f'a pattern names the files in it: "{self.path}/*", "{self.path}/**/*" with those in its folders')


class UnreadableFile(Diagnostic):
    """The operating system refuses to read a data file: check its permissions, and the disk it is on."""

    code = "NN403"
    title = "{path} cannot be read: {reason}"

    path: str
    reason: str


class DataTooLarge(Diagnostic):
    """A data file would take more memory than allowed.

    It is refused before anything is read: from a file's size, and from the shapes that an archive's headers state
    (however well they are compressed).
    """

    code = "NN404"
    title = "{what} takes {needed} of memory, but {limit} are allowed"
    label = "reads it"

    what: str
    needed: str
    limit: str


class DamagedGzip(Diagnostic):
    """A file that is compressed with gzip cannot be unpacked: it was cut off, or changed on its way."""

    code = "NN468"
    title = "{path} is compressed with gzip, and {reason}"
    advice = "`gzip -t` tests such a file"

    path: str
    reason: str


class UnknownSource(Diagnostic):
    """`source` names a kind of file that cannot be read."""

    code = "NN405"
    title = "there is no data source `{kind}`"
    label = "the sources are {known}"

    kind: str
    known: str
    suggestion: str | None = None

    def help(self) -> Help | None:
        return Help(f"did you mean `{self.suggestion}`?") if self.suggestion else None


class BadSourceOption(Diagnostic):
    """An option of a data source is of the wrong type or out of its range."""

    code = "NN406"
    title = "`{option}` of `{kind}` is {expects}, not {value}"

    kind: str
    option: str
    expects: str
    value: str


class UnknownSourceOption(Diagnostic):
    """A data source has no such option. In a source, `NAME = "array"` with a string renames a column or array."""

    code = "NN407"
    title = "`{kind}` has no option `{option}`"
    label = "its options are {known}"

    kind: str
    option: str
    known: str
    suggestion: str | None = None

    def help(self) -> Help | None:
        return Help(f"did you mean `{self.suggestion}`?") if self.suggestion else None


class UnknownEnding(Diagnostic):
    """A data file given to a command is read by the ending of its name."""

    code = "NN409"
    title = "{path} ends in {ending}, which says nothing about what it holds"
    advice = "the endings that do are {known}"

    path: str
    ending: str
    known: str


class NoRows(Diagnostic):
    """A data file is empty, or has a header and nothing below it, or an array has no rows."""

    code = "NN408"
    title = "{place} holds no rows"

    place: str


# ---------------------------------------------------------------- CSV


class NotText(Diagnostic):
    """A CSV file is not text in the encoding it is read with (UTF-8 unless `encoding` says otherwise)."""

    code = "NN411"
    title = "{place} is not {encoding} text: {reason}"

    place: str
    encoding: str
    reason: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class UnknownSeparator(Diagnostic):
    """Commas, semicolons or tabs could each separate the cells of a CSV file, so the program has to say which do."""

    code = "NN412"
    title = "what separates the cells of {path} could be {candidates}"
    advice = "{hint}"

    path: str
    candidates: str
    hint: str = 'say which: `separator = ";"`'


class RaggedRow(Diagnostic):
    """A line of a CSV file has more or fewer cells than its header (or, without a header, than its first line).

    A separator inside a cell needs double quotes around the cell.
    """

    code = "NN413"
    title = "{place} has {found}, but {expected} has {count}{more}"

    place: str
    found: str
    expected: str
    count: int
    more: str = ""


class MalformedQuotes(Diagnostic):
    """Double quotes in a CSV file do not close, or text follows a closing quote.

    A quote inside a quoted cell is written twice: `"5"" pipe"`.
    """

    code = "NN414"
    title = "{place}: {reason}"

    place: str
    reason: str


# ---------------------------------------------------------------- arrays


class DamagedArchive(Diagnostic):
    """A file is not an `.npz` archive of NumPy arrays, or it is damaged."""

    code = "NN421"
    title = "{place}: {reason}"
    advice = "`numpy.savez(path, name = array, …)` writes such an archive"

    place: str
    reason: str


class DamagedArray(Diagnostic):
    """A file is not what `npy` (an array that `numpy.save` wrote) or `idx` (MNIST's format) reads, or it is damaged."""

    code = "NN425"
    title = "{place}: {reason}"
    advice = "{hint}"

    place: str
    reason: str
    hint: str


class BadArray(Diagnostic):
    """Data given from Python are not what `numpy.asarray` can make one array of."""

    code = "NN424"
    title = "{place} in the given data is no array: {reason}"

    place: str
    reason: str


class PickledArray(Diagnostic):
    """An array holds Python objects. Reading them could run code, so it is refused."""

    code = "NN422"
    title = "{place} holds pickled Python objects, which are never read"
    advice = "save numbers, or text as `array.astype(str)`"

    place: str


class UnusableArray(Diagnostic):
    """An array's elements are neither numbers, nor booleans, nor text (or are not what the declaration needs)."""

    code = "NN423"
    title = "{place} holds {found}, but `{name}` is {declared}"
    label = "takes its values from there"

    place: str
    found: str
    name: str
    declared: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


# ---------------------------------------------------------------- binding


class NoSuchColumn(Diagnostic):
    """An input or target is made of a column or array that the data do not have.

    A name that `data` does not bind takes the column or array of its own name; `NAME = column("c")`,
    `columns("a", "b*")` and `array("x")` bind another.
    """

    code = "NN431"
    title = "{path} has no {what} {column}"
    label = "`{name}` takes its values from there"

    path: str
    what: str
    column: str
    name: str
    suggestion: str | None = None
    edit: Edit | None = None
    hint: str = ""

    def help(self) -> Help | None:
        if self.suggestion:
            return Help(f"did you mean {self.suggestion}?", self.edit)
        return Help(self.hint) if self.hint else None


class DuplicateColumn(Diagnostic):
    """Two columns have the same name, so the name does not say which is meant."""

    code = "NN432"
    title = "{path} has {count} columns called {column}"
    label = "cannot say which `{name}` takes"

    path: str
    count: int
    column: str
    name: str


class SelectedTwice(Diagnostic):
    """The patterns of `columns(…)` match one column more than once."""

    code = "NN433"
    title = "`{name}` would take column {column} twice"
    label = "each column may be matched by one pattern"

    name: str
    column: str


class WrongColumnCount(Diagnostic):
    """The number of columns is not the declared size: `f32[64]` takes 64 columns, `f32` and `class` take one."""

    code = "NN434"
    title = "`{name}` is {declared}, but {found} of {path} are bound to it"

    name: str
    declared: str
    found: str
    path: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class WrongArrayShape(Diagnostic):
    """An array's shape for each row is not the declared one. An array's first axis counts the rows."""

    code = "NN435"
    title = "`{name}` is {declared}, but {place} has the shape {found} for each row"

    name: str
    declared: str
    place: str
    found: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class NotColumns(Diagnostic):
    """`array(…)` takes an array with all its axes; `column(…)` and `columns(…)` take one value a row."""

    code = "NN436"
    title = "{place} is {found}"
    advice = "{hint}"

    place: str
    found: str
    hint: str


class RowsDisagree(Diagnostic):
    """Arrays of one source have different numbers of rows, so rows of one do not belong to rows of the other."""

    code = "NN437"
    title = "{path}: {first} has {first_rows}, but {second} has {second_rows}"

    path: str
    first: str
    first_rows: str
    second: str
    second_rows: str


class SizesDisagree(Diagnostic):
    """A free size has one value throughout a model's inputs and targets and in all their data."""

    code = "NN438"
    title = "the size `{size}` is {first} in {first_place}, but {second} in {second_place}"

    size: str
    first: int
    first_place: str
    second: int
    second_place: str


class SizeUnsolved(Diagnostic):
    """The data do not determine a free size: some axis must be that size itself, or a multiple of it plus a number."""

    code = "NN439"
    title = "the data do not say how large `{size}` is"
    label = "{declared}"

    size: str
    declared: str


class BadRename(Diagnostic):
    """`NAME = "array"` in a source gives one of its columns or arrays another name."""

    code = "NN440"
    title = "{path}: cannot call {old} `{new}`: {reason}"

    path: str
    old: str
    new: str
    reason: str
    suggestion: str | None = None

    def help(self) -> Help | None:
        return Help(f"did you mean {self.suggestion}?") if self.suggestion else None


class SourcesDisagree(Diagnostic):
    """Sources that are joined by rows must hold the same columns for each input and target."""

    code = "NN441"
    title = "`{name}` is made of other columns in {second} than in {first}: {difference}"

    name: str
    first: str
    second: str
    difference: str

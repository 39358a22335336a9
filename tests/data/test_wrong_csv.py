"""Wrong CSV files: every refusal says which line, which column and which value, and what to do about it."""

from __future__ import annotations

import gzip

import pytest
from data_files import Case, Files, binary, f32, i64, kinds, refusals, section, select, share, told

DROP_OR_KEEP = "`missing = drop` in `data` leaves such rows out, `missing = keep` leaves them to `impute`"

XY = [f32("x"), f32("y", role="target")]
XC = [f32("x"), kinds("c")]
TWENTY = "x,c\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(20))

CASES: dict[str, Case] = {
    "empty file": Case(
        "",
        XY,
        "a.csv holds no rows",
    ),
    "header only": Case(
        "x,y\n",
        XY,
        "a.csv has a header, but holds no rows",
    ),
    "missing column": Case(
        "x,yy\n1,2\n",
        XY,
        'a.csv has no column "y"',
        'did you mean "yy" (`y = column("yy")` in `data`)?',
    ),
    "misspelt column": Case(
        "x,height\n1,2\n",
        [f32("x"), f32("heigth")],
        'a.csv has no column "heigth"',
        'did you mean "height" (`heigth = column("height")` in `data`)?',
    ),
    "column in another case": Case(
        "X,y\n1,2\n",
        XY,
        'a.csv has no column "x"',
        'did you mean "X" (`x = column("X")` in `data`)?',
    ),
    "no header": Case(
        "1,2\n3,4\n",
        [XY[0]],
        'a.csv has no column "x"',
        "its first line holds numbers only: if it is no header, say `header = false`",
    ),
    "a separator that has to be said": Case(
        "x|y\n1|2\n",
        [XY[0]],
        'a.csv has no column "x"',
        'its only column is "x|y": if "|" separates columns, say `separator = "|"`',
    ),
    "commas that are decimal": Case(
        "x,y\n1,2\n",
        [XY[0]],
        'a.csv has no column "x"',
        'its only column is "x,y": if "," separates columns, leave out `decimal = ","`',
        options={"decimal": ","},
    ),
    "another separator than was said": Case(
        "x,y\n1,2\n",
        [XY[0]],
        'a.csv has no column "x"',
        'its only column is "x,y": if "," separates columns, say `separator = ","`',
        options={"separator": ";"},
    ),
    "duplicate header": Case(
        "x,y,y\n1,2,3\n",
        XY,
        'a.csv has 2 columns called "y"',
    ),
    "ragged row": Case(
        "x,y\n1,2\n3\n4,5\n6,7,8\n",
        XY,
        "a.csv, line 3, has 1 cell, but the header has 2 (and 1 more such line)",
    ),
    "ragged after a quoted line end": Case(
        'x,y\n"1\n",2\n3\n',
        XY,
        "a.csv, line 4, has 1 cell, but the header has 2",
    ),
    "separators at all line ends": Case(
        "x,y\n1,2,\n3,4,\n",
        XY,
        "a.csv, line 2, has 3 cells, but the header has 2 (and 1 more such line)",
    ),
    "text in numbers": Case(
        "x,y\n1,2\n3,tall\n4,short\n",
        XY,
        'a.csv, line 3, column "y": "tall" is not a number (and 1 more value)',
        "names are kinds: declare `y: class`, or bind another column",
    ),
    "a number with a unit": Case(
        "x,y\n1,2\n3,4cm\n",
        XY,
        'a.csv, line 3, column "y": "4cm" is not a number',
    ),
    "Python's digit groups": Case(
        "x,y\n1,2\n3,1_000\n",
        XY,
        'a.csv, line 3, column "y": "1_000" is not a number',
    ),
    "hexadecimal": Case(
        "x,y\n1,0x1F\n",
        XY,
        'a.csv, line 2, column "y": "0x1F" is not a number',
    ),
    "digits of another script": Case(
        "x,y\n1,٣\n",
        XY,
        'a.csv, line 2, column "y": "٣" is not a number',
    ),
    "decimal comma unsaid": Case(
        "x;y\n1;2\n3;4,5\n",
        XY,
        'a.csv, line 3, column "y": "4,5" is not a number',
        'if its comma is the decimal sign, say so in the source: `decimal = ","`',
    ),
    "sign for thousands": Case(
        "x;y\n1;1.234,5\n",
        XY,
        'a.csv, line 2, column "y": "1.234,5" is not a number',
        options={"decimal": ","},
    ),
    "point in a file of decimal commas": Case(
        "x;y\n1;2,5\n1;1.500\n",
        XY,
        'a.csv, line 3, column "y": "1.500" is not a number',
        options={"decimal": ","},
    ),
    "NA": Case(
        "x,y\n1,NA\n",
        XY,
        'a.csv, line 2, column "y": "NA" is not a number',
        "a missing value is an empty cell or NaN, and this is neither",
    ),
    "empty cell": Case(
        "x,y\n1,2\n3,\n,4\n",
        [XY[1]],
        'a.csv, line 3, column "y" is empty or NaN',
        DROP_OR_KEEP,
    ),
    "blank cell": Case(
        "x,y\n1,2\n3,  \n",
        XY,
        'a.csv, line 3, column "y" is empty or NaN',
        DROP_OR_KEEP,
    ),
    "blank line in one column": Case(
        "y\n1\n\n2\n",
        [XY[1]],
        'a.csv, line 3, column "y" is empty or NaN',
        DROP_OR_KEEP,
    ),
    "NaN": Case(
        "x,y\n1,2\n3,NaN\n1,nan\n",
        XY,
        'a.csv, line 3, column "y" is empty or NaN (and 1 more value)',
        DROP_OR_KEEP,
    ),
    "a kept class": Case(
        "x,c\n1,a\n2,\n3,b\n",
        XC,
        'a.csv, line 3, column "c" is empty or NaN',
        "`missing = keep` is for f32, which `impute` can fill, and not for class",
        settings={"missing": "keep"},
    ),
    "nothing but missing": Case(
        "x,y\n,1\n2,\n",
        XY,
        "no rows are left for `train`: every row has a missing value",
        settings={"missing": "drop"},
    ),
    "infinity": Case(
        "x,y\n1,2\n3,-inf\n",
        XY,
        'a.csv, line 3, column "y": "-inf" is infinite',
    ),
    "infinity kept": Case(
        "x,y\n1,2\n3,inf\n",
        XY,
        'a.csv, line 3, column "y": "inf" is infinite',
        settings={"missing": "keep"},
    ),
    "beyond f32": Case(
        "x,y\n1,2\n3,1e39\n",
        XY,
        'a.csv, line 3, column "y": "1e+39" is too large for f32',
    ),
    "beyond i64": Case(
        "n\n1\n9223372036854775808\n",
        [i64("n")],
        'a.csv, line 3, column "n": "9223372036854775808" is too large for i64',
    ),
    "fraction in an index": Case(
        "n\n1\n2.5\n",
        [i64("n")],
        'a.csv, line 3, column "n": "2.5" is not a whole number',
    ),
    "not binary": Case(
        "b\nyes\nmaybe\nperhaps\n",
        [binary("b")],
        'a.csv, line 3, column "b": "maybe" is not binary (and 1 more value)',
    ),
    "two is not binary": Case(
        "b\n1\n2\n",
        [binary("b")],
        'a.csv, line 3, column "b": "2" is not binary',
    ),
    "label out of range": Case(
        "x,c\n1,0\n1,3\n",
        [f32("x"), kinds("c", 3)],
        'a.csv, line 3, column "c": "3" is not one of 0 to 2',
        "`class[3]` counts from 0: 0 to 2; if the data count from 1, name them: `class[1, 2, 3]`",
    ),
    "negative label": Case(
        "x,c\n1,0\n1,-1\n",
        [f32("x"), kinds("c", 3)],
        'a.csv, line 3, column "c": "-1" is not one of 0 to 2',
        "`class[3]` counts from 0: 0 to 2",
    ),
    "minus one and one": Case(
        "x,c\n1,1\n1,-1\n",
        [f32("x"), kinds("c", 2)],
        'a.csv, line 3, column "c": "-1" is not one of 0 to 1',
        "`class[2]` counts from 0: 0 to 1; the data hold other numbers: name them, `class[-1, 1]`",
    ),
    "too many names": Case(
        "c\nred\ngreen\nblue\n",
        [kinds("c", 2)],
        '`c` is class[2], but its training rows hold 3 kinds: "blue", "green" and "red"',
        'declare `class[3]`, or `class` to count them, or name them: `class["blue", "green", …]`',
    ),
    "a name among numbers": Case(
        "c\n0\n1\n2\n1\ntwo\n",
        [kinds("c", 3)],
        '`c` is class[3], but its training rows hold 4 kinds: "0", "1", "2" and "two"',
        'a.csv, line 6, column "c" is "two", which is not a whole number',
    ),
    "none of the fixed names": Case(
        "c\nno\nyes\nYes\n",
        [kinds("c", ["no", "yes"])],
        'a.csv, line 4, column "c": "Yes" is not a kind of `c`',
        'did you mean "yes"?',
    ),
    "unclosed quote": Case(
        'x,y\n1,2\n3,"4\n5,6\n',
        XY,
        "a.csv, line 3: a quote is opened and never closed",
    ),
    "text after a quote": Case(
        'x,y\n1,2\n3,"4"5\n',
        XY,
        "a.csv, line 3: text follows a closing quote",
    ),
    "endless cell": Case(
        'x,y\n1,"' + "7" * 200_000 + '"\n',
        XY,
        "a.csv, line 2: a cell is longer than 131072 characters",
    ),
    "either separator": Case(
        "1,5;2,5\n1,5;3,5\n",
        [f32("column_1")],
        "what separates the cells of a.csv could be commas or semicolons",
        'say which: `separator = ";"`',
        options={"header": False},
    ),
    "latin-1": Case(
        "x,y\n1,2\ncaf\xe9,3\n".encode("latin-1"),
        XY,
        "a.csv, line 3, is not utf-8 text: byte 0xE9",
        'say which it is: `encoding = "latin-1"`, "cp1252", …',
    ),
    "binary": Case(
        b"x,y\n1,2\n\0\0\0\n",
        XY,
        "a.csv, line 3, is not utf-8 text: it holds a NUL character",
    ),
    "gzip, cut off": Case(
        gzip.compress(b"x,y\n1,2\n")[:-12],
        XY,
        "a.csv is compressed with gzip, and it ends too early",
        "`gzip -t` tests such a file",
    ),
    "gzip, damaged": Case(
        gzip.compress(b"x,y\n1,2\n")[:-8] + bytes(8),
        XY,
        "a.csv is compressed with gzip, and it is damaged",
        "`gzip -t` tests such a file",
    ),
    "gzip, no more than its first bytes": Case(
        b"\x1f\x8b\x08\x00",
        XY,
        "a.csv is compressed with gzip, and it ends too early",
        "`gzip -t` tests such a file",
    ),
    "gzip twice": Case(
        gzip.compress(gzip.compress(b"x,y\n1,2\n")),
        XY,
        "a.csv is not utf-8 text: it is gzip data",
    ),
    "nothing in gzip": Case(
        gzip.compress(b""),
        XY,
        "a.csv holds no rows",
    ),
    "text in numbers in gzip": Case(
        gzip.compress(b"x,y\n1,2\n3,tall\n"),
        XY,
        'a.csv, line 3, column "y": "tall" is not a number',
        "names are kinds: declare `y: class`, or bind another column",
    ),
    "blank lines and a ragged one that make up for each other": Case(
        "x,y\n1,2\n\n3,4,5\n6,7\n",
        XY,
        "a.csv, line 4, has 3 cells, but the header has 2",
    ),
    "ragged lines that make up for each other": Case(
        "x,y\n1,2\n3\n4,5,6\n",
        XY,
        "a.csv, line 3, has 1 cell, but the header has 2 (and 1 more such line)",
    ),
    "spreadsheet": Case(
        b"PK\x03\x04....",
        XY,
        "a.csv is not utf-8 text: it is a zip archive (or a spreadsheet)",
    ),
    "unknown encoding": Case(
        "x,y\n1,2\n",
        XY,
        '`encoding` of `csv` is the name of a text encoding, not "utf-9"',
        options={"encoding": "utf-9"},
    ),
    "encoding that is none": Case(
        "x,y\n1,2\n",
        XY,
        '`encoding` of `csv` is the name of a text encoding, not "hex"',
        options={"encoding": "hex"},
    ),
    "long separator": Case(
        "x,y\n1,2\n",
        XY,
        '`separator` of `csv` is one character, not a quote or a line end, not "::"',
        options={"separator": "::"},
    ),
    "separator that is no string": Case(
        "x,y\n1,2\n",
        XY,
        '`separator` of `csv` is a string, not "3"',
        options={"separator": 3},
    ),
    "unknown option": Case(
        "x,y\n1,2\n",
        XY,
        "`csv` has no option `seperator`",
        "did you mean `separator`?",
        options={"seperator": ";"},
    ),
    "glob without a match": Case(
        "x,y\n1,2\n",
        [f32("x", 2)],
        'a.csv has no columns like "pixel_*"',
        'its columns are "x" and "y"',
        settings={"bindings": {"x": select("columns", "pixel_*")}},
    ),
    "wrong number of columns": Case(
        "a,b,c\n1,2,3\n",
        [f32("x", 4)],
        '`x` is f32[4], but 3 columns ("*") of a.csv are bound to it',
        settings={"bindings": {"x": select("columns", "*")}},
    ),
    "columns for an image": Case(
        "a,b,c,d\n1,2,3,4\n",
        [f32("x", 2, 2)],
        '`x` is f32[2, 2], but 4 columns ("*") of a.csv are bound to it',
        "columns are one axis: declare `f32[4]` and reshape it in the model",
        settings={"bindings": {"x": select("columns", "*")}},
    ),
    "two columns for a number": Case(
        "a,b\n1,2\n",
        [f32("x")],
        '`x` is f32, but 2 columns ("a" and "b") of a.csv are bound to it',
        settings={"bindings": {"x": select("columns", "a", "b")}},
    ),
    "a column twice": Case(
        "a,b\n1,2\n",
        [f32("x", 3)],
        '`x` would take column "a" twice',
        settings={"bindings": {"x": select("columns", "a", "*")}},
    ),
    "array of a csv": Case(
        "x,y\n1,2\n",
        XY,
        '"x" in a.csv is a column, not an array',
        'take it with `column("x")`',
        settings={"bindings": {"x": select("array", "x")}},
    ),
    "renamed what is not there": Case(
        "x,label\n1,2\n",
        XY,
        'a.csv: cannot call "lable" `y`: there is no such column',
        'did you mean "label"?',
        options={"renames": {"y": "lable"}},
    ),
    "renamed onto another": Case(
        "x,y,z\n1,2,3\n",
        XY,
        'a.csv: cannot call "z" `y`: another column has that name',
        options={"renames": {"y": "z"}},
    ),
    "stratum of one row": Case(
        "x,c\n1,a\n2,a\n3,b\n4,a\n",
        XC,
        '`stratify = c`: only one row has "b" (a.csv, line 4)',
        "leave out `stratify`, or such rows",
        settings={"stratify": "c", "test": share(1)},
    ),
    "a label out of range is no stratum of its own": Case(
        "x,c\n1,0\n2,0\n3,1\n4,1\n5,10\n",
        [f32("x"), kinds("c", 2)],
        'a.csv, line 6, column "c": "10" is not one of 0 to 1',
        "`class[2]` counts from 0: 0 to 1",
        settings={"stratify": "c", "test": share(1)},
    ),
    "strata of numbers": Case(
        "x,y\n1,2\n3,4\n",
        XY,
        "`stratify` needs one kind for each row, and `y` is f32",
        settings={"stratify": "y", "test": share(1)},
    ),
    "shares above all": Case(
        TWENTY,
        XC,
        "the splits ask for 22 rows, but there are 20 rows",
        settings={"validation": share(0.6), "test": share(0.5)},
    ),
    "more rows than there are": Case(
        TWENTY,
        XC,
        "the splits ask for 100 rows, but there are 20 rows",
        settings={"test": share(100)},
    ),
    "share of nothing": Case(
        TWENTY,
        XC,
        "no rows are left for `test`: 2% of 20 rows round to none",
        settings={"test": share(0.02)},
    ),
    "nothing left to train on": Case(
        TWENTY,
        XC,
        "no rows are left for `train`: `test` takes all 20",
        settings={"test": share(20)},
    ),
    "nothing left to train on by two": Case(
        TWENTY,
        XC,
        "no rows are left for `train`: `validation` and `test` take all 20",
        settings={"validation": share(10), "test": share(10)},
    ),
    "control characters": Case(
        "x,y\n1,\x1b[31mred\u202e\n",
        XY,
        'a.csv, line 2, column "y": "\\u{1b}[31mred\\u{202e}" is not a number',
    ),
    "a very long value": Case(
        "x,y\n1," + "8x" * 1000 + "\n",
        XY,
        'a.csv, line 2, column "y": "' + "8x" * 20 + '…" is not a number',
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_csv(files: Files, case: Case) -> None:
    assert isinstance(case.content, str | bytes)
    (diagnostic,) = refusals(section(files.csv(case.content, **case.options), **case.settings), case.declared)
    assert told(diagnostic) == (case.message, case.help)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(files: Files) -> None:
    bomb = gzip.compress(b"x,y\n" + b"1,2\n" * 100_000)
    (diagnostic,) = refusals(section(files.csv(bomb, "a.csv.gz")), XY, limit=100_000)
    assert len(bomb) < 2_000
    assert told(diagnostic) == ("a.csv.gz takes more than 100.0 kB of memory, but 100.0 kB are allowed", "")

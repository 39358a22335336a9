"""NN48x–NN49x: what can be wrong with many files at once, with parquet and arrow files, images and frames."""

from __future__ import annotations

from nndsl.diagnostics import Diagnostic, Help

# ---------------------------------------------------------------- several files


class NoMatch(Diagnostic):
    """No file has a name of that pattern.

    `*` stands for any characters of a name and `?` for one; `**` stands for any number of folders. Upper and lower case
    differ on every platform. Names that begin with a dot match only a pattern that does so too.
    """

    code = "NN484"
    title = "no file matches {pattern}"
    label = "names it"

    pattern: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class FileTwice(Diagnostic):
    """A source names one file twice, as `csv("*.csv", "a.csv")` would: its rows would count twice."""

    code = "NN485"
    title = "{path} is named twice{more}"
    label = "takes its rows twice"

    path: str
    more: str = ""


class TooManyFiles(Diagnostic):
    """A pattern matches more files, or leads through more folders, than one source may have."""

    code = "NN486"
    title = "{pattern} matches more than {most} files and folders"

    pattern: str
    most: int


class ElementsDisagree(Diagnostic):
    """Files that are joined hold text for an input or target in one and numbers in another."""

    code = "NN487"
    title = "`{name}` is {second} in {second_place}, but {first} in {first_place}"

    name: str
    first: str
    first_place: str
    second: str
    second_place: str


class FilesDisagree(Diagnostic):
    """Where each array has files of its own (`npy`, `idx`), all arrays must have equally many to be joined by rows."""

    code = "NN488"
    title = "`{first}` has {first_count}, but `{second}` has {second_count}"
    label = "joins them one by one"

    first: str
    first_count: str
    second: str
    second_count: str


class OneArray(Diagnostic):
    """A `.npy` or idx file holds one array, which says nothing of its name. It can stand for a model's only input."""

    code = "NN489"
    title = "{path} holds one array, but the model has the inputs {names}"
    advice = "give them by name in one .npz: `numpy.savez(path, name = array, …)`"

    path: str
    names: str


# ---------------------------------------------------------------- parquet, arrow, frames


class DamagedTable(Diagnostic):
    """A file is not in the format that `parquet` or `arrow` reads (Arrow's IPC and Feather 2), or it is damaged."""

    code = "NN490"
    title = "{place}: {reason}"
    advice = "{hint}"

    place: str
    reason: str
    hint: str


class OddList(Diagnostic):
    """Lists in one column are values of one shape, so all must be as long as the first, and none missing."""

    code = "NN491"
    title = "{place} holds {found}, but {expected}"

    place: str
    found: str
    expected: str


class MixedColumn(Diagnostic):
    """A column of a frame holds Python objects of different types, or of a type that is no value for a network."""

    code = "NN492"
    title = "{place} is {found}"
    advice = "{hint}"

    place: str
    found: str
    hint: str


# ---------------------------------------------------------------- images


class UnreadableImage(Diagnostic):
    """A file is no image that `images` reads (PNG, JPEG, BMP, GIF, WebP, PGM and PPM, of 8 bits a channel)."""

    code = "NN494"
    title = "{path} is no image that can be read: {reason}"

    path: str
    reason: str
    hint: str = ""

    def help(self) -> Help | None:
        return Help(self.hint) if self.hint else None


class OddImage(Diagnostic):
    """Without `size`, all images of a source must have the same height and width."""

    code = "NN495"
    title = "{path} is {found} pixels, but {first} is {expected}"
    advice = "`size = [{height}, {width}]` in `images(…)` resizes all of them"

    path: str
    found: str
    first: str
    expected: str
    height: int
    width: int


class OddChannels(Diagnostic):
    """An image has other channels than are expected: those of the declaration, or of the source's first image.

    A shape `[height, width]` or `[height, width, 1]` is grey, `[height, width, 3]` is red, green and blue, and
    `[height, width, 4]` has alpha too. `channels = 1`, `3` or `4` in `images(…)` converts every image.
    """

    code = "NN496"
    title = "{path} is {found}, but {expected}"
    advice = "`channels = {channels}` in `images(…)` converts every image"

    path: str
    found: str
    expected: str
    channels: int

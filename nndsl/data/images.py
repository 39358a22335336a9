"""`images("digits/*/*.png", size = [28, 28], channels = 1)`: pictures as `image`, and the folder of each as `folder`.

A picture is `[height, width, channels]` with numbers from 0 to 255, upright as its EXIF data say; of an animation it is
the first frame. Nothing is converted unless `size` or `channels` ask for it: then Pillow resizes (bilinear, which
averages where it shrinks), makes grey of colours by ITU-R 601 (0.299 red + 0.587 green + 0.114 blue), and leaves
transparency out. A declared shape `[height, width]` is grey.
"""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from nndsl.data.arrays import ArrayTable
from nndsl.data.files import open_file
from nndsl.data.table import Array, Index, Table
from nndsl.data.wording import listed, printable, shown_path
from nndsl.diagnostics import Failure
from nndsl.errors.sources import OddChannels, OddImage, UnreadableImage
from nndsl.extras import optional
from nndsl.graph.sizes import Dim
from nndsl.source import Span

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM")
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's mode by the number of channels."""

CHANNELS = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "PA": 4}
"""The channels that a picture has by its mode; palettes and others apart."""

WORDS = {0: "of colours for printing", 1: "grey", 2: "grey with alpha", 3: "in colour", 4: "in colour with alpha"}
ORIENTATION = 274
"""The EXIF tag that says how a picture was held; 1 is upright."""

DECODERS = 8
"""Threads that decode; Pillow lets others run while it does."""

DAMAGED = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError, struct.error, zlib.error)
"""What Pillow's decoders raise for files that are cut or forged."""


class ImagesTable(ArrayTable):
    """Files of one picture each, decoded when they are asked for."""

    names = ("image", "folder")
    path = "images(…)"

    def __init__(self, files: Sequence[str], span: Span | None, size: tuple[int, int] | None, channels: int | None):
        self.files = files
        self.span = span
        self.size = size
        self.converted = channels
        """The channels that every picture is converted to, if any."""
        self.declared: int | None = None
        """The channels that the declaration says."""
        self.flat = False
        """Whether the axis of one channel is left out."""
        self.origins = tuple(files)

    @cached_property
    def first(self) -> tuple[int, int, int]:
        """Height, width and channels of the first picture (as it is, or as it is asked for)."""
        with _decoding(self.span):
            height, width, channels = self._pixels(self.files[0], None).shape
            return height, width, channels

    @property
    def reading(self) -> str:  # type: ignore[override]
        folders = sha256("\0".join(self._folders.tolist()).encode("utf-8", "surrogateescape")).hexdigest()
        asked = f"size={self.size} channels={self.converted or self.declared} flat={self.flat}"
        return f"images {asked} folders={folders}"  # which are no part of what the files hold

    def declared_as(self, name: str, shape: Sequence[Dim]) -> Table:
        """The first declaration settles what the table gives; another one has a table of its own."""
        channels = shape[2] if len(shape) == 3 else 1
        if name != "image" or len(shape) not in (2, 3) or channels not in MODES:
            return self
        table = copy(self) if self.declared else self
        table.declared = int(channels)
        table.flat = len(shape) == 2 and self.converted in (None, 1)
        table.__dict__.pop("first", None)
        return table

    def shape_remedy(self, name: str, shape: Sequence[Dim]) -> str:
        if name != "image" or len(shape) not in (2, 3):
            return ""
        height, width, *channels = shape
        if isinstance(height, int) and isinstance(width, int) and (height, width) != self.first[:2]:
            return f"`size = [{height}, {width}]` in `images(…)` resizes every picture"
        return f"`channels = {channels[0] if channels else 1}` in `images(…)` converts every picture"

    def whole_shape(self, name: str) -> tuple[int, ...]:
        if name == "folder":
            return (len(self.files),)
        return (len(self.files), *(self.first[:2] if self.flat else self.first))

    def dtype(self, name: str) -> np.dtype[Any]:
        return np.dtype(np.uint8) if name == "image" else self._folders.dtype

    @cached_property
    def _folders(self) -> Array:
        names = [os.path.basename(os.path.dirname(os.path.abspath(file))) for file in self.files]
        for file, name in zip(self.files, names, strict=True):
            if not name.isprintable() and any("\ud800" <= c <= "\udfff" for c in name):
                raise self._unreadable(file, "the name of its folder is not UTF-8")
        return np.array(names)

    def array(self, name: str) -> Array:
        if name == "folder":
            return self._folders
        pixels = np.empty((len(self.files), *self.first), np.uint8)

        def decode(row: int) -> None:
            pixels[row] = self._pixels(self.files[row], self.first)

        with _decoding(self.span), ThreadPoolExecutor(min(DECODERS, os.cpu_count() or 1)) as pool:
            for _ in pool.map(decode, range(len(self.files))):
                pass  # the first picture in order that is wrong is the one that is told
        return pixels[..., 0] if self.flat else pixels

    def _pixels(self, file: str, expected: tuple[int, int, int] | None) -> Array:
        """A picture as `[height, width, channels]`."""
        pillow = optional("PIL.Image", "images", "reading images", self.span)
        with open_file(file, self.span) as (content, _):
            try:
                with pillow.open(content, formats=FORMATS) as image:
                    if image.mode in ("I", "F") or any(";16" in f"{image.mode} {tile}" for tile in image.tile):
                        raise self._unreadable(file, "it has more than 8 bits a channel", "save it with 8")
                    if image.getexif().get(ORIENTATION, 1) != 1:
                        image = optional("PIL.ImageOps", "images", "reading images").exif_transpose(image)
                    image = self._with_channels(file, image, expected[2] if expected else None)
                    if self.size:
                        height, width = self.size
                        image = image.resize((width, height), pillow.Resampling.BILINEAR)
                    pixels = np.asarray(image)
            except (pillow.DecompressionBombWarning, pillow.DecompressionBombError):
                most = f"{pillow.MAX_IMAGE_PIXELS // 10**6} million"
                raise self._unreadable(file, f"it has more than {most} pixels") from None
            except pillow.UnidentifiedImageError:
                known = listed([name.replace("WEBP", "WebP") for name in FORMATS])
                raise self._unreadable(file, "it is of another format, or damaged", f"{known} are read") from None
            except DAMAGED:
                raise self._unreadable(file, "it is damaged") from None
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        if expected and pixels.shape[:2] != expected[:2]:
            raise Failure(self._odd_size(file, pixels.shape, expected))
        return pixels

    def _with_channels(self, file: str, image: Any, first: int | None) -> Any:
        """The picture in one of the modes that are taken, converted only where that is asked for."""
        if image.mode == "P":
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")  # its very colours
        found = CHANNELS.get(image.mode, 0)
        if self.converted:
            return (image if found else image.convert("RGB")).convert(MODES[self.converted])
        wanted = self.declared or first
        if found not in MODES or (wanted and found != wanted):
            expected = f"`channels` does not say what to make of it ({printable(image.mode)})"
            if wanted and self.declared:
                expected = f"images that are {WORDS[wanted]} are declared"
            elif wanted:
                expected = f"{shown_path(self.files[0])} is {WORDS[wanted]}"
            raise Failure(OddChannels(self.span, shown_path(file), WORDS[found], expected, wanted or 3))
        return image if image.mode in MODES.values() else image.convert(MODES[found])

    def _odd_size(self, file: str, shape: Sequence[int], first: Sequence[int]) -> OddImage:
        found, expected = (f"{height} x {width}" for height, width, *_ in (shape, first))
        return OddImage(self.span, shown_path(file), found, shown_path(self.files[0]), expected, first[0], first[1])

    def _unreadable(self, file: str, reason: str, hint: str = "") -> Failure:
        return Failure(UnreadableImage(self.span, shown_path(file), reason, hint))

    def pieces(self, rows: int) -> Iterator[Table]:
        first = self.first
        for start in range(0, len(self.files), rows):
            piece = copy(self)
            piece.files = self.files[start : start + rows]
            piece.__dict__.pop("_folders", None)
            piece.__dict__["first"] = first
            yield piece

    def place(self, names: Sequence[str], index: Index) -> str:
        row, place, *pixel = index
        where = f", pixel [{', '.join(map(str, pixel))}]" if names[place] == "image" else "'s folder"
        return f"{self.row_place(row)}{where}"

    def row_place(self, row: int) -> str:
        return shown_path(self.files[row])


@contextmanager
def _decoding(span: Span | None) -> Iterator[None]:
    """Pillow warns of pictures that are large enough to be attacks; they are refused. Other warnings are of no use."""
    pillow = optional("PIL.Image", "images", "reading images", span)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", pillow.DecompressionBombWarning)
        yield


def open_images(
    files: Sequence[str],
    span: Span | None,
    limit: int,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
) -> ImagesTable:
    """A table with a row for each file, in the order given."""
    return ImagesTable(files, span, tuple(size) if size else None, channels)  # type: ignore[arg-type]

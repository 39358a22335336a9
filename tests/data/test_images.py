"""Folders of pictures: their pixels against what was saved, their order, and every way for a picture to be wrong."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import Files, f32, kinds, refusals, section, select, share, span, told
from PIL import Image, ImageOps

from nndsl.data.cache import Cache
from nndsl.data.load import load, load_inputs
from nndsl.data.sources import open_sources
from nndsl.diagnostics import Failure
from nndsl.graph.sizes import symbol
from nndsl.model.check import check, load_program
from nndsl.model.network import Declared
from nndsl.model.sections import SourceCall
from nndsl.source import Source

RANDOM = np.random.default_rng(5)
GREY = RANDOM.integers(0, 256, (6, 4, 5), np.uint8)
COLOUR = RANDOM.integers(0, 256, (6, 4, 5, 3), np.uint8)
ALPHA = RANDOM.integers(0, 256, (6, 4, 5, 4), np.uint8)


def images(*paths: str, renames: dict[str, str] | None = None, **options: Any) -> SourceCall:
    return SourceCall("images", paths or ("*/*.png",), options, renames or {}, span('csv("a.csv")'))


def saved(pixels: Any, names: str = "{i}/a.png", **options: Any) -> None:
    """Each picture under a name of its own."""
    for i, picture in enumerate(pixels):
        path = Path(names.format(i=i))
        path.parent.mkdir(exist_ok=True)
        (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)


def loaded(source: SourceCall, *declared: Declared, **settings: Any) -> dict[str, np.ndarray]:
    return dict(load(section(source, **settings), declared).train.arrays)


# ---------------------------------------------------------------- pixels


@pytest.mark.parametrize(
    ("pixels", "shape"),
    [(GREY, (4, 5)), (GREY, (4, 5, 1)), (COLOUR, (4, 5, 3)), (ALPHA, (4, 5, 4))],
    ids=["grey without an axis", "grey", "colour", "alpha"],
)
def test_pixels_are_what_was_saved(files: Files, pixels: np.ndarray, shape: tuple[int, ...]) -> None:
    saved(pixels)
    image = loaded(images(), f32("image", *shape))["image"]
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, pixels.reshape(6, *shape))


@pytest.mark.parametrize("ending", ["png", "bmp", "ppm", "gif", "webp", "jpg"])
def test_formats(files: Files, ending: str) -> None:
    saved(COLOUR[:2], f"{{i}}.{ending}", **({"lossless": True} if ending == "webp" else {}))
    expected = [np.asarray(Image.open(f"{i}.{ending}").convert("RGB")) for i in range(2)]
    np.testing.assert_array_equal(loaded(images(f"*.{ending}"), f32("image", 4, 5, 3))["image"], expected)
    if ending not in ("jpg", "gif"):
        np.testing.assert_array_equal(expected, COLOUR[:2])


def test_of_an_animation_the_first_frame_counts(files: Files) -> None:
    frames = [Image.fromarray(picture) for picture in GREY[:3]]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(loaded(images("a.gif", channels=1), f32("image", 4, 5))["image"][0], GREY[0])


def test_palettes_are_their_colours(files: Files) -> None:
    saved([Image.fromarray(COLOUR[0]).quantize(8)])
    expected = np.asarray(Image.open("0/a.png").convert("RGB"))
    np.testing.assert_array_equal(loaded(images(), f32("image", 4, 5, 3))["image"][0], expected)


def test_black_and_white_is_grey(files: Files) -> None:
    saved([Image.fromarray(GREY[0] > 100)])
    np.testing.assert_array_equal(loaded(images(), f32("image", 4, 5))["image"][0], 255 * (GREY[0] > 100))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_upright(files: Files, orientation: int) -> None:
    """EXIF's orientations by what they do to rows and columns (TIFF 6.0, tag 274)."""
    turned: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.T,
        6: lambda p: np.rot90(p, -1),
        7: lambda p: p[::-1, ::-1].T,
        8: lambda p: np.rot90(p),
    }
    picture = Image.fromarray(GREY[0])
    exif = picture.getexif()
    exif[274] = orientation
    saved([picture], exif=exif)
    expected = turned[orientation](GREY[0])
    np.testing.assert_array_equal(loaded(images(), f32("image", *expected.shape))["image"][0], expected)


# ---------------------------------------------------------------- conversions that the program asks for


def test_channels_are_converted_by_luma_and_repetition(files: Files) -> None:
    saved(COLOUR)
    grey = loaded(images(channels=1), f32("image", 4, 5, 1))["image"][..., 0]
    np.testing.assert_allclose(grey, COLOUR @ [0.299, 0.587, 0.114], atol=1)  # rounded to whole numbers
    np.testing.assert_array_equal(loaded(images(channels=1), f32("image", 4, 5))["image"], grey)
    with_alpha = loaded(images(channels=4), f32("image", 4, 5, 4))["image"]
    np.testing.assert_array_equal(with_alpha, np.concatenate([COLOUR, np.full((6, 4, 5, 1), 255)], axis=-1))
    saved(GREY)
    np.testing.assert_array_equal(
        loaded(images(channels=3), f32("image", 4, 5, 3))["image"], GREY[..., None].repeat(3, -1)
    )
    saved(ALPHA)
    np.testing.assert_array_equal(loaded(images(channels=3), f32("image", 4, 5, 3))["image"], ALPHA[..., :3])


@pytest.mark.parametrize("mode", ["CMYK", "LA"])
def test_what_has_other_channels_is_converted_only_if_asked(files: Files, mode: str) -> None:
    name = {"CMYK": "0/a.jpg", "LA": "0/a.png"}[mode]
    saved([Image.fromarray(COLOUR[0]).convert(mode)], name)
    expected = np.asarray(Image.open(name).convert("RGB"))
    np.testing.assert_array_equal(loaded(images(name, channels=3), f32("image", 4, 5, 3))["image"][0], expected)
    (diagnostic,) = refusals(section(images(name)), [f32("image", 4, 5, 3)])
    assert told(diagnostic)[1] == "`channels = 3` in `images(…)` converts every image"


@pytest.mark.parametrize("size", [(2, 3), (9, 7)])
def test_sizes_are_height_and_width_and_bilinear(files: Files, size: tuple[int, int]) -> None:
    saved([COLOUR[0], COLOUR[1, :3, :2]])
    image = loaded(images(size=list(size)), f32("image", *size, 3))["image"]
    for i, picture in enumerate([COLOUR[0], COLOUR[1, :3, :2]]):
        expected = Image.fromarray(picture).resize(size[::-1], Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(image[i], np.asarray(expected))


def test_free_sizes_come_from_the_first_picture(files: Files) -> None:
    saved(COLOUR)
    declared = f32("image", symbol("h"), symbol("w"), symbol("c"))
    assert load(section(images()), [declared]).facts.sizes == {"h": 4, "w": 5, "c": 3}


# ---------------------------------------------------------------- rows


def test_rows_are_in_the_order_of_names_and_folders_are_kinds(files: Files) -> None:
    for name, picture in zip(["cat/2", "cat/10", "ant/1", "dog/1", "Bee/1", "cat/1"], GREY, strict=True):
        saved([picture], f"{name}.png")
    arrays = loaded(images(), f32("image", 4, 5), kinds("folder"))
    np.testing.assert_array_equal(arrays["image"], GREY[[4, 2, 5, 1, 0, 3]])
    assert arrays["folder"].tolist() == [0, 1, 2, 2, 2, 3]


def test_names_may_be_given_and_bound(files: Files) -> None:
    saved(GREY[:3])
    renamed = loaded(images(renames={"digit": "folder", "x": "image"}), f32("x", 4, 5), kinds("digit", 3))
    bound = loaded(
        images(),
        f32("x", 4, 5),
        kinds("digit", 3),
        bindings={"x": select("array", "image"), "digit": select("column", "folder")},
    )
    for arrays in (renamed, bound):
        assert arrays["digit"].tolist() == [0, 1, 2]
        np.testing.assert_array_equal(arrays["x"], GREY[:3])


def test_masks_are_kinds_for_every_pixel(files: Files) -> None:
    saved(GREY[:2] % 3)
    mask = loaded(images(), kinds("image", 3, 4, 5))["image"]
    np.testing.assert_array_equal(mask, GREY[:2] % 3)
    (diagnostic,) = refusals(section(images()), [kinds("image", 2, 4, 5)])
    row, *pixel = np.argwhere(GREY[:2] % 3 == 2)[0]
    assert diagnostic.message.startswith(f'{row}/a.png, pixel [{pixel[0]}, {pixel[1]}]: "2" is')


@pytest.mark.parametrize("rows", [1, 4, 6])
def test_pieces_are_the_table(files: Files, rows: int) -> None:
    saved(COLOUR)
    (opened,) = open_sources([images()], 10**9)
    table = opened.table.declared_as("image", (4, 5, 3))
    pieces = list(table.pieces(rows))
    np.testing.assert_array_equal(np.concatenate([piece.numbers(["image"])[0][:, 0] for piece in pieces]), COLOUR)
    names = [piece.coded(["folder"])[0] for piece in pieces]
    assert [part.distinct[code] for part in names for code in part.codes[:, 0]] == list("012345")
    assert pieces[-1].row_place(0) == f"{rows * (len(pieces) - 1)}/a.png"


def test_two_inputs_may_take_the_pictures_in_different_shapes(files: Files) -> None:
    saved(GREY)
    bindings = {name: select("array", "image") for name in ("x", "y")}
    arrays = loaded(images(), f32("x", 4, 5), f32("y", 4, 5, 1), bindings=bindings)
    np.testing.assert_array_equal(arrays["x"], GREY)
    np.testing.assert_array_equal(arrays["y"][..., 0], GREY)


def test_more_pictures_than_memory(files: Files) -> None:
    """Through the cache they are the same; a picture that moves to another folder is not taken for what it was."""
    saved(COLOUR)
    program, declared = section(images(), test=share(2)), [f32("image", 4, 5, 3), kinds("folder", 7)]
    for moved in (False, True):
        if moved:
            Path("6").mkdir()
            Path("5/a.png").rename("6/a.png")  # the order of the pictures stays
        streamed = load(program, declared, cache=Cache(Path("cache"), "program.nn", above=0, piece=100))
        in_memory = load(program, declared)
        assert streamed.facts == in_memory.facts
        for name in ("image", "folder"):
            np.testing.assert_array_equal(streamed.train.arrays[name][:], in_memory.train.arrays[name])


# ---------------------------------------------------------------- prediction


@pytest.mark.parametrize("given", ["new", ["new/b.png", "new/a.PNG"], "new/*", ["new/a.PNG", "new/deep"]])
def test_pictures_to_predict(files: Files, given: Any) -> None:
    """A folder stands for all pictures in it; options and new names are those of the program's own pictures."""
    for name in ("new/a.PNG", "new/b.png", "new/deep/c.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(COLOUR[0]).save(name)
    if given != "new/*":
        Path("new/notes.txt").write_text("no picture")
    else:
        Path("new/deep/c.jpg").rename("new/c.jpg")
        Path("new/deep").rmdir()
    program = section(images(size=[2, 3], channels=1, renames={"x": "image"}))
    data = load_inputs(given, program, [f32("x", 2, 3, 1)])
    expected = np.asarray(Image.fromarray(COLOUR[0]).convert("L").resize((3, 2), Image.Resampling.BILINEAR))
    assert data.rows == (3 if given in ("new", "new/*") else 2)
    np.testing.assert_array_equal(data.arrays["x"][0, ..., 0], expected)


def test_a_folder_without_pictures(files: Files) -> None:
    Path("new").mkdir()
    Path("new/a.csv").write_text("x\n1\n")
    with pytest.raises(Failure) as failure:
        load_inputs("new", None, [f32("image", 2, 2)])
    assert failure.value.diagnostics[0].message == "no file matches new as a folder of images"


# ---------------------------------------------------------------- wrong ones


@pytest.mark.parametrize(
    ("pixels", "shape", "message", "channels"),
    [
        (COLOUR, (4, 5, 1), "0/a.png is in colour, but images that are grey are declared", 1),
        (COLOUR, (4, 5), "0/a.png is in colour, but images that are grey are declared", 1),
        (GREY, (4, 5, 3), "0/a.png is grey, but images that are in colour are declared", 3),
        (ALPHA, (4, 5, 3), "0/a.png is in colour with alpha, but images that are in colour are declared", 3),
        ([*GREY, *COLOUR[:2]], (4, 5, 1), "6/a.png is in colour, but images that are grey are declared", 1),
        ([COLOUR[0], GREY[0]], (4, 5, symbol("c")), "1/a.png is grey, but 0/a.png is in colour", 3),
    ],
)
def test_other_channels_than_declared(files: Files, pixels: Any, shape: Any, message: str, channels: int) -> None:
    saved(pixels)
    (diagnostic,) = refusals(section(images()), [f32("image", *shape)])
    assert told(diagnostic) == (message, f"`channels = {channels}` in `images(…)` converts every image")


def test_the_first_picture_of_another_size_is_named(files: Files) -> None:
    saved([*GREY, GREY[0].T, GREY[0].T])
    (diagnostic,) = refusals(section(images()), [f32("image", symbol("h"), symbol("w"))])
    assert told(diagnostic) == (
        "6/a.png is 5 x 4 pixels, but 0/a.png is 4 x 5",
        "`size = [4, 5]` in `images(…)` resizes all of them",
    )


@pytest.mark.parametrize(
    ("options", "shape", "found", "help"),
    [
        ({}, (8, 8), [4, 5], "`size = [8, 8]` in `images(…)` resizes every picture"),
        ({"size": [2, 3]}, (3, 2), [2, 3], "`size = [3, 2]` in `images(…)` resizes every picture"),
        ({"channels": 3}, (4, 5), [4, 5, 3], "`channels = 1` in `images(…)` converts every picture"),
        ({"channels": 1}, (4, 5, 3), [4, 5, 1], "`channels = 3` in `images(…)` converts every picture"),
        ({}, (20,), [4, 5, 1], ""),
    ],
)
def test_shapes_that_disagree(
    files: Files, options: dict[str, Any], shape: tuple[int, ...], found: list[int], help: str
) -> None:
    saved(GREY)
    (diagnostic,) = refusals(section(images(**options)), [f32("image", *shape)])
    assert told(diagnostic) == (
        f'`image` is f32{list(shape)}, but "image" in images(…) has the shape {found} for each row',
        help,
    )


def png(width: int, height: int, depth: int = 8, colours: int = 0, rows: bytes = b"") -> bytes:
    """The bytes of a PNG file, from its specification."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data


def whole_png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(COLOUR[0]).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is of another format, or damaged"),
        (b"no picture", "it is of another format, or damaged"),
        (b"II*\0\x08\0\0\0\0\0", "it is of another format, or damaged"),
        (whole_png()[:20], "it is damaged"),
        (whole_png()[:70], "it is damaged"),
        (png(60_000, 60_000), "it has more than 89 million pixels"),
        (png(10_000, 10_000), "it has more than 89 million pixels"),
        (png(4, 4), "it is damaged"),
        (png(2, 1, 16, 0, b"\0\1\2\3\4"), "it has more than 8 bits a channel"),
        (png(1, 1, 16, 2, b"\0\1\2\3\4\5\6"), "it has more than 8 bits a channel"),
    ],
    ids=["empty", "text", "tiff", "only a start", "cut", "bomb", "large", "no pixels", "16 bits", "16 bits in colour"],
)
@pytest.mark.parametrize("place", ["first", "last"])
def test_files_that_are_no_pictures(files: Files, content: bytes, reason: str, place: str) -> None:
    saved(COLOUR)
    name = "0/a.png" if place == "first" else "5/a.png"
    Path(name).write_bytes(content)
    (diagnostic,) = refusals(section(images()), [f32("image", 4, 5, 3)])
    assert diagnostic.message == f"{name} is no image that can be read: {reason}"


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "gif", "webp", "ppm"])
def test_bytes_that_are_changed_are_read_or_refused(files: Files, ending: str) -> None:
    """Whatever Pillow makes of them, no exception but a `Failure` comes out."""
    Image.fromarray(RANDOM.integers(0, 256, (16, 16, 3), np.uint8)).save(f"whole.{ending}")
    content = Path(f"whole.{ending}").read_bytes()
    for seed in range(60):
        generator = np.random.default_rng(seed)
        damaged = bytearray(content)
        for place in generator.integers(0, len(content), 3):
            damaged[place] = int(generator.integers(256))
        Path("a").write_bytes(bytes(damaged[: int(generator.integers(len(content))) if seed % 3 == 0 else None]))
        with suppress(Failure):
            load(section(images("a")), [f32("image", symbol("h"), symbol("w"), symbol("c"))])


def test_nothing_matches_and_folders(files: Files) -> None:
    saved(GREY)
    (diagnostic,) = refusals(section(images("*/*.jpg")), [f32("image", 4, 5)])
    assert told(diagnostic) == ("no file matches */*.jpg", '0 holds "a.png"')
    (diagnostic,) = refusals(section(images("*")), [f32("image", 4, 5)])
    assert diagnostic.message == "0 is a folder, not a file"


def test_a_folder_is_no_number(files: Files) -> None:
    saved(GREY)
    (diagnostic,) = refusals(section(images()), [f32("folder")])
    assert diagnostic.message == '"folder" in images(…) holds text, but `folder` is f32'


def test_a_folder_whose_name_is_no_text(files: Files) -> None:
    os.mkdir(b"\xff")
    saved([GREY[0]], os.fsdecode(b"\xff/a.png"))
    assert loaded(images(), f32("image", 4, 5))["image"].shape == (1, 4, 5)
    (diagnostic,) = refusals(section(images()), [kinds("folder")])
    assert diagnostic.message.endswith("no image that can be read: the name of its folder is not UTF-8")
    assert diagnostic.message.isprintable()


def test_a_missing_library_is_named(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(GREY)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(Failure) as failure:
        load(section(images()), [f32("image", 4, 5)])
    assert failure.value.diagnostics[0].code == "NN507"
    assert failure.value.exit_code == 4


def test_too_many_pixels_for_the_memory(files: Files) -> None:
    saved(COLOUR)
    (diagnostic,) = refusals(section(images(size=[1000, 1000])), [f32("image", 1000, 1000, 3)], limit=10**6)
    assert diagnostic.message.endswith("of memory, but 1.0 MB are allowed")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("size = 28", "`size` of `images` must be a height and a width in pixels, such as [28, 28]"),
        ("size = [28]", "`size` of `images` must be a height and a width in pixels, such as [28, 28]"),
        ("size = [0, 4]", "`size` of `images` must be a height and a width in pixels, such as [28, 28]"),
        ("size = [28.0, 28]", "`size` of `images` must be a height and a width in pixels, such as [28, 28]"),
        ("size = [100000, 1]", "`size` of `images` must be a height and a width in pixels, such as [28, 28]"),
        ("channels = 2", "`channels` of `images` must be 1 (grey), 3 (red, green, blue) or 4 (with alpha)"),
        ("channels = true", "`channels` of `images` must be 1 (grey), 3 (red, green, blue) or 4 (with alpha)"),
        ("sizes = [2, 2]", "`images` has no argument `sizes`"),
    ],
)
def test_options_are_checked_where_they_stand(written: str, message: str) -> None:
    """Without data: the message points at the option."""
    model = "model m {\ninput image: f32[2, 2]\noutput y = mean(image)\nloss y\n}\n"
    text = f'{model}data {{\nsource = images("a/*", {written})\n}}\n'
    with pytest.raises(Failure) as failure:
        check(load_program(Source("m.nn", text)))
    (diagnostic,) = failure.value.diagnostics
    assert diagnostic.message == message
    assert diagnostic.span is not None
    assert diagnostic.span.text in written


def test_thousands_of_pictures_are_decoded_in_order(files: Files) -> None:
    Path("d").mkdir()
    for i in range(2000):
        Path(f"d/{i:04}.pgm").write_bytes(b"P5 1 2 255\n" + bytes([i % 256, i // 256]))
    image = loaded(images("d/*"), f32("image", 2, 1))["image"]
    np.testing.assert_array_equal(image[:, 0, 0] + 256 * image[:, 1, 0], np.arange(2000))


def test_exif_is_what_pillow_says(files: Files) -> None:
    """The same as Pillow's own turning, for a picture in colour."""
    picture = Image.fromarray(COLOUR[0])
    exif = picture.getexif()
    exif[274] = 6
    saved([picture], "{i}.jpg", exif=exif, quality=95)
    expected = np.asarray(ImageOps.exif_transpose(Image.open("0.jpg")))
    np.testing.assert_array_equal(loaded(images("0.jpg"), f32("image", 5, 4, 3))["image"][0], expected)

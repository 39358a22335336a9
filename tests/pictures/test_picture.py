"""Pictures of networks: what is in them, that nothing overlaps, and that the files are what others can read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndsl.api import Net
from nndsl.model.check import load_program
from nndsl.pictures.diagram import Diagram, diagram
from nndsl.pictures.layout import lay_out
from nndsl.pictures.mermaid import network_mermaid
from nndsl.pictures.svg import network_svg
from nndsl.source import Source
from nndsl.transform.step import Step

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PICTURES = ("digits", "wide_and_deep", "siamese", "resnet", "cifar10_cnn")
SVG = "{http://www.w3.org/2000/svg}"


def example(name: str) -> Step:
    net = Net(load_program(EXAMPLES / f"{name}.nn"))
    return net.step


def program(text: str) -> Step:
    return Net(load_program(Source("picture.nn", text))).step


def edges(drawing: Diagram) -> set[tuple[str, str]]:
    """Pairs of headings."""
    return {(drawing.boxes[source].title, drawing.boxes[target].title) for source, target in drawing.edges}


# ---------------------------------------------------------------- what is drawn


def test_inputs_layers_outputs_targets_and_losses_have_boxes() -> None:
    drawing = diagram(example("digits"))
    assert [(box.kind, box.title, *box.lines) for box in drawing.boxes] == [
        ("input", "pixels", "f32", "[batch, 64]"),
        ("expression", "pixels / 16", "[batch, 64]"),
        ("layer", "dense · relu", "hidden", "[batch, 64]", "4,160 parameters"),
        ("layer", "dropout", "hidden", "[batch, 64]"),
        ("layer", "dense", "logits", "[batch, 10]", "650 parameters"),
        ("activation", "softmax", "[batch, 10]"),
        ("expression", "argmax(logits)", "[batch]"),
        ("output", "probability", "output", "[batch, 10]"),
        ("output", "label", "output", "[batch]"),
        ("target", "digit", "class of 10", "[batch]"),
        ("loss", "loss", "cross_entropy(logits, digit)"),
    ]
    assert edges(drawing) == {
        ("pixels", "pixels / 16"),
        ("pixels / 16", "dense · relu"),
        ("dense · relu", "dropout"),
        ("dropout", "dense"),
        ("dense", "softmax"),
        ("dense", "argmax(logits)"),
        ("dense", "loss"),
        ("digit", "loss"),
        ("softmax", "probability"),
        ("argmax(logits)", "label"),
    }


def test_a_skip_connection_comes_back_where_it_is_added() -> None:
    drawing = diagram(
        program(
            "model skip { input x: f32[4]\ntarget y: f32[4]\n"
            "h = x -> dense(4, relu) -> dense(4)\noutput z = h + x\nloss mse(z, y) }"
        )
    )
    sources = {drawing.boxes[i].title for i in next(box for box in drawing.boxes if box.title == "h + x").sources}
    assert sources == {"dense", "x"}


def test_a_shared_layer_is_drawn_at_each_use_and_counted_once() -> None:
    lines = [box.lines for box in diagram(example("siamese")).boxes if "strokes" in box.lines]
    assert [line[-1] for line in lines] == ["160 parameters", "shared"]


def test_frozen_and_fitted_layers_say_so() -> None:
    drawing = diagram(
        program(
            "model frozen { input x: f32[4]\ntarget y: f32\nh = x -> normalize -> dense(3, trainable = false)\n"
            "output z = h -> dense(1)\nloss mse(z, y) }"
        )
    )
    layers = [(box.title, box.lines[-1], box.trained) for box in drawing.boxes if box.kind == "layer"]
    assert layers == [
        ("normalize", "8 fitted", True),
        ("dense", "15 parameters", False),
        ("dense", "4 parameters", True),
    ]


def test_an_activation_with_parameters_counts_in_its_layer() -> None:
    drawing = diagram(
        program(
            "model m { input x: f32[4]\ntarget y: f32\noutput z = x -> dense(8, prelu) -> dense(1)\nloss mse(z, y) }"
        )
    )
    layers = [(box.title, box.lines[-1]) for box in drawing.boxes if box.kind == "layer"]
    assert layers == [("dense · prelu", "48 parameters"), ("dense", "9 parameters")]


def test_what_only_a_loss_calculates_with_is_in_its_box() -> None:
    drawing = diagram(
        program(
            "model own { input x: f32[4]\ntarget y: f32\noutput z = x -> dense(1)\n"
            "loss mean(relu(1 - z * y) ^ 2) as margin  # squared\n}"
        )
    )
    assert [box.kind for box in drawing.boxes] == ["input", "layer", "output", "target", "loss"]
    assert (drawing.boxes[-1].title, drawing.boxes[-1].lines) == ("loss margin", ("mean(relu(1 - z * y) ^ 2)",))
    assert drawing.boxes[-1].sources == (1, 3)


# ---------------------------------------------------------------- where it stands


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[float, float]], list[tuple[int, int]]]:
    """Boxes and edges, each from a box to a later one."""
    count = draw(st.integers(1, 24))
    sizes = draw(st.lists(st.tuples(st.integers(10, 200), st.integers(10, 80)), min_size=count, max_size=count))
    pairs = list(combinations(range(count), 2))
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=40)) if pairs else []
    return sizes, edges


@given(graphs())
@settings(deadline=None, max_examples=60)
def test_boxes_do_not_overlap_and_edges_lead_down(
    graph: tuple[list[tuple[float, float]], list[tuple[int, int]]],
) -> None:
    sizes, edges = graph
    layout = lay_out(sizes, edges)
    for (i, (x, y)), (j, (u, v)) in combinations(enumerate(layout.centres), 2):
        beside = abs(x - u) >= (sizes[i][0] + sizes[j][0]) / 2
        below = abs(y - v) >= (sizes[i][1] + sizes[j][1]) / 2
        assert beside or below
    for (width, height), (x, y) in zip(sizes, layout.centres, strict=True):
        assert x - width / 2 >= 0
        assert x + width / 2 <= layout.width
        assert y - height / 2 >= 0
        assert y + height / 2 <= layout.height
    for edge in edges:
        heights = [y for _, y in layout.paths[edge]]
        assert heights == sorted(heights)
        assert layout.paths[edge][0] == (layout.centres[edge[0]][0], layout.centres[edge[0]][1] + sizes[edge[0]][1] / 2)
        assert layout.paths[edge][-1][0] == layout.centres[edge[1]][0]


def crossings(centres: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> int:
    """Pairs of edges between the same two rows that cross, counted one by one."""
    return sum(
        (centres[a][0] - centres[c][0]) * (centres[b][0] - centres[d][0]) < 0
        for (a, b), (c, d) in combinations(edges, 2)
        if centres[a][1] == centres[c][1] and centres[b][1] == centres[d][1]
    )


def test_crossings_that_need_not_be_are_undone() -> None:
    """Four boxes over four others in the opposite order: a picture without crossings exists, so it is found."""
    edges = [(0, 7), (1, 6), (2, 5), (3, 4), (0, 6), (1, 5), (2, 4)]
    assert crossings(lay_out([(10.0, 10.0)] * 8, edges).centres, edges) == 0


def test_a_chain_is_straight_and_what_goes_past_it_gives_way() -> None:
    layout = lay_out([(60.0, 20.0)] * 5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)])
    assert len({x for x, _ in layout.centres}) == 1
    passing = layout.paths[0, 4][1:-1]
    assert len({x for x, _ in passing}) == 1
    assert abs(passing[0][0] - layout.centres[1][0]) > 30


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("name", PICTURES)
def test_svg_is_well_formed_and_holds_every_box(name: str) -> None:
    step = example(name)
    root = ElementTree.fromstring(network_svg(step))
    drawing = diagram(step)
    headings = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "title"]
    assert headings == [box.title for box in drawing.boxes]
    assert len([path for path in root.iter(f"{SVG}path") if path.get("class") == "edge"]) == len(set(drawing.edges))
    assert "prefers-color-scheme: dark" in "".join(root.find(f"{SVG}style").itertext())  # type: ignore[union-attr]


def test_the_same_network_gives_the_same_picture(golden: Callable[[Path, str], None]) -> None:
    golden(Path(__file__).parent / "golden" / "digits.svg", network_svg(example("digits")))
    golden(Path(__file__).parent / "golden" / "digits.mmd", network_mermaid(example("digits")))


def test_the_documents_show_the_picture_as_it_is(golden: Callable[[Path, str], None]) -> None:
    golden(EXAMPLES.parent / "docs" / "images" / "wide_and_deep.svg", network_svg(example("wide_and_deep")))


HOSTILE = (
    'model hostile { input kind: class["<b>", "\\u{1}&", "`\\""]\ntarget y: f32\n'
    'h = where(kind == "<b>", 1.0, 2.0) -> dense(1)\noutput z = h * where(kind == "\\u{1}&", 1.0, 2.0)\n'
    "loss mse(z, y) }"
)


def test_names_and_texts_are_escaped() -> None:
    step = program(HOSTILE)
    ElementTree.fromstring(network_svg(step))
    text = network_mermaid(step)
    labels = re.findall(r'"(.*)"', text)
    assert labels
    for label in labels:
        assert not set(re.sub(r"<br/>", "", label)) & set('<>"`&;') - {";"}
    assert "#60;b#62;" in text


@pytest.mark.parametrize("name", PICTURES)
def test_mermaid_is_a_flowchart(name: str) -> None:
    """Held against the grammar of Mermaid's flowcharts, as far as it is used: nodes, arrows, classes."""
    step = example(name)
    first, *lines = network_mermaid(step).splitlines()
    assert first == "flowchart TD"
    node = r'  n\d+(\(\["[^"]+"\]\)|\["[^"]+"\]|\("[^"]+"\)|\{\{"[^"]+"\}\}):::[a-z]+'
    kinds = [
        re.fullmatch(rf"({node})|(  n\d+ --> n\d+)|(  classDef [a-z]+ [a-z]+:#\w+(,[a-z]+:#\w+)*)", x) for x in lines
    ]
    assert all(kinds)
    named = set(re.findall(r"^  (n\d+)\W", "\n".join(lines), re.MULTILINE))
    assert named == {f"n{i}" for i in range(len(diagram(step).boxes))}

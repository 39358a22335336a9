"""Notebooks, in a shell without a page: `%%nndsl`, messages in place of tracebacks, pictures, curves that grow."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

import nndsl
from nndsl.notebook import history_svg
from nndsl.training.history import History

PROGRAM = """\
const width = 4
model small {
  input  x: f32[3]
  target y: f32
  h = x -> dense(width, relu)
  output p = h -> dense(1)
  loss mse(p, y)
  metric mae(p, y)
}
train { epochs = 5 }
"""

WAITING = PROGRAM.replace("y: f32", "y: class").replace("dense(1)", "dense(y.classes)").replace("mse", "cross_entropy")
X = np.random.default_rng(0).normal(size=(20, 3))


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    assert shell.run_cell("%load_ext nndsl").success
    yield shell
    InteractiveShell.clear_instance()


class Page:
    """Stands for the page of a notebook: what is displayed, and what is drawn in its place later."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, html: Any, **options: Any) -> Any:
        self.update(html)
        return self

    def update(self, html: Any) -> None:
        self.shown.append(html.data)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    page = Page()
    monkeypatch.setattr("nndsl.api.observers.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", page.display)
    monkeypatch.setattr("nndsl.notebook.REFRESH", 0)
    return page


# ---------------------------------------------------------------- %%nndsl


def test_a_cell_becomes_a_network(shell: InteractiveShell) -> None:
    assert shell.run_cell(f"%%nndsl net --set width=7 --set train.epochs=2\n{PROGRAM}").success
    net = shell.user_ns["net"]
    assert isinstance(net, nndsl.Net)
    assert net.weights["h.W"].shape == (3, 7)
    assert net.checked.train.epochs == 2
    assert shell.run_cell("h = net.weights").success  # a network like any other


def test_a_wrong_cell_shows_its_messages(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    result = shell.run_cell(f"%%nndsl net\n{PROGRAM.replace('relu', 'rely').replace('mse', 'mze')}")
    shown = capsys.readouterr().out
    assert not result.success
    assert isinstance(result.error_in_exec, nndsl.Failure)
    assert "net" not in shell.user_ns
    assert shown.count("error[NN2") == 2
    assert "%%nndsl net:5:" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "required: name"),
        ("a b", "unrecognized"),
        ("3x", "no name of a variable"),
        ("class", "no name of a variable"),
        ("net --set 'a", "quotation"),
    ],
)
def test_a_wrong_line(shell: InteractiveShell, capsys: pytest.CaptureFixture[str], line: str, words: str) -> None:
    assert not shell.run_cell(f"%%nndsl {line}\n{PROGRAM}").success
    assert words in capsys.readouterr().out


def test_what_waits_for_data_is_checked_as_far_as_it_can_be(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    text = WAITING.replace("metric mae(p, y)", "metric accuracy(p, y)")
    assert shell.run_cell(f"%%nndsl net\n{text}").success
    assert not shell.run_cell(f"%%nndsl net\n{text.replace('accuracy', 'acuracy')}").success
    assert "did you mean `accuracy`?" in capsys.readouterr().out


def test_warnings_are_shown(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell(f"%%nndsl net\nconst unused = 1\n{PROGRAM}").success
    assert capsys.readouterr().out.startswith("warning[NN6")


def test_failures_are_messages_in_any_cell(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell(f"%%nndsl net\n{PROGRAM}")
    shell.run_cell("net.predict([[1, 2]])")
    shown = capsys.readouterr().out
    assert "error[NN435]" in shown
    assert "Traceback" not in shown


# ---------------------------------------------------------------- pictures


def test_a_network_shows_its_picture_and_layers() -> None:
    net = nndsl.loads(PROGRAM)
    html = net._repr_html_()
    ElementTree.fromstring(html)  # well-formed
    assert "<svg" in html
    assert "21 parameters" in html
    assert "not trained yet" in html
    assert "<td>h</td><td>dense</td><td>[batch, 4]</td><td>16</td>" in html
    net.fit(X, X[:, 0], epochs=2)
    assert "trained for 2 epochs" in net._repr_html_()
    wrong = nndsl.loads(PROGRAM.replace("relu", '"<b>"'))._repr_html_()
    assert wrong.startswith("<pre>error[NN")
    assert "<b>" not in wrong
    assert "has seen none" in nndsl.loads(WAITING.replace("mae", "accuracy"))._repr_html_()


def test_a_run_shows_its_curves() -> None:
    run = nndsl.loads(PROGRAM).fit(X, X[:, 0], validation_split=0.5)
    html = run._repr_html_()
    assert html.count("<polyline") == 4  # the loss and a metric, training and validation
    assert "5 epochs" in html


def test_curves_have_their_points_in_proportion() -> None:
    svg = ElementTree.fromstring(history_svg(History([{"loss": 4.0}, {"loss": 1.0}, {"loss": 2.0}]), epochs=5))
    (line,) = svg.iter("{http://www.w3.org/2000/svg}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert points == [(0, 0), (62.5, 150), (125, 100)]  # of 250 x 150


def test_curves_leave_out_what_is_not_there() -> None:
    logs: list[dict[str, float]] = [{"loss": 1, "val_loss": 2}, {"loss": 1}, {"loss": float("nan"), "val_loss": 3}]
    svg = history_svg(History(logs))
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert svg.count("<polyline") == 3  # a line, and two points apart


def test_the_curve_grows(page: Page) -> None:
    net = nndsl.loads(PROGRAM)
    net.fit(X, X[:, 0])
    assert "epoch 0 of 5" in page.shown[0]
    grown = [f"epoch {epoch} of 5" for epoch in (1, 2, 3, 4, 5, 5)]
    assert [next(words for words in grown if words in html) for html in page.shown[1:]] == grown
    ElementTree.fromstring(page.shown[-1].replace("&ensp;", " "))


def test_the_curve_says_why_it_ends(page: Page) -> None:
    class Stops:
        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            raise nndsl.StopTraining("a < b")

    nndsl.loads(PROGRAM).fit(X, X[:, 0], callbacks=[Stops()])
    assert "stopped: a &lt; b" in page.shown[-1]
    count = len(page.shown)
    nndsl.loads(PROGRAM).fit(X, X[:, 0], verbose=False)
    assert len(page.shown) == count

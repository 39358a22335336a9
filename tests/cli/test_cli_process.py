"""What only a process of its own shows: signals, pipes, closed and full streams, encodings, terminals, start."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nndsl.cli.main import run

NNDSL = [sys.executable, "-m", "nndsl"]
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def bash(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in the folder, where `nndsl` is the command."""
    text = f'set -o pipefail; nndsl() {{ {" ".join(NNDSL)} "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert "NN520" not in done.stderr
    return done


def at_terminal(arguments: list[str], folder: Path, **environment: str) -> tuple[int, str]:
    """Exit code and output of a command whose streams are a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*NNDSL, *arguments],
        cwd=folder,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    output = b""
    while select.select([master], [], [], 60)[0]:
        try:
            part = os.read(master, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        output += part
    os.close(master)
    return process.wait(), output.decode()


# ---------------------------------------------------------------- signals


@pytest.mark.parametrize("backend", ["onnx", "numpy"])
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 129, "the terminal was closed"),
    ],
)
def test_a_signal_ends_training_and_saves(
    folder: Path, number: signal.Signals, code: int, word: str, backend: str
) -> None:
    arguments = ["train", "small.nn", "-o", "run", "--backend", backend, "--set", "train.epochs=1_000_000"]
    process = subprocess.Popen(
        [*NNDSL, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert word in err
    assert "run holds what was learnt until then" in err
    assert "Traceback" not in err
    assert "stopped: interrupted" in out
    epochs = len((folder / "run" / "history.csv").read_text().splitlines()) - 1
    record = json.loads((folder / "run" / "run.json").read_text())
    assert epochs >= 3
    assert record["stopped"].startswith("interrupted")
    assert bash("nndsl eval run", folder).returncode == 0


@pytest.mark.parametrize("place", ["nndsl.model.check.load_program", "nndsl.training.loop.Trainer.run"])
@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (SystemExit(143), 143, "terminated"),
        (SystemExit(129), 129, "the terminal was closed"),
        (MemoryError(), 1, "not enough memory"),
        (RuntimeError("bad_alloc in the engine"), 1, "not enough memory"),
        (PermissionError(13, "Permission denied", "x.csv"), 1, "x.csv: permission denied"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_raised_becomes_a_message(
    nndsl: Callable[..., Any],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    error: BaseException,
    code: int,
    words: str,
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    before = sorted(folder.rglob("*"))
    monkeypatch.setattr(place, fail)
    done = nndsl("train", "small.nn", "--set", "train.epochs=1")
    assert done.code == code
    assert words in done.err
    assert sorted(folder.rglob("*")) == before


def test_a_fault_of_its_own_is_said_to_be_one(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("{x} and\nmore")

    monkeypatch.setattr("nndsl.model.check.load_program", fail)
    assert run(["check", "small.nn"]) == 1
    assert "fault of nndsl: ZeroDivisionError: {x} and more (test_cli_process.py:" in capfd.readouterr().err
    monkeypatch.setenv("NNDSL_TRACEBACK", "1")
    run(["check", "small.nn"])
    assert "Traceback" in capfd.readouterr().err


# ---------------------------------------------------------------- pipes and closed streams


@pytest.mark.parametrize("command", ["show small.nn --stage numpy", "--help"])
def test_whoever_reads_may_leave(folder: Path, command: str) -> None:
    before = sorted(folder.rglob("*"))
    done = bash(f"nndsl {command} | head -n 1", folder)
    assert done.returncode in (0, 1)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "command",
    [
        "train small.nn -o run --set train.epochs=300 --set 'train.callbacks=[checkpoint()]' | head -n 1",
        "train small.nn -o run --set train.epochs=300 2>&1 | head -n 1",
        "train small.nn -o run --set train.epochs=300 --json | head -n 1",
        "train small.nn -o run --set train.epochs=300 --chart >/dev/full",
    ],
)
def test_training_goes_on_though_nobody_reads(folder: Path, command: str) -> None:
    done = bash(f"nndsl {command}", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == (0 if "full" in command else 1)
    assert len((folder / "run" / "history.csv").read_text().splitlines()) == 301
    assert (folder / "run" / "model.onnx").exists()


def test_training_saves_when_its_terminal_is_closed(folder: Path) -> None:
    """The terminal's other end goes, which is a SIGHUP to the session; from then on printing fails."""
    child, master = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execv(sys.executable, [*NNDSL, "train", "small.nn", "-o", "run", "--set", "train.epochs=1_000_000"])
    seen = b""
    while b"epoch" not in seen:
        seen += os.read(master, 1 << 16)
    os.close(master)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 129
    assert json.loads((folder / "run" / "run.json").read_text())["stopped"].startswith("interrupted")
    assert '"interrupted"' in (folder / "run" / "checkpoints" / "record.json").read_text()


def test_a_command_that_ignores_hangups_goes_on(folder: Path) -> None:
    script = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from nndsl.cli.main import run\nsys.exit(run(sys.argv[1:]))"
    )
    arguments = ["train", "small.nn", "-o", "run", "--set", "train.epochs=300"]
    process = subprocess.Popen([sys.executable, "-c", script, *arguments], cwd=folder, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_streams_may_be_closed_or_full(folder: Path) -> None:
    assert bash("nndsl summary small.nn >&-", folder).returncode == 0
    assert bash("nndsl train small.nn -o run >&- 2>&- <&-", folder).returncode == 0
    assert bash("nndsl eval run", folder).returncode == 0
    assert bash("nndsl check nowhere.nn 2>&-", folder).returncode == 2
    assert bash("nndsl check nowhere.nn 2>/dev/full", folder).returncode in (1, 2)
    full = bash("nndsl summary small.nn >/dev/full", folder)
    assert full.returncode == 1
    assert "no space left on device" in full.stderr


def test_output_may_be_a_stream(folder: Path) -> None:
    bash("nndsl train small.nn -o run", folder)
    plain = bash("nndsl predict run small.csv", folder).stdout
    bash("nndsl predict run small.csv -o /dev/stdout > out.csv", folder)
    assert (folder / "out.csv").read_text().startswith(plain)


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=str,
)
def test_any_encoding_will_do(folder: Path, environment: dict[str, str]) -> None:
    assert bash("nndsl summary small.nn", folder, **environment).returncode == 0
    text = (folder / "small.nn").read_text(encoding="utf-8").replace("mse(p, y)", "mse(p, größe)")
    (folder / "ß.nn").write_text(text, encoding="utf-8")
    assert bash("nndsl check ß.nn", folder, **environment).returncode == 2


def test_a_working_directory_that_is_gone(folder: Path) -> None:
    done = bash("mkdir gone; cd gone; rmdir ../gone; nndsl train ../small.nn", folder)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("error[")


# ---------------------------------------------------------------- terminals


def test_messages_are_coloured_on_a_terminal_only(folder: Path) -> None:
    (folder / "wrong.nn").write_text((folder / "small.nn").read_text().replace("mse(p, y)", "mse(q, y)"))
    plain = bash("nndsl check wrong.nn", folder).stderr
    assert "\x1b" not in plain
    code, coloured = at_terminal(["check", "wrong.nn"], folder)
    assert code == 2
    assert "\x1b[1;31merror[NN201]" in coloured
    assert ESCAPE.sub("", coloured).replace("\r\n", "\n") == plain
    assert "\x1b" not in at_terminal(["check", "wrong.nn"], folder, NO_COLOR="1")[1]
    assert "\x1b[1;31merror" in bash("nndsl check wrong.nn", folder, FORCE_COLOR="1").stderr


def test_training_shows_a_bar_on_a_terminal(folder: Path) -> None:
    code, output = at_terminal(["train", "small.nn", "--set", "train.epochs=1500"], folder)
    assert code == 0
    text = ESCAPE.sub("", output)
    assert re.search(r"epoch +\d+/1500 ━+.* steps/s.* loss .* left", text)
    assert len(re.findall(r"^epoch +\d+/1500  loss ", text.replace("\r", "\n"), re.MULTILINE)) == 1500
    assert output.count("\x1b[?25l") == output.count("\x1b[?25h"), "the cursor is hidden and shown again"
    assert text.split()[-1] == "runs/small-001"


def test_quiet_training_shows_no_bar(folder: Path) -> None:
    code, output = at_terminal(["train", "small.nn", "--quiet"], folder)
    assert (code, output) == (0, "runs/small-001\r\n")


# ---------------------------------------------------------------- start


def test_the_version_needs_no_imports() -> None:
    code = "import sys; sys.argv[1:] = ['--version']; from nndsl.__main__ import main; main(); print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    version, modules = printed.splitlines()
    assert version.startswith("nndsl ")
    assert not {"click", "numpy", "lark", "rich"} & {name.split(".")[0] for name in modules.split()}


def test_training_imports_what_it_uses(folder: Path) -> None:
    code = (
        "import sys; from nndsl.cli.main import run\n"
        "run(['train', 'small.nn', '--quiet', '--backend', BACKEND]); print(*sys.modules)"
    )
    for backend, unused in (("onnx", {"rich"}), ("numpy", {"rich", "onnxruntime"})):
        script = f"BACKEND = {backend!r}\n{code}"
        done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)
        assert not unused & {name.split(".")[0] for name in done.stdout.split()}

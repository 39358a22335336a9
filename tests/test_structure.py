"""The structure that ARCHITECTURE.md describes, held: imports run one way, and heavy libraries have one door each."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nndsl

ROOT = Path(__file__).parent.parent

LAYERS = [
    {"source", "record", "diagnostics", "errors", "render", "snippet", "files", "extras"},
    {"syntax", "graph"},
    {"ops"},
    {"library"},
    {"model"},
    {"transform"},
    {"compiler", "codegen", "pictures"},
    {"data"},
    {"training"},
    {"api", "estimators", "sklearn", "notebook"},
    {"cli"},
]
"""From the ground up: a file may import its own layer and those below."""

RANK = {room: rank for rank, layer in enumerate(LAYERS) for room in layer}

DOORS = {
    "lark": ("nndsl/syntax/", "grammar/"),
    "jinja2": ("codegen/numpy/",),
    "onnx": ("codegen/onnx/",),
    "onnxruntime": ("codegen/onnx/engine.py", "codegen/onnx/buffers.py", "codegen/onnx/session.py"),
    "click": ("nndsl/cli/",),
    "rich": ("nndsl/cli/",),
    "matplotlib": ("nndsl/training/",),
}


def modules() -> list[Path]:
    return [path for folder in ("nndsl", "codegen", "grammar") for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
            if node.module == "nndsl":
                yield from (f"nndsl.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[0] if parts[0] != "nndsl" else parts[1]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    own = room(path)
    for name in imports(path):
        parts = name.split(".")
        assert parts[0] != "codegen", f"{path}: import it as nndsl.codegen"
        if parts[0] != "nndsl" or len(parts) < 2 or own in ("__init__", "__main__"):
            continue
        if parts[1] in RANK:
            assert RANK[parts[1]] <= RANK[own], f"{own} imports {name}, which is above it"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_have_one_door(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name in imports(path):
        library = name.split(".")[0]
        if library in DOORS:
            assert place.startswith(DOORS[library]), f"{place} imports {library}"


def test_graph_and_syntax_do_not_know_each_other() -> None:
    for path in modules():
        if room(path) in ("graph", "ops"):
            assert not any(name.startswith("nndsl.syntax") for name in imports(path))
        if room(path) == "syntax":
            assert not any(name.startswith("nndsl.graph") for name in imports(path))


def test_the_model_never_imports_data() -> None:
    for path in modules():
        if room(path) == "model":
            assert not any(name.startswith("nndsl.data") for name in imports(path))


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running `code`."""
    code += "\nimport sys; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_nndsl_loads_no_engine() -> None:
    assert not loaded_by("import nndsl") & {"numpy", "onnx", "onnxruntime", "lark", "click", "rich", "jinja2"}


def test_compiling_to_numpy_needs_no_onnx(tmp_path: Path) -> None:
    program = ROOT / "examples" / "digits.nn"
    code = f"import nndsl; nndsl.load({str(program)!r}).compile({str(tmp_path)!r}, target=['numpy'])"
    assert not loaded_by(code) & {"onnx", "onnxruntime"}


def test_compiling_to_onnx_needs_neither_an_engine_nor_templates(tmp_path: Path) -> None:
    program = ROOT / "examples" / "digits.nn"
    code = f"import nndsl; nndsl.load({str(program)!r}).compile({str(tmp_path)!r}, target=['onnx'])"
    assert not loaded_by(code) & {"onnxruntime", "jinja2", "rich", "click"}


def test_a_generated_module_loads_nothing_but_numpy(tmp_path: Path) -> None:
    """So it imports in the time that NumPy takes."""
    nndsl.load(ROOT / "examples" / "digits.nn").compile(tmp_path, target="numpy")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import "
    assert loaded_by(code + "digits") - loaded_by(code + "numpy") == {"digits"}


def test_checking_loads_no_engine(tmp_path: Path) -> None:
    program = ROOT / "examples" / "digits.nn"
    code = f"import nndsl; nndsl.load({str(program)!r}).checked"
    assert not loaded_by(code) & {"onnx", "onnxruntime", "jinja2", "rich", "click", "safetensors", "matplotlib"}


def test_test_files_have_names_of_their_own() -> None:
    """pytest takes two test files of one name for one module."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []

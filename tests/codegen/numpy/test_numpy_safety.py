"""Nothing that a program says becomes code: generated modules hold only what this whitelist knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy_programs import PROGRAMS, compiled, compiled_text

from nndsl.codegen.numpy.module import generate

NODES = tuple(
    getattr(ast, name)
    for name in (
        "Module FunctionDef arguments arg Return Assign AugAssign Expr For If With withitem Import alias keyword "
        "Name Constant Attribute Subscript Slice Call Starred Tuple List Dict BinOp UnaryOp BoolOp Compare IfExp "
        "operator unaryop boolop cmpop expr_context JoinedStr FormattedValue DictComp ListComp GeneratorExp "
        "comprehension Yield Raise"
    ).split()
)
BUILTINS = set(
    "TypeError ValueError dict enumerate float int isinstance len list map max min print range set slice sorted sum "
    "tuple zip".split()
)
METHODS = set(
    "T any argmax argmin as_strided astype at copy dot dtype encode get items max mean min ndim outer pop qr reduceat "
    "reshape shape size "
    "startswith stride_tricks strides sum swapaxes take transpose values view".split()
)
OF_NUMPY = {name for name in dir(np) if name[0] != "_"} - {"ctypeslib", "f2py", "fromfile", "memmap", "testing"}


def check(text: str) -> None:
    """Every node, name and attribute of a module is one that generated modules may hold."""
    tree = ast.parse(text)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    assert [ast.unparse(node) for node in imports] == ["import numpy as np"]
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    constants = {
        t.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)
    }
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        own = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        own |= {
            node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Name):
                assert node.id in own | functions | constants | BUILTINS | {"np"}, node.id
    for node in ast.walk(tree):
        assert isinstance(node, NODES), ast.unparse(node)
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")
            allowed = OF_NUMPY if isinstance(node.value, ast.Name) and node.value.id == "np" else METHODS
            assert node.attr in allowed, ast.unparse(node)


@pytest.mark.parametrize("name", PROGRAMS)
def test_modules_hold_what_is_allowed(name: str, tmp_path: Path) -> None:
    check(generate(compiled(name, tmp_path)).text)


@pytest.mark.parametrize(
    "statement",
    ["import os", 'eval("1")', '__import__("os")', "np.add.__class__", "print.__self__", "open('x')", "np.fromfile(x)"],
)
def test_the_whitelist_refuses(statement: str) -> None:
    with pytest.raises(AssertionError):
        check(f"import numpy as np\n\n\ndef f(x):\n    {statement}\n")


HOSTILE = r'''
# """ + __import__("os").system("echo broken") + """ \""" \N{BULLET} \x41 {{ 7 * 7 }} {% raw %}
model hostile {
  input  __class__: f32[3]
  input  _: f32[2]
  target exec: class["\"\"\"", "'); import os; ('", "{{ 7 * 7 }}", "\\", "\u{202c}\n"]
  eval   = concat(__class__, _) -> dense(5)
  print  = eval -> dense(5)
  output __builtins__ = softmax(print)
  output np = argmax(print)
  loss   cross_entropy(print, exec)
}
'''


def test_hostile_names_and_strings_stay_names_and_strings(tmp_path: Path) -> None:
    text = generate(compiled_text(HOSTILE, tmp_path / "hostile.nn")).text
    check(text)
    documentation = ast.get_docstring(ast.parse(text), clean=False)
    assert documentation is not None
    for line in HOSTILE.strip().splitlines():
        assert f"    {line}\n" in documentation, "the docstring gives the program back, letter by letter"


def test_a_module_needs_numpy_alone(tmp_path: Path) -> None:
    """In an isolated interpreter that finds numpy and nothing of ours."""
    step = compiled("classifier", tmp_path)
    (tmp_path / "classifier.py").write_text(generate(step).text, encoding="utf-8")
    program = f"""
import sys
sys.path += [{str(Path(np.__file__).parent.parent)!r}, {str(tmp_path)!r}]
import numpy as np
before = set(sys.modules)
import classifier
state = classifier.init_state()
pixels, digit = np.ones((8, 12), np.float32), np.arange(8) % 4
classifier.train_step(state, pixels=pixels, digit=digit, step=0)
classifier.predict(state, pixels=pixels)
print(sorted(name for name in set(sys.modules) - before if not name.startswith("numpy")))
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['classifier']"

"""Trees printed as text and parsed back are the same trees."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nndsl.source import Source, Span
from nndsl.syntax import tree
from nndsl.syntax.parse import parse
from nndsl.syntax.print import LEVELS, print_program
from nndsl.syntax.read import read_source
from nndsl.syntax.scan import ITEMS, RESERVED, STATEMENTS

HERE = Span(Source("none", ""), 0, 0)

words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True).filter(lambda word: word not in RESERVED)
names = st.one_of(words, st.sampled_from([*ITEMS, *(set(STATEMENTS) - RESERVED)])).map(
    lambda text: tree.Name(HERE, text)
)
# Where a statement begins its keywords are no names.
defined = words.filter(lambda word: word not in STATEMENTS).map(lambda text: tree.Name(HERE, text))
literals = st.one_of(
    st.integers(0, 2**63 - 1),
    st.floats(min_value=0, allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from([True, False, None]),
).map(lambda value: tree.Literal(HERE, value))


def several(elements: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, min_size=least, max_size=3).map(tuple)


@st.composite
def chains(draw: st.DrawFn, operands: st.SearchStrategy[tree.Expression]) -> tree.Chain:
    level = draw(st.sampled_from(sorted(set(LEVELS.values()))))
    signs = [sign for sign, at in LEVELS.items() if at == level]
    # Comparisons and powers take one operator; the others make flat chains, whose first operand is of another kind.
    once = "<" in signs or "^" in signs
    count = 1 if once else draw(st.integers(1, 3))
    first = draw(operands)
    if not once and isinstance(first, tree.Chain) and first.rest[0][0].text in signs:
        first = tree.Name(HERE, "first")
    rest = tuple((tree.Operator(HERE, draw(st.sampled_from(signs))), draw(operands)) for _ in range(count))
    return tree.Chain(HERE, first, rest)


def arguments(values: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Argument]:
    return st.builds(tree.Argument, st.just(HERE), st.none() | names, values)


def deeper(inner: st.SearchStrategy[tree.Expression]) -> st.SearchStrategy[tree.Expression]:
    here = st.just(HERE)
    # The head of a pipe is no pipe: that would be the same pipe.
    stages = st.deferred(lambda: st.one_of(inner, st.builds(tree.Repeat, here, inner, several(stages, 1))))
    return st.one_of(
        st.builds(tree.List, here, several(inner)),
        st.builds(tree.Map, here, several(st.tuples(inner, inner))),
        st.builds(tree.Unary, here, st.sampled_from(["-", "not"]), inner),
        chains(inner),
        st.builds(tree.Conditional, here, inner, inner, inner),
        st.builds(tree.Call, here, inner, several(arguments(inner))),
        st.builds(tree.Attribute, here, inner, names),
        st.builds(tree.Index, here, inner, several(inner, 1)),
        st.builds(tree.Pipe, here, inner, several(stages, 1)),
    )


expressions: st.SearchStrategy[tree.Expression] = st.recursive(names | literals, deeper, max_leaves=12)
atoms = st.one_of(names, literals, expressions)
settings_ = st.builds(tree.Setting, st.just(HERE), names, expressions)
types = st.builds(
    tree.TypeExpression,
    st.just(HERE),
    names,
    several(st.builds(tree.List, st.just(HERE), several(expressions))),
    several(st.builds(tree.Setting, st.just(HERE), names, atoms)),
)


def statements(inside: st.SearchStrategy[tuple[Any, ...]]) -> st.SearchStrategy[tree.Statement]:
    here = st.just(HERE)
    alias = st.none() | names
    return st.one_of(
        st.builds(tree.Declaration, here, st.sampled_from(["input", "target"]), names, types),
        st.builds(tree.Binding, here, st.tuples(defined) | st.tuples(defined, names), expressions),
        st.builds(tree.SharedLayer, here, names, expressions),
        st.builds(tree.Output, here, names, st.none() | expressions),
        st.builds(tree.Loss, here, expressions, alias),
        st.builds(tree.Metric, here, expressions, alias),
        st.builds(tree.For, here, st.tuples(names) | st.tuples(names, names), expressions, inside),
        st.builds(tree.Assert, here, expressions, st.none() | expressions),
        st.builds(tree.Return, here, several(expressions, 1)),
    )


bodies = several(statements(several(statements(st.just(())))))
items = st.one_of(
    st.builds(tree.Const, st.just(HERE), names, expressions),
    st.builds(tree.Import, st.just(HERE), st.builds(tree.Literal, st.just(HERE), st.text("abc/.", min_size=1))),
    st.builds(
        tree.Block,
        st.just(HERE),
        names,
        several(st.builds(tree.Parameter, st.just(HERE), names, st.none() | expressions)),
        bodies,
    ),
    st.builds(tree.Model, st.just(HERE), names, bodies),
    st.builds(tree.Section, st.just(HERE), st.sampled_from(["data", "train"]), several(settings_)),
)
programs = st.builds(tree.Program, st.just(HERE), several(items))


def bare(node: Any) -> Any:
    """A tree as plain tuples without its spans."""
    if is_dataclass(node):
        return (type(node).__name__, *(bare(getattr(node, each.name)) for each in fields(node) if each.name != "span"))
    if isinstance(node, tuple):
        return tuple(map(bare, node))
    # 1 and true are equal in Python, not here.
    return node if isinstance(node, str) else (type(node).__name__, node)


@settings(max_examples=300, deadline=None)
@given(programs)
def test_any_tree_printed_and_parsed_is_the_same_tree(program: tree.Program) -> None:
    text = print_program(program)
    parsed, errors = parse(Source("printed.nn", text))
    assert not errors, (text, errors)
    assert bare(parsed) == bare(program), text
    assert print_program(parsed) == text


@pytest.mark.parametrize("path", sorted(Path("examples").glob("*.nn")), ids=lambda path: path.stem)
def test_examples_survive_printing(path: Path) -> None:
    program, errors = parse(read_source(path))
    assert not errors
    text = print_program(program)
    assert bare(parse(Source("printed.nn", text))[0]) == bare(program)


def test_the_canonical_form() -> None:
    text = (
        "const n = 8\n"
        'import "blocks.nn"\n'
        "\n"
        "block tower(x, units, act = relu) {\n"
        "  for i, u in units {\n"
        "    x = x -> dense(u, act)\n"
        "  }\n"
        "  return x, -x\n"
        "}\n"
        "\n"
        "model m {\n"
        "  input x: f32[2 * n]\n"
        '  target t: class["a", "b"] unknown = other\n'
        "  u, v = x -> tower([8, 4]) -> repeat 2 { relu -> (f + g) }\n"
        "  output y = (u -> dense(1)) + v\n"
        "  loss (if n > 3 then mse(y, t) else 0) * -2 ^ 2 as main\n"
        "}\n"
        "\n"
        "train { }\n"
    )
    assert print_program(parse(Source("test.nn", text))[0]) == text


def test_long_pipes_get_a_line_for_each_stage() -> None:
    stages = " -> ".join(f"dense({i}, activation = relu)" for i in range(5))
    program, _ = parse(Source("test.nn", f"model m {{\n  y = x -> {stages}\n}}\n"))
    assert print_program(program).splitlines()[1:4] == [
        "  y = x",
        "    -> dense(0, activation = relu)",
        "    -> dense(1, activation = relu)",
    ]

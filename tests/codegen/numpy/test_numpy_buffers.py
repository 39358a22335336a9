"""Buffers share memory only with buffers of their type that nobody reads any more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nndsl.codegen.numpy.buffers import Lifetime, share
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType

WIDE, NARROW = TensorType("f32", (BATCH, 64)), TensorType("f32", (BATCH, 10))


def test_a_dead_buffer_of_the_same_type_is_used_again() -> None:
    lives = [Lifetime("h", WIDE, 0, 3), Lifetime("z", NARROW, 1, 2), Lifetime("d_h", WIDE, 4, 5)]
    assert share(lives) == {"h": "h", "z": "z", "d_h": "h"}


def test_a_buffer_that_is_read_by_the_statement_that_writes_another_stays() -> None:
    assert share([Lifetime("a", WIDE, 0, 2), Lifetime("b", WIDE, 2, 3)]) == {"a": "a", "b": "b"}


lives = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.sampled_from([WIDE, NARROW])).map(
        lambda x: (min(x[:2]), max(x[:2]), x[2])
    ),
    max_size=12,
).map(lambda triples: [Lifetime(f"v{i}", t, a, b) for i, (a, b, t) in enumerate(triples)])


@given(lives)
def test_no_two_that_live_at_once_share(found: list[Lifetime]) -> None:
    owners = share(found)
    by_name = {life.name: life for life in found}
    for life in found:
        for other in found:
            if life is not other and owners[life.name] == owners[other.name]:
                assert life.type == other.type
                assert life.last < other.first or other.last < life.first
        assert owners[owners[life.name]] == owners[life.name]
        assert by_name[owners[life.name]].type == life.type

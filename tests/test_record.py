"""A record is a frozen dataclass to whoever uses it: the same instances, copies, comparisons and refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any, ClassVar

import pytest

from nndsl.record import Record


class Place(Record):
    line: int


class Mark(Place):
    kind: ClassVar[str] = "mark"
    text: str
    width: int = 1
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PlainPlace:
    line: int


@dataclass(frozen=True)
class PlainMark(PlainPlace):
    kind: ClassVar[str] = "mark"
    text: str
    width: int = 1
    notes: list[str] = field(default_factory=list)


MAKE: dict[str, Callable[[Any], Any]] = {
    "all by place": lambda made: made(3, "a", 2, ["b"]),
    "some by name": lambda made: made(3, width=2, text="a"),
    "defaults": lambda made: made(3, "a"),
    "a copy": lambda made: replace(made(3, "a"), width=5),
}


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_what_is_made_is_what_a_dataclass_holds(make: Callable[[Any], Any]) -> None:
    record, plain = make(Mark), make(PlainMark)
    assert {f.name: getattr(record, f.name) for f in fields(record)} == vars(plain)
    assert repr(record) == repr(plain).replace("Plain", "")


WRONG: dict[str, Callable[[Any], Any]] = {
    "too few": lambda made: made(3),
    "too many": lambda made: made(3, "a", 1, [], 5),
    "twice": lambda made: made(3, "a", line=4),
    "unknown": lambda made: made(3, "a", colour="red"),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_wrong_fields_are_refused(make: Callable[[Any], Any]) -> None:
    for made in (Mark, PlainMark):
        with pytest.raises(TypeError):
            make(made)


def test_records_are_compared_by_kind_and_value() -> None:
    assert Mark(3, "a") == Mark(3, "a")
    assert Mark(3, "a") != Mark(3, "b")
    assert Place(3) != PlainPlace(3)
    assert hash(Place(3)) == hash(Place(3))
    assert len({Place(3), Place(3), Place(4)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Mark(3, "a"))  # as a dataclass that holds a list


def test_records_stay_as_they_are() -> None:
    mark = Mark(3, "a")
    with pytest.raises(FrozenInstanceError):
        mark.text = "b"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del mark.text
    match mark:
        case Mark(line, text):
            assert (line, text) == (3, "a")


def test_default_lists_are_not_shared() -> None:
    Mark(3, "a").notes.append("b")
    assert Mark(3, "a").notes == []

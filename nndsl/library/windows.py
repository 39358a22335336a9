"""Windows that slide over an example's spatial axes, as convolutions and pools share them: operands, padding, misuse.

Along an axis of n elements, windows of k elements (a kernel with its gaps, if it is dilated) every s elements give

    valid   (n - k) // s + 1    where the window lies inside
    same    ceil(n / s)         with max((ceil(n / s) - 1) s + k - n, 0) elements put around, the odd one behind
    causal  ceil(n / s)         with k - 1 elements put in front, so that nothing depends on what comes after it
"""

from __future__ import annotations

from math import isqrt
from typing import Literal

from nndsl.graph.builder import Value
from nndsl.graph.sizes import Dim, is_static, show_shape
from nndsl.graph.types import Shape
from nndsl.library.arguments import Misuse
from nndsl.library.operands import number, own_shape
from nndsl.library.registry import COMPOSITES

Padding = Literal["valid", "same"]
Pairs = tuple[tuple[int, int], ...]

KINDS = {
    1: ("series", "[batch, length, channels]"),
    2: ("images", "[batch, height, width, channels]"),
    3: ("volumes", "[batch, depth, height, width, channels]"),
}


def spatial(name: str, x: Value, rank: int) -> Value:
    """`x` as numbers, with this many spatial axes and one of channels behind them."""
    own = own_shape(x)
    kind, shape = KINDS[rank]
    if not x.batched:
        raise Misuse(f"`{name}` is given {show_shape(x.shape)}", label="is not one tensor for each example")
    if len(own) != rank + 1:
        raise Misuse(
            f"`{name}` is given {show_shape(x.shape)}",
            label=f"works on {kind}, {shape}",
            help=_other_rank(name, own, rank),
        )
    return number(x)


def channels(name: str, x: Value) -> int:
    """The last axis of `x`, which must be known: it sets the size of the kernel."""
    size = x.shape[-1]
    if isinstance(size, int):
        return size
    raise Misuse(
        f"`{name}` needs to know the channels of {show_shape(x.shape)}, which set the size of its W",
        label=f"`{size}` is known only when the data are",
        help="give that axis a number where the input is declared",
    )


def window_padding(
    name: str,
    x: Value,
    window: tuple[int, ...],
    strides: tuple[int, ...],
    padding: Literal["valid", "same", "causal"],
    *,
    argument: str,
    dilation: tuple[int, ...] | None = None,
) -> Pairs:
    """How many elements are put before and behind each spatial axis of `x`, so that windows slide as `padding` says.

    `argument` is the parameter that gave the window, to be marked where it is larger than the axis.
    """
    gaps = dilation or (1,) * len(window)
    reach = tuple((k - 1) * d + 1 for k, d in zip(window, gaps, strict=True))
    sizes = own_shape(x)[:-1]
    if padding == "causal":
        return tuple((k - 1, 0) for k in reach)
    if padding == "same":
        return tuple(_same(name, x, n, k, s) for n, k, s in zip(sizes, reach, strides, strict=True))
    for n, k, size in zip(sizes, reach, window, strict=True):
        if isinstance(n, int) and k > n:
            raise _too_large(name, x, n, k, size, argument)
    return ((0, 0),) * len(window)


def _same(name: str, x: Value, n: Dim, k: int, s: int) -> tuple[int, int]:
    if s == 1:
        total = k - 1
    elif isinstance(n, int):
        total = max((-(-n // s) - 1) * s + k - n, 0)
    else:
        raise Misuse(
            f"`{name}` needs to know the sizes of {show_shape(x.shape)}: with strides, `same` pads what is left over",
            label=f"`{n}` is known only when the data are",
            argument="padding",
            help="give that axis a number where the input is declared, or take `padding = valid`",
        )
    return total // 2, total - total // 2


def _too_large(name: str, x: Value, n: int, k: int, size: int, argument: str) -> Misuse:
    what = "kernel" if argument == "kernel_size" else "pool"
    dilated = f"dilated, a {what} of {size} reaches over {k}" if k > size else f"a {what} of {size}"
    return Misuse(
        f"the {what} of `{name}` is larger than {show_shape(x.shape)}",
        label=f"{dilated}, the axis has {n}",
        argument=argument,
        help=channels_first(own_shape(x)) or f"take a smaller {what}, shrink less before it, or set `padding = same`",
    )


# ---------------------------------------------------------------- what shapes look like


def channels_first(own: Shape) -> str:
    """What to do about an example that looks as if its channels came first (`[3, 32, 32]`); nothing if it does not."""
    if not is_static(own) or len(own) not in (3, 4):
        return ""
    first, *sides = own
    if first not in (1, 3, 4) or len(set(sides)) > 1 or sides[0] in (1, 3, 4):
        return ""
    order = [*range(1, len(own)), 0]
    return (
        f"this looks like channels first; here they come last: {show_shape((*sides, first))}, "
        f"which `permute({order})` makes of it"
    )


def _other_rank(name: str, own: Shape, rank: int) -> str | None:
    """The way out for a tensor with too few or too many axes."""
    if rank == 2 and len(own) == 1 and isinstance(own[0], int) and isqrt(own[0]) ** 2 == own[0] > 1:
        side = isqrt(own[0])
        return f"if these are square images, `reshape([{side}, {side}, 1])` gives them their shape"
    ways = []
    if len(own) == rank:
        ways.append(f"if it has one channel, `reshape({show_shape((*own, 1))})` gives it that axis")
    other = f"{name[:-2]}{len(own) - 1}d"
    if other in COMPOSITES:
        kind, shape = KINDS[len(own) - 1]
        ways.append(f"`{other}` works on {kind}, {shape}")
    return "; ".join(ways) or None

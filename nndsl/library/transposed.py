"""Transposed convolutions: what undoes the shrinking of a convolution, with a kernel of its own."""

from __future__ import annotations

from nndsl import ops
from nndsl.graph.sizes import Dim, show_shape
from nndsl.library.arguments import (
    Activation,
    Amounts2,
    Constraint,
    Extents2,
    Initializer,
    Misuse,
    NonNegative,
    Size,
    Tensor,
)
from nndsl.library.building import LayerBuilder
from nndsl.library.convolution import GLOROT_UNIFORM, KERAS, ZEROS, finish
from nndsl.library.operands import own_shape
from nndsl.library.registry import composite
from nndsl.library.windows import Padding, channels, spatial


@composite(
    "layer",
    "conv2d_transpose",
    example="x: f32[2, 3, 2] => conv2d_transpose(x, 3, 3, strides = 2, padding = same)",
    follows=f"{KERAS}convolution2d_transpose/",
)
def conv2d_transpose(
    b: LayerBuilder,
    x: Tensor,
    filters: Size,
    kernel_size: Extents2,
    activation: Activation = None,
    *,
    strides: Extents2 = (1, 1),
    padding: Padding = "valid",
    output_padding: Amounts2 | None = None,
    dilation: Extents2 = (1, 1),
    bias: bool = True,
    init: Initializer = GLOROT_UNIFORM,
    bias_init: Initializer = ZEROS,
    l1: NonNegative = 0.0,
    l2: NonNegative = 0.0,
    constraint: Constraint = None,
    trainable: bool = True,
) -> Tensor:
    """The way back through a `conv2d` (its gradient): [batch, h, w, in] -> [batch, h', w', filters].

    W [kh, kw, filters, in], b [filters]. With k the kernel's reach, (kernel_size - 1) dilation + 1: `valid` gives
    (n - 1) strides + max(k, strides), `same` gives n strides. `output_padding` (less than the strides) says how much
    is added to the smallest size instead: (n - 1) strides + k for `valid`, (n - 1) strides + k % 2 for `same`.
    """
    x = spatial("conv2d_transpose", x, 2)
    count = channels("conv2d_transpose", x)
    if output_padding is not None and any(p >= s for p, s in zip(output_padding, strides, strict=True)):
        raise Misuse(
            f"`conv2d_transpose` with strides of {show_shape(strides)} is asked to add {show_shape(output_padding)}",
            label="must be less than the strides",
            argument="output_padding",
            help="it chooses among the sizes that a `conv2d` with these strides brings to the same size",
        )
    extra = output_padding or (None, None)
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True))
    sizes: list[Dim] = []
    pairs: list[tuple[int, int]] = []
    for n, k, s, more in zip(own_shape(x)[:-1], reach, strides, extra, strict=True):
        size, pair = _transposed(n, k, s, padding, more)
        sizes.append(size)
        pairs.append(pair)
    if any(isinstance(size, int) and size < 1 for size in sizes):
        raise Misuse(
            f"nothing is left of {show_shape(x.shape)} after `conv2d_transpose`: [{sizes[0]}, {sizes[1]}]",
            label="`same` cuts all of it away",
            argument="padding",
            help="leave out `output_padding` to get n · strides, or take `padding = valid`",
        )
    shape = (*kernel_size, filters, count)
    W = b.parameter("W", shape, init, trainable=trainable, l1=l1, l2=l2, constraint=constraint)
    y = ops.conv_input(x, W, shape=tuple(sizes), strides=strides, padding=tuple(pairs), dilation=dilation, groups=1)
    return finish(b, y, activation, bias, bias_init, trainable)


def _transposed(n: Dim, k: int, s: int, padding: Padding, extra: int | None) -> tuple[Dim, tuple[int, int]]:
    """The size that n elements come from, and the padding of the convolution that makes n of it, as Keras has them.

    Keras thinks of it as a convolution of the spread elements, (n - 1) s + 1 of them, with `front` and `behind` zeros.
    """
    if padding == "valid":
        front = k - 1
        behind = k - 1 + (max(k, s) - k if extra is None else extra)
    else:
        total = s + k - 2 if extra is None else k + k % 2 - 2 + extra
        front = min(total // 2 + total % 2, k - 1)
        behind = total - front
    return (n - 1) * s + 1 + front + behind - (k - 1), (k - 1 - front, max(k - 1 - behind, 0))

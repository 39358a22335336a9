"""`einsum`: products summed over the axes that an equation leaves out, as matrix products.

Operands are contracted two at a time. With letters put in groups, each contraction is one matrix product:

    shared and kept     s   both have it, and it is still needed
    shared, summed      k   both have it, nobody else does
    of one alone        m, n

    [s…, m…, k…] and [s…, k…, n…]  ->  [s…, m…, n…]
"""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_letters

from nndsl import ops
from nndsl.graph.builder import Value
from nndsl.graph.sizes import Dim, product, show_shape
from nndsl.library.arguments import Axis, Misuse, Tensor
from nndsl.library.operands import at_least_one, lead, numbers, own_axis, own_shape, vector
from nndsl.library.registry import composite

BATCH_LETTER = "*"
"""Stands for the batch axis, which no equation names."""


@composite(
    "function",
    "einsum",
    example='x: f32[3, 4], y: f32[4, 2] => einsum("ij,jk->ik", x, y)',
    follows="https://numpy.org/doc/stable/reference/generated/numpy.einsum.html",
)
def einsum(equation: str, *xs: Tensor) -> Tensor:
    """Einstein's sum over an example's axes: `einsum("ij,jk->ik", a, b)` is a @ b; [..., i, j], [..., j, k].

    Each letter is an axis; what the result doesn't name is summed over. Without `->` the result has the letters that
    occur once, in the order of the alphabet.
    """
    at_least_one("einsum", xs)
    inputs, output = _letters(equation, xs)
    values = numbers(*xs)
    if any(x.batched for x in values):
        inputs = [f"{BATCH_LETTER}{own}" if x.batched else own for own, x in zip(inputs, values, strict=True)]
        output = f"{BATCH_LETTER}{output}"
    result, letters = values[0], inputs[0]
    for i in range(1, len(values)):
        needed = set(output).union(*inputs[i + 1 :])
        result, letters = _contract(result, letters, values[i], inputs[i], needed)
    result, letters = _sum_out(result, letters, set(output))
    return _arrange(result, letters, output)


@composite(
    "layer",
    "dot",
    example="x: f32[3, 4], y: f32[2, 4] => dot(x, y)",
    follows="https://keras.io/api/layers/merging_layers/dot/",
)
def dot(a: Tensor, b_: Tensor, axes: Axis = (-1,), *, normalize: bool = False) -> Tensor:
    """Products of two tensors summed over an axis of each: [batch, n, d], [batch, m, d] -> [batch, n, m].

    `axes` is an axis of one example, or a list of one for each of the two. Of two vectors it is [batch, 1]. With
    `normalize` each is divided by its length along the axis first, which makes it the cosine of their angle.
    """
    a, b_ = map(vector, numbers(a, b_))
    if axes is None or len(axes) not in (1, 2):
        raise Misuse(f"`dot` is given {len(axes or ())} axes", label="takes one, or a list of two", argument="axes")
    i, j = (own_axis("dot", x, axis) - lead(x) for x, axis in ((a, axes[0]), (b_, axes[-1])))
    if own_shape(a)[i] != own_shape(b_)[j]:
        raise Misuse(
            f"`dot` multiplies {show_shape(a.shape)} with {show_shape(b_.shape)}",
            label=f"an axis of {own_shape(a)[i]} meets one of {own_shape(b_)[j]}",
        )
    if normalize:
        a, b_ = _of_length_one(a, i), _of_length_one(b_, j)
    rank = len(own_shape(a))
    of_a = ascii_letters[:rank]
    of_b = ascii_letters[rank : rank + len(own_shape(b_))]
    kept = of_a.replace(of_a[i], "") + of_b.replace(of_b[j], "")
    return vector(einsum(f"{of_a},{of_b.replace(of_b[j], of_a[i])}->{kept}", a, b_))


def _of_length_one(x: Value, axis: int) -> Value:
    """x divided by its length along an axis of an example; lengths below 1e-6 count as 1e-6, as Keras has it."""
    squares = ops.reduce_sum(x * x, axes=(axis + lead(x),), keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, x.builder.constant(1e-12, x.dtype)))


def _contract(a: Value, of_a: str, b: Value, of_b: str, needed: set[str]) -> tuple[Value, str]:
    """The product of two operands, summed over the letters that nothing else needs."""
    a, of_a = _sum_out(a, of_a, needed | set(of_b))
    b, of_b = _sum_out(b, of_b, needed | set(of_a))
    kept = "".join(c for c in of_a if c in of_b and c in needed)
    summed = "".join(c for c in of_a if c in of_b and c not in needed)
    alone_a = "".join(c for c in of_a if c not in of_b)
    alone_b = "".join(c for c in of_b if c not in of_a)
    a = _arrange(a, of_a, kept + alone_a + summed)
    b = _arrange(b, of_b, kept + summed + alone_b)
    stack = a.shape[: len(kept)]
    rows = a.shape[len(kept) : len(kept + alone_a)]
    columns = b.shape[len(kept + summed) :]
    if summed:
        inner = product(a.shape[len(kept + alone_a) :])
        y = ops.matmul(_reshape(a, (*stack, product(rows), inner)), _reshape(b, (*stack, inner, product(columns))))
    else:
        y = _reshape(a, (*stack, *rows, *(1 for _ in columns))) * _reshape(b, (*stack, *(1 for _ in rows), *columns))
    return _reshape(y, (*stack, *rows, *columns)), kept + alone_a + alone_b


def _sum_out(x: Value, letters: str, needed: set[str]) -> tuple[Value, str]:
    axes = tuple(axis for axis, letter in enumerate(letters) if letter not in needed)
    kept = "".join(letter for letter in letters if letter in needed)
    return (ops.reduce_sum(x, axes=axes, keepdims=False), kept) if axes else (x, letters)


def _arrange(x: Value, letters: str, order: str) -> Value:
    return x if letters == order else ops.transpose(x, axes=tuple(letters.index(letter) for letter in order))


def _reshape(x: Value, shape: Iterable[Dim]) -> Value:
    wanted = tuple(shape)
    return x if x.shape == wanted else ops.reshape(x, shape=wanted)


def _letters(equation: str, xs: tuple[Value, ...]) -> tuple[list[str], str]:
    """The letters of each operand and of the result; refuses what does not fit the operands."""
    plain = equation.replace(" ", "")
    left, arrow, output = plain.partition("->")
    inputs = left.split(",")
    if not arrow:
        output = "".join(sorted(letter for letter in set(left) - {","} if left.count(letter) == 1))

    def wrong(label: str) -> Misuse:
        shapes = ", ".join(show_shape(x.shape) for x in xs)
        return Misuse(f'`einsum` cannot read "{equation}" for {shapes}', label=label, argument="equation")

    if any(not ((letters.isascii() and letters.isalpha()) or letters == "") for letters in (*inputs, output)):
        raise wrong('axes are letters, operands are separated by commas: "ij,jk->ik"')
    if len(inputs) != len(xs):
        raise wrong(f"it names {len(inputs)} operands and is given {len(xs)}")
    sizes: dict[str, Dim] = {}
    for letters, x in zip(inputs, xs, strict=True):
        shape = own_shape(x)
        if len(letters) != len(shape):
            raise wrong(
                f'"{letters}" has {len(letters)} letters, an example of {show_shape(x.shape)} {len(shape)} axes'
            )
        if len(set(letters)) < len(letters):
            raise wrong(f'"{letters}" names an axis twice')
        for letter, size in zip(letters, shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise wrong(f"`{letter}` is {sizes[letter]} in one operand and {size} in another")
    if not set(output) <= set(sizes) or len(set(output)) < len(output):
        raise wrong(f'the result "{output}" must name axes of the operands, each once')
    return inputs, output

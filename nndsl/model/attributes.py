"""What stands behind a dot: `x.shape`, `digit.classes`, and a layer's parameters, `hidden.W`."""

from __future__ import annotations

from collections.abc import Sequence

from nndsl.errors.names import ForeignName, UnknownAttribute, UnknownName
from nndsl.errors.shapes import UnusedSharedLayer
from nndsl.errors.static import NeedsData
from nndsl.errors.suggest import INSTEAD, MODULES, closest
from nndsl.graph.sizes import BATCH
from nndsl.graph.types import TensorType
from nndsl.library.registry import FOREIGN
from nndsl.model.network import Input, LayerState
from nndsl.model.operators import Operators
from nndsl.model.scope import Entry, Place
from nndsl.model.values import POISON, Found, Shared, Value, describe, is_tensor
from nndsl.source import Span
from nndsl.syntax import tree


class Attributes(Operators):
    """Evaluates attributes."""

    def attribute(self, expression: tree.Attribute, place: Place) -> Value:
        """`x.shape`, `digit.classes`, or a layer's parameter: `hidden.W`, `h.dense_1.W`."""
        parts = [expression.name]
        root = expression.object
        while isinstance(root, tree.Attribute):
            parts.insert(0, root.name)
            root = root.object
        entry = place.environment.names.get(root.text) if isinstance(root, tree.Name) else None
        if len(parts) > 1 or entry is not None:
            if len(parts) == 1 and parts[0].text in ("shape", "classes"):
                return self.property(self.evaluate(root, place.inner()), parts[0])
            if entry is not None and entry.value is not POISON:
                return self.parameter(entry, root.span.text, parts, expression.span)
        if entry is None and isinstance(root, tree.Name) and root.text in MODULES:
            self.foreign(root, parts[-1], expression.span, place)
        value = self.evaluate(expression.object, place.inner())
        return POISON if value is POISON else self.property(value, expression.name)

    def foreign(self, module: tree.Name, name: tree.Name, span: Span, place: Place) -> None:
        """Raise `Found` for `nn.Linear` and the like, unless the program calls something else so."""
        own = {*place.environment.sizes, *place.environment.later}
        if module.text in own or self.global_value(module.text, place.environment) is not None:
            return
        if name.text in FOREIGN:
            raise Found(ForeignName(span, span.text, FOREIGN[name.text]))
        hint = INSTEAD.get(name.text.lower(), "there are no modules: `nndsl help` lists all words")
        raise Found(UnknownName(span, None, "value or layer", span.text, place.environment.words, hint))

    def property(self, value: Value, name: tree.Name) -> Value:
        if value is POISON:
            return POISON
        if is_tensor(value) and name.text == "shape":
            return tuple(dim for dim in value.type.shape if dim != BATCH)
        if isinstance(value, Input) and name.text == "classes" and value.declared.kind == "class":
            if value.declared.classes is None:
                what, detail = f"the number of classes of `{value.declared.name}`", "asked for here"
                raise Found(NeedsData(name.span, what, detail, "write it where the target is declared: class[10]"))
            return value.declared.classes.indices
        known = ["shape"] if is_tensor(value) else []
        known += ["classes"] if isinstance(value, Input) and value.declared.kind == "class" else []
        shown = " and ".join(f"`.{k}`" for k in known)
        raise Found(UnknownAttribute(name.span, closest(name.text, known), describe(value), name.text, shown))

    def parameter(self, entry: Entry, owner: str, parts: Sequence[tree.Name], span: Span) -> LayerState:
        """A parameter of the layers that a binding made."""
        full = ".".join([entry.path, *(part.text for part in parts)])
        state = self.work.states.get(full) if entry.path else None
        if state is not None:
            return LayerState(full, TensorType("f32", state.shape), span)
        prefix = f"{entry.path}."
        known = [name.removeprefix(prefix) for name in self.work.states if entry.path and name.startswith(prefix)]
        if isinstance(entry.value, Shared) and not known:
            raise Found(UnusedSharedLayer(span, owner))
        where = parts[0].span.to(parts[-1].span)
        name = ".".join(part.text for part in parts)
        listed = ", ".join(f"`.{k}`" for k in known) or ("`.shape`" if is_tensor(entry.value) else "")
        raise Found(UnknownAttribute(where, closest(name, [*known, "shape"]), f"`{owner}`", name, listed))

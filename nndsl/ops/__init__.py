"""The primitive operators, by family; importing this package fills the registry `PRIMITIVES`."""

from nndsl.ops import elementwise as elementwise

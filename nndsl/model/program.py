"""A program with the files it imports: reading, parsing, and which consts and blocks each file sees."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nndsl.diagnostics import Diagnostic, Diagnostics, Failure
from nndsl.errors.names import DefinedTwice
from nndsl.errors.programs import (
    ImportCycle,
    ImportOutside,
    NoModel,
    NotAPath,
    SectionTwice,
    SeveralModels,
    UnknownModel,
)
from nndsl.errors.static import TooDeep
from nndsl.errors.suggest import closest
from nndsl.source import Source, Span
from nndsl.syntax import tree
from nndsl.syntax.parse import parse
from nndsl.syntax.read import read_source

DEEPEST_IMPORT = 64


@dataclass(eq=False)
class Global:
    """A const or block, and the file whose names its body sees."""

    tree: tree.Const | tree.Block
    file: File
    used: bool = False
    ambiguous: bool = False
    """Whether something else has its name too, which is an error."""


@dataclass(eq=False)
class File:
    """A parsed file. `names` are the consts and blocks it sees: its own and those of its imports.

    `folder` is where the imports in it start.
    """

    tree: tree.Program
    folder: Path
    names: dict[str, Global] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """A program as it was read, with every error of syntax and imports; checking reports them with its own."""

    main: File
    source: Source
    folder: str
    """Where relative paths of data start."""
    imported: Mapping[Path, File]
    root: Path
    diagnostics: tuple[Diagnostic, ...]

    @property
    def name(self) -> str:
        """The name of the main file, without its folder."""
        return os.path.basename(self.source.name)

    def raise_errors(self) -> None:
        if self.diagnostics:
            raise Failure(*self.diagnostics)

    @property
    def models(self) -> tuple[tree.Model, ...]:
        return tuple(item for item in self.main.tree.items if isinstance(item, tree.Model))

    def section(self, kind: str) -> tree.Section | None:
        """The `data` or `train` section, if there is one."""
        sections = (item for item in self.main.tree.items if isinstance(item, tree.Section))
        return next((section for section in sections if section.kind == kind), None)

    def model(self, name: str | None = None) -> tree.Model:
        """The model of that name, or the only one; raises `Failure` where that is none or several."""
        names = [model.name.text for model in self.models]
        if name is not None:
            if name not in names:
                known = ", ".join(names) or "none"
                raise Failure(*self.diagnostics, UnknownModel(None, closest(name, names), name, known))
            return self.models[names.index(name)]
        if not names:
            raise Failure(*(self.diagnostics or (NoModel(None, self.source.name),)))
        if len(names) > 1:
            where = self.models[1].name.span
            raise Failure(*self.diagnostics, SeveralModels(where, ", ".join(names), names[0]))
        return self.models[0]


def load_program(
    program: str | os.PathLike[str] | Source,
    *,
    root: str | os.PathLike[str] | None = None,
    data_folder: str | os.PathLike[str] | None = None,
) -> Loaded:
    """Read and parse a program and what it imports. A `Source` is taken as it is, its imports start where one is now.

    Imports must lie in `root` (the main file's folder); paths of data start in `data_folder` (the same).
    Raises `Failure` if the main file cannot be read; all other errors are in the result.
    """
    if isinstance(program, Source):
        source, path = program, None
    else:
        path = Path(program)
        source = read_source(program)
    folder = (path.parent if path else Path()).absolute()
    loader = _Loader(Path(root or folder).resolve())
    return loader.load(source, folder, path, str(Path(data_folder or folder).absolute()))


class _Loader:
    """Loads files once each; what is being loaded is on the stack."""

    def __init__(self, root: Path):
        self.root = root
        self.found = Diagnostics()
        self.files: dict[Path, File] = {}
        self.stack: list[tuple[Path, str]] = []

    def load(self, source: Source, folder: Path, path: Path | None, data_folder: str) -> Loaded:
        if path:
            self.stack.append((path.resolve(), path.name))
        main = self._file(source, folder)
        for kind in ("data", "train"):
            self._once(main, kind)
        self._models(main)
        return Loaded(main, source, data_folder, self.files, self.root, self.found.errors)

    def _file(self, source: Source, folder: Path) -> File:
        program, errors = parse(source)
        self.found.extend(errors)
        file = File(program, folder)
        for item in program.items:
            match item:
                case tree.Const() | tree.Block():
                    self._name(file, item.name.text, Global(item, file), item.name.span)
                case tree.Import():
                    imported = self._import(item, source, folder)
                    for name, entry in imported.names.items() if imported else ():
                        self._name(file, name, entry, item.path.span)
                case _:
                    pass
        return file

    def _name(self, file: File, name: str, entry: Global, span: Span) -> None:
        first = file.names.setdefault(name, entry)
        if first.tree is not entry.tree:
            first.ambiguous = True
            self.found.report(DefinedTwice(span, name, first.tree.name.span))

    def _import(self, item: tree.Import, source: Source, folder: Path) -> File | None:
        """The imported file, or None after an error."""
        written, span = str(item.path.value), item.path.span
        shown = os.path.join(os.path.dirname(source.name), written)
        try:
            path = (folder / written).resolve()
            if not path.is_relative_to(self.root):
                self.found.report(ImportOutside(span, written, self.root.name or str(self.root)))
                return None
            if path in self.files:
                return self.files[path]
            names = [name for _, name in self.stack]
            for depth, (open_path, _) in enumerate(self.stack):
                if open_path == path:
                    cycle = " imports ".join([*names[depth:], path.name])
                    self.found.report(ImportCycle(span, written, cycle))
                    return None
            if len(self.stack) > DEEPEST_IMPORT:
                self.found.report(TooDeep(span))
                return None
            text = read_source(path, shown)
        except Failure as failure:
            self.found.extend(replace(diagnostic, span=span) for diagnostic in failure.diagnostics)
            return None
        except (OSError, ValueError, RuntimeError):
            self.found.report(NotAPath(span))
            return None
        self.stack.append((path, path.name))
        self.files[path] = self._file(text, path.parent)
        self.stack.pop()
        return self.files[path]

    def _once(self, main: File, kind: str) -> None:
        sections = [item for item in main.tree.items if isinstance(item, tree.Section) and item.kind == kind]
        for section in sections[1:]:
            self.found.report(SectionTwice(_keyword(section), kind, _keyword(sections[0])))

    def _models(self, main: File) -> None:
        models: dict[str, tree.Model] = {}
        for item in main.tree.items:
            if isinstance(item, tree.Model):
                first = models.setdefault(item.name.text, item)
                if first is not item:
                    self.found.report(DefinedTwice(item.name.span, item.name.text, first.name.span))


def _keyword(section: tree.Section) -> Span:
    return Span(section.span.source, section.span.start, section.span.start + len(section.kind))

"""The project's source files and what they import, read with ``ast``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("hub", "plugins", "exporters")


@dataclass(frozen=True)
class Import:
    """One imported module.

    Args:
        module: absolute dotted name; for ``from a import b`` it is ``a.b``.
        line: in the file.
        at_import: runs when the file is imported (not in a function, not for type checkers only).
    """

    module: str
    line: int
    at_import: bool


def source_files(root: Path = ROOT, folders: tuple[str, ...] = FOLDERS) -> list[Path]:
    """Return the Python files of the program, without tests and build folders."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).parts
            if not {"tests", "build", "dist", ".venv"} & set(parts):
                found.append(path)
    return found


def imports_of(path: Path, package: str) -> list[Import]:
    """Return what a file imports.

    Args:
        path: the file.
        package: dotted package the file is in, for relative imports.
    """
    return list(_walk(ast.parse(path.read_text("utf-8")), package, at_import=True))


def _walk(node: ast.AST, package: str, *, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, at_import)
        elif isinstance(child, ast.ImportFrom):
            base = child.module or ""
            if child.level:
                above = package.split(".")[: len(package.split(".")) - child.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in child.names:
                yield Import(f"{base}.{alias.name}", child.lineno, at_import)
        elif isinstance(child, ast.Call):
            name = child.func.attr if isinstance(child.func, ast.Attribute) else getattr(child.func, "id", "")
            constant = child.args[0] if child.args else None
            if name == "import_module" and isinstance(constant, ast.Constant):
                yield Import(str(constant.value), child.lineno, at_import)
            yield from _walk(child, package, at_import=at_import)
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or _is_for_type_checkers(child):
            yield from _walk(child, package, at_import=False)
        else:
            yield from _walk(child, package, at_import=at_import)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def functions_of(path: Path) -> list[tuple[str, int, int]]:
    """Return name, first line and length in lines of every function of a file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append((node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1))
    return found

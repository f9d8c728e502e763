"""Files and functions stay small: more is a sign that a room is missing."""

from __future__ import annotations

from pathlib import Path

from tests.support.sources import ROOT, functions_of, source_files

FILE_LINES = 400
FUNCTION_LINES = 60


def too_long(paths: list[Path]) -> list[str]:
    found = []
    for path in paths:
        lines = len(path.read_text("utf-8").splitlines())
        if lines > FILE_LINES:
            found.append(f"{path.name}: {lines} lines")
        for name, line, length in functions_of(path):
            if length > FUNCTION_LINES:
                found.append(f"{path.name}:{line}: {name} has {length} lines")
    return found


def test_files_and_functions_are_small() -> None:
    paths = source_files(ROOT, ("hub", "plugins", "exporters", "tools"))
    assert len(paths) > 40

    assert too_long(paths) == []


def test_planted_giants_are_caught(tmp_path: Path) -> None:
    long_file, long_function = tmp_path / "a.py", tmp_path / "b.py"
    long_file.write_text("x = 1\n" * 401, "utf-8")
    long_function.write_text("class C:\n    def f(self):\n" + "        x = 1\n" * 60, "utf-8")

    assert too_long([long_file, long_function]) == ["a.py: 401 lines", "b.py:2: f has 61 lines"]


def test_the_limit_itself_passes(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("def f():\n" + "    x = 1\n" * 59 + "x = 1\n" * 340, "utf-8")

    assert too_long([path]) == []

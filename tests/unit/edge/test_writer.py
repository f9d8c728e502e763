from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import BundleError, UsageError
from hub.edge import Bundle, writer
from hub.edge.folder import MANIFEST, aside, locate, read_manifest
from hub.edge.schema import Manifest


def named(manifest: Manifest, name: str) -> Manifest:
    return dataclasses.replace(manifest, name=name)


def replace(source: Path, target: Path, name: str) -> None:
    """Write a copy of ``source`` over ``target``, with another name in its manifest."""
    with writer.staged(target) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        writer.seal(folder, named(read_manifest(source), name))


def test_a_new_bundle_appears_whole(sealed: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "new"
    with writer.staged(target) as folder:
        assert folder.parent == target.parent
        shutil.copytree(sealed, folder, dirs_exist_ok=True)
        assert not target.exists()
    assert Bundle.open(target).warnings == ()
    assert [path.name for path in target.parent.iterdir()] == ["new"]


def test_an_old_bundle_is_replaced_and_gone(tiny: Path, sealed: Path) -> None:
    replace(sealed, tiny, "second")
    assert read_manifest(tiny).name == "second"
    assert [path.name for path in tiny.parent.iterdir()] == [tiny.name]


def test_an_error_leaves_the_old_bundle_and_no_rest(tiny: Path) -> None:
    before = sorted((path, path.read_bytes()) for path in tiny.rglob("*") if path.is_file())
    with pytest.raises(ZeroDivisionError), writer.staged(tiny) as folder:
        (folder / "config.json").write_text("{}", encoding="utf-8")
        raise ZeroDivisionError
    assert sorted((path, path.read_bytes()) for path in tiny.rglob("*") if path.is_file()) == before
    assert [path.name for path in tiny.parent.iterdir()] == [tiny.name]


def test_permissions_are_those_of_any_new_folder(sealed: Path, tmp_path: Path) -> None:
    replace(sealed, tmp_path / "new", "x")
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs."""


class Killer:
    """Counts the steps that change the disk and ends the process, as far as the writer can see, at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.at, self.count, self.dead = at, 0, False
        self.unlink = Path.unlink
        monkeypatch.setattr(Path, "rename", self.step(Path.rename))
        monkeypatch.setattr(Path, "unlink", self.step(Path.unlink))
        monkeypatch.setattr(shutil, "rmtree", self.step(self.remove_in_halves(shutil.rmtree)))

    def step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.die()
            result = function(*args, **kwargs)
            self.die()
            return result

        return stepped

    def remove_in_halves(self, rmtree: Callable[..., Any]) -> Callable[..., Any]:
        def removed(folder: Path, **kwargs: Any) -> None:
            if not folder.exists():
                return
            for path in [path for path in folder.rglob("*") if path.is_file()][::2]:
                self.unlink(path)
            self.die()
            rmtree(folder, **kwargs)

        return removed

    def die(self) -> None:
        self.count += 1
        if self.dead or self.count == self.at:
            self.dead = True
            raise Killed


def survives(sealed: Path, target: Path, at: int) -> bool:
    """Kill a replacement at step ``at``; check what is left; return whether it was killed at all."""
    before = read_manifest(locate(target)).name
    with pytest.MonkeyPatch.context() as monkeypatch:
        killer = Killer(monkeypatch, at)
        try:
            replace(sealed, target, "new")
        except Killed:
            assert killer.dead
    found = Bundle.open(target)
    assert found.manifest.name in (before, "new")
    assert found.predict(["cat"])[0].label == "animal"
    if not killer.dead:
        assert found.manifest.name == "new"
    replace(sealed, target, "newer")
    assert read_manifest(target).name == "newer"
    assert not aside(target).exists()
    return killer.dead


def test_a_replacement_killed_at_any_step_leaves_a_whole_bundle(sealed: Path, tmp_path: Path) -> None:
    at, names = 0, set()
    while True:
        at += 1
        target = tmp_path / str(at) / "tiny"
        shutil.copytree(sealed, target)
        if not survives(sealed, target, at):
            break
        names.add(at)
    assert len(names) >= 8


def test_killed_twice_in_a_row_it_still_recovers(sealed: Path, tmp_path: Path) -> None:
    for first in range(1, 9):
        target = tmp_path / str(first) / "tiny"
        shutil.copytree(sealed, target)
        with pytest.MonkeyPatch.context() as monkeypatch:
            Killer(monkeypatch, first)
            with pytest.raises(Killed):
                replace(sealed, target, "new")
        for second in (2, 4, 6):
            assert survives(sealed, target, second)


def test_between_the_renames_the_old_bundle_is_found(tiny: Path) -> None:
    tiny.rename(aside(tiny))
    assert locate(tiny) == aside(tiny)


def test_what_is_left_of_a_removed_old_bundle_is_never_opened(tiny: Path) -> None:
    tiny.rename(aside(tiny))
    (aside(tiny) / MANIFEST).unlink()
    with pytest.raises(BundleError) as caught:
        locate(tiny)
    assert caught.value.code == "HUB-E001"


def test_a_failed_second_rename_brings_the_old_bundle_back(
    tiny: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.suffix == ".new":
            raise OSError("disk full")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="disk full"):
        replace(sealed, tiny, "new")
    assert read_manifest(tiny).name == "tiny"
    assert [path.name for path in tiny.parent.iterdir()] == [tiny.name]


@pytest.mark.parametrize("name", ["tiny", "run [1]*"])
def test_rests_of_a_killed_writer_go_after_a_day(sealed: Path, tmp_path: Path, name: str) -> None:
    old, young = tmp_path / f".{name}.aaaa.new", tmp_path / f".{name}.bbbb.new"
    other = tmp_path / ".other.aaaa.new"
    for folder in (old, young, other):
        folder.mkdir()
    long_ago = old.stat().st_mtime - 2 * writer.STALE_SECONDS
    for folder in (old, other):
        os.utime(folder, (long_ago, long_ago))
    replace(sealed, tmp_path / name, "second")
    assert not old.exists()
    assert young.exists()
    assert other.exists()


@pytest.mark.parametrize("content", ["notes.txt", "onnx/model.onnx", "deep/er/file"])
def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path: Path, content: str) -> None:
    target = tmp_path / "home"
    (target / content).parent.mkdir(parents=True)
    (target / content).write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError) as caught, writer.staged(target):
        raise AssertionError("the block must not run")
    assert caught.value.code == "HUB-E014"
    assert (target / content).read_text(encoding="utf-8") == "mine"


def test_a_bundle_with_a_file_of_the_user_is_not_replaced(tiny: Path) -> None:
    (tiny / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"notes\.txt"):
        writer.check_target(tiny)


def test_a_damaged_manifest_is_not_replaced(tiny: Path) -> None:
    (tiny / MANIFEST).write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        writer.check_target(tiny)


def test_a_file_or_a_link_is_not_replaced(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "link").symlink_to(tiny)
    for name in ("file", "link"):
        with pytest.raises(UsageError):
            writer.check_target(tmp_path / name)


def test_absent_empty_and_published_targets_are_fine(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tiny / ".gitattributes").write_text("x", encoding="utf-8")
    (tiny / ".cache" / "huggingface").mkdir(parents=True)
    (tiny / ".cache" / "huggingface" / "x.lock").write_text("", encoding="utf-8")
    for target in (tmp_path / "empty", tmp_path / "absent", tiny):
        writer.check_target(target)


def test_an_empty_target_is_replaced(sealed: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    replace(sealed, tmp_path / "empty", "second")
    assert read_manifest(tmp_path / "empty").name == "second"


def test_sealing_again_gives_the_same_bytes(tiny: Path) -> None:
    first = (tiny / MANIFEST).read_bytes()
    sealed = writer.seal(tiny, read_manifest(tiny))
    assert (tiny / MANIFEST).read_bytes() == first
    assert read_manifest(tiny) == sealed


def test_fetch_bytes_count_bundle_json_and_external_data(tiny: Path) -> None:
    before = read_manifest(tiny)
    (tiny / "onnx/model.onnx_data").write_bytes(b"x" * 1_000_000)
    (tiny / "onnx/model_extra.txt").write_bytes(b"y" * 1000)
    after = writer.seal(tiny, before)
    bigger = {name: after.variants[name].fetch_bytes - before.variants[name].fetch_bytes for name in ("fp32", "int8")}
    manifest_growth = bigger["int8"] - 1000
    assert bigger["fp32"] == 1_000_000 + 1000 + manifest_growth
    assert 0 < manifest_growth < 500


def test_a_link_is_not_sealed(tiny: Path) -> None:
    (tiny / "extra").symlink_to(tiny / "config.json")
    with pytest.raises(BundleError, match="extra is a link"):
        writer.seal(tiny, read_manifest(tiny))


def test_a_manifest_that_could_not_be_read_back_is_not_written(tiny: Path) -> None:
    before = (tiny / MANIFEST).read_bytes()
    (tiny / "onnx/model_quantized.onnx").unlink()
    with pytest.raises(BundleError, match="has no hash"):
        writer.seal(tiny, read_manifest(tiny))
    assert (tiny / MANIFEST).read_bytes() == before

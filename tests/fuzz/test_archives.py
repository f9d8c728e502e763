from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.contract.errors import BundleError
from hub.edge import Bundle, writer
from hub.edge.archive import MAX_RATIO, SMALL_BYTES, UNUSED_SECONDS
from hub.edge.folder import locate, read_manifest
from hub.edge.verify import verify
from tests.fuzz import attack, mutations, zips
from tests.support.tiny_bundle import INT8, TEXTS

EVIL = st.text(alphabet=st.sampled_from("ab./\\:\0 é\n"), min_size=1, max_size=12)


def refused(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        Bundle.open(path)
    assert caught.value.why
    return caught.value.code


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("prefix", ["", "my bundle/"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zipped_bundle_answers_as_its_folder_does(
    sealed: Path, tmp_path: Path, cache: Path, prefix: str, method: int
) -> None:
    path = zips.zipped(sealed, tmp_path / "x.zip", prefix, method)
    bundle = Bundle.open(path)
    assert bundle.warnings == ()
    assert bundle.folder.parent == cache
    assert (bundle.probabilities(TEXTS) == Bundle.open(sealed).probabilities(TEXTS)).all()
    assert all(check.ok for check in verify(path))


def test_it_is_unpacked_once_and_again_when_the_cache_was_changed(archive: Path, cache: Path) -> None:
    folder = locate(archive)
    first = (folder / INT8).stat().st_mtime_ns
    assert locate(archive) == folder
    assert (folder / INT8).stat().st_mtime_ns == first
    (folder / INT8).write_bytes(b"changed")
    assert Bundle.open(archive).warnings == ()
    (folder / "tokenizer.json").unlink()
    assert Bundle.open(archive).warnings == ()
    (folder / "bundle.json").write_text("{}", "utf-8")
    assert Bundle.open(archive).warnings == ()
    assert [path.name for path in cache.iterdir()] == [folder.name]


def test_only_listed_files_are_unpacked(archive: Path, tmp_path: Path, cache: Path) -> None:
    path = zips.with_entry(archive, tmp_path / "x.zip", "onnx/payload.py", b"raise SystemExit")
    folder = Bundle.open(path).folder
    assert everything_below(folder) == everything_below(Bundle.open(archive).folder)
    assert not list(cache.rglob("payload*"))


def test_the_signature_comes_along(archive: Path, tmp_path: Path, cache: Path) -> None:
    path = zips.with_entry(archive, tmp_path / "x.zip", "bundle.json.sig", b"{}")
    assert (Bundle.open(path).folder / "bundle.json.sig").read_bytes() == b"{}"
    writer.check_target(Bundle.open(path).folder)  # a signed bundle may be replaced


def test_variants_that_were_not_packed_may_be_absent(archive: Path, tmp_path: Path, cache: Path) -> None:
    path = zips.without(archive, tmp_path / "x.zip", ["onnx/model.onnx", "report.html"])
    assert Bundle.open(path).predict(["cat"])[0].label == "animal"
    assert Bundle.open(path).variant == "int8"
    with pytest.raises(BundleError, match="is missing"):
        Bundle.open(path, variant="fp32")


def test_a_changed_card_warns_as_in_a_folder(archive: Path, tmp_path: Path, cache: Path) -> None:
    path = zips.without(archive, tmp_path / "x.zip", ["README.md"])
    zips.with_entry(path, tmp_path / "y.zip", "README.md", b"my own")
    for _ in range(2):
        assert "README.md" in Bundle.open(tmp_path / "y.zip").warnings[0]


@pytest.mark.parametrize(
    "name",
    ["../evil", "../../../../tmp/evil", "/etc/evil", "a/../../evil", "..\\evil", "C:/evil", "a//b", "onnx/./x", "a\0b"],
)
def test_a_path_that_leaves_the_bundle_is_refused(archive: Path, tmp_path: Path, cache: Path, name: str) -> None:
    before = everything_below(tmp_path)
    path = zips.with_entry(archive, tmp_path / "x.zip", name)
    assert refused(path) == "HUB-E003"
    assert everything_below(tmp_path) - before == {"x.zip"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=EVIL)
def test_any_name_is_refused_or_harmless(archive: Path, tmp_path: Path, cache: Path, name: str) -> None:
    path = zips.with_entry(archive, tmp_path / "x.zip", name)
    try:
        folder = Bundle.open(path).folder
    except BundleError as error:
        assert error.code in ("HUB-E003", "HUB-E019")
    else:
        assert folder.parent == cache
        assert everything_below(folder) == everything_below(locate(archive))
    assert everything_below(tmp_path) - {"x.zip"} <= {"home"} | {
        f"home/{path}" for path in everything_below(tmp_path / "home")
    }


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(archive: Path, tmp_path: Path, cache: Path, kind: int) -> None:
    path = zips.without(archive, tmp_path / "w.zip", ["tokenizer.json"])
    path = zips.with_entry(path, tmp_path / "x.zip", "tokenizer.json", b"/etc/passwd", kind | 0o777)
    assert refused(path) == "HUB-E003"


@pytest.mark.parametrize("name", ["tokenizer.json", "TOKENIZER.json", "Onnx/model.onnx", "README.MD"])
def test_names_that_stand_twice_are_refused(archive: Path, tmp_path: Path, cache: Path, name: str) -> None:
    assert refused(zips.with_entry(archive, tmp_path / "x.zip", name)) == "HUB-E019"


def test_names_that_one_system_takes_for_the_same_are_refused(archive: Path, tmp_path: Path, cache: Path) -> None:
    path = zips.with_entry(archive, tmp_path / "x.zip", "caf\u00e9")
    assert refused(zips.with_entry(path, tmp_path / "y.zip", "cafe\u0301")) == "HUB-E019"


def test_an_encrypted_archive_is_refused(archive: Path, tmp_path: Path, cache: Path) -> None:
    assert refused(zips.encrypted(archive, tmp_path / "x.zip")) == "HUB-E019"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(sealed: Path, tmp_path: Path, cache: Path, method: int) -> None:
    assert refused(zips.zipped(sealed, tmp_path / "x.zip", method=method)) == "HUB-E019"


@pytest.mark.parametrize("names", [["bundle.json"], []])
def test_an_archive_without_a_bundle_is_none(
    archive: Path, sealed: Path, tmp_path: Path, cache: Path, names: list[str]
) -> None:
    path = zips.without(archive, tmp_path / "x.zip", names or [info.name for info in sealed.rglob("*")])
    if not names:
        zipfile.ZipFile(path, "w").close()
    assert refused(path) == "HUB-E001"
    assert not cache.exists()


def test_two_bundles_in_one_archive_are_none(sealed: Path, tmp_path: Path, cache: Path) -> None:
    path = zips.zipped(sealed, tmp_path / "x.zip", "a/")
    assert refused(zips.with_entry(path, tmp_path / "y.zip", "b/bundle.json", b"{}")) == "HUB-E001"


def test_a_changed_file_is_refused_and_nothing_stays(archive: Path, tmp_path: Path, cache: Path) -> None:
    content = (locate(archive) / INT8).read_bytes()
    path = zips.without(archive, tmp_path / "w.zip", [INT8])
    for other in (content[:-1] + b"\0", content + b"\0", b""):
        assert refused(zips.with_entry(path, tmp_path / "x.zip", INT8, other)) == "HUB-E004"
    assert len(list(cache.iterdir())) == 1  # that of the whole archive


def test_a_folder_where_a_file_should_be_is_refused(archive: Path, tmp_path: Path, cache: Path) -> None:
    path = zips.without(archive, tmp_path / "w.zip", ["tokenizer.json"])
    path = zips.with_entry(path, tmp_path / "x.zip", "tokenizer.json/", b"", stat.S_IFDIR | 0o755)
    assert refused(path) == "HUB-E005"


LIMITED = """
import resource, sys
from pathlib import Path
from hub.contract.errors import BundleError
from hub.edge.archive import unpacked
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for name in sys.argv[1:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000_000, 100_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        print("opened", unpacked(Path(name)))
    except BundleError as error:
        print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_bombs_are_refused_before_anything_is_unpacked(
    sealed: Path, archive: Path, tmp_path: Path, cache: Path
) -> None:
    size = 10_000_000_000
    rest = zips.without(archive, tmp_path / "rest.zip", ["bundle.json", "onnx/model.onnx"])
    lists = json.loads((sealed / "bundle.json").read_bytes())
    lists["files"]["onnx/model.onnx"] = {"bytes": size, "sha256": "0" * 64}
    zeros = zips.with_entry(rest, tmp_path / "zeros.zip", "bundle.json", json.dumps(lists).encode())
    zips.add_zeros(zeros, "onnx/model.onnx", size)
    with zipfile.ZipFile(zeros) as opened:
        assert opened.getinfo("onnx/model.onnx").file_size == size  # more than 32 bits tell: zip64
    many = zips.many_entries(archive, tmp_path / "many.zip", 8_000)
    copies = zips.without(archive, tmp_path / "copies.zip", ["bundle.json"])
    zips.add_zeros(copies, "onnx/zeros", 1_000_000)
    names = [f"{number:010}" for number in range(200)]
    lists = json.loads((sealed / "bundle.json").read_bytes())
    lists["files"] |= {name: {"bytes": 1_000_000, "sha256": "0" * 64} for name in names}
    copies = zips.with_entry(copies, tmp_path / "listed.zip", "bundle.json", json.dumps(lists).encode())
    overlap = zips.overlapping(copies, tmp_path / "overlap.zip", "onnx/zeros", names)
    command = [sys.executable, "-c", LIMITED, str(zeros), str(many), str(overlap)]
    done = subprocess.run(
        command, env={**os.environ, "DOMAINHUB_HOME": str(cache.parent)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    answers = [line.split() for line in done.stdout.splitlines()]
    assert [code for code, _ in answers] == ["HUB-E019"] * 3
    assert max(int(kilobytes) for _, kilobytes in answers) < 100_000
    assert not any(path.is_file() for path in cache.rglob("*"))
    assert zeros.stat().st_size * MAX_RATIO < size
    assert SMALL_BYTES < 200 * 1_000_000


def test_an_archive_that_shrinks_as_models_do_is_unpacked(tmp_path: Path, cache: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        unpacked = sum(info.file_size for info in opened.infolist())
    assert archive.stat().st_size < unpacked < MAX_RATIO * archive.stat().st_size
    assert Bundle.open(archive).warnings == ()


def test_a_cache_that_cannot_be_written_is_said(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("DOMAINHUB_HOME", str(tmp_path / "file"))
    with pytest.raises(BundleError) as caught:
        Bundle.open(archive)
    assert (caught.value.code, "DOMAINHUB_HOME" in caught.value.fix) == ("HUB-E019", True)


def test_bundles_unused_for_long_are_removed(archive: Path, sealed: Path, tmp_path: Path, cache: Path) -> None:
    first, rest = locate(archive), cache / ".0123.new"
    rest.mkdir()
    for folder in (first, rest):
        os.utime(folder, (1, folder.stat().st_mtime - 2 * UNUSED_SECONDS))
    other = locate(zips.zipped(sealed, tmp_path / "other.zip", "inside/"))
    assert list(cache.iterdir()) == [other]


@pytest.mark.parametrize("how", ["cut", "flip", "insert", "repeat"])
def test_damaged_archives_are_refused_or_answer(archive: Path, tmp_path: Path, cache: Path, how: str) -> None:
    content, path = archive.read_bytes(), tmp_path / "x.zip"
    whole = everything_below(sealed_folder := Bundle.open(archive).folder)
    codes = set()
    for seed in range(60):
        path.write_bytes(getattr(mutations, how)(random.Random(seed), content))
        codes.add(attack.use(path, deep=False))
        for folder in cache.iterdir():
            assert everything_below(folder) <= whole
    assert codes <= {"answered", "HUB-E001", "HUB-E002", "HUB-E003", "HUB-E004", "HUB-E005", "HUB-E019"}
    assert "HUB-E019" in codes
    assert read_manifest(sealed_folder).name == "tiny"

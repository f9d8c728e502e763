"""Reads a wheel of a plugin as a zip file: what it is, what it needs, and whether it may be installed. Nothing in it
is executed.
"""

from __future__ import annotations

import configparser
import importlib.metadata
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from hub.contract.errors import DataError, UsageError, nearest
from hub.edge.files import sha256
from hub.host.discovery import GROUP, normalised

if TYPE_CHECKING:
    from packaging.version import Version

HOST = "domainhub"
MAX_TEXT = 1_000_000
"""Largest file of metadata that is read from a wheel, in bytes."""


@dataclass(frozen=True)
class Need:
    """A requirement of a wheel.

    Args:
        name: of the distribution.
        wanted: versions, ``>=1,<2``; ``""`` for any.
        installed: version that is here, ``""`` when it is not.
        ok: what is here will do.
    """

    name: str
    wanted: str
    installed: str
    ok: bool


@dataclass(frozen=True)
class WheelFile:
    """A wheel of a plugin.

    Args:
        path: of the file.
        distribution: normalised name.
        version: as the file's name has it.
        sha256: of the file.
        bytes: of the file.
        plugins: names of its entry points of the group ``hub``.
        needs: what it requires on this machine.
    """

    path: Path
    distribution: str
    version: str
    sha256: str
    bytes: int
    plugins: tuple[str, ...]
    needs: tuple[Need, ...]


def find_wheel(folder: Path, names: Sequence[str]) -> Path:
    """Return the newest wheel of a distribution that this Python can use; pre-releases only when there is no other.

    Args:
        folder: of wheels; other files are left alone.
        names: of the distribution, the likeliest first.

    Raises:
        UsageError: HUB-P061, there is no such folder, or no such wheel in it.
    """
    from packaging.tags import sys_tags
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    if not folder.is_dir():
        raise UsageError("HUB-P061", f"there is no folder {folder}", "", "name a folder of wheels")
    usable = frozenset(sys_tags())
    found: dict[str, list[tuple[bool, Version, str]]] = {}
    for path in folder.glob("*.whl"):
        try:
            name, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue  # whatever it is, it cannot be the one that is wanted
        if tags & usable:
            found.setdefault(str(name), []).append((not version.is_prerelease, version, path.name))
    for wanted in map(normalised, names):
        if wanted in found:
            return folder / max(found[wanted])[2]
    why = nearest(normalised(names[0]), found) or "there is no wheel for this Python in it"
    raise UsageError("HUB-P061", f"there is no wheel of {names[0]!r} in {folder}", why, "see: hub plugins search")


def read_wheel(path: Path, distribution: str = "") -> WheelFile:
    """Read a wheel and check that it may be installed as a plugin.

    Args:
        path: of the wheel.
        distribution: the name it must have, ``""`` for any.

    Raises:
        DataError: HUB-P060, it is no wheel of a plugin, or it is not made as the specification of wheels asks
            (Python Packaging User Guide, "Binary distribution format").
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        name, version, _, _ = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise _refused(path, str(error)) from error
    if distribution and name != normalised(distribution):
        raise _refused(path, f"it is a wheel of {name}, not of {distribution}")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for member in members:
                _check_member(path, member)
            info = _info_folder(path, [member.filename for member in members], name, str(version))
            metadata = HeaderParser().parsestr(_text(path, archive, f"{info}/METADATA"))
            points = _text(path, archive, f"{info}/entry_points.txt", required=False)
    except (zipfile.BadZipFile, OSError, NotImplementedError, EOFError) as error:
        raise _refused(path, f"it cannot be read: {error}") from error
    if normalised(metadata["Name"] or "") != name or metadata["Version"] is None:
        raise _refused(path, f"its METADATA is of {metadata['Name']!r}")
    if str(metadata["Version"]) != str(version) and not _same(metadata["Version"], version):
        raise _refused(path, f"its METADATA is of version {metadata['Version']!r}")
    plugins = _plugins(path, points)
    return WheelFile(
        path, str(name), str(version), sha256(path), path.stat().st_size, plugins,
        _needs(path, metadata.get_all("Requires-Dist") or []),
    )  # fmt: skip


def _refused(path: Path, why: str) -> DataError:
    return DataError("HUB-P060", f"{path.name} is not installed", why, "get another wheel, or tell its author")


def _same(text: str, version: Version) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    """Refuse what would end up outside the environment, or in the place of the hub's own files."""
    name = member.filename
    pure, windows = PurePosixPath(name), PureWindowsPath(name)
    if windows.drive or windows.root or ".." in windows.parts or "\\" in name or not name.isprintable() or not name:
        raise _refused(path, f"it holds a file with the path {name!r}")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise _refused(path, f"it holds the link {name!r}")
    parts = pure.parts
    if parts[0].endswith(".data"):  # NAME.data/purelib/... lands in site-packages too
        parts = parts[2:]
    if parts and parts[0].partition(".")[0] == "hub":
        raise _refused(path, f"it would write into the hub's own package: {name!r}")


def _info_folder(path: Path, names: Sequence[str], distribution: str, version: str) -> str:
    folders = {name.partition("/")[0] for name in names if name.partition("/")[0].endswith(".dist-info")}
    if len(folders) != 1:
        raise _refused(path, f"it holds {len(folders)} folders of metadata")
    (folder,) = folders
    name, _, rest = folder.removesuffix(".dist-info").partition("-")
    if normalised(name) != distribution or not rest:
        raise _refused(path, f"its metadata is in {folder!r}")
    return folder


def _text(path: Path, archive: zipfile.ZipFile, name: str, *, required: bool = True) -> str:
    try:
        member = archive.getinfo(name)
    except KeyError:
        if required:
            raise _refused(path, f"it has no {name.rpartition('/')[2]}") from None
        return ""
    with archive.open(member) as stream:
        data = stream.read(MAX_TEXT + 1)
    if len(data) > MAX_TEXT:
        raise _refused(path, f"{name!r} has more than {MAX_TEXT:,} bytes")
    return data.decode("utf-8", errors="replace")


def _plugins(path: Path, text: str) -> tuple[str, ...]:
    parser = configparser.ConfigParser(delimiters="=", interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign] # names keep their case
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise _refused(path, f"its entry_points.txt cannot be read: {' '.join(str(error).split())}") from error
    names = tuple(parser[GROUP]) if GROUP in parser else ()
    if not names:
        raise _refused(path, f"it is no plugin: it has no entry point of the group {GROUP!r}")
    return names


def _needs(path: Path, lines: Sequence[str]) -> tuple[Need, ...]:
    from packaging.requirements import InvalidRequirement, Requirement

    needs = []
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            raise _refused(path, f"it requires {line!r}, which cannot be read") from error
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        installed = installed_version(requirement.name)
        ok = bool(installed) and requirement.specifier.contains(installed, prereleases=True)
        needs.append(Need(normalised(requirement.name), str(requirement.specifier), installed, ok))
    return tuple(needs)


def installed_version(distribution: str) -> str:
    """Return the version of a distribution in this environment, ``""`` when it is not there."""
    try:
        return importlib.metadata.version(distribution) or ""
    except (importlib.metadata.PackageNotFoundError, TypeError, KeyError):
        return ""  # the last two: there is a folder for it, without metadata

"""Installs and removes plugins with pip. No plugin is imported in this process, so broken ones can be removed too."""

from __future__ import annotations

import hashlib
import importlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.contract.errors import DataError, MissingError, UsageError, nearest
from hub.host.discovery import Found, find_plugins, is_chosen, limit, normalised
from hub.host.install_pip import run_pip
from hub.host.install_wheel import HOST, WheelFile, find_wheel, installed_version, read_wheel

if TYPE_CHECKING:
    from hub.catalog.schema import PluginEntry, Registry, Wheel
    from hub.host.metadata import PluginInfo


@dataclass(frozen=True)
class Plan:
    """What an installation would do.

    Args:
        wheel: to install.
        installed: version of the distribution that is here now, ``""`` when there is none.
        source: where the wheel comes from, for people.
        find_links: folder in which pip may look for what the wheel requires, ``None`` for no such folder.
    """

    wheel: WheelFile
    installed: str
    source: str
    find_links: Path | None

    @property
    def stands(self) -> bool:
        """This version is installed already; pip has nothing to do."""
        return self.installed == self.wheel.version

    @property
    def pip_words(self) -> tuple[str, ...]:
        """The call of pip: it resolves what the wheel requires with the user's own configuration."""
        links = ("--find-links", str(self.find_links)) if self.find_links else ()
        return ("install", *links, self.wheel.path.name)


@dataclass(frozen=True)
class Installed:
    """How an installation ended.

    Args:
        plugins: of the distribution, with their states.
        left_out: the plugin is installed, and ``HUB_PLUGINS`` does not name it.
    """

    plugins: tuple[PluginInfo, ...]
    left_out: bool


@contextmanager
def prepared(name: str, registry: Registry, folder: Path | None = None) -> Iterator[Plan]:
    """Find or download the wheel of a plugin and check it; nothing is installed yet.

    Args:
        name: distribution, short name or domain.
        registry: the catalogue.
        folder: of wheels; ``None`` for what the catalogue names.

    Yields:
        The plan for `carry_out`. A downloaded wheel is removed afterwards.

    Raises:
        UsageError: HUB-P051, HUB-P061: there is no such plugin or wheel.
        MissingError: HUB-P062, it is not published yet; HUB-P064, it needs another version of the hub;
            HUB-P065, HUB-P066 of pip.
        DataError: HUB-P060, the wheel is refused; HUB-P063, it is not the one that the catalogue names.
    """
    with tempfile.TemporaryDirectory(prefix="domainhub-") as work:
        if folder is not None:
            wheel = read_wheel(find_wheel(folder, _names(name, registry)))
            source, links = str(folder), folder.absolute()
        else:
            wheel = _download(name, registry, Path(work))
            source, links = "the catalogue", None
        _check_host(wheel)
        yield Plan(wheel, installed_version(wheel.distribution), source, links)


def _names(name: str, registry: Registry) -> list[str]:
    """Return the distributions that a name may mean; plugins that the catalogue lacks count as well."""
    from hub.catalog.client import find_plugin

    try:
        return [find_plugin(registry, name).distribution]
    except UsageError:
        return [name, f"{HOST}-{name}"]


def _download(name: str, registry: Registry, work: Path) -> WheelFile:
    from hub.catalog.client import find_plugin

    entry = find_plugin(registry, name)
    if not entry.published:
        checkout = f"pip install ./{entry.path} in a checkout of the project, or " if entry.path else ""
        raise MissingError(
            "HUB-P062",
            f"{entry.distribution} is not published yet",
            "the catalogue names no wheel of it",
            f"{checkout}hub plugins install {entry.name} --from DIR with a folder of wheels",
        )
    wanted = _newest(entry)
    run_pip(
        ["download", "--no-deps", "--only-binary", ":all:", "--dest", str(work),
         wanted.url or f"{entry.distribution}=={wanted.version}"]
    )  # fmt: skip
    file = work / wanted.file
    if not file.is_file():
        got = ", ".join(sorted(path.name for path in work.iterdir())) or "nothing"
        raise _differs(wanted, f"pip brought {got}")
    wheel = read_wheel(file, entry.distribution)
    if wheel.sha256 != wanted.sha256:
        raise _differs(wanted, f"its sha256 is {wheel.sha256}, the catalogue has {wanted.sha256}")
    return wheel


def _newest(entry: PluginEntry) -> Wheel:
    """Return the newest wheel of an entry that this Python can use."""
    from packaging.tags import sys_tags
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    usable = frozenset(sys_tags())
    found = []
    for wheel in entry.wheels:
        try:
            _, version, _, tags = parse_wheel_filename(wheel.file)
        except InvalidWheelFilename:
            continue
        if tags & usable:
            found.append(((not version.is_prerelease, version), wheel))
    if not found:
        raise MissingError(
            "HUB-P062",
            f"the catalogue has no wheel of {entry.distribution} for this Python",
            f"it has {', '.join(wheel.file for wheel in entry.wheels)}",
            "hub plugins refresh, or use another Python",
        )
    return max(found, key=lambda pair: pair[0])[1]


def _differs(wanted: Wheel, why: str) -> DataError:
    fix = "nothing was installed; try again, and tell the maintainers of the catalogue if it stays"
    return DataError("HUB-P063", f"{wanted.file} is not the wheel that the catalogue names", why, fix)


def _check_host(wheel: WheelFile) -> None:
    """Refuse a wheel for which pip would replace the running hub by another version."""
    for need in wheel.needs:
        if need.name == HOST and not need.ok:
            raise MissingError(
                "HUB-P064",
                f"{wheel.distribution} {wheel.version} does not fit this hub",
                f"it requires {HOST}{need.wanted}, this is {need.installed or 'not installed with pip'}",
                "install a version of the plugin that fits, or the other version of the hub",
            )


def carry_out(plan: Plan) -> Installed:
    """Install the wheel of a plan, then find out in a child process whether the plugin works.

    Raises:
        DataError: HUB-P063, the wheel has changed since it was checked.
        MissingError: HUB-P065, HUB-P066 of pip.
    """
    if not plan.stands:
        with tempfile.TemporaryDirectory(prefix="domainhub-") as work:
            # A copy, so that what was checked and shown is what is installed.
            copy = Path(shutil.copy(plan.wheel.path, work))
            if hashlib.sha256(copy.read_bytes()).hexdigest() != plan.wheel.sha256:
                fix = "nothing was installed; run the command again"
                raise DataError("HUB-P063", f"{copy.name} has changed since it was checked", "its sha256 differs", fix)
            run_pip([*plan.pip_words[:-1], str(copy)])
    return state_of(plan.wheel.distribution)


def state_of(distribution: str) -> Installed:
    """Return the plugins of an installed distribution with their states; a child process imports them."""
    from hub.host.cache import read_metadata

    importlib.invalidate_caches()
    found = [each for each in find_plugins() if each.distribution == distribution]
    left_out = bool(found) and not any(is_chosen(each, limit()) for each in found)
    plugins = tuple(plugin for plugin in read_metadata().plugins if plugin.distribution == distribution)
    return Installed(plugins, left_out)


def find_installed(name: str, registry: Registry) -> tuple[Found, ...]:
    """Return the entry points of the one installed distribution that a name means; nothing is imported.

    Args:
        name: distribution, entry point or domain of the catalogue.
        registry: the catalogue.

    Raises:
        UsageError: HUB-P068, it is not installed; it is no plugin; or several distributions have an entry point
            of this name.
    """
    plugins = find_plugins()
    wanted = normalised(name)
    by_name = [each for each in plugins if each.distribution == wanted]
    by_entry = [each for each in plugins if each.name == name]
    by_catalogue = [each for each in plugins if each.distribution in {normalised(n) for n in _names(name, registry)}]
    chosen = by_name or by_entry or by_catalogue
    distributions = sorted({each.distribution for each in chosen})
    if len(distributions) > 1:
        why = f"it is in {' and in '.join(distributions)}"
        raise UsageError("HUB-P068", f"several distributions have a plugin {name!r}", why, "name the distribution")
    if not chosen:
        raise _not_installed(name, plugins)
    return tuple(each for each in plugins if each.distribution == distributions[0])


def _not_installed(name: str, plugins: Sequence[Found]) -> UsageError:
    if installed_version(name):
        why = "it has no entry point of the group 'hub', so this command leaves it alone"
        return UsageError("HUB-P068", f"{name!r} is no plugin", why, f"python -m pip uninstall {name}")
    known = {text for each in plugins for text in (each.name, each.distribution)}
    why = nearest(name, known) or "no plugin is installed"
    return UsageError("HUB-P068", f"there is no installed plugin {name!r}", why, "see: hub plugins list")


def remove(distribution: str) -> None:
    """Uninstall a distribution with pip.

    Raises:
        MissingError: HUB-P065, HUB-P066 of pip; HUB-P069, pip left it installed.
    """
    text = run_pip(["uninstall", "--yes", distribution])
    importlib.invalidate_caches()
    if any(each.distribution == distribution for each in find_plugins()):
        # pip ends with 0 when it finds nothing that it may remove.
        why = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "pip said nothing")
        fix = "remove it with what installed it"
        raise MissingError("HUB-P069", f"{distribution} is still installed", why, fix)

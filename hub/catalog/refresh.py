"""Replaces the user's own copy of the catalogue with one from a file or an https address, if that one is valid."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urljoin, urlsplit

from hub.catalog.client import read_catalogue, shipped
from hub.catalog.registry import FILE
from hub.catalog.schema import MAX_BYTES, BaseEntry, ModelEntry, PluginEntry, Registry, parse
from hub.contract.errors import NetworkError, UsageError
from hub.edge.files import written_whole

SCHEMES = ("https",)
"""What an address may start with, also after a redirect: nobody on the way may change the hashes in a catalogue."""

SECONDS = 30.0
"""Time limit of one step of a download, in seconds."""


@dataclass(frozen=True)
class Refreshed:
    """What a new catalogue changed.

    Args:
        file: the user's own copy.
        added: names that the catalogue used before lacked, ``section/name``.
        removed: names that are gone.
        changed: names whose entry differs.
    """

    file: Path
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def refresh(source: str, folder: Path) -> Refreshed:
    """Replace the user's own copy; when anything is wrong with the new one, the old one stays.

    Args:
        source: an ``https`` address, or a file.
        folder: the program's own folder; it is made when missing.

    Raises:
        DataError: HUB-P050, it is not a valid catalogue.
        UsageError: HUB-P053, there is no such file, or the address is not ``https``; HUB-P054, the user's copy
            cannot be written.
        NetworkError: HUB-N020, it cannot be fetched.
    """
    data = _fetch(source) if "://" in source else _read(Path(source).expanduser())
    new = parse(data, source)
    before = read_catalogue(folder).registry
    file = folder / FILE
    try:
        with written_whole(file) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise _cannot_write(file, error) from error
    return _compare(before, new, file)


def use_shipped(folder: Path) -> Refreshed:
    """Remove the user's own copy, so that the shipped catalogue is used again.

    Raises:
        UsageError: HUB-P054, it cannot be removed.
    """
    before = read_catalogue(folder).registry
    file = folder / FILE
    try:
        file.unlink(missing_ok=True)
    except NotADirectoryError:
        pass  # then there is no copy
    except OSError as error:
        raise _cannot_write(file, error) from error
    return _compare(before, shipped(), file)


def _cannot_write(file: Path, error: OSError) -> UsageError:
    return UsageError("HUB-P054", f"cannot replace {file}", str(error.strerror or error), "set DOMAINHUB_HOME")


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        why = str(error.strerror or error)
        raise UsageError("HUB-P053", f"cannot read {file}", why, "name a file or an https address") from error


def _fetch(address: str) -> bytes:
    """Download a catalogue; no more of it is read than is allowed."""
    _check_scheme(address)
    opener = urllib.request.OpenerDirector()
    # Not build_opener: that one also opens ftp, file and data addresses.
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SafeRedirects(),
    ):
        opener.add_handler(handler)
    try:
        with opener.open(address, timeout=SECONDS) as answer:
            data: bytes = answer.read(MAX_BYTES + 1)
            return data
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is the answer too, with an open connection
        what, fix = f"cannot fetch {address}", "check the address and the network, or use --from FILE"
        raise NetworkError("HUB-N020", what, str(error) or type(error).__name__, fix) from error


def _check_scheme(address: str) -> None:
    scheme = urlsplit(address).scheme.lower()
    if scheme not in SCHEMES:
        raise UsageError(
            "HUB-P053", f"{address!r} is not fetched", f"{scheme!r} is not https", "name a file or an https address"
        )


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to the allowed schemes only; the address is checked before anything is sent to it."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> object:
        """Check where a redirect leads, then go there."""
        try:
            _check_scheme(urljoin(req.full_url, headers.get("location", "")))
        except UsageError:
            fp.close()
            raise
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _compare(before: Registry, after: Registry, file: Path) -> Refreshed:
    old, new = _by_name(before), _by_name(after)
    return Refreshed(
        file,
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        tuple(sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
    )


def _by_name(registry: Registry) -> dict[str, PluginEntry | BaseEntry | ModelEntry]:
    sections: dict[str, tuple[PluginEntry | BaseEntry | ModelEntry, ...]] = {
        "plugins": registry.plugins,
        "exporters": registry.exporters,
        "base_models": registry.base_models,
        "models": registry.models,
    }
    return {f"{section}/{entry.name}": entry for section, entries in sections.items() for entry in entries}

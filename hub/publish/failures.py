"""What the Hub, its client and the network do wrong, as errors of the project, and how long to wait for them."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from hub.contract.errors import DataError, HubError, MissingError, NetworkError, UsageError

T = TypeVar("T")

Say = Callable[[str], None]

TRIES = 5
MAX_WAIT_SECONDS = 600.0
"""A Hub that asks for more patience than that ends the command, with what it asked for."""

BUSY = (408, 429, 500, 502, 503, 504)
_WAITS = re.compile(r"Rate limited\. Waiting|Retrying in")
_TOKEN = re.compile(r"hf_\w{3,}|(?i:bearer)\s+\S+")

LOGIN = "log in with `hf auth login`, or set HF_TOKEN to a token that may do this"


def plain(text: str) -> str:
    """Return the first line of a message without anything that looks like a token."""
    return _TOKEN.sub("(token)", next(iter(text.strip().splitlines()), ""))


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what the Hub's client raises into errors of the project, and keep its words off the terminal.

    Args:
        what: one line, what was being done.

    Raises:
        NetworkError: HUB-N040 to HUB-N049.
        UsageError: HUB-N044, there is no such revision or file.
        DataError: HUB-N046, the Hub refuses the card.
        MissingError: HUB-N048, a server without Xet storage is asked for it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the Hub's advice on cards, which `rules` gives too
            warnings.simplefilter("ignore", DeprecationWarning)  # of its network library, about the client
            yield
    except HubError:
        raise
    except Exception as error:  # the client, its network library and hf_xet have errors with no common base
        raise as_hub_error(what, error) from error


def as_hub_error(what: str, error: BaseException) -> HubError:
    """Return the project's error for one of the client."""
    from huggingface_hub import errors

    offline = _offline(error)
    if offline:
        fix = "go on the network once, or unset HF_HUB_OFFLINE"
        return NetworkError("HUB-N040", what, "the Hub is not asked (offline), and the cache has not all of it", fix)
    if "metadata in README.md" in str(error):
        why = "; ".join(line.strip("- ") for line in str(error).splitlines()[1:]) or plain(str(error))
        return DataError("HUB-N046", what, f"the Hub refuses the card: {plain(why)}", "correct README.md")
    for known in _causes(error):
        if isinstance(known, errors.LocalTokenNotFoundError):
            return NetworkError("HUB-N041", what, "there is no token", LOGIN)
        if isinstance(known, errors.GatedRepoError):
            return NetworkError("HUB-N042", what, "the repository is gated", _ask_for_access(known))
        if isinstance(known, errors.RevisionNotFoundError):
            return UsageError("HUB-N044", what, "the repository has no such revision", "name another one after '@'")
        if isinstance(known, errors.EntryNotFoundError) and not isinstance(known, errors.LocalEntryNotFoundError):
            return UsageError("HUB-N044", what, "the repository has no such file")
        if isinstance(known, errors.RepositoryNotFoundError):
            why = "there is no such repository, or it is private and the token may not read it"
            return NetworkError("HUB-N043", what, why, f"check the name; {LOGIN}")
        if isinstance(known, errors.HfHubHTTPError):
            return _of_status(what, known)
    if isinstance(error, errors.HFValidationError):
        return UsageError("HUB-N044", what, plain(str(error)), "a repository reads ORG/NAME")
    if without_xet(error):
        why = "the server has no Xet storage, and this client uploads and downloads large files through it"
        return MissingError("HUB-N048", what, why, "set HF_HUB_DISABLE_XET=1")
    why = plain(str(_origin(error))) or type(error).__name__
    return NetworkError("HUB-N040", what, why, "check the network and HF_ENDPOINT; run it again to go on")


def _origin(error: BaseException) -> BaseException:
    """Return what the network library said first: the client wraps it in advice about its cache."""
    of_network = [known for known in _causes(error) if type(known).__module__.partition(".")[0] in ("httpx", "httpx2")]
    return of_network[-1] if of_network else error


def _ask_for_access(error: Any) -> str:
    """Say where people ask for access to a gated repository."""
    from huggingface_hub import constants

    address = str(error.response.url).removeprefix(constants.ENDPOINT)
    repo = re.match(r"(?:/api/models)?/([\w.-]+/[\w.-]+)", address)
    page = f"{constants.ENDPOINT}/{repo[1]}" if repo else "its page"
    return f"ask for access at {page}; then {LOGIN}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _offline(error: BaseException) -> bool:
    from huggingface_hub import errors

    return any(isinstance(known, errors.OfflineModeIsEnabled) for known in _causes(error))


def without_xet(error: BaseException) -> bool:
    """Return whether the client failed on Xet storage: that library raises errors without a status."""
    from huggingface_hub.utils._runtime import is_xet_available

    if not is_xet_available():
        return False
    # A server that is not there at all gives one of its subclasses.
    return any(type(known) is ConnectionError or "xet-" in str(known) for known in _causes(error))


def status_of(error: BaseException) -> int:
    """Return the HTTP status behind an error, 0 when there is none."""
    for known in _causes(error):
        status = getattr(getattr(known, "response", None), "status_code", None)
        if isinstance(status, int):
            return status
    return 0


def _of_status(what: str, error: Any) -> HubError:
    status = error.response.status_code
    why = plain(getattr(error, "server_message", None) or str(error))
    if status == 401:
        return NetworkError("HUB-N041", what, "the Hub does not accept the token, or wants one", LOGIN)
    if status == 403:
        return NetworkError("HUB-N042", what, f"the token may not do this: {why}", LOGIN)
    if status in (409, 412):
        fix = "look at what is there now and run the command again"
        return NetworkError("HUB-N045", what, f"somebody else changed the repository meanwhile: {why}", fix)
    if status == 429:
        wait = retry_after(error)
        fix = f"try again in {wait:.0f} s" if wait else "try again later"
        return NetworkError("HUB-N047", what, "the Hub limits the rate of requests", fix)
    if status >= 500:
        return NetworkError("HUB-N049", what, f"the Hub failed with status {status}", "run it again to go on")
    return NetworkError("HUB-N040", what, f"status {status}: {why}", "check HF_ENDPOINT and the name")


def retry_after(error: Any) -> float:
    """Return the seconds that the server asks to wait for, 0 when it does not say."""
    stated = getattr(getattr(error, "response", None), "headers", {}).get("Retry-After", "")
    return float(stated) if re.fullmatch(r"\d{1,6}", stated.strip()) else 0.0


def patiently(call: Callable[[], T], say: Say, statuses: tuple[int, ...] = BUSY) -> T:
    """Call the Hub again while it is busy; what the server asks to wait for is waited for.

    The client does that itself for uploads and downloads, and not for the calls around them.

    Args:
        call: what to do; doing it twice must be harmless.
        say: told of every wait.
        statuses: HTTP statuses that are worth another try.

    Raises:
        Exception: what ``call`` raised last.
    """
    for done in range(TRIES):
        try:
            return call()
        except Exception as error:
            wait = retry_after(_with_response(error)) or float(2**done)
            if status_of(error) not in statuses or done == TRIES - 1 or wait > MAX_WAIT_SECONDS:
                raise
            say(f"the Hub answers {status_of(error)}; trying again in {wait:.0f} s")
            time.sleep(wait)
    raise AssertionError("unreachable")


def _with_response(error: BaseException) -> Any:
    return next((known for known in _causes(error) if getattr(known, "response", None) is not None), error)


class _Waits(logging.Handler):
    """Passes on that the client waits, and nothing else it logs: its other lines hold signed addresses."""

    def __init__(self, say: Say) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on."""
        if _WAITS.search(record.getMessage()):
            self._say(plain(record.getMessage()))


@contextmanager
def quiet_client(say: Say) -> Iterator[None]:
    """Keep the bars and the log of the Hub's client off the terminal; that it waits is said.

    Args:
        say: told of every wait.
    """
    from huggingface_hub.utils import logging as client_logging
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    logger = client_logging.get_logger()  # importing that module gives it a handler, which must not come later
    handlers, propagate, silent = logger.handlers, logger.propagate, are_progress_bars_disabled()
    logger.handlers, logger.propagate = [_Waits(say)], False
    disable_progress_bars()
    try:
        yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        if not silent:
            enable_progress_bars()

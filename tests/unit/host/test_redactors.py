"""The hook ``hub_redactors``: what is supplied, kept in the metadata, and quarantined."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.host.cache import read_metadata
from hub.host.loading import load
from hub.host.metadata import RedactorInfo

HOOK = "from hub.contract import Redactor, hookimpl\n@hookimpl\ndef hub_redactors():\n    "
BADGES = HOOK + "return [Redactor('badges', 'Badges.', '{module}:find', ('badge',), '1.0')]\n"


def test_redactors_are_supplied_and_kept_in_the_metadata(add: Callable[..., str]) -> None:
    name = add(BADGES)

    host = load()

    assert [redactor.kinds for redactor in host.redactors] == [("badge",)]
    assert host.redactors_of(name) == host.redactors
    assert host.redactors_of("another") == ()
    for metadata in (read_metadata(), read_metadata()):  # made, then read from the file
        (info,) = metadata.plugins
        assert (info.cause, info.contract) == (None, "1.0")
        assert info.redactors == (RedactorInfo("badges", "Badges.", ("badge",)),)


@pytest.mark.parametrize(
    ("source", "reason", "words"),
    [
        (HOOK + "return 3\n", "wrong-result", "not an iterable of Redactor"),
        (HOOK + "return ['badges']\n", "wrong-result", "supplied str"),
        (HOOK + "raise OSError('no')\n", "hook-raised", "no"),
        (HOOK + "return [Redactor('a', 's', 'a:b', (), '1.0')]\n", "hook-raised", "names no kinds"),
        (BADGES.replace("'1.0'", "'2.0'"), "wrong-contract", "'badges' declares contract '2.0'"),
        (BADGES.replace("'badges'", "'contact'"), "repeated-name", "redactor 'contact'"),
        (HOOK.replace("def hub_redactors():", "def hub_redactors(text):") + "return ()\n", "wrong-arguments", "text"),
    ],
)
def test_broken_ones_are_quarantined(add: Callable[..., str], source: str, reason: str, words: str) -> None:
    add(source)

    host = load()

    (info,) = host.quarantined
    assert info.cause is not None
    assert (info.cause.reason, words in info.cause.message) == (reason, True)
    assert host.redactors == ()


def test_a_repeated_name_is_quarantined(add: Callable[..., str]) -> None:
    first, second = add(BADGES, distribution="aa"), add(BADGES, distribution="bb")

    host = load()

    assert [info.distribution for info in host.quarantined] == [second]
    assert host.redactors_of(first) == host.redactors

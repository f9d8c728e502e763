"""A check of the conformance kit: one rule about one thing, which a test can call and a command can list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from hub.contract.errors import EXIT_GATE, HubError


class ConformanceError(HubError):
    """A plugin breaks a rule of the kit (exit code 1).

    Args:
        rule: name of the rule.
        subject: what breaks it: a plugin, a task, a source, a metric.
        why: how.
    """

    exit_code = EXIT_GATE

    def __init__(self, rule: str, subject: str, why: str) -> None:
        super().__init__("HUB-P040", f"{subject} breaks the rule {rule!r}", why, "see: docs/write-a-plugin.md")
        self.rule = rule
        self.subject = subject


class BrokenError(Exception):
    """Raised by the function of a check, with one line on how its rule is broken."""


@dataclass(frozen=True)
class CheckResult:
    """What became of a check.

    Args:
        rule: its name.
        subject: what was checked.
        ok: the rule is kept.
        detail: what was found, or how the rule is broken.
    """

    rule: str
    subject: str
    ok: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Check:
    """One rule about one thing. Calling it raises when the rule is broken, so a test only has to call it.

    Args:
        rule: name of the rule, words joined by hyphens.
        subject: what is checked.
        function: returns a line for people, or raises `BrokenError`; anything else it raises breaks the rule too.
    """

    rule: str
    subject: str
    function: Callable[[], str]

    def __str__(self) -> str:
        return f"{self.rule}[{self.subject}]"

    def __call__(self) -> str:
        """Check.

        Returns:
            What was found, one line.

        Raises:
            ConformanceError: HUB-P040, the rule is broken.
        """
        try:
            return self.function()
        except BrokenError as error:
            raise ConformanceError(self.rule, self.subject, str(error)) from error
        except HubError as error:
            why = f"{error.code}: {error.what}" + (f"; {error.why}" if error.why else "")
            raise ConformanceError(self.rule, self.subject, why) from error
        # What is checked is other people's code: whatever it raises is its own failure.
        except (Exception, SystemExit) as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())
            raise ConformanceError(self.rule, self.subject, why) from error

    def run(self) -> CheckResult:
        """Check, and return what was found instead of raising."""
        try:
            return CheckResult(self.rule, self.subject, True, self())
        except ConformanceError as error:
            return CheckResult(self.rule, self.subject, False, error.why)


def expect(condition: object, why: str) -> None:
    """Raise unless ``condition`` is true.

    Args:
        condition: anything with a truth value.
        why: one line on how the rule is broken.

    Raises:
        BrokenError: it is not.
    """
    if not condition:
        raise BrokenError(why)


def named(found: Iterable[str], shown: int = 3) -> str:
    """Return a few of many names for a message, the number of the others behind them."""
    names = list(dict.fromkeys(found))
    text = ", ".join(names[:shown])
    return text + (f" and {len(names) - shown} more" if len(names) > shown else "")

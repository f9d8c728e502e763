"""Ask several redactors about a text, and agree on what stands where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from hub.contract.errors import MissingError
from hub.contract.redactor import Detection, Pattern, Redactor
from hub.contract.reference import resolve
from hub.data.redaction.evidence import CERTAIN, Evidence, words_of

Find = Callable[[str], Iterable[Detection]]


class Scanner:
    """Finds personal data with several redactors.

    Args:
        redactors: to ask; their functions are imported when the first text comes.
        keep: kinds that are not looked for.
        evidence: what the data set says about numbers that nothing names; ``None`` when it was not asked (`informed`).
    """

    def __init__(
        self, redactors: Sequence[Redactor], keep: Collection[str] = (), evidence: Evidence | None = None
    ) -> None:
        self.redactors = tuple(redactors)
        self.keep = frozenset(keep)
        self.evidence = evidence
        self._functions: list[tuple[Redactor, Find]] = []

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is looked for, by name."""
        return tuple(sorted({kind for redactor in self.redactors for kind in redactor.kinds} - self.keep))

    def informed(self, cells: Iterable[tuple[str, str]]) -> Scanner:
        """Return a scanner that also finds numbers which nothing names, where the data set shows what they are.

        Args:
            cells: every text with the name of its column (``""`` for none); read once, and not kept.

        Raises:
            MissingError: HUB-P010, a redactor names patterns that are not there.
        """
        named = [resolve(redactor.patterns) for redactor in self.redactors if redactor.patterns]
        patterns: list[Pattern] = [each for patterns in named for each in patterns if each.kind not in self.keep]
        evidence = Evidence(patterns)
        for text, column in cells:
            evidence.collect(text, column)
        return Scanner(self.redactors, self.keep, evidence)

    def find(self, text: str, column: str = "") -> tuple[Detection, ...]:
        """Return what a text holds, without overlaps, in its order.

        Args:
            text: a cell or a whole document.
            column: name of the cell's column, read as a word before it: numbers often stand in a column that says
                what they are, and are nothing without it.

        Raises:
            MissingError: HUB-P034, a redactor failed or gave a place outside the text; the text is not shown.
        """
        if not text:
            return ()
        head = f"{words_of(column)}: " if column else ""
        whole = head + text
        found = [each for redactor, function in self._resolved() for each in self._ask(redactor, function, whole)]
        behind = len(head)
        moved = [
            Detection(d.start - behind, d.end - behind, d.kind, d.certain, d.chance) for d in found if d.start >= behind
        ]
        return without_overlaps(self._weighed(moved, text, column))

    def _weighed(self, found: list[Detection], text: str, column: str) -> list[Detection]:
        """Return detections with what the data set says of numbers that nothing names."""
        judged = tuple(self.evidence.judge(text, column)) if self.evidence else ()
        denied = {(each.start, each.end, each.kind) for each in judged if not each.precision}
        kept = [each for each in found if each.certain or (each.start, each.end, each.kind) not in denied]
        sure = {place for each in kept if each.certain for place in range(each.start, each.end)}
        return kept + [
            Detection(each.start, each.end, each.kind, each.precision >= CERTAIN, 1 - each.precision)
            for each in judged
            if each.precision and sure.isdisjoint(range(each.start, each.end))
        ]

    def _resolved(self) -> list[tuple[Redactor, Find]]:
        if not self._functions:
            self._functions = [(redactor, resolve(redactor.function)) for redactor in self.redactors]
        return self._functions

    def _ask(self, redactor: Redactor, function: Find, text: str) -> list[Detection]:
        try:
            found = list(function(text))
        except MissingError:
            raise
        except Exception as error:
            raise _failed(redactor, f"it raised {type(error).__name__}") from error
        for each in found:
            if not isinstance(each, Detection):
                raise _failed(redactor, f"it gave a {type(each).__name__}, not a Detection")
            if each.end > len(text):
                raise _failed(redactor, f"it gave a place that ends at {each.end} of {len(text)} characters")
            if each.kind not in redactor.kinds:
                raise _failed(redactor, f"it gave the kind {each.kind!r}, which it does not declare")
        return [each for each in found if each.kind not in self.keep]


def without_overlaps(detections: Iterable[Detection]) -> tuple[Detection, ...]:
    """Return detections without overlaps, in the order of the text.

    Of overlapping ones the certain one stays, then the longest, then the first, then the one that chance brings more
    rarely; equal ones are told apart by the name of the kind, so that the order of redactors does not matter.
    """
    chosen: list[Detection] = []
    taken: set[int] = set()
    for each in sorted(detections, key=lambda d: (not d.certain, d.start - d.end, d.start, d.chance, d.kind)):
        places = range(each.start, each.end)
        if taken.isdisjoint(places):
            taken.update(places)
            chosen.append(each)
    return tuple(sorted(chosen, key=lambda d: d.start))


def _failed(redactor: Redactor, why: str) -> MissingError:
    what = f"the redactor {redactor.name!r} failed"
    return MissingError("HUB-P034", what, why, "update its plugin; see the whole cause with --debug")

"""Many inputs as parts of bounded size, answered several at a time and in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from hub.contract.errors import HubError, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

Result = TypeVar("Result")

_AHEAD = 2
"""Parts for each worker that are read before the first answer is taken; it evens out parts that take longer."""


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbours among the inputs.

    Args:
        inputs: texts, pairs of texts, or rows; of a table a piece of the same kind of table.
        first: number of the first one among all inputs, from 0.
        beside: other parts are computed at the same time.
    """

    inputs: Any
    first: int = 0
    beside: bool = False


def parts_of(inputs: Any, most: int, workers: int) -> list[Part]:
    """Split inputs that are all there; a table is split without making rows of it.

    Args:
        inputs: what `inputs_of` returns.
        most: inputs in one part.
        workers: each of them gets a part where there are enough inputs.
    """
    count = _length(inputs)
    number = max(-(-count // most), min(count, workers))
    bounds = [-(-count * place // number) for place in range(number + 1)] if number else []
    beside = workers > 1 and number > 1
    return [Part(_cut(inputs, start, stop), start, beside) for start, stop in pairwise(bounds)]


def parts_of_stream(stream: Iterable[Any], size: int, workers: int) -> Iterator[Part]:
    """Split a stream as it is read."""
    iterator, first = iter(stream), 0
    while chunk := list(islice(iterator, size)):
        yield Part(chunk, first, workers > 1)
        first += len(chunk)


def in_order(function: Callable[[Part], Result], parts: Iterable[Part], workers: int) -> Iterator[Result]:
    """Apply a function to parts, several at a time, and give the results in the order of the parts.

    Args:
        function: called in threads when ``workers`` is above 1. What it raises is raised in its turn.
        parts: read in the caller's thread, at most two for each worker ahead of the results.
        workers: parts computed at the same time, at least 1. With 1 a part is read when its result is asked for.
    """
    if workers == 1:
        yield from map(function, parts)
        return
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, "hub-predict") as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(function, part))
                if len(waiting) > _AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # after an error, or when nobody wants the rest: what has not begun is dropped
            for future in waiting:
                future.cancel()


def with_errors(function: Callable[[Part], list[Any]], part: Part) -> list[Any]:
    """Apply a function that gives one result an input; when it fails, find out for which of them.

    Returns:
        The results; the error itself stands for an input that has none.
    """
    count = _length(part.inputs)
    try:
        return function(part)
    except HubError as error:
        if count == 1:
            return [error]
    single = [Part(_cut(part.inputs, i, i + 1), part.first + i, part.beside) for i in range(count)]
    return [result for each in single for result in with_errors(function, each)]


def inputs_of(inputs: Any, reads: str) -> Any:
    """Return inputs as something that can be split.

    Args:
        inputs: a sequence. Of texts also a column: an array of numpy, a series of pandas or polars, an array of Arrow.
            Of rows also a table: see `hub.edge.table.rows_of`; or numbers of numpy [rows, columns].
        reads: ``text`` or ``row``, as `hub.contract.domain.Kind` says.

    Raises:
        UsageError: HUB-E013, they are no sequence, or a whole table where texts are needed.
    """
    if reads == "row":
        return inputs
    if isinstance(inputs, str):
        raise UsageError("HUB-E013", "a single text was given", "a sequence of texts is needed", "write [text]")
    if isinstance(inputs, Mapping) or hasattr(inputs, "columns") or hasattr(inputs, "column_names"):
        what = f"a {type(inputs).__name__} was given where texts are needed"
        raise UsageError("HUB-E013", what, "a table may have several columns", "give the column: table['text']")
    for method in ("to_pylist", "tolist", "to_list"):  # Arrow; numpy and pandas; polars
        if hasattr(inputs, method):
            return getattr(inputs, method)()
    if not isinstance(inputs, Sequence):
        raise UsageError(
            "HUB-E013", f"a {type(inputs).__name__} was given", "a sequence of texts is needed", "write list(texts)"
        )
    return inputs


def is_table(stream: Any) -> bool:
    """Return whether something that can be iterated is a table, whose items would not be its rows."""
    names = ("columns", "column_names", "to_pylist")
    return isinstance(stream, Mapping) or hasattr(stream, "dtype") or any(hasattr(stream, name) for name in names)


def _length(inputs: Any) -> int:
    if isinstance(inputs, Mapping):
        return max((len(values) for values in inputs.values() if hasattr(values, "__len__")), default=1)
    return len(inputs) if getattr(inputs, "shape", True) else 1  # a structured array may be a single record


def _cut(inputs: Any, start: int, stop: int) -> Any:
    if start == 0 and stop >= _length(inputs):
        return inputs
    if isinstance(inputs, Mapping):
        return {name: _cut(values, start, stop) for name, values in inputs.items()}
    if hasattr(inputs, "iloc"):  # pandas, where [a:b] may mean labels
        return inputs.iloc[start:stop]
    if hasattr(inputs, "slice"):  # Arrow and polars, whose second argument is a length
        return inputs.slice(start, stop - start)
    return inputs[start:stop]

"""``hub predict --engine ray``: the rows of a file as a Ray Data dataset, answered by a bundle in each of its workers.

The file is read in one task of the cluster, block by block, and the answers come back in its order, so that what is
written is what threads of one process would have written. Every machine must see the file and the bundle by the same
paths.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from hub.contract.errors import DataError, HubError, MissingError

if TYPE_CHECKING:
    from hub.cli.bulk import Job
    from hub.edge import Bundle
    from hub.edge.rows import InputRow

    Rows = Callable[[], Iterator[InputRow]]

INPUT, ANSWER = "input", "answer"
"""Columns of the dataset, each of JSON texts."""

_BLOCK_ROWS = 512
_BLOCK_BYTES = 1 << 15
_ADDRESS = "RAY_ADDRESS"


def on_ray(job: Job, bundle: str, opened: Bundle, options: Mapping[str, Any], workers: int) -> Job:
    """Return a job whose rows are answered by Ray.

    Args:
        job: what is asked of a file. Its ``rows`` are read once more, by a task of the cluster.
        bundle: path of the bundle.
        opened: the same bundle here.
        options: of `hub.edge.Bundle.predict`.
        workers: processes that open the bundle.

    Raises:
        MissingError: HUB-P033, Ray is not installed.
    """
    _require_ray()
    wanted = {"bundle": os.path.abspath(bundle), "variant": opened.variant, "options": dict(options)}  # noqa: PTH100

    def ask(rows: Iterator[InputRow]) -> Iterator[Any]:
        first = next(rows, None)
        if first is None:
            return
        # The rows here only say to which line an answer belongs.
        known = chain([first], rows)
        for answer, _ in zip(_answers(job.rows, first.line, wanted, workers), known, strict=True):
            yield answer

    return replace(job, ask=ask)


class Worker:
    """A bundle in a process of Ray.

    Args:
        bundle: its path.
        variant: that runs.
        options: of `hub.edge.Bundle.predict`.
    """

    def __init__(self, bundle: str, variant: str, options: Mapping[str, Any]) -> None:
        from hub.edge.foreign import open_any

        self._bundle = open_any(bundle, variant=variant, threads=1)
        self._options = options

    def __call__(self, batch: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Answer a batch.

        Args:
            batch: column `INPUT`: texts, pairs as lists, or rows as objects; all as JSON.

        Returns:
            Column `ANSWER`: `hub.cli.answers.record` as JSON, or an object ``error``.
        """
        from hub.cli.answers import record

        inputs = [_input(json.loads(text)) for text in batch[INPUT]]
        answers = self._bundle.predict_iter(inputs, errors=True, workers=1, **self._options)
        found = [_error(a) if isinstance(a, HubError) else record(self._bundle, a) for a in answers]
        return {ANSWER: [json.dumps(value) for value in found]}


def _answers(rows: Rows, first: int, wanted: Mapping[str, Any], workers: int) -> Iterator[Any]:
    """Give the answers of all rows from a line on that can be read."""
    import ray
    import ray.data

    _start(workers)
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # Small blocks: by default a million short texts would be one, and one worker would answer them all.
    context.target_min_block_size, context.target_max_block_size = 1, _BLOCK_BYTES
    dataset = ray.data.read_datasource(_source(rows, first), override_num_blocks=1)
    mapped = dataset.map_batches(
        Worker,
        fn_constructor_kwargs=wanted,
        batch_size=_BLOCK_ROWS,
        batch_format="numpy",
        compute=ray.data.ActorPoolStrategy(size=workers),
    )
    for row in mapped.iter_rows():
        value = json.loads(row[ANSWER])
        error = value.get("error")
        yield DataError(error["code"], error["what"], error["why"]) if error else value


def _source(rows: Rows, first: int) -> Any:
    """Return a data source of Ray that reads rows in one task, as a stream of blocks."""
    from ray.data import Datasource, ReadTask
    from ray.data.block import BlockMetadata

    class RowsOfFile(Datasource):
        """The rows that can be read."""

        def estimate_inmemory_data_size(self) -> int | None:
            """Nothing is known before reading."""
            return None

        def get_read_tasks(self, parallelism: int, *others: Any, **named: Any) -> list[Any]:
            """Return the one task."""
            facts = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)
            return [ReadTask(lambda: _blocks(rows(), first), facts)]

    return RowsOfFile()


def _blocks(rows: Iterable[InputRow], first: int) -> Iterator[Any]:
    """Give tables of Arrow with the column `INPUT`."""
    import pyarrow

    texts: list[str] = []
    for row in rows:
        if row.fault or row.line < first:
            continue
        texts.append(json.dumps(row.input))
        if len(texts) == _BLOCK_ROWS:
            yield pyarrow.table({INPUT: pyarrow.array(texts, pyarrow.string())})
            texts = []
    if texts:
        yield pyarrow.table({INPUT: pyarrow.array(texts, pyarrow.string())})


def _start(workers: int) -> None:
    """Join the cluster that the environment names, or start one on this machine. Nothing is told to anybody."""
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if ray.is_initialized():
        return
    # One more processor than workers by its count, so that the reading has a place too.
    local = {} if os.environ.get(_ADDRESS) else {"num_cpus": workers + 1, "include_dashboard": False}
    ray.init(log_to_driver=False, logging_level=logging.ERROR, **local)


def _require_ray() -> None:
    try:
        import pyarrow  # noqa: F401
        import ray.data  # noqa: F401
    except ImportError as error:
        raise MissingError(
            "HUB-P033", "--engine ray needs Ray", f"it cannot be imported: {error}", 'pip install "domainhub[ray]"'
        ) from error


def _input(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _error(error: HubError) -> dict[str, Any]:
    return {"error": {"code": error.code, "what": error.what, "why": error.why}}

from __future__ import annotations

from pathlib import Path

import pytest

from hub.contract import CardText, DataOptions, Metric, Recipe, Task, UsageError
from hub.data import find_source, prepare

OWN_FILES_ONLY = Task(
    name="own-files",
    kind="text-classification",
    summary="Of the user's rows",
    labels=(),
    sources=(),
    recipes=(Recipe(),),
    metrics=(Metric("accuracy", "hub.contract.metrics:accuracy"),),
    card=CardText("a", "b", "c", "d"),
)


@pytest.mark.parametrize("name", [None, "packaged"])
def test_task_without_a_source_asks_for_files(name: str | None) -> None:
    with pytest.raises(UsageError, match=r"(?s)HUB-U033.*--data DIR") as caught:
        find_source(OWN_FILES_ONLY, name)
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match="HUB-U033"):
        prepare(OWN_FILES_ONLY, DataOptions(), source=name)


def test_task_without_a_source_reads_files(tmp_path: Path) -> None:
    lines = [f"{label} number {n},{label}" for label in ("red", "blue") for n in range(20)]
    (tmp_path / "train.csv").write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    prepared = prepare(OWN_FILES_ONLY, DataOptions(), folder=tmp_path)
    assert [label.id for label in prepared.labels] == ["blue", "red"]
    assert prepared.source is None

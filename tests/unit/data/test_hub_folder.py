from __future__ import annotations

from pathlib import Path

from hub.contract import DataOptions, HubDataset
from hub.data.hub_source import read_hub

REVISION = "0" * 40


def test_one_folder_of_a_repository_without_configurations(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for split in ("train", "test"):
            file = tmp_path / name / split / "0000.csv"
            file.parent.mkdir(parents=True)
            file.write_text(f"text,label\n{name} {split} first,a\n{name} {split} second,b\n", encoding="utf-8")
    wanted = HubDataset("org/name", REVISION, splits={"train": "train", "test": "test"}, folder="two")
    found = read_hub(wanted, "text-classification", DataOptions(), cache=tmp_path / "cache", _folder=tmp_path)
    assert [row.text for row in found.train] == ["two train first", "two train second"]
    assert [row.text for row in found.test] == ["two test first", "two test second"]

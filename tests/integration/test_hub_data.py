"""Rows of a dataset on the Hub, fetched by the unmodified libraries from the stand-in, token and all."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hub_server.server import TOKEN, hub_server

datasets = pytest.importorskip("datasets")

SCRIPT = """
import os, sys
from hub.contract import DataOptions, HubDataset
from hub.contract.errors import HubError
from hub.data.hub_source import read_hub

def read(repo):
    columns = {"text": "sentence", "label": "topic"}
    wanted = HubDataset(repo, sys.argv[1], splits={"train": "train"}, columns=columns)
    return read_hub(wanted, "text-classification", DataOptions()).train

print([(row.text, row.label, row.origin) for row in read("acme/rows")])
del os.environ["HF_TOKEN"]
try:
    read("acme/others")
except HubError as error:
    print(error.code)
"""


@pytest.mark.slow
def test_rows_come_through_the_endpoint_with_the_token(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    stream = io.BytesIO()
    rows = {"sentence": ["a cat", "an oak"], "topic": ["animal", "plant"]}
    pandas.DataFrame(rows).to_parquet(stream)
    with hub_server() as server:
        commit = server.store.add("datasets", "acme/rows", {"data/train-00000-of-00001.parquet": stream.getvalue()})
        server.store.repos["datasets", "acme/rows"].private = True
        server.store.create("datasets", "acme/others", private=True)
        values = {
            **os.environ,
            "HF_ENDPOINT": server.endpoint,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_TOKEN": TOKEN,
        }
        command = [sys.executable, "-c", SCRIPT, commit.oid]

        done = subprocess.run(command, env=values, capture_output=True, text=True, timeout=300)

        assert done.returncode == 0, done.stderr
        found, refused = done.stdout.splitlines()
        assert ast.literal_eval(found) == [
            ("a cat", "animal", "acme/rows/train:1"),
            ("an oak", "plant", "acme/rows/train:2"),
        ]
        assert refused == "HUB-N010"
        asked = server.asked("GET", "/datasets/acme/rows")
        assert asked and all(request.authorized for request in asked)
        assert not any(request.authorized for request in server.asked("GET", "/datasets/acme/others"))
        assert TOKEN not in done.stdout + done.stderr

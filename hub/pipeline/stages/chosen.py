"""The student that the search chose, in the place where a build without a budget trains one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from hub.pipeline.context import Context
from hub.pipeline.fingerprint import files_fingerprint
from hub.pipeline.stages.branch import LEXICAL, MIXTURE
from hub.pipeline.stages.training import MODEL, RESULT


def run(context: Context, folder: Path) -> str:
    """Copy the chosen student: it was trained to its end by the search."""
    search = context.run.stage("search")
    choice = json.loads((search / "choice.json").read_text("utf-8"))
    source = search / choice["folder"]
    shutil.copytree(source / MODEL, folder / MODEL, dirs_exist_ok=True)
    names = (LEXICAL, f"{MIXTURE}.json", f"{RESULT}.json", "vocabulary.json")
    for name in names:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    branch = (file for file in (folder / LEXICAL, folder / f"{MIXTURE}.json") if file.is_file())
    return files_fingerprint((*(folder / MODEL).iterdir(), *branch), folder)

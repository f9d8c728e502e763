"""From a name to a loaded and checked model: runs, transformers, peft, sentence-transformers, SetFit."""

from hub.checkpoint.describe import Checkpoint, Loaded
from hub.checkpoint.find import find_checkpoint, list_kinds
from hub.checkpoint.load import load_checkpoint
from hub.checkpoint.reference import reference_scores
from hub.checkpoint.write import write_files

__all__ = [
    "Checkpoint",
    "Loaded",
    "find_checkpoint",
    "list_kinds",
    "load_checkpoint",
    "reference_scores",
    "write_files",
]

"""Rows from a task's source or the user's files: read, checked, cleaned, split, capped, stored."""

from hub.data.cleaning import serious
from hub.data.forms import form_of
from hub.data.prepared import Prepared, find_source, fingerprint, prepare
from hub.data.readers import read_file, read_folder
from hub.data.store import load, save

__all__ = [
    "Prepared",
    "find_source",
    "fingerprint",
    "form_of",
    "load",
    "prepare",
    "read_file",
    "read_folder",
    "save",
    "serious",
]

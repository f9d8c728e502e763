"""JSON, model cards and weight files of a folder that strangers made, read without loading a weight."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hub.checkpoint.errors import incomplete, unreadable

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")

_HEADER_BYTES = 100_000_000
"""The format's own limit of a header (safetensors documentation)."""

_DTYPE_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2"), 1),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 2),
    **dict.fromkeys(("I32", "U32", "F32"), 4),
    **dict.fromkeys(("I64", "U64", "F64"), 8),
}


@dataclass(frozen=True)
class Weights:
    """The weight files of a folder.

    Args:
        files: in order.
        shapes: of every tensor by name; empty for pickles, which are not opened here.
        pickled: they are pickles.
    """

    files: tuple[Path, ...]
    shapes: dict[str, tuple[int, ...]]
    pickled: bool = False

    @property
    def parameters(self) -> int:
        """Number of weights; 0 for pickles."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def size_bytes(self) -> int:
        """Size of the files in bytes."""
        return sum(file.stat().st_size for file in self.files)


NO_WEIGHTS = Weights((), {})


def read_object(file: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        CheckpointError: HUB-X102 the file is missing or empty, HUB-X103 it is no JSON object.
    """
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise incomplete(file, str(error.strerror or error)) from error
    except ValueError as error:
        raise unreadable(file, "it is not UTF-8 text") from error
    if not text.strip():
        raise incomplete(file, "it is empty")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unreadable(file, str(error)) from error
    if not isinstance(value, dict):
        raise unreadable(file, "it must hold a JSON object")
    return value


def read_optional(file: Path) -> dict[str, Any]:
    """Read a JSON object; empty when there is no such file."""
    return read_object(file) if file.is_file() else {}


def read_card(folder: Path) -> dict[str, Any]:
    """Return the metadata of a model card: the YAML between the first two lines of dashes; empty when there is none."""
    import yaml

    try:
        text = (folder / "README.md").read_text("utf-8")
    except (OSError, ValueError):
        return {}
    if not text.startswith("---"):
        return {}
    try:
        found = yaml.safe_load(text[3:].partition("\n---")[0])
    except yaml.YAMLError:
        return {}  # a card is for people: a broken one takes nothing from the model
    return found if isinstance(found, dict) else {}


def card_words(card: dict[str, Any], key: str) -> str:
    """Return a text, or a list of texts with commas, of a model card; ``""`` when it has none."""
    value = card.get(key)
    several = value if isinstance(value, list) else [value]
    return ", ".join(str(item) for item in several if isinstance(item, str) and item)


def find_weights(folder: Path, name: str = WEIGHTS) -> Weights:
    """Find the weight files of a folder and check that they are whole.

    Args:
        folder: of the checkpoint.
        name: of a single safetensors file.

    Returns:
        Files and shapes; without files when there are none.

    Raises:
        CheckpointError: HUB-X102, a file is missing or cut short, or a download has not ended.
    """
    _check_downloads(folder)
    if (folder / name).is_file():
        return _with_shapes((folder / name,))
    if name == WEIGHTS and (folder / INDEX).is_file():
        return _with_shapes(_shards(folder / INDEX))
    stem = name.removesuffix(".safetensors")
    pickles = PICKLED if name == WEIGHTS else (f"{stem}.bin",)
    found = next((folder / pickle for pickle in pickles if (folder / pickle).is_file()), None)
    if found is None:
        return NO_WEIGHTS
    return Weights(_shards(found) if found.suffix == ".json" else (found,), {}, pickled=True)


def _check_downloads(folder: Path) -> None:
    """Refuse a folder into which a download has not ended."""
    left = sorted((*folder.glob("*.incomplete"), *(folder / ".cache").rglob("*.incomplete")))
    if left:
        raise incomplete(left[0], "a download into this folder was cut short")


def _shards(index: Path) -> tuple[Path, ...]:
    mapping = read_object(index).get("weight_map")
    if not isinstance(mapping, dict) or not mapping:
        raise unreadable(index, "it has no weight_map")
    names = sorted({str(name) for name in mapping.values()})
    for name in names:
        if PurePosixPath(name).name != name or "\\" in name:
            raise unreadable(index, f"{name!r} is no file of the folder")
        if not (index.parent / name).is_file():
            raise incomplete(index.parent / name, f"{index.name} names it, and it is not there")
    return tuple(index.parent / name for name in names)


def _with_shapes(files: tuple[Path, ...]) -> Weights:
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        shapes |= read_shapes(file)
    return Weights(files, shapes)


def read_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of a safetensors file from its header and check that its bytes are all there.

    Source: the format's description, https://huggingface.co/docs/safetensors

    Raises:
        CheckpointError: HUB-X102 the file is shorter than its header says, HUB-X103 it has no such header.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or (length <= _HEADER_BYTES and size < 8 + length):
            raise incomplete(file, f"it has {size} bytes, and its header alone needs more")
        if not 2 <= length <= _HEADER_BYTES:
            raise unreadable(file, "it is no safetensors file")
        head = stream.read(length)
    try:
        entries = json.loads(head)
        tensors = {name: entry for name, entry in entries.items() if name != "__metadata__"}
        shapes = {name: tuple(int(axis) for axis in entry["shape"]) for name, entry in tensors.items()}
        ranges = {
            name: (int(entry["data_offsets"][0]), int(entry["data_offsets"][1])) for name, entry in tensors.items()
        }
        widths = {name: _DTYPE_BYTES.get(entry["dtype"], 0) for name, entry in tensors.items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise unreadable(file, "its header makes no sense") from error
    end = max((stop for _, stop in ranges.values()), default=0)
    if size < 8 + length + end:
        raise incomplete(file, f"it has {size:,} bytes, its header promises {8 + length + end:,}")
    for name, shape in shapes.items():
        if widths[name] and math.prod(shape) * widths[name] != ranges[name][1] - ranges[name][0]:
            raise unreadable(file, f"tensor {name!r} has another size than its shape says")
    return shapes

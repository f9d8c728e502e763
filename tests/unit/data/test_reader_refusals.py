from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.contract import DataError, DataOptions
from hub.data import read_folder

TEXT, MULTI, TOKENS, CLASSES, NUMBERS = (
    "text-classification",
    "multi-label",
    "token-classification",
    "tabular-classification",
    "tabular-regression",
)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def lines(*values: object) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


OK = b"tokens,ner_tags\na b,B-x O\n"
ROW = {"tokens": ["a", "b"], "ner_tags": ["B-x", "O"]}
PLAIN = DataOptions()
BAD: dict[str, tuple[str, DataOptions, dict[str, bytes], str, str, str]] = {
    "empty second text": (
        TEXT,
        DataOptions(text_pair="pair"),
        {"train.csv": b"text,pair,label\na,b,x\nc,,y\n"},
        "HUB-D007",
        "train.csv:3: column 'pair'",
        "a text",
    ),
    "no labels column": (MULTI, PLAIN, {"train.csv": b"text,label\na,b\n"}, "HUB-D003", "train.csv:1:", "'label'"),
    "list as text": (
        MULTI,
        PLAIN,
        {"train.csv": b"text,labels\na,\"['x', 'y']\"\n"},
        "HUB-D005",
        "train.csv:2: column 'labels'",
        "brackets",
    ),
    "label is an object": (
        MULTI,
        PLAIN,
        {"train.jsonl": lines({"text": "a", "labels": [{"id": 1}]})},
        "HUB-D005",
        "train.jsonl:1: column 'labels'",
        "dict",
    ),
    "labels are an object": (
        MULTI,
        PLAIN,
        {"train.jsonl": lines({"text": "a", "labels": {"a": 1}})},
        "HUB-D005",
        "train.jsonl:1:",
        "dict",
    ),
    "one of many labels": (
        MULTI,
        PLAIN,
        {"train.csv": b"text,labels\na,x\nb,\n"},
        "HUB-D008",
        "only one label, 'x'",
        "two",
    ),
    "no label at all": (MULTI, PLAIN, {"train.csv": b"text,labels\na,\n"}, "HUB-D008", "training has no label", "two"),
    "another separator": (
        MULTI,
        PLAIN,
        {"train.csv": b"text,labels\na,x\nb,y\n", "test.csv": b"text,labels\na,x y\n"},
        "HUB-D009",
        "test.csv:2: label 'x y'",
        "data.separator=' '",
    ),
    "fewer tags": (
        TOKENS,
        PLAIN,
        {"train.jsonl": lines(ROW, {"tokens": ["a", "b"], "ner_tags": ["O"]})},
        "HUB-D014",
        "train.jsonl:2: 2 words, but 1 tags",
        "one tag",
    ),
    "fewer words in CSV": (
        TOKENS,
        PLAIN,
        {"train.csv": OK + b"a,O O\n"},
        "HUB-D014",
        "train.csv:3: 1 words",
        "one tag",
    ),
    "empty word": (
        TOKENS,
        PLAIN,
        {"train.jsonl": lines({"tokens": ["a", " "], "ner_tags": ["O", "O"]})},
        "HUB-D014",
        "train.jsonl:1: word 2 is empty",
        "a word",
    ),
    "no words": (
        TOKENS,
        PLAIN,
        {"train.jsonl": lines({"tokens": [], "ner_tags": []})},
        "HUB-D007",
        "train.jsonl:1: column 'tokens'",
        "words",
    ),
    "word is a number": (
        TOKENS,
        PLAIN,
        {"train.jsonl": lines({"tokens": [3], "ner_tags": ["O"]})},
        "HUB-D005",
        "train.jsonl:1: column 'tokens'",
        "int",
    ),
    "tags are numbers": (
        TOKENS,
        PLAIN,
        {"train.jsonl": lines({"tokens": ["a"], "ner_tags": [1]})},
        "HUB-D015",
        "train.jsonl:1: tag 1 is 1",
        "names of the tags",
    ),
    "unknown tag": (TOKENS, PLAIN, {"train.csv": OK + b"a b,O X\n"}, "HUB-D015", "train.csv:3: tag 2 is 'X'", "B-type"),
    "IOBES": (TOKENS, PLAIN, {"train.csv": OK + b"a b,O S-x\n"}, "HUB-D015", "train.csv:3: tag 2", "IOBES"),
    "no entity": (
        TOKENS,
        PLAIN,
        {"train.csv": b"tokens,ner_tags\na,O\n"},
        "HUB-D008",
        "train.csv:2:",
        "all tags are O",
    ),
    "unknown type in test": (
        TOKENS,
        PLAIN,
        {"train.csv": OK, "test.csv": OK.replace(b"B-x", b"B-xx")},
        "HUB-D009",
        "test.csv:2: label 'xx'",
        "did you mean 'x'",
    ),
    "CoNLL line without a tag": (
        TOKENS,
        PLAIN,
        {"train.conll": b"a B-x\nb\n"},
        "HUB-D005",
        "train.conll:2: malformed CoNLL",
        "no tag",
    ),
    "empty CoNLL": (TOKENS, PLAIN, {"train.conll": b"\n\n"}, "HUB-D006", "train.conll:1:", "empty split"),
    "table without labels": (CLASSES, PLAIN, {"train.csv": b"a,lable\n1,2\n"}, "HUB-D003", "train.csv:1:", "'lable'"),
    "table with an empty label": (
        CLASSES,
        PLAIN,
        {"train.csv": b"a,label\n1,x\n2,\n"},
        "HUB-D007",
        "train.csv:3:",
        "label",
    ),
    "nothing but labels": (CLASSES, PLAIN, {"train.csv": b"label\nx\ny\n"}, "HUB-D018", "train.csv:2:", "beside label"),
    "column that test lacks": (
        CLASSES,
        PLAIN,
        {"train.csv": b"size,label\n1,x\n2,y\n", "test.csv": b"seize,label\n1,x\n"},
        "HUB-D003",
        "test.csv:2: there is no column 'size'",
        "did you mean 'seize'",
    ),
    "column that is not there": (
        CLASSES,
        DataOptions(columns=("seize",)),
        {"train.csv": b"size,label\n1,x\n2,y\n"},
        "HUB-D003",
        "train.csv:1: there is no column 'seize'",
        "did you mean 'size'",
    ),
    "text in a column of numbers": (
        CLASSES,
        PLAIN,
        {"train.csv": b"a,label\n1,x\n2,y\n", "test.csv": b"a,label\n1,x\nlow,y\n"},
        "HUB-D016",
        "test.csv:3: 'low' in column 'a'",
        "finite",
    ),
    "infinite measurement": (
        CLASSES,
        PLAIN,
        {"train.jsonl": b'{"a": 1, "label": "x"}\n{"a": Infinity, "label": "y"}\n'},
        "HUB-D016",
        "train.jsonl:2: 'inf' in column 'a'",
        "finite",
    ),
    "list in a table": (
        CLASSES,
        PLAIN,
        {"train.jsonl": lines({"a": [1], "label": "x"}, {"a": [2], "label": "y"})},
        "HUB-D005",
        "train.jsonl:1: column 'a'",
        "list",
    ),
    "unknown class in test": (
        CLASSES,
        PLAIN,
        {"train.csv": b"a,label\n1,x\n2,y\n", "test.csv": b"a,label\n1,z\n"},
        "HUB-D009",
        "test.csv:2: label 'z'",
        "known",
    ),
    "no number": (
        NUMBERS,
        PLAIN,
        {"train.csv": b"a,label\n1,5\n2,1_000\n"},
        "HUB-D016",
        "train.csv:3: '1_000' in column 'label'",
        "finite number",
    ),
    "not a number": (NUMBERS, PLAIN, {"train.csv": b"a,label\n1,nan\n"}, "HUB-D016", "train.csv:2: 'nan'", "finite"),
    "truth value": (
        NUMBERS,
        PLAIN,
        {"train.jsonl": lines({"a": 1, "label": True})},
        "HUB-D016",
        "train.jsonl:1:",
        "finite",
    ),
    "huge number": (
        NUMBERS,
        PLAIN,
        {"train.jsonl": b'{"a": 1, "label": 1' + b"0" * 400 + b"}\n"},
        "HUB-D016",
        "train.jsonl:1:",
        "finite",
    ),
    "no number at all": (
        NUMBERS,
        PLAIN,
        {"train.csv": b"a,label\n1,\n"},
        "HUB-D007",
        "train.csv:2:",
        "number to predict",
    ),
    "one number": (
        NUMBERS,
        PLAIN,
        {"train.csv": b"a,label\n1,5\n2,5.0\n"},
        "HUB-D008",
        "only one number, 5",
        "predict",
    ),
    "broken UTF-8 in a table": (
        CLASSES,
        PLAIN,
        {"train.csv": b"a,label\n1,\xe9\n"},
        "HUB-D004",
        "train.csv:2:",
        "0xe9",
    ),
    "half a character in a table": (
        CLASSES,
        PLAIN,
        {"train.jsonl": b'{"a": "\\ud800", "label": "x"}\n'},
        "HUB-D004",
        "train.jsonl:1: column 'a'",
        "surrogate",
    ),
    "half a character in a label": (
        MULTI,
        PLAIN,
        {"train.jsonl": b'{"text": "a", "labels": ["\\ud800"]}\n'},
        "HUB-D004",
        "train.jsonl:1: column 'labels'",
        "surrogate",
    ),
    "empty split": (
        TOKENS,
        PLAIN,
        {"train.csv": OK, "test.csv": b"tokens,ner_tags\n"},
        "HUB-D006",
        "test.csv:1:",
        "empty",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_by_place(case: str, tmp_path: Path) -> None:
    kind, options, files, code, place, hint = BAD[case]
    write(tmp_path, files)
    with pytest.raises(DataError) as caught:
        read_folder(tmp_path, options, kind)
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert place in caught.value.what
    assert hint in caught.value.why
    assert caught.value.fix
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files

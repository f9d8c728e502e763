"""Fuzzes the opener for a long time: ``python tests/fuzz/fuzz_open.py TARGET SECONDS`` (`make fuzz` runs every target).

With atheris (libFuzzer, guided by coverage of the hub's own code); without it with the seeded mutations of
`tests.fuzz.mutations`. An input that ends in anything but an error of the hub lies in build/fuzz/TARGET.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "fuzz"
TARGETS = (
    *("bundle.json", "config.json", "tokenizer.json", "tokenizer_config.json", "preprocessor.json"),
    *("selftest.jsonl", "model.onnx", "bundle.zip"),
)
BYTES, SECONDS, MEGABYTES = 200_000, 20, 6_000
"""Largest input, longest time of one, most memory."""


def tests_importable() -> None:
    """Make ``tests`` the folder of the checkout, as conftest.py does."""
    spec = importlib.machinery.ModuleSpec("tests", None, is_package=True)
    spec.submodule_search_locations = [str(ROOT / "tests")]
    sys.modules["tests"] = importlib.util.module_from_spec(spec)


def prepared(target: str, folder: Path) -> tuple[bytes, Callable[[bytes], None]]:
    """Return a good input, and a function that opens a bundle with another one in its place."""
    from tests.fuzz import attack, zips
    from tests.support.tiny_bundle import FP32, INT8, make_tiny_bundle
    from tests.support.tiny_kinds import make_table_bundle

    make = make_table_bundle if target == "preprocessor.json" else make_tiny_bundle
    source, copy = make(folder / "source"), folder / "copy"
    if target == "bundle.zip":
        path = folder / "x.zip"

        def open_zip(content: bytes) -> None:
            path.write_bytes(content)
            attack.use(path, deep=False)

        return zips.zipped(source, folder / "good.zip").read_bytes(), open_zip
    names = (FP32, INT8) if target == "model.onnx" else (target,)

    def open_folder(content: bytes) -> None:
        files = dict.fromkeys(names, content)
        attack.use(attack.forged(source, copy, files, anew=not copy.exists()), deep=target == "selftest.jsonl")

    return (source / names[0]).read_bytes(), open_folder


def with_atheris(target: str, seconds: int, good: bytes, check: Callable[[bytes], None]) -> None:
    """Let libFuzzer search; it ends the process, with a code other than 0 when it found something."""
    import atheris

    corpus = WORK / target / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "good").write_bytes(good)
    limits = [f"-max_total_time={seconds}", f"-max_len={BYTES}", f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}"]
    words = [f"-artifact_prefix={WORK / target}/", "-print_final_stats=1", *limits, str(corpus)]

    def one(content: bytes) -> None:
        check(content)

    atheris.Setup([sys.argv[0], *words], one, enable_python_coverage=True)
    atheris.Fuzz()


def with_mutations(target: str, seconds: int, good: bytes, check: Callable[[bytes], None]) -> None:
    """Try one mutation after another."""
    from tests.fuzz import mutations

    ways = mutations.ANY if target in ("model.onnx", "bundle.zip", "selftest.jsonl") else mutations.DOCUMENT
    end, tried = time.monotonic() + seconds, 0
    found = WORK / target / "last"
    found.parent.mkdir(parents=True, exist_ok=True)
    while time.monotonic() < end:
        chance = random.Random(tried)
        content = chance.choice(ways)(chance, good)
        found.write_bytes(content)  # a crash of native code leaves it
        check(content)
        tried += 1
    found.unlink(missing_ok=True)
    sys.stdout.write(json.dumps({"target": target, "tried": tried}) + "\n")


def main(target: str, seconds: int) -> None:
    """Fuzz one target."""
    import contextlib
    import tempfile

    if target not in TARGETS:
        raise SystemExit(f"no target {target!r}; targets are {', '.join(TARGETS)}")
    tests_importable()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    os.environ |= {"DOMAINHUB_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "1"}
    instrumented: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    fuzz = with_mutations
    if importlib.util.find_spec("atheris"):
        import atheris

        instrumented, fuzz = atheris.instrument_imports(include=["hub"]), with_atheris
    else:
        sys.stderr.write("atheris is not installed: mutations without coverage\n")
    with instrumented:
        from hub.edge import archive, bundle, verify  # noqa: F401 - imported here to be instrumented
    good, check = prepared(target, folder)
    check(good)
    fuzz(target, seconds, good, check)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

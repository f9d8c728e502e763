"""Repositories without a bundle.json, as optimum and users of Transformers.js publish them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from hub.contract.errors import BundleError, UsageError, nearest
from hub.edge.schema import check_path
from hub.publish.failures import translated
from hub.publish.place import copy_into
from hub.publish.pulled import Pulled

SMALL = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "1_Pooling/config.json",
    "README.md",
)
"""Files that opening and checking such a folder read."""

FOLDERS = ("", "onnx")
NAMES = {"int8": ("model_quantized", "model_int8", "model_qint8"), "fp32": ("model",), "fp16": ("model_fp16",)}
"""Names of ONNX files for the words that bundles have, as Transformers.js and optimum write them."""


def cached_commit(repo: str, revision: str) -> str:
    """Return the commit of a revision that the cache knows, ``""`` when it knows none."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    storage = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model")
    reference = storage / "refs" / revision
    commit = reference.read_text("utf-8").strip() if reference.is_file() else revision
    return commit if (storage / "snapshots" / commit / SMALL[0]).is_file() else ""


def pull_foreign(repo: str, commit: str, folder: Path, variants: Sequence[str], run: bool = True) -> Pulled:
    """Bring what a model of another tool needs; nothing says what its files must be.

    Args:
        repo: ``org/name``.
        commit: of the repository.
        folder: where to; what is there stays.
        variants: names of ONNX files without ``.onnx``, or ``int8``, ``fp32``, ``fp16``; none for the full model.
        run: check what can be checked.

    Raises:
        BundleError: HUB-E018, the repository has no ONNX model with its configuration and tokenizer.
        UsageError: HUB-E008, it has no such file.
        NetworkError: as `hub.publish.failures.translated` says.
    """
    from huggingface_hub import hf_hub_download

    with translated(f"cannot pull {repo!r}"):
        names = _listing(repo, commit)
    models = [name for name in names if name.endswith(".onnx") and _folder(name) in FOLDERS]
    lacking = [name for name in ("config.json", "tokenizer.json") if name not in names]
    if lacking or not models:
        why = f"it has no {lacking[0] if lacking else 'ONNX file'}, and no bundle.json"
        fix = "a checkpoint of PyTorch becomes a bundle with: hub export ORG/NAME"
        raise BundleError("HUB-E018", f"{repo} is no model that can be pulled", why, fix)
    chosen = _chosen(repo, models, variants)
    data = [name for name in names if any(name.startswith((f"{model}_", f"{model}.")) for model in chosen)]
    wanted = [*chosen, *data, *(name for name in SMALL if name in names)]
    with translated(f"cannot pull {repo!r}"):
        files = {
            check_path(name): Path(hf_hub_download(repo, name, revision=commit, library_name="domainhub"))
            for name in dict.fromkeys(wanted)
        }
    copy_into(folder, files)
    size = sum(file.stat().st_size for file in files.values())
    stems = tuple(PurePosixPath(name).stem for name in chosen)
    done = Pulled(folder, repo, commit, stems, tuple(sorted(files)), size)
    if not run:
        return done
    from hub.edge.foreign_checks import check_foreign

    findings = check_foreign(folder)
    return dataclasses.replace(done, checks=findings.checks, missing=findings.missing)


def _listing(repo: str, commit: str) -> list[str]:
    """Return the files of a commit; offline those that the cache has."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
    from huggingface_hub.file_download import repo_folder_name

    try:
        return list(HfApi(library_name="domainhub").list_repo_files(repo, revision=commit))
    except (OfflineModeIsEnabled, OSError, HfHubHTTPError):
        storage = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model")
        snapshot = storage / "snapshots" / commit
        found = [file.relative_to(snapshot).as_posix() for file in sorted(snapshot.rglob("*")) if file.is_file()]
        if not found:
            raise
        return found


def _folder(name: str) -> str:
    parent = str(PurePosixPath(name).parent)
    return "" if parent == "." else parent


def _chosen(repo: str, models: Sequence[str], variants: Sequence[str]) -> list[str]:
    """Return the ONNX files that variants name."""
    by_stem = {PurePosixPath(name).stem: name for name in sorted(models, key=len, reverse=True)}
    if "all" in variants:
        return list(models)
    if not variants:
        return [by_stem.get("model") or models[0]]
    found = []
    for variant in variants:
        stem = next((name for name in (variant, *NAMES.get(variant, ())) if name in by_stem), "")
        if not stem:
            why = nearest(variant, by_stem)
            raise UsageError("HUB-E008", f"there is no variant {variant!r} in {repo}", why, "see the files on its page")
        found.append(by_stem[stem])
    return list(dict.fromkeys(found))

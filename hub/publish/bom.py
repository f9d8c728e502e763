"""The bill of materials of a bundle (bom.json): what the model was made from, in CycloneDX 1.6 as an ML-BOM.

The model card part follows https://cyclonedx.org/docs/1.6/json/#components_items_modelCard; the library that writes
the document has no class for it, so that it is added to the finished JSON.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hub.contract.errors import MissingError
from hub.edge.files import json_text
from hub.edge.schema import Manifest
from hub.publish.metadata import PIPELINES, repository
from hub.publish.terms import Terms, terms_of

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

BOM = "bom.json"
_SPACE = uuid.UUID("6f0c1f5e-6c0b-5a53-9d1f-3f0a7c9e2b41")
"""Name space of serial numbers: equal bundles have equal ones."""


def bom_text(manifest: Manifest) -> str:
    """Return bom.json of a bundle.

    Args:
        manifest: of the bundle, with the hashes of its model files.

    Returns:
        A JSON document that is equal for an equal manifest; it names no folder and no row.

    Raises:
        MissingError: HUB-P091, ``cyclonedx-python-lib`` is not installed.
    """
    try:
        from cyclonedx.model.bom import Bom
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError as error:
        raise MissingError(
            "HUB-P091", "the bill of materials cannot be written", str(error), 'pip install "domainhub[train]"'
        ) from error
    root, parts = _model(manifest), list(_parts(manifest))
    bom = Bom(components=parts, serial_number=uuid.uuid5(_SPACE, _seed(manifest)))
    bom.metadata.component = root
    bom.metadata.timestamp = _time(manifest)
    bom.register_dependency(root, parts)
    document: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    document["metadata"]["component"]["modelCard"] = _card(manifest)
    return json_text(document)


def _seed(manifest: Manifest) -> str:
    return " ".join([manifest.name, *(f"{path}={entry.sha256}" for path, entry in sorted(_models(manifest).items()))])


def _models(manifest: Manifest) -> dict[str, Any]:
    return {entry.file: manifest.files[entry.file] for entry in manifest.variants.values()}


def _time(manifest: Manifest) -> datetime:
    """Return when the bundle was built; a fixed time when it does not say, so that nothing depends on the clock."""
    try:
        found = datetime.fromisoformat(str(manifest.provenance.get("built", "")))
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _model(manifest: Manifest) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentType

    files = [
        Component(
            name=path,
            type=ComponentType.FILE,
            bom_ref=f"file:{path}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=entry.sha256)],
        )
        for path, entry in sorted(_models(manifest).items())
    ]
    provenance = manifest.provenance
    recipe, data = (provenance.get(key) for key in ("recipe", "data"))
    facts = {
        "task": manifest.task,
        "kind": manifest.kind,
        "run": provenance.get("run"),
        "recipe": recipe.get("name") if isinstance(recipe, Mapping) else None,
        "seed": recipe.get("seed") if isinstance(recipe, Mapping) else None,
        "data-fingerprint": data.get("fingerprint") if isinstance(data, Mapping) else None,
        "processor": manifest.machine.get("processor"),
    }
    return Component(
        name=manifest.name,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref="model",
        version=str(provenance.get("run") or provenance.get("built") or "") or None,
        description=f"Edge bundle of the task {manifest.task}",
        components=files,
        properties=[Property(name=f"domainhub:{key}", value=str(value)) for key, value in facts.items() if value],
    )


def _parts(manifest: Manifest) -> Iterator[Component]:
    """Yield base model, data and packages."""
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    provenance = manifest.provenance
    terms = {entry.subject: entry for entry in terms_of(provenance.get("licences"))}
    base = provenance.get("base_model") or provenance.get("checkpoint")
    if isinstance(base, Mapping) and base.get("id"):
        name, version = str(base["id"]), str(base.get("version") or base.get("revision") or "")
        yield Component(
            name=name,
            type=ComponentType.MACHINE_LEARNING_MODEL,
            bom_ref="base-model",
            version=version or None,
            purl=PackageURL.from_string(_hub_url(name, version)) if repository(name) else None,
            licenses=_licences(terms.get("base model") or terms.get("checkpoint")),
        )
    data = provenance.get("data")
    source = data.get("source") if isinstance(data, Mapping) else None
    if isinstance(data, Mapping) and isinstance(source, Mapping):
        yield Component(
            name=str(source.get("name") or "data"),
            type=ComponentType.DATA,
            bom_ref="data",
            version=str(source.get("version") or "") or None,
            licenses=_licences(terms.get("data")),
            external_references=_home(str(source.get("url") or "")),
        )
    packages = provenance.get("packages")
    for name, version in sorted(packages.items()) if isinstance(packages, Mapping) else ():
        purl = PackageURL("pypi", name=str(name), version=str(version))
        yield Component(name=str(name), version=str(version), bom_ref=str(purl), purl=purl)


def _hub_url(name: str, version: str) -> str:
    commit = f"@{version}" if re.fullmatch(r"[0-9a-f]{40}", version) else ""
    return f"pkg:huggingface/{name.partition('@')[0]}{commit}"


def _home(url: str) -> list[Any]:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri

    if not url.startswith(("http://", "https://")):
        return []
    return [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(url))]


def _licences(terms: Terms | None) -> list[Any]:
    """Return a licence by its SPDX identifier where there is one, otherwise by its name."""
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.spdx import fixup_id

    if terms is None or not terms.licence:
        return []
    known = fixup_id(terms.licence)
    return [DisjunctiveLicense(id=known) if known else DisjunctiveLicense(name=terms.licence)]


def _card(manifest: Manifest) -> dict[str, Any]:
    """Return the model card of CycloneDX: what the model reads, gives and reaches."""
    metrics = [
        {"type": metric, "value": repr(value), "slice": f"{part}, {name}"}
        for name, entry in manifest.variants.items()
        for part, scores in entry.scores.items()
        for metric, value in scores.items()
    ]
    card: dict[str, Any] = {
        "modelParameters": {
            "task": PIPELINES.get(manifest.kind, manifest.kind),
            "inputs": [{"format": name} for name in manifest.inputs],
            "outputs": [{"format": name} for name in manifest.outputs or (manifest.output,)],
        }
    }
    if metrics:
        card["quantitativeAnalysis"] = {"performanceMetrics": metrics}
    return card

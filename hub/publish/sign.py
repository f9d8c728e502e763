"""A signature over bundle.json, which holds the hash of every other file (OpenSSF Model Signing, key files).

The signature is a Sigstore bundle in ``bundle.json.sig``, made and checked by the package ``model-signing`` with an
elliptic-curve key in a PEM file. Nothing here uses the network.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hub.contract.errors import BundleError, MissingError, UsageError
from hub.edge.comparing import Check
from hub.edge.files import written_whole
from hub.edge.folder import SIGNATURE
from hub.edge.schema import MANIFEST

_FOLDER = "bundle"
"""Name of the folder that is signed: it stands in the signature, so it is the same everywhere."""


def sign(folder: Path, key: Path) -> bool:
    """Sign bundle.json; a signature that this key has made already stays, so that publishing again changes nothing.

    Args:
        folder: of the bundle.
        key: PEM file of an elliptic-curve private key, without a password.

    Returns:
        Whether a new signature was made.

    Raises:
        MissingError: HUB-P090, ``model-signing`` is not installed.
        UsageError: HUB-E071, the key cannot be used.
    """
    signing, _ = _library()
    try:
        public = _public_key(key)
        signer = signing.Config().use_elliptic_key_signer(private_key=key)
    except Exception as error:  # key files fail in many ways, with no common base
        raise _bad_key(key, error) from error
    with tempfile.TemporaryDirectory() as place:
        public_file = Path(place) / "public.pem"
        public_file.write_bytes(public)
        if (folder / SIGNATURE).is_file() and check_signature(folder, public_file).ok:
            return False
        with written_whole(folder / SIGNATURE) as target:
            try:
                signer.sign(_alone(folder, Path(place)), target)
            except Exception as error:
                raise _bad_key(key, error) from error
    return True


def check_signature(folder: Path, key: Path) -> Check:
    """Check the signature of a bundle against a public key.

    Args:
        folder: of the bundle.
        key: PEM file of the public key that the maker gave you on another way than the bundle.

    Returns:
        The check ``signature``; it fails when there is none, or when bundle.json is not what was signed.

    Raises:
        MissingError: HUB-P090, ``model-signing`` is not installed.
        UsageError: HUB-E071, the key cannot be read.
    """
    _, verifying = _library()
    if not (folder / SIGNATURE).is_file():
        return Check("signature", False, f"there is no {SIGNATURE}")
    try:
        verifier = verifying.Config().use_elliptic_key_verifier(public_key=key)
    except Exception as error:
        raise _bad_key(key, error) from error
    with tempfile.TemporaryDirectory() as place:
        alone = _alone(folder, Path(place))  # nothing else may be signed in place of bundle.json
        try:
            verifier.verify(alone, folder / SIGNATURE)
        except Exception as error:  # noqa: BLE001 - a wrong signature is a ValueError, a broken one anything
            why = next(iter(str(error).splitlines()), "") or type(error).__name__
            return Check("signature", False, f"{MANIFEST} is not what this key signed: {why}")
    return Check("signature", True, f"{MANIFEST} is what the owner of {key.name} signed")


def require_signature(folder: Path, key: Path) -> None:
    """Refuse a bundle that the owner of a public key did not sign.

    Raises:
        BundleError: HUB-E070.
        MissingError, UsageError: as `check_signature`.
    """
    found = check_signature(folder, key)
    if not found.ok:
        raise BundleError("HUB-E070", "the bundle's signature is not right", found.detail, "ask its maker")


def _alone(folder: Path, place: Path) -> Path:
    alone = place / _FOLDER
    alone.mkdir(exist_ok=True)
    shutil.copyfile(folder / MANIFEST, alone / MANIFEST)
    return alone


def _public_key(key: Path) -> bytes:
    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(key.read_bytes(), None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public: bytes = private.public_key().public_bytes(serialization.Encoding.PEM, form)
    return public


def _library() -> tuple[Any, Any]:
    try:
        from model_signing import signing, verifying
    except ImportError as error:
        raise MissingError(
            "HUB-P090", "signatures cannot be made or checked", str(error), 'pip install "domainhub[sign]"'
        ) from error
    return signing, verifying


def _bad_key(key: Path, error: Exception) -> UsageError:
    why = next(iter(str(error).splitlines()), "") or type(error).__name__
    return UsageError("HUB-E071", f"the key {key} cannot be used", why, "give a PEM file of an elliptic-curve key")

"""Signatures over bundle.json."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub.contract.errors import BundleError, MissingError, UsageError
from hub.edge.folder import SIGNATURE
from hub.publish import sign as signing
from hub.publish.pull import pull
from hub.publish.upload import Options
from tests.support.cli import run_hub
from tests.support.hub_server.server import HubServer
from tests.support.published import files_of, sealed_again
from tests.unit.publish.test_upload import publish


def keys(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a key pair: an elliptic-curve private key and its public one."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    plain, pkcs = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs, plain))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return private, public


@pytest.fixture
def signed(bundle: Path, tmp_path: Path) -> tuple[Path, Path, Path]:
    """A signed bundle, its private key and its public one."""
    pytest.importorskip("model_signing", reason="domainhub[sign] is not installed")
    private, public = keys(tmp_path, "maker")
    assert signing.sign(bundle, private)
    return bundle, private, public


def test_a_signature_is_checked(signed: tuple[Path, Path, Path]) -> None:
    bundle, private, public = signed
    before = (bundle / SIGNATURE).read_bytes()
    assert signing.check_signature(bundle, public).ok
    assert not signing.sign(bundle, private)  # it stands already
    assert (bundle / SIGNATURE).read_bytes() == before


def test_other_keys_and_other_bundles_fail(signed: tuple[Path, Path, Path], tmp_path: Path) -> None:
    bundle, _, public = signed
    _, stranger = keys(tmp_path, "stranger")
    assert not signing.check_signature(bundle, stranger).ok
    (bundle / "NOTICE").write_text("changed", "utf-8")
    sealed_again(bundle)
    assert not signing.check_signature(bundle, public).ok
    (bundle / SIGNATURE).write_text("{}", "utf-8")
    assert not signing.check_signature(bundle, public).ok
    (bundle / SIGNATURE).unlink()
    assert "there is no" in signing.check_signature(bundle, public).detail


def test_keys_that_are_none(signed: tuple[Path, Path, Path], tmp_path: Path) -> None:
    bundle, _, _ = signed
    (tmp_path / "words.pem").write_text("words", "utf-8")
    for key in (tmp_path / "words.pem", tmp_path / "nothing.pem"):
        with pytest.raises(UsageError, match="HUB-E071"):
            signing.sign(bundle, key)
        with pytest.raises(UsageError, match="HUB-E071"):
            signing.check_signature(bundle, key)


def test_published_and_pulled(server: HubServer, signed: tuple[Path, Path, Path], tmp_path: Path) -> None:
    bundle, private, public = signed
    publish(bundle, options=Options(key=private))
    assert publish(bundle, options=Options(key=private)).plan.unchanged

    done = pull("acme/things", tmp_path / "out", say=print, key=public)

    assert done.ok and done.checks[0].name == "signature"
    assert SIGNATURE in files_of(server.store, "acme/things")
    _, stranger = keys(tmp_path, "stranger")
    with pytest.raises(BundleError, match="HUB-E070"):
        pull("acme/things", tmp_path / "other", say=print, key=stranger)
    assert not (tmp_path / "other").exists()


def test_an_unsigned_bundle_is_refused_when_a_signature_is_asked_for(
    server: HubServer, bundle: Path, tmp_path: Path
) -> None:
    publish(bundle)
    with pytest.raises(BundleError, match="is not signed"):
        pull("acme/things", tmp_path / "out", say=print, key=tmp_path / "maker.pub")


def test_without_the_package_it_says_what_to_install(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "model_signing", None)
    with pytest.raises(MissingError) as caught:
        signing.sign(bundle, tmp_path / "key.pem")
    assert (caught.value.code, caught.value.exit_code) == ("HUB-P090", 4)
    assert 'pip install "domainhub[sign]"' in caught.value.fix


def test_verify_of_the_command_line(signed: tuple[Path, Path, Path], tmp_path: Path) -> None:
    bundle, _, public = signed
    _, stranger = keys(tmp_path, "stranger")
    good = run_hub("verify", str(bundle), "--signature", str(public), "--json")
    assert good.code == 0
    assert {"name": "signature", "ok": True, "detail": "bundle.json is what the owner of maker.pub signed"} in (
        good.json()["checks"]
    )
    assert run_hub("verify", str(bundle), "--signature", str(stranger)).code == 1

"""Signed packages: every byte of every file is covered, and nothing but the one key opens them."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mattekit import cli
from mattekit.core import DependencyError, GateRecord, InputError, Verdict
from mattekit.infer import this_machine
from mattekit.package import package_model, verify_package
from mattekit.package.signing import SIGNATURE_NAME, check_signature
from typer.testing import CliRunner

pytest.importorskip("model_signing", reason="signing needs the extra `sign`")


class Keys(NamedTuple):
    """A pair of files."""

    private: Path
    public: Path


def write_keys(folder: Path, *, curve: str = "SECP256R1") -> Keys:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(getattr(ec, curve)())
    found = Keys(folder / "key.pem", folder / "key.pub")
    folder.mkdir(exist_ok=True)
    encoding, none = serialization.Encoding.PEM, serialization.NoEncryption()
    found.private.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, none))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    found.public.write_bytes(key.public_key().public_bytes(encoding, form))
    return found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return write_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signed(light_ir: Path, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed package with a gate's verdict inside. Shared: copy it before changing it."""
    root = tmp_path_factory.mktemp("signed")
    verdict = Verdict(gate="iou of small", metric="iou", limit="min", status="passed", reason="0.9 is at least 0.8")
    GateRecord(machine=this_machine(), outcome="passed", verdicts=(verdict,)).write(root / "gate.json")
    return package_model(light_ir, root / "p", sign=keys.private, evidence=root / "gate.json").path  # pyright: ignore


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Path:
    shutil.copytree(signed, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_signed_package_is_verified_by_its_key_with_the_gates_verdict_inside(signed: Path, keys: Keys) -> None:
    (check,) = verify_package(signed, signed=keys.public).record.packages
    assert len(check.signed_by) == 64
    assert check.passed
    record = json.loads((signed / "records" / "gate.json").read_text())
    assert record["outcome"] == "passed"
    assert "## Gates: passed" in (signed / "README.md").read_text()
    covered = {path.relative_to(signed).as_posix() for path in signed.rglob("*") if path.is_file()}
    assert covered >= {"package.json", "records/gate.json", "model.bin", SIGNATURE_NAME}
    done = CliRunner().invoke(cli.app, ["verify", str(signed), "--signed", str(keys.public)])
    assert done.exit_code == 0
    assert "signed, every file of it" in done.output


def mutations(folder: Path, count: int) -> Iterator[str]:
    """Change one byte after the other, of the files in turn, and put it back; each as it is told in an error."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    drawn = random.Random(count)
    for number in range(count):
        path = files[number % len(files)]
        known = path.read_bytes()
        place, other = drawn.randrange(len(known)), drawn.randrange(1, 256)
        path.write_bytes(known[:place] + bytes([known[place] ^ other]) + known[place + 1 :])
        yield f"{path.relative_to(folder)} at {place}, {known[place]} made {known[place] ^ other}"
        path.write_bytes(known)


def accepted(folder: Path, key: Path, count: int) -> list[str]:
    """Return the mutations that a signature lets pass."""
    found: list[str] = []
    for mutation in mutations(folder, count):
        try:
            check_signature(folder, key)
        except InputError:
            continue
        found.append(mutation)
    return found


def test_a_byte_of_any_file_breaks_the_signature(copy: Path, keys: Keys) -> None:
    assert accepted(copy, keys.public, 60) == []
    assert check_signature(copy, keys.public)


@pytest.mark.slow
def test_a_thousand_bytes_of_any_files_break_the_signature(copy: Path, keys: Keys) -> None:
    assert accepted(copy, keys.public, 1000) == []
    assert check_signature(copy, keys.public)


def test_the_signature_alone_covers_all_other_files(copy: Path, keys: Keys) -> None:
    (copy / ".mattekit-files").unlink()
    assert check_signature(copy, keys.public)
    assert [each for each in accepted(copy, keys.public, 60) if not each.startswith(SIGNATURE_NAME)] == []
    (copy / "golden" / "more.npy").write_bytes(b"more")
    with pytest.raises(InputError, match=r"not as it was signed.*golden/more\.npy"):
        check_signature(copy, keys.public)
    (copy / "golden" / "more.npy").unlink()
    (copy / "card.json").unlink()
    with pytest.raises(InputError, match=r"not as it was signed.*card\.json"):
        check_signature(copy, keys.public)


def test_another_program_checks_the_signature_as_the_page_says(copy: Path, keys: Keys) -> None:
    page = Path(__file__).resolve().parents[1].joinpath("docs", "packages.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"`model_signing (verify key [^`]*)`", page)
    words = line.replace("u2netp", str(copy)).replace("key.pub", str(keys.public)).split()
    done = subprocess.run([sys.executable, "-m", "model_signing", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_mattekits_list_could_not_know_is_found_by_verify(copy: Path, keys: Keys) -> None:
    from mattekit.core import list_of, list_text, sha256_of

    # A forger makes the package whole again, its manifest and its list, but for the signature.
    card = copy / "card.json"
    card.write_text(card.read_text().replace("small", "large"))
    manifest = json.loads((copy / "package.json").read_text())
    manifest["files"]["card.json"] = sha256_of(card)
    (copy / "package.json").write_text(json.dumps(manifest))
    (copy / ".mattekit-files").write_text(list_text(list_of(copy)))
    assert verify_package(copy).passed
    with pytest.raises(InputError, match="not as it was signed"):
        verify_package(copy, signed=keys.public)


def test_another_key_and_no_signature_are_refused(signed: Path, copy: Path, tmp_path: Path) -> None:
    other = write_keys(tmp_path / "other")
    with pytest.raises(InputError, match=r"not by .*key\.pub|signed by another key"):
        verify_package(signed, signed=other.public)
    (copy / SIGNATURE_NAME).unlink()
    with pytest.raises(InputError, match="the package is not signed; package the model with --sign"):
        verify_package(copy, signed=other.public)


def test_a_signed_version_is_held_to_how_its_server_runs_it(light_ir: Path, keys: Keys, tmp_path: Path) -> None:
    root = package_model(light_ir, tmp_path / "served", format="ovms", sign=keys.private).path
    assert verify_package(root, signed=keys.public).passed
    config = json.loads((root / "config.json").read_text())
    entry = config["model_config_list"][0]["config"]
    for change, said in (({"INFERENCE_PRECISION_HINT": "bf16"}, "INFERENCE_PRECISION_HINT"), ({"X": "1"}, "X")):
        asked = {**entry, "plugin_config": {**entry["plugin_config"], **change}}
        (root / "config.json").write_text(json.dumps({"model_config_list": [{"config": asked}]}))
        with pytest.raises(InputError, match=f"runs it with another {said} than it was signed for"):
            verify_package(root, signed=keys.public)
    (root / "config.json").write_text(json.dumps(config))
    (root / "models" / "theirs" / "1").mkdir(parents=True)
    with pytest.raises(InputError, match="theirs/1: mattekit did not package it, so nobody signed it"):
        verify_package(root, signed=keys.public)


@pytest.mark.parametrize("curve", ["SECP384R1", "SECP521R1"])
def test_the_other_curves_sign_too(curve: str, copy: Path, tmp_path: Path) -> None:
    from mattekit.package.signing import sign_folder

    for name in (SIGNATURE_NAME, ".mattekit-files"):
        (copy / name).unlink()
    other = write_keys(tmp_path / "keys", curve=curve)
    sign_folder(copy, other.private)
    assert check_signature(copy, other.public)


def write_bad(kind: str, path: Path) -> Path:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked: Any = serialization.BestAvailableEncryption(b"secret")
    open_ = serialization.NoEncryption()
    made = {
        "text": lambda: b"no key",
        "rsa": lambda: rsa.generate_private_key(65537, 2048).private_bytes(encoding, form, open_),
        "curve": lambda: ec.generate_private_key(ec.SECP256K1()).private_bytes(encoding, form, open_),
        "locked": lambda: ec.generate_private_key(ec.SECP256R1()).private_bytes(encoding, form, locked),
    }
    if kind in made:
        path.write_bytes(made[kind]())
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("absent", r"the key cannot be read \(No such file"),
        ("text", "not a private key in PEM"),
        ("rsa", "not a key of the curves secp256r1"),
        ("curve", "not a key of the curves secp256r1"),
        ("locked", "locked by a password"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_before_anything_is_made(
    kind: str, said: str, light_ir: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        package_model(light_ir, tmp_path / "out", sign=write_bad(kind, tmp_path / "key.pem"))
    assert not (tmp_path / "out").exists()


def test_a_private_key_does_not_check_a_signature(signed: Path, keys: Keys) -> None:
    with pytest.raises(InputError, match=r"not a public key in PEM; make it with: openssl ec"):
        verify_package(signed, signed=keys.private)


def test_without_the_package_the_extra_is_named(
    light_ir: Path, signed: Path, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "model_signing", None)
    with pytest.raises(DependencyError, match=r"needs the package model-signing.*mattekit\[sign\]"):
        package_model(light_ir, tmp_path / "out", sign=keys.private)
    with pytest.raises(DependencyError, match=r"mattekit\[sign\]"):
        verify_package(signed, signed=keys.public)
    assert verify_package(signed).passed


def test_evidence_that_is_none_is_refused(light_ir: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="the folder holds no records"):
        package_model(light_ir, tmp_path / "out", evidence=(str(tmp_path / "empty"),))
    with pytest.raises(InputError, match=r"gate\.json"):
        package_model(light_ir, tmp_path / "out", evidence=(str(tmp_path / "gate.json"),))
    assert not (tmp_path / "out").exists()

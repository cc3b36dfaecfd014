"""Signatures of packages by model-signing's Python API: an elliptic key, offline, over every file.

The signature is a bundle of Sigstore's, `signature.json`, over the SHA-256 of all files but itself and mattekit's list
of them; that list has the hash of the signature, and holds no more than the folder says: no byte is left out.
"""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..convert import PackageManifest
from ..convert.servable import checker
from ..core import LIST_NAME, InputError, last_line, list_of, list_text, needs_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["SIGNATURE_NAME", "check_signature", "private_key", "public_key", "sign_folder"]

SIGNATURE_NAME = "signature.json"

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_MAKE = "make one with: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
_DERIVE = "make it with: openssl ec -in key.pem -pubout -out key.pub"


def private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read a private key.

    Raises:
        DependencyError: model-signing is not installed.
        InputError: the file is no PEM of a private key of a curve that can be used, or is locked by a password.
    """
    _require("signing")
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(path, _MAKE), None)
    except TypeError as error:
        raise InputError(f"{path}: the key is locked by a password; give one without, {_MAKE}") from error
    except ValueError as error:
        raise InputError(f"{path}: not a private key in PEM; {_MAKE}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in _CURVES:
        raise InputError(f"{path}: not a key of the curves {', '.join(_CURVES)}; {_MAKE}")
    return key


def public_key(path: Path) -> ec.EllipticCurvePublicKey:
    """Read a public key.

    Raises:
        DependencyError: model-signing is not installed.
        InputError: the file is no PEM of a public key of a curve that can be used.
    """
    _require("checking a signature")
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read(path, _DERIVE))
    except ValueError as error:
        raise InputError(f"{path}: not a public key in PEM; {_DERIVE}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise InputError(f"{path}: not a key of the curves {', '.join(_CURVES)}; {_DERIVE}")
    return key


def _require(operation: str) -> None:
    """Say what is missing before anything is made; the package takes seconds to import, and that only once."""
    with needs_extra(operation, "model-signing", "sign"):
        importlib.import_module("model_signing")


def _read(path: Path, mend: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the key cannot be read ({error.strerror}); {mend}") from error


def sign_folder(folder: Path, key: Path) -> None:
    """Write the signature of all that lies in a folder into it.

    Args:
        folder: complete but for the signature.
        key: as `private_key` reads it.

    Raises:
        DependencyError: model-signing is not installed.
        InputError: the key cannot be used.
    """
    private_key(key)
    from model_signing import signing

    config = signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(_hashing())
    config.sign(folder, folder / SIGNATURE_NAME)


def check_signature(folder: Path, key: Path) -> str:
    """Make sure that a package is as it was signed, and return the key's SHA-256.

    Args:
        folder: the package.
        key: as `public_key` reads it.

    Raises:
        DependencyError: model-signing is not installed.
        InputError: the package is not signed, or not by this key, or anything in it is another than was signed.
    """
    found = public_key(key)
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    signature = folder / SIGNATURE_NAME
    if not signature.is_file():
        raise InputError(f"{folder}: the package is not signed; package the model with --sign, or get it again")
    list_ = folder / LIST_NAME
    if list_.exists() and list_.read_bytes() != list_text(list_of(folder)).encode():
        raise InputError(f"{folder}: its files are not those of its list, {LIST_NAME}; get the package again")
    from model_signing import verifying

    config = verifying.Config().use_elliptic_key_verifier(public_key=key).set_hashing_config(_hashing())
    try:
        config.verify(folder, signature)
    except InvalidSignature as error:
        raise InputError(f"{folder}: it was signed by another key than {key}, or altered; get it again") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{folder}: it is not as it was signed, or not by {key} ({last_line(error)}); get the package again"
        ) from error
    _check_server(folder)
    return hashlib.sha256(found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _check_server(folder: Path) -> None:
    """Make sure that a server's file, which lies outside of the package, asks for what the package was signed with."""
    manifest = PackageManifest.read(folder)
    try:
        device, asked = checker.asked_for(folder)
    except ValueError as error:
        raise InputError(str(error)) from error
    signed = {"device": manifest.device, **manifest.properties}
    other = [name for name, value in ({"device": device} | asked).items() if signed.get(name) != value]
    other += [name for name in signed if name not in {"device", *asked}]
    if other:
        raise InputError(
            f"{folder}: its server's file runs it with another {', '.join(other)} than it was signed for; mend that "
            "file"
        )


def _hashing() -> Any:
    from model_signing import hashing

    return hashing.Config().set_ignored_paths(paths=[SIGNATURE_NAME, LIST_NAME], ignore_git_paths=False)

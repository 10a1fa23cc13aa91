"""Ed25519 keys and signatures of bundles.

Belongs here: making, reading and fingerprinting keys, signing and checking bytes. Stays out: what is signed.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from exports.aside import write_file

# A key in PEM form has some hundred bytes; a device that is given as one never ends.
_LARGEST_KEY = 1 << 14


class KeyFileError(ValueError):
    """A key file cannot be used; the message says which and why."""


def ensure_signing_key(path: Path, *, is_first: bool = True) -> Ed25519PrivateKey:
    """Read the signing key, or make it on first use, with its public half beside it (`<stem>.pub.pem`).

    Args:
        path: PKCS8 PEM file, mode 0600.
        is_first: whether nothing was signed yet, so that a key may be made.

    Raises:
        KeyFileError: the key is lost, others may read the file, or it holds no Ed25519 key.
    """
    if not path.exists() and (public_key_path(path).exists() or not is_first):
        raise KeyFileError(
            f"{path} is lost, and bundles were signed with it: put it back from the backup; to sign with "
            "another key from now on, tell the ministry and run: "
            f"openssl genpkey -algorithm ed25519 -out {path}"
        )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate()
        write_file(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"{path}: others may read this signing key; run: chmod 600 {path}")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path}: not an unencrypted PKCS8 key ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: expected an Ed25519 key, found {type(key).__name__}")
    public = public_key_path(path)
    pem = public_pem(key.public_key())
    if not public.exists() or public.read_bytes() != pem:
        write_file(public, pem)
    return key


def public_key_path(signing_key: Path) -> Path:
    """Give the path of the public key that lies beside a signing key."""
    return signing_key.with_name(f"{signing_key.stem}.pub.pem")


def public_pem(key: Ed25519PublicKey) -> bytes:
    """Write a public key as PEM, the form that `openssl` reads."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        KeyFileError: the file cannot be read or holds no Ed25519 public key.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_KEY)
    except OSError as error:
        raise KeyFileError(f"{path}: not a public key in PEM form ({error})") from error
    return parse_public_key(content, str(path))


def parse_public_key(content: bytes, name: str) -> Ed25519PublicKey:
    """Read a public key out of the content of a file, which `name` tells.

    Raises:
        KeyFileError: it holds no Ed25519 public key.
    """
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{name}: not a public key in PEM form ({error})") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{name}: expected an Ed25519 public key, found {type(key).__name__}")
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """Give the sha256 of the key's DER form: what sender and receiver compare by another way."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def is_signed_by(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    """Tell whether the signature of these bytes is from this key."""
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True

"""Keys: made once, kept private, refused when they are not what they should be."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exports.signature import (
    KeyFileError,
    ensure_signing_key,
    fingerprint,
    is_signed_by,
    public_key_path,
    read_public_key,
)


def test_key_is_made_once_private_with_its_public_half_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    key = ensure_signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    again = ensure_signing_key(path)
    assert path.read_bytes() == content
    public = read_public_key(public_key_path(path))
    assert fingerprint(public) == fingerprint(key.public_key()) == fingerprint(again.public_key())
    assert is_signed_by(public, key.sign(b"isi"), b"isi")
    assert not is_signed_by(public, key.sign(b"isi"), b"isi lain")
    assert not is_signed_by(Ed25519PrivateKey.generate().public_key(), key.sign(b"isi"), b"isi")


def test_lost_public_half_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    ensure_signing_key(path)
    before = public_key_path(path).read_bytes()
    public_key_path(path).unlink()
    ensure_signing_key(path)
    assert public_key_path(path).read_bytes() == before


def test_wrong_key_files_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("bukan kunci")
    broken.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"broken\.pem: not an unencrypted PKCS8 key"):
        ensure_signing_key(broken)
    with pytest.raises(KeyFileError, match=r"broken\.pem: not a public key"):
        read_public_key(broken)
    open_to_all = tmp_path / "open.pem"
    ensure_signing_key(open_to_all)
    open_to_all.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        ensure_signing_key(open_to_all)

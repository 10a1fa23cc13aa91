"""Receipts: what was delivered, when and where, signed with the home's key.

Belongs here: writing, reading and checking them. Stays out: what the receiver answers (`answers.py`).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from exports.aside import write_file
from exports.signature import ensure_signing_key, is_signed_by, read_public_key

FOLDER = "receipts"


@dataclass(frozen=True)
class Receipt:
    """One delivery.

    Attributes:
        bundle: its name.
        tagmanifest_sha256: of the bundle's tag manifest, which speaks for every file of it.
        bytes: of all its files.
        files: how many they are.
        delivered_at: UTC, ISO 8601, in seconds.
        target: where to, without secrets.
        host_key: fingerprint of the SFTP server's key, `SHA256:…`; None where there is none.
        was_there: whether it lay there already, whole, and only the receipt was missing.
    """

    bundle: str
    tagmanifest_sha256: str
    bytes: int
    files: int
    delivered_at: str
    target: str
    host_key: str | None
    was_there: bool


def receipt_path(outbox: Path, bundle: str) -> Path:
    """Where the receipt of a bundle lies; its signature is beside it, as `.sig`."""
    return outbox / FOLDER / f"{bundle}.json"


def make_ready(outbox: Path, signing_key: Path) -> None:
    """See to it that a receipt could be written and signed.

    Raises:
        KeyFileError: the signing key cannot be used.
        OSError: their folder can not be made.
    """
    (outbox / FOLDER).mkdir(exist_ok=True)
    ensure_signing_key(signing_key, is_first=False)


def write_receipt(outbox: Path, receipt: Receipt, signing_key: Path) -> Path:
    """Write a receipt and its detached Ed25519 signature.

    Raises:
        KeyFileError: the signing key cannot be used.
        OSError: it can not be written.
    """
    path = receipt_path(outbox, receipt.bundle)
    content = (json.dumps(asdict(receipt), ensure_ascii=False, indent=2) + "\n").encode()
    key = ensure_signing_key(signing_key, is_first=False)
    # The signature first: where a receipt is, it is whole.
    write_file(_signature_path(path), key.sign(content))
    write_file(path, content)
    return path


def read_receipt(path: Path) -> Receipt | None:
    """Read a receipt; None where there is none, or what lies there is none."""
    try:
        receipt = Receipt(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return receipt if receipt.bundle == path.stem else None


def receipts_of(outbox: Path) -> list[Path]:
    """The files of all receipts of an outbox, by name."""
    return sorted((outbox / FOLDER).glob("spbe-*-v*.json"))


def read_receipts(outbox: Path) -> dict[str, Receipt]:
    """All receipts of an outbox, by the name of their bundle."""
    found = (read_receipt(path) for path in receipts_of(outbox))
    return {receipt.bundle: receipt for receipt in found if receipt}


def is_signed(path: Path, public_key: Path) -> bool:
    """Tell whether a receipt is as the owner of this key wrote it.

    Raises:
        KeyFileError: the public key cannot be read.
    """
    key = read_public_key(public_key)
    try:
        return is_signed_by(key, _signature_path(path).read_bytes(), path.read_bytes())
    except OSError:
        return False


def _signature_path(receipt: Path) -> Path:
    return receipt.with_name(f"{receipt.name}.sig")

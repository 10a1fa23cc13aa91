"""Check a received bundle, from the cheapest check to the dearest, and name every fault.

Belongs here: the order of the checks, whose key it is. Stays out: making a bundle (`bundle.py`), each check
(`verification/`).
"""

import re
from collections.abc import Collection
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exports.signature import KeyFileError, fingerprint, is_signed_by, parse_public_key, read_public_key
from exports.verification.files import (
    BAG_INFO,
    PUBLIC_KEY,
    SIGNATURE,
    TAG_MANIFEST,
    check_declaration,
    hash_file,
    look_over,
    read_small,
)
from exports.verification.manifests import check_manifests
from exports.verification.report import Problem, Verdict, VerifyReport
from exports.verification.succession import Earlier, EarlierError, check_after, check_info, read_receipt
from exports.verification.tables import check_tables

__all__ = [
    "PUBLIC_KEY",
    "SIGNATURE",
    "TAG_MANIFEST",
    "Earlier",
    "EarlierError",
    "Problem",
    "Verdict",
    "VerifyReport",
    "look_again",
    "parse_fingerprint",
    "read_earlier",
    "verify_bundle",
]


def verify_bundle(
    path: Path,
    public_key: Path | None,
    *,
    key_fingerprint: str | None = None,
    known: Collection[str] = (),
    after: Earlier | None = None,
) -> VerifyReport:
    """Check layout, signature, both manifests, extra and missing files, tables against datapackage.json.

    Args:
        path: the bundle's folder.
        public_key: the sender's key, received by another way; another one in the bundle is a problem.
        key_fingerprint: the same by its fingerprint, 64 hexadecimal digits in lower case.
        known: fingerprints of keys that are believed; another one in the bundle is no problem.
        after: a bundle received before, which this one must replace.

    Returns:
        A report with every problem found; nothing is changed or executed. Without a key that is known it
        proves that nothing changed since signing, not who signed.

    Raises:
        FileNotFoundError: there is no such folder.
        KeyFileError: the given public key cannot be read.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such bundle folder")
    given = read_public_key(public_key) if public_key else None
    wanted = {fingerprint(given)} if given else set()
    if key_fingerprint:
        wanted.add(key_fingerprint)
    report = VerifyReport(path)
    try:
        _check(report, wanted, known, after)
    except (OSError, MemoryError, RecursionError) as error:
        told = error.strerror if isinstance(error, OSError) else None
        report.add("reading", ".", "a bundle that can be read", told or type(error).__name__)
    return report


def look_again(path: Path, public_key: Path) -> VerifyReport:
    """Look over a bundle of one's own that nobody should have touched; little of it is read.

    Signature, tag files and names are checked as by `verify_bundle`; of the payload only files younger than
    the signature are read, and the bytes of all are added up. A disk that loses bits goes unseen until the
    bundle is verified whole, which each delivery does.

    Args:
        path: the bundle's folder.
        public_key: the key that it must be signed by.

    Raises:
        FileNotFoundError, KeyFileError: as `verify_bundle`.
    """
    report = VerifyReport(path)
    wanted = {fingerprint(read_public_key(public_key))}
    try:
        look_over(report)
        if not report.problems:
            check_declaration(report)
        if report.is_valid:
            check_info(report)
            _check_signature(report, wanted, ())
            check_manifests(report, since_ns=(path / SIGNATURE).stat().st_mtime_ns)
            _check_oxum(report)
    except OSError as error:
        report.add("reading", ".", "a bundle that can be read", error.strerror or type(error).__name__)
    return report


def _check_oxum(report: VerifyReport) -> None:
    """Compare bytes and number of the payload's files with what bag-info.txt says."""
    sizes = [size for name, size in report.sizes.items() if name.startswith("data/")]
    found, told = f"{sum(sizes)}.{len(sizes)}", report.info.get("Payload-Oxum", "")
    if found != told:
        report.add("bag-info", BAG_INFO, f"Payload-Oxum: {told}", found)


def _check(report: VerifyReport, wanted: set[str], known: Collection[str], after: Earlier | None) -> None:
    look_over(report)
    if not report.problems:
        check_declaration(report)
    if report.problems:
        return
    check_info(report)
    _check_signature(report, wanted, known)
    if after:
        check_after(report, after)
    check_manifests(report)
    if report.is_valid:
        check_tables(report)


def _check_signature(report: VerifyReport, wanted: set[str], known: Collection[str]) -> None:
    key = _key_inside(report)
    if key is None:
        return
    own = report.key_fingerprint = fingerprint(key)
    if not is_signed_by(key, read_small(report, SIGNATURE), read_small(report, TAG_MANIFEST)):
        report.add("signature", SIGNATURE, f"a signature of {TAG_MANIFEST} by key {own}", "another one")
    for other in sorted(wanted - {own}):
        report.add("signature", PUBLIC_KEY, f"key {other}", f"key {own}")
    report.is_known = own in wanted or own in known
    if not wanted and not report.is_known:
        report.notes.append(
            "checked with the key inside the bundle: nothing changed since signing, but who signed is proven "
            f"only by comparing the key's fingerprint with the sender's: {own}"
        )


def _key_inside(report: VerifyReport) -> Ed25519PublicKey | None:
    try:
        return parse_public_key(read_small(report, PUBLIC_KEY), PUBLIC_KEY)
    except KeyFileError as error:
        report.add("signature", PUBLIC_KEY, "an Ed25519 public key", str(error))
        return None


def parse_fingerprint(text: str) -> str:
    """Give a fingerprint as it is compared, from how it stands on paper: any case, colons, blanks, `sha256:`.

    Raises:
        ValueError: it is not the whole of one.
    """
    digits = re.sub(r"[\s:-]", "", text.strip().lower().removeprefix("sha256"))
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError(f"expected 64 hexadecimal digits, found {len(digits)} characters")
    return digits


def read_earlier(path: Path) -> Earlier:
    """Read what was received before: the folder of a bundle, or a receipt.

    Raises:
        EarlierError: it is neither, or the bundle is not as it was signed.
    """
    if not path.is_dir():
        return read_receipt(path)
    report = verify_bundle(path, None)
    if report.problems:
        raise EarlierError(f"not a bundle as it was signed ({report.problems[0]})")
    name, tag_sha256 = report.info["External-Identifier"], hash_file(report, TAG_MANIFEST)
    return Earlier(name, tag_sha256, report.key_fingerprint)

"""What a check found: problems, the verdict, whose key.

Belongs here: how it is kept and said. Stays out: looking for it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from exports.strangers import plain


class Verdict(StrEnum):
    """What is true of a bundle."""

    VALID = "valid"
    """Complete, unchanged, and signed by a key that is known."""
    CHANGED = "changed"
    """Changed or incomplete, or not by the key, or not after the bundle, that was asked for."""
    UNKNOWN_KEY = "unknown key"
    """Complete and unchanged since it was signed, but anybody may have signed it."""


@dataclass(frozen=True)
class Problem:
    """One fault: which check found it, in which file (inside the bundle), what was expected and found.

    The fields hold what stands in the bundle; as text they are cut and escaped.
    """

    check: str
    file: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.check}: {plain(self.file)}: expected {plain(self.expected)}, found {plain(self.found)}"


@dataclass
class VerifyReport:
    """The verdict on one bundle.

    `problems` is empty for an intact bundle; `notes` says what the verdict does not prove; `info` holds the
    fields of `bag-info.txt`; `files` counts the files whose hash was checked; `key_fingerprint` is of the key
    in the bundle, None where it is none; `is_known` says whether the caller knows it; `sizes` holds bytes and
    `hashes` sha256 by the file's path inside the bundle.
    """

    path: Path
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    info: dict[str, str] = field(default_factory=dict)
    key_fingerprint: str | None = None
    is_known: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """How many files were hashed."""
        return len(self.hashes)

    @property
    def is_valid(self) -> bool:
        """Tell whether nothing was found wrong; whose key it is, is another question."""
        return not self.problems

    @property
    def verdict(self) -> Verdict:
        """What is true of the bundle."""
        if self.problems:
            return Verdict.CHANGED
        return Verdict.VALID if self.is_known else Verdict.UNKNOWN_KEY

    @property
    def name(self) -> str:
        """The name of the bundle's folder, as it may be shown."""
        return plain(self.path.resolve().name)

    @property
    def summary(self) -> str:
        """Bundle, verdict and key in one line."""
        key = self.key_fingerprint or "unreadable"
        if self.verdict is Verdict.VALID:
            return f"{self.name}: valid, complete and unchanged; signed by known key {key}"
        if self.verdict is Verdict.UNKNOWN_KEY:
            return f"{self.name}: complete and unchanged since signing, but by UNKNOWN key {key}"
        many = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        return f"{self.name}: NOT VALID, {many}; key in the bundle {key}"

    def add(self, check: str, file: str, expected: str, found: str) -> None:
        """Record one fault."""
        self.problems.append(Problem(check, file, expected, found))

"""Why a whole file is not loaded: a code for machines, a sentence in Indonesian for its sender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sources.left_out import LeftOut


class FileProblem(Exception):
    """A file that is not loaded as a whole.

    Attributes:
        code: stable identifier, such as `wrong_header`.
        message: Indonesian sentence that says what was expected and what was found.
        left_out: what is known to stand in the file all the same.
        details: for the log alone, where the fault may be ours.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.left_out: Sequence[LeftOut] = ()
        self.details: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class FileRejected(FileProblem):
    """The file can not be used; its sender must send another."""


class FileWaiting(FileProblem):
    """The file is not complete yet; it is looked at again on the next run."""


class KeyLost(Exception):
    """The key that pseudonyms were made with is not there; another would make two persons of each."""

"""Why a whole file is not loaded: a code for machines, a sentence in Indonesian for its sender."""


class FileProblem(Exception):
    """A file that is not loaded as a whole.

    Attributes:
        code: stable identifier, such as `wrong_header`.
        message: Indonesian sentence that says what was expected and what was found.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class FileRejected(FileProblem):
    """The file can not be used; its sender must send another."""


class FileWaiting(FileProblem):
    """The file is not complete yet; it is looked at again on the next run."""

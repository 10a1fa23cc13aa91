"""A command of one's own as the way to the receiver.

Belongs here: running it. Stays out: what it does; it is run once for each bundle, and exit 0 means delivered.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from exports.delivery.target import DeliveryFailed
from exports.strangers import plain

_TAIL_BYTES = 2_000


def run_command(words: Sequence[str], bundle: Path, max_seconds: float) -> None:
    """Run the command with the bundle's folder as its last argument, without a shell.

    Args:
        words: the command and its arguments.
        bundle: the folder.
        max_seconds: after which it is killed.

    Raises:
        DeliveryFailed: it can not be run, takes too long or ends with another code than 0; with the last line
            of its standard error.
    """
    name = Path(words[0]).name
    with tempfile.TemporaryFile() as said:
        try:
            done = subprocess.run(
                [*words, str(bundle)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                timeout=max_seconds,
                check=False,
            )
        except OSError as error:
            why = error.strerror or "can not be run"
            raise DeliveryFailed(f"command {name}: {why}; correct deliver_to") from error
        except subprocess.TimeoutExpired:
            raise DeliveryFailed(
                f"command {name}: did not end in {max_seconds:.0f} seconds (deliver_max_seconds)"
            ) from None
        if done.returncode == 0:
            return
        said.seek(max(said.seek(0, 2) - _TAIL_BYTES, 0))
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    told = f" ({plain(lines[-1])})" if lines else ""
    raise DeliveryFailed(f"command {name}: ended with {done.returncode}{told}", may_help_again=True)

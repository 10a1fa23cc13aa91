"""`python -m exports.notebook`: the notebook in a browser, answered by 127.0.0.1 alone.

Belongs here: the switches that marimo is started with. Stays out: what the notebook shows (`questions.py`).
"""

import subprocess
import sys
from pathlib import Path

# `run` shows the answers and, unlike `edit`, never asks whether there is a newer marimo; a token keeps others
# of the machine out, and without a sandbox nothing is installed.
COMMAND = ["run", "--no-sandbox", "--host", "127.0.0.1", "--token"]


def main() -> int:
    """Show the notebook until it is stopped; the exit code of marimo."""
    notebook = Path(__file__).with_name("questions.py")
    try:
        return subprocess.call([sys.executable, "-m", "marimo", *COMMAND, *sys.argv[1:], str(notebook)])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

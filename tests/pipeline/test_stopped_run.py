"""A run that is stopped by Ctrl-C or SIGTERM says so in one line, leaves nothing running, and is finished by
running again."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from killed_homes import begin

# A word that the run says when a link begins, seconds after it, and what comes then.
STOPS = [
    ("reading", 1.5, signal.SIGTERM),
    ("index", 2.0, signal.SIGINT),
]
MORE_STOPS = [
    ("preparing", 0.3, signal.SIGINT),
    *[("preparing", seconds, signal.SIGTERM) for seconds in (0.1, 1.0, 2.0)],
    *[("reading", seconds, signal.SIGINT) for seconds in (0.2, 0.5, 1.0, 1.5, 2.0)],
    *[("index", seconds, signal.SIGTERM) for seconds in (0.3, 0.6, 1.0, 1.5, 2.5, 3.0, 3.5, 4.0)],
]
ENDED = {signal.SIGINT: ("Ctrl-C", 130), signal.SIGTERM: ("SIGTERM", 143)}


class Run:
    """A `spbe run` on an inbox of one table, in a session of its own, as a terminal starts it."""

    def __init__(self, home: Path, inbox: Path) -> None:
        self.home = home
        self.process = begin(
            home,
            *("run", "--inbox", str(inbox)),
            variables={"SPBE_AS_OF": "2026-10-31"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def stopped(self, word: str, seconds: float, number: signal.Signals) -> list[str]:
        """Signal the whole group after a word, as Ctrl-C does; the lines after the one with the word."""
        assert self.process.stderr is not None
        after: list[str] = []
        signalling = threading.Timer(seconds, os.killpg, [self.process.pid, number])
        for line in self.process.stderr:
            if signalling.ident is not None:
                after.append(line.rstrip("\n"))
            elif word in line:
                signalling.start()
        signalling.cancel()
        self.process.wait(timeout=10)
        return after

    def left(self) -> list[str]:
        """What still runs with this home in its environment."""
        wanted, found = f"SPBE_HOME={self.home}".encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if wanted in (entry / "environ").read_bytes().split(b"\0") and state not in "ZX":
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


def test_it_ends_in_one_line_and_the_next_run_finishes(tmp_path: Path) -> None:
    home, inbox = tmp_path / "home", tmp_path / "inbox"
    file = inbox / "opd_register" / "12.07" / "opd.csv"
    file.parent.mkdir(parents=True)
    rows = "opd_code,opd_name\n"
    for word, seconds, number in STOPS + (MORE_STOPS if os.environ.get("TEST_LONG") == "1" else []):
        # Each run has something to do.
        rows += f"12.07-{len(rows)},Dinas {len(rows)}\n"
        file.write_text(rows, encoding="utf-8")
        name, code = ENDED[number]
        run = Run(home, inbox)
        told = [line for line in run.stopped(word, seconds, number) if not line.startswith(("… ", "    "))]
        assert told == [f"spbe: stopped by {name}; run again to finish what was begun"], (word, seconds)
        assert run.process.returncode == code
        assert run.process.stdout is not None
        assert run.process.stdout.read() == ""
        time.sleep(0.2)
        assert run.left() == []
    last = Run(home, inbox)
    out, errors = last.process.communicate()
    assert last.process.returncode == 0, errors
    assert "Files received: 1" in out

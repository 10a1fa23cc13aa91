"""A command of ours with the processor seconds of its parts.

Run by hand: `.venv/bin/python tests/benchmarks/cpu_parts.py run`, as the command `spbe run`. Prints to
stderr, after the command's own output, CPU seconds by part: each without the parts that it calls, DuckDB's
threads and dbt's with the part that waits for them. What importing modules takes is a part of its own,
wherever it happens.
"""

import functools
import importlib
import inspect
import resource
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

# Part to the functions that are it.
PARTS = {
    "plan": ("orchestration.plan.plan_night", "orchestration.plan.plan_rest"),
    "definitions": ("orchestration.build.build_definitions",),
    "intake": ("orchestration.intake.receive.receive", "orchestration.intake.prepare.prepare_warehouse"),
    "verdict (Great Expectations)": ("expectations.suite.verdicts",),
    "dbt": ("orchestration.dbt.run_dbt", "orchestration.dbt.prepare_manifest", "orchestration.dbt._load"),
    "models": ("orchestration.repeat.build_changed",),
    "publish": ("exports.publish.publish_database",),
    "pages": ("exports.reports.site.write_reports",),
    "formats": ("exports.reports.formats.write_formats",),
    "feedback": ("exports.feedback.write_feedback",),
    "open data": ("exports.open_data.write_open_data",),
    "bundle": ("exports.bundle.build_bundle",),
    "notes": ("orchestration.manifest.finish",),
    "upkeep": (
        "orchestration.upkeep.copy_warehouse",
        "orchestration.upkeep.find_surplus",
        "orchestration.intake.mend.watch_archive",
    ),
    "fingerprints": (
        "orchestration.program.program_fingerprint",
        "orchestration.program.outputs_fingerprint",
        "orchestration.program.project_fingerprint",
        "orchestration.program.results_fingerprint",
    ),
    "summary": ("orchestration.cli.run.print_summary",),
    "Dagster": ("orchestration.night._execute",),
}
_OURS = ("orchestration.", "exports.", "expectations.", "sources.")


class Meter:
    """CPU seconds of the process by part; the part that was begun last has them."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._open = ["start"]
        self._own = self._all = 0.0

    def turn(self) -> None:
        """What was used since the last turn is the open part's; other threads are dbt's while that runs."""
        part = self._open[-1]
        own, every = time.thread_time(), time.process_time()
        self.seconds[part] += own - self._own
        beside = "dbt" if any(thread.name == "dbt" for thread in threading.enumerate()) else part
        self.seconds[beside] += (every - self._all) - (own - self._own)
        self._own, self._all = own, every

    def begin(self, part: str) -> None:
        """Open a part."""
        self.turn()
        self._open.append(part)

    def end(self) -> None:
        """Close the part that was opened last."""
        self.turn()
        self._open.pop()


def _metered(meter: Meter, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*arguments: Any, **named: Any) -> Iterator[Any]:
            items = function(*arguments, **named)
            while True:
                meter.begin(part)
                try:
                    item = next(items)
                except StopIteration as done:
                    return done.value
                finally:
                    meter.end()
                yield item

        return generator

    @functools.wraps(function)
    def plain(*arguments: Any, **named: Any) -> Any:
        meter.begin(part)
        try:
            return function(*arguments, **named)
        finally:
            meter.end()

    return plain


class _Watch:
    """Puts meters into modules as they are imported, and counts the importing."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._waiting = {name: part for part, names in PARTS.items() for name in names}
        self._depth = 0
        bootstrap: Any = importlib._bootstrap
        self._load = bootstrap._find_and_load
        bootstrap._find_and_load = self.load

    def load(self, name: str, importer: Any) -> Any:
        """Stand in the place of the interpreter's own."""
        if threading.current_thread() is not threading.main_thread():
            return self._load(name, importer)
        if self._depth == 0:
            self._meter.begin("imports")
        self._depth += 1
        try:
            return self._load(name, importer)
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._put_meters()
                self._meter.end()

    def _put_meters(self) -> None:
        for name, part in list(self._waiting.items()):
            place, _, attribute = name.rpartition(".")
            module = sys.modules.get(place)
            function = getattr(module, attribute, None)
            if function is None:
                continue
            del self._waiting[name]
            metered = _metered(self._meter, part, function)
            for other, held in list(sys.modules.items()):
                if other.startswith(_OURS) and getattr(held, attribute, None) is function:
                    setattr(held, attribute, metered)


def main() -> None:
    """Run the command, then tell."""
    meter = Meter()
    meter.turn()
    meter.seconds["interpreter"] = meter.seconds.pop("start")
    _Watch(meter)
    try:
        from orchestration.cli.main import main as command

        command()
    finally:
        meter.turn()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        meter.seconds["other processes"] = children.ru_utime + children.ru_stime
        told = dict(sorted(meter.seconds.items(), key=lambda item: -item[1]))
        for part, seconds in told.items():
            print(f"{seconds:8.2f}  {part}", file=sys.stderr)
        print(f"{sum(told.values()):8.2f}  CPU s", file=sys.stderr)


if __name__ == "__main__":
    main()

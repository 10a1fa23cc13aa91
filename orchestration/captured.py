"""What a run prints: kept in a file where the web interface started it, else left on the terminal.

Belongs here: where standard output and error of a step go, which events are shown on the terminal. Stays out:
storing events (`events.py`), our own messages.
"""

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData
from dagster._utils import ensure_file, touch_file

from orchestration.processes import LEADER


@dg.logger(
    config_schema={
        "log_level": dg.Field(str, default_value="ERROR"),
        "name": dg.Field(str, default_value="dagster"),
    },
    description="Errors of a run on the terminal; every event stands in the log of events.",
)
def console(context: dg.InitLoggerContext) -> logging.Logger:
    """Dagster's own logger for the terminal, which would show every event there."""
    function = dg.colored_console_logger.logger_fn
    return function(context)


class CapturedOutput(LocalComputeLogManager):
    """Dagster's own files of captured output, without its mirror.

    Dagster shows on the terminal, too, what it captures, and starts four processes a link of the night for
    that; stopped by Ctrl-C they print tracebacks, and what a step says arrives a second late.
    """

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to set: the files lie where Dagster would put them."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "CapturedOutput":
        """The output of the instance in DAGSTER_HOME."""
        return cls(str(Path(os.environ["DAGSTER_HOME"]) / "storage"), inst_data=inst_data)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Send what the process prints to the step's files, if it is a run of the web interface."""
        if LEADER not in os.environ:
            yield CapturedLogContext(log_key)
            return
        out, errors = (self.get_captured_local_path(log_key, end) for end in ("out", "err"))
        ensure_file(out)
        ensure_file(errors)
        with redirect_to_file(sys.stdout, out), redirect_to_file(sys.stderr, errors):
            yield CapturedLogContext(log_key)
        touch_file(self.complete_artifact_path(log_key))

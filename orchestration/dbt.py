"""The dbt project as Dagster sees it: its manifest, its assets' names and its command line.

Belongs here: preparing the manifest and building dbt's arguments. Stays out: any model (`dbt_project/`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

from orchestration.settings import PROJECT, Settings

DBT_PROJECT = PROJECT / "dbt_project"
_PARTS = ("models", "seeds", "macros", "tests")


class DbtNotReady(Exception):
    """dbt could not read its project; the message holds dbt's own words."""


def target_path(settings: Settings) -> Path:
    """Where dbt keeps manifest, parse cache and the artifacts of runs: in the home, not in the checkout."""
    return settings.home / "dbt"


def dbt_executable() -> str:
    """The `dbt` beside the running Python."""
    return str(Path(sys.executable).with_name("dbt"))


def project_fingerprint() -> str:
    """Changes when any file of the dbt project changes."""
    digest = hashlib.sha256()
    files = [DBT_PROJECT / "dbt_project.yml", DBT_PROJECT / "profiles.yml"]
    for part in _PARTS:
        files += [p for p in (DBT_PROJECT / part).rglob("*") if p.is_file()]
    for path in sorted(files):
        digest.update(str(path.relative_to(DBT_PROJECT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def prepare_manifest(settings: Settings) -> Path:
    """The manifest of the project as it is now; parsed again only when a file changed.

    Raises:
        DbtNotReady: dbt refuses the project.
    """
    target = target_path(settings)
    # Read by dagster-dbt too: its runs find the parse cache here and leave their artifacts below.
    os.environ["DBT_TARGET_PATH"] = str(target)
    manifest, mark = target / "manifest.json", target / "fingerprint"
    fingerprint = project_fingerprint()
    if manifest.exists() and mark.exists() and mark.read_text() == fingerprint:
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [dbt_executable(), "--quiet", "parse", "--project-dir", str(DBT_PROJECT), "--profiles-dir"]
        + [str(DBT_PROJECT), "--target-path", str(target), "--log-path", str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DbtNotReady(done.stdout + done.stderr)
    mark.write_text(fingerprint)
    return manifest


def drop_old_artifacts(settings: Settings, keep: int = 10) -> None:
    """Delete the artifacts of all but the latest dbt runs (0.8 MB each)."""
    runs = sorted(
        (p for p in target_path(settings).glob("*-*-*") if p.is_dir()), key=lambda p: p.stat().st_mtime
    )
    for folder in runs[:-keep] if keep else runs:
        shutil.rmtree(folder, ignore_errors=True)


def build_arguments(days: dg.PartitionKeyRange | None = None) -> list[str]:
    """dbt's arguments for one step: build, without unit tests (those belong to `make test`).

    Args:
        days: partition keys of the daily models, both ends included; dbt wants the end excluded.
    """
    arguments = ["build", "--exclude-resource-types", "unit_test"]
    if days is None:
        return arguments
    end = dt.date.fromisoformat(days.end) + dt.timedelta(days=1)
    return [*arguments, "--event-time-start", days.start, "--event-time-end", end.isoformat()]


class SpbeTranslator(DagsterDbtTranslator):
    """Groups by folder, so that the lineage reads as the walk of the data."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """`seeds`, or the layer of the model: staging, intermediate, marts."""
        if dbt_resource_props["resource_type"] == "seed":
            return "seeds"
        return str(dbt_resource_props["fqn"][1])

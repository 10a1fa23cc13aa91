"""Whose an asset is, and how it is sorted in Dagster's pages.

Belongs here: owners and tags by group. Stays out: descriptions, which stand with what they describe.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

# Who keeps it running, and who answers for rules and numbers.
OPERATIONS, METHOD = "team:operations", "team:method"
_OWNERS = {"seeds": METHOD, "intermediate": METHOD, "marts": METHOD}
PERSONAL = "personal_data"


def owners(group: str) -> list[str]:
    """Who answers for the assets of a group."""
    return [_OWNERS.get(group, OPERATIONS)]


def layer_tags(group: str, subject: str = "", personal: str = "none") -> dict[str, str]:
    """Tags of an asset: the layer it belongs to, its subject, what became of personal data in it.

    Args:
        group: of the asset.
        subject: what it tells of; empty: no tag.
        personal: `none`, `masked` or `pseudonymised`.
    """
    return {"layer": group, PERSONAL: personal} | ({"subject": subject} if subject else {})


def code_references(*paths: Path) -> dict[str, dg.CodeReferencesMetadataValue]:
    """Metadata that names the files which say what an asset is; what is made of code names its function."""
    found: list[dg.LocalFileCodeReference] = [
        dg.LocalFileCodeReference(file_path=str(path), line_number=1, label=path.name) for path in paths
    ]
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=found)}


def location(path: Path, table: str | None = None) -> dict[str, str]:
    """Metadata that says where an asset lies: file or folder, and the table in it."""
    found = {"dagster/uri": path.resolve().as_uri()}
    return found | ({"dagster/table_name": f"{path.stem}.{table}"} if table else {})

"""The page on trust names a test behind each of its sentences; each test that it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_sentence_on_trust_has_its_test() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / file).is_file() or f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert not missing
    sentences = re.split(r"\n- ", page.split("## What is not held")[0])[1:]
    assert all("`tests/" in sentence for sentence in sentences)

"""A published number down to the rows and files it rests on, as text in Indonesian.

Belongs here: reading `fct_scores`, `dim_node` and `fct_score_lineage` and writing the path of a number. Stays
out: computing anything (the marts did) and printing (`orchestration/cli/explain.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exports.database import open_published, read_rows, rulebook_names
from exports.reports.wording import STAGES, decimal_text, short_text

_SCORES = """
select score.unit_kind, score.unit_code, score.period, score.rulebook_id, score.stage, score.node_id,
    node.parent_id, node.name, node.depth, node.method, node.weight_pct,
    score.score, score.printed, score.predicate, score.observed, score.published, score.published_predicate,
    score.band_low, score.band_high, score.coverage, score.score_exact, score.contribution,
    score.children_score, source.share_pct, source.is_counted, source.is_filled_in, source.value,
    source.file_name, source.file_sha256, source.row_number, source.received_at
from fct_scores as score
inner join dim_node as node on score.rulebook_id = node.rulebook_id and score.node_id = node.node_id
left join fct_score_lineage as source
    on score.unit_kind = source.unit_kind and score.unit_code = source.unit_code
    and score.period = source.period and score.rulebook_id = source.rulebook_id
    and score.stage = source.stage and score.node_id = source.node_id
where score.unit_code = ? and score.period = ?
    and (?::varchar is null or score.rulebook_id = ?) and (?::varchar is null or score.stage = ?)
order by score.period, score.rulebook_id, score.stage, score.unit_kind, node.sort_key
"""


class NothingToExplain(LookupError):
    """No number of that unit, period and node; the message names what there is."""


@dataclass(frozen=True)
class Explanation:
    """One index with the nodes that are shown, in the order of the tree."""

    unit_code: str
    period: str
    rulebook_id: str
    rulebook_name: str
    stage: str
    nodes: Sequence[dict[str, Any]]

    def lines(self) -> Iterator[str]:
        """The path as text: the head, then one line a node and one for the row that a value came from."""
        stage = STAGES.get(self.stage, self.stage)
        yield f"{self.unit_code} · {self.period} · {self.rulebook_name} · tahap {stage}"
        for node in self.nodes:
            yield from _node_lines(node)


def explain(
    published: Path,
    unit_code: str,
    period: str,
    node_id: str | None = None,
    rulebook_id: str | None = None,
    stage: str | None = None,
) -> list[Explanation]:
    """Explain every index of a unit and period, or one node of them with what is above and below it.

    Args:
        published: the published database.
        unit_code: code of an instansi, an OPD or another unit.
        period: evaluation year or window, as in `fct_scores`.
        node_id: node of a rulebook; None: the whole tree.
        rulebook_id: only this rulebook.
        stage: only this stage.

    Raises:
        FileNotFoundError: nothing has been published yet.
        NothingToExplain: no such number.
    """
    with open_published(published) as connection:
        rows = read_rows(connection, _SCORES, [unit_code, period, rulebook_id, rulebook_id, stage, stage])
        if not rows:
            raise NothingToExplain(_what_there_is(connection, unit_code, period))
        names = rulebook_names(connection)
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["rulebook_id"], row["stage"], row["unit_kind"]), []).append(row)
    explanations = []
    for (book, of_stage, _), nodes in found.items():
        kept = nodes if node_id is None else _around(nodes, node_id)
        if kept:
            explanations.append(Explanation(unit_code, period, book, names[book], of_stage, kept))
    if not explanations:
        known = ", ".join(row["node_id"] for row in rows if row["depth"] <= 1)
        raise NothingToExplain(
            f"simpul {node_id} tidak ada pada nilai {unit_code} {period}; misalnya ada: {known}"
        )
    return explanations


def _around(nodes: Sequence[dict[str, Any]], node_id: str) -> list[dict[str, Any]]:
    """The node, all above it and all below it."""
    parents = {node["node_id"]: node["parent_id"] for node in nodes}
    if node_id not in parents:
        return []
    path = set(_upwards(parents, node_id))
    return [n for n in nodes if n["node_id"] in path or node_id in _upwards(parents, n["node_id"])]


def _upwards(parents: dict[str, str | None], node_id: str) -> Iterator[str]:
    node: str | None = node_id
    while node is not None:
        yield node
        node = parents.get(node)


def _node_lines(node: dict[str, Any]) -> Iterator[str]:
    indent = "  " * node["depth"]
    if node["score"] is None and node["observed"] is None and not node["is_filled_in"]:
        value = "tanpa nilai"
    else:
        value = decimal_text(node["printed"])
    parts = [f"{indent}{node['node_id']} {node['name']}: {value}"]
    if node["depth"]:
        parts.append(f"bobot {short_text(node['weight_pct'], 4)} %")
        if node["contribution"] is not None:
            share = node["share_pct"]
            changed = share is not None and abs(share - node["weight_pct"]) > 1e-9
            parts.append(
                f"menyumbang {short_text(node['contribution'], 4)}"
                + (f" (bobot terpakai {short_text(share, 4)} %)" if changed else "")
            )
    else:
        parts += _index_parts(node)
    if node["method"] == "geometric":
        parts.append("rata-rata geometrik dari anaknya")
    if node["is_counted"] is False:
        parts.append("tidak dihitung: simpul di atasnya dinilai langsung")
    if node["children_score"] is not None:
        parts.append(f"dinilai langsung; dari anaknya {short_text(node['children_score'], 4)}")
    yield "; ".join(parts)
    if node["is_filled_in"]:
        yield f"{indent}  ← tidak dinilai; buku aturan menghitungnya {short_text(node['value'], 4)}"
    elif node["file_name"]:
        yield (
            f"{indent}  ← {node['file_name']}, baris {node['row_number']}, "
            f"sha256 {node['file_sha256']}, diterima {node['received_at']:%Y-%m-%d}"
            if node["received_at"]
            else f"{indent}  ← {node['file_name']}, baris {node['row_number']}, sha256 {node['file_sha256']}"
        )
    elif node["observed"] is not None:
        yield f"{indent}  ← dihitung dari ukuran (fct_indicator_values)"


def _index_parts(node: dict[str, Any]) -> Iterator[str]:
    if node["score_exact"] and node["score"] is not None:
        yield f"tepatnya {node['score_exact']}"
    if node["predicate"]:
        yield node["predicate"]
    if node["coverage"] < 1:
        yield f"cakupan {short_text(100 * node['coverage'], 2)} %"
        if node["band_low"] is not None:
            low, high = decimal_text(node["band_low"]), decimal_text(node["band_high"])
            yield f"dapat terletak dari {low} sampai {high}"
    if node["published"] is not None:
        yield f"dicetak {decimal_text(node['published'])} {node['published_predicate'] or ''}".rstrip()


def _what_there_is(connection: Any, unit_code: str, period: str) -> str:
    periods = connection.execute(
        "select distinct period from fct_scores where unit_code = ? order by period", [unit_code]
    ).fetchall()
    if periods:
        known = ", ".join(row[0] for row in periods)
        return f"tidak ada nilai {unit_code} untuk periode {period} yang diminta; periode yang ada: {known}"
    near = connection.execute(
        "select distinct unit_code from fct_scores order by levenshtein(unit_code, ?), unit_code limit 3",
        [unit_code],
    ).fetchall()
    known = ", ".join(row[0] for row in near) or "belum ada"
    return f"tidak ada nilai untuk {unit_code}; kode terdekat: {known}"

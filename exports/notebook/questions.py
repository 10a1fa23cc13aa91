"""A marimo notebook: index, weakest indicators, silos, open findings, contracts, from the published database.

Belongs here: choosing rows of published tables and saying what they answer. Stays out: computing any figure
(`dbt_project/`), reading a table (`exports/frames.py`).
"""

import marimo

app = marimo.App(width="medium", app_title="SPBE Index: lima pertanyaan")


@app.cell
def _():
    import os
    from pathlib import Path

    import marimo as mo

    from exports.frames import read_table

    published = Path(os.environ.get("SPBE_HOME", "data")) / "published" / "spbe.duckdb"
    return mo, published, read_table


@app.cell
def _(mo, published, read_table):
    instansi = read_table(published, "dim_instansi").set_index("instansi_code")["instansi_name"]
    index_by_stage_of_all = read_table(published, "indeks_per_tahap")
    # Those with OPDs, the longest register first; a published table names hundreds of others.
    registered = read_table(published, "dim_opd").groupby("instansi_code")["is_mapped"].sum()
    with_opds = registered.sort_values(ascending=False, kind="stable").index
    options = {f"{instansi.get(code, '')} ({code})": code for code in with_opds}
    chosen = mo.ui.dropdown(options, value=next(iter(options), None), label="Instansi")
    mo.md(f"# Lima pertanyaan\n\nDari `{published.name}`, hanya dibaca. {chosen}")
    return chosen, index_by_stage_of_all


@app.cell
def _(chosen, index_by_stage_of_all, mo):
    index_by_stage = index_by_stage_of_all.query("instansi_code == @chosen.value")
    mo.vstack(
        [
            mo.md("## 1. Berapa indeks kita menurut tiap tahap?"),
            mo.md(index_by_stage_of_all.attrs["description"]["id"]),
            mo.ui.table(index_by_stage.drop(columns=["instansi_code", "instansi_name"]), selection=None),
        ]
    )
    return (index_by_stage,)


@app.cell
def _(chosen, mo, published, read_table):
    evidence = read_table(published, "fct_evidence_levels").query("instansi_code == @chosen.value")
    judged = evidence[evidence["evidence_level"].notna()]
    shown = ["period", "rulebook_id", "node_number", "node_name"]
    shown += ["declared_level", "evidence_level", "gap", "statement"]
    weakest = judged.sort_values(["evidence_level", "gap"], ascending=[True, False])[shown].head(10)
    unjudged = len(evidence) - len(judged)
    mo.vstack(
        [
            mo.md("## 2. Indikator mana yang paling lemah, bukti terhadap pernyataan?"),
            mo.md(f"{unjudged} indikator lain belum dapat dinilai dari bukti: itu bukan tingkat rendah."),
            mo.ui.table(weakest, selection=None),
        ]
    )
    return (weakest,)


@app.cell
def _(chosen, mo, published, read_table):
    silos = read_table(published, "sistem_silo").query("instansi_code == @chosen.value")
    active = read_table(published, "dim_system").query(
        "instansi_code == @chosen.value and status == 'active'"
    )
    unknown_silos = int(active["is_silo"].isna().sum())
    silos_by_opd = silos.groupby("opd_name", dropna=False).size().rename("sistem_silo").reset_index()
    mo.vstack(
        [
            mo.md("## 3. Sistem mana yang berdiri sendiri?"),
            mo.md(f"Pada {unknown_silos} sistem aktif tidak diketahui: belum ada log atau pertukaran."),
            mo.ui.table(silos_by_opd.sort_values("sistem_silo", ascending=False), selection=None),
            mo.ui.table(silos.drop(columns="instansi_code"), selection=None),
        ]
    )
    return silos, silos_by_opd


@app.cell
def _(chosen, mo, published, read_table):
    findings = read_table(published, "temuan_terbuka").query("instansi_code == @chosen.value")
    still_open = findings[findings["status"] == "open"]
    counted = still_open.groupby(["unit_name", "severity"]).size()
    findings_by_opd = counted.unstack(fill_value=0).reset_index()
    unseen = int((findings["status"] == "unseen").sum())
    mo.vstack(
        [
            mo.md("## 4. Temuan apa yang terbuka, pada OPD mana?"),
            mo.md(f"{unseen} temuan lain belum dapat dilihat lagi, sebab datanya belum datang."),
            mo.ui.table(findings_by_opd, selection=None),
            mo.ui.table(still_open[["unit_name", "severity", "statement", "first_seen"]], selection=None),
        ]
    )
    return (findings_by_opd,)


@app.cell
def _(chosen, mo, published, read_table):
    contracts = read_table(published, "kontrak_dan_masa_berlaku").query("instansi_code == @chosen.value")
    status = contracts["status_kontrak"]
    # What ended and was followed by another contract is over.
    followed = (status == "ended") & contracts["punya_kontrak_berlaku"].fillna(False)
    ending = contracts[status.isin(["ended", "ends_soon", "missing"]) & ~followed]
    unknown = int((status == "unknown").sum())
    mo.vstack(
        [
            mo.md("## 5. Kontrak mana yang berakhir, segera berakhir, atau tidak ada?"),
            mo.md(f"{unknown} baris lain tidak diketahui; sebabnya ada pada pertanyaan itu."),
            mo.ui.table(ending.drop(columns="instansi_code"), selection=None),
        ]
    )
    return (ending,)


if __name__ == "__main__":
    app.run()

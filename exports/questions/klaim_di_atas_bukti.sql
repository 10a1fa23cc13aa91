-- Indikator mana yang tingkatnya dinyatakan lebih tinggi daripada yang didukung bukti?
select
    claim.instansi_code,
    claim.period,
    claim.rulebook_id,
    claim.stage,
    node.number as nomor,
    node.name as indikator,
    claim.printed as tingkat_dinyatakan,
    evidence.printed as tingkat_bukti,
    claim.printed - evidence.printed as selisih
from fct_scores as claim
inner join fct_scores as evidence
    on
        claim.unit_kind = evidence.unit_kind
        and claim.unit_code = evidence.unit_code
        and claim.period = evidence.period
        and claim.rulebook_id = evidence.rulebook_id
        and claim.node_id = evidence.node_id
        and evidence.stage = 'evidence'
inner join dim_node as node
    on claim.rulebook_id = node.rulebook_id and claim.node_id = node.node_id
where
    claim.unit_kind = 'instansi'
    and claim.stage <> 'evidence'
    and node.node_kind = 'indicator'
    and claim.printed > evidence.printed
order by selisih desc, claim.instansi_code, claim.period, claim.stage, claim.node_id

"""Personal data is masked before anything is written: golden pairs, and the key file."""

import hashlib
import hmac
import stat
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.privacy import install_masking, read_key

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    install_masking(con, KEY)
    return con


def call(con: duckdb.DuckDBPyConnection, macro: str, *values: str | None) -> str | None:
    row = con.execute(f"select {macro}({', '.join('?' for _ in values)})", list(values)).fetchone()
    assert row is not None
    return row[0]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_the_pseudonym_is_the_hmac_that_any_tool_computes(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert call(con, "hmac256", text) == hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def test_another_key_gives_other_pseudonyms(con: duckdb.DuckDBPyConnection) -> None:
    other = duckdb.connect()
    install_masking(other, bytes(32))
    assert call(con, "pseudonym", "budi") != call(other, "pseudonym", "budi")


@pytest.mark.parametrize(
    ("macro", "text", "masked"),
    [
        ("mask_text", "NIK 1207010101900001, KK 1207012345678901", "NIK [NIK], KK [NIK]"),
        ("mask_text", "120701.010190.0001 atau 1207 0101 0190 0001", "[NIK] atau [NIK]"),
        ("mask_text", "x1207010101900001y", "x[NIK]y"),
        ("mask_text", "hubungi 0812-3456-7890 atau 628123456789", "hubungi [telepon] atau [telepon]"),
        ("mask_text", "(061) 7951422", "[telepon]"),
        ("mask_text", "budi.s@deliserdangkab.go.id; a%40b.id", "[email]; [email]"),
        # Not personal: years, dates, money, decrees, area codes, ms since 1970, addresses of sites.
        ("mask_text", "2019 2020 2021 2022", "2019 2020 2021 2022"),
        ("mask_text", "12-10-2020 Rp 1.250.000.000", "12-10-2020 Rp 1.250.000.000"),
        ("mask_text", "SK 188.45/123/2020, 12.07.01.2001", "SK 188.45/123/2020, 12.07.01.2001"),
        ("mask_text", "1603802102192", "1603802102192"),
        ("mask_text", "http://10.1.2.3/app", "http://10.1.2.3/app"),
        ("mask_text", None, None),
        ("pseudonym", " ", None),
        ("pseudonym", None, None),
        ("ip_pseudonym", None, None),
        ("route_template", "/api/siswa/1207010101900001?nama=budi", "/api/siswa/{}"),
        ("route_template", "/surat/2026-02-17/12.pdf", "/surat/{}/{}"),
        ("route_template", "/u/4b8d1c52-0f6e-4c0c-9d2b-5a1e3d7c9f10/foto", "/u/{}/foto"),
        ("route_template", "/~budi/cari/Budi%20Santoso", "/{}/cari/{}"),
        ("route_template", "/users/budi@x.id;jsessionid=1", "/users/{}"),
        ("route_template", "/t/QnVkaSBTYW50b3NvMTIz/deadbeef1", "/t/{}/{}"),
        ("route_template", "/a/" + "x" * 41, "/a/{}"),
        ("route_template", "http://situs.go.id/api/v1/pajak", "/api/v1/pajak"),
        ("route_template", "/blog/logstash-monitorama-2013/kibana-search.png", None),
        ("route_template", "*", "*"),
        ("route_template", "mail.x.id:443", "{}"),
        ("route_template", "", None),
    ],
)
def test_masks(con: duckdb.DuckDBPyConnection, macro: str, text: str | None, masked: str | None) -> None:
    if text and text.startswith("/blog"):
        masked = text  # names with years and hyphens stay
    assert call(con, macro, text) == masked


# Parts of paths of each kind that the careful look tells from the others, and signs to make more of.
PART = st.sampled_from(
    "|{}|api|v1|nop|berkas-ed92eff813|deadbeef|deadbeef1|abcdefab-abcd-abcd-abcd-abcdefabcdef|2026-02-17|12.pdf|12"
    "|getData2|getDataOfMonth12|QnVkaSBTYW50b3NvMTIz|a12345|4b8d1c52-0f6e-4c0c-9d2b-5a1e3d7c9f10|1207010101900001"
    "|0812-3456-7890|a@b|a%20b|é|a b|~x|.well-known|a;b|a#b|10.30.4.7|1a.1b|_1_2_3_4_5_6_7_8_9"
    f"|at|b.1.2.3.4.5.6.7.8.9|{'x' * 36}|{'y' * 41}".split("|")
) | st.text("ag1-_.A{}:9", max_size=12)


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(PART, max_size=6), query=st.sampled_from(["", "?nik=1", "#x"]))
def test_a_path_looked_at_as_a_whole_gives_the_route_of_its_parts(
    con: duckdb.DuckDBPyConnection, parts: list[str], query: str
) -> None:
    path = "/" + "/".join(parts) + query
    careful = call(con, "route_of_parts", path)
    assert call(con, "route_template", path) == careful
    assert call(con, "route_of_parts", call(con, "short_target", path)) == careful


def test_the_same_person_and_address_keep_one_pseudonym(con: duckdb.DuckDBPyConnection) -> None:
    assert call(con, "pseudonym", "budi ") == call(con, "pseudonym", "budi")
    assert call(con, "pseudonym", "budi") != call(con, "pseudonym", "siti")
    assert call(con, "ip_pseudonym", "::ffff:10.0.0.1") == call(con, "ip_pseudonym", "10.0.0.1")


def test_an_unreadable_line_shows_its_shape_and_no_value(con: duckdb.DuckDBPyConnection) -> None:
    line = '10.30.4.7 - budi [17/Feb/2026] "GET /siswa/budi?nik=1207010101900001 2001:db8::9 0812345678'
    row = con.execute("select mask_line(?, ['GET', 'Feb'])", [line]).fetchone()
    assert row == ('… - … [17/Feb/…] "GET /…/…?…=… … …',)


@pytest.mark.parametrize(
    ("log_format", "identity", "key"),
    [
        ("xroad", "ID/GOV/DINKES/puskesmas", "ID/GOV/DINKES/puskesmas"),
        ("combined", "/api/dikbud/", "/api/dikbud"),
        ("combined", "/", ""),
        ("combined", "WWW.dikbud.go.id/", "www.dikbud.go.id"),
        ("combined", "www.dikbud.go.id/api/v1/", "www.dikbud.go.id/api/v1"),
    ],
)
def test_a_mapped_name_is_written_as_the_lake_writes_it(
    con: duckdb.DuckDBPyConnection, log_format: str, identity: str, key: str
) -> None:
    assert call(con, "gateway_identity_key", log_format, "provider", identity) == key


def test_a_mapped_login_is_its_pseudonym(con: duckdb.DuckDBPyConnection) -> None:
    for login in ("budi", "dinsos.local/budi"):
        key = call(con, "gateway_identity_key", "combined", "consumer", login)
        assert key == call(con, "pseudonym", login)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "pseudonym.key"
    key = read_key(path)
    assert len(key) == 32
    assert read_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["pseudonym.key"]


def test_a_damaged_key_stops_the_run_instead_of_changing_all_pseudonyms(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_text("00ff")
    with pytest.raises(ValueError, match="is not a pseudonym key"):
        read_key(path)

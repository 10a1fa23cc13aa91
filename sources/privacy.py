"""The key of the pseudonyms and the masking macros.

Belongs here: the key file, and loading the masks (`personal_forms.py`) and `masking.sql` into a connection.
Stays out: the forms of personal values and the macros themselves; which column is masked (the contract or the
log format says it).
"""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import duckdb
from duckdb.func import PythonUDFType

from expectations.quoting import literal
from sources.errors import KeyLost
from sources.personal_forms import CANDIDATE, PLAIN, fold_text, mask_texts, to_arrow

KEY_BYTES = 32
_BLOCK = 64  # SHA-256 works in blocks of 64 bytes; HMAC pads the key to one block (RFC 2104).


def key_id(key: bytes) -> str:
    """Twelve digits that tell one key from another and nothing about it."""
    return hashlib.sha256(b"pseudonym key " + key).hexdigest()[:12]


# Of a connection with `install_masking` done: the id of its key, to be noted beside pseudonyms.
_KEY_ID_VARIABLE = "spbe_key_id"


def known_key(path: Path, made_with: str | None) -> bytes:
    """The key, which must be the one that pseudonyms were made with so far.

    Args:
        path: The key file.
        made_with: Its `key_id`; None where no pseudonym was made yet: then a key is made if there is none.

    Raises:
        KeyLost: the file is gone or holds another key.
        ValueError: the file is not a key of ours.
    """
    if made_with and not path.exists():
        raise KeyLost(f"{path} is lost: put it back from the backup (its id is {made_with})")
    key = read_key(path)
    if made_with and key_id(key) != made_with:
        raise KeyLost(
            f"{path} is another key (id {key_id(key)}) than pseudonyms were made with (id {made_with}): "
            "put the old one back from the backup"
        )
    return key


def read_key(path: Path) -> bytes:
    """Return the pseudonym key, making it on first use.

    Args:
        path: The key file (`keys/pseudonym.key`); made with mode 0600, its folder with 0700.

    Returns:
        32 random bytes. Whoever holds them can link pseudonyms to persons; without them nobody can, and
        pseudonyms made with another key do not match.

    Raises:
        ValueError: The file exists and is not a key of ours.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)  # unlike a rename, never replaces a key that another run just made
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} is not a pseudonym key ({2 * KEY_BYTES} hexadecimal digits expected)")
    return key


def key_id_of(con: duckdb.DuckDBPyConnection) -> str:
    """Id of the key that a connection masks with; empty: of none."""
    row = con.execute("select getvariable(?)", [_KEY_ID_VARIABLE]).fetchone()
    return row[0] or "" if row else ""


def install_masking(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Load the masking macros and the key into one connection.

    Args:
        con: The intake connection; a cursor or another connection does not see the macros.
        key: The key of `read_key`.

    Gives the connection `mask_text(x)`, `pseudonym(x)`, `ip_pseudonym(x)`, `mask_id(x)`, `agent_name(x)`,
    `mask_line(line, kept)`, `route_template(path)`, `gateway_identity_key(log_format, role, identity)`,
    `fold_text(x)` and `hmac256(x)`.
    """
    block = key.ljust(_BLOCK, b"\0")
    con.execute("set variable spbe_ipad = ?::blob", [bytes(byte ^ 0x36 for byte in block)])
    con.execute("set variable spbe_opad = ?::blob", [bytes(byte ^ 0x5C for byte in block)])
    con.execute(f"set variable {_KEY_ID_VARIABLE} = ?", [key_id(key)])
    _give_function(con, "mask_candidate", mask_texts)
    _give_function(con, "fold_text", lambda texts: [fold_text(text) for text in texts])
    con.execute(
        f"create or replace temp macro may_be_personal(x) as regexp_matches(x, {literal(CANDIDATE)});"
        f"create or replace temp macro is_plain(x) as regexp_full_match(x, {literal(PLAIN)});"
    )
    con.execute(Path(__file__).with_name("masking.sql").read_text(encoding="utf-8"))


def _give_function(
    con: duckdb.DuckDBPyConnection, name: str, function: Callable[[list[str]], list[str]]
) -> None:
    """A function of texts for all connections of the database; NULL is not asked."""
    # DuckDB has no `create or replace` for it, and no cheap look whether it is there.
    with contextlib.suppress(duckdb.CatalogException, duckdb.NotImplementedException):
        con.create_function(
            name,
            lambda texts: to_arrow(function(texts.to_pylist())),
            ["VARCHAR"],
            "VARCHAR",
            type=PythonUDFType.ARROW,
        )

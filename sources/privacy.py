"""The key of the pseudonyms and the masking macros.

Belongs here: the key file, and loading `masking.sql` into a connection. The macros themselves are SQL; which
column is masked is said by the contract or the log format.
"""

import os
import secrets
from pathlib import Path

import duckdb

KEY_BYTES = 32
_BLOCK = 64  # SHA-256 works in blocks of 64 bytes; HMAC pads the key to one block (RFC 2104).


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


def install_masking(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Load the masking macros and the key into one connection.

    Args:
        con: The intake connection; a cursor or another connection does not see the macros.
        key: The key of `read_key`.

    Gives the connection `mask_text(x)`, `pseudonym(x)`, `ip_pseudonym(x)`, `mask_id(x)`, `agent_name(x)`,
    `mask_line(line, kept)`, `route_template(path)`, `gateway_identity_key(log_format, role, identity)` and
    `hmac256(x)`.
    """
    block = key.ljust(_BLOCK, b"\0")
    con.execute("set variable spbe_ipad = ?::blob", [bytes(byte ^ 0x36 for byte in block)])
    con.execute("set variable spbe_opad = ?::blob", [bytes(byte ^ 0x5C for byte in block)])
    con.execute(Path(__file__).with_name("masking.sql").read_text(encoding="utf-8"))

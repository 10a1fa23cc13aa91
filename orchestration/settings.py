"""The one door for `spbe.toml` and `SPBE_…` variables.

Belongs here: every setting, its default and its meaning. Stays out: everything else; the other packages take
plain arguments. A variable `SPBE_NAME` wins over `spbe.toml` in SPBE_HOME, which wins over the default.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shlex
import textwrap
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from exports.delivery.target import parse_target
from orchestration.home import SETTINGS_FILE, make_folders, share_outputs

# A checkout, or where the packages are installed: both hold `dbt_project` and the packages side by side.
PROJECT = Path(__file__).resolve().parent.parent
# What a process that reads logs takes: its libraries, a chunk of text, the records of it.
WORKER_BYTES = 750_000_000
# Tools that would call out are told not to, wherever the pipeline is started from.
QUIET = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "GX_ANALYTICS_ENABLED": "false",
}
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


class InstansiName(BaseModel):
    """What an instansi is called and is; `kind` as `dim_instansi.instansi_kind`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str
    kind: str = "lainnya"


class Settings(BaseSettings):
    """Settings of one home; every field has a default that runs."""

    # What was found wrong may be a secret.
    model_config = SettingsConfigDict(
        env_prefix="SPBE_", env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    home: Path = Field(Path("data"), description="Where everything that is made lies.")
    # The public interface fixes this default, so it is the one regency that stands in code.
    instansi: str = Field("12.07", description="Instansi whose index and bundle this home makes.")
    instansi_names: dict[str, InstansiName] = Field(
        {},
        description="Name and kind, by code, of each instansi or sender that no national list has, as "
        '{"x-1" = {name = "Badan X", kind = "lainnya"}}. Who is made up bears a name that ends in (fiktif).',
    )
    time_zone: str = Field("Asia/Jakarta", description="Time zone of a day; one per warehouse.")
    first_day: dt.date = Field(dt.date(2015, 1, 1), description="Earliest day a log may carry.")
    as_of: dt.date | None = Field(
        None, description="Last complete local day; none: yesterday.", examples=[dt.date(2026, 10, 31)]
    )
    min_calls: int = Field(1, ge=1, description="Successful calls that make an edge between two OPDs.")
    orphan_after_days: int = Field(3, ge=1, description="Days after which one side alone is an orphan.")
    figure_tolerance_rel: float = Field(
        0.05, ge=0, lt=1, description="Relative gap that a published figure may have (0.05: 5 %)."
    )
    complaint_sla_hours: int = Field(
        120, ge=1, description="Hours in which a complaint should be answered first (120: five days)."
    )
    table_max_bytes: int = Field(200_000_000, gt=0, description="Inflated bytes of a table file.")
    table_max_rows: int = Field(1_000_000, gt=0, description="Rows of a table file.")
    table_max_columns: int = Field(500, gt=0, description="Columns of a table file.")
    document_max_bytes: int = Field(50_000_000, gt=0, description="Bytes of a document of evidence.")
    log_max_bytes: int = Field(50_000_000_000, gt=0, description="Inflated bytes of a log file.")
    archive_logs: bool = Field(True, description="Keep the received bytes of logs, personal data and all.")
    archive_log_days: int = Field(
        90, ge=1, description="Days after receipt until the received bytes of logs are deleted."
    )
    warehouse_copies: int = Field(
        2, ge=0, description="Copies of the warehouse that are kept, one of each day; 0: none."
    )
    history_days: int = Field(30, ge=1, description="Days that Dagster's notes on a run are kept.")
    bundle_documents: bool = Field(
        False, description="Put the documents of evidence into the bundle; false: their hashes alone."
    )
    export_release: Literal["nightly", "manual"] = Field(
        "nightly",
        description="When a bundle becomes a version: each night that something happened (nightly), or when "
        "`spbe release --reason` makes one of the draft that the night leaves (manual).",
    )
    bundle_contact: str = Field(
        "", description="Whom the receiver of a bundle asks: an office, its telephone or e-mail, as text."
    )
    open_data_min_count: int = Field(
        5, ge=1, description="Smallest count that open data tell; smaller ones but 0 are suppressed. 1: all."
    )
    open_data_licence: Literal["CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0"] = Field(
        "CC-BY-4.0", description="Licence that open data are published under."
    )
    open_data_url: str = Field(
        "",
        pattern=r"^(https?://\S*[^\s/])?$",
        description="Where published/open-data will stand, for catalogues; without a slash at the end.",
    )
    outbox_versions: int = Field(
        0, ge=0, description="Newest versions of each bundle that stay in the outbox; 0: all."
    )
    reader_max_seconds: float = Field(300, gt=0, description="Seconds that reading one table may take.")
    reader_max_memory: int = Field(2_000_000_000, gt=0, description="Bytes that reading one table may take.")
    inflate_max_ratio: int = Field(200, gt=1, description="Inflated bytes for each compressed byte.")
    output_group: str = Field(
        "",
        description="Group that may read published/, feedback/ and outbox/; empty: the home's owner alone.",
    )
    alert_urls: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="Where alerts go, as URLs of Apprise, such as mailtos://user:password@host?to=address or "
        "json://host/path. They are secrets: shown nowhere.",
    )
    alert_command: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="A command and its arguments that gets each alert on its standard input; run without a "
        "shell, for a minute at most.",
    )
    alert_min_free_gb: float = Field(
        5, ge=0, description="Free room on the home's disk, in GB, below which an alert goes out; 0: never."
    )
    deliver_to: SecretStr = Field(
        SecretStr(""),
        description="Where bundles go: sftp://user@host:port/path, folder:/path (a mounted share), or "
        "command: and a program with arguments that gets the bundle's folder as its last one, run without a "
        "shell; exit 0 means delivered. Empty: nowhere. Arguments of a command are shown nowhere.",
    )
    deliver_host_key: str = Field(
        "",
        description="Host key of the SFTP server: its public key as text (ssh-ed25519 AAAA…; several: a line "
        "each), or the path of a file of known hosts, from keys/ on. Without it nothing is sent.",
    )
    deliver_key: str = Field(
        "delivery.key",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        description="File of keys/ with the private key of the SFTP user (ssh-keygen -t ed25519 -N '' -f …).",
    )
    deliver_tries: int = Field(3, ge=1, description="Connections that one delivery makes at most.")
    deliver_wait_seconds: float = Field(
        10, ge=0, description="Seconds before the second of them; doubled before each further one."
    )
    deliver_connect_seconds: float = Field(
        30, gt=0, description="Seconds in which the SFTP server must let in."
    )
    deliver_idle_seconds: float = Field(60, gt=0, description="Seconds that the SFTP server may be silent.")
    deliver_max_seconds: float = Field(
        3600, gt=0, description="Seconds of a whole delivery; the next one goes on where it ended."
    )
    processes: int = Field(
        0,
        ge=0,
        description="Processes that read logs, where there are many bytes of them; 0: one a core; 1: the "
        "run's own process alone. No more than workers_memory has 750 MB for.",
    )
    workers_memory: int = Field(
        3_000_000_000,
        ge=WORKER_BYTES,
        description="Bytes that all processes of this machine that read logs may take together; one that "
        "takes more than its share is ended, and the run reads that log itself.",
    )
    scheduler: str = Field(
        "",
        pattern=r"^((tls|tcp)://[^\s/]+:\d+)?$",
        description="Dask scheduler whose workers read logs, such as tls://10.0.0.1:8786; tcp:// on this "
        "machine alone. Empty: processes of this machine.",
    )
    task_tries: int = Field(
        3, ge=1, description="Workers that may die of one log before it is refused; the others are read."
    )
    task_max_seconds: float = Field(
        3600, gt=0, description="Seconds in which a worker must have read a log, or a part of a large one."
    )
    ui_port: int = Field(3000, ge=1, le=65535, description="Port of the web interface.")
    ui_hosts: Annotated[list[str], NoDecode] = Field(
        [],
        description="Names under which a proxy that asks for a login offers the web interface; "
        "in SPBE_UI_HOSTS with commas between them.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then `spbe.toml` of the home that the first two name."""
        named = init_settings().get("home") or os.environ.get("SPBE_HOME") or "data"
        toml = TomlConfigSettingsSource(settings_cls, Path(str(named)).expanduser() / SETTINGS_FILE)
        return init_settings, env_settings, toml

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                "expected a time zone such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura"
            ) from error
        return value

    @field_validator("alert_urls", "alert_command", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        """One text, as a variable holds it: a list of JSON, or words as a shell reads them."""
        if isinstance(value, str):
            return json.loads(value) if value.lstrip().startswith("[") else shlex.split(value)
        return value

    @field_validator("deliver_to")
    @classmethod
    def _known_target(cls, value: SecretStr) -> SecretStr:
        if value:
            parse_target(value.get_secret_value())
        return value

    @field_validator("ui_hosts", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        return value

    @field_validator("ui_hosts")
    @classmethod
    def _only_names(cls, value: list[str]) -> list[str]:
        for name in value:
            if not _HOST_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no host name: neither scheme, port, path nor `*`")
        return [name.lower() for name in value]

    @property
    def inbox(self) -> Path:
        """Where OPDs' files arrive; never changed by us."""
        return self.home / "inbox"

    @property
    def archive(self) -> Path:
        """Received bytes by sha256."""
        return self.home / "archive"

    @property
    def lake(self) -> Path:
        """Service calls as Parquet, by day."""
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        """The database that only the pipeline opens."""
        return self.home / "warehouse.duckdb"

    @property
    def logs(self) -> Path:
        """What commands, runs and dbt wrote of their doing."""
        return self.home / "logs"

    @property
    def lock(self) -> Path:
        """Held by whoever writes the home."""
        return self.home / "run.lock"

    @property
    def published(self) -> Path:
        """The database that analysts open."""
        return self.home / "published" / "spbe.duckdb"

    @property
    def report(self) -> Path:
        """Pages for readers."""
        return self.home / "published" / "report"

    @property
    def open_data(self) -> Path:
        """What anybody may know, a folder for each instansi."""
        return self.home / "published" / "open-data"

    @property
    def feedback(self) -> Path:
        """Answers to OPDs: a folder each."""
        return self.home / "feedback"

    @property
    def outbox(self) -> Path:
        """Bundles and receipts."""
        return self.home / "outbox"

    @property
    def copies(self) -> Path:
        """The warehouse as it was after the last nights."""
        return self.home / "copies"

    @property
    def keys(self) -> Path:
        """Pseudonym and signing keys; never leaves the home."""
        return self.home / "keys"

    @property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME of this home."""
        return self.home / "dagster"

    def today(self) -> dt.date:
        """The local day now."""
        return dt.datetime.now(ZoneInfo(self.time_zone)).date()

    def last_complete_day(self) -> dt.date:
        """`as_of`, or yesterday in the warehouse's time zone."""
        return self.as_of or self.today() - dt.timedelta(days=1)

    def prepare_home(self) -> None:
        """Make the home's folders, give each its rights, and set the variables that tools read.

        From now on this process makes files for their owner alone.

        Raises:
            NoGroup: the outputs' group can not be used.
        """
        make_folders(self.home, self.output_group)
        wanted = (PROJECT / "orchestration" / "dagster.yaml").read_bytes()
        dagster_yaml = self.dagster_home / "dagster.yaml"
        # An earlier version wrote it in its own words; other processes of the home may read it now.
        if not dagster_yaml.exists() or dagster_yaml.read_bytes() != wanted:
            beside = dagster_yaml.with_name(f".{dagster_yaml.name}.{os.getpid()}")
            beside.write_bytes(wanted)
            beside.replace(dagster_yaml)
        os.environ.update(QUIET)
        os.environ["SPBE_HOME"] = str(self.home)
        os.environ["DAGSTER_HOME"] = str(self.dagster_home)
        # Events that Dagster knows together, as those of what a run means to do, are stored together.
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
        os.environ["SPBE_WAREHOUSE"] = str(self.warehouse)

    def share_outputs(self) -> None:
        """Give what was written into the outputs the rights it is to have.

        Raises:
            NoGroup: as `prepare_home`.
        """
        share_outputs(self.home, self.output_group)


def make_home(settings: Settings, **values: object) -> None:
    """Make a new home: its folders, and a settings file that explains every setting.

    Args:
        settings: of the home to be.
        values: settings that are not to be commented out, by name.

    Raises:
        FileExistsError: there is a settings file already.
        NoGroup: the outputs' group can not be used.
    """
    settings.prepare_home()
    with (settings.home / SETTINGS_FILE).open("x", encoding="utf-8") as file:
        file.write(settings_text(**values))


_HEAD = """\
Settings of this home. Every setting stands here with its default; take the # away before a line to change it.
A variable SPBE_<NAME> wins over this file. The home itself is named by SPBE_HOME.
"""
_BOUNDS = {"ge": "{} or more", "gt": "more than {}", "le": "{} or less", "lt": "less than {}"}


def meaning(field: FieldInfo) -> str:
    """What a setting says, and within which bounds."""
    bounds = [
        words.format(_toml(getattr(bound, short)))
        for bound in field.metadata
        for short, words in _BOUNDS.items()
        if hasattr(bound, short)
    ]
    return (field.description or "") + (f" {', '.join(bounds).capitalize()}." if bounds else "")


def settings_text(**values: object) -> str:
    """A settings file that holds and explains every setting; those that are not given are commented out.

    Args:
        values: settings by name.
    """
    lines = [f"# {line}" for line in _HEAD.splitlines()]
    for name, field in Settings.model_fields.items():
        if name == "home":
            continue
        lines += ["", *textwrap.wrap(meaning(field), 108, initial_indent="# ", subsequent_indent="# ")]
        if name in values:
            lines.append(f"{name} = {_toml(values[name])}")
        else:
            shown = field.default if field.default is not None else (field.examples or [""])[0]
            lines.append(f"#{name} = {_toml(shown)}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """A value as TOML writes it; a text of TOML is one of JSON."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(held)}" for key, held in value.items()) + "}"
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value, ensure_ascii=False)

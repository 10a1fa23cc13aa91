"""A contract as one typed object; the only reader of the ODCS files.

Belongs here: reading `contracts/<kind>.odcs.yaml` (Open Data Contract Standard 3.1) and the alias tables
beside it. Stays out: what a rule means in SQL, Great Expectations or words (`rules.py`).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent
CONTRACTS = FOLDER / "contracts"
EARLIER = CONTRACTS / "earlier"
ALIASES = FOLDER / "aliases"

Severity = Literal["error", "warning"]
# Numbers with decimals; a score on a scale of one's own keeps fifteen of them.
DECIMALS = ("decimal(38,10)", "decimal(38,15)")
# How a number is read: which dots are thousands, and what a percent sign means (formats 0b).
NumberForm = Literal["count", "money", "score", "share"]
_FORMS_BY_TYPE: dict[str, NumberForm] = {"bigint": "count", DECIMALS[0]: "score", DECIMALS[1]: "score"}
# Longer codes and keys would break file names and indexes that are made of them.
_CODE_LENGTH = 200


@dataclass(frozen=True)
class Column:
    """One property of a contract.

    `type` is the DuckDB type of the accepted value; `missing` and `invalid` are the severities of an absent
    and of an unusable value (`missing` None: the value may be absent). `minimum` of a time is an ISO date;
    `latest` is how long after receipt a time, year or period may lie ("1 day", "50 years"). `reference` names
    the list and column that hold the permitted codes, `unknown` is the severity of one that is not there;
    `accepts_children` admits codes below a known one, `also_accepted` admits values outside the list.
    `is_unique` warns of a value that another row of the file has. `from_folder`: an empty cell takes the
    value of the file's folder; `from_sender`: that of the OPD that sent the file. `names` is the resolver
    (`spellings.RESOLVERS`) by which other spellings become the code; `unknown_name` is the severity of a name
    that a list at hand does not have, and `code_column` the column that takes the code of a name.
    `transform` is SQL over the columns as received, applied at the door.
    `number` is how a number is read, None for other types; where `unit_column` names the column of the
    number's unit, dots are thousands unless the unit is one of `decimal_units`. `max_length` is in letters.
    `labels` are what people read and write for `codes`, one for one, `also_labels` for `also_accepted`.
    """

    name: str
    title: str
    description: str
    type: str
    required: bool
    missing: Severity | None
    invalid: Severity
    key: int | None = None
    codes: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: float | str | None = None
    maximum: float | None = None
    latest: str | None = None
    reference: tuple[str, str] | None = None
    unknown: Severity = "error"
    accepts_children: bool = False
    also_accepted: tuple[str, ...] = ()
    is_unique: bool = False
    is_url: bool = False
    zero_is_missing: bool = False
    from_folder: bool = False
    from_sender: bool = False
    names: str | None = None
    resembles: str | None = None
    unknown_name: Severity = "error"
    code_column: str | None = None
    personal: bool = False
    transform: str | None = None
    example: str | None = None
    number: NumberForm | None = None
    unit_column: str | None = None
    decimal_units: tuple[str, ...] = ()
    max_length: int | None = None
    labels: tuple[str, ...] = ()
    also_labels: tuple[str, ...] = ()

    @property
    def is_year(self) -> bool:
        """True where a number is a year."""
        return self.type == "bigint" and self.latest is not None

    @property
    def is_list(self) -> bool:
        """True where one cell holds several values."""
        return self.type.endswith("[]")

    def said(self, value: str) -> str:
        """A cell as people write it: labels for codes, several of them with a semicolon between."""
        codes, labels = (*self.codes, *self.also_accepted), (*self.labels, *self.also_labels)
        known = dict(zip(codes, labels, strict=True))
        parts = value.split(";") if self.is_list else [value]
        return "; ".join(known.get(part.strip(), part.strip()) for part in parts)

    @property
    def form(self) -> str:
        """The example as a form to follow; where its code is an instansi's, digits alone are told."""
        example = self.example or ""
        return re.sub(r"[0-9]", "0", example) if example_instansi() in example else example

    def example_of(self, instansi_code: str | None = None) -> str:
        """The example as people write it, with the code of an instansi in the place of the fictional one."""
        example = self.said(self.example or "")
        return example.replace(example_instansi(), instansi_code) if instansi_code else example


@dataclass(frozen=True)
class RowRule:
    """A condition over the typed columns of one row; `broken` is SQL, true for a row that breaks it.

    `columns` are those that it reads, in the order of the contract: a message tells their cells.
    `needs_one_of` tells that a row breaks it where all of them are missing, and no other.
    """

    name: str
    severity: Severity
    broken: str
    sentence: str
    columns: tuple[str, ...]
    needs_one_of: bool = False


@dataclass(frozen=True)
class Contract:
    """The shared format of one kind of file.

    `is_dated` tells that a row belongs to its period: one key may then stand in a file once a period.
    """

    kind: str
    version: str
    title: str
    purpose: str
    usage: str
    grain: str
    columns: tuple[Column, ...]
    row_rules: tuple[RowRule, ...]
    is_dated: bool = True

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that identify a row within one file, in order."""
        keyed = [c for c in self.columns if c.key is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.key or 0))

    @property
    def opd_columns(self) -> tuple[str, ...]:
        """Columns that name an OPD, in order: the first that is filled answers for the row."""
        return tuple(c.name for c in self.columns if c.names == "opd")

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.kind} has no column {name}")


@cache
def kinds() -> tuple[str, ...]:
    """Every kind that has a contract, sorted."""
    return tuple(sorted(p.name.removesuffix(".odcs.yaml") for p in CONTRACTS.glob("*.odcs.yaml")))


@cache
def load_contract(kind: str, version: str | None = None) -> Contract:
    """Read the contract of a kind: the one in force, or an earlier version of it.

    Raises:
        FileNotFoundError: no contract file of that kind or version.
        pydantic.ValidationError: the file is not valid ODCS.
        ValueError: a severity that is none, or a rule over rows that names no columns.
    """
    current = read_contract(CONTRACTS / f"{kind}.odcs.yaml")
    if version is None or version == current.version:
        return current
    return read_contract(EARLIER / f"{kind}-{version}.odcs.yaml")


def read_contract(path: Path) -> Contract:
    """Read a contract file; raises as `load_contract` does."""
    import yaml
    from open_data_contract_standard.model import OpenDataContractStandard

    if not path.is_file():
        raise FileNotFoundError(path)
    # The library's own reading takes the parser in Python, which is ten times slower.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = OpenDataContractStandard(**yaml.load(path.read_text(encoding="utf-8"), loader))
    table = (document.schema_ or [])[0]
    description = document.description
    kind = str(table.name)
    columns = tuple(_labelled(kind, _column(p)) for p in table.properties or [])
    own = {c.property: c.value for c in table.customProperties or []}
    return Contract(
        kind=kind,
        version=str(document.version),
        title=str(document.name),
        purpose=(description.purpose if description else "") or "",
        usage=(description.usage if description else "") or "",
        grain=table.dataGranularityDescription or "",
        columns=(*columns, *_row_columns(kind, columns)),
        row_rules=tuple(_row_rule(q) for q in table.quality or []),
        is_dated=own.get("dated") is not False,
    )


def _labelled(kind: str, column: Column) -> Column:
    known = code_labels(kind, column.name)
    labels, also = (
        tuple(known[code].label_id if code in known else code for code in codes)
        for codes in (column.codes, column.also_accepted)
    )
    return replace(column, labels=labels, also_labels=also)


def _row_rule(q) -> RowRule:  # type: ignore[no-untyped-def]
    own = {c.property: c.value for c in q.customProperties or []}
    if not own.get("columns"):
        raise ValueError(f"rule {q.name} must name the columns that it reads (customProperties: columns)")
    return RowRule(
        str(q.name),
        _severity(q.severity),
        str(q.implementation),
        str(q.description),
        tuple(own["columns"]),
        bool(own.get("needsOneOf")),
    )


@cache
def _shared_columns() -> tuple[Column, ...]:
    """The columns that a row of any kind may have: its instansi and its period (formats 0b)."""
    from open_data_contract_standard.model import OpenDataContractStandard

    document = OpenDataContractStandard.from_file(str(CONTRACTS / "_every_kind.yaml"))
    return tuple(_column(p) for p in (document.schema_ or [])[0].properties or [])


@cache
def example_instansi() -> str:
    """The code of the fictional instansi that the examples of all contracts are of."""
    return next(c.example or "" for c in _shared_columns() if c.name == "instansi_code")


def _row_columns(kind: str, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The shared columns that a kind does not have, save those whose header means another column there."""
    names = {c.name for c in columns}
    titles = {c.title.lower() for c in columns}
    claimed = {row["alias"].lower() for row in _rows(ALIASES / f"{kind}.headers.csv")}
    return tuple(
        c
        for c in _shared_columns()
        if c.name not in names | claimed and c.title.lower() not in titles | claimed
    )


def _column(p) -> Column:  # type: ignore[no-untyped-def]
    options = p.logicalTypeOptions or {}
    own = {c.property: c.value for c in p.customProperties or []}
    missing: Severity | None = None
    codes: tuple[str, ...] = ()
    for q in p.quality or []:
        if q.metric == "nullValues":
            missing = _severity(q.severity)
        elif q.metric == "invalidValues":
            codes = tuple(q.arguments["validValues"])
            own.setdefault("invalidSeverity", q.severity)
    reference = None
    for r in p.relationships or []:
        table, _, column = str(r.to).partition(".")
        reference = (table, column)
    required = bool(p.required)
    invalid = _severity(own.get("invalidSeverity", "error" if required else "warning"))
    children = bool(own.get("acceptsChildren"))
    return Column(
        name=p.name,
        title=p.businessName or p.name,
        description=p.description or "",
        type=p.physicalType,
        required=required,
        missing=missing,
        invalid=invalid,
        key=p.primaryKeyPosition,
        codes=codes,
        pattern=options.get("pattern"),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        latest=own.get("latestAfterReceipt"),
        reference=reference,
        unknown=invalid if children else _severity(own.get("unknownReference", "error")),
        accepts_children=children,
        also_accepted=tuple(own.get("alsoAccepted", ())),
        is_unique=bool(p.unique),
        is_url=options.get("format") == "uri",
        zero_is_missing=bool(own.get("zeroIsMissing")),
        from_folder=own.get("fallback") == "folder",
        from_sender=own.get("fallback") == "sender",
        names=own.get("names"),
        resembles=own.get("resembles"),
        unknown_name=_severity(own.get("unknownName", "error")),
        code_column=own.get("codeColumn"),
        personal=p.classification == "personal",
        transform=p.transformLogic,
        example=str(p.examples[0]) if p.examples else None,
        number=own.get("numberForm") or _FORMS_BY_TYPE.get(p.physicalType),
        unit_column=own.get("unitColumn"),
        decimal_units=tuple(own.get("decimalUnits", ())),
        max_length=options.get("maxLength") or _length_of_code(p),
    )


def _length_of_code(p) -> int | None:  # type: ignore[no-untyped-def]
    is_code = p.primaryKeyPosition is not None or p.relationships or p.name.endswith(("_code", "_id"))
    return _CODE_LENGTH if is_code and p.physicalType == "varchar" else None


def _severity(value: object) -> Severity:
    if value not in ("error", "warning"):
        raise ValueError(f"severity must be error or warning, found {value!r}")
    return value  # type: ignore[return-value]


def header_aliases(kind: str, contract: Contract | None = None) -> dict[str, str]:
    """Header spelling (lower case, single blanks) to column name; an empty name means: a column to ignore.

    The contract's own column names and titles are spellings too; None: those of the contract in force.
    """
    contract = contract or load_contract(kind)
    known = {c.title.lower(): c.name for c in contract.columns}
    known |= {c.name.lower(): c.name for c in contract.columns}
    names = {"", *(c.name for c in contract.columns)}
    for row in _rows(ALIASES / f"{kind}.headers.csv"):
        if row["column"] in names:
            known[row["alias"].lower()] = row["column"]
    for heading, columns in header_choices(kind, contract).items():
        if len(columns) == 1:
            known[heading] = columns[0]
    for row in shared_spellings("row.headers"):
        if row["column"] in names:
            known.setdefault(row["alias"].lower(), row["column"])
    return known


def header_choices(kind: str, contract: Contract | None = None) -> dict[str, tuple[str, ...]]:
    """Header spelling (lower case) to the columns it may mean, where the values below it must decide.

    In the alias table they are separated by `|`; columns that the contract does not have are left out.
    """
    names = {c.name for c in (contract or load_contract(kind)).columns}
    found = {}
    for row in _rows(ALIASES / f"{kind}.headers.csv"):
        if "|" in row["column"]:
            columns = tuple(c for c in row["column"].split("|") if c in names)
            if columns:
                found[row["alias"].lower()] = columns
    return found


def value_aliases(kind: str) -> dict[str, dict[str, str]]:
    """Column name to (spelling in lower case to code); labels are spellings, too."""
    found: dict[str, dict[str, str]] = {}
    for row in shared_spellings("labels"):
        if row["table"] == kind:
            words = found.setdefault(row["column"], {})
            words[row["label_en"].lower()] = words[row["label_id"].lower()] = row["code"]
    for row in _rows(ALIASES / f"{kind}.values.csv"):
        found.setdefault(row["column"], {})[row["alias"].lower()] = row["value"]
    return found


@dataclass(frozen=True)
class Label:
    """What a code is called and means, in Indonesian and in English."""

    label_id: str
    label_en: str
    description_id: str
    description_en: str


@cache
def code_labels(table: str, column: str) -> dict[str, Label]:
    """Code to its label, in the order that people are offered them.

    Args:
        table: a kind of file, or a table of the published database.
        column: one of its columns.
    """
    return {
        row["code"]: Label(row["label_id"], row["label_en"], row["description_id"], row["description_en"])
        for row in shared_spellings("labels")
        if (row["table"], row["column"]) == (table, column)
    }


def shared_spellings(name: str) -> list[dict[str, str]]:
    """Rows of a spelling table that holds for all kinds: `missing`, `boolean`, `month`, `zone`, …."""
    return _rows(ALIASES / f"_{name}.csv")


@cache
def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))

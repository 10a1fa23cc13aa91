"""Days in the models: local, by one macro, and ages as of one day."""

import re
from pathlib import Path

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"
# Where the day that everything is measured to is made, and what asks for the day of the run itself.
KNOWS_AS_OF = {
    "int_windows__listed": "makes `measured_to` of each window",
    "int_documents__matched": "makes `measured_to` of a year that has no window",
    "int_i22_complaint_response": "an answer may come after the month of its complaint",
    "int_log_days__missing": "what is overdue on the day of the run",
    "int_sources__counted": "what is overdue on the day of the run",
    "dim_instansi": "tells the day of the run beside the measured day",
    "fct_contracts": "days left by the day of the run, beside those of the measured day",
    "fct_opd_discipline": "days that a row has been open, until the day of the run",
}


def lines(pattern: str) -> list[str]:
    found = re.compile(pattern, re.IGNORECASE)
    return [
        f"{path.stem}: {line.strip()}"
        for path in sorted(MODELS.rglob("*.sql"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if found.search(line) and not line.strip().startswith("--")
    ]


def test_a_time_becomes_a_day_by_the_macro_alone() -> None:
    """`…_at` is UTC: cast to a date it is tomorrow in Jakarta for seven hours of each day."""
    assert not lines(r"cast\(\s*[\w.]*_at\s+as\s+date\s*\)|[\w.]*_at\s*::\s*date")


def test_ages_and_validity_are_judged_on_the_measured_day() -> None:
    """The end of the running month lies ahead: a contract to the 20th holds on the 10th."""
    ends = r"(until|ends_on|valid_to)\w* >= [\w.]*window_end"
    assert not lines(rf"days_between\([^)]*window_end|window_end (between|<=|<) |{ends}")
    assert not lines(r"\b(day|\w+_on) between [\w.]*window_start and [\w.]*window_end")


def test_the_day_of_the_run_is_asked_where_it_is_said() -> None:
    asking = {found.partition(":")[0] for found in lines(r"\bas_of\b")}
    assert asking == set(KNOWS_AS_OF)

"""Expectations of Great Expectations that ask for the number of broken rows and nothing else.

Belongs here: what a suite is made of. The stock classes also fetch examples of broken values, a query each;
the quarantine has every broken row already. Stays out: which rule becomes which (`suite.py`). Importing this
imports Great Expectations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import great_expectations.expectations as gxe

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import ValidationDependencies

_EXAMPLES = ("unexpected_values", "unexpected_index_list", "unexpected_index_query")


class _Counted:
    """The counts of one suite come from one query, if nothing else is asked for."""

    def get_validation_dependencies(self, *args: Any, **kwargs: Any) -> ValidationDependencies:
        """The metrics of the stock expectation without its examples."""
        needed: ValidationDependencies = super().get_validation_dependencies(*args, **kwargs)  # type: ignore[misc]
        for name in list(needed.metric_configurations):
            if name.endswith(_EXAMPLES):
                needed.remove_metric_configuration(name)
        return needed


class ExpectFilled(_Counted, gxe.ExpectColumnValuesToNotBeNull):
    """A value in every row."""


class ExpectInSet(_Counted, gxe.ExpectColumnValuesToBeInSet):
    """A value of a list, or none."""


class ExpectMatch(_Counted, gxe.ExpectColumnValuesToMatchRegex):
    """A value that a regular expression matches, or none."""


class ExpectNoMatch(_Counted, gxe.ExpectColumnValuesToNotMatchRegex):
    """A value that a regular expression does not match, or none."""


class ExpectBetween(_Counted, gxe.ExpectColumnValuesToBeBetween):
    """A value within bounds, or none."""


class ExpectNoRows(gxe.UnexpectedRowsExpectation):
    """A query that finds no row."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        found = metrics["unexpected_rows_query.row_count"]
        return {"success": found == 0, "result": {"observed_value": found}}

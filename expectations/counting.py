"""Expectations of Great Expectations that ask for the number of broken rows and nothing else.

Belongs here: what a suite is made of. The stock classes also fetch examples of broken values, a query each;
the quarantine has every broken row already. Stays out: which rule becomes which (`suite.py`). Importing this
imports Great Expectations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import great_expectations.expectations as gxe
from great_expectations.compatibility import pydantic

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import ValidationDependencies
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

_EXAMPLES = ("unexpected_values", "unexpected_index_list", "unexpected_index_query")


class _Configured:
    """GX asks some seventy times for the configuration, and makes it from all fields each time."""

    _made: Any

    @property
    def configuration(self) -> ExpectationConfiguration:
        """The configuration of an expectation, which never changes here, made once."""
        if self._made is None:
            self._made = super().configuration  # type: ignore[misc]
        return self._made


class _Counted(_Configured):
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

    _made: Any = pydantic.PrivateAttr(default=None)


class ExpectInSet(_Counted, gxe.ExpectColumnValuesToBeInSet):
    """A value of a list, or none."""

    _made: Any = pydantic.PrivateAttr(default=None)


class ExpectMatch(_Counted, gxe.ExpectColumnValuesToMatchRegex):
    """A value that a regular expression matches, or none."""

    _made: Any = pydantic.PrivateAttr(default=None)


class ExpectNoMatch(_Counted, gxe.ExpectColumnValuesToNotMatchRegex):
    """A value that a regular expression does not match, or none."""

    _made: Any = pydantic.PrivateAttr(default=None)


class ExpectBetween(_Counted, gxe.ExpectColumnValuesToBeBetween):
    """A value within bounds, or none."""

    _made: Any = pydantic.PrivateAttr(default=None)


class ExpectNoRows(_Configured, gxe.UnexpectedRowsExpectation):
    """A query that finds no row."""

    _made: Any = pydantic.PrivateAttr(default=None)

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        found = metrics["unexpected_rows_query.row_count"]
        return {"success": found == 0, "result": {"observed_value": found}}

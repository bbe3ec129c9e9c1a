"""The column type of rates keeps every digit on its way into either database and back."""

from decimal import Decimal

import pytest
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from core.tables.base import ExactDecimal

DIALECTS: list[Dialect] = [sqlite.dialect(), postgresql.dialect()]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        # thirty digits: two more than Decimal's own arithmetic carries
        ("123456789012345678.123456789012", "123456789012345678.123456789012"),
        ("0.000000000001", "0.000000000001"),
        ("-0.10", "-0.1"),
        ("1E+3", "1000"),
        ("-0", "0"),
    ],
)
def test_a_rate_keeps_every_digit_and_has_one_spelling(dialect: Dialect, given: str, kept: str) -> None:
    column = ExactDecimal()
    stored = column.process_bind_param(Decimal(given), dialect)
    back = column.process_result_value(stored, dialect)
    assert f"{back:f}" == kept
    if dialect.name == "sqlite":
        assert stored == kept


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("given", [0.1, 1, "1", Decimal("NaN"), Decimal("Infinity"), Decimal("0.0000000000001")])
def test_what_is_no_exact_decimal_is_never_stored(dialect: Dialect, given: object) -> None:
    with pytest.raises(ValueError, match=r"exact decimal|fractional digits"):
        ExactDecimal().process_bind_param(given, dialect)  # type: ignore[arg-type]

"""Another figure in place of a price's own, as a phase of a ramp states it."""

import pytest

from core.catalog import with_figure
from core.errors import BadInput
from core.rating import price_from_json
from tests.support.business import flat, seats, tiered

TIERS = tiered("api.calls", [{"up_to": "10", "unit": "0"}, {"up_to": None, "unit": "1"}])


@pytest.mark.parametrize(
    ("value", "figure", "shows"),
    [
        (flat("99"), "49.50", "a flat amount is another amount"),
        (seats("29"), "25", "a seat has another price"),
    ],
)  # fmt: skip
def test_a_price_of_one_figure_takes_another(value: dict[str, object], figure: str, shows: str) -> None:
    price = price_from_json({"currency": "USD", **value})
    name = "amount" if "amount" in value else "unit"
    assert price_from_json(with_figure(price, figure)) == price_from_json({"currency": "USD", **value, name: figure}), (
        shows
    )


@pytest.mark.parametrize(
    ("value", "figure", "code"),
    [
        (TIERS, "5", "not_one_figure"),
        (flat("99"), "a lot", "not_a_number"),
        (flat("99"), "0.1234567890123", "too_many_decimals"),
    ],
)  # fmt: skip
def test_what_is_no_figure_or_has_several_is_refused(value: dict[str, object], figure: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        with_figure(price_from_json({"currency": "USD", **value}), figure)
    assert [fault.code for fault in refused.value.faults] == [code]

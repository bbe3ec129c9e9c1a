"""Usage split by the customer's tier as of the event's own day, which no sender says."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Engine

from core import catalog, db, metering, seals
from tests.support import usage
from tests.support.business import NOW, OLGA, SINCE
from tests.support.usage import Ground, event, jsonl, take

SPRING = date(2024, 2, 15)
MONTH = date(2024, 2, 1), date(2024, 3, 1)


def by_tier(engine: Engine, customer: int, meter: int) -> dict[str | None, Decimal]:
    with db.reading(engine) as session:
        pair = (customer, meter)
        found = metering.usage(session, seal=seals.latest(session), wanted=[pair], start=MONTH[0], end=MONTH[1])[pair]
        return {dict(one.values)["customer.tier"]: one.quantity for one in found.by_dimensions}


def with_tiers(engine: Engine) -> tuple[Ground, int]:
    """Acme is silver, and gold from 15 February on; Berlin has no tier. The meter counts from 2023 on."""
    ground = usage.ground(engine)
    with db.transaction(engine, NOW, "tests.tiers") as session:
        meter = catalog.add_meter(
            session, OLGA, NOW, seller_id=ground.seller_id, code="calls.by_tier", name="Calls", aggregation="sum",
            unit="call", valid_from=SINCE, dimensions=["customer.tier"],
        )  # fmt: skip
        for day, tier in ((date(2024, 1, 1), "silver"), (SPRING, "gold")):
            catalog.amend_customer(session, OLGA, NOW, customer_id=ground.acme, valid_from=day, tier=tier)
    return ground, meter


def test_an_event_counts_for_the_tier_of_its_own_day_however_late_it_comes(engine: Engine) -> None:
    """Acme's day begins in New York: 03:00 UTC on the 15th is still its 14th. 1 + 2 are silver's, 4 + 8 gold's."""
    ground, meter = with_tiers(engine)
    sent = [
        event(f"e{n}", meter="calls.by_tier", quantity=quantity, occurred_at=at)
        for n, (quantity, at) in enumerate(
            [
                (4, "2024-02-15T12:00:00Z"),
                (8, "2024-03-01T04:00:00Z"),
                (1, "2024-02-02T12:00:00Z"),
                (2, "2024-02-15T03:00:00Z"),
            ]
        )
    ]
    pretends = event("e9", meter="calls.by_tier", customer="berlin", quantity=16, properties={"customer.tier": "gold"})
    assert take(engine, ground, jsonl([*sent, pretends])).accepted == 5
    assert by_tier(engine, ground.acme, meter) == {"silver": Decimal(3), "gold": Decimal(12)}
    assert by_tier(engine, ground.berlin, meter) == {None: Decimal(16)}
    with db.reading(engine) as session:
        assert not metering.rebuild(session)


def test_a_tier_that_is_changed_later_makes_no_conflict_of_an_event_that_comes_again(engine: Engine) -> None:
    ground, meter = with_tiers(engine)
    one = jsonl([event("e", meter="calls.by_tier", quantity=5, occurred_at="2024-02-02T12:00:00Z")])
    assert take(engine, ground, one).accepted == 1
    with db.transaction(engine, NOW, "tests.tier") as session:
        catalog.amend_customer(session, OLGA, NOW, customer_id=ground.acme, valid_from=date(2024, 2, 1), tier="gold")
    again = take(engine, ground, one, cursor="again")
    assert (again.accepted, again.duplicates, again.conflicts) == (0, 1, 0)
    assert by_tier(engine, ground.acme, meter) == {"silver": Decimal(5)}

"""What-if: a candidate plan on the last months. Same plan, no difference; closed periods sum to what documents charged; nothing
is written. NOW is 5 March 2024, so the last three months are December, January and February (29 days)."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from core import analytics, catalog, db, export, ledger, metering, seals
from core.analytics import Ask, Basis, CustomerFigures, Note, Side, WhatIf
from core.clock import Anchor, AnchorKind, Period
from core.errors import BadInput, NotPermitted
from core.words import LineKind
from tests.support import billing, business
from tests.support.billing import at
from tests.support.business import ANNA, MONTHLY, NOW, OLGA, VERA, Client, Desk
from tests.support.counting import counting
from tests.support.crowd import add_crowd

D = date.fromisoformat
TODAY = D("2024-03-05")
THREE = analytics.last_months(TODAY, 3)
TWELVE = analytics.last_months(TODAY, 12)
CALENDAR = Anchor(AnchorKind.CALENDAR, D("2023-01-01"))


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return billing.found(engine)


def join(engine: Engine, desk: Desk, key: str, plan: str, **more: Any) -> Client:
    with db.transaction(engine, NOW, "tests.join") as session:
        return business.add_customer(session, desk, key, plan=plan, **more)


def asked(
    engine: Engine, desk: Desk, plan: str, months: Sequence[Period] = THREE, price: str = "", **more: Any
) -> WhatIf:
    with db.reading(engine) as session:
        candidate = analytics.of_version(session, desk.seller_id, desk.plans[plan])
        candidate = analytics.of_price(candidate, price) if price else candidate
        return analytics.what_if(session, VERA, Ask(desk.seller_id, candidate, tuple(months), **more))


def take(engine: Engine, desk: Desk, sent: Sequence[dict[str, Any]]) -> None:
    """Events in one batch, all of them accepted."""
    content = "".join(f"{json.dumps(each)}\n" for each in sent).encode()
    given: dict[str, Any] = {"seller_id": desk.seller_id, "source": "test", "cursor": str(len(sent)), "format": "jsonl"}
    with db.transaction(engine, NOW, "tests.use") as session:
        assert metering.ingest(session, OLGA, NOW, content=content, **given).accepted == len(sent)


def one(answer: WhatIf, key: str) -> CustomerFigures:
    (found,) = [each for each in answer.figures if each.key == key]
    return found


def test_months_are_the_whole_calendar_months_that_have_ended() -> None:
    assert [str(month) for month in analytics.last_months(D("2024-03-31"), 2)] == [
        "2024-01-01/2024-02-01",
        "2024-02-01/2024-03-01",
    ]
    with pytest.raises(BadInput, match="1 to 60 months"):
        analytics.last_months(TODAY, 0)


def test_flat_rate_customers_beside_what_usage_would_bill(engine: Engine, desk: Desk) -> None:
    """5 seats × 29 = 145 a month. By tokens at 3 per million: January 10 M = 30.00, 29 February 2 M = 6.00, December nothing."""
    join(engine, desk, "acme", "seats", quantities={"seats": 5})
    billing.use(engine, desk, "acme", "tokens.context", D("2024-01-15"), 10_000_000)
    billing.use(engine, desk, "acme", "tokens.context", D("2024-02-29"), 2_000_000, "leap day")
    billing.use(engine, desk, "acme", "tokens.context", D("2024-03-01"), 9_000_000, "too late")
    answer = asked(engine, desk, "tokens")
    acme = one(answer, "acme")
    assert (acme.present, acme.candidate) == ((14500, 14500, 14500), (0, 3000, 600))
    assert acme.difference_minor == -39900
    assert acme.basis is Basis.FLAT
    assert acme.quantities == (("context", Fraction(12_000_000)), ("generated", Fraction(0)))
    (total,) = answer.totals()
    assert (total.currency, total.customers, total.more, total.less) == ("USD", 1, 0, 1)
    assert (total.present, total.candidate) == (acme.present, acme.candidate)


def test_seats_and_their_changes_go_along_with_the_code_of_the_price(engine: Engine, desk: Desk) -> None:
    """5 seats, 8 from 15 February: 145 × 14/29 = 70, then 232 − 232 × 14/29 = 120: together 190. `everything` adds 99 flat."""
    acme = join(engine, desk, "acme", "seats", quantities={"seats": 5})
    with db.transaction(engine, NOW, "tests.seats") as session:
        business.change_seats(session, acme, D("2024-02-15"), 8)
    found = one(asked(engine, desk, "everything"), "acme")
    assert found.present == (14500, 14500, 19000)
    assert found.candidate == (24400, 24400, 28900)
    assert found.notes == ()


def test_seats_of_which_nothing_tells_the_number_are_asked_for_or_one(engine: Engine, desk: Desk) -> None:
    join(engine, desk, "acme", "hybrid")
    alone = one(asked(engine, desk, "seats"), "acme")
    assert (alone.candidate, alone.notes) == ((2900,) * 3, (Note.SEATS_ASSUMED,))
    told = one(asked(engine, desk, "seats", seats={"seats": Decimal(4)}), "acme")
    assert (told.candidate, told.notes) == ((11600,) * 3, ())


def test_a_yearly_price_is_compared_by_its_days(engine: Engine, desk: Desk) -> None:
    """300 a year from 1 January 2023: December is the last 31 of 365 days, 30000 − R(30000 × 334/365) = 30000 − 27452 = 2548.
    The year 2024 has 366: January R(30000 × 31/366) = 2541, February R(30000 × 60/366) − 2541 = 4918 − 2541 = 2377."""
    join(engine, desk, "acme", "seats_yearly", quantities={"seats": 1})
    found = one(asked(engine, desk, "seats"), "acme")
    assert found.present == (2548, 2541, 2377)
    assert found.candidate == (2900,) * 3


def test_a_period_that_months_cut_is_rated_whole_and_told_by_what_it_adds(engine: Engine, desk: Desk) -> None:
    """Periods from the 15th. From 15 December 700 calls' worth by 31 December, 600 more in January: tiers of the whole period,
    100 free, 900 × 0.10, 300 × 0.08 = 114.00, of it 600 × 0.10 = 60.00 by the end of December, so 54.00 in January."""
    prices = [("calls", "api", business.tiered("tokens.context", business.ALLOWANCE))]
    with db.transaction(engine, NOW, "tests.plan") as session:
        version = business.add_plan(session, desk.seller_id, "tiers", "Tiers", prices)
    desk = Desk(**{**vars(desk), "plans": {**desk.plans, "tiers": version}})
    join(engine, desk, "acme", "tiers", started_on=D("2023-12-15"))
    for day, quantity in (("2023-12-20", 700), ("2024-01-10", 600), ("2024-01-20", 40), ("2024-02-20", 150)):
        billing.use(engine, desk, "acme", "tokens.context", D(day), quantity, day)
    found = one(asked(engine, desk, "tiers"), "acme")
    assert found.present == (6000, 5400, 500)  # the period from 15 February has 150 by the month's end: 50 × 0.10
    assert found.candidate == found.present
    assert found.notes == (Note.PART_OF_MONTHS,)
    cut = one(asked(engine, desk, "tiers", THREE[1:]), "acme")
    assert cut.present == (5400, 500)  # what came before the first month counts towards its tiers


# ── the law: same plan, no difference; closed periods are what was charged ──────────────────────────────────────────


def _moved(session: Session, desk: Desk, client: Client) -> None:
    catalog.change_plan(
        session, OLGA, NOW, subscription_id=client.subscription_id, plan_version_id=desk.plans["hybrid"],
        effective_on=D("2024-01-20"), interval_change="restart",
    )  # fmt: skip


def _paused(session: Session, _desk: Desk, client: Client) -> None:
    asked_for = catalog.Pause(D("2024-01-10"), D("2024-02-10"))
    catalog.change_subscription(session, OLGA, NOW, subscription_id=client.subscription_id, asked=asked_for)


def _seats(session: Session, _desk: Desk, client: Client) -> None:
    business.change_seats(session, client, D("2024-01-17"), 7)
    business.change_seats(session, client, D("2024-02-20"), 2)


def _cancelled(session: Session, _desk: Desk, client: Client) -> None:
    catalog.cancel(session, OLGA, NOW, subscription_id=client.subscription_id, effective_on=D("2024-02-11"))


Change = Callable[[Session, Desk, Client], None]
LIVES: dict[str, tuple[str, dict[str, Any], Change | None]] = {
    "seated": ("seats", {"quantities": {"seats": 5}, "anchor": CALENDAR}, _seats),
    "yearly": ("seats_yearly", {"quantities": {"seats": 3}, "started_on": D("2023-02-10")}, None),
    "storing": ("hybrid", {"started_on": D("2023-11-15")}, None),
    "resting": ("everything", {"quantities": {"seats": 2}, "started_on": D("2023-11-30")}, _paused),
    "moving": ("everything", {"quantities": {"seats": 4}, "started_on": D("2023-12-05")}, _moved),
    "leaving": ("tokens", {"started_on": D("2023-12-31")}, _cancelled),
}


def _live(engine: Engine, desk: Desk) -> dict[str, Client]:
    clients = {}
    for key, (plan, more, change) in LIVES.items():
        clients[key] = join(engine, desk, key, plan, **more)
        if change:
            with db.transaction(engine, NOW, "tests.change") as session:
                change(session, desk, clients[key])
    sent = [
        {
            "event_id": f"{meter}-{day}-{n}",
            "customer": key,
            "meter": meter,
            "occurred_at": f"{day}T18:00:00Z",
            "quantity": much,
        }
        for key in LIVES
        for day in ("2023-12-31", "2024-01-12", "2024-01-25", "2024-02-14", "2024-02-29")
        for meter, times, much in (
            ("api.calls", 3, "1"),
            ("storage.mb_seconds", 1, "700000000000"),
            ("tokens.context", 1, "1234567"),
        )
        for n in range(times)
    ]
    take(engine, desk, sent)
    return clients


def test_the_plan_that_a_customer_has_makes_no_difference(engine: Engine, desk: Desk) -> None:
    _live(engine, desk)
    for key, (plan, _, _) in LIVES.items():
        found = one(asked(engine, desk, plan, plan_code=plan), key)
        assert found.present == found.candidate, key
        assert found.present_minor > 0, key


def test_closed_periods_come_to_what_their_documents_charged(engine: Engine, desk: Desk) -> None:
    clients = _live(engine, desk)
    charged: dict[tuple[str, str, str], int] = defaultdict(int)
    for document in billing.draft(engine, desk, TODAY):
        (key,) = [key for key, client in clients.items() if client.account_id == document.account_id]
        for line in document.lines:
            if line.kind is not LineKind.ONE_OFF and _is_closed(line.explanation["cadence_period"]):
                whole = line.explanation["cadence_period"]
                charged[key, line.description.partition(",")[0], whole] += line.amount_minor
    compared: dict[tuple[str, str, str], int] = defaultdict(int)
    with db.reading(engine) as session:
        candidate = analytics.of_version(session, desk.seller_id, desk.plans["seats"])
        ask, seal = Ask(desk.seller_id, candidate, TWELVE), seals.latest(session)
        for key, client in clients.items():
            for line in analytics.explained(session, VERA, ask, client.customer_id, "USD", seal):
                if line.side is Side.PRESENT and _is_closed(str(line.whole)):
                    compared[key, line.product, str(line.whole)] += line.amount_minor
    assert {place: minor for place, minor in charged.items() if minor} == {p: m for p, m in compared.items() if m}
    assert len(compared) > 20


def _is_closed(whole: str) -> bool:
    """The period lies in the months that are compared."""
    period = Period.parse(whole)
    return TWELVE[0].start <= period.start and period.end <= TWELVE[-1].end


def test_lines_opened_one_by_one_come_to_the_figures_of_the_row(engine: Engine, desk: Desk) -> None:
    """The row adds up sums of the database, the lines read every day: two ways to the same cent."""
    clients = _live(engine, desk)
    answer = asked(engine, desk, "hybrid", TWELVE)
    with db.reading(engine) as session:
        for row in answer.figures:
            client = clients[row.key]
            lines = analytics.explained(session, VERA, answer.ask, client.customer_id, "USD", answer.seal)
            for side, months in ((Side.PRESENT, row.present), (Side.CANDIDATE, row.candidate)):
                mine = [line for line in lines if line.side is side]
                assert tuple(sum(line.amount_minor for line in mine if line.month == n) for n in range(12)) == months
    storage = [line for line in lines if line.code == "storage"]
    assert storage
    assert all(line.explanation["usage"]["by_day"] is not None for line in storage)


# ── who and what cannot be compared ─────────────────────────────────────────────────────────────────────────────────


def test_who_cannot_be_compared_is_named_with_the_reason(engine: Engine, desk: Desk) -> None:
    """Calls cost 2 in the region eu; of others the candidate says nothing, so who made one has no amount: 3 × 2 = 6 for eu."""
    for key, currency in (("acme", "USD"), ("kyoto", "JPY"), ("heavy", "USD")):
        join(engine, desk, key, "seats", quantities={"seats": 1}, currency=currency)
    with db.transaction(engine, NOW, "tests.meter") as session:
        catalog.add_meter(
            session, OLGA, NOW, seller_id=desk.seller_id, code="regional", name="Regional calls", aggregation="sum",
            unit="call", valid_from=business.SINCE, dimensions=["region"],
        )  # fmt: skip
    call = {"meter": "regional", "occurred_at": "2024-02-02T12:00:00Z", "quantity": "3"}
    regions = [("acme", "eu"), ("heavy", "us")]
    take(engine, desk, [{**call, "event_id": key, "customer": key, "properties": {"region": r}} for key, r in regions])
    cells = [{"when": {"region": "eu"}, "unit": "2"}]
    value = {
        "kind": "usage",
        "model": "matrix",
        "cadence": MONTHLY,
        "meter": "regional",
        "dimensions": ["region"],
        "default": None,
    }
    price = {"code": "calls", "currency": "USD", "product": "api", "value": {**value, "cells": cells}}
    with db.reading(engine) as session:
        candidate = analytics.of_prices(session, desk.seller_id, [price], "By region")
        answer = analytics.what_if(session, VERA, Ask(desk.seller_id, candidate, THREE))
        with pytest.raises(BadInput, match="There is no product"):
            analytics.of_prices(session, desk.seller_id, [{**price, "product": "none"}], "Faulty")
    assert {each.key: each.candidate for each in answer.figures} == {"acme": (0, 0, 600)}
    told = {each.key: each.sentence for each in answer.not_compared}
    assert told["kyoto"] == "Kyoto pays in JPY; the candidate has prices in USD."
    assert "us" in told["heavy"]


def test_a_plan_is_replaced_alone_and_several_subscriptions_by_one(engine: Engine, desk: Desk) -> None:
    acme = join(engine, desk, "acme", "seats", quantities={"seats": 2})
    with db.transaction(engine, NOW, "tests.join") as session:
        business.subscribe(session, desk, acme, "hybrid", code="acme-2", started_on=D("2024-01-01"))
    alone = one(asked(engine, desk, "seats_yearly", plan_code="hybrid"), "acme")
    assert alone.present == (0, 9900, 9900)
    both = one(asked(engine, desk, "everything"), "acme")
    assert both.present == (5800, 15700, 15700)
    assert both.candidate == (15700,) * 3  # 2 × 29 + 99, once
    assert Note.REPLACES_SEVERAL in both.notes


def test_a_customer_whose_usage_was_included_pays_flat_and_one_without_usage_does_not(
    engine: Engine, desk: Desk
) -> None:
    """A GB for a month is 1,000 MB × the seconds of the month; 100 of them are included."""
    for key, stored in (("within", 1_000_000_000), ("beyond", 400_000_000_000_000), ("idle", 0)):
        join(engine, desk, key, "hybrid")
        if stored:
            billing.use(engine, desk, key, "storage.mb_seconds", D("2024-02-02"), stored)
    answer = asked(engine, desk, "hybrid", price="storage")
    found = {each.key: each.basis for each in answer.figures}
    assert found == {"within": Basis.INCLUDED, "beyond": Basis.METERED, "idle": Basis.METERED}
    assert one(answer, "within").candidate_minor == 0
    with pytest.raises(BadInput, match="usage prices in it: storage"):
        asked(engine, desk, "hybrid", price="platform")


# ── nothing is written, and few statements ──────────────────────────────────────────────────────────────────────────


def test_an_override_a_trial_and_another_candidate_stand_side_by_side(engine: Engine, desk: Desk) -> None:
    """20 a seat instead of 29 from February: 2 × 20 = 40. The trial until 16 January is free on both sides, then 16 of 31 days:
    R(58 × 31/31) − R(58 × 15/31) = 58.00 − 28.06 = 29.94 by the calendar, 300 a year likewise only for those days."""
    acme = join(engine, desk, "acme", "seats", quantities={"seats": 2})
    tried = join(engine, desk, "tried", "")
    with db.transaction(engine, NOW, "tests.override") as session:
        catalog.override_price(
            session, OLGA, NOW, subscription_id=acme.subscription_id, price_code="seats", valid_from=D("2024-02-01"),
            value=business.seats("20"), reason="agreed",
        )  # fmt: skip
        catalog.subscribe(
            session, OLGA, NOW, contract_id=tried.contract_id, customer_id=tried.customer_id, code="tried",
            plan_version_id=desk.plans["seats"], currency="USD", started_on=D("2024-01-02"), anchor=CALENDAR,
            quantities={"seats": 2}, trial_until=D("2024-01-16"),
        )  # fmt: skip
    answer = asked(engine, desk, "seats")
    assert (one(answer, "acme").present, one(answer, "acme").candidate) == ((5800, 5800, 4000), (5800,) * 3)
    assert one(answer, "tried").present == one(answer, "tried").candidate == (0, 2994, 5800)


def test_several_currencies_stand_together_only_at_stored_rates(engine: Engine, desk: Desk) -> None:
    """29 EUR a month at 1.10 is 31.90 USD; three months of both: 87 + 95.70 = 182.70 and, with Everything, 384 + 422.40."""
    for key, currency in (("acme", "USD"), ("berlin", "EUR")):
        join(engine, desk, key, "seats", quantities={"seats": 1}, currency=currency)
    answer = asked(engine, desk, "everything")
    assert [(each.currency, each.difference_minor) for each in answer.totals()] == [("EUR", 29700), ("USD", 29700)]
    with db.reading(engine) as session:
        assert analytics.together(session, answer, TODAY) is None  # no rate is stored
    with db.transaction(engine, NOW, "tests.rate") as session:
        ledger.set_fx_rate(session, ANNA, NOW, base="EUR", quote="USD", on=D("2024-03-01"), rate=Decimal("1.10"))
    with db.reading(engine) as session:
        found = analytics.together(session, answer, TODAY)
    assert found is not None
    assert (found.currency, found.present_minor, found.candidate_minor) == ("USD", 18270, 80640)


def test_who_may_not_read_asks_in_vain(engine: Engine, desk: Desk) -> None:
    nobody = replace(VERA, permissions=frozenset())
    with db.reading(engine) as session:
        candidate = analytics.of_version(session, desk.seller_id, desk.plans["seats"])
        with pytest.raises(NotPermitted, match="may not read"):
            analytics.what_if(session, nobody, Ask(desk.seller_id, candidate, THREE))


def test_nothing_is_written_by_asking_what_if(engine: Engine, desk: Desk, tmp_path: Path) -> None:
    _live(engine, desk)
    with db.reading(engine) as session:
        before = export.write(session, tmp_path / "before")
    said: list[str] = []

    def note(*given: Any) -> None:
        said.append(str(given[2]).split(maxsplit=1)[0].upper())

    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = asked(engine, desk, "everything", TWELVE)
        with db.reading(engine) as session:
            for row in answer.figures:
                analytics.explained(session, VERA, answer.ask, row.customer_id, row.currency, answer.seal)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert set(said) <= {"SELECT", "WITH", "BEGIN", "PRAGMA"}
    with db.reading(engine) as session:
        assert export.write(session, tmp_path / "after") == before


def test_a_crowd_costs_the_statements_of_a_few(engine: Engine, desk: Desk) -> None:
    costs = []
    for number in (3, 60):
        with db.transaction(engine, NOW, "tests.crowd") as session:
            add_crowd(session, desk, number, plan="hybrid", prefix=f"crowd{number}")
        with counting(engine) as cost:
            answer = asked(engine, desk, "everything", TWELVE)
        costs.append(cost.queries)
    assert len(answer.figures) == 63
    assert costs[1] <= costs[0] + 2


# ── sums of cells ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_sums_say_what_usage_says_also_under_an_older_seal(engine: Engine, desk: Desk) -> None:
    acme = join(engine, desk, "acme", "tokens")
    pairs = [(acme.customer_id, desk.meters[code]) for code in ("api.calls", "tokens.context")]
    slots = [Period(D(a), D(b)) for a, b in (("2024-01-01", "2024-02-01"), ("2024-02-01", "2024-02-10"),
                                             ("2024-02-12", "2024-03-01"))]  # fmt: skip
    for day in ("2024-01-31", "2024-02-01", "2024-02-11", "2024-02-12"):
        billing.use(engine, desk, "acme", "api.calls", D(day), 2, f"calls {day}")
        billing.use(engine, desk, "acme", "tokens.context", D(day), 5, f"tokens {day}")
    with db.reading(engine) as session:
        old = seals.latest(session)
    billing.use(engine, desk, "acme", "tokens.context", D("2024-02-12"), 90, "more of a day that was counted")
    with db.transaction(engine, NOW, "tests.adjust") as session:
        metering.adjust(
            session, OLGA, at(TODAY), customer_id=acme.customer_id, meter_id=desk.meters["tokens.context"],
            on=D("2024-02-03"), quantity=Decimal("0.25"), reason="counted by hand", key="a",
        )  # fmt: skip
    with db.reading(engine) as session:
        for seal in (old, seals.latest(session)):
            found = metering.sums(session, seal=seal, wanted=pairs, slots=slots)
            for number, slot in enumerate(slots):
                used = metering.usage(session, seal=seal, wanted=pairs, start=slot.start, end=slot.end)
                for pair in pairs:
                    assert Fraction(found[pair][number].picos, 10**12) == Fraction(used[pair].quantity)
                    assert found[pair][number].events == used[pair].events

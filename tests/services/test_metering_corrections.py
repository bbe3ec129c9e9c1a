"""What was rejected is mended and replayed; what counted wrongly is adjusted or withdrawn; old seals keep their answers."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from core import catalog, db, metering, seals
from core.errors import BadInput, NotFound, NotPermitted, Refused, Stale
from core.words import RejectionState
from tests.support import usage
from tests.support.business import ANNA, NOW, OLGA, SINCE, VERA
from tests.support.usage import Ground, event, jsonl, take

FEB = (date(2024, 2, 1), date(2024, 3, 1))


def quantity(
    session: Session, ground: Ground, meter: str, customer: int | None = None, seal: int | None = None
) -> Decimal:
    pair = (customer or ground.acme, ground.meters[meter])
    at = seals.latest(session) if seal is None else seal
    found = metering.usage(session, seal=at, wanted=[pair], start=FEB[0], end=FEB[1])
    return found[pair].quantity


def test_an_unknown_customer_is_replayed_once_its_alias_is_there(engine: Engine) -> None:
    ground = usage.ground(engine)
    sent = [event("e1", customer="acme-eu"), event("e2", customer="acme-eu"), event("e3", meter="calls")]
    first = take(engine, ground, jsonl(sent))
    assert (first.accepted, first.rejected) == (0, 3)
    with db.reading(engine) as session:
        groups = metering.rejection_groups(session, seller_id=ground.seller_id)
        ids = metering.open_rejection_ids(session, seller_id=ground.seller_id)
    assert [(g.group_key, g.count) for g in groups] == [("unknown_customer:acme-eu", 2), ("unknown_meter:calls", 1)]
    with db.transaction(engine, NOW, "tests.alias") as session:
        catalog.add_alias(session, OLGA, NOW, customer_id=ground.acme, alias="acme-eu", valid_from=SINCE)
    later = NOW + timedelta(days=500)  # it was in time when it arrived
    with db.transaction(engine, later, "tests.replay") as session:
        result = metering.replay(session, OLGA, later, seller_id=ground.seller_id, rejection_ids=ids)
    assert (result.replayed, result.accepted) == (2, 2)
    assert [fault.code for faults in result.still_open.values() for fault in faults] == ["unknown_meter"]
    with db.reading(engine) as session:
        assert quantity(session, ground, "api.calls") == 2
        left = metering.rejections(session, seller_id=ground.seller_id)
        assert [row.group_key for row in left] == ["unknown_meter:calls"]
        done = metering.rejections(session, seller_id=ground.seller_id, state=RejectionState.REPLAYED)
        assert {row.settled_by for row in done} == {"olga"}
    with pytest.raises(Stale, match="replayed by olga already"), db.transaction(engine, NOW, "tests.replay") as session:
        metering.replay(session, OLGA, NOW, seller_id=ground.seller_id, rejection_ids=ids)


def test_a_csv_row_is_replayed_through_the_mended_mapping_under_its_own_id(engine: Engine) -> None:
    """The mapping named a meter that nobody has; mended, each row gives the very events that the whole file would give."""
    ground = usage.ground(engine)
    rule = {**usage.TRACE_RULE, "events": [{"meter": {"value": "tokens.kontext"}, "quantity": {"column": "N"}}]}
    rule |= {"occurred_at": {"column": "AT"}, "id": {"rule": "hash"}}
    mended = {**rule, "events": [{"meter": {"value": "tokens.context"}, "quantity": {"column": "N"}}]}
    content = b"AT,N\n2024-02-01 10:00:00,5\n2024-02-01 11:00:00,7\n"
    with db.transaction(engine, NOW, "tests.mapping") as session:
        metering.save_mapping(session, OLGA, NOW, seller_id=ground.seller_id, source="rows", rule=rule)
    assert take(engine, ground, content, source="rows", format="csv").rejected == 2
    with db.transaction(engine, NOW, "tests.mapping") as session:
        metering.save_mapping(session, OLGA, NOW, seller_id=ground.seller_id, source="rows", rule=mended)
        ids = metering.open_rejection_ids(session, seller_id=ground.seller_id)
        result = metering.replay(session, OLGA, NOW, seller_id=ground.seller_id, rejection_ids=ids)
    assert (result.replayed, result.accepted, result.still_open) == (2, 2, {})
    again = take(engine, ground, content, source="rows", format="csv", cursor="again")
    assert (again.accepted, again.duplicates) == (0, 2)
    with db.reading(engine) as session:
        assert quantity(session, ground, "tokens.context", ground.tokyo) == 12


def test_a_mapping_keeps_how_it_makes_ids(engine: Engine) -> None:
    ground = usage.ground(engine)
    with db.transaction(engine, NOW, "tests.mapping") as session:
        metering.save_mapping(session, OLGA, NOW, seller_id=ground.seller_id, source="t", rule=usage.TRACE_RULE)
    other = {**usage.TRACE_RULE, "id": {"rule": "column", "column": "ID"}}
    with pytest.raises(Refused, match="would count"), db.transaction(engine, NOW, "tests.mapping") as session:
        metering.save_mapping(session, OLGA, NOW, seller_id=ground.seller_id, source="t", rule=other)


def test_a_rejection_is_discarded_only_with_a_reason_and_once(engine: Engine) -> None:
    ground = usage.ground(engine)
    take(engine, ground, b'{"broken\n')
    with db.reading(engine) as session:
        ids = metering.open_rejection_ids(session, seller_id=ground.seller_id)
    with pytest.raises(BadInput, match="say why"), db.transaction(engine, NOW, "tests.discard") as session:
        metering.discard(session, OLGA, NOW, seller_id=ground.seller_id, rejection_ids=ids, reason=" ")
    with db.transaction(engine, NOW, "tests.discard") as session:
        assert metering.discard(session, OLGA, NOW, seller_id=ground.seller_id, rejection_ids=ids, reason="a test") == 1
    with pytest.raises(Stale), db.transaction(engine, NOW, "tests.discard") as session:
        metering.discard(session, OLGA, NOW, seller_id=ground.seller_id, rejection_ids=ids, reason="again")
    with pytest.raises(NotFound), db.transaction(engine, NOW, "tests.discard") as session:
        metering.discard(session, OLGA, NOW, seller_id=ground.seller_id, rejection_ids=[99], reason="none")
    with db.reading(engine) as session:
        [row] = metering.rejections(session, seller_id=ground.seller_id, state=RejectionState.DISCARDED)
        assert (row.raw, row.reason) == ('{"broken', "a test")


def test_an_adjustment_is_added_after_aggregation_and_its_key_counts_once(engine: Engine) -> None:
    ground = usage.ground(engine)
    take(engine, ground, jsonl([event("a", meter="tokens.context", quantity="10.5")]))
    said = {
        "customer_id": ground.acme, "meter_id": ground.meters["tokens.context"], "on": date(2024, 2, 3),
        "quantity": Decimal("-2.25"), "reason": "double sending", "key": "ticket-7",
    }  # fmt: skip
    batches = set()
    for _ in range(2):
        with db.transaction(engine, NOW, "tests.adjust") as session:
            batches.add(metering.adjust(session, OLGA, NOW, **said))
    assert len(batches) == 1
    with db.reading(engine) as session:
        pair = (ground.acme, ground.meters["tokens.context"])
        seal = seals.latest(session)
        found = metering.usage(session, seal=seal, wanted=[pair], start=FEB[0], end=FEB[1])[pair]
        assert found.quantity == Decimal("8.25")  # 10.5 − 2.25
        assert [(d.on, d.quantity, d.events) for d in found.days] == [(date(2024, 2, 1), Decimal("10.5"), 1)]
        assert [(a.key, a.quantity, a.reason, a.actor) for a in found.adjustments] == [
            ("ticket-7", Decimal("-2.25"), "double sending", "olga")
        ]
        assert not metering.rebuild(session)
        changed = metering.changed_days(session, seal - 2, seal)
        assert changed == {pair: {date(2024, 2, 3)}}
    with pytest.raises(Refused, match="another adjustment"), db.transaction(engine, NOW, "tests.adjust") as session:
        metering.adjust(session, OLGA, NOW, **{**said, "quantity": Decimal(1)})
    with pytest.raises(NotPermitted), db.transaction(engine, NOW, "tests.adjust") as session:
        metering.adjust(session, VERA, NOW, **said)


def test_a_withdrawn_event_leaves_its_day_and_does_not_come_back(engine: Engine) -> None:
    ground = usage.ground(engine)
    sent = [event(f"e{n}", meter="tokens.context", quantity=n) for n in (1, 2, 4)]
    take(engine, ground, jsonl(sent))
    with db.reading(engine) as session:
        before = seals.latest(session)
    with db.transaction(engine, NOW, "tests.withdraw") as session:
        metering.withdraw(session, OLGA, NOW, customer_id=ground.acme, event_id="e2", reason="not theirs")
    again = take(engine, ground, jsonl(sent), cursor="again")
    assert (again.accepted, again.duplicates) == (0, 3)
    with db.reading(engine) as session:
        assert quantity(session, ground, "tokens.context") == 5
        assert quantity(session, ground, "tokens.context", seal=before) == 7
        assert not metering.rebuild(session)
        day = metering.events(session, ground.acme, ground.meters["tokens.context"], date(2024, 2, 1))
        assert [(e.event_id, e.withdrawn) for e in day] == [("e1", False), ("e2", True), ("e4", False)]
        changed = metering.changed_days(session, before, seals.latest(session))
        assert changed == {(ground.acme, ground.meters["tokens.context"]): {date(2024, 2, 1)}}
    with pytest.raises(Refused, match="withdrawn already"), db.transaction(engine, NOW, "tests.withdraw") as session:
        metering.withdraw(session, OLGA, NOW, customer_id=ground.acme, event_id="e2", reason="again")
    with pytest.raises(NotFound, match="no event"), db.transaction(engine, NOW, "tests.withdraw") as session:
        metering.withdraw(session, OLGA, NOW, customer_id=ground.acme, event_id="e9", reason="none")


def test_a_seal_answers_the_same_whatever_comes_later(engine: Engine) -> None:
    """Three batches on one day, 1, 10 and 100: each seal keeps the sum it had, also where a later batch wrote the cell."""
    ground = usage.ground(engine)
    known: list[tuple[int, int]] = []
    for number, amount in enumerate((1, 10, 100)):
        take(engine, ground, jsonl([event(f"e{number}", meter="tokens.context", quantity=amount)]))
        with db.reading(engine) as session:
            known.append((seals.latest(session), int(quantity(session, ground, "tokens.context"))))
    assert [total for _, total in known] == [1, 11, 111]
    with db.reading(engine) as session:
        for seal, total in known:
            assert quantity(session, ground, "tokens.context", seal=seal) == total
        pair = (ground.acme, ground.meters["tokens.context"])
        first, second, third = (seal for seal, _ in known)
        assert metering.changed_days(session, 0, first - 1, ground.seller_id) == {}
        for since, to in ((first - 1, first), (first, second), (second, third), (0, third)):
            assert metering.changed_days(session, since, to, ground.seller_id) == {pair: {date(2024, 2, 1)}}
        assert metering.changed_days(session, third, third + 9) == {}


def test_a_rebuild_names_the_cell_that_drifted_and_by_what(engine: Engine) -> None:
    ground = usage.ground(engine)
    take(engine, ground, jsonl([event("a", meter="tokens.context", quantity="0.25"), event("b"), event("c")]))
    with db.transaction(engine, NOW, "tests.break") as session:
        usage.break_a_day(session, ground.acme, ground.meters["tokens.context"])
    with db.reading(engine) as session:
        found = metering.rebuild(session)
        [drift] = found
        assert (found.cells, found.events) == (2, 3)
        assert (drift.customer_id, drift.meter_id, drift.on) == (
            ground.acme, ground.meters["tokens.context"], date(2024, 2, 1),
        )  # fmt: skip
        assert (drift.stored_quantity, drift.true_quantity) == (Decimal("7.25"), Decimal("0.25"))
        assert not metering.rebuild(session, customer_ids=[ground.berlin])
        assert not metering.rebuild(session, start=date(2024, 2, 2))


def test_approvers_do_not_take_usage_in(engine: Engine) -> None:
    ground = usage.ground(engine)
    with pytest.raises(NotPermitted), db.transaction(engine, NOW, "tests.take") as session:
        metering.ingest(
            session, ANNA, NOW, seller_id=ground.seller_id, source="x", content=jsonl([event("e")]), format="jsonl"
        )

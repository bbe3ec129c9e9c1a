"""The draft as a pure function: whatever changes when, what is charged in the end is what the timeline costs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import rating
from core.catalog.billing_rules import BillingRules
from core.catalog.prices import price_from_json, price_hash
from core.catalog.views import ContractTerms, ItemView, SubscriptionView
from core.clock import Anchor, AnchorKind, Period
from core.invoicing import rules
from core.invoicing.flags import median
from core.invoicing.model import MOVES, AccountFacts, Billed, Cause, ChargeKind, Draft, HandMade, LineKind, Used
from core.ledger.model import TaxTreatment
from core.revenue import rules as promises
from core.words import DocumentStatus, InputKind, Modification, SubjectKind, TaxCategory

JANUARY = date(2024, 1, 1)
MONTHLY = {"every": 1, "unit": "month"}
SEATS = {
    "kind": "recurring",
    "model": "per_unit",
    "timing": "in_advance",
    "cadence": MONTHLY,
    "unit": "29",
    "currency": "USD",
}
TIERS = [{"up_to": "5", "unit": "31.7", "flat": "3"}, {"up_to": None, "unit": "17.3", "flat": "0.5"}]
TIERED = {
    "kind": "recurring",
    "model": "graduated",
    "timing": "in_advance",
    "cadence": MONTHLY,
    "tiers": TIERS,
    "currency": "USD",
}
CALLS = {"kind": "usage", "model": "per_unit", "cadence": MONTHLY, "meter": "calls", "unit": "0.013", "currency": "USD"}
NO_TAX = TaxTreatment("US", TaxCategory.OUT_OF_SCOPE, Decimal(0), "No tax", "")
TERMS = ContractTerms(None, None, 0, None, True, Modification.PROSPECTIVE)

Steps = tuple[tuple[date, Decimal], ...]


def subscription(
    value: dict[str, object], steps: Steps, ends_on: date | None = None, meter_id: int | None = None
) -> SubscriptionView:
    price = price_from_json(value)
    item = ItemView(
        id=7, price_id=3, code="x", price=price, price_hash=price_hash(price), overridden=False, product_id=5,
        product_code="x", product_name="Thing", unit_code="C62", tax_category=TaxCategory.STANDARD, meter_id=meter_id,
        plan_version_id=1, plan_code="p", plan_name="P", starts_on=steps[0][0], ends_on=ends_on,
        billed_from=steps[0][0], quantities=steps,
    )  # fmt: skip
    return SubscriptionView(
        id=1, seller_id=1, code="s", contract_id=1, contract_number="C", terms=TERMS, account_id=1, customer_id=2,
        customer_key="k", currency="USD", anchor=Anchor(AnchorKind.CALENDAR, JANUARY), version=1,
        started_on=steps[0][0], ended_on=ends_on, zones=((JANUARY, "UTC"),), items=(item,),
    )  # fmt: skip


def facts(view: SubscriptionView, bill_on: date, billed: Sequence[Billed] = (), **more: object) -> AccountFacts:
    return AccountFacts(1, 1, "USD", bill_on, 4, (view,), tuple(billed), wait_days=-1, **more)  # type: ignore[arg-type]


def build(given_facts: AccountFacts, quantity: int = 0) -> Draft | None:
    wants = rules.wants(given_facts)
    used = {
        (2, 9, want.service, want.whole, (want.service,)): Used(
            Decimal(quantity), 1, ((want.service.start, Decimal(quantity)),)
        )
        for want in wants
    }
    lines, _ = rules.lay_over(given_facts, rules.compute_lines(given_facts, wants, used))
    return rules.build(given_facts, used, dict.fromkeys(rules.tax_keys(lines), NO_TAX))


def charged(draft: Draft | None, document_id: int) -> list[Billed]:
    """The draft's claims, as the next draft finds them."""
    if draft is None:
        return []
    return [
        Billed(
            c.subject_kind, c.subject_id, c.kind, c.service, Cause.parse(c.cause), c.quantity, c.amount_minor, 0,
            draft.seal, document_id, line_no,
        )
        for line_no, c in draft.claims
        if c.subject_kind is SubjectKind.ITEM
    ]  # fmt: skip


days = st.integers(0, 90).map(lambda n: JANUARY + timedelta(days=n))
timelines = st.lists(
    st.tuples(days, st.integers(0, 12).map(Decimal)), min_size=1, max_size=4, unique_by=lambda s: s[0]
).map(lambda steps: tuple(sorted([(JANUARY, Decimal(4)), *(step for step in steps if step[0] > JANUARY)])))


@given(st.lists(timelines, min_size=1, max_size=4), st.sampled_from([SEATS, TIERED]), st.data())
def test_what_is_charged_over_all_drafts_is_what_the_last_timeline_costs(
    seen: list[Steps], value: dict[str, object], data: st.DataObject
) -> None:
    """Drafts see one timeline after the other, as changes are entered; documents in between may be cancelled."""
    billed: list[Billed] = []
    end = date(2024, 4, 1)
    for number, steps in enumerate([*seen, seen[-1]], 1):
        bill_on = end - timedelta(days=1) if number > len(seen) else data.draw(days)
        billed += charged(build(facts(subscription(value, steps), bill_on, billed)), number)
        if number <= len(seen) and data.draw(st.booleans()):
            gone = data.draw(st.integers(1, number))
            billed = [charge for charge in billed if charge.document_id != gone]
    price = price_from_json(value)
    for start, after in ((JANUARY, date(2024, 2, 1)), (date(2024, 2, 1), date(2024, 3, 1)), (date(2024, 3, 1), end)):
        whole = Period(start, after)
        owed = rating.prorate(price, seen[-1], whole).amount_minor
        assert sum(charge.amount_minor for charge in billed if charge.cause.whole == whole) == owed
    regular = [charge.service for charge in billed if charge.kind is ChargeKind.REGULAR]
    assert not any(a.overlap(b) for n, a in enumerate(regular) for b in regular[n + 1 :])


BASES = st.sampled_from(["actual_days", "seconds", "thirty_360"])


@given(
    st.lists(timelines, min_size=1, max_size=3),
    st.integers(0, 27),
    BASES,
    st.sampled_from(["stub", "full_period"]),
    st.lists(days, min_size=3, max_size=3),
)
def test_however_time_is_billed_all_drafts_come_to_what_revenue_promises(
    seen: list[Steps], late: int, basis: str, first_period: str, bill_days: list[date]
) -> None:
    """A late starter whose seats change, on any day basis: billed in all, due in all and promised in all are one figure."""
    starts, end = JANUARY + timedelta(days=late), date(2024, 4, 1)
    dated = {"day_basis": ((JANUARY, basis),), "first_period": ((JANUARY, first_period),)}
    billed: list[Billed] = []
    for number, steps in enumerate([*seen, seen[-1]], 1):
        bill_on = end - timedelta(days=1) if number > len(seen) else bill_days[number - 1]
        begun = ((starts, steps[0][1]), *(step for step in steps if step[0] > starts))
        view = replace(
            subscription(SEATS, begun), rules=BillingRules(seller=dated), zones=((JANUARY, "Europe/Berlin"),)
        )
        billed += charged(build(facts(view, bill_on, billed)), number)
    promised = [one.promise() for one in promises.promised(view, end - timedelta(days=1))]
    total = sum(charge.amount_minor for charge in billed)
    assert total == sum(promise.allocated_minor for promise in promised)
    assert total == sum(promises.earned_by(promise.layers, end) for promise in promised)
    if first_period == "full_period" and len({quantity for _, quantity in view.items[0].quantities}) == 1:
        assert total == 3 * 2900 * view.items[0].quantities[0][1]


@given(timelines, days)
def test_drafting_again_finds_nothing_and_the_same_facts_give_the_same_draft(steps: Steps, bill_on: date) -> None:
    given_facts = facts(subscription(SEATS, steps), bill_on)
    first = build(given_facts)
    assert build(given_facts) == first
    assert build(facts(subscription(SEATS, steps), bill_on, charged(first, 1))) is None


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=5))
def test_late_usage_however_cut_comes_to_the_rounded_whole(quantities: list[int]) -> None:
    view = subscription(CALLS, ((JANUARY, Decimal(1)),), meter_id=9)
    billed: list[Billed] = []
    for number, quantity in enumerate(quantities, 1):
        changed = frozenset({(7, JANUARY)})
        billed += charged(build(facts(view, date(2024, 2, 1), billed, changed=changed), quantity), number)
    # R(last quantity × 0.013): halves of a cent away from zero
    assert sum(charge.amount_minor for charge in billed) == int(Fraction(quantities[-1] * 13, 10) + Fraction(1, 2))


ARREARS = {**SEATS, "timing": "in_arrears"}


@pytest.mark.parametrize(
    ("value", "ends_on", "bill_on", "amounts", "says"),
    [
        (SEATS, None, JANUARY, [11600], "in advance: due on the first day of its period"),
        (ARREARS, None, date(2024, 1, 31), [], "in arrears: not before the period has ended"),
        (ARREARS, None, date(2024, 2, 1), [11600], "in arrears: on the first day after it"),
        (ARREARS, date(2024, 1, 11), date(2024, 1, 11), [3742], "in arrears, ended inside: R(116 × 10/31) = 37.42"),
        (SEATS, date(2024, 1, 11), JANUARY, [3742], "an end that is known cuts the period in advance"),
    ],
)
def test_when_something_falls_due(
    value: dict[str, object], ends_on: date | None, bill_on: date, amounts: list[int], says: str
) -> None:
    draft = build(facts(subscription(value, ((JANUARY, Decimal(4)),), ends_on), bill_on))
    assert [line.amount_minor for line in draft.body.lines if draft] == amounts if draft else amounts == [], says


def test_time_billed_in_arrears_earns_no_credit() -> None:
    first = build(facts(subscription(ARREARS, ((JANUARY, Decimal(4)),)), date(2024, 2, 1)))
    fewer = subscription(ARREARS, ((JANUARY, Decimal(4)), (date(2024, 1, 16), Decimal(1))))
    assert build(facts(fewer, date(2024, 2, 1), charged(first, 1))) is None
    more = subscription(ARREARS, ((JANUARY, Decimal(4)), (date(2024, 1, 16), Decimal(5))))
    second = build(facts(more, date(2024, 2, 1), charged(first, 1)))
    # the days [16, 1 Feb) at 5 seats instead of 4: (145 − R(145 × 15/31)) − (116 − R(116 × 15/31)) = 74.84 − 59.87
    assert second is not None
    assert sum(line.amount_minor for line in second.body.lines) == 7484 - 5987


def test_of_two_edits_of_a_line_the_last_holds_and_a_text_of_its_own_stays() -> None:
    view = subscription(SEATS, ((JANUARY, Decimal(4)),))
    key = f"item:7:regular:{Period(JANUARY, date(2024, 2, 1))}:charge:4:0"
    seen = {"amount_minor": "11600", "description": "Thing"}
    made = (
        HandMade(1, InputKind.EDIT, key, {"description": "Team"}, seen, "clearer", "olga"),
        HandMade(2, InputKind.EDIT, key, {"amount_minor": "9000"}, seen, "agreed", "olga"),
        HandMade(3, InputKind.EDIT, key, {"amount_minor": "8000"}, seen, "agreed again", "otto"),
    )
    draft = build(facts(view, JANUARY, inputs=made))
    assert draft is not None
    [line] = draft.body.lines
    assert (line.description, line.amount_minor, line.kind) == ("Team", 8000, LineKind.RECURRING)
    # the item's charge stands as computed, the edit's own takes 36.00 off
    assert [(claim.subject_kind, claim.amount_minor) for _, claim in draft.claims] == [
        (SubjectKind.ITEM, 11600),
        (SubjectKind.INPUT, -3600),
    ]


@pytest.mark.parametrize(
    ("figures", "middle"), [([], None), ([5], 5), ([5, 9], 5), ([9, 1, 5], 5), ([1, 9, 5, 7], 5)], ids=str
)
def test_the_median_is_an_amount_that_was_billed(figures: list[int], middle: int | None) -> None:
    assert median(figures) == middle


def test_every_status_has_its_moves_and_nothing_leaves_the_end() -> None:
    assert set(MOVES) == set(DocumentStatus) == set(rules.STANDS) == set(rules.BECOMES) == set(rules.DOES)
    assert not MOVES[DocumentStatus.CANCELLED]
    assert DocumentStatus.DRAFT not in MOVES[DocumentStatus.ISSUED]


@pytest.mark.parametrize(
    ("status", "to", "sentence"),
    [
        ("approved", "approved", "Not done: draft 9 is approved. You can return it to draft or issue it."),
        ("draft", "issued", "Not done: draft 9 is a draft, so it cannot be issued. You can send it to review or discard it."),
        ("cancelled", "approved", "Not done: draft 9 is cancelled, so it cannot be approved. Nothing more can be done with it."),
        ("in_review", "approved", ""),
    ],
)  # fmt: skip
def test_a_move_that_cannot_be_says_where_the_document_stands_and_what_can_be_done(
    status: str, to: str, sentence: str
) -> None:
    assert rules.check_move("draft 9", DocumentStatus(status), DocumentStatus(to)) == sentence

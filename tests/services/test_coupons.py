"""Coupons on both databases: granted, redeemed by drafts, given back, earned net; the sums are in the comments."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core import catalog, db, export, invoicing, ledger
from core.clock import Anchor, AnchorKind
from core.errors import BadInput, FourEyes, Refused
from core.ledger import AccountRole
from core.people import person
from core.words import Role
from tests import books
from tests.support import billing, business
from tests.support.business import ADA, ANNA, NOW, OLGA
from tests.support.hold import hold
from tests.support.processes import together

FEBRUARY, MARCH = date(2024, 2, 1), date(2024, 3, 1)


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine, european=True)


def client(
    engine: Engine, desk: business.Desk, key: str = "acme", plan: str = "seats", count: int = 5
) -> business.Client:
    quantities = {"seats": count} if plan in ("seats", "everything") else None
    with db.transaction(engine, NOW) as session:
        return business.add_customer(session, desk, key, plan=plan, quantities=quantities, started_on=FEBRUARY)


def coupon(engine: Engine, desk: business.Desk, code: str = "TEN", **of: Any) -> int:
    with db.transaction(engine, NOW) as session:
        given = of if "amount_minor" in of else {"percent": Decimal(10), **of}
        return catalog.add_coupon(session, OLGA, NOW, seller_id=desk.seller_id, code=code, **given)


def grant(engine: Engine, coupon_id: int, account_id: int, **of: Any) -> int:
    with db.transaction(engine, NOW) as session:
        told: Mapping[str, Any] = {"scope": "account", "scope_id": account_id, "valid_from": FEBRUARY, **of}
        return catalog.grant_coupon(session, OLGA, NOW, coupon_id=coupon_id, reason="agreed", **told)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def everything_holds(engine: Engine, folder: Path) -> None:
    """All invariants, and the books as a stranger finds them."""
    hold(engine)
    with db.reading(engine) as session:
        export.write(session, folder)
    assert books.Books(folder).differences() == []


def test_a_percentage_lowers_net_tax_and_revenue_and_stands_on_its_line(
    engine: Engine, desk: business.Desk, tmp_path: Path
) -> None:
    acme = client(engine, desk)
    grant(engine, coupon(engine, desk), acme.account_id)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    # 5 × 29.00 = 145.00; 10 % off 14.50; net 130.50; 19 % = 24.795 → 24.80
    assert (draft.amount_minor, draft.discount_minor, draft.net_minor) == (14500, 1450, 13050)
    assert (draft.tax_minor, draft.total_minor) == (2480, 15530)
    [share] = draft.lines[0].explanation["discounts"]
    assert (share["discount"], share["line_discount"]) == ("TEN, 10 %", "14.50")
    assert billing.draft(engine, desk, FEBRUARY)[0].content_hash == draft.content_hash  # again, the same
    issued = billing.issue(engine, draft.id)
    with db.reading(engine) as session:
        balances = {
            row.role: row.balance_minor for row in ledger.trial_balance(session, desk.seller_id, date(2024, 12, 31))
        }
        assert invoicing.pdf(session, issued.id)[:4] == b"%PDF"
    assert balances[AccountRole.REVENUE_RECURRING] == -13050
    assert rows(engine, "SELECT amount_minor FROM line_discount") == [(1450,)]
    assert rows(engine, "SELECT amount_minor, reverses FROM coupon_redemption") == [(1450, 0)]
    everything_holds(engine, tmp_path)


def test_a_coupon_for_one_invoice_is_claimed_at_the_draft_and_given_back_at_its_discard(
    engine: Engine, desk: business.Desk
) -> None:
    acme = client(engine, desk)
    grant(engine, coupon(engine, desk, times=1), acme.account_id)
    [february] = billing.draft(engine, desk, FEBRUARY)
    march = next(one for one in billing.draft(engine, desk, MARCH) if one.bill_on == MARCH)
    assert (february.discount_minor, march.discount_minor) == (1450, 0)
    with db.transaction(engine, NOW) as session:
        invoicing.discard(session, OLGA, NOW, february.id, "begun too early")
    [march] = billing.draft(engine, desk, MARCH)  # now with February on it: 290.00
    assert march.discount_minor == 2900
    assert rows(engine, "SELECT sum(amount_minor) FROM coupon_redemption") == [(2900,)]


def test_a_total_is_drawn_down_over_invoices_and_a_fixed_amount_is_not(engine: Engine, desk: business.Desk) -> None:
    acme, initech = client(engine, desk, count=1), client(engine, desk, "initech", count=1)
    fixed: dict[str, Any] = {"amount_minor": 4000, "currency": "EUR"}
    grant(engine, coupon(engine, desk, "TOTAL", total_drawn_down=True, **fixed), acme.account_id)
    grant(engine, coupon(engine, desk, "EACH", **fixed), initech.account_id)
    # 29.00 a month: of 40.00 in all 29.00 and then 11.00; of 40.00 each time 29.00
    for day, off in ((FEBRUARY, [2900, 2900]), (MARCH, [1100, 2900])):
        drafts = sorted(billing.draft(engine, desk, day), key=lambda one: one.account_id)
        assert [draft.discount_minor for draft in drafts] == off
        for draft in drafts:
            billing.issue(engine, draft.id)


@pytest.mark.parametrize(
    ("limits", "off"),
    # 5 × 29.00 = 145.00 of seats, 99.00 for the platform, 250.00 for the set-up: 494.00 in all
    [({}, 4940), ({"products": ["platform"]}, 990), ({"prices": ["seats", "setup"]}, 3950), ({"plans": ["seats"]}, 0)],
)
def test_a_coupon_takes_off_only_what_it_is_for(engine: Engine, desk: business.Desk, limits: Any, off: int) -> None:
    acme = client(engine, desk, plan="everything")
    grant(engine, coupon(engine, desk, **limits), acme.account_id, scope="subscription", scope_id=acme.subscription_id)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    assert draft.discount_minor == off


def test_days_given_back_are_given_back_less_their_discount(
    engine: Engine, desk: business.Desk, tmp_path: Path
) -> None:
    acme = client(engine, desk, count=10)
    grant_id = grant(engine, coupon(engine, desk), acme.account_id)
    [february] = billing.draft(engine, desk, FEBRUARY)  # 290.00 less 29.00
    billing.issue(engine, february.id)
    with db.transaction(engine, NOW) as session:
        catalog.end_coupon(session, OLGA, NOW, grant_id=grant_id, ends_on=MARCH, reason="over")
        business.change_seats(session, acme, date(2024, 2, 16), 5)
    [march] = billing.draft(engine, desk, MARCH)
    # 14 of 29 days: of 290.00 are 140.00, which were billed less 14.00; of 5 × 29.00 they are 70.00, at the same 10 %
    assert [(line.amount_minor, line.discount_minor, line.net_minor) for line in march.lines] == [
        (14500, 0, 14500),
        (-14000, -1400, -12600),
        (7000, 700, 6300),
    ]
    billing.issue(engine, march.id)
    everything_holds(engine, tmp_path)
    # 261.00 − 126.00 + 63.00 for February, and 5 of 31 days of 145.00, 23.39, for March
    assert rows(
        engine,
        "SELECT sum(l.amount_minor) FROM journal_line l JOIN gl_account a ON a.id = l.gl_account_id "
        "WHERE a.role = 'revenue_recurring'",
    ) == [(-22139,)]


def test_a_cancelled_invoice_gives_its_coupon_back_and_its_credit_note_mirrors_it(
    engine: Engine, desk: business.Desk, tmp_path: Path
) -> None:
    acme = client(engine, desk)
    grant(engine, coupon(engine, desk, times=1), acme.account_id)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    billing.issue(engine, draft.id)
    with db.transaction(engine, NOW) as session:
        note = invoicing.cancel(session, ANNA, NOW, draft.id, "wrong seats")
    with db.transaction(engine, NOW) as session:
        invoicing.approve(session, business.ABEL, NOW, note, invoicing.document(session, note).content_hash)
        invoicing.issue(session, business.ABEL, NOW, note)
    assert billing.view(engine, note).discount_minor == -1450
    [again] = billing.draft(engine, desk, FEBRUARY)
    assert again.discount_minor == 1450
    everything_holds(engine, tmp_path)


def test_who_grants_a_coupon_cannot_approve_what_rests_on_it(engine: Engine, desk: business.Desk) -> None:
    both = person("both", "Both Hats", Role.APPROVER, {"catalog.grant_coupon": True})
    acme, coupon_id = client(engine, desk), coupon(engine, desk)
    with db.transaction(engine, NOW) as session:
        catalog.grant_coupon(
            session, both, NOW, coupon_id=coupon_id, scope="account", scope_id=acme.account_id,
            valid_from=FEBRUARY, reason="a friend",
        )  # fmt: skip
    [draft] = billing.draft(engine, desk, FEBRUARY)
    with pytest.raises(FourEyes):
        billing.review(engine, draft.id, approver=both)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"percent": Decimal("100.1")}, "percent"),
    ({"percent": Decimal(0)}, "percent"),
    ({"percent": Decimal("33.3333333333333")}, "percent"),  # thirteen digits
    ({"percent": Decimal("NaN")}, "percent"),
    ({"percent": 10.5}, "percent"),
    ({"amount_minor": 500, "currency": "EUX"}, "currency"),
    ({"amount_minor": 0, "currency": "EUR"}, "amount_minor"),
    ({"amount_minor": Decimal("10.5"), "currency": "EUR"}, "amount_minor"),
    ({"amount_minor": 10**25, "currency": "EUR"}, "amount_minor"),
    ({"amount_minor": 500, "currency": "EUR", "percent": Decimal(5)}, "percent"),
    ({"times": 0}, "times"),
    ({"total_drawn_down": True}, "total_drawn_down"),
    ({"products": ["nonsense"]}, "products[0]"),
    ({"plans": ["seats", "nonsense"]}, "plans[1]"),
    ({"prices": ["nonsense"]}, "prices[0]"),
    ({"code": "no code"}, "code"),
]


def test_a_wrong_coupon_is_refused_naming_the_field(engine: Engine, desk: business.Desk) -> None:
    for of, path in WRONG:
        with pytest.raises(BadInput) as caught:
            coupon(engine, desk, **of)
        assert [fault.path for fault in caught.value.faults] == [path], of


def grant_one(url: str, coupon_id: int, account_id: int) -> str:
    with db.transaction(db.make_engine(url), NOW, "tests.grant") as session:
        catalog.grant_coupon(
            session, OLGA, NOW, coupon_id=coupon_id, scope="account", scope_id=account_id,
            valid_from=FEBRUARY, reason="at once",
        )  # fmt: skip
    return "granted"


def test_of_four_grants_at_once_only_as_many_as_the_limit_allows(
    engine: Engine, database_url: str, desk: business.Desk
) -> None:
    accounts = [client(engine, desk, f"c{number}").account_id for number in range(4)]
    coupon_id = coupon(engine, desk, most_grants=2)
    results = together(grant_one, *[(database_url, coupon_id, account_id) for account_id in accounts])
    assert results.count("granted") == 2, results
    refused = [one for one in results if one != "granted"]
    assert all(isinstance(one, BadInput) and one.faults[0].path == "coupon_id" for one in refused), results


def draft_one(url: str, seller_id: int) -> int:
    return len(invoicing.draft_all(db.make_engine(url), OLGA, NOW, seller_id, FEBRUARY).made)


def test_of_four_drafting_runs_at_once_one_redeems(engine: Engine, database_url: str, desk: business.Desk) -> None:
    grant(engine, coupon(engine, desk, times=1), client(engine, desk).account_id)
    assert sum(together(draft_one, *[(database_url, desk.seller_id)] * 4)) == 1
    assert rows(engine, "SELECT sum(amount_minor), count(*) FROM coupon_redemption") == [(1450, 1)]


def test_an_ended_coupon_is_granted_to_nobody_and_leaves_or_ends_what_was_granted(
    engine: Engine, desk: business.Desk
) -> None:
    acme = client(engine, desk)
    kept, lost = coupon(engine, desk, "KEPT"), coupon(engine, desk, "LOST")
    for one in (kept, lost):
        grant(engine, one, acme.account_id)
        with db.transaction(engine, NOW) as session:
            ended = {"coupon_id": one, "ends_on": MARCH, "reason": "over", "grants": one == lost}
            assert catalog.close_coupon(session, OLGA, NOW, **ended) == (one == lost)
    with db.reading(engine) as session:
        held = catalog.coupon_grants(session, [acme.account_id])[acme.account_id]
    assert [(each.coupon.code, each.until) for each in held] == [("KEPT", None), ("LOST", MARCH)]
    with pytest.raises(BadInput, match="KEPT was ended on 2024-03-01"):
        grant(engine, kept, acme.account_id, valid_from=MARCH)
    grant(engine, kept, acme.account_id, valid_from=FEBRUARY)  # before its last day it may be
    with pytest.raises(Refused, match="was ended on 2024-03-01 before"), db.transaction(engine, NOW) as session:
        catalog.close_coupon(session, OLGA, NOW, coupon_id=kept, ends_on=MARCH, reason="again")


def test_a_fixed_discount_is_taken_for_the_days_of_a_stub_or_whole_as_it_is_set(
    engine: Engine, desk: business.Desk
) -> None:
    each = coupon(engine, desk, "EACH", amount_minor=1000, currency="EUR")
    anchor, since = Anchor(AnchorKind.CALENDAR, date(2024, 1, 1)), date(2024, 2, 15)
    with db.transaction(engine, NOW) as session:
        stub: dict[str, Any] = {"plan": "seats", "quantities": {"seats": 5}, "started_on": since, "anchor": anchor}
        acme, initech = (business.add_customer(session, desk, key, **stub) for key in ("acme", "initech"))
        own: dict[str, Any] = {"scope": "account", "scope_id": initech.account_id, "key": "discount_proration"}
        catalog.set_setting(session, ADA, NOW, **own, value="after", valid_from=date(2024, 1, 1))
    for one in (acme, initech):
        grant(engine, each, one.account_id)
    # 5 × 29.00 for 15 of 29 days: 145 − R(145 × 14/29) = 75.00; 10.00 × 15/29 = 5.17 off, or 10.00
    drafts = {one.account_id: one for one in billing.draft(engine, desk, since)}
    assert [(one.amount_minor, one.discount_minor) for one in drafts.values()] == [(7500, 517), (7500, 1000)]
    [share] = drafts[acme.account_id].lines[0].explanation["discounts"]
    assert share["discount"].endswith(", for 15/29 of the period")
    billing.issue(engine, drafts[acme.account_id].id)
    # from the 25th on nothing is owed: of 75.00 and its 5.17 a third goes back, 25.00 and 1.72
    with db.transaction(engine, NOW) as session:
        gone = catalog.Cancel(effective_on=date(2024, 2, 25))
        catalog.change_subscription(session, OLGA, NOW, subscription_id=acme.subscription_id, asked=gone)
    [back] = [one for one in billing.draft(engine, desk, MARCH) if one.account_id == acme.account_id]
    assert (back.amount_minor, back.discount_minor) == (-2500, -172)
    hold(engine)

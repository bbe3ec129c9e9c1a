"""Coupons on the desk: made and ended in the catalog, granted and taken back on a customer's page, with what that bills."""

from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import catalog, db
from core.catalog import CouponView
from tests.support.business import NOW, OLGA
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told


def opened(url: str, login: str, page: str = "catalog", **query: str) -> AppTest:
    query = query or {"show": "coupons"}
    return open_page(open_page(desk_at(url, login), "jobs"), page, query)


def field(at: AppTest, kind: str, label: str) -> Any:
    return next(one for one in getattr(at, kind) if one.label == label)


def save(at: AppTest) -> list[str]:
    next(button for button in at.button if str(button.key).startswith("answer-")).click().run()
    return told(at)


def coupons(url: str) -> list[CouponView]:
    with db.reading(db.make_engine(url)) as session:
        return catalog.coupons(session, 1)


def made(url: str, **of: Any) -> int:
    with db.transaction(db.make_engine(url), NOW, "test.coupon") as session:
        given = {"code": "TEN", "amount_minor": 1000, "currency": "USD", **of}
        return catalog.add_coupon(session, OLGA, NOW, seller_id=1, **given)


def granted(url: str, coupon_id: int, account_id: int = 2) -> int:
    """Account 2 is Globex's, 1 Acme's."""
    with db.transaction(db.make_engine(url), NOW, "test.grant") as session:
        return catalog.grant_coupon(
            session, OLGA, NOW, coupon_id=coupon_id, scope="account", scope_id=account_id,
            valid_from=date(2024, 3, 1), reason="agreed",
        )  # fmt: skip


def test_an_operator_makes_a_coupon_with_its_limits(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    assert "No coupon yet" in markup(at)
    at.button(key="new-coupon").click().run()
    for label, text in (("Code", "SPRING"), ("Takes off", "12.5 %"), ("Granted at most, times", "3")):
        field(at, "text_input", label).set_value(text)
    field(at, "multiselect", "Only these plans").set_value(["everything"])
    assert save(at) == []
    (view,) = coupons(desk_url)
    assert (view.code, str(view.percent), view.most_grants, view.plans) == ("SPRING", "12.5", 3, ("everything",))
    assert "<h2>SPRING</h2>" in markup(at)
    assert "of at most 3" in markup(at)


def test_a_coupon_of_nothing_is_refused_at_its_fields(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    at.button(key="new-coupon").click().run()
    field(at, "text_input", "Invoices of each customer").set_value("1.5")
    assert save(at) == ["**Nothing was changed\\.**"]
    seen = markup(at)
    for label in ("Code", "Takes off", "Invoices of each customer"):
        assert f'<td class="faint">{label}</td>' in seen


def test_everybody_sees_who_has_a_coupon_and_what_it_took_off(desk_url: str) -> None:
    """Globex's draft of March is made again by nobody here: nothing is redeemed yet."""
    coupon_id = made(desk_url, most_grants=2)
    granted(desk_url, coupon_id)
    at = opened(desk_url, "vera")
    assert told(at) == []
    seen = markup(at)
    assert at.dataframe[0].value["granted"].tolist() == ["1 of 2"]
    assert ">Globex Corporation<" in seen
    assert ">olga<" in seen
    assert at.button(key="end-coupon").disabled
    assert at.button(key="new-coupon").proto.help == "Done by: operator"


def test_a_coupon_is_ended_with_its_grants(desk_url: str) -> None:
    grant_id = granted(desk_url, made(desk_url))
    at = opened(desk_url, "mira")
    at.button(key="end-coupon").click().run()
    assert "1 grant of it hold on 5 Mar 2024" in markup(at)
    field(at, "selectbox", "Those who have it").set_value(True)
    field(at, "text_input", "Reason").set_value("the campaign is over")
    assert save(at) == []
    assert "Ended" in markup(at)
    with db.reading(db.make_engine(desk_url)) as session:
        (grant,) = catalog.coupon_grants(session, [2])[2]
    assert (grant.id, grant.ended_on) == (grant_id, date(2024, 3, 5))


def test_a_grant_is_shown_with_what_it_takes_off_the_next_invoice(desk_url: str) -> None:
    """April is 15 × 29.00 + 99.00 + calls of 0.02 = 534.02; 10.00 off is 524.02."""
    made(desk_url)
    at = opened(desk_url, "mira", "customers", item="2", tab="Credit")
    at.button(key="grant-coupon").click().run()
    field(at, "text_input", "Reason").set_value("asked for it")
    next(one for one in at.button if one.label == "Show what it bills").click().run()
    assert "524.02 USD" in markup(at)
    assert "without the change 534.02 USD" in markup(at)
    assert save(at) == []
    with db.reading(db.make_engine(desk_url)) as session:
        (grant,) = catalog.coupon_grants(session, [2])[2]
    at.button(key=f"end-grant-{grant.id}").click().run()
    field(at, "text_input", "Reason").set_value("a mistake")
    next(one for one in at.button if one.label == "Show what it bills").click().run()
    assert "without the change 524.02 USD" in markup(at)
    assert save(at) == []
    assert ">5 Mar 2024<" in markup(at)


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        ({"most_grants": 1}, "TEN was granted once, which is its limit; choose another coupon."),
        ({"expires_on": date(2024, 3, 5)}, "TEN expired on 2024-03-05; it cannot be granted from 2024-03-05 on."),
    ],
)
def test_a_coupon_beyond_its_limit_is_refused_with_a_sentence(desk_url: str, of: Any, sentence: str) -> None:
    granted(desk_url, made(desk_url, **of), 1)
    at = opened(desk_url, "mira", "customers", item="2", tab="Credit")
    at.button(key="grant-coupon").click().run()
    field(at, "text_input", "Reason").set_value("asked for it")
    assert save(at) == ["**Nothing was changed\\.**"]
    assert sentence in markup(at)


def test_the_page_of_coupons_asks_the_database_few_questions(desk_url: str) -> None:
    granted(desk_url, made(desk_url))
    at = opened(desk_url, "ada")
    with counting(type(db.make_engine(desk_url))) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 16, cost.statements

"""The catalog with thousands of customers: a handful of statements, however many; on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Engine, event

from core import catalog, db
from tests.support import business
from tests.support.business import NOW
from tests.support.crowd import add_crowd


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_five_thousand_subscriptions_are_read_in_eight_statements(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk = business.found(session)
        ids = add_crowd(session, desk, 5000, plan="everything", seats=7)
    for asked in ({"seller_id": desk.seller_id}, {"subscription_ids": ids}):
        with db.reading(engine) as session, counted(engine) as statements:
            views = catalog.subscriptions(session, **asked)  # type: ignore[arg-type]
        assert len(statements) == 8
        assert [view.id for view in views] == sorted(ids)
        assert {len(view.items) for view in views} == {4}
    with db.reading(engine) as session, counted(engine) as statements:
        assert len(catalog.customers(session, seller_id=desk.seller_id)) == 5000
        assert len(catalog.accounts(session, desk.seller_id)) == 5000
    assert len(statements) == 3


def test_the_crowd_is_what_the_verbs_would_leave(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk = business.found(session)
        business.add_customer(session, desk, "one-000000", plan="everything", quantities={"seats": 5})
        add_crowd(session, desk, 1, plan="everything", prefix="two")
    with db.reading(engine) as session:
        one, two = catalog.subscriptions(session, seller_id=desk.seller_id)
        first, second = catalog.customers(session, seller_id=desk.seller_id)
        payer, second_payer = catalog.accounts(session, desk.seller_id)

    own = ("id", "code", "contract_id", "contract_number", "account_id", "customer_id", "customer_key")
    items = tuple(replace(b, id=a.id) for a, b in zip(one.items, two.items, strict=True))
    assert replace(two, items=items, **{name: getattr(one, name) for name in own}) == one
    assert replace(second, id=first.id, key=first.key, account_id=first.account_id, name=first.name) == first
    assert replace(second_payer, account_id=payer.account_id, number=payer.number, name=payer.name) == payer

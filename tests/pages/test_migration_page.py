"""The screen of migrations: files, mapper, dry run, preparing, and the other person who applies it."""

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import catalog, db, invariants, invoicing, migration
from tests.support import business
from tests.support.desk import desk_at, markup, open_page, told

EXAMPLE = Path(__file__).parents[2] / "data" / "migration" / "example"


def with_files(at: AppTest, *kinds: str, **other: bytes) -> AppTest:
    files = [(f"{kind}.csv", (EXAMPLE / f"{kind}.csv").read_bytes(), "text/csv") for kind in kinds]
    files += [(f"{kind}.csv", content, "text/csv") for kind, content in other.items()]
    return at.file_uploader(key="migration-files").set_value(files).run()


@pytest.mark.parametrize("login", ["vera", "tom"])
def test_who_neither_prepares_nor_applies_is_told_who_may(desk_url: str, login: str) -> None:
    seen = markup(open_page(desk_at(desk_url, login), "migration"))
    assert "Migration is open to the roles " in seen


def test_an_empty_screen_says_what_would_fill_it(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "mira"), "migration")
    assert told(at) == []
    seen = str([each.value for each in at.markdown]) + markup(at)
    assert "No files yet." in seen
    assert "its opening day is 1 Mar 2024" in seen  # the example's, as docs/migration.md has it


def test_faults_are_a_table_and_nothing_can_be_prepared(desk_url: str) -> None:
    at = with_files(
        open_page(desk_at(desk_url, "mira"), "migration"), "customers", accounts=b"id,name,country\na,A,XX\n"
    )
    assert told(at) == []
    seen = markup(at)
    # the country of the account, and the two customers of accounts that the file has not
    for place in ("accounts, line 2, country", "customers, line 2, account", "customers, line 3, account"):
        assert place in seen
    assert seen.count('<span class="chip red">Fault</span>') == 3
    assert at.button(key="prepare").disabled


def test_one_prepares_and_another_applies(desk_url: str) -> None:
    at = with_files(open_page(desk_at(desk_url, "mira"), "migration"), "accounts", "customers")
    assert told(at) == []
    at.text_input(key="migration-keep").set_value("oldbill").run()
    at = at.button(key="save-mapper").click().run()
    at = at.button(key="prepare").click().run()
    assert told(at) == []
    engine = db.make_engine(desk_url)
    with db.reading(engine) as session:
        [seller, *_] = catalog.sellers(session)
        [view] = migration.migrations(session, seller.id)
        [mapper] = migration.mappers(session, seller.id)
    assert (view.state, view.prepared_by, mapper.name) == ("prepared", "mira", "oldbill")
    assert set(mapper.mapper.files) == {"accounts", "customers"}
    assert at.button(key=f"apply:{view.id}").disabled
    assert at.button(key="prepare").disabled  # the same files wait already
    other = open_page(desk_at(desk_url, "ada"), "migration")
    assert "What it makes" in markup(other)
    # the click asks, repeating what it makes: two accounts and two customers, four rows; nothing is made yet
    other = other.button(key=f"apply:{view.id}").click().run()
    assert told(other) == []
    assert markup(other).count("2 new") == 2
    with db.reading(engine) as session:
        assert [one.state for one in migration.migrations(session, seller.id)] == ["prepared"]
    [answer] = [button for button in other.button if str(button.key).startswith("answer-")]
    assert answer.label == "Apply 4 rows"
    other = answer.click().run()
    assert told(other) == []
    with db.reading(engine) as session:
        [view] = migration.migrations(session, seller.id)
        assert {"cus_1", "cus_2"} <= {account.number for account in catalog.accounts(session, seller.id)}
        assert all(one.holds for one in invariants.judge_all(session))
    assert (view.state, view.decided_by) == ("applied", "ada")


def test_what_was_billed_ahead_elsewhere_can_be_looked_at_line_by_line(desk_url: str) -> None:
    engine = db.make_engine(desk_url)
    with db.transaction(engine, business.NOW) as session:
        [seller, *_] = catalog.sellers(session)
        [acme, *_] = catalog.customers(session, seller_id=seller.id)
        [plan] = [one for one in catalog.plan_versions(session, seller.id) if one.plan_code == "seats_yearly"]
        [contract, *_] = catalog.contracts(session, seller.id, acme.account_id)
        opening_on = date(2024, 3, 1)
        subscription_id = catalog.subscribe(
            session, business.OLGA, business.NOW, contract_id=contract.id, customer_id=acme.id, code="old",
            plan_version_id=plan.id, currency="USD", started_on=opening_on, quantities={"seats": 4},
        )  # fmt: skip
        document_id = invoicing.migrate_prepaid(
            session, business.ANNA, business.NOW, subscription_id=subscription_id, number="PRE-1",
            billed_until={"seats": date(2025, 3, 1)}, opening_on=opening_on, one_offs=True, prepared_by="olga",
            deferred_minor=100000,
        )  # fmt: skip
    at = open_page(desk_at(desk_url, "ada"), "invoices", {"find": "PRE-1", "document": str(document_id)})
    assert told(at) == []
    assert "PRE-1" in markup(at)
    assert "Settled in the former system" in markup(at) + "".join(str(each.value.to_dict()) for each in at.dataframe)

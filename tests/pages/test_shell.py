"""The frame around every screen: who gets in, what they are told, what a click does to the database."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from app import screens
from core import catalog, db, desk, people, wall
from tests.support import databases
from tests.support.desk import add_people, desk_at, markup, open_page, told, use_database

PAGES = {
    "today": """
import streamlit as st
from app import session, widgets
from app.actions import act
from core import desk
from core.errors import BadInput, Fault, Refused, Stale
def refuse(deed): raise Refused("no", "Not approved: you edited it. Ada Keller can.")
def stale(deed): raise Stale("stale", "Ada Keller was faster. Nothing of yours was saved.")
def bad(deed): raise BadInput([Fault("a", "row 1", "‘12,5’ is no number; write 12.5."), Fault("b", "row 2", "No such day.")])
def moved_and_failed(deed):
    desk.advance_day(deed.db, deed.actor, deed.now)
    raise RuntimeError("secret detail")
widgets.page_title("Today", session.here().actor.name)
for name, verb in {"refuse": refuse, "stale": stale, "bad": bad, "fault": moved_and_failed}.items():
    st.button(name, key=name, on_click=act, args=(verb,))
st.stop()
st.write("never drawn")
""",
    "review": "raise ValueError('boom')",
    "jobs": "from app import widgets; widgets.page_title('Jobs', 'every job')",
    "audit": "from app import widgets; widgets.page_title('Audit log', 'every change')",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A demo of two sellers on 5 March 2024 with the demo's people, made once: hashing passwords is slow by design."""
    with databases.fresh("sqlite", tmp_path_factory.mktemp("desk")) as address:
        _fill(address)
        yield Path(address.removeprefix("sqlite:///"))


@pytest.fixture
def url(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A copy of it, and a desk of four small pages."""
    shutil.copyfile(filled, tmp_path / "desk.db")
    for name, source in PAGES.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(screens, "PAGES", tmp_path)
    address = f"sqlite:///{tmp_path / 'desk.db'}"
    use_database(monkeypatch, address)
    return address


def _fill(address: str) -> None:
    add_people(address)
    engine, now = db.make_engine(address), wall.now()
    with db.transaction(engine, now, "test.demo") as session:
        tom = people.acting_as(session, "tom")
        desk.make_demo(session, tom, now, on=date(2024, 3, 5))
        for code, currency, zone, country in (
            ("acme", "EUR", "Europe/Berlin", "DE"),
            ("acme-us", "USD", "US/Eastern", "US"),
        ):
            catalog.add_seller(
                session, tom, now, code=code, name=code.upper(), functional_currency=currency, timezone=zone,
                country=country, valid_from=date(2023, 1, 1),
            )  # fmt: skip
    engine.dispose()


def test_nobody_sees_a_page_without_signing_in(url: str) -> None:
    at = desk_at(url, None)
    assert 'action="/sign-in"' in markup(at)
    assert "Today" not in markup(at)


def test_a_made_up_token_is_no_sign_in(url: str) -> None:
    assert 'action="/sign-in"' in markup(desk_at(url, None, token="made-up"))


def test_the_demo_offers_its_people_and_a_real_database_does_not(url: str) -> None:
    assert "Mira Sandberg" in markup(desk_at(url, None))
    engine = db.make_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM desk_fact")
    assert "Mira Sandberg" not in markup(desk_at(url, None))


def test_who_i_am_and_the_business_date_stand_beside_every_page(url: str) -> None:
    at = desk_at(url, "ada")
    assert told(at) == []
    for expected in ('Ada Keller<br><span class="faint">approver', "5 Mar 2024"):
        assert expected in markup(at)


def test_a_page_outside_the_role_says_who_may(url: str) -> None:
    seen = markup(open_page(desk_at(url, "mira"), "audit"))
    assert "Audit log is open to the roles administrator and approver." in seen
    assert "You are signed in as Mira Sandberg, operator." in seen
    assert "every change" not in seen
    assert "every change" in markup(open_page(desk_at(url, "ada"), "audit"))


def test_a_manager_does_not_see_the_jobs(url: str) -> None:
    assert "every job" not in markup(open_page(desk_at(url, "vera"), "jobs"))


def test_the_day_is_advanced_by_a_click_and_not_by_a_manager(url: str) -> None:
    at = desk_at(url, "mira")
    at.button(key="advance").click().run()
    assert "6 Mar 2024" in markup(at)
    assert "advance" not in [button.key for button in desk_at(url, "vera").button]


def test_a_deed_on_the_demo_is_sealed_on_the_demos_day(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at, dated, real = desk_at(url, "mira"), [], db.transaction

    def opened(engine: Engine, now: datetime, point: str) -> Any:
        dated.append((point, now.date()))
        return real(engine, now, point)

    monkeypatch.setattr(db, "transaction", opened)
    at.button(key="advance").click().run()
    assert dated == [("desk.act", date(2024, 3, 5))]


def test_signing_out_ends_the_sign_in_for_good(url: str) -> None:
    at = desk_at(url, "ada")
    token = at.session_state["token"]
    at.button(key="sign-out").click().run()
    assert 'action="/sign-in"' in markup(at)
    assert 'action="/sign-in"' in markup(desk_at(url, None, token=token))


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ("refuse", "**Not approved\\: you edited it\\.** Ada Keller can\\."),
        ("stale", "**Ada Keller was faster\\.** Nothing of yours was saved\\."),
        ("bad", "**Nothing was changed\\.**"),
    ],
)
def test_a_refusal_is_a_sentence_on_the_screen(url: str, button: str, said: str) -> None:
    at = desk_at(url, "ada")
    at.button(key=button).click().run()
    assert told(at) == [said]
    at.run()
    assert told(at) == []  # said once


def test_all_faults_of_bad_input_are_shown_at_once(url: str) -> None:
    at = desk_at(url, "ada")
    at.button(key="bad").click().run()
    assert "‘12,5’ is no number; write 12.5." in markup(at)
    assert "No such day." in markup(at)


def test_a_fault_of_ours_saves_nothing_and_shows_a_code_and_no_detail(url: str) -> None:
    at = desk_at(url, "ada")
    at.button(key="fault").click().run()
    (said,) = told(at)
    assert "Nothing was saved" in said
    assert "E\\-" in said
    assert "secret detail" not in said + markup(at)
    assert "5 Mar 2024" in markup(at)  # the verb had moved the day before it failed


def test_a_page_that_cannot_be_drawn_says_so_in_place(url: str) -> None:
    (said,) = told(open_page(desk_at(url, "ada"), "review"))
    assert "Review could not be drawn" in said


def test_the_seller_in_the_address_is_open_and_stays_when_another_page_is_opened(url: str) -> None:
    at = desk_at(url, "ada", {"seller": "acme-us"})
    assert at.session_state["here"].seller.code == "acme-us"
    at = open_page(at, "audit")
    assert at.session_state["here"].seller.code == "acme-us"
    assert at.query_params["seller"] == "acme-us"

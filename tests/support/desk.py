"""The desk without a browser, for tests of pages: `desk_at(url, login)` is an AppTest of app/main.py, signed in.

    at = open_page(desk_at(database_url, "ada"), "review")
    at.button(key="approve").click().run()
    assert told(at) == []

A page that fails shows a fault of ours instead of raising: `told` lists every message on the screen.
"""

from collections.abc import Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

from app import address, screens, session
from app import engine as app_engine
from core import db, desk, people, wall
from core.settings import settings

MAIN = Path(__file__).parents[2] / "app" / "main.py"
PEOPLE = {"mira": ("Mira Sandberg", "operator"), "ada": ("Ada Keller", "approver"), "jonas": ("Jonas Beck", "approver")}
PEOPLE |= {"vera": ("Vera Lindqvist", "viewer"), "tom": ("Tom Okafor", "administrator")}


def add_people(url: str) -> None:
    """The five people of the demo, each with the demo's password."""
    engine, now = db.make_engine(url), wall.now()
    with db.transaction(engine, now, "test.people") as opened:
        people.add_first_administrator(opened, now, login="tom", name="Tom Okafor", password=desk.DEMO_PASSWORD)
        tom = people.acting_as(opened, "tom")
        for login, (name, role) in PEOPLE.items():
            if login != "tom":
                people.add_user(opened, tom, now, login=login, name=name, role=role, password=desk.DEMO_PASSWORD)
    engine.dispose()


def use_database(monkeypatch: object, url: str) -> None:
    """Point the desk of this process at `url` (monkeypatch is pytest's)."""
    monkeypatch.setenv("COUNTINGHOUSE_DATABASE_URL", url)  # type: ignore[attr-defined]
    settings.cache_clear()
    app_engine.engine.cache_clear()


def desk_at(url: str, login: str | None, query: Mapping[str, str] | None = None, *, token: str = "") -> AppTest:
    """The desk's first page as `login` sees it; where None, as the holder of `token` does."""
    at = AppTest.from_file(str(MAIN), default_timeout=60)
    if token:
        at.session_state[session.TOKEN] = token
    if login is not None:
        engine, now = db.make_engine(url), wall.now()
        with db.transaction(engine, now, "test.sign_in") as opened:
            at.session_state[session.TOKEN] = people.sign_in(opened, login, desk.DEMO_PASSWORD, now, 1)
        engine.dispose()
    for key, value in (query or {}).items():
        at.query_params[key] = value
    return at.run()


def open_page(at: AppTest, name: str, query: Mapping[str, str] | None = None) -> AppTest:
    """Another screen, as a click in the navigation opens it."""
    at.query_params.clear()
    at.session_state[address.VISIT] = ("elsewhere", at.session_state[address.VISIT][1])  # a new visit in any case
    for key, value in (query or {}).items():
        at.query_params[key] = value
    return at.switch_page(str(screens.BY_NAME[name].file)).run()


def told(at: AppTest) -> list[str]:
    """Every refusal, warning and fault on the screen."""
    return [str(each.value) for each in (*at.error, *at.warning, *at.exception)]


def markup(at: AppTest) -> str:
    """All HTML of the page in one text: titles, sheets, strips."""
    return "\n".join(str(each.proto.body) for each in at.get("html"))

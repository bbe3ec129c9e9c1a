"""The screen of API keys: a key is made, shown once, and revoked."""

from streamlit.testing.v1 import AppTest

from core import catalog, db, people
from tests.support.desk import desk_at, markup, open_page, told


def keys(url: str) -> list[people.KeyView]:
    with db.reading(db.make_engine(url)) as session:
        return people.keys(session, catalog.sellers(session)[0].id)


def answer(at: AppTest, **typed: str) -> None:
    """Fill in the open dialog and press its button."""
    for label, value in typed.items():
        next(each for each in at.text_input if each.label == label).set_value(value)
    next(each for each in at.button if str(each.key).startswith("answer-")).click().run()


def test_a_key_is_made_shown_once_and_revoked(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "tom"), "api_keys")
    assert "No program has a key yet." in markup(at)
    at.button(key="new").click().run()
    answer(at, Program="gateway", Source="edge")
    assert told(at) == []
    token = at.code[0].value
    [key] = keys(desk_url)
    with db.reading(db.make_engine(desk_url)) as session:
        assert people.key_of(session, token) == key
    assert (key.name, key.source, token.startswith(key.shown)) == ("gateway", "edge", True)
    at.button(key="copied").click().run()
    assert not at.code
    assert token not in markup(at)
    at.button(key="revoke").click().run()
    answer(at, Reason="left on a bus")
    assert told(at) == []
    [key] = keys(desk_url)
    assert not key.is_live
    assert "Revoked" in markup(at)


def test_what_is_wrong_with_a_new_key_is_said_in_its_dialog(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "tom"), "api_keys")
    at.button(key="new").click().run()
    answer(at)
    seen = markup(at)
    assert "A name of 1 to 120 characters is needed" in seen
    assert "A source is 1 to 80 letters" in seen
    assert keys(desk_url) == []


def test_nobody_but_an_administrator_sees_the_keys(desk_url: str) -> None:
    assert "API keys is open to the role administrator." in markup(open_page(desk_at(desk_url, "ada"), "api_keys"))

"""The screen of the invariants: judged live, offenders listed, judged again on request."""

import pytest

from core import db
from core.invariants import INVARIANTS
from tests.support.desk import desk_at, markup, open_page, told


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_sees_that_everything_holds(desk_url: str, login: str) -> None:
    at = open_page(desk_at(desk_url, login), "invariants")
    assert told(at) == []
    seen = markup(at)
    assert seen.count(">holds<") == len(INVARIANTS)
    assert all(f">{each.code}<" in seen for each in INVARIANTS)
    assert "Offenders" in seen


def test_what_is_broken_is_listed_and_judged_again_on_request(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "ada"), "invariants")
    with db.make_engine(desk_url).begin() as connection:  # past every verb, as somebody at the database's console would
        for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit_payload SET reason = 'because' WHERE entry_id = 7")
    assert "offender<" not in markup(at.run())  # kept for a minute
    at.button(key="again").click().run()
    seen = markup(at)
    assert "S2: the audit chain verifies" in seen
    assert "what it says is not what was sealed" in seen
    assert ">1 offender<" in seen

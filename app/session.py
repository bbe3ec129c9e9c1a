"""Who is signed in, whose books are open, on which day; and every key that the shell keeps in st.session_state.

The sign-in is a cookie that no script can read (app/http.py sets it); its hash is looked up in the database at every
run, so a sign-in that was ended elsewhere ends here too. Tests sign in by putting a token under TOKEN.

| key | holds |
|---|---|
| `token` | a sign-in token that a test brings (AppTest knows no cookies) |
| `signed_out` | the token that was ended here; the browser may still send it |
| `here` | what app/main.py found at the start of the run: actor, day, sellers |
| `seller` | the code of the seller whose books are open (also in the address) |
| `said` | what the last click has to say, until it is drawn (app/actions.py) |
| `fields` | of the open dialog: what core calls a field → its label on the screen (app/dialogs.py) |
| `<list>:place`, `<list>:grid` | where somebody stands in a work list (app/worklist.py) |
| `made_key` | a new API key, from its making until whoever made it has copied it (pages/api_keys.py) |
| the name of a filter or tab | its value, also in the address (app/filters.py, app/widgets.py) |
| `<filter>:known`, `visit` | what the address said of it when we last wrote it; how often the page changed (app/address.py) |
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from app import filters, wording
from app.engine import engine, reading
from core import catalog, db, desk, people, wall
from core.catalog import SellerView
from core.people import Actor

COOKIE: Final = "countinghouse_session"
TOKEN: Final = "token"
SIGNED_OUT: Final = "signed_out"
HERE: Final = "here"
SELLER: Final = "seller"
SAID: Final = "said"
FIELDS: Final = "fields"
MADE_KEY: Final = "made_key"


@dataclass(frozen=True)
class Here:
    """The signed-in person, the present instant of this database, and the books that are open."""

    actor: Actor
    now: datetime
    business_date: date | None
    sellers: tuple[SellerView, ...]
    seller: SellerView | None

    @property
    def today(self) -> date:
        """The present day in the seller's calendar."""
        return self.now.astimezone(ZoneInfo(self.seller.timezone if self.seller else "UTC")).date()


def token() -> str:
    """The token that this browser sent, '' where there is none or it was ended here."""
    brought = st.session_state.get(TOKEN)
    sent = brought if brought is not None else st.context.cookies.get(COOKIE, "")
    return "" if sent == st.session_state.get(SIGNED_OUT) else str(sent)


def arrive() -> Here | None:
    """Look up who this is, once at the start of a run; None where nobody is signed in."""
    given = token()
    if not given:
        return None
    with reading() as session:
        date_ = desk.business_date(session)
        now = desk.instant_of(date_, wall.now())
        actor = people.whoami(session, given, wall.now())
        if actor is None:
            return None
        sellers = tuple(catalog.sellers(session))
    return Here(actor, now, date_, sellers, None)


def open_books(found: Here) -> Here:
    """Once the page is known: the books that the address or the last choice says, else the first."""
    wanted = filters.peek(SELLER)
    seller = next((each for each in found.sellers if each.code == wanted), found.sellers[0] if found.sellers else None)
    opened = replace(found, seller=seller)
    st.session_state[HERE] = opened
    return opened


def here() -> Here:
    """As of the start of this run. In a fragment: as of the last full run."""
    found: Here = st.session_state[HERE]
    return found


def books() -> str:
    """Which database this is, for the keys of cached reads."""
    return str(engine().url)


def may(permission: str) -> bool:
    """Whether the signed-in person holds it. For what is offered; core refuses whatever is not allowed."""
    return permission in here().actor.permissions


def offered(permission: str, *, where: bool = True) -> dict[str, Any]:
    """What a button needs: it is pressed by who may; to everybody else it is shown, and says who that is."""
    if may(permission):
        return {"disabled": not where}
    roles = (wording.ROLES[role] for role in sorted(people.PERMISSIONS[permission]))
    return {"disabled": True, "help": f"Done by: {wording.listed(roles, 'or')}"}


def sign_out() -> None:
    """Callback: end this sign-in for good. The browser may go on sending its cookie; it opens nothing any more."""
    given = token()
    if given:
        with db.transaction(engine(), wall.now(), "desk.sign_out") as session:
            people.sign_out(session, given, wall.now())
    st.session_state[SIGNED_OUT] = given
    st.session_state.pop(HERE, None)

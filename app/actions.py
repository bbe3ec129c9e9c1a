"""One click, one transaction: it commits where the verb succeeds, and whatever else happens becomes a sentence.

    row.button("Approve", on_click=act, args=(lambda deed: invoicing.approve(deed.db, deed.actor, deed.now, id), "…"))

A refusal of core (BillingError) is shown as it reads. Anything unexpected is a fault of ours: it is logged under a code
that the screen shows, and nothing of it is saved. Messages wait in the session until `told()` draws them: pages with
panes call it under the pane's head, app/main.py draws whatever is left above the page.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import streamlit as st
from sqlmodel import Session

from app import cached, messages, session
from app.engine import engine, reading
from core import db, desk, people, wall
from core.catalog import SellerView
from core.errors import BadInput, BillingError, Stale
from core.logging import get_logger
from core.people import Actor

T = TypeVar("T")
Item = TypeVar("Item")
log = get_logger(__name__)


@dataclass(frozen=True)
class Deed:
    """What a verb of core needs: the transaction, who acts, and the present of this database."""

    db: Session
    actor: Actor
    now: datetime
    today: date
    seller: SellerView | None


@dataclass(frozen=True)
class _Said:
    kind: str  # done, banner, refused, stale, fault, bad_input
    sentence: str
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Each(Generic[Item]):
    """What came of a bulk step."""

    did: tuple[Item, ...]
    refused: tuple[str, ...]


def act(verb: Callable[[Deed], T], done: str | Callable[[T], str] = "", *, banner: bool = False) -> T | None:
    """Run `verb` in one transaction. `done` is what a toast says then (a banner for a bulk result); None if it failed."""
    try:
        with db.transaction(engine(), _present(), "desk.act") as opened:
            deed = _deed(opened)
            result = verb(deed)
        cached.forget()
    except BadInput as error:
        _say(_Said("bad_input", "Nothing was changed.", tuple((each.path, each.sentence) for each in error.faults)))
    except Stale as error:
        cached.forget()
        _say(_Said("stale", error.sentence))
    except BillingError as error:
        _say(_Said("refused", error.sentence))
    except Exception:
        fault("Nothing was saved.", "Everything is as it was before the click.")
    else:
        sentence = done(result) if callable(done) else done
        if sentence:
            _say(_Said("banner" if banner else "done", sentence))
        return result
    return None


def act_each(
    items: Sequence[Item], verb: Callable[[Deed, Item], object], progress: Callable[[int, int], None]
) -> Each[Item]:
    """Run `verb` for every item, each in a transaction of its own; what is refused is told apart and stops nothing."""
    did: list[Item] = []
    refused: list[str] = []
    for number, item in enumerate(items):
        progress(number, len(items))
        try:
            with db.transaction(engine(), _present(), "desk.act_each") as opened:
                verb(_deed(opened), item)
            did.append(item)
        except BillingError as error:
            refused.append(error.sentence)
        except Exception:
            fault(f"The step ended after {len(did)} of {len(items)}.", "What was done stays done.")
            break
    cached.forget()
    return Each(tuple(did), tuple(refused))


def say_done(sentence: str) -> None:
    """A banner for the result of a bulk step."""
    _say(_Said("banner", sentence))


def say_refused(sentence: str) -> None:
    _say(_Said("refused", sentence))


def _present() -> datetime:
    """What a deed's seal is dated by: on the demo its own day, as everything that it seals."""
    with reading() as found:
        return desk.business_now(found, wall.now())


def _deed(opened: Session) -> Deed:
    """Who acts is looked up again in the very transaction: a sign-in ended a second ago does nothing more."""
    actor = people.whoami(opened, session.token(), wall.now())
    if actor is None:
        raise BillingError("signed_out", "Not done: your sign-in has ended. Sign in again; nothing was changed.")
    now = desk.business_now(opened, wall.now())
    seller = session.here().seller
    return Deed(opened, actor, now, now.astimezone(ZoneInfo(seller.timezone if seller else "UTC")).date(), seller)


def fault(what: str, safe: str) -> None:
    """A fault of ours, told with a code under which the log has the whole story. Call it in an except block."""
    code = f"E-{secrets.token_hex(2).upper()}-{wall.now():%H%M}"
    log.exception("desk.fault", code=code)
    _say(_Said("fault", f"{what} Something went wrong on our side. {safe} Try again, or tell support {code}."))


def refuse(error: BillingError) -> None:
    """Show a refusal that a page met while it read."""
    _say(_Said("refused", error.sentence))


def told() -> None:
    """Draw what the last click has to say, here."""
    for said in st.session_state.pop(session.SAID, ()):
        match said.kind:
            case "done":
                st.toast(messages.plain(said.sentence), icon=":material/check:")
            case "banner":
                messages.done(said.sentence)
            case "bad_input":
                messages.bad_input(said.sentence, [(named(path), sentence) for path, sentence in said.faults])
            case "stale":
                messages.stale(said.sentence)
            case "fault":
                messages.fault(said.sentence)
            case _:
                messages.refused(said.sentence)


def named(path: str) -> str:
    """The label that a dialog gave to the field at this path of core, or to one that it stands in; else the path."""
    labels: dict[str, str] = st.session_state.get(session.FIELDS, {})
    inside = [known for known in labels if path == known or path.startswith((f"{known}.", f"{known}["))]
    return labels[max(inside, key=len)] if inside else path


def _say(said: _Said) -> None:
    st.session_state[session.SAID] = (*st.session_state.get(session.SAID, ()), said)

"""What is true of this database as a whole: whether it is the demo, and which day it is there.

The demo runs on a stored business date, shown in the header and moved on by a button; a real database uses the clock. Edges
ask `business_now(session, wall.now())` and hand what it says to every verb; sign-ins alone go by the wall.
"""

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from core import audit
from core.errors import BadInput, Refused
from core.people import Actor
from core.tables.changes import DeskFact
from core.tables.parties import Seller

DEMO, BUSINESS_DATE = "demo", "business_date"
DEMO_PASSWORD = "countinghouse"  # of everybody on a demo database; the sign-in page offers them there, and only there
# A whole wall day passes between noon and 15:00 UTC of the business date, which is one date from Honolulu to Tokyo.
OPENS_AT, PACE = time(12, tzinfo=UTC), 8


def is_demo(session: Session) -> bool:
    """Whether this is the demo database: only there demo sign-ins are offered and days advanced."""
    return _value(session, DEMO) == "true"


def business_date(session: Session) -> date | None:
    """The stored date of the demo; None on a real database, where every seller's zone says which day it is."""
    facts = {
        row.name: row.value
        for row in session.exec(select(DeskFact).where(col(DeskFact.name).in_([DEMO, BUSINESS_DATE])))
    }
    return date.fromisoformat(facts[BUSINESS_DATE]) if facts.get(DEMO) == "true" and BUSINESS_DATE in facts else None


def business_now(session: Session, wall_now: datetime) -> datetime:
    """The instant that verbs are told: the wall's, but on the demo one of the stored business date, never going back
    within a day of the wall."""
    return instant_of(business_date(session), wall_now)


def instant_of(stored: date | None, wall_now: datetime) -> datetime:
    """The same, for whoever holds the stored date already."""
    if stored is None:
        return wall_now
    wall = wall_now.astimezone(UTC)
    since_midnight = wall - wall.replace(hour=0, minute=0, second=0, microsecond=0)
    return datetime.combine(stored, OPENS_AT) + since_midnight // PACE


def make_demo(session: Session, actor: Actor, now: datetime, *, on: date) -> None:
    """Mark an empty database as the demo, standing on that day. Never one that holds a business: demo sign-ins are known."""
    change = audit.begin(session, actor, now, "desk.make_demo")
    if _value(session, DEMO) is not None or session.exec(select(Seller).limit(1)).first() is not None:
        raise Refused("not_empty", "Not done: this database holds a business already; the demo needs one of its own.")
    _put(session, change, DEMO, "true")
    _put(session, change, BUSINESS_DATE, on.isoformat())


def advance_day(session: Session, actor: Actor, now: datetime, *, to: date | None = None) -> date:
    """Move the demo on to the next day, or to a later one; returns it."""
    change = audit.begin(session, actor, now, "desk.advance_day")
    stored = business_date(session)
    if stored is None:
        raise Refused("not_the_demo", "Not done: only the demo's day can be advanced; here the clock decides.")
    day = to or stored + timedelta(days=1)
    if day <= stored:
        raise BadInput.one("not_later", "to", f"The business date is {stored} already and never goes back to {day}.")
    _put(session, change, BUSINESS_DATE, day.isoformat())
    return day


def _value(session: Session, name: str) -> str | None:
    row = session.get(DeskFact, name, populate_existing=True)
    return None if row is None else row.value


def _put(session: Session, change: audit.Recorder, name: str, value: str) -> None:
    row = session.get(DeskFact, name, with_for_update=True, populate_existing=True)
    before = None if row is None else row.value
    if row is None:
        row = DeskFact(name=name, value=value)
    row.value, row.change_id = value, change.id
    session.add(row)
    session.flush()
    change.note("desk", name, before=None if before is None else {name: before}, after={name: value})

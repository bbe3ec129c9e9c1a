"""Migration: bring a business over from another system. Look first, prepare, and another person applies it."""

import hashlib
from datetime import date

import streamlit as st

from app import dialogs, messages, migration_files, session, widgets, wording
from app.actions import Deed, act, told
from app.engine import reading
from core import migration
from core.catalog import SellerView
from core.db import Session
from core.errors import BillingError
from core.migration import DryRun, Mapper, MigrationView

STATES = {
    "prepared": ("Waits", "orange"),
    "applied": ("Applied", "green"),
    "withdrawn": ("Withdrawn", "gray"),
}
AS_CALLED = ""
Asked = tuple[str, date, dict[str, bytes], Mapper]


def asked(db: Session, seller: SellerView, today: date) -> Asked | None:
    """The files, how they are read, and on which day they are opened; None while there are none."""
    saved = {one.name: one.mapper for one in migration.mappers(db, seller.id)}
    said = {AS_CALLED: "Our own columns, or a guess"} | {name: f"Mapper {name}" for name in saved}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        system = st.text_input(
            "From", "former", key="migration-system", width=130, help="Its ids are known by this name."
        )
        opening_on = st.date_input(
            "Opening day", today.replace(day=1), key="migration-day", width=140, format="YYYY-MM-DD"
        )
        chosen = st.selectbox("Mapper", list(said), format_func=said.__getitem__, key="migration-mapper", width=230)
    files = migration_files.uploaded()
    mapper = migration_files.mapped(files, saved.get(chosen, Mapper()))
    if not files:
        messages.empty(
            "No files yet.",
            "One CSV for each of accounts, customers, plans, subscriptions, invoices, credits and balances that there is. "
            "data/migration/example holds a small set for the seller US of the demo; its opening day is 1 Mar 2024.",
        )
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Keep this mapper as", key="migration-keep", width=200, placeholder="stripe")
        st.button(
            "Save mapper",
            key="save-mapper",
            disabled=not session.may("migration.save_mapper"),
            on_click=act,
            args=(
                lambda deed: migration.save_mapper(
                    deed.db, deed.actor, deed.now, seller_id=seller.id, name=name,
                    rule=migration.mapper_to_json(mapper),
                ),
                f"Mapper {name} is saved.",
            ),
        )  # fmt: skip
    return system, opening_on, {kind: one.content for kind, one in files.items()}, mapper


def looked(db: Session, seller: SellerView, given: Asked) -> None:
    """The dry run of what lies there, and the button that prepares it."""
    system, opening_on, files, mapper = given
    try:
        found: DryRun = migration.dry_run(
            db,
            session.here().now,
            seller_id=seller.id,
            system=system,
            opening_on=opening_on,
            files=files,
            mapper=mapper,
        )
    except BillingError as error:
        messages.refused(str(error))
        return

    kept = {(kind, hashlib.sha256(content).hexdigest()) for kind, content in files.items()}
    waits = any(
        view.state == "prepared" and {(kind, sha256) for kind, sha256, _ in view.files} == kept
        for view in migration.migrations(db, seller.id)
    )

    def prepare(deed: Deed) -> int:
        return migration.prepare(
            deed.db, deed.actor, deed.now, seller_id=seller.id, system=system, opening_on=opening_on, files=files,
            mapper=mapper,
        )  # fmt: skip

    head = widgets.pane_head(
        "Dry run", ("Nothing is written", "gray"), f"{system}, opened on {wording.day(opening_on)}"
    )
    head.button(
        "Prepare",
        key="prepare",
        type="primary",
        shortcut="P",
        disabled=bool(found.faults) or not found.new or waits or not session.may("migration.prepare"),
        on_click=act,
        args=(prepare, lambda number: f"Migration {number} is prepared. Another person applies it."),
        help="These files wait already." if waits else "Kept as it is; finance applies it, another person than you.",
    )
    migration_files.shown(found)


def waiting(db: Session, seller: SellerView) -> None:
    """Everything that was prepared, and the steps of those that wait."""
    views = migration.migrations(db, seller.id)
    widgets.section("Prepared", wording.count(len(views), "migration") if views else "nothing yet")
    for view in views:
        _one(db, view, seller)


def _one(db: Session, view: MigrationView, seller: SellerView) -> None:
    when = wording.at(view.prepared_at, seller.timezone)
    head = widgets.pane_head(
        f"Migration {view.id}", STATES[view.state], f"{view.system} · {view.prepared_by}, {when}", key=f"of:{view.id}"
    )
    if view.state == "prepared":
        mine = view.prepared_by == session.here().actor.login
        head.button(
            "Apply…",
            key=f"apply:{view.id}",
            type="primary",
            disabled=mine or not session.may("migration.apply"),
            help="You prepared it; another person applies it." if mine else "All of it, or nothing.",
            **dialogs.opens("apply", view.id),
        )
        head.button(
            "Withdraw",
            key=f"withdraw:{view.id}",
            disabled=not session.may("migration.withdraw"),
            on_click=act,
            args=(
                lambda deed: migration.withdraw(deed.db, deed.actor, deed.now, view.id, "Withdrawn on the desk"),
                f"Migration {view.id} is withdrawn.",
            ),
        )
    said = " · ".join(f"{one.kind} {wording.amount(one.new)}" for one in view.counts)
    by = (
        f"; {view.state} by {view.decided_by}, {wording.at(view.decided_at, seller.timezone)}"
        if view.decided_by
        else ""
    )
    widgets.text(f"Opened on {wording.day(view.opening_on)}: {said}{by}.")
    if view.state == "prepared" and view.prepared_by != session.here().actor.login:
        widgets.section("What it makes", "the dry run of today; applying does exactly this")
        found = migration.prepared_run(db, session.here().now, view.id)
        migration_files.shown(found)
        if dialogs.asked("apply") and dialogs.about() == view.id:
            dialogs.ask(f"Apply migration {view.id}?", lambda: _apply(view, found))


def _apply(view: MigrationView, found: DryRun) -> None:
    rows = [(one.kind.capitalize(), f"{wording.amount(one.new)} new") for one in found.counts if one.new]
    dialogs.consequence(
        f"All of it is made, or nothing. Its entries are posted on {wording.day(view.opening_on)} and its prices are published: "
        "it is not taken back as a whole, only corrected piece by piece.",
        [*rows, *migration_files.sums(found)],
    )
    dialogs.answer(
        f"Apply {wording.count(found.new, 'row')}",
        lambda deed: migration.apply(deed.db, deed.actor, deed.now, view.id),
        _made,
    )


def _made(made: dict[str, int]) -> str:
    told_ = wording.listed([f"{wording.amount(number)} {kind}" for kind, number in made.items()])
    return f"Brought over: {told_}." if made else "Nothing was new: all of it was here already."


here = session.here()
widgets.page_title("Migration", "from another system: look first, prepare, and another person applies it")
if here.seller is None:
    messages.no_books()
else:
    with reading() as db:
        left, right = widgets.panes("migration", (52, 48))
        with left:
            given = asked(db, here.seller, here.today)
        with right:
            told()
            if given is not None:
                looked(db, here.seller, given)
            waiting(db, here.seller)

"""Settings: how the seller bills, from which day on, who decided it and why; with the accounts that have it otherwise."""

import pandas as pd
import streamlit as st

from app import dialogs, filters, messages, session, setting_views, widgets, wording, worklist
from app.actions import told
from app.engine import reading
from app.setting_views import CHANGE, PERMISSION, named, said
from core import catalog
from core.catalog import SettingRow

COLUMNS = {
    "name": widgets.text_col("Setting", 176),
    "value": widgets.text_col("Value", 112),
    "since": widgets.text_col("Since", 88),
    "accounts": widgets.count_col("Other", 60, help="Accounts that have it otherwise"),
}
here = session.here()


def listed(rows: list[SettingRow], find: str) -> str | None:
    """Every setting that there is; gives back the open one."""
    keys = [
        key for key, known in catalog.SETTINGS.items() if find.casefold() in f"{named(key)} {known.says}".casefold()
    ]
    shown = []
    for key in keys:
        held = setting_views.in_force([row for row in rows if (row.key, row.scope) == (key, "seller")], here.today)
        accounts = {row.scope_id for row in rows if (row.key, row.scope) == (key, "account")}
        value = catalog.SETTINGS[key].default if held is None else held.value
        since = wording.day(held.valid_from) if held else ""
        shown.append({"id": key, "name": named(key), "value": said(value), "since": since, "accounts": len(accounts)})
    frame = pd.DataFrame(shown, columns=["id", *COLUMNS])
    found = worklist.work_list(frame, "settings", COLUMNS, alt="Business settings")
    return found if found in catalog.SETTINGS else None


def opened(key: str, rows: list[SettingRow], names: dict[int, str]) -> None:
    known = catalog.SETTINGS[key]
    own = [row for row in rows if row.scope == "seller"]
    held = setting_views.in_force(own, here.today)
    value = known.default if held is None else held.value
    head = widgets.pane_head(named(key), key="panehead-slim")
    head.button("Change…", key=CHANGE, type="primary", **session.offered(PERMISSION), **dialogs.opens(CHANGE, key))
    worklist.walk(head, "settings")
    if dialogs.asked(CHANGE) and dialogs.about() == key:
        setting_views.ask(key, value, title=f"Change “{named(key)}”?", account="account" in known.scopes)
    else:
        told()
    widgets.text(known.says)
    note = f"since {wording.day(held.valid_from)}, by {held.actor}" if held else "the default: nobody said otherwise"
    widgets.strip([("In force", said(value), note)])
    can_be = wording.listed((said(choice) for choice in known.choices), "or") or (
        f"a whole number from 0 to {known.most}" if isinstance(known.plain, int) else "a text"
    )
    facts = {"Can be": can_be, "Default": said(known.default), "Set for": wording.listed(reversed(known.scopes))}
    widgets.sheet(("", ""), [(widgets.Cell(name, "faint"), each) for name, each in facts.items()], widths=("7rem", ""))
    if own:
        widgets.section("History", "the newest first")
        widgets.sheet(("From", "Value", "", "Set by", "Reason"), setting_views.history(own, here.today))
    others = sorted({row.scope_id for row in rows if row.scope == "account"}, key=lambda one: names.get(one, ""))
    if others:
        widgets.section("Accounts that have it otherwise")
        lines = [
            (names.get(one, ""), *line)
            for one in others
            for line in setting_views.history([row for row in rows if row.scope_id == one], here.today)
        ]
        widgets.sheet(("Account", "From", "Value", "", "Set by", "Reason"), lines)


if here.seller is None:
    widgets.page_title("Settings")
    messages.no_books()
    st.stop()
bar = widgets.page_title(
    "Settings", f"{here.seller.name} · how it bills; what a price decides for itself stands in the price"
)
find = filters.find(bar, "Setting")
left, right = widgets.panes("settings")
with reading() as db:
    rows = catalog.setting_rows(db, seller_id=here.seller.id)
    accounts = {row.scope_id for row in rows if row.scope == "account"}
    names = {id_: party.name for id_, party in catalog.parties(db, accounts, here.today).items()} if accounts else {}
with left:
    chosen = listed(rows, find)
    if chosen is None:
        messages.nothing_matches("setting", find, lambda: filters.clear("find"))
with right:
    if chosen is None:
        told()
    else:
        opened(chosen, [row for row in rows if row.key == chosen], names)

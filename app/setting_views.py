"""Business settings as people read and change them: the value in force, what is scheduled, who set it and why."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import streamlit as st

from app import dialogs, session, widgets, wording
from app.actions import Deed
from app.widgets import AnyRow, Chip
from core import catalog
from core.catalog import SettingRow
from core.errors import BadInput

CHANGE, OF_ACCOUNT = "change-setting", "set-for-account"
PERMISSION: Final = "catalog.set_setting"
STATES: Final = {"scheduled": ("Scheduled", "blue"), "in_force": ("In force", "green"), "past": ("Past", "gray")}


def named(key: str) -> str:
    """'day_basis' as people say it."""
    return key.replace("_", " ").capitalize()


def said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ") if value != "" else "none"


def in_force(rows: Sequence[SettingRow], on: date) -> SettingRow | None:
    """Of one key and subject, the row that holds on the day."""
    return next((row for row in reversed(rows) if row.valid_from <= on), None)


def history(rows: Sequence[SettingRow], today: date) -> list[AnyRow]:
    """The newest first; of several for a day the last holds."""
    held, zone = in_force(rows, today), session.here().seller.timezone
    found: list[AnyRow] = []
    for row in reversed(rows):
        word = "scheduled" if row.valid_from > today else "in_force" if row is held else "past"
        when = f"{row.actor}, {wording.at(row.at, zone)}"
        found.append((wording.day(row.valid_from), said(row.value), Chip(*STATES[word]), when, row.reason))
    return found


# ── changing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def value_field(key: str, value: Any) -> Callable[[], Any]:
    """A choice, a whole number or a text, beginning with what holds."""
    known = catalog.SETTINGS[key]
    if known.choices:
        order = sorted(known.choices, key=lambda choice: choice != value)
        return dialogs.pick("Value", {choice: said(choice) for choice in order}, path="value", about=key)
    typed = dialogs.line("Value", str(value), path="value", about=key)
    if isinstance(known.plain, int):
        return lambda: _whole(typed())
    return lambda: typed().strip()


def _whole(text: str) -> int | str:
    """What is no whole number goes on as it was typed: core refuses it, at its field."""
    return int(text) if text.strip().isascii() and text.strip().isdecimal() else text


def ask(key: str, value: Any, *, title: str, account: bool = False) -> None:
    """The dialog of one setting, for the seller or, where it has accounts, one account by its number."""
    seller = session.here().seller

    def body() -> None:
        dialogs.consequence(catalog.SETTINGS[key].says)
        wanted = value_field(key, value)
        here = session.here()
        since = dialogs.day("From", catalog.first_day(key, here.today, here.now), path="valid_from")
        number = (
            dialogs.line("Account number", path="scope_id", help="Left empty: the seller itself") if account else str
        )
        reason = dialogs.line("Reason", path="reason")

        def verb(deed: Deed) -> None:
            scope, scope_id = _subject(deed, seller.id, number().strip())
            _set(deed, scope, scope_id, key, wanted(), since(), reason())

        dialogs.answer("Set it", verb, f"{named(key)} is set.")

    dialogs.ask(title, body)


def ask_account(account_id: int, name: str, keys: Mapping[str, str]) -> None:
    """The dialog of an account: which setting stands above, because it decides the field of the value."""

    def above() -> None:
        dialogs.pick("Setting", keys)

    def body() -> None:
        key = dialogs.chosen("Setting", next(iter(keys)))
        dialogs.consequence(catalog.SETTINGS[key].says)
        wanted = value_field(key, catalog.SETTINGS[key].default)
        since, reason = (
            dialogs.day("From", session.here().today, path="valid_from"),
            dialogs.line("Reason", path="reason"),
        )

        def verb(deed: Deed) -> None:
            _set(deed, "account", account_id, key, wanted(), since(), reason())

        dialogs.answer("Set it", verb, f"{named(key)} is set for {name}.")

    dialogs.ask(f"A setting of {name} alone?", body, above=above)


def _subject(deed: Deed, seller_id: int, number: str) -> tuple[str, int]:
    if not number:
        return "seller", seller_id
    found = next((one for one in catalog.accounts(deed.db, seller_id) if one.number == number), None)
    if found is None:
        raise BadInput.one("no_such_account", "scope_id", f"There is no account {number!r}.")
    return "account", found.account_id


def _set(deed: Deed, scope: str, scope_id: int, key: str, value: Any, since: date, reason: str) -> None:
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why; it stays on record.")
    catalog.set_setting(
        deed.db, deed.actor, deed.now, scope=scope, scope_id=scope_id, key=key, value=value, valid_from=since,
        reason=reason.strip(),
    )  # fmt: skip


# ── of an account ───────────────────────────────────────────────────────────────────────────────────────────────────


def of_account(rows: Sequence[SettingRow], account_id: int, name: str) -> None:
    """What an account has set for itself, and the button to set more."""
    widgets.section("Settings of the account", "before the seller's; all of them: Settings")
    own = [row for row in rows if row.scope == "account"]
    if own:
        keys = dict.fromkeys(row.key for row in own)
        today = session.here().today
        lines = [(named(key), *line) for key in keys for line in history([row for row in own if row.key == key], today)]
        widgets.sheet(("Setting", "From", "Value", "", "By", "Reason"), lines)
    else:
        widgets.text("None: the seller's hold.")
    st.button("Set…", key=OF_ACCOUNT, **session.offered(PERMISSION), **dialogs.opens(OF_ACCOUNT, account_id))
    if dialogs.asked(OF_ACCOUNT) and dialogs.about() == account_id:
        known = {key: named(key) for key, one in catalog.SETTINGS.items() if "account" in one.scopes}
        ask_account(account_id, name, known)

"""The verb and the read of business settings: dated rows, so that a document keeps what held on its day."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import store, store_settings
from core.catalog.billing_rules import PERIOD_KEYS
from core.catalog.business_settings import SCOPES, SETTINGS
from core.catalog.checking import Checks
from core.catalog.views import SettingRow
from core.people import Actor
from core.tables.parties import SettingVersion

DAYS_AHEAD = timedelta(days=2)
"""By UTC: in the zones ahead of it tomorrow may have begun."""


def set_setting(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    scope: str,
    scope_id: int,
    key: str,
    value: Any,
    valid_from: date,
    reason: str = "",
) -> None:
    """A setting of a seller, an account or a price from a day on."""
    change = audit.begin(session, actor, now, "catalog.set_setting")
    checks = Checks()
    checks.day(valid_from, "valid_from")
    known = SETTINGS.get(key)
    if known is None:
        checks.fault("unknown_setting", "key", f"There is no setting {key!r}; known are {', '.join(sorted(SETTINGS))}.")
    else:
        if scope not in known.scopes:
            sentence = f"The setting {key!r} is of a {' or '.join(known.scopes)}, not of a {scope!r}."
            checks.fault("other_scope", "scope", sentence)
        elif not store_settings.is_there(session, scope, scope_id):
            checks.fault("no_such_subject", "scope_id", f"There is no {scope} {scope_id}.")
        elif key in PERIOD_KEYS:
            _check_ahead(session, checks, scope, scope_id, valid_from, now)
        if known.fault(value):
            checks.fault("value_not_supported", "value", f"{key!r}: {known.says} {known.fault(value)}")
    checks.finish()
    before = store_settings.setting_values(session, key, [(scope, scope_id)], valid_from)
    row = SettingVersion(
        scope=scope, scope_id=scope_id, key=key, valid_from=valid_from, value=value, change_id=change.id
    )
    store.add(session, row)
    change.note(
        "setting",
        f"{scope} {scope_id} {key}",
        before={"value": before.get((scope, scope_id))},
        after={"value": value, "valid_from": valid_from},
        reason=reason,
    )


def first_day(key: str, today: date, now: datetime) -> date:
    """The first day from which the setting may be another where somebody is subscribed already."""
    return max(today, _earliest(now)) if key in PERIOD_KEYS else today


def _earliest(now: datetime) -> date:
    return now.date() + DAYS_AHEAD


def _check_ahead(session: Session, checks: Checks, scope: str, scope_id: int, valid_from: date, now: datetime) -> None:
    """Periods that have begun somewhere may be billed by what held then; so what they come to changes ahead of them all."""
    earliest = _earliest(now)
    if valid_from < earliest and store_settings.is_subscribed(session, scope, scope_id):
        sentence = f"This says how periods are billed, and those before {earliest} may be; it can hold from then on."
        checks.fault("not_ahead", "valid_from", sentence)


def setting(
    session: Session,
    key: str,
    *,
    seller_id: int,
    on: date,
    account_id: int | None = None,
    price_id: int | None = None,
) -> Any:
    """The value that holds on the day: the price's, else the account's, else the seller's, else the default."""
    known = SETTINGS[key]
    ids = {"price": price_id, "account": account_id, "seller": seller_id}
    scopes = [(scope, id_) for scope in SCOPES if scope in known.scopes and (id_ := ids[scope]) is not None]
    values = store_settings.setting_values(session, key, scopes, on)
    return next((values[scope] for scope in scopes if scope in values), known.default)


def setting_rows(session: Session, *, seller_id: int, account_id: int | None = None) -> list[SettingRow]:
    """Everything that was set for a seller and its accounts (or one of them), in order of days; of a day the last holds."""
    return store_settings.setting_rows(session, seller_id, account_id)


def account_settings(
    session: Session, key: str, *, seller_id: int, account_ids: Iterable[int], on: date
) -> dict[int, Any]:
    """As `setting`, for many accounts in one statement: account → value."""
    known = SETTINGS[key]
    wanted = sorted(set(account_ids))
    values = store_settings.setting_values(
        session, key, [("seller", seller_id), *(("account", id_) for id_ in wanted)], on
    )
    fallback = values.get(("seller", seller_id), known.default)
    return {id_: values.get(("account", id_), fallback) for id_ in wanted}

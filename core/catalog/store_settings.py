"""Every SQL statement about business settings: dated rows of a seller, an account or a price; the last of a day holds."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from core.catalog.billing_rules import PERIOD_KEYS, PLAIN, BillingRules, DatedValues
from core.catalog.store import chunks
from core.catalog.views import SettingRow
from core.tables.catalog import Contract, Price, Subscription
from core.tables.changes import AuditEntry, AuditPayload, Change
from core.tables.parties import Account, Seller, SettingVersion


def setting_values(
    session: Session, key: str, scopes: Sequence[tuple[str, int]], on: date
) -> dict[tuple[str, int], Any]:
    """(scope, id) → the value that holds on the day."""
    query = (
        select(col(SettingVersion.scope), col(SettingVersion.scope_id), col(SettingVersion.value))
        .where(
            col(SettingVersion.key) == key,
            col(SettingVersion.valid_from) <= on,
            col(SettingVersion.scope_id).in_({scope_id for _, scope_id in scopes}),
        )
        .order_by(col(SettingVersion.valid_from), col(SettingVersion.id))
    )
    rows = session.execute(query).all()
    return {(scope, scope_id): value for scope, scope_id, value in rows if (scope, scope_id) in scopes}


def setting_rows(session: Session, seller_id: int, account_id: int | None) -> list[SettingRow]:
    """What was set for a seller and for its accounts (or one of them), with who and why; in order of days."""
    row, entry = SettingVersion, AuditEntry
    accounts = select(col(Account.id)).where(col(Account.seller_id) == seller_id)
    if account_id is not None:
        accounts = accounts.where(col(Account.id) == account_id)
    of_it = and_(col(entry.change_id) == col(row.change_id), col(entry.subject_kind) == "setting")
    query = (
        select(row, col(Change.actor), col(Change.at), col(AuditPayload.reason))
        .join(Change, col(Change.id) == col(row.change_id))
        .outerjoin(entry, of_it)
        .outerjoin(AuditPayload, col(AuditPayload.entry_id) == col(entry.id))
        .where(
            or_(
                and_(col(row.scope) == "seller", col(row.scope_id) == seller_id),
                and_(col(row.scope) == "account", col(row.scope_id).in_(accounts)),
            )
        )
        .order_by(col(row.valid_from), col(row.id))
    )
    return [
        SettingRow(one.scope, one.scope_id, one.key, one.valid_from, one.value, actor, at, reason or "")
        for one, actor, at, reason in session.execute(query)
    ]


def is_there(session: Session, scope: str, scope_id: int) -> bool:
    """Whether the subject of a setting exists."""
    column: Any = {"seller": col(Seller.id), "account": col(Account.id), "price": col(Price.id)}[scope]
    return session.execute(select(column).where(column == scope_id)).first() is not None


def billing_rules(
    session: Session, accounts: Collection[tuple[int, int]], as_of: int | None
) -> dict[int, BillingRules]:
    """(seller, account) → the settings of these accounts that say what the days of a period come to; by account."""
    row = SettingVersion
    query = (
        select(col(row.scope), col(row.scope_id), col(row.key), col(row.valid_from), col(row.value))
        .where(col(row.key).in_(PERIOD_KEYS))
        .order_by(col(row.valid_from), col(row.id))
    )
    if as_of is not None:
        sealed = select(col(Change.id)).where(col(Change.id) == col(row.change_id), col(Change.seal_number) <= as_of)
        query = query.where(sealed.exists())
    sellers = {seller_id for seller_id, _ in accounts}
    dated: dict[tuple[str, int], dict[str, dict[date, Any]]] = {}
    for part in chunks({account_id for _, account_id in accounts}):
        of_seller = and_(col(row.scope) == "seller", col(row.scope_id).in_(sellers))
        of_account = and_(col(row.scope) == "account", col(row.scope_id).in_(part))
        for scope, scope_id, key, valid_from, value in session.execute(query.where(or_(of_seller, of_account))).all():
            dated.setdefault((scope, scope_id), {}).setdefault(key, {})[valid_from] = value
    if not dated:
        return {account_id: PLAIN for _, account_id in accounts}
    return {
        account_id: BillingRules(
            _values(dated.get(("account", account_id), {})), _values(dated.get(("seller", seller_id), {}))
        )
        for seller_id, account_id in accounts
    }


def _values(by_key: dict[str, dict[date, Any]]) -> dict[str, DatedValues]:
    return {key: tuple(sorted(dated.items(), key=lambda entry: entry[0])) for key, dated in by_key.items()}


def is_subscribed(session: Session, scope: str, scope_id: int) -> bool:
    """Whether anything of the seller or the account was ever subscribed."""
    column = col(Contract.seller_id) if scope == "seller" else col(Contract.account_id)
    query = select(col(Subscription.id)).join(Contract, col(Contract.id) == col(Subscription.contract_id))
    return session.execute(query.where(column == scope_id).limit(1)).first() is not None

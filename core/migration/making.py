"""What a dry run found, made: row by row, by the verbs of the domains, in one transaction.

What people would enter (accounts, plans, subscriptions, granted credit) is entered in the name of whoever prepared it; what
finance releases (prices, open invoices, what is left to earn, balances) is released by whoever applies it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from core import audit, catalog, credits, invoicing, ledger
from core.clock import Period
from core.errors import BadInput, BillingError, Fault, Refused
from core.migration import store
from core.migration.found import WHAT
from core.migration.model import (
    BalanceRow,
    CreditKind,
    CreditRow,
    DryRun,
    InvoiceRow,
    Known,
    PlanRow,
    Row,
    SubscriptionRow,
)
from core.people import Actor
from core.words import Origin


@dataclass
class Making:
    """One migration under way: who, when, and the ids of what was made."""

    session: Session
    change: audit.Recorder
    maker: Actor
    poster: Actor
    now: datetime
    known: Known
    dry: DryRun
    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)

    def keep(self, kind: str, row: Row, subject_id: int) -> None:
        what = WHAT[kind]
        self.ids[what, row.ref] = subject_id
        self.made[kind] = self.made.get(kind, 0) + 1
        system = self.known.system
        store.add_ref(self.session, self.change.id, self.known.seller_id, system, what, row.ref, subject_id, row.said)

    def account(self, ref: str) -> int:
        if ("account", ref) in self.ids:
            return self.ids["account", ref]
        held = self.known.refs.get(("account", ref))
        return held.subject_id if held else self.known.accounts[ref]

    def customer(self, ref: str) -> int:
        if ("customer", ref) in self.ids:
            return self.ids["customer", ref]
        return (self.known.customers_by_ref.get(ref) or self.known.customers[ref])[0]


def make(making: Making) -> dict[str, int]:
    """Everything that is new, all or nothing; how many of each kind."""
    steps: Mapping[str, object] = {
        "accounts": _account,
        "customers": _customer,
        "plans": _plan,
        "subscriptions": _subscription,
        "invoices": _invoice,
        "credits": _credit,
        "balances": _balance,
    }
    for kind, step in steps.items():
        for row in making.dry.brought.of(kind):
            if (WHAT[kind], row.ref) not in making.dry.again:
                with _told(kind, row):
                    subject_id = step(making, row)  # type: ignore[operator]
                if subject_id:
                    making.keep(kind, row, subject_id)
    return making.made


@contextmanager
def _told(kind: str, row: Row) -> Iterator[None]:
    """What a verb refuses is told with the row that it refused."""
    try:
        yield
    except BadInput as error:
        raise BadInput(
            [Fault(one.code, f"{kind}:{row.line}:{one.path}", one.sentence) for one in error.faults]
        ) from error
    except BillingError as error:
        sentence = f"Nothing was brought over. {kind.capitalize()}, line {row.line}: {error.sentence}"
        raise Refused(error.code, sentence) from error


def _account(making: Making, row: object) -> int:
    from_row = vars(row)
    names = ("number", "name", "country", "address", "tax_ids", "terms_days", "email", "language", "purchase_order")
    return catalog.add_account(
        making.session,
        making.maker,
        making.now,
        seller_id=making.known.seller_id,
        valid_from=from_row["since"],
        origin=Origin.MIGRATED,
        **{name: from_row[name] for name in names},
    )


def _customer(making: Making, row: object) -> int:
    from_row = vars(row)
    return catalog.add_customer(
        making.session,
        making.maker,
        making.now,
        seller_id=making.known.seller_id,
        account_id=making.account(from_row["account"]),
        valid_from=from_row["since"],
        **{name: from_row[name] for name in ("key", "name", "country", "timezone", "tier")},
    )


def _plan(making: Making, row: PlanRow) -> int:
    """Written by the one, published by the other."""
    session, now, seller_id = making.session, making.now, making.known.seller_id
    have = {product.code for product in catalog.products(session, seller_id)}
    for price in row.prices:
        if price.product not in have:
            have.add(price.product)
            catalog.add_product(
                session,
                making.maker,
                now,
                seller_id=seller_id,
                code=price.product,
                name=price.product_name,
                tax_category=price.tax_category,
                unit_code=price.unit_code,
            )
    plan_id = catalog.add_plan(session, making.maker, now, seller_id=seller_id, code=row.ref, name=row.name)
    prices = [
        {"code": one.code, "currency": one.currency, "product": one.product, "value": dict(one.value)}
        for one in row.prices
    ]
    version_id = catalog.write_plan_version(session, making.maker, now, plan_id=plan_id, prices=prices)
    catalog.publish_plan_version(session, making.poster, now, plan_version_id=version_id)
    making.ids["plan_version", row.ref] = version_id
    return plan_id


def _subscription(making: Making, row: SubscriptionRow) -> int:
    session, now, maker = making.session, making.now, making.maker
    subscription_id = catalog.subscribe(
        session,
        maker,
        now,
        contract_id=_contract(making, row),
        customer_id=making.customer(row.customer),
        code=row.ref,
        plan_version_id=_version(making, row.plan),
        currency=row.currency,
        started_on=row.begins_on,
        anchor=row.anchor,
        quantities=row.quantities,
        trial_until=row.trial_until,
    )
    invoicing.migrate_prepaid(
        session,
        making.poster,
        now,
        subscription_id=subscription_id,
        number=f"{making.known.system}-{row.ref}",
        billed_until=row.billed_until,
        opening_on=making.known.opening_on,
        one_offs=row.one_offs,
        prepared_by=maker.login,
        deferred_minor=row.deferred_minor,
    )
    if row.ends_on is not None:
        reason = f"Cancelled in {making.known.system}"
        catalog.cancel(session, maker, now, subscription_id=subscription_id, effective_on=row.ends_on, reason=reason)
    return subscription_id


def _version(making: Making, plan: str) -> int:
    if ("plan_version", plan) in making.ids:
        return making.ids["plan_version", plan]
    return making.known.plans[plan].version_id


def _contract(making: Making, row: SubscriptionRow) -> int:
    """The contract of that number; signed on the first day of what stands in it there."""
    if ("contract", row.contract) in making.ids:
        return making.ids["contract", row.contract]
    if row.contract in making.known.contracts:
        return making.known.contracts[row.contract][0]
    customer = catalog.customer(making.session, making.customer(row.customer))
    alike = [one for one in making.dry.brought.subscriptions if one.contract == row.contract]
    contract_id = catalog.sign_contract(
        making.session,
        making.maker,
        making.now,
        account_id=customer.account_id,
        number=row.contract,
        effective_on=min(min(one.started_on, one.begins_on) for one in alike),
    )
    making.ids["contract", row.contract] = contract_id
    return contract_id


def _invoice(making: Making, row: InvoiceRow) -> int:
    products = {product.code: product.id for product in catalog.products(making.session, making.known.seller_id)}
    return invoicing.migrate_open_invoice(
        making.session,
        making.poster,
        making.now,
        account_id=making.account(row.account),
        customer_id=making.customer(row.customer),
        product_id=products[row.product],
        number=row.ref,
        document_date=row.dated_on,
        due_on=row.due_on,
        service=Period(row.service_start, row.service_end),
        currency=row.currency,
        open_minor=row.open_minor,
        opening_on=making.known.opening_on,
        prepared_by=making.maker.login,
        description=row.description,
    )


def _credit(making: Making, row: CreditRow) -> int:
    account_id = making.account(row.account)
    if row.kind is CreditKind.GRANTED:
        return credits.grant(
            making.session,
            making.maker,
            making.now,
            account_id=account_id,
            code=row.code,
            amount_minor=row.amount_minor,
            currency=row.currency,
            priority=row.priority,
            expires_on=row.expires_on,
            reason=row.reason,
        )
    return credits.open_credit(
        making.session,
        making.maker,
        making.now,
        account_id=account_id,
        code=row.code,
        kind=row.kind,
        amount_minor=row.amount_minor,
        currency=row.currency,
        opening_on=making.known.opening_on,
        posted_by=making.poster,
        priority=row.priority,
        expires_on=row.expires_on,
        reason=row.reason,
    )


def _balance(making: Making, row: BalanceRow) -> int:
    """One entry a balance; what the rows themselves open was only compared."""
    if row.is_control or not row.amount_minor:
        return 0
    known = making.known
    functional, rate = ledger.to_functional(
        making.session, known.seller_id, row.amount_minor, row.currency, known.opening_on
    )
    entry_id = ledger.post_opening(
        making.session,
        making.poster,
        making.now,
        seller_id=known.seller_id,
        on=known.opening_on,
        key=f"opening:balance:{known.system}:{row.ref}",
        lines=[ledger.Line(row.role, row.amount_minor, row.currency, functional, rate)],
        prepared_by=making.maker.login,
        text=f"Balance brought over from {known.system}",
    )
    return entry_id or 0

"""The statements behind four eyes: facts that people entered and that a document may rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session, col

from core.invoicing.store import Head
from core.tables.catalog import Commitment, Contract, ContractChange, Subscription
from core.tables.changes import Change
from core.tables.charges import Charge
from core.tables.coupons import Coupon, CouponGrant
from core.tables.documents import Document, DocumentInput, DocumentLine
from core.tables.metering import (
    ImportMapping,
    IngestBatch,
    MappingVersion,
    UsageAdjustment,
    UsageEvent,
    UsageWithdrawal,
)
from core.tables.parties import (
    Customer,
    CustomerAlias,
    CustomerTimezone,
    CustomerVersion,
    PartyVersion,
    SettingVersion,
)
from core.tables.payments import CreditGrant
from core.words import ActorKind, ChargeKind, CreditKind, DocumentKind, DocumentStatus, Origin


def _of_account(account_id: int, contracts: Select[Any]) -> ColumnElement[bool]:
    """Coupons of the account, of its contracts and of their subscriptions."""
    subscriptions = select(col(Subscription.id)).where(col(Subscription.contract_id).in_(contracts))
    scope, scope_id = col(CouponGrant.scope), col(CouponGrant.scope_id)
    return or_(
        and_(scope == "account", scope_id == account_id),
        and_(scope == "contract", scope_id.in_(contracts)),
        and_(scope == "subscription", scope_id.in_(subscriptions)),
    )


def last_issued_seal(session: Session, account_id: int, but_document: int) -> int:
    """The newest seal that an issued invoice of the account read; 0 before the first."""
    query = select(func.max(col(Document.seal_number))).where(
        col(Document.account_id) == account_id,
        col(Document.id) != but_document,
        col(Document.kind) == DocumentKind.INVOICE,
        col(Document.status).in_((DocumentStatus.ISSUED, DocumentStatus.CANCELLED)),
        col(Document.origin) == Origin.OWN,
    )
    return session.execute(query).scalar_one() or 0


def entered(session: Session, head: Head, since: int) -> Iterator[tuple[str, str]]:
    """(login, what) of people's changes after that seal."""
    inputs = select(col(DocumentInput.actor)).where(col(DocumentInput.document_id) == head.id)
    for login in session.execute(inputs.distinct()).scalars():
        yield login, "a line, edit or note of it"
    for what, query in _facts(head).items():
        by = (
            query.where(col(Change.actor_kind) != ActorKind.JOB)
            .where(or_(col(Change.seal_number).is_(None), col(Change.seal_number) > since))
            .distinct()
        )
        for login in session.execute(by).scalars():
            yield login, what


def _facts(head: Head) -> dict[str, Select[Any]]:
    customers = select(col(Customer.id)).where(col(Customer.account_id) == head.account_id)
    contracts = select(col(Contract.id)).where(col(Contract.account_id) == head.account_id)
    metered = (
        select(col(DocumentLine.meter_id))
        .where(col(DocumentLine.document_id) == head.id, col(DocumentLine.meter_id).is_not(None))
        .scalar_subquery()
    )
    actor = select(col(Change.actor))

    def by_change(table: Any) -> Select[Any]:
        return actor.join(table, col(table.change_id) == col(Change.id))

    def by_batch(table: Any) -> Select[Any]:
        joined = actor.join(IngestBatch, col(IngestBatch.change_id) == col(Change.id))
        return joined.join(table, col(table.batch_id) == col(IngestBatch.id)).where(
            col(table.customer_id).in_(customers)
        )

    sources = (
        select(col(UsageEvent.source))
        .where(col(UsageEvent.customer_id).in_(customers), col(UsageEvent.meter_id).in_(metered))
        .where(col(UsageEvent.local_date) >= head.service.start, col(UsageEvent.local_date) < head.service.end)
        .distinct()
    )
    return {
        "a usage adjustment": by_batch(UsageAdjustment),
        "a withdrawal of usage": by_batch(UsageWithdrawal),
        "the mapping of the usage": by_change(MappingVersion)
        .join(ImportMapping, col(ImportMapping.id) == col(MappingVersion.mapping_id))
        .where(col(ImportMapping.seller_id) == head.seller_id, col(ImportMapping.source).in_(sources)),
        "waived usage": by_change(Charge).where(
            col(Charge.customer_id).in_(customers), col(Charge.kind).in_((ChargeKind.WAIVED, ChargeKind.EXCLUDED))
        ),
        "the account": by_change(PartyVersion).where(col(PartyVersion.account_id) == head.account_id),
        "a setting of the account": by_change(SettingVersion).where(
            col(SettingVersion.scope) == "account", col(SettingVersion.scope_id) == head.account_id
        ),
        "a coupon": by_change(CouponGrant).where(_of_account(head.account_id, contracts)),
        "what the coupon takes off": by_change(Coupon).where(
            col(Coupon.id).in_(select(col(CouponGrant.coupon_id)).where(_of_account(head.account_id, contracts)))
        ),
        # What an invoice sold was entered and approved with that invoice; whoever issued it entered nothing.
        "a credit": by_change(CreditGrant).where(
            col(CreditGrant.account_id) == head.account_id,
            col(CreditGrant.kind) != CreditKind.CUSTOMER,
            col(CreditGrant.source_document_id).is_(None),
        ),
        "the contract": by_change(ContractChange).where(col(ContractChange.contract_id).in_(contracts)),
        "a commitment": by_change(Commitment).where(col(Commitment.contract_id).in_(contracts)),
        "the customer": by_change(CustomerVersion).where(col(CustomerVersion.customer_id).in_(customers)),
        "the customer's timezone": by_change(CustomerTimezone).where(col(CustomerTimezone.customer_id).in_(customers)),
        "an alias of the customer": by_change(CustomerAlias).where(col(CustomerAlias.customer_id).in_(customers)),
    }

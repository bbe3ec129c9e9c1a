"""What people and jobs did lately, told in half a sentence each: many of the same are one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Final

from app import wording
from core import audit_reports, people
from core.audit_reports import ChangeRow
from core.db import Session

LOOKED_AT: Final = 300
SHOWN: Final = 8
# verb → what was done to one, to many
DID: Final = {
    "invoicing.draft": ("drafted what was due", "drafted what was due in {n} runs"),
    "invoicing.submit": ("sent a draft to review", "sent {n} drafts to review"),
    "invoicing.approve": ("approved a document", "approved {n} documents"),
    "invoicing.return": ("returned a document", "returned {n} documents"),
    "invoicing.issue": ("issued a document", "issued {n} documents"),
    "invoicing.send": ("put a document into the outbox", "put {n} documents into the outbox"),
    "invoicing.deliver": ("delivered a document", "delivered {n} documents"),
    "invoicing.cancel": ("cancelled an invoice", "cancelled {n} invoices"),
    "invoicing.discard": ("discarded a draft", "discarded {n} drafts"),
    "invoicing.edit": ("edited a draft", "edited drafts {n} times"),
    "metering.ingest": ("took in a batch of usage", "took in {n} batches of usage"),
    "metering.replay": ("replayed rejected usage", "replayed rejected usage {n} times"),
    "payments.record": ("recorded a payment", "recorded {n} payments"),
    "payments.allocate": ("allocated a payment", "allocated {n} payments"),
    "payments.assign": ("assigned a payment", "assigned {n} payments"),
    "payments.write_off": ("wrote an invoice off", "wrote {n} invoices off"),
    "reconciliation.run": ("ran the checks", "ran the checks {n} times"),
    "reconciliation.resolve": ("resolved a finding", "resolved {n} findings"),
    "revenue.post": ("posted revenue", "posted revenue {n} times"),
    "close.close": ("took a step of a close", "took {n} steps of a close"),
    "desk.advance_day": ("advanced the day", "advanced the day {n} times"),
    "catalog.subscribe": ("signed up a subscription", "signed up {n} subscriptions"),
    "catalog.change_subscription": ("changed a subscription", "changed {n} subscriptions"),
    "catalog.amend_account": ("amended an account", "amended {n} accounts"),
    "catalog.amend_customer": ("amended a customer", "amended {n} customers"),
    "catalog.add_account": ("added an account", "added {n} accounts"),
    "catalog.add_customer": ("added a customer", "added {n} customers"),
    "catalog.sign_contract": ("signed a contract", "signed {n} contracts"),
    "catalog.override_price": ("agreed a customer's own price", "agreed {n} customers' own prices"),
    "catalog.add_coupon": ("made or ended a coupon", "made or ended {n} coupons"),
    "catalog.grant_coupon": ("granted or ended a coupon", "granted or ended {n} coupons"),
    "catalog.write_plan_version": ("wrote a version of a plan", "wrote {n} versions of plans"),
    "catalog.publish_plan_version": ("published a version of a plan", "published {n} versions of plans"),
    "catalog.set_setting": ("changed a setting", "changed {n} settings"),
    "credits.grant": ("granted credit", "granted credit {n} times"),
    "people.add_user": ("added a user", "added {n} users"),
}


@dataclass(frozen=True)
class Told:
    when: str
    who: str
    did: str


def told(db: Session, zone: tzinfo) -> list[Told]:
    """The newest first; what one did several times on a day is one line."""
    names = {user.login: user.name for user in people.users(db)}
    groups: dict[tuple[date, str, str], list[ChangeRow]] = {}
    for row in audit_reports.changes(db, limit=LOOKED_AT):
        groups.setdefault((row.at.astimezone(zone).date(), row.actor, row.verb), []).append(row)
    newest = next(iter(groups), (None,))[0]
    return [_line(group, names, zone, newest) for group in list(groups.values())[:SHOWN]]


def _line(group: Sequence[ChangeRow], names: dict[str, str], zone: tzinfo, newest: date | None) -> Told:
    row, at = group[0], group[0].at.astimezone(zone)
    one, many = DID.get(row.verb, (row.verb.replace(".", ": ").replace("_", " "), ""))
    did = (
        one if len(group) == 1 else many.format(n=wording.amount(len(group))) if many else f"{one}, {len(group)} times"
    )
    who = names.get(row.actor) or row.actor.replace("job:", "The job ").replace(":", " ")
    when = f"{at:%H:%M}" if at.date() == newest else wording.day(at.date(), year=False)
    return Told(when, who, did)

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
    "invoicing.waive_usage": ("waived usage", "waived usage {n} times"),
    "invoicing.migrate": ("brought a document over", "brought {n} documents over"),
    "metering.ingest": ("took in a batch of usage", "took in {n} batches of usage"),
    "metering.save_mapping": ("saved a mapping of usage", "saved {n} mappings of usage"),
    "metering.discard": ("discarded rejected usage", "discarded rejected usage {n} times"),
    "metering.adjust": ("adjusted usage", "adjusted usage {n} times"),
    "metering.withdraw": ("withdrew usage", "withdrew usage {n} times"),
    "metering.replay": ("replayed rejected usage", "replayed rejected usage {n} times"),
    "payments.record": ("recorded a payment", "recorded {n} payments"),
    "payments.allocate": ("allocated a payment", "allocated {n} payments"),
    "payments.assign": ("assigned a payment", "assigned {n} payments"),
    "payments.unallocate": ("took a payment off an invoice", "took payments off invoices {n} times"),
    "payments.reverse": ("reversed a payment", "reversed {n} payments"),
    "payments.confirm": ("confirmed a payment", "confirmed {n} payments"),
    "payments.fail": ("noted that a payment failed", "noted that {n} payments failed"),
    "payments.request_refund": ("asked for a refund", "asked for {n} refunds"),
    "payments.approve_refund": ("approved a refund", "approved {n} refunds"),
    "payments.fail_refund": ("noted that a refund failed", "noted that {n} refunds failed"),
    "payments.keep_as_credit": ("kept a payment as credit", "kept {n} payments as credit"),
    "payments.release_credit": ("released credit of a customer", "released credit of customers {n} times"),
    "payments.request_write_off": ("asked for a write-off", "asked for {n} write-offs"),
    "payments.reverse_write_off": ("took a write-off back", "took {n} write-offs back"),
    "payments.write_off": ("wrote an invoice off", "wrote {n} invoices off"),
    "reconciliation.run": ("ran the checks", "ran the checks {n} times"),
    "reconciliation.match": ("matched a payment", "matched {n} payments"),
    "reconciliation.propose": ("proposed a way to settle a finding", "proposed ways to settle {n} findings"),
    "reconciliation.reverse": ("took a settlement back", "took {n} settlements back"),
    "reconciliation.resolve": ("resolved a finding", "resolved {n} findings"),
    "revenue.post": ("posted revenue", "posted revenue {n} times"),
    "revenue.sync": ("brought obligations up to date", "brought obligations up to date {n} times"),
    "ledger.open_books": ("opened the books", "opened books {n} times"),
    "ledger.post_opening": ("posted an opening entry", "posted {n} opening entries"),
    "ledger.set_fx_rate": ("set an exchange rate", "set {n} exchange rates"),
    "ledger.set_tax_rate": ("set a tax rate", "set {n} tax rates"),
    "close.request_reopening": ("asked to reopen a period", "asked {n} times to reopen a period"),
    "close.approve_reopening": ("reopened a period", "reopened {n} periods"),
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
    "catalog.change_commitment": ("changed a commitment", "changed {n} commitments"),
    "catalog.add_seller": ("added a seller", "added {n} sellers"),
    "catalog.add_alias": ("added another key of a customer", "added {n} other keys of customers"),
    "catalog.add_meter": ("added a meter", "added {n} meters"),
    "catalog.amend_meter": ("amended a meter", "amended {n} meters"),
    "catalog.add_product": ("added a product", "added {n} products"),
    "catalog.add_plan": ("added a plan", "added {n} plans"),
    "credits.expire": ("let credit expire", "let credit expire {n} times"),
    "credits.open_credit": ("brought a credit over", "brought {n} credits over"),
    "migration.save_mapper": ("saved a mapper", "saved {n} mappers"),
    "migration.prepare": ("prepared a migration", "prepared {n} migrations"),
    "migration.withdraw": ("withdrew a migration", "withdrew {n} migrations"),
    "migration.apply": ("applied a migration", "applied {n} migrations"),
    "jobs.request": ("asked for a job to run", "asked {n} times for a job to run"),
    "desk.make_demo": ("made the demo", "made the demo {n} times"),
    "credits.grant": ("granted credit", "granted credit {n} times"),
    "people.add_user": ("added a user", "added {n} users"),
    "people.set_role": ("gave a role", "gave {n} roles"),
    "people.disable_user": ("disabled a user", "disabled {n} users"),
    "people.enable_user": ("enabled a user", "enabled {n} users"),
    "people.set_password": ("set a user's password", "set {n} passwords of users"),
    "people.change_own_password": ("changed their password", "changed their password {n} times"),
    "people.make_key": ("made an API key", "made {n} API keys"),
    "people.revoke_key": ("revoked an API key", "revoked {n} API keys"),
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

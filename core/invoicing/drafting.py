"""Drafting: what an account owes by a day becomes a draft that claims its charges.

Subscriptions are locked first and read afterwards, so a draft and a change of its subscription come one after the other,
and of two drafting runs the second finds what the first claimed. A run may be done any number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from core import audit, catalog, credits, db, faults, ledger, seals
from core.clock import local_date
from core.errors import BadInput, BillingError, Refused, Stale
from core.invoicing import copy, discounting, ruled_out, rules, store, store_charges, store_discounts
from core.invoicing.copying import copy_of
from core.invoicing.facts import Cache, Scope, gather, read_usage, treatments
from core.invoicing.locking import hold
from core.invoicing.model import OPEN, AccountFacts, Draft, DraftLine, DraftResult, Problem
from core.invoicing.parties import Parties
from core.money import check_currency
from core.people.permissions import Actor, require
from core.words import DocumentKind, DocumentStatus

CHUNK = 250
"""So many accounts are drafted in one transaction; a kill loses no more."""

POINT = faults.declare("invoicing.draft.chunk")

Progress = Callable[[int, int], None]
"""Told after each chunk: accounts done, accounts in all."""

Key = tuple[int, str]
"""(account, currency)"""


def draft_all(
    engine: Engine,
    actor: Actor,
    now: datetime,
    seller_id: int,
    bill_on: date,
    progress: Progress | None = None,
    chunk: int = CHUNK,
) -> DraftResult:
    """Draft everything of a seller that fell due by `bill_on`, chunk by chunk, each in a transaction of its own."""
    require(actor, "invoicing.draft")  # also where nothing is due
    with db.reading(engine) as session:
        accounts = _due(session, seller_id, bill_on)
        seal = seals.latest(session)
    result, cache = DraftResult(), Cache()
    for start in range(0, len(accounts), chunk):
        part = accounts[start : start + chunk]
        with db.transaction(engine, now, "invoicing.draft") as session:
            result += draft(session, actor, now, seller_id, bill_on, part, seal=seal, cache=cache)
        faults.point(POINT)
        if progress:
            progress(start + len(part), len(accounts))
    return result


def draft(
    session: Session,
    actor: Actor,
    now: datetime,
    seller_id: int,
    bill_on: date,
    account_ids: Sequence[int] | None = None,
    progress: Progress | None = None,
    *,
    differences_now: bool = False,
    seal: int | None = None,
    cache: Cache | None = None,
) -> DraftResult:
    """Draft what these accounts (all, if none are named) owe by `bill_on`, a day of the seller's calendar.

    A draft that is in review or approved is left to its reviewers. A draft that finds nothing due any more is discarded.
    An account that cannot be drafted is reported with the reason, and the others are drafted. With `differences_now` late usage
    and changes inside a period do not wait for the next invoice.
    """
    change = audit.begin(session, actor, now, "invoicing.draft")
    seller = catalog.seller(session, seller_id)
    today = local_date(now, seller.timezone)
    if bill_on > today:
        raise Refused("bill_on_ahead", f"Nothing was drafted: {bill_on} is still to come; today is {today}.")
    accounts = sorted(set(_due(session, seller_id, bill_on) if account_ids is None else account_ids))
    done = DraftResult()
    for start in range(0, len(accounts), CHUNK):
        part = accounts[start : start + CHUNK]
        read_under = seals.latest(session) if seal is None else seal
        scope = Scope(seller_id, part, bill_on, today, read_under, differences_now)
        done += _draft_chunk(session, change, scope, cache or Cache())
        if progress:
            progress(start + len(part), len(accounts))
    return done


def _due(session: Session, seller_id: int, bill_on: date) -> list[int]:
    """Accounts with a subscription or commitment that had begun by that day, in order of ids."""
    begun = store.accounts_due(session, seller_id, bill_on)
    return sorted({*begun, *catalog.accounts_committed(session, seller_id, bill_on)})


def recompute(session: Session, change: audit.Recorder, head: store.Head) -> None:
    """Compute one draft again, with what people laid over it; the caller holds its lock or none."""
    today = local_date(change.at, catalog.seller(session, head.seller_id).timezone)
    scope = Scope(head.seller_id, [head.account_id], head.bill_on, today, seals.latest(session), differences_now=True)
    result = _draft_chunk(session, change, scope, Cache(), only=head.id)
    if result.problems:
        raise Refused(result.problems[0].code, result.problems[0].sentence)


def _draft_chunk(
    session: Session, change: audit.Recorder, scope: Scope, cache: Cache, only: int | None = None
) -> DraftResult:
    """Lock, read, compute, save."""
    hold(session, scope.account_ids)
    heads = store.open_drafts(session, scope.seller_id, scope.account_ids, scope.bill_on)
    drafts = {(head.account_id, head.currency): head for head in heads if head.status is DocumentStatus.DRAFT}
    waiting = {(head.account_id, head.currency): head.id for head in heads if head.status is not DocumentStatus.DRAFT}
    gathered = gather(session, scope, drafts, cache)
    facts = [
        account
        for account in gathered
        if (account.account_id, account.currency) not in waiting
        and (only is None or ((head := drafts.get((account.account_id, account.currency))) and head.id == only))
    ]
    wanted = [rules.wants(account) for account in facts]
    used = read_usage(session, facts, wanted)
    computed: list[tuple[AccountFacts, list[DraftLine], Any]] = []
    for account, wants in zip(facts, wanted, strict=True):
        lines, gone = rules.lay_over(account, rules.compute_lines(account, wants, used))
        computed.append((account, lines, gone))
    made, problems = _assembled(session, scope, computed, drafts)
    saved = _save(session, change, scope, made, drafts)
    ruled_out.set_aside(session, change, scope, [view for account in gathered for view in account.subscriptions])
    return saved + DraftResult(
        in_review=tuple(sorted(waiting.values())), problems=tuple(problems), accounts=len(scope.account_ids)
    )


def _assembled(
    session: Session,
    scope: Scope,
    computed: Sequence[tuple[AccountFacts, list[DraftLine], Any]],
    drafts: dict[Key, store.Head],
) -> tuple[dict[Key, Draft | None], list[Problem]]:
    """Each account's draft, None where nothing is due; accounts without a tax rate as problems."""
    needed: dict[int, set[rules.TaxKey]] = {}
    for account, lines, _ in computed:
        needed.setdefault(account.account_id, set()).update(rules.tax_keys(lines))
    taxes = treatments(session, scope.seller_id, needed)
    made: dict[Key, Draft | None] = {}
    problems: list[Problem] = []
    for account, lines, gone in computed:
        key = account.account_id, account.currency
        if not rules.worth_a_document(account, lines):
            if key not in drafts:
                continue
            made[key] = None
            continue
        missing = [tax_key for tax_key in rules.tax_keys(lines) if tax_key not in taxes[account.account_id]]
        if missing:
            why: BillingError = ledger.no_tax_rate(session, account.account_id, *missing[0])
            problems.append(Problem(*key, why.code, why.sentence))
            continue
        made[key] = rules.assemble(account, lines, gone, taxes[account.account_id])
    return made, problems


# ── saving ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _save(
    session: Session,
    change: audit.Recorder,
    scope: Scope,
    made: dict[Key, Draft | None],
    drafts: dict[Key, store.Head],
) -> DraftResult:
    """Write what is new or differs: release, clear, document, charges, lines, taxes, flags; set-based."""
    parties = Parties(session, scope.seller_id, [account_id for account_id, _ in made], scope.today)
    same = {key for key, draft in made.items() if draft and key in drafts and _same(drafts[key], draft, parties)}
    again = {key: draft for key, draft in made.items() if key in drafts and key not in same}
    fresh = {key: draft for key, draft in made.items() if key not in drafts and draft is not None}
    stale = [drafts[key].id for key in again]
    store_charges.release(session, change.id, stale, "recomputed")
    store_discounts.release(session, change.id, stale)
    credits.release(session, change, stale)
    store.clear(session, stale)
    columns = _columns(change, {key: draft for key, draft in made.items() if draft and key not in same}, parties)
    ids = store.add_documents(session, [columns[key] for key in fresh])
    gone: list[int] = []
    for key, draft in again.items():
        head = drafts[key]
        if draft is None and not head.settings.get("started_by_hand"):
            store.set_document(session, head.id, status=DocumentStatus.DISCARDED)
            gone.append(head.id)
        elif draft is None:
            store.set_document(session, head.id, **_nothing(scope.bill_on))
        else:
            values = {name: value for name, value in columns[key].items() if name not in ("change_id", "seller_id")}
            kept = {"started_by_hand": True} if head.settings.get("started_by_hand") else {}
            store.set_document(session, head.id, **{**values, "settings": {**values["settings"], **kept}})
            ids[key] = head.id
    written = [(ids[key], draft) for key, draft in {**again, **fresh}.items() if draft]
    write_bodies(session, change.id, written)
    credits.reserve(
        session, change, [(grant, id_, minor) for id_, draft in written for grant, minor in draft.reservations]
    )
    change.notes(
        "document",
        [
            (
                ids.get(key, drafts[key].id if key in drafts else 0),
                {"total_minor": drafts[key].total_minor} if key in drafts else None,
                {"total_minor": draft.body.total_minor, "currency": key[1]} if draft else {"total_minor": 0},
            )
            for key, draft in {**again, **fresh}.items()
        ],
    )
    return DraftResult(
        made=tuple(sorted(ids[key] for key in fresh)),
        recomputed=tuple(sorted(ids[key] for key in again if key in ids)),
        unchanged=tuple(sorted(drafts[key].id for key in same)),
        discarded=tuple(sorted(gone)),
    )


def _same(head: store.Head, draft: Draft, parties: Parties) -> bool:
    told = head.settings.get("fingerprint"), head.settings.get("parties")
    return told == (draft.fingerprint, parties.hash_of(head.account_id))


def write_bodies(session: Session, change_id: int, drafts: Sequence[tuple[int, Draft]]) -> None:
    """Claim the charges of drafts whose rows stand, and write their lines, taxes and flags."""
    rows: list[store_charges.ClaimRow] = []
    for document_id, draft in drafts:
        for line_no, claim in draft.claims:
            line = draft.body.lines[line_no - 1]
            about = {
                "customer_id": line.customer_id,
                "price_id": line.price_id,
                "meter_id": line.meter_id,
                "currency": draft.body.currency,
                "seal_number": draft.seal,
                "rating_version": line.rating_version,
            }
            rows.append((document_id, line_no, claim, about))
    charges = store_charges.claim(session, change_id, rows)
    first = {
        (document_id, line_no): charges[document_id, line_no, claim.subject_kind, claim.subject_id]
        for document_id, line_no, claim, _ in reversed(rows)
    }
    store.add_lines(
        session,
        [(id_, line, first.get((id_, line.line_no))) for id_, draft in drafts for line in draft.body.lines],
    )
    store_discounts.add_shares(session, [(id_, draft.body) for id_, draft in drafts])
    store_discounts.redeem(session, change_id, [(id_, draft.redemptions) for id_, draft in drafts])
    store.add_taxes(session, [(id_, draft.body.taxes) for id_, draft in drafts])
    store.add_flags(session, [(id_, draft.flags) for id_, draft in drafts])


def _columns(change: audit.Recorder, drafts: Mapping[Key, Draft], parties: Parties) -> dict[Key, dict[str, Any]]:
    """The row of each draft."""
    found = {}
    for key, draft in drafts.items():
        body, (seller, party) = draft.body, parties.of(key[0])
        found[key] = {
            **store.body_columns(body),
            "seller_id": body.seller_id,
            "account_id": body.account_id,
            "currency": body.currency,
            "bill_on": body.bill_on,
            "seal_number": draft.seal,
            "content_hash": copy.content_hash(copy_of(body, seller, party)),
            "settings": {
                "fingerprint": draft.fingerprint,
                "parties": parties.hash_of(key[0]),
                "note": body.note,
                **discounting.settings_columns(body),
                "tax_labels": {str(seq): tax.label for seq, tax in enumerate(body.taxes, 1)},
            },
            "change_id": change.id,
        }
    return found


def _nothing(bill_on: date) -> dict[str, Any]:
    """The columns of a draft that somebody started and that holds nothing yet."""
    return {
        "kind": DocumentKind.INVOICE,
        "service_start": bill_on,
        "service_end": bill_on + timedelta(days=1),
        "amount_minor": 0,
        "discount_minor": 0,
        "net_minor": 0,
        "tax_minor": 0,
        "total_minor": 0,
        "content_hash": "",
        "settings": {"started_by_hand": True},
    }


def start_document(
    session: Session, actor: Actor, now: datetime, *, account_id: int, currency: str, bill_on: date, reason: str
) -> int:
    """An empty draft for lines by hand, where nothing is due by itself. What is there for that day already is Refused."""
    change = audit.begin(session, actor, now, "invoicing.edit")
    party = catalog.party(session, account_id, bill_on)
    check_currency(currency, "currency")
    if any(head.currency == currency for head in store.open_drafts(session, party.seller_id, [account_id], bill_on)):
        raise Refused(
            "draft_exists", f"Nothing was started: {party.name} has a draft for {bill_on}; add the line to it."
        )
    values = {"seller_id": party.seller_id, "account_id": account_id, "currency": currency, "bill_on": bill_on}
    document_id = store.add_document(
        session, {**values, **_nothing(bill_on), "seal_number": seals.latest(session), "change_id": change.id}
    )
    change.note("document", document_id, after=values, reason=reason)
    return document_id


def discard(session: Session, actor: Actor, now: datetime, document_id: int, reason: str) -> None:
    """Give a draft up: its charges are released and can be claimed again."""
    change = audit.begin(session, actor, now, "invoicing.discard")
    head = store.head(session, document_id)
    hold(session, [head.account_id])
    head = store.head(session, document_id, lock=True)
    refusal = rules.check_move(head.name, head.status, DocumentStatus.DISCARDED)
    given_up = head.refers_to_id is not None and head.status in OPEN  # a twin cannot be edited, so nobody gives it back
    if refusal and not given_up:
        raise Stale("wrong_status", refusal)
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why the draft is given up; it stays on record.")
    store_charges.release(session, change.id, [document_id], "discarded")
    store_discounts.release(session, change.id, [document_id])
    credits.release(session, change, [document_id])
    store.set_document(session, document_id, status=DocumentStatus.DISCARDED)
    change.note(
        "document",
        document_id,
        before={"status": head.status},
        after={"status": DocumentStatus.DISCARDED},
        reason=reason,
    )

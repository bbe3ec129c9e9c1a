"""Documents, charges and settlements (M2–M6, P2, P3, I2–I4, D1–D4, R1, R2, R4, S1)."""

import hashlib
from datetime import date
from fractions import Fraction

from sqlmodel import Session

from core import audit
from core.catalog.prices import price_from_json, price_hash
from core.clock import Period
from core.errors import BadInput
from core.invariants.model import Offender
from core.invariants.store import offenders, rows
from core.invoicing import copy
from core.money import currencies, half_away, to_major
from core.rating import PeriodInfo, Usage, rate
from core.words import PriceKind

_ANY_PERIOD = Period(date(2024, 1, 1), date(2024, 2, 1))


def lines_add_up(session: Session) -> list[Offender]:
    return [
        *offenders(
            session,
            "document_line",
            "line {line_no} of document {document_id}: amount {amount_minor}, discount {discount_minor}, net {net_minor}, "
            "tax {tax_minor}, gross {gross_minor}",
            "SELECT id, line_no, document_id, amount_minor, discount_minor, net_minor, tax_minor, gross_minor FROM document_line "
            "WHERE net_minor + tax_minor <> gross_minor OR amount_minor - discount_minor NOT IN (net_minor, gross_minor)",
        ),
        *offenders(
            session,
            "document",
            "totals {total_minor} = net {net_minor} + tax {tax_minor}; its lines give net {net} and tax {tax}",
            "SELECT d.id, d.total_minor, d.net_minor, d.tax_minor, coalesce(sum(l.net_minor), 0) AS net, coalesce(sum(l.tax_minor), 0) AS tax "
            "FROM document d LEFT JOIN document_line l ON l.document_id = d.id WHERE d.status <> 'discarded' AND d.origin = 'own' "
            "GROUP BY d.id, d.total_minor, d.net_minor, d.tax_minor, d.amount_minor, d.discount_minor "
            "HAVING coalesce(sum(l.net_minor), 0) <> d.net_minor OR coalesce(sum(l.tax_minor), 0) <> d.tax_minor "
            "OR d.net_minor + d.tax_minor <> d.total_minor OR coalesce(sum(l.amount_minor), 0) <> d.amount_minor "
            "OR coalesce(sum(l.discount_minor), 0) <> d.discount_minor",
        ),
    ]


def splits_sum(session: Session) -> list[Offender]:
    return [
        *offenders(
            session,
            "document_line",
            "discount {whole}, its shares sum to {parts}",
            "SELECT l.id, l.discount_minor AS whole, sum(s.amount_minor) AS parts FROM document_line l "
            "JOIN line_discount s ON s.line_id = l.id GROUP BY l.id, l.discount_minor HAVING sum(s.amount_minor) <> l.discount_minor",
        ),
        *offenders(
            session,
            "document_line",
            "tax {whole}, its shares sum to {parts}",
            "SELECT l.id, l.tax_minor AS whole, sum(s.tax_minor) AS parts FROM document_line l "
            "JOIN line_tax s ON s.line_id = l.id GROUP BY l.id, l.tax_minor HAVING sum(s.tax_minor) <> l.tax_minor",
        ),
    ]


def tax_by_rate(session: Session) -> list[Offender]:
    by_rate = (
        "SELECT d.id AS document, d.tax_minor AS whole, coalesce(sum(t.tax_minor), 0) AS parts FROM document d "
        "LEFT JOIN tax_total t ON t.document_id = d.id WHERE d.status <> 'discarded' AND d.origin = 'own' GROUP BY d.id, d.tax_minor"
    )
    shares = (
        "SELECT l.document_id, s.category, s.percent, s.tax_minor FROM line_tax s JOIN document_line l ON l.id = s.line_id "
        "UNION ALL SELECT l.document_id, l.tax_category, l.tax_percent, l.tax_minor FROM document_line l "
        "WHERE NOT EXISTS (SELECT 1 FROM line_tax s WHERE s.line_id = l.id)"
    )
    by_line = (
        "SELECT t.id, t.document_id, t.percent, t.tax_minor AS whole, coalesce(sum(l.tax_minor), 0) AS parts FROM tax_total t "
        f"LEFT JOIN ({shares}) l ON l.document_id = t.document_id AND l.category = t.category AND l.percent = t.percent "
        "GROUP BY t.id, t.document_id, t.percent, t.tax_minor HAVING coalesce(sum(l.tax_minor), 0) <> t.tax_minor"
    )
    return [
        *offenders(
            session, "document", "tax {whole}, by rate {parts}", f"SELECT * FROM ({by_rate}) x WHERE whole <> parts"
        ),
        *offenders(session, "tax_total", "document {document_id} at {percent} %: {whole}, its lines {parts}", by_line),
    ]


def currencies_are_known(session: Session) -> list[Offender]:
    used = rows(
        session,
        "SELECT currency FROM document UNION SELECT currency FROM price UNION SELECT currency FROM payment "
        "UNION SELECT currency FROM journal_line UNION SELECT functional_currency FROM seller",
    )
    known = set(currencies())
    return [Offender("currency", code, f"{code} is not in ISO 4217") for (code,) in used if code not in known]


def graduated_prices_rise(session: Session) -> list[Offender]:
    """P1 at every bound of every published price, and just above it."""
    found = []
    for row in rows(session, "SELECT id, code, value FROM price"):
        price = price_from_json(audit.loads(row.value))
        if price.kind is not PriceKind.USAGE or price.model_name != "graduated":
            continue
        pico, last = Fraction(1, 10**12), None
        bounds = [Fraction(tier.up_to) for tier in getattr(price.model, "tiers", ()) if tier.up_to is not None]
        for quantity in sorted({Fraction(0), *bounds, *(bound + pico for bound in bounds)}):
            amount = rate(price, Usage(quantity), PeriodInfo(_ANY_PERIOD, 2_678_400)).exact
            if last is not None and amount < last:
                found.append(Offender("price", str(row.id), f"{row.code} falls to {amount} at {quantity}"))
            last = amount
    return found


def charges_are_rounded_once(session: Session) -> list[Offender]:
    """P2: a charge is within one minor unit of its exact amount; the parts of one service period sum to the rounded whole."""
    found = []
    for row in rows(
        session,
        "SELECT c.id, c.currency, c.amount_minor, c.exact_numerator, c.exact_denominator FROM charge c WHERE c.kind <> 'release'",
    ):
        exact = Fraction(int(row.exact_numerator), int(row.exact_denominator))
        one = to_major(1, row.currency)
        if abs(half_away(exact / one) - row.amount_minor) > 1:
            found.append(
                Offender("charge", str(row.id), f"{row.amount_minor} minor units for exactly {exact} {row.currency}")
            )
    return found


def published_prices_stay(session: Session) -> list[Offender]:
    found = []
    for row in rows(session, "SELECT id, code, value, value_hash FROM price"):
        if price_hash(price_from_json(audit.loads(row.value))) != row.value_hash:
            found.append(Offender("price", str(row.id), f"{row.code} no longer has the hash with which it was written"))
    return found


def drafts_are_one(session: Session) -> list[Offender]:
    """I2: a live charge belongs to a document that stands, and what stands has its charges live."""
    return [
        *offenders(
            session,
            "charge",
            "live, but document {document_id} is {status}",
            "SELECT c.id, c.document_id, d.status FROM charge_live v JOIN charge c ON c.id = v.charge_id "
            "JOIN document d ON d.id = c.document_id WHERE d.status IN ('discarded', 'cancelled')",
        ),
        *offenders(
            session,
            "document_line",
            "line {line_no} of document {document_id} stands on charge {charge_id}, which is not live",
            "SELECT l.id, l.line_no, l.document_id, l.charge_id FROM document_line l JOIN document d ON d.id = l.document_id "
            "LEFT JOIN charge_live v ON v.charge_id = l.charge_id WHERE l.charge_id IS NOT NULL AND v.charge_id IS NULL "
            "AND d.status NOT IN ('discarded', 'cancelled') AND d.kind = 'invoice'",
        ),
        *offenders(
            session,
            "charge",
            "neither live nor released, or both",
            "SELECT c.id FROM charge c LEFT JOIN charge_live v ON v.charge_id = c.id LEFT JOIN charge r ON r.releases = c.id "
            "WHERE c.kind <> 'release' AND (v.charge_id IS NULL) = (r.id IS NULL)",
        ),
    ]


def effects_once(session: Session) -> list[Offender]:
    """I3: one issue entry an issued document (one that comes to nothing posts nothing), one entry a payment, one reversal a
    settlement."""
    return [
        *offenders(
            session,
            "document",
            "{number_text} has {entries} entries of its issue",
            "SELECT d.id, d.number_text, count(e.id) AS entries FROM document d LEFT JOIN journal_entry e "
            "ON e.source_kind = 'document' AND e.source_id = d.id AND e.kind IN ('issue', 'cancel') AND e.reverses = 0 "
            "WHERE d.status IN ('issued', 'cancelled') AND d.origin = 'own' GROUP BY d.id, d.number_text, d.total_minor "
            "HAVING count(e.id) <> 1 AND (count(e.id) <> 0 OR d.total_minor <> 0)",
        ),
        *offenders(
            session,
            "payment",
            "{reference} has {entries} entries of its receipt",
            "SELECT p.id, p.reference, count(e.id) AS entries FROM payment p LEFT JOIN journal_entry e "
            "ON e.source_kind = 'payment' AND e.source_id = p.id AND e.kind = 'payment' AND e.reverses = 0 "
            "WHERE p.state IN ('succeeded', 'reversed') GROUP BY p.id, p.reference HAVING count(e.id) <> 1",
        ),
        *offenders(
            session,
            "settlement",
            "reverses {reverses}, whose amount is {original}, by {amount_minor}",
            "SELECT s.id, s.reverses, s.amount_minor, o.amount_minor AS original FROM settlement s "
            "JOIN settlement o ON o.id = s.reverses WHERE s.amount_minor <> -o.amount_minor OR s.document_id <> o.document_id",
        ),
    ]


def live_charges_do_not_overlap(session: Session) -> list[Offender]:
    return offenders(
        session,
        "charge",
        "overlaps charge {other} of the same subject",
        "SELECT a.charge_id, b.charge_id AS other FROM charge_live a JOIN charge_live b ON a.subject_kind = b.subject_kind "
        "AND a.subject_id = b.subject_id AND a.charge_id < b.charge_id AND a.kind = 'regular' AND b.kind = 'regular' "
        "AND a.service_start < b.service_end AND b.service_start < a.service_end",
    )


def numbers_have_no_gap(session: Session) -> list[Offender]:
    return [
        *offenders(
            session,
            "number_series",
            "{prefix}: {used} documents, counter from {first} to {next}",
            "SELECT s.id, s.prefix, s.first, s.next, count(d.id) AS used FROM number_series s LEFT JOIN document d "
            "ON d.series_id = s.id AND d.origin = 'own' GROUP BY s.id, s.prefix, s.first, s.next "
            "HAVING count(d.id) <> s.next - s.first OR coalesce(min(d.number), s.first) <> s.first "
            "OR coalesce(max(d.number), s.next - 1) <> s.next - 1",
        ),
        *offenders(
            session,
            "document",
            "{number_text} is dated {document_date}, the one before {before}",
            "SELECT * FROM (SELECT id, number_text, document_date, lag(document_date) OVER (PARTITION BY series_id ORDER BY number) AS before "
            "FROM document WHERE number IS NOT NULL AND series_id IS NOT NULL) x WHERE before > document_date",
        ),
    ]


def issued_content_keeps_its_hash(session: Session) -> list[Offender]:
    found = []
    for row in rows(
        session,
        "SELECT id, number_text, frozen_copy, copy_hash FROM document WHERE frozen_copy IS NOT NULL AND copy_hash <> ''",
    ):
        try:
            now = copy.content_hash(copy.from_json(audit.loads(row.frozen_copy)))
        except BadInput as fault:
            now = str(fault)
        if now != row.copy_hash:
            found.append(
                Offender("document", str(row.id), f"{row.number_text}: issued as {row.copy_hash[:12]}, now {now[:12]}")
            )
    for row in rows(session, "SELECT id, document_id, line_no, explanation, explanation_hash FROM document_line"):
        if hashlib.sha256(audit.canonical(audit.loads(row.explanation))).hexdigest() != row.explanation_hash:
            found.append(
                Offender(
                    "document_line", str(row.id), f"the explanation of line {row.line_no} of {row.document_id} changed"
                )
            )
    return found


def copies_equal_totals(session: Session) -> list[Offender]:
    """D3: what the PDF prints (the frozen copy) is what is stored, and the stored PDF has its hash."""
    found = []
    for row in rows(
        session,
        "SELECT id, number_text, frozen_copy, net_minor, tax_minor, total_minor FROM document WHERE frozen_copy IS NOT NULL",
    ):
        copied = audit.loads(row.frozen_copy)
        if copied is None:
            continue  # a draft: the column holds JSON's null
        totals = copied["totals"]
        stored = (row.net_minor, row.tax_minor, row.total_minor)
        if (totals["net_minor"], totals["tax_minor"], totals["total_minor"]) != stored:
            found.append(
                Offender("document", str(row.id), f"{row.number_text}: the copy's totals are not the stored ones")
            )
    for row in rows(session, "SELECT sha256, content FROM blob"):
        if hashlib.sha256(bytes(row.content)).hexdigest() != row.sha256:
            found.append(Offender("blob", row.sha256, "the bytes no longer have their hash"))
    return found


def credited_within_charged(session: Session) -> list[Offender]:
    return offenders(
        session,
        "document_line",
        "charged {charged}, credited {credited}",
        "SELECT l.id, l.gross_minor AS charged, -sum(c.gross_minor) AS credited FROM document_line l "
        "JOIN document_line c ON c.credits_line_id = l.id JOIN document d ON d.id = c.document_id AND d.status IN ('issued', 'cancelled') "
        "GROUP BY l.id, l.gross_minor, l.net_minor, l.tax_minor "
        "HAVING abs(sum(c.gross_minor)) > abs(l.gross_minor) OR abs(sum(c.net_minor)) > abs(l.net_minor) OR abs(sum(c.tax_minor)) > abs(l.tax_minor)",
    )


def settled_within_both_sides(session: Session) -> list[Offender]:
    return [
        *offenders(
            session,
            "document",
            "{number_text}: total {total_minor}, settled {settled}",
            "SELECT d.id, d.number_text, d.total_minor, sum(s.amount_minor) AS settled FROM document d JOIN settlement s ON s.document_id = d.id "
            "GROUP BY d.id, d.number_text, d.total_minor HAVING abs(sum(s.amount_minor)) > abs(d.total_minor) OR sum(s.amount_minor) * d.total_minor < 0",
        ),
        *offenders(
            session,
            "payment",
            "{reference}: amount {amount_minor}, used {used}",
            "SELECT p.id, p.reference, p.amount_minor, sum(s.source_minor) AS used FROM payment p "
            "JOIN settlement s ON s.kind = 'payment' AND s.source_id = p.id GROUP BY p.id, p.reference, p.amount_minor "
            "HAVING sum(s.source_minor) > p.amount_minor OR sum(s.source_minor) < 0",
        ),
        *offenders(
            session,
            "document",
            "credit note {number_text}: total {total_minor}, used {used}",
            "SELECT d.id, d.number_text, d.total_minor, sum(s.source_minor) AS used FROM document d "
            "JOIN settlement s ON s.kind = 'credit_note' AND s.source_id = d.id GROUP BY d.id, d.number_text, d.total_minor "
            "HAVING sum(s.source_minor) > abs(d.total_minor) OR sum(s.source_minor) < 0",
        ),
    ]


def payouts_are_their_parts(session: Session) -> list[Offender]:
    return offenders(
        session,
        "payout",
        "{reference}: {amount_minor}, its transactions net {net}",
        "SELECT p.id, p.reference, p.amount_minor, coalesce(sum(b.net_minor), 0) AS net FROM payout p "
        "LEFT JOIN balance_transaction b ON b.payout_id = p.id AND b.kind <> 'payout' GROUP BY p.id, p.reference, p.amount_minor "
        "HAVING coalesce(sum(b.net_minor), 0) <> p.amount_minor",
    )


def statements_add_up(session: Session) -> list[Offender]:
    return offenders(
        session,
        "bank_statement",
        "{statement}: opening {opening_minor} and its lines {lines}, closing {closing_minor}",
        "SELECT s.id, s.statement, s.opening_minor, s.closing_minor, coalesce(sum(l.amount_minor), 0) AS lines FROM bank_statement s "
        "LEFT JOIN bank_line l ON l.statement_id = s.id GROUP BY s.id, s.statement, s.opening_minor, s.closing_minor "
        "HAVING s.opening_minor + coalesce(sum(l.amount_minor), 0) <> s.closing_minor",
    )


def nobody_approves_their_own(session: Session) -> list[Offender]:
    return [
        *offenders(
            session,
            "document",
            "approved by {actor}, who also entered by hand what it rests on",
            "SELECT a.subject_id, a.actor FROM approval a JOIN document_input i ON i.document_id = a.subject_id AND i.actor = a.actor "
            "WHERE a.subject_kind = 'document' AND a.decision = 'approved'",
        ),
        *offenders(
            session,
            "document",
            "approved by {actor}, who changed subscription {subscription_id} that it rests on",
            "SELECT DISTINCT a.subject_id, a.actor, i.subscription_id FROM approval a "
            "JOIN document d ON d.id = a.subject_id AND a.subject_kind = 'document' AND a.decision = 'approved' "
            "JOIN document_line l ON l.document_id = d.id JOIN subscription_item i ON i.id = l.item_id "
            "JOIN subscription_change s ON s.subscription_id = i.subscription_id JOIN change c ON c.id = s.change_id AND c.actor = a.actor "
            "WHERE c.at <= a.at AND NOT EXISTS (SELECT 1 FROM document p WHERE p.account_id = d.account_id AND p.id <> d.id "
            "AND p.issued_at >= c.at AND p.issued_at < a.at)",
        ),
        *offenders(
            session,
            "document",
            "approved by {actor}, who granted a coupon that it redeems",
            "SELECT DISTINCT a.subject_id, a.actor FROM approval a JOIN document d ON d.id = a.subject_id AND a.subject_kind = 'document' "
            "AND a.decision = 'approved' AND d.refers_to_id IS NULL JOIN coupon_redemption r ON r.document_id = d.id "
            "JOIN coupon_grant g ON g.id = r.grant_id JOIN change c ON c.id = g.change_id AND c.actor = a.actor "
            "WHERE c.at <= a.at AND NOT EXISTS (SELECT 1 FROM document p WHERE p.account_id = d.account_id AND p.id <> d.id "
            "AND p.issued_at >= c.at AND p.issued_at < a.at)",
        ),
        *offenders(
            session,
            "plan_version",
            "published by its author {author}",
            "SELECT id, author FROM plan_version WHERE state <> 'draft' AND author = published_by",
        ),
    ]

"""INVARIANTS, the table, and how it is judged."""

from collections.abc import Iterable, Iterator

from sqlmodel import Session

from core.invariants import store_books as books
from core.invariants import store_credits as credits
from core.invariants import store_documents as documents
from core.invariants import store_usage as usage
from core.invariants.model import Invariant, Judged

INVARIANTS: tuple[Invariant, ...] = (
    Invariant("M1", "no float reaches money", books.no_float_reaches_money),
    Invariant("M2", "amount − discount = net, Σ net + tax = total", documents.lines_add_up),
    Invariant("M3", "every split sums to its whole", documents.splits_sum),
    Invariant("M4", "Σ line tax = Σ tax by rate = document tax", documents.tax_by_rate),
    Invariant("M5", "every currency is one of ISO 4217, with its own exponent", documents.currencies_are_known),
    Invariant("M6", "credits never fall below zero", credits.credits_not_below_zero),
    Invariant("P1", "a graduated amount never falls as the quantity grows", documents.graduated_prices_rise),
    Invariant("P2", "a line is its exact amount, rounded once", documents.charges_are_rounded_once),
    Invariant("P3", "a published price never changes", documents.published_prices_stay),
    Invariant("T1", "accounting periods tile time", books.periods_tile),
    Invariant("T2", "every event is in exactly one period", usage.every_event_in_one_period),
    Invariant("T3", "the server's timezone changes nothing", usage.server_zone_changes_nothing),
    Invariant("T4", "nothing appears under a seal", usage.nothing_under_a_seal),
    Invariant("I1", "ingestion is a set: every state is the sum of its events", usage.ingestion_is_a_set),
    Invariant("I2", "a billing run done again changes nothing: charges and documents agree", documents.drafts_are_one),
    Invariant("I3", "issue, payment and reversal took effect exactly once", documents.effects_once),
    Invariant("I4", "no two live charges of one subject overlap", documents.live_charges_do_not_overlap),
    Invariant("D1", "numbers run 1..N, dates never fall", documents.numbers_have_no_gap),
    Invariant("D2", "issued content keeps its hash", documents.issued_content_keeps_its_hash),
    Invariant("D3", "what is printed equals what is stored", documents.copies_equal_totals),
    Invariant("D4", "credited ≤ charged per line, net and tax", documents.credited_within_charged),
    Invariant("R1", "settlements never exceed either side", documents.settled_within_both_sides),
    Invariant("R2", "a payout is the sum of its transactions", documents.payouts_are_their_parts),
    Invariant("R4", "Σ bank lines = Δ bank balance", documents.statements_add_up),
    Invariant("L1", "every entry balances per currency", books.entries_balance),
    Invariant("L2", "earned + remaining = allocated", books.earned_within_allocated),
    Invariant("L3", "control accounts tie to their subledgers", books.control_accounts_tie),
    Invariant("L4", "no close version ever changes", books.close_versions_stay),
    Invariant("L5", "every entry balances in functional currency", books.entries_balance_in_functional_currency),
    Invariant("L6", "an entry's date lies in its period", books.dates_lie_in_their_period),
    Invariant("L7", "earned − billed = unbilled − deferred on every obligation", books.obligations_tie),
    Invariant("K1", "movements of recurring revenue tie", books.recurring_revenue_moves_tie),
    Invariant("S1", "nobody approves what rests on their own work", documents.nobody_approves_their_own),
    Invariant("S2", "the audit chain verifies", usage.audit_chain_verifies),
)


def judge(session: Session, invariant: Invariant) -> Judged:
    return Judged(invariant.code, invariant.sentence, tuple(invariant.check(session)))


def judge_all(session: Session, codes: Iterable[str] = ()) -> Iterator[Judged]:
    """Every invariant, or those named, in the order of the table; one at a time, so that a screen can show progress."""
    wanted = set(codes)
    for invariant in INVARIANTS:
        if not wanted or invariant.code in wanted:
            yield judge(session, invariant)

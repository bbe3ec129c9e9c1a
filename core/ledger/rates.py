"""Exchange and tax rates, stored and dated, and the revaluation of monetary balances at a close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlmodel import Session

from core import audit
from core.errors import BadInput, Fault, Refused
from core.ledger import rules, store, tax_ids
from core.ledger.model import ACCOUNTS, NO_RATE, ONE, AccountRole, EntryKind, Line, TaxTreatment
from core.ledger.service import post, reverse
from core.money import check_currency
from core.people.permissions import Actor
from core.tables.ledger import FxRate, TaxEvidence, TaxRate, TaxRegistration
from core.words import TaxCategory

MOST_LEVELS = 5

# ── exchange rates and revaluation ──────────────────────────────────────────────────────────────────────────────────


def set_fx_rate(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    base: str,
    quote: str,
    on: date,
    rate: Decimal,
    source: str = "manual",
) -> None:
    """Store how many units of `quote` one of `base` was worth that day. Never updated: another source may correct it."""
    change = audit.begin(session, actor, now, "ledger.set_fx_rate")
    check_currency(base, "base")
    check_currency(quote, "quote")
    if faults := rules.exact_faults(rate, "rate"):
        raise BadInput(faults)
    if rate <= 0 or base == quote:
        raise BadInput.one(
            "no_rate", "rate", f"{rate} is no exchange rate of {base} in {quote}: it is above 0, of two currencies."
        )
    have = store.fx_rate_of(session, base, quote, on, source)
    if have == rate:
        return
    if have is not None:
        raise Refused(
            "rate_stored",
            f"Nothing was stored: {source} gave {have} {quote} for one {base} on {on}. Rates never change; name another source.",
        )
    session.add(FxRate(base=base, quote=quote, on_date=on, source=source, rate=rate, change_id=change.id))
    session.flush()
    change.note("fx_rate", f"{base}/{quote}/{on}/{source}", after={"rate": rate})


def fx_rate(session: Session, base: str, quote: str, on: date) -> Decimal:
    """The rate last stored on or before the day; Refused where there is none."""
    if base == quote:
        return ONE
    found = store.fx_rate(session, base, quote, on)
    if found is None:
        raise Refused(
            "no_fx_rate",
            f"No exchange rate from {base} to {quote} is stored on or before {on}. Store one, then do this again.",
        )
    return found


def functional_currency(session: Session, seller_id: int) -> str:
    return store.seller(session, seller_id).functional_currency


def to_functional(session: Session, seller_id: int, minor: int, currency: str, on: date) -> tuple[int, Decimal]:
    """The amount in the seller's functional currency at the rate of the day, and that rate."""
    functional = functional_currency(session, seller_id)
    rate = fx_rate(session, currency, functional, on)
    return rules.convert(minor, currency, rate, functional), rate


def worth(session: Session, seller_id: int, amounts: Mapping[str, int], on: date) -> int:
    """Currency → amount, all together in the seller's functional currency at the rates of the day."""
    return sum(
        to_functional(session, seller_id, minor, currency, on)[0] for currency, minor in amounts.items() if minor
    )


def revalue(session: Session, change: audit.Recorder, seller_id: int, period_id: int) -> int | None:
    """Bring the monetary balances in foreign currencies to the rate of the period's last day, and back on the day after.

    So outside the closing day every item stands at the rate that it arose at, and settling it finds its own difference.
    Only what is not revalued yet is posted, so that it can run any number of times.
    """
    period = store.period(session, period_id, lock=True)
    functional = functional_currency(session, seller_id)
    last_day = period.ends_on - timedelta(days=1)
    monetary = [role for role, spec in ACCOUNTS.items() if spec.monetary]
    lines: list[Line] = []
    for role, sub, currency, amount, carried in store.foreign_balances(
        session, seller_id, period.ends_on, functional, monetary
    ):
        if amount == 0 and carried == 0:
            continue
        rate = fx_rate(session, currency, functional, last_day)
        gained = rules.revaluation(amount, carried, currency, rate, functional)
        lines.append(Line(role, 0, currency, gained, rate, sub))
        lines.append(Line(AccountRole.FX_UNREALISED, 0, currency, -gained, NO_RATE))
    number = store.count_entries(session, period_id, EntryKind.REVALUATION) + 1
    entry_id = post(
        session,
        change,
        seller_id=seller_id,
        booked_on=last_day,
        kind=EntryKind.REVALUATION,
        key=f"revalue:{period_id}:{period.version}:{number}",
        source_kind="accounting_period",
        source_id=period_id,
        lines=lines,
        text=f"Monetary balances at the rates of {last_day}",
        by_close=True,
    )
    if entry_id is not None:
        reverse(
            session,
            change,
            entry_id,
            period.ends_on,
            f"revalue-back:{entry_id}",
            "Back to the rates of their days",
            True,
        )
    return entry_id


# ── tax rates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def set_tax_rate(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    country: str,
    product_category: TaxCategory,
    category: TaxCategory,
    percent: Decimal,
    label: str,
    valid_from: date,
    reason: str = "",
    level: int = 1,
) -> None:
    """From that day on: what the seller charges on products of that category to accounts in that country.

    Rates of the levels 2, 3 … act beside the first, on the same net; 0 percent ends one.
    """
    change = audit.begin(session, actor, now, "ledger.set_tax_rate")
    faults: list[Fault] = rules.tax_rate_faults(category, percent, label, reason)
    if not 1 <= level <= MOST_LEVELS:
        faults.append(Fault("out_of_range", "level", f"A rate has a level from 1 to {MOST_LEVELS}, not {level}."))
    elif level > 1 and category is not TaxCategory.STANDARD:
        faults.append(Fault("not_taxed", "level", "What is not taxed has no second rate."))
    if faults:
        raise BadInput(faults)
    session.add(
        TaxRate(
            seller_id=seller_id,
            country=country,
            product_category=product_category,
            category=category,
            level=level,
            valid_from=valid_from,
            percent=percent,
            label=label,
            reason=reason,
            change_id=change.id,
        )
    )
    session.flush()
    change.note(
        "tax_rate",
        f"{seller_id}/{country}/{product_category}/{valid_from}",
        after={"category": category, "percent": percent, "label": label},
        reason=reason,
    )


def tax_for(
    session: Session, seller_id: int, account_ids: Sequence[int], product_category: TaxCategory, on: date
) -> dict[int, TaxTreatment]:
    """How a product of that category is taxed for each account on the day. An account whose country has no stored rate
    is left out: refuse its document with `no_tax_rate`."""
    by_country = store.tax_treatments(session, seller_id, product_category, on)
    home, registered = store.seller(session, seller_id).country, store.registered(session, seller_id, on)
    found = {
        account_id: rules.treatment(party, by_country.get(party.country), home, registered)
        for account_id, party in store.taxed_parties(session, account_ids, on).items()
    }
    return {account_id: treatment for account_id, treatment in found.items() if treatment is not None}


def register_for_tax(
    session: Session, actor: Actor, now: datetime, *, seller_id: int, country: str, tax_id: str, valid_from: date
) -> None:
    """From that day on the seller is registered for tax in the country, under that number."""
    change = audit.begin(session, actor, now, "ledger.set_tax_rate")
    if len(country) != 2 or not country.isupper():
        raise BadInput.one("unknown_country", "country", f"{country!r} is no country; give its two letters.")
    if not tax_id.strip() or tax_ids.check(tax_ids.VAT, tax_id, country) is False:
        raise BadInput.one("wrong_tax_id", "tax_id", f"{tax_id!r} cannot be a VAT id of {country}: a digit is wrong.")
    row = TaxRegistration(
        seller_id=seller_id, country=country, tax_id=tax_id.strip(), valid_from=valid_from, change_id=change.id
    )
    session.add(row)
    session.flush()
    change.note("seller", seller_id, after={"registered_in": country, "tax_id": tax_id, "from": valid_from})


def keep_tax_evidence(
    session: Session, change: audit.Recorder, account_id: int, country: str, numbers: Mapping[str, str]
) -> None:
    """That these numbers of an account were looked at, and found good by their country's rule."""
    for scheme, number in sorted(numbers.items()):
        if tax_ids.check(scheme, number, country):
            evidence = TaxEvidence(
                account_id=account_id,
                kind="vat_id",
                value=number,
                valid=True,
                checked_at=change.at,
                detail={"country": country, "by": "the digits of the number"},
                change_id=change.id,
            )
            session.add(evidence)
    session.flush()


def no_tax_rate(session: Session, account_id: int, product_category: TaxCategory, on: date) -> Refused:
    party = store.taxed_parties(session, [account_id], on).get(account_id)
    country = party.country if party else "?"
    return Refused(
        "no_tax_rate",
        f"Not taxed: no rate is stored for products of tax category {product_category} sold to {country} on {on}. "
        "Finance stores it under tax rates.",
    )

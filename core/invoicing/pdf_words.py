"""The words, dates and numbers of a printed document. Documents are in English; dates and figures follow look.md's
forms."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel import Locale

from core.invoicing.copy import AccountParty, Address, BankDetails, CopyLine, DocumentCopy, SellerParty, TaxTotal
from core.money import Money, exponent, format_decimal
from core.words import DocumentKind, TaxCategory

LOCALE = "en"  # of figures and country names
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

TITLES = {DocumentKind.INVOICE: "Invoice", DocumentKind.CREDIT_NOTE: "Credit note", DocumentKind.RECEIPT: "Receipt"}
CATEGORIES = {
    TaxCategory.ZERO: "zero rated",
    TaxCategory.EXEMPT: "exempt",
    TaxCategory.REVERSE_CHARGE: "reverse charge",
    TaxCategory.INTRA_COMMUNITY: "intra-Community supply",
    TaxCategory.EXPORT: "export",
    TaxCategory.OUT_OF_SCOPE: "not subject to tax",
}
TOWN_REGION_CODE = {"US", "CA", "AU", "GB", "IE", "IN", "NZ", "ZA", "SG", "TW", "KR"}  # the postal code after the town


def day(on: date, year: bool = True) -> str:
    """5 Mar 2024, as on the screens."""
    return f"{on.day} {MONTHS[on.month - 1]}" + (f" {on.year}" if year else "")


def span(start: date | None, end: date | None) -> str:
    """A half-open period as its first and last day: 1 – 29 Feb 2024."""
    if start is None or end is None:
        return ""
    last = end - timedelta(days=1)
    if last <= start:
        return day(start)
    if start.year != last.year:
        return f"{day(start)} – {day(last)}"
    if start.month != last.month:
        return f"{day(start, year=False)} – {day(last)}"
    return f"{start.day} – {day(last)}"


def money(minor: int, currency: str) -> str:
    """The stored amount without its currency, which the head of the column or the total names."""
    return format_decimal(Money(minor, currency).decimal, LOCALE)


def figure(text: str, places: int = 0) -> str:
    """An exact decimal with its thousands grouped and no digit lost; words stay words."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return format_decimal(value, LOCALE, places) if value.is_finite() else text


def quantity(line: CopyLine) -> str:
    return f"{figure(line.quantity)} {line.unit}".strip()


def unit_price(line: CopyLine, currency: str) -> str:
    price = figure(line.unit_price, exponent(currency))
    return f"{price} per {figure(line.price_per)}" if price and line.price_per not in ("", "1") else price


def tax_of(line: CopyLine) -> str:
    return " + ".join(f"{figure(tax.percent)} %" for tax in line.taxes)


def tax_total(tax: TaxTotal, currency: str) -> str:
    """VAT 19 % on 1,404.64; Reverse charge 0 % on 100.00"""
    name = tax.name or "Tax"
    word = CATEGORIES.get(tax.category, "")
    label = f"{name} {figure(tax.percent)} %" + (f", {word}," if word else "")
    return f"{label} on {money(tax.base_minor, currency)}"


@lru_cache(512)
def country(code: str) -> str:
    return str(Locale.parse(LOCALE).territories.get(code.upper(), code))


def address_lines(address: Address) -> list[str]:
    if address.country.upper() in TOWN_REGION_CODE:
        town = ", ".join(part for part in (address.city, address.region) if part)
        town = f"{town} {address.postal_code}".strip()
    else:
        town = f"{address.postal_code} {address.city}".strip()
        town = ", ".join(part for part in (town, address.region) if part)
    return [line for line in (*address.lines, town, country(address.country)) if line]


def account_lines(account: AccountParty) -> list[str]:
    """Under the name: whose attention, where, tax ids."""
    ids = [f"{tax.scheme} {tax.number}".strip() for tax in account.tax_ids]
    return [line for line in (account.attention, *address_lines(account.address), *ids) if line]


def seller_lines(seller: SellerParty) -> list[str]:
    """Three lines under the name: where, how to reach, what the tax office and the register call it."""
    ids = [f"{tax.scheme} {tax.number}".strip() for tax in seller.tax_ids]
    groups = (address_lines(seller.address), (seller.email, seller.phone, seller.website), (*ids, seller.registration))
    return [line for group in groups if (line := " · ".join(part for part in group if part))]


def bank_rows(bank: BankDetails, reference: str) -> list[tuple[str, str]]:
    iban = " ".join(bank.iban[at : at + 4] for at in range(0, len(bank.iban), 4)) if " " not in bank.iban else bank.iban
    rows = [
        ("Account holder", bank.holder),
        ("Bank", bank.bank),
        ("IBAN", iban),
        ("BIC", bank.bic),
        ("Account number", bank.account_number),
        ("Routing number", bank.routing_number),
        ("Reference", reference),
    ]
    return [row for row in rows if row[1]]


def name_of(copy: DocumentCopy) -> str:
    return f"{TITLES[copy.kind]} {copy.number or '(draft)'}"


def facts_rows(copy: DocumentCopy) -> list[tuple[str, str]]:
    """What stands beside the account's address."""
    title = TITLES[copy.kind]
    point = copy.tax_point if copy.tax_point not in (None, copy.document_date) else None
    rows = [
        (f"{title} number", copy.number or "draft, not issued"),
        (f"{title} date", day(copy.document_date)),
        ("Tax point", day(point) if point else ""),
        ("Due date", day(copy.due_date) if copy.due_date else ""),
        ("Service period", span(copy.service_start, copy.service_end)),
        ("Your order", copy.account.purchase_order),
        ("Account", copy.account.number),
        ("Payment reference", copy.payment_reference),
    ]
    return [row for row in rows if row[1]]


def referred(copy: DocumentCopy) -> str:
    """This credit note refers to invoice EU-2024-000017 of 5 Mar 2024. Reason."""
    if not copy.refers_to:
        return copy.reason
    named = [f"{TITLES[to.kind].lower()} {to.number} of {day(to.document_date)}" for to in copy.refers_to]
    together = named[0] if len(named) == 1 else ", ".join(named[:-1]) + " and " + named[-1]
    return f"This {TITLES[copy.kind].lower()} refers to {together}. {copy.reason}".strip()

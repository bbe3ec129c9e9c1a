"""The frozen copy of an issued document: everything that its reader was told, copied in, so that nothing outside can
change it.

What is printed, mailed and exported is made from this value alone; names, texts, rates and bank details are those of
the day of issue. All money is in minor units of `currency` with the sign that is stored; nothing here computes it.
Periods are half-open days. `content_hash` is over the canonical JSON (sorted keys, UTF-8, no spaces), in which a
field that holds its default is left out: a field that is added later, with a default, changes no hash of a document
issued before (invariant D2).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.errors import BadInput, Fault
from core.invoicing import codec
from core.money import Money
from core.words import DocumentKind, LineKind, SettlementKind, TaxCategory

FORMAT = 1  # of the JSON; a reader refuses a format that it does not know


@dataclass(frozen=True)
class Address:
    """`lines` is what stands above the town; `country` is the ISO 3166 code."""

    lines: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True)
class TaxId:
    """`scheme` is the word before the number: VAT, EIN, GSTIN, ABN …"""

    scheme: str
    number: str


@dataclass(frozen=True)
class BankDetails:
    """Where to pay; what is empty is not printed."""

    holder: str = ""
    bank: str = ""
    iban: str = ""
    bic: str = ""
    account_number: str = ""
    routing_number: str = ""


@dataclass(frozen=True)
class SellerParty:
    code: str
    name: str
    address: Address = Address()
    tax_ids: tuple[TaxId, ...] = ()
    registration: str = ""  # company register and number
    email: str = ""
    phone: str = ""
    website: str = ""
    bank: BankDetails = BankDetails()
    opening_text: str = ""  # above the lines
    closing_text: str = ""  # under the totals
    footer_text: str = ""  # at the foot of every page: directors, register, whatever the law of the place wants


@dataclass(frozen=True)
class AccountParty:
    number: str
    name: str
    attention: str = ""
    address: Address = Address()
    tax_ids: tuple[TaxId, ...] = ()
    language: str = "en"
    email: str = ""
    purchase_order: str = ""
    einvoice_address: str = ""


@dataclass(frozen=True)
class LineTax:
    """One tax of a line. `percent` is an exact decimal in text: 19, 18.7."""

    category: TaxCategory
    percent: str
    tax_minor: int


@dataclass(frozen=True)
class CopyLine:
    """Exclusive of tax: net = amount − discount, gross = net + tax; inclusive: gross = amount − discount, net = gross
    − tax. `quantity`, `unit_price` and `price_per` are exact decimals in text, or words where no single figure is
    true ("tiered"). `details` are short notes under the description (a tier walk, a proration)."""

    line_no: int
    kind: LineKind
    description: str
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    service_start: date | None = None
    service_end: date | None = None
    quantity: str = ""
    unit: str = ""  # as it is shown: user, GB-hour, call
    unit_code: str = ""  # UN/ECE Recommendation 20
    unit_price: str = ""
    price_per: str = ""  # the price is for this many units; empty: for one
    taxes: tuple[LineTax, ...] = ()
    details: tuple[str, ...] = ()
    charge: int = 0
    explanation_hash: str = ""  # SHA-256 of the stored explanation, so that it is frozen with the document


@dataclass(frozen=True)
class DocumentDiscount:
    """`amount_minor` is what it takes off, positive on an invoice; `percent` is empty for a fixed amount."""

    description: str
    amount_minor: int
    percent: str = ""


@dataclass(frozen=True)
class TaxTotal:
    """`note` is the sentence that the law wants where no tax is taken ("Reverse charge …")."""

    category: TaxCategory
    percent: str
    base_minor: int
    tax_minor: int
    name: str = ""  # VAT, GST, sales tax
    note: str = ""


@dataclass(frozen=True)
class Applied:
    """What was settled already at issue: bought credit, a payment made in advance."""

    kind: SettlementKind
    description: str
    amount_minor: int


@dataclass(frozen=True)
class Totals:
    """`amount_minor` is Σ of the lines before discount; total = net + tax; due = total − Σ applied."""

    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    total_minor: int
    due_minor: int


@dataclass(frozen=True)
class RefersTo:
    """The document that this one corrects or takes back."""

    kind: DocumentKind
    number: str
    document_date: date
    content_hash: str = ""


@dataclass(frozen=True)
class DocumentCopy:
    kind: DocumentKind
    number: str
    seller: SellerParty
    account: AccountParty
    document_date: date
    currency: str
    lines: tuple[CopyLine, ...]
    tax_totals: tuple[TaxTotal, ...]
    totals: Totals
    due_date: date | None = None
    tax_point: date | None = None
    service_start: date | None = None  # the span of all lines
    service_end: date | None = None
    tax_inclusive: bool = False
    discounts: tuple[DocumentDiscount, ...] = ()
    applied: tuple[Applied, ...] = ()
    terms_text: str = ""
    note: str = ""
    reason: str = ""  # why a credit note was given
    refers_to: tuple[RefersTo, ...] = ()
    payment_reference: str = ""
    rating_version: str = ""
    settings: tuple[tuple[str, str], ...] = ()  # the settings that it was computed with


def to_json(copy: DocumentCopy) -> dict[str, object]:
    """A JSON value: objects, lists, strings, integers and booleans, no floats; days as ISO text."""
    return {"format": FORMAT, **codec.encode(copy)}


def from_json(value: object) -> DocumentCopy:
    """The copy that `to_json` wrote. BadInput names every fault with its path; nothing unknown is dropped in
    silence."""
    if not isinstance(value, Mapping):
        raise BadInput((Fault("copy.not_an_object", "", "The copy of a document is a JSON object."),))
    if value.get("format") != FORMAT:
        sentence = f"The copy of a document has format {value.get('format')!r}; this version reads format {FORMAT}."
        raise BadInput((Fault("copy.format", "format", sentence),))
    return codec.decode(DocumentCopy, {key: part for key, part in value.items() if key != "format"})


def canonical_bytes(copy: DocumentCopy) -> bytes:
    """The same document gives the same bytes, on any machine."""
    return json.dumps(
        to_json(copy), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def content_hash(copy: DocumentCopy) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_bytes(copy)).hexdigest()


def faults(copy: DocumentCopy) -> tuple[Fault, ...]:
    """Every sum of the document that does not tie (invariants M2 and M4); empty for a document fit to be issued."""
    found: list[Fault] = []

    def tie(path: str, what: str, stated: int, computed: int) -> None:
        if stated != computed:
            sentence = f"{what}: {_plain(stated, copy)} is stated, {_plain(computed, copy)} follows from its parts."
            found.append(Fault("copy.does_not_tie", path, sentence))

    lines, totals = copy.lines, copy.totals
    for position, line in enumerate(lines):
        path, name = f"lines[{position}]", f"line {line.line_no}"
        reduced = line.amount_minor - line.discount_minor
        tie(f"{path}.gross_minor", f"gross of {name}", line.gross_minor, line.net_minor + line.tax_minor)
        if copy.tax_inclusive:
            tie(f"{path}.gross_minor", f"gross of {name}", line.gross_minor, reduced)
        else:
            tie(f"{path}.net_minor", f"net of {name}", line.net_minor, reduced)
        if line.taxes:
            tie(f"{path}.tax_minor", f"tax of {name}", line.tax_minor, sum(part.tax_minor for part in line.taxes))
    tie("totals.amount_minor", "sum of the lines", totals.amount_minor, sum(line.amount_minor for line in lines))
    tie("totals.discount_minor", "discount", totals.discount_minor, sum(line.discount_minor for line in lines))
    if copy.discounts:
        named = sum(discount.amount_minor for discount in copy.discounts)
        tie("discounts", "discount by name", named, totals.discount_minor)
    tie("totals.net_minor", "net", totals.net_minor, sum(line.net_minor for line in lines))
    tie("totals.tax_minor", "tax", totals.tax_minor, sum(line.tax_minor for line in lines))
    if copy.tax_totals or totals.tax_minor:
        by_rate = sum(part.tax_minor for part in copy.tax_totals)
        tie("tax_totals", "tax by rate", by_rate, totals.tax_minor)
    tie("totals.total_minor", "total", totals.total_minor, totals.net_minor + totals.tax_minor)
    applied = sum(part.amount_minor for part in copy.applied)
    tie("totals.due_minor", "amount due", totals.due_minor, totals.total_minor - applied)
    return tuple(found)


def _plain(minor: int, copy: DocumentCopy) -> str:
    return f"{Money(minor, copy.currency).decimal} {copy.currency}"

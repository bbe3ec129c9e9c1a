"""Documents that several tests print, mail and hash: made by hand, every sum worked out in the comments."""

from dataclasses import replace
from datetime import date

from core.invoicing.copy import (
    AccountParty,
    Address,
    BankDetails,
    CopyLine,
    DocumentCopy,
    DocumentDiscount,
    LineTax,
    RefersTo,
    SellerParty,
    TaxId,
    TaxTotal,
    Totals,
)
from core.words import DocumentKind, LineKind, TaxCategory

SELLER = SellerParty(
    code="EU",
    name="Countinghouse Europe GmbH",
    address=Address(("Lindenstraße 4",), "10969", "Berlin", "", "DE"),
    tax_ids=(TaxId("VAT", "DE123456788"),),
    registration="Amtsgericht Charlottenburg HRB 12345",
    email="billing@countinghouse.example",
    phone="+49 30 5550100",
    bank=BankDetails("Countinghouse Europe GmbH", "Berliner Bank", "DE02120300000000202051", "BYLADEM1001"),
    footer_text="Managing director: Jana Groß",
)
ACCOUNT = AccountParty(
    number="A-1007",
    name="Żółw i Spółka Łódź Sp. z o.o.",
    attention="Księgowość, Paweł Żak",
    address=Address(("ul. Piotrkowska 217",), "90-451", "Łódź", "", "PL"),
    tax_ids=(TaxId("VAT", "PL7251868136"),),
    email="faktury@zolw.example",
    purchase_order="PO 2024/0117",
)
FEBRUARY = (date(2024, 2, 1), date(2024, 3, 1))
TERMS = "Payable within 30 days without deduction."


def line(
    line_no: int, description: str, amount: int, discount: int, tax: int, percent: str, **more: object
) -> CopyLine:
    """A line exclusive of tax, in February, taxed at the standard rate."""
    net = amount - discount
    made = CopyLine(
        line_no=line_no,
        kind=LineKind.USAGE,
        description=description,
        amount_minor=amount,
        discount_minor=discount,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        service_start=FEBRUARY[0],
        service_end=FEBRUARY[1],
        taxes=(LineTax(TaxCategory.STANDARD, percent, tax),),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def invoice() -> DocumentCopy:
    """EUR: 5 seats × 29 = 145.00; 1,234,567 calls × 0.001 = 1,234.567 → 1,234.57; GB-hours 99.00 flat.
    Sum 1,478.57, less 5 % = 73.9285 → 73.93 (7.25 + 61.73 + 4.95), net 1,404.64, 19 % = 266.8816 → 266.88
    (137.75, 1,172.84 and 94.05 × 19 % = 26.1725, 222.8396, 17.8695: 26.17 + 222.84 + 17.87 = 266.88), total
    1,671.52."""
    lines = (
        line(
            1,
            "Team plan, seats",
            145_00,
            7_25,
            26_17,
            "19",
            kind=LineKind.RECURRING,
            quantity="5",
            unit="users",
            unit_code="C62",
            unit_price="29",
        ),
        line(2, "API calls", 1_234_57, 61_73, 222_84, "19", quantity="1234567", unit="calls", unit_price="0.001"),
        line(
            3,
            "Storage, hybrid plan",
            99_00,
            4_95,
            17_87,
            "19",
            quantity="412.5",
            unit="GB-hours",
            unit_price="tiered",
            details=("flat 99.00 includes 500 GB-hours",),
        ),
    )
    return DocumentCopy(
        kind=DocumentKind.INVOICE,
        number="EU-2024-000017",
        seller=SELLER,
        account=ACCOUNT,
        document_date=date(2024, 3, 5),
        due_date=date(2024, 4, 4),
        tax_point=date(2024, 2, 29),
        service_start=FEBRUARY[0],
        service_end=FEBRUARY[1],
        currency="EUR",
        lines=lines,
        discounts=(DocumentDiscount("Loyalty", 73_93, "5"),),
        tax_totals=(TaxTotal(TaxCategory.STANDARD, "19", 1_404_64, 266_88, "VAT"),),
        totals=Totals(1_478_57, 73_93, 1_404_64, 266_88, 1_671_52, 1_671_52),
        terms_text=TERMS,
        payment_reference="EU-2024-000017",
        rating_version="1",
    )


def credit_note() -> DocumentCopy:
    """The whole of `invoice` with every sign turned."""
    given = invoice()

    def turned(part: CopyLine) -> CopyLine:
        return replace(
            part,
            amount_minor=-part.amount_minor,
            discount_minor=-part.discount_minor,
            net_minor=-part.net_minor,
            tax_minor=-part.tax_minor,
            gross_minor=-part.gross_minor,
            taxes=tuple(replace(tax, tax_minor=-tax.tax_minor) for tax in part.taxes),
        )

    return replace(
        given,
        kind=DocumentKind.CREDIT_NOTE,
        number="EU-C-2024-000003",
        document_date=date(2024, 3, 12),
        due_date=None,
        lines=tuple(turned(part) for part in given.lines),
        discounts=(DocumentDiscount("Loyalty", -73_93, "5"),),
        tax_totals=(TaxTotal(TaxCategory.STANDARD, "19", -1_404_64, -266_88, "VAT"),),
        totals=Totals(-1_478_57, -73_93, -1_404_64, -266_88, -1_671_52, -1_671_52),
        terms_text="",
        reason="Billed to the wrong company.",
        refers_to=(RefersTo(DocumentKind.INVOICE, "EU-2024-000017", date(2024, 3, 5), "ab" * 32),),
        payment_reference="",
    )


def plain(currency: str, amount: int, lines: int = 1, **more: object) -> DocumentCopy:
    """Lines of the same amount without discount and tax."""
    made = tuple(
        line(number, f"Platform fee {number}", amount, 0, 0, "0", quantity="1", unit="month", taxes=())
        for number in range(1, lines + 1)
    )
    total = amount * lines
    totals = Totals(total, 0, total, 0, total, total)
    plainer = replace(invoice(), currency=currency, lines=made, discounts=(), tax_totals=(), totals=totals)
    return replace(plainer, **more)  # type: ignore[arg-type]

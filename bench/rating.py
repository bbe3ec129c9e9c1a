"""Rating of 100,000 customers on one core: 1 recurring and 3 metered prices each, a discount and tax on the document.

    python -m bench.rating [--customers 100000] [--profile]

Metered are a graduated price of 4 tiers, a volume price and a package price. Ours is what billing calls, `rating.rate` for
each line and `rating.sum_document` over them; explanations are left for whoever asks. The floor is the same arithmetic as the
leanest hand-written integers for exactly these prices, measured in the same run, taking turns; both come to the same cent on
every line. Goal: at most 4 times the floor. Beside it stand the lines alone and, as "read", ours with every line and tax row
looked at.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from core import rating
from core.catalog.model import Price
from core.clock import Period
from core.rating import Discount, DocumentLine, PeriodInfo, Terms
from core.words import TaxCategory

CURRENCY = "EUR"
MONTHLY = {"every": 1, "unit": "month"}
APRIL = PeriodInfo(Period(date(2031, 4, 1), date(2031, 5, 1)))
STANDARD, TAX_PERCENT = TaxCategory.STANDARD, Decimal(19)
TERMS = Terms(discounts=(Discount("discount", percent=Decimal(10)),))
ROUNDS = 5

Quantities = tuple[int, int, int]


def _price(model: str, **fields: object) -> Price:
    head = {"kind": "usage", "cadence": MONTHLY, "meter": "m", "currency": CURRENCY}
    return rating.price_from_json({**head, "model": model, **fields})


BASE = rating.price_from_json(
    {
        "kind": "recurring",
        "model": "flat",
        "amount": "49.00",
        "timing": "in_advance",
        "cadence": MONTHLY,
        "currency": CURRENCY,
    }
)
CALLS = _price(
    "graduated",
    tiers=[
        {"up_to": "1000", "unit": "0"},
        {"up_to": "10000", "unit": "0.0035"},
        {"up_to": "100000", "unit": "0.0021", "flat": "2"},
        {"up_to": None, "unit": "0.0009", "flat": "5"},
    ],
)
STORED = _price(
    "volume",
    tiers=[{"up_to": "50", "unit": "0.19"}, {"up_to": "500", "unit": "0.155"}, {"up_to": None, "unit": "0.1225"}],
)
MAILS = _price("package", size="2500", package="1.79")


def customers(count: int) -> list[Quantities]:
    """Quantities spread over all tiers, the same ones in every run."""
    made, state = [], 20310401
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        made.append((state % 160_000 if state % 3 else state % 9_000, (state >> 20) % 900, (state >> 33) % 61_000))
    return made


# ── the floor ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _split(whole: int, weights: Sequence[int], total: int) -> list[int]:
    """Largest remainder over weights that are not negative, ties to the earlier."""
    parts, rests = [], []
    for weight in weights:
        part, rest = divmod(whole * weight, total)
        parts.append(part)
        rests.append(rest)
    missing = whole - sum(parts)
    if missing:
        for position in sorted(range(len(parts)), key=rests.__getitem__, reverse=True)[:missing]:
            parts[position] += 1
    return parts


def floor_of(quantities: Quantities) -> tuple[int, list[int], list[int]]:
    """Total, nets and taxes in cents; unit prices are in hundredths of a cent here."""
    calls, stored, mails = quantities
    if calls <= 1000:
        exact = 0
    elif calls <= 10_000:
        exact = (calls - 1000) * 35
    elif calls <= 100_000:
        exact = 315_000 + (calls - 10_000) * 21 + 20_000
    else:
        exact = 315_000 + 1_890_000 + 20_000 + (calls - 100_000) * 9 + 50_000
    each = 1900 if stored <= 50 else 1550 if stored <= 500 else 1225
    amounts = (
        4900,
        (exact + 50) // 100,
        (stored * each + 50) // 100,
        -(-mails // 2500) * 179,
    )
    whole = sum(amounts)
    discount = (whole * 10 + 50) // 100
    off = _split(discount, amounts, whole)
    nets = [amount - less for amount, less in zip(amounts, off, strict=True)]
    net = whole - discount
    tax = (net * 19 + 50) // 100
    return net + tax, nets, _split(tax, nets, net)


# ── ours ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def amounts_of(quantities: Quantities) -> list[int]:
    calls, stored, mails = quantities
    return [
        rating.rate(BASE, 1, APRIL).amount_minor,
        rating.rate(CALLS, calls, APRIL).amount_minor,
        rating.rate(STORED, stored, APRIL).amount_minor,
        rating.rate(MAILS, mails, APRIL).amount_minor,
    ]


def ours_of(quantities: Quantities) -> rating.DocumentSums:
    lines = [DocumentLine(amount, STANDARD, TAX_PERCENT) for amount in amounts_of(quantities)]
    return rating.sum_document(CURRENCY, lines, TERMS)


def read_of(quantities: Quantities) -> object:
    """Every line and tax row looked at as well, with what is exact."""
    sums = ours_of(quantities)
    return sums.tax_totals, [line.tax_exact for line in sums.lines]


# ── measuring ───────────────────────────────────────────────────────────────────────────────────────────────────────


def timed(work: Callable[[Quantities], object], given: Sequence[Quantities]) -> int:
    started = time.process_time_ns()
    for quantities in given:
        work(quantities)
    return time.process_time_ns() - started


def agree(given: Sequence[Quantities]) -> None:
    """Both come to the same cent, on every line, for every customer."""
    for quantities in given:
        total, nets, taxes = floor_of(quantities)
        sums = ours_of(quantities)
        assert (total, nets) == (sums.total_minor, [line.net_minor for line in sums.lines]), quantities
        assert taxes == [line.tax_minor for line in sums.lines], quantities


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    given = parser.parse_args()
    everybody = customers(given.customers)
    agree(everybody[:2000])
    size = max(1, len(everybody) // ROUNDS)
    spent: dict[str, int] = {"floor": 0, "lines": 0, "ours": 0, "read": 0}
    for start in range(0, size * ROUNDS, size):
        some = everybody[start : start + size]
        spent["floor"] += timed(floor_of, some)
        spent["lines"] += timed(amounts_of, some)
        spent["ours"] += timed(ours_of, some)
        spent["read"] += timed(read_of, some)
    count = size * ROUNDS
    print(f"{count} customers, 4 prices each, on one core (CPU time)")
    for name, ns in spent.items():
        print(f"  {name:<6} {ns / count / 1000:8.2f} µs a customer   {ns / spent['floor']:5.2f} × the floor")
    if given.profile:
        profiler = cProfile.Profile()
        profiler.runcall(timed, ours_of, everybody[:5000])
        pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


if __name__ == "__main__":
    main()

"""Rating: quantities × prices → exact amounts, explained. Pure.

Owns: the price models (one file a family), the order of steps around them (rules), proration by days, the document's
arithmetic from lines to total, and explanations. Does not own: prices and their validation (core.catalog), where
quantities come from (core.metering), what was billed (core.invoicing), documents and charges.
Which verb: usage and one-offs → `rate`; anything recurring, whole or in parts, changed or not → `prorate` (one price) or
`parts_to_bill` (its price changes too; `steps_of` makes its steps out of dated facts); the lines of
a document → `sum_document`. `explanation` of each is plain JSON for the line; docs/pricing.md describes it.
Dates: `period` is the whole period of the price's cadence in the customer's zone; a part's `service` days lie inside.
Invariants: P1 a graduated amount never falls as the quantity grows, P2 the parts of a period sum to its rounded whole,
M2 and M4 of every document, M3 every split sums to its whole. Nothing here reads a clock, a database or a setting.

How: a price is compiled once to whole numbers (plan, scaled), a walk takes the one order of steps over them (walking),
each model's rule and the steps that explain it stand in one file a family. Explanations are made when asked for, by the
same walk taking notes.

To add a price model: a dataclass in core/catalog/model.py, its reading in core/catalog/price_models.py, one file here with
its amount and its steps, one row in plan.FAMILIES, its words in sentences.py, its rows in tests/rules/test_rating_models.py.
"""

from core.catalog.billing_rules import DayBasis
from core.catalog.model import Price
from core.catalog.prices import price_from_json, price_hash, price_to_json
from core.rating.arithmetic import sum_document, true_up
from core.rating.changes import Act, ActKind, Charged, Step, creditable, limited, parts_to_bill, share_of, steps_of
from core.rating.commitment import (
    Commitment,
    CommitmentBill,
    Committed,
    CountedAmount,
    Windows,
    bill_commitment,
    commitment_owed,
    commitment_owed_by_window,
    commitment_share,
    commitment_terms,
)
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.document import PLAIN as PLAIN_TERMS
from core.rating.document import (
    Credit,
    Discount,
    DiscountOrder,
    DocumentLine,
    FixedDiscount,
    PercentageOf,
    PercentageRounding,
    TaxRounding,
    Terms,
)
from core.rating.flats import Entered, FlatPart, entered, owed_whole
from core.rating.metered import needs_of, usage_of
from core.rating.model import (
    NOTHING,
    RATING_VERSION,
    Adjustment,
    BilledBefore,
    Converted,
    Direction,
    PeriodInfo,
    TierStep,
    Usage,
)
from core.rating.proration import elapsed, prorate
from core.rating.rated import Part, Rated
from core.rating.rules import rate
from core.rating.sentences import sentences
from core.rating.sums import DocumentSums, Drawn, LineSums, Taken
from core.rating.taxes import LineTax, TaxTotal
from core.rating.trials import Point, Trial, chart_end, curve, effective_unit, measured_units, try_price, usual_figure
from core.rating.trials import bounds as trial_bounds
from core.rating.windowed import window_amounts

__all__ = [
    "ACTUAL_DAYS",
    "NOTHING",
    "PLAIN_TERMS",
    "RATING_VERSION",
    "Act",
    "ActKind",
    "Adjustment",
    "Basis",
    "BilledBefore",
    "Charged",
    "Commitment",
    "CommitmentBill",
    "Committed",
    "Converted",
    "CountedAmount",
    "Credit",
    "DayBasis",
    "Direction",
    "Discount",
    "DiscountOrder",
    "DocumentLine",
    "DocumentSums",
    "Drawn",
    "Entered",
    "FixedDiscount",
    "FlatPart",
    "LineSums",
    "LineTax",
    "Part",
    "PercentageOf",
    "PercentageRounding",
    "PeriodInfo",
    "Point",
    "Price",
    "Rated",
    "Step",
    "Taken",
    "TaxRounding",
    "TaxTotal",
    "Terms",
    "TierStep",
    "Trial",
    "Usage",
    "Windows",
    "bill_commitment",
    "chart_end",
    "commitment_owed",
    "commitment_owed_by_window",
    "commitment_share",
    "commitment_terms",
    "creditable",
    "curve",
    "effective_unit",
    "elapsed",
    "entered",
    "limited",
    "measured_units",
    "needs_of",
    "owed_whole",
    "parts_to_bill",
    "price_from_json",
    "price_hash",
    "price_to_json",
    "prorate",
    "rate",
    "sentences",
    "share_of",
    "steps_of",
    "sum_document",
    "trial_bounds",
    "true_up",
    "try_price",
    "usage_of",
    "usual_figure",
    "window_amounts",
]

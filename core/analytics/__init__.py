"""Analytics: questions that nobody bills. Reads only; whatever is answered here, nothing was written.

Owns: what-if (a candidate plan on the last months of customers) and the flat-rate report that follows from it.
Does not own: prices (core.catalog), what was used (core.metering), what a price comes to (core.rating), what was billed
(core.invoicing). Both sides of a comparison are rated anew by the same rules, so that only the prices differ.
Dates: months are whole calendar months in the customers' own days. A month's figure of a recurring price is that of its days, of
a usage price the difference of the rounded cumulative amount, so that the months of a billing period sum to its line.
Invariants: with the prices that a customer has, every difference is 0; the months of closed billing periods sum to what their
lines charged (list price or override, before discounts). docs/what_if.md says what is compared and what is not.
"""

from core.analytics.candidates import of_plan as of_plan
from core.analytics.candidates import of_price as of_price
from core.analytics.candidates import of_prices as of_prices
from core.analytics.candidates import of_version as of_version
from core.analytics.candidates import usage_codes as usage_codes
from core.analytics.flat import FlatRate as FlatRate
from core.analytics.flat import flat_rates as flat_rates
from core.analytics.model import Ask as Ask
from core.analytics.model import Basis as Basis
from core.analytics.model import Candidate as Candidate
from core.analytics.model import CurrencyTotal as CurrencyTotal
from core.analytics.model import CustomerFigures as CustomerFigures
from core.analytics.model import Line as Line
from core.analytics.model import NotCompared as NotCompared
from core.analytics.model import Note as Note
from core.analytics.model import Side as Side
from core.analytics.model import Together as Together
from core.analytics.model import WhatIf as WhatIf
from core.analytics.model import last_months as last_months
from core.analytics.model import totals as totals
from core.analytics.reports import explained as explained
from core.analytics.reports import together as together
from core.analytics.reports import what_if as what_if
from core.analytics.table import as_csv as as_csv
from core.analytics.table import as_json as as_json
from core.analytics.table import as_text as as_text

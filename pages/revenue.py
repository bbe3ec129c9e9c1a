"""Revenue: what was recognised, what is deferred and unbilled and how that ties to the ledger; down to obligations and entries."""

import streamlit as st

from app import filters, messages, revenue_books, revenue_months, session, widgets, wording
from app.engine import reading
from core import clock, revenue

VIEWS = {"months": "Months", "obligations": "Obligations", "journal": "Journal"}
SPANS = {"12": "12 months", "6": "6 months", "24": "24 months"}

here = session.here()
if here.seller is None:
    widgets.page_title("Revenue")
    messages.no_books()
    st.stop()
with reading() as db:
    seller = here.seller
    totals = {each.currency: each for each in revenue.currency_totals(db, seller.id)}
    if not totals:
        widgets.page_title("Revenue", seller.name)
        why = (
            "Revenue arises from what contracts promise: once a customer has a subscription, the nightly run makes its "
        )
        messages.empty("Nothing is promised yet.", f"{why}obligations and earns them day by day.")
        st.stop()
    currencies = sorted(totals, key=lambda code: (code != seller.functional_currency, code))
    wanted = filters.peek("currency")
    currency = wanted if wanted in totals else currencies[0]
    through = wording.day(totals[currency].through) or "no day yet"
    bar = widgets.page_title("Revenue", f"{currency}, {seller.name} · earned through {through}")
    view = filters.choose(bar, "Show", VIEWS, "show")
    if view == "months":
        span = int(filters.choose(bar, "Span", SPANS, "span"))
    currency = filters.pick(bar, "Currency", currencies, "currency", width=90)
    end = clock.add_months(here.today.replace(day=1), 1, 1)
    if view == "obligations":
        revenue_books.obligations(db, seller.id, currency)
    elif view == "journal":
        revenue_books.journal(db, seller, end)
    else:
        start = clock.add_months(end, -span, 1)
        revenue_months.overview(db, seller.id, totals[currency], start, end)

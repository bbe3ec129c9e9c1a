"""Usage: what was counted, from customer and meter to the day and its raw events; what came, was rejected, contradicts."""

import streamlit as st

from app import cached, filters, messages, session, usage_counted, usage_mending, usage_taking, widgets, wording
from app.engine import reading
from core import audit_reports, metering


@st.cache_data(ttl=cached.BRIEF, max_entries=16, show_spinner=False)
def freshness(seller_id: int, version: int) -> metering.Freshness:  # noqa: ARG001  # the version is the cache's key
    with reading() as db:
        return metering.freshness(db, seller_id=seller_id)


seller = session.here().seller
if seller is None:
    widgets.page_title("Usage")
    messages.no_books()
    st.stop()
with reading() as db:
    state, seal = freshness(seller.id, cached.version()), audit_reports.newest_seal(db)
    sealed = wording.at(seal.sealed_at, seller.timezone)
    bar = widgets.page_title("Usage", f"{seller.name} · to seal {seal.number}, {sealed}")
    views = {
        "counted": "Counted",
        "deliveries": "Deliveries",
        "rejected": f"Rejected {wording.amount(state.open_rejections)}",
        "conflicts": f"Conflicts {wording.amount(state.conflicts)}",
    }
    view = filters.choose(bar, "Show", views, "show")
    usage_taking.upload(bar, db, seller.id)
    match view:
        case "deliveries":
            usage_taking.deliveries(db, seller)
        case "rejected":
            usage_mending.rejections(db, seller)
        case "conflicts":
            usage_mending.conflicts(db, seller)
        case _:
            usage_counted.explorer(db, seller, seal.number, state)

"""The customer of the real trace: a month of tokens, from the file to the draft."""

from datetime import date

from sqlalchemy import Engine

from core import db, metering
from tests.support import billing, business, usage
from tests.support.business import NOW, OLGA


def test_november_2023_of_the_trace_drafts_to_57_87(engine: Engine) -> None:
    desk = billing.found(engine)
    with db.transaction(engine, NOW) as session:
        business.add_customer(session, desk, "tokyo", plan="tokens", started_on=date(2023, 11, 1), timezone="UTC")
        metering.save_mapping(session, OLGA, NOW, seller_id=desk.seller_id, source="azure", rule=usage.TRACE_RULE)
    with db.transaction(engine, NOW) as session:
        batch = metering.ingest(
            session,
            OLGA,
            NOW,
            seller_id=desk.seller_id,
            source="azure",
            cursor="1",
            content=usage.TRACE,
            format="csv",
            mapping="azure",
        )
    assert batch.accepted == usage.TRACE_EVENTS
    [document] = billing.draft(engine, desk, date(2023, 12, 1))
    # 18,059,974 × 3 ÷ 1,000,000 = 54.179922 → 54.18; 245,896 × 15 ÷ 1,000,000 = 3.68844 → 3.69
    assert [line.amount_minor for line in document.lines] == [5418, 369]
    assert (document.net_minor, document.tax_minor, document.total_minor, document.currency) == (5787, 0, 5787, "USD")
    context = document.lines[0].explanation
    assert context["usage"]["event_count"] == 8819
    assert context["usage"]["quantity"] == "18059974"

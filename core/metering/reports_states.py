"""What is kept of a day, for a screen: the state of every combination of dimension values as it stands now."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlmodel import Session

from core.db import is_sqlite
from core.metering import store_states
from core.metering.counting import dimension_values
from core.metering.quantities import decimal


@dataclass(frozen=True)
class StateRow:
    """One cell. What its aggregation does not keep is None; `level_hours` is the integral in level × hours, with its first twelve
    digits."""

    values: tuple[tuple[str, str | None], ...]
    events: int
    total: Decimal
    highest: Decimal | None
    last: Decimal | None
    last_at: datetime | None
    distinct: int
    level_in: Decimal | None
    level_hours: Decimal | None
    level_out: Decimal | None


def day_states(session: Session, customer_id: int, meter_id: int, on: date) -> list[StateRow]:
    """The states of a customer's day of a meter, by dimension values."""
    given = {"customer": customer_id, "meter": meter_id, "day": on.isoformat() if is_sqlite(session) else on}
    found = session.execute(
        text(
            f"SELECT {store_states.STATE}, (SELECT count(*) FROM usage_distinct v WHERE v.customer_id = d.customer_id "
            "AND v.meter_id = d.meter_id AND v.dims_hash = d.dims_hash AND v.local_date = d.local_date) FROM usage_day d "
            "WHERE d.customer_id = :customer AND d.meter_id = :meter AND d.local_date = :day ORDER BY d.dims_hash"
        ),
        given,
    )
    rows = []
    for *columns, distinct in found:
        row = store_states.row_of(tuple(columns))
        state = row.state
        rows.append(
            StateRow(
                dimension_values(row.dims) if row.cell[2] else (),
                state.events,
                decimal(state.total),
                _shown(state.highest),
                None if state.last is None else decimal(state.last.value),
                None if state.last is None else state.last.at,
                int(distinct),
                _shown(state.level_in),
                _shown(None if state.integral is None else state.integral // (3600 * 10**6)),
                _shown(state.level_out),
            )
        )
    return sorted(rows, key=lambda row: str(row.values))


def _shown(value: int | None) -> Decimal | None:
    return None if value is None else decimal(value)

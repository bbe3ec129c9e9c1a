"""When the local days of customers begin and end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session

from core import catalog
from core.clock import Zones, day_start
from core.metering.states import Span

DAY = timedelta(days=1)


@dataclass
class Days:
    """When local days begin and end, by customer."""

    zones: Mapping[int, Zones]

    @classmethod
    def of(cls, session: Session, customers: Iterable[int]) -> "Days":
        return cls(catalog.zones(session, customer_ids=set(customers)))

    def span(self, customer: int, on: date) -> Span:
        zones = self.zones[customer]
        return Span(day_start(on, zones), day_start(on + DAY, zones))

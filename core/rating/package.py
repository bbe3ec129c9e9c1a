"""Package: units are sold by the package. One that is begun counts (or, by setting, only a full one does)."""

from __future__ import annotations

from fractions import Fraction

from core.catalog.model import Package, Price
from core.catalog.price_models import decimal_text
from core.money import exact_text
from core.rating.model import Notes
from core.rating.scaled import Priced, at_scale, begun, common


def package(price: Price, scale: int) -> Priced:
    model = price.model
    assert isinstance(model, Package)
    size, denominator = at_scale(model.size, scale), common([model.package])
    each = at_scale(model.package, denominator)
    full_only, at_least_one = price.part_package == "down", price.one_package_on_use

    def packages(quantity: int) -> int:
        if quantity <= 0:
            return 0
        count = quantity // size if full_only else begun(quantity, size)
        return max(count, 1) if at_least_one else count

    def amount(quantity: int, free: int, before: int, notes: Notes | None) -> int:
        count = packages(quantity - free) - packages(before - free)
        if notes:
            notes.say(
                "package",
                quantity=exact_text(Fraction(max(quantity - free, 0), scale)),
                size=decimal_text(model.size),
                part_package=price.part_package,
                packages=str(count),
                price=decimal_text(model.package),
                result=exact_text(Fraction(count * each, denominator)),
            )
        return count * each

    return Priced(denominator, amount)

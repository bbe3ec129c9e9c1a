"""What all tables share: the registry, names of constraints, the column types and short helpers that make columns.

Conventions (docs/schema.md): bigint ids; money is `*_minor` in a bigint beside its `currency`; quantities are two bigints,
`*_units` and `*_picos` (value = units + picos / 10^12, 0 <= picos < 10^12), the same on both databases so that one statement
sums both exactly; rates are ExactDecimal; instants are aware UTC; NULL never stands in a unique key.

A table whose `info` says `append_only` refuses DELETE and every UPDATE by a trigger (core/tables/triggers.py), but for the
columns named there (a seal is filled in once, after the commit).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from sqlalchemy import JSON as PlainJSON
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import declared_attr, registry
from sqlmodel import Field, SQLModel

from core.money import exact_text

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(SQLModel, registry=registry()):
    """Every table derives from this; a registry of its own lets Streamlit reload a page without a clash of names.
    `UsageDay` is stored as `usage_day`."""

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


Base.metadata.naming_convention = NAMING  # set before the first table exists

BigId = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER is SQLite's own rowid
JSON = PlainJSON(none_as_null=True).with_variant(
    JSONB(none_as_null=True), "postgresql"
)  # None is NULL, not the JSON null


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant with microseconds. A naive one is refused: nobody knows which zone it meant."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def plain_digits(value: Decimal) -> str:
    """The shortest plain spelling: no exponent, no trailing zeros, no minus zero. (`normalize()` would round to 28 digits.)"""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


class ExactDecimal(TypeDecorator[Decimal]):
    """An exact decimal of up to 26 + 12 digits: NUMERIC(38, 12) on PostgreSQL, canonical text on SQLite (which would turn a
    NUMERIC into a binary float). Never summed in SQL: what is summed is kept as integers."""

    impl = Numeric(38, 12)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric(38, 12))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise ValueError(f"an exact decimal is needed, not {value!r}")
        text = exact_text(Fraction(value))  # not Decimal.normalize, which rounds to the context's 28 digits
        if len(text.partition(".")[2]) > 12:
            raise ValueError(f"more than 12 fractional digits: {text}")
        return text if dialect.name == "sqlite" else Decimal(text)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(exact_text(Fraction(Decimal(value))))


def key() -> Any:
    """The bigint primary key that the database gives."""
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def ref(target: str, *, optional: bool = False, index: bool = False) -> Any:
    """A foreign key to `table.column`. Optional ones are NULL when absent and so never stand in a unique key."""
    return Field(
        default=None if optional else ...,
        foreign_key=target,
        sa_type=BigId,
        nullable=optional,
        index=index,
    )


def big(default: Any = ..., *, optional: bool = False, index: bool = False) -> Any:
    return Field(default=None if optional else default, sa_type=BigInteger, nullable=optional, index=index)


def text(default: Any = ..., *, length: int | None = None, optional: bool = False, index: bool = False) -> Any:
    kind = String(length) if length else Text()
    return Field(default=None if optional else default, sa_type=kind, nullable=optional, index=index)


def word(kind: type[StrEnum], default: Any = ..., *, name: str = "", index: bool = False) -> Any:
    """A column that stores one word of an enum, kept by a CHECK."""
    column_type = Enum(
        kind,
        name=name or kind.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda e: [member.value for member in e],
    )
    return Field(default=default, sa_type=column_type, nullable=False, index=index)


def instant(*, optional: bool = False, index: bool = False) -> Any:
    return Field(default=None if optional else ..., sa_type=Instant, nullable=optional, index=index)


def exact(default: Any = ..., *, optional: bool = False) -> Any:
    return Field(default=None if optional else default, sa_type=ExactDecimal, nullable=optional)


def document(default: Any = ..., *, optional: bool = False) -> Any:
    """A JSON value. Money and quantities in it are strings."""
    return Field(default=None if optional else default, sa_type=JSON, nullable=optional)


def currency() -> Any:
    return Field(sa_type=String(3), nullable=False)


def check(rule: str, name: str) -> CheckConstraint:
    return CheckConstraint(rule, name=name)


def is_currency(column: str = "currency") -> CheckConstraint:
    return check(f"length({column}) = 3 AND {column} = upper({column})", f"{column}_is_a_code")


def positive(column: str) -> CheckConstraint:
    """For integers and for exact decimals: SQLite compares the canonical text of one with the text '0'."""
    return check(f"{column} > 0", f"{column}_positive")


def not_negative(column: str) -> CheckConstraint:
    return check(f"{column} >= 0", f"{column}_not_negative")


def two_people(first: str, second: str, name: str) -> CheckConstraint:
    """`second` is empty until somebody other than `first` has done it."""
    return check(f"{second} = '' OR {second} <> {first}", name)


def parts_agree(prefix: str) -> CheckConstraint:
    """An optional quantity: both of its integers or neither, and the picos in range."""
    rule = f"({prefix}_units IS NULL) = ({prefix}_picos IS NULL)"
    return check(
        f"{rule} AND ({prefix}_picos IS NULL OR ({prefix}_picos >= 0 AND {prefix}_picos < 1000000000000))",
        f"{prefix}_parts_agree",
    )


def once(name: str, *columns: str, where: str) -> Index:
    """A unique key over the rows for which `where` holds."""
    return Index(name, *columns, unique=True, sqlite_where=sql(where), postgresql_where=sql(where))


def picos_in_range(prefix: str = "quantity") -> CheckConstraint:
    return check(f"{prefix}_picos >= 0 AND {prefix}_picos < 1000000000000", f"{prefix}_picos_in_range")


def not_empty(column: str) -> CheckConstraint:
    return check(f"{column} <> ''", f"{column}_not_empty")


def forward(start: str, end: str) -> CheckConstraint:
    return check(f"{start} < {end}", f"{start}_before_{end}")


def append_only(*, but: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """The last element of `__table_args__`: marks a table whose rows never change, but for the columns in `but`."""
    return {"info": {"append_only": True, "mutable": but}}

"""The files of a migration and their fields: one table, which the mapper, the reader, the screen and docs/migration.md share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A field of a file. `names` are columns of other systems that mean it, in small letters and without signs."""

    name: str
    about: str
    needed: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileSpec:
    """A kind of file; a row is one `what`, and `ref` is the field that names it in the other system."""

    kind: str
    what: str
    about: str
    ref: str
    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields)


_F = Field
_SPECS = (
    FileSpec(
        "accounts",
        "account",
        "Who is billed.",
        "id",
        (
            _F("id", "its id in the other system", True, ("accountid", "customerid", "billingaccountid")),
            _F("name", "the name on the invoice", True, ("company", "customername", "companyname")),
            _F("country", "ISO 3166-1, two letters", True, ("addresscountry", "billingcountry", "countrycode")),
            _F("number", "our account number (the id, if empty)", names=("accountnumber", "accountcode")),
            _F("street", "address, first line", names=("addressline1", "line1", "address")),
            _F("postal_code", "address", names=("addresspostalcode", "zip", "postcode", "billingzip")),
            _F("city", "address", names=("addresscity", "billingcity", "town")),
            _F("region", "address", names=("addressstate", "state", "billingstate")),
            _F("email", "where invoices go", names=("customeremail", "billingemail", "mail")),
            _F("vat_id", "checked by the country's own rule", names=("vatnumber", "taxid", "vat")),
            _F("terms_days", "days to pay (30)", names=("netterm", "netterms", "paymentterms", "daysuntildue")),
            _F("language", "of its documents (en)", names=("locale", "preferredlocale")),
            _F("purchase_order", "printed on every invoice", names=("ponumber", "po")),
            _F("since", "from when it is known (its first date in the files)", names=("created", "createdat")),
        ),
    ),
    FileSpec(
        "customers",
        "customer",
        "Who uses; an account without customers of its own gets none by itself.",
        "id",
        (
            _F("id", "its id in the other system", True, ("customerid", "userid", "organisationid")),
            _F("account", "the id of its account", True, ("accountid", "billingaccount", "billingaccountid")),
            _F("key", "the key that usage events name (the id, if empty)", names=("externalid", "externalkey")),
            _F("name", "(the account's)", names=("customername",)),
            _F("country", "(the account's)", names=("countrycode",)),
            _F("timezone", "IANA name (the seller's)", names=("tz", "zone")),
            _F("tier", "what reports group by", names=("segment",)),
            _F("since", "first day (its first date in the files)", names=("created", "createdat")),
        ),
    ),
    FileSpec(
        "plans",
        "price",
        "What is sold: a row is one price in one currency, rows of one plan are its version.",
        "plan",
        (
            _F("plan", "the plan's code", True, ("planid", "plancode", "product", "productid")),
            _F("code", "the price's code within the plan", True, ("priceid", "pricecode", "price")),
            _F("currency", "ISO 4217", True, ("currencycode",)),
            _F("plan_name", "(the plan's code)", names=("planname", "productname")),
            _F("product", "the code of what is sold (the price's code)", names=()),
            _F("product_name", "(the product's code)", names=("description",)),
            _F("tax_category", "of a new product: S, Z, E … (S)", names=("taxcode",)),
            _F("unit_code", "of a new product, UN/ECE 20 (C62)", names=("unit",)),
            _F("value", "the price as JSON of docs/pricing.md; then the fields below stay empty", names=("json",)),
            _F("kind", "recurring, usage or one_off (recurring)", names=("type", "pricetype", "usagetype")),
            _F("model", "flat or per_unit (flat)", names=("billingscheme", "pricingmodel")),
            _F("amount", "in the currency's major unit", names=("unitamount", "price", "rate")),
            _F("every", "how many of the cadence (1)", names=("intervalcount", "period")),
            _F("cadence", "day, week, month or year (month)", names=("interval", "periodunit", "billinginterval")),
            _F("timing", "in_advance or in_arrears (in_advance)", names=("billingtiming",)),
            _F("meter", "what a usage price counts", names=("meterid", "metername")),
        ),
    ),
    FileSpec(
        "subscriptions",
        "subscription",
        "Who has what, and until when it is billed already.",
        "id",
        (
            _F("id", "its id in the other system", True, ("subscriptionid",)),
            _F("customer", "the id of its customer, or our key", True, ("customerid",)),
            _F("plan", "the plan's code", True, ("planid", "plancode")),
            _F("currency", "ISO 4217", True, ("currencycode",)),
            _F("started_on", "its first day there", True, ("startdate", "startedat", "created", "start")),
            _F(
                "billed_until",
                "the first day that is not billed in advance yet; by price where they differ: base=2024-07-01; seats=2024-08-01",
                names=("currentperiodend", "currenttermend", "nextbillingat", "paidthrough"),
            ),
            _F("quantities", "seats: a number, or by price: seats=12; admins=2", names=("quantity", "seats")),
            _F("deferred", "net amount billed and not earned on the opening day (what the prices come to)"),
            _F(
                "usage_from",
                "the first day whose usage is billed here (the opening day)",
                names=("currentperiodstart",),
            ),
            _F("anchor", "start, day or calendar (start)", names=("billinganchor",)),
            _F("anchor_on", "where periods are counted from (started_on)", names=("billingcycleanchor",)),
            _F("contract", "our contract number (the account's number)", names=("contractnumber",)),
            _F("trial_until", "the first day after a trial that still runs", names=("trialend",)),
            _F("ends_on", "the first day on which it is cancelled", names=("cancelat", "cancelledat", "endedat")),
        ),
    ),
    FileSpec(
        "invoices",
        "open invoice",
        "What is still owed; an invoice that is settled is not brought over.",
        "number",
        (
            _F("number", "its own number, which it keeps", True, ("invoicenumber", "invoiceid", "id")),
            _F("account", "the id of its account, or our number", True, ("accountid", "customerid", "customer")),
            _F("date", "of the invoice", True, ("invoicedate", "issuedate", "created", "issuedon")),
            _F("due_on", "", True, ("duedate", "dueat")),
            _F("currency", "ISO 4217", True, ("currencycode",)),
            _F(
                "open",
                "what is still owed of it, tax included",
                True,
                ("amountdue", "amountremaining", "balance", "due"),
            ),
            _F("total", "of the whole invoice, to check against", names=("amount", "invoicetotal", "grandtotal")),
            _F("customer", "the id of the customer (the account's first)", names=()),
            _F("product", "the code of what was sold (the first that the account has)", names=("productcode",)),
            _F("service_start", "(its date)", names=("periodstart", "servicefrom")),
            _F("service_end", "the first day after it (the day after its date)", names=("periodend", "serviceto")),
            _F("description", "of its one line", names=("memo",)),
        ),
    ),
    FileSpec(
        "credits",
        "credit",
        "What accounts may still use up.",
        "id",
        (
            _F("id", "its id in the other system", True, ("creditid", "grantid")),
            _F("account", "the id of its account, or our number", True, ("accountid", "customerid", "customer")),
            _F("kind", "granted, bought or customer (left over from credit notes)", True, ("type", "category")),
            _F("currency", "ISO 4217", True, ("currencycode",)),
            _F("amount", "what is left of it", True, ("balance", "remaining", "available")),
            _F("code", "our code (the id, if empty)", names=("name",)),
            _F("expires_on", "the first day on which it pays nothing", names=("expiresat", "expiry", "expirydate")),
            _F("priority", "the lowest is used first (0)", names=()),
            _F("reason", "why it was granted", names=("description", "memo")),
        ),
    ),
    FileSpec(
        "balances",
        "balance",
        "Balances of the old books on the opening day. Those that the files above open are compared and not posted twice.",
        "account",
        (
            _F("account", "our account: its role or its code", True, ("glaccount", "accountcode")),
            _F("currency", "ISO 4217", True, ("currencycode",)),
            _F("debit", "", names=("dr",)),
            _F("credit", "one of the two", names=("cr",)),
        ),
    ),
)

FILES: Mapping[str, FileSpec] = {spec.kind: spec for spec in _SPECS}
"""Kind of file → what stands in it, in the order in which it is brought over."""

KINDS = tuple(FILES)


def kind_of_file(name: str) -> str:
    """The kind of a file by its name ("stripe_subscriptions_2024.csv" holds subscriptions); '' where it says none."""
    low = name.lower()
    return next((kind for kind in KINDS if kind in low), "")


def plain_name(column: str) -> str:
    """A column's name without case and signs, and without the zone that it may name, to compare."""
    return "".join(letter for letter in column.lower().removesuffix("(utc)") if letter.isalnum())


def guessed(kind: str, columns: tuple[str, ...]) -> dict[str, str]:
    """Field → the column that looks like it; a column is taken once."""
    left = {plain_name(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for one in FILES[kind].fields:
        if (column := left.pop(plain_name(one.name), None)) is not None:
            found[one.name] = column
    for one in FILES[kind].fields:
        for name in one.names if one.name not in found else ():
            if name in left:
                found[one.name] = left.pop(name)
                break
    return found

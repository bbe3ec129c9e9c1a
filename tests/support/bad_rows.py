"""A bad row for every constraint: what the constraint's name says by itself, what CHECKS says for the others, and for each
trigger the story that leads to the statement it refuses. A constraint without a bad row fails the suite."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Delete, Enum, Executable, Insert, Table, Update

from core.tables import triggers
from core.tables.base import ExactDecimal
from tests.support.rows import DAY, NEXT_DAY, NOW, Row, Rows, change, issue, of, remove

Values = Mapping[str, Any]
Case = Callable[[Rows], Executable]
ISSUED: Values = {"status": "issued", "origin": "migrated", "number_text": "X-1", "document_date": DAY, "due_on": DAY}
CHECKS: dict[str, Values] = {
    "ck_usage_conflict_other_content": {"content_hash": "a", "kept_hash": "a"},
    "ck_usage_day_attos_in_range": {"integral_attos": 10**6},
    "ck_app_user_login_is_lower_case": {"login": "Anna"},
    "ck_fx_rate_two_currencies": {"base": "EUR", "quote": "EUR"},
    "ck_match_money_has_its_currency": {"amount_minor": 1, "currency": ""},
    "ck_seller_fiscal_start_month_is_a_month": {"fiscal_start_month": 13},
    "ck_usage_archive_first_seal_not_after_last": {"first_seal": 3, "last_seal": 2},
    "ck_app_session_started_before_expires": {"started_at": NOW, "expires_at": NOW},
    "ck_coupon_kind_has_its_value": {"kind": "percentage", "percent": None},
    "ck_coupon_money_has_its_currency": {"kind": "fixed", "percent": None, "amount_minor": 5, "currency": ""},
    "ck_coupon_percent_positive": {"percent": Decimal(0)},
    "ck_coupon_amount_positive": {"kind": "fixed", "percent": None, "amount_minor": 0, "currency": "EUR"},
    "ck_number_series_next_not_before_first": {"first": 2, "next": 1},
    "ck_recon_run_range_start_before_end": {"range_start": DAY, "range_end": DAY},
    "ck_balance_transaction_net_is_amount_less_fee": {"amount_minor": 10, "fee_minor": 1, "net_minor": 10},
    "ck_bank_statement_from_not_after_to": {"from_on": NEXT_DAY, "to_on": DAY},
    "ck_coupon_grant_valid_from_before_until": {"valid_from": DAY, "valid_until": DAY},
    "ck_document_issued_is_numbered": {"status": "issued", "origin": "own"},
    "ck_document_drafts_have_no_number": {"number_text": "X-1"},
    "ck_document_migrated_keeps_its_number": {**ISSUED, "number_text": ""},
    "ck_document_number_of_a_series": {**ISSUED, "number": 7},
    "ck_document_net_and_tax_are_the_total": {"net_minor": 100, "tax_minor": 19, "total_minor": 118},
    "ck_document_number_is_written": {**ISSUED, "number": 0},
    "ck_period_close_reopened_by_two": {"state": "reopened", "reason": "late", "actor": "a", "approved_by": "a"},
    "ck_plan_version_published_by_another": {
        "state": "published", "author": "a", "published_by": "a", "content_hash": "h", "published_at": NOW,
    },
    "ck_coupon_redemption_negative_only_to_reverse": {"amount_minor": -1, "reverses": 0},
    "ck_finding_money_has_its_currency": {"drift_minor": 1, "currency": ""},
    "ck_mrr_close_movements_tie": {"closing_minor": 7},
    "ck_price_usage_has_a_meter": {"kind": "usage", "meter_id": None},
    "ck_refund_approved_by_another": {"state": "approved", "requested_by": "a", "approved_by": "a"},
    "ck_settlement_negative_only_to_reverse": {"amount_minor": -1, "reverses": 0},
    "ck_settlement_amount_not_zero": {"amount_minor": 0, "kind": "write_off"},
    "ck_settlement_source_named": {"kind": "customer_credit", "source_id": 0},
    "ck_charge_waived_has_a_reason": {"kind": "waived", "document_id": None, "reason": ""},
    "ck_charge_release_names_its_charge": {"kind": "release", "releases": 0},
    "ck_charge_billed_by_a_document": {"document_id": None},
    "ck_charge_subject_named": {"subject_id": 0},
    "ck_charge_exact_is_a_fraction": {"exact_denominator": "0"},
    "ck_document_line_exact_is_a_fraction": {"exact_numerator": ""},
    "ck_document_line_net_and_tax_are_gross": {"gross_minor": 120, "amount_minor": 120},
    "ck_document_line_amount_less_discount": {"amount_minor": 101},
    "ck_subscription_change_quantity_of_an_item": {"kind": "quantity", "item_id": None},
    "ck_journal_line_says_something": {"amount_minor": 0, "functional_minor": 0},
    "ck_plan_version_versionstate": {
        "state": "nonsense", "author": "a", "published_by": "b", "content_hash": "h", "published_at": NOW,
    },
    "ck_refund_refundstate": {"state": "nonsense", "requested_by": "a", "approved_by": "b"},
    "ck_settlement_currency_is_a_code": {"currency": "eur", "kind": "write_off", "amount_minor": -1},
    "ck_credit_entry_balance_not_negative": {"amount_minor": -1, "balance_minor": -1},
    "ck_subscription_change_quantity_not_negative": {"quantity_units": -1, "quantity_picos": 0},
    "ck_ingest_batch_counts_not_negative": {"duplicates": -1},
    "ck_meter_version_reach_not_negative": {"max_past_days": -1},
    "ck_job_run_progress_not_negative": {"done": -1},
    "ck_contract_change_term_start_before_end": {"term_start": DAY, "term_end": DAY},
}  # fmt: skip


def of_check(table: Table, constraint: CheckConstraint) -> Values:
    """What makes a row of the table bad for this constraint and, as far as can be, for no other."""
    return {
        name: Decimal(value) if isinstance(table.columns[name].type, ExactDecimal) and value is not None else value
        for name, value in _of_check(table, str(constraint.name), str(constraint.sqltext)).items()
    }


def _of_check(table: Table, name: str, rule: str) -> Values:
    if name in CHECKS:
        return CHECKS[name]
    for column in table.columns:
        if isinstance(column.type, Enum) and name == f"ck_{table.name}_{column.type.name}":
            return {column.name: "nonsense"}
    said, first = name.removeprefix(f"ck_{table.name}_"), rule.split()[0]
    if said.endswith("_picos_in_range"):
        return {said.removesuffix("_in_range"): 10**12}
    if said.endswith("_parts_agree"):
        prefix = said.removesuffix("_parts_agree")
        return {f"{prefix}_units": 1, f"{prefix}_picos": None}
    if said == "scope_is_known":
        return {"scope": "planet"}
    if said == "approved_by_another":
        second, first = rule.rpartition(" OR ")[2].split(" <> ")
        return {first: "anna", second: "anna"}
    if "_before_" in said:
        first, second = rule.rpartition(" OR ")[2].split(" < ")
        return {first: DAY, second: DAY}
    for ending, value in (("not_empty", ""), ("is_a_code", "eur"), ("not_negative", -1), ("positive", 0)):
        if said.endswith(ending):
            return {first.removeprefix("length(").removesuffix(")"): value}
    raise KeyError(f"write the bad row of {name} into tests/support/bad_rows.py: {rule}")


# Where a trigger speaks before the constraint can: a constraint below is reached by this statement, or never without its trigger.
def _issued_without_a_number(rows: Rows) -> Executable:
    document = rows.add("document")
    subject = {"subject_kind": "document", "subject_id": document["id"]}
    rows.add("approval", **subject, content_hash=document["content_hash"], decision="approved")
    return change("document", document, status="issued")


INSTEAD: dict[str, Case] = {"ck_document_issued_is_numbered": _issued_without_a_number}
# Where another rule of the table always speaks first: a constraint or table → who may speak for it.
EITHER: dict[str, tuple[str, ...]] = {
    "charge_live": ("charge_live_is_its_charge", "charge_live_no_overlap"),
    "accounting_period": ("accounting_period_no_overlap",),
    "ck_coupon_couponkind": ("ck_coupon_money_has_its_currency",),
}
# What a row that refers to nothing also needs.
REFERS: dict[str, Values] = {"price.meter_id": {"kind": "usage"}, "document.series_id": {**ISSUED, "number": 1}}

# ── triggers: name → (rows → the statement that has to be refused) ──────────────────────────────────────────────────────

TRIGGERS: dict[str, Case] = {}


def refused_by(name: str) -> Callable[[Case], Case]:
    def note(case: Case) -> Case:
        TRIGGERS[name] = case
        return case

    return note


@refused_by("change_sealed_once")
def _(rows: Rows) -> Update:
    first, second = (rows.add("seal", number=n, previous_hash=str(n)) for n in (1, 2))
    row = rows.add("change", seal_number=first["number"])
    return change("change", row, seal_number=second["number"])


@refused_by("price_of_a_draft")
def _(rows: Rows) -> Insert:
    return rows.insert("price", rows.values("price", plan_version_id=_published(rows)["id"]))


@refused_by("plan_version_fixed")
def _(rows: Rows) -> Update:
    return change("plan_version", _published(rows), content_hash="other")


@refused_by("plan_version_no_delete")
def _(rows: Rows) -> Delete:
    return remove("plan_version", rows.add("plan_version"))


def _published(rows: Rows) -> Row:
    return rows.add("plan_version", state="published", published_by="p", content_hash="h", published_at=NOW)


@refused_by("charge_release_mirrors")
def _(rows: Rows) -> Insert:
    charge = rows.one("charge")
    return rows.insert("charge", {**_release(rows, charge), "amount_minor": 1 - charge["amount_minor"]})


def _release(rows: Rows, charge: Row) -> Row:
    same = {name: charge[name] for name in ("subject_kind", "subject_id", "service_start", "service_end", "currency")}
    return rows.values("charge", kind="release", releases=charge["id"], amount_minor=-charge["amount_minor"], **same)


@refused_by("charge_live_is_its_charge")
def _(rows: Rows) -> Insert:
    rows.connection.execute(rows.insert("charge", _release(rows, rows.one("charge"))))
    return rows.insert("charge_live", rows.values("charge_live"))


@refused_by("charge_live_no_update")
def _(rows: Rows) -> Update:
    return change("charge_live", rows.one("charge_live"), cause="other")


@refused_by("charge_live_released")
def _(rows: Rows) -> Delete:
    return remove("charge_live", rows.one("charge_live"))


@refused_by("charge_live_no_overlap")
def _(rows: Rows) -> Insert:
    live = rows.one("charge_live")
    later = rows.add("charge", subject_id=live["subject_id"], service_start=DAY, service_end=date(2024, 2, 1))
    columns = ("subject_kind", "subject_id", "kind", "service_start", "service_end", "cause")
    return rows.insert("charge_live", {"charge_id": later["id"], **{name: later[name] for name in columns}})


@refused_by("document_born_draft")
def _(rows: Rows) -> Insert:
    number = {"series_id": rows.one("number_series")["id"], "number": 1, "copy_hash": "c"}
    return rows.insert("document", rows.values("document", **{**ISSUED, **number, "origin": "own"}))


@refused_by("document_stays_issued")
def _(rows: Rows) -> Update:
    return change("document", rows.add("document", **ISSUED), status="discarded")


@refused_by("document_no_delete")
def _(rows: Rows) -> Delete:
    return remove("document", rows.add("document"))


@refused_by("document_issue_approved")
def _(rows: Rows) -> Update:
    document = rows.add("document")
    subject = {"subject_kind": "document", "subject_id": document["id"]}
    rows.add("approval", **subject, content_hash="of an older draft", decision="approved")
    return issue(rows, document)


@refused_by("document_frozen")
def _(rows: Rows) -> Update:
    return change("document", rows.issued_document(), due_on=date(2024, 3, 1))


@refused_by("approval_four_eyes")
def _(rows: Rows) -> Insert:
    entered = rows.add("document_input", actor="otto")
    subject = {"subject_kind": "document", "subject_id": entered["document_id"]}
    return rows.insert("approval", rows.values("approval", **subject, decision="approved", actor="otto"))


@refused_by("number_series_forward")
def _(rows: Rows) -> Update:
    return change("number_series", rows.add("number_series", next=5, last_date=NEXT_DAY), last_date=DAY)


@refused_by("number_series_no_delete")
def _(rows: Rows) -> Delete:
    return remove("number_series", rows.add("number_series"))


@refused_by("settlement_within_document")
def _(rows: Rows) -> Insert:
    first = rows.add("settlement", amount_minor=100)  # of 119
    return rows.insert("settlement", rows.values("settlement", document_id=first["document_id"], amount_minor=20))


@refused_by("settlement_within_payment")
def _(rows: Rows) -> Insert:
    payment = rows.add("payment", amount_minor=30)
    use = {"kind": "payment", "source_id": payment["id"]}
    rows.add("settlement", **use, source_minor=20)
    rows.add("refund", payment_id=payment["id"], amount_minor=10)
    return rows.insert("settlement", rows.values("settlement", **use, source_minor=1))


@refused_by("settlement_reversal_mirrors")
def _(rows: Rows) -> Insert:
    first = rows.add("settlement", amount_minor=10, source_minor=10)
    same = {name: first[name] for name in ("document_id", "kind", "source_id")}
    undone = {"reverses": first["id"], "amount_minor": -9, "source_minor": -10}
    return rows.insert("settlement", rows.values("settlement", **same, **undone))


@refused_by("credit_entry_continues")
def _(rows: Rows) -> Insert:
    first = rows.one("credit_entry")  # leaves 10
    wrong = {"grant_id": first["grant_id"], "seq": 2, "amount_minor": -4, "balance_minor": 7}
    return rows.insert("credit_entry", rows.values("credit_entry", **wrong))


@refused_by("accounting_period_tiles")
def _(rows: Rows) -> Insert:
    rows.one("accounting_period")  # January
    march = {"starts_on": date(2024, 3, 1), "ends_on": date(2024, 4, 1)}
    return rows.insert("accounting_period", rows.values("accounting_period", **march))


@refused_by("accounting_period_no_overlap")
def _(rows: Rows) -> Insert:
    rows.one("accounting_period")
    days = {"starts_on": date(2024, 1, 31), "ends_on": date(2024, 3, 1)}
    return rows.insert("accounting_period", rows.values("accounting_period", **days))


@refused_by("accounting_period_fixed")
def _(rows: Rows) -> Update:
    return change("accounting_period", rows.one("accounting_period"), ends_on=date(2024, 1, 31))


@refused_by("accounting_period_no_delete")
def _(rows: Rows) -> Delete:
    return remove("accounting_period", rows.one("accounting_period"))


@refused_by("journal_entry_in_open_period")
def _(rows: Rows) -> Insert:
    return rows.insert("journal_entry", rows.values("journal_entry", booked_on=date(2024, 2, 1)))


@refused_by("journal_line_in_its_books")
def _(rows: Rows) -> Insert:
    entry = rows.one("journal_entry")
    rows.connection.execute(change("accounting_period", rows.one("accounting_period"), state="locked"))
    return rows.insert("journal_line", rows.values("journal_line", entry_id=entry["id"]))


def _approved_twice(table: str) -> Case:
    return lambda rows: change(table, rows.add(table, approved_by="anna"), approved_by="abel")


def _frozen(table: str, moment: str) -> Case:
    def case(rows: Rows) -> Executable:
        parts = rows.issued_document(lines=True)["parts"]
        row = parts[table]
        if moment == "DELETE":
            return remove(table, row)
        if moment == "UPDATE":
            return change(table, row, tax_minor=0) if "tax_minor" in row else change(table, row, label="x")
        parents = {name: row[name] for name in ("document_id", "line_id") if name in row}
        return rows.insert(table, rows.values(table, **parents))

    return case


for _table in triggers.APPROVED_ONCE:
    TRIGGERS[f"{_table}_approved_once"] = _approved_twice(_table)
for _table in triggers.LINES:
    for _moment in ("INSERT", "UPDATE", "DELETE"):
        TRIGGERS[f"{_table}_frozen_{_moment.lower()}"] = _frozen(_table, _moment)


# ── unique keys: what the rows that share one also need, so that nothing else refuses the second before ────────────────────

UNIQUE: dict[str, Values] = {
    "uq_document_series_number": {**ISSUED, "series_id": of("number_series", "id"), "number": 7, "origin": "migrated"},
    "uq_document_number_text": ISSUED,
    "uq_approval_once": {"decision": "approved"},
    "uq_coupon_redemption_reverses": {"amount_minor": -1},
}
SECOND: dict[str, Values] = {
    "uq_credit_entry_idempotency_key": {"grant_id": lambda rows: rows.add("credit_grant")["id"]},
    "uq_meter_version_meter_id_version": {"valid_from": NEXT_DAY},
    "uq_obligation_billing_reverses": {"line_id": lambda rows: rows.add("document_line")["id"]},
    "uq_document_series_number": {"number_text": "X-2"},
    "uq_approval_once": {"actor": "somebody else"},
    "uq_document_number_text": {"bill_on": NEXT_DAY},
}


def _released_twice(rows: Rows) -> Insert:
    charge = rows.one("charge")
    rows.connection.execute(rows.insert("charge", _release(rows, charge)))
    return rows.insert("charge", _release(rows, charge))


def _settlement_reversed_twice(rows: Rows) -> Insert:
    first = rows.add("settlement", amount_minor=10, source_minor=10)
    same = {name: first[name] for name in ("document_id", "kind", "source_id")}
    undone = {**same, "reverses": first["id"], "amount_minor": -10, "source_minor": -10}
    rows.add("settlement", **undone)
    return rows.insert("settlement", rows.values("settlement", **undone))


def _charged_twice(rows: Rows) -> Insert:
    claim = {"subject_id": 7, "kind": "manual", "cause": "the same"}
    first, second = rows.add("charge", **claim), rows.add("charge", **claim)
    columns = ("subject_kind", "subject_id", "kind", "service_start", "service_end", "cause")
    said = {name: first[name] for name in columns}
    rows.connection.execute(rows.insert("charge_live", {"charge_id": first["id"], **said}))
    return rows.insert("charge_live", {"charge_id": second["id"], **said})


TWICE: dict[str, Case] = {
    "uq_charge_releases": _released_twice,
    "uq_settlement_reverses": _settlement_reversed_twice,
    "uq_charge_live_claim": _charged_twice,
}


def of_key(rows: Rows, table: Table, name: str, columns: tuple[str, ...], where: str) -> Executable:
    """The statement that inserts a second row with the same key."""
    if name in TWICE:
        return TWICE[name](rows)
    needs = dict(UNIQUE.get(name, {}))
    if where.endswith(" <> 0"):
        needs[columns[0]] = 5
    first = rows.add(table.name, **_called(rows, needs))
    again = {**first, **_called(rows, SECOND.get(name, {}))}
    shared = {column: again[column] for column in columns}
    asked = {column: again[column] for column in (*needs, *SECOND.get(name, {}))}
    return rows.insert(table.name, rows.values(table.name, **{**asked, **shared}))


def _called(rows: Rows, values: Values) -> dict[str, Any]:
    return {name: value(rows) if callable(value) else value for name, value in values.items()}

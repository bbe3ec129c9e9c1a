"""Every word that a column stores, one enum a concept. The glossary in docs/glossary.md explains them."""

from enum import StrEnum

# ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"


class ActorKind(StrEnum):
    USER = "user"
    JOB = "job"
    API = "api"


# ── metering ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Aggregation(StrEnum):
    SUM = "sum"
    COUNT = "count"
    MAX = "max"
    LATEST = "latest"
    UNIQUE_COUNT = "unique_count"
    TIME_WEIGHTED = "time_weighted"


class BatchState(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


class RejectionState(StrEnum):
    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


# ── catalog ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class PriceKind(StrEnum):
    RECURRING = "recurring"
    USAGE = "usage"
    ONE_OFF = "one_off"


class VersionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class CouponKind(StrEnum):
    PERCENTAGE = "percentage"
    FIXED = "fixed"


class ContractChangeKind(StrEnum):
    SIGNED = "signed"
    ADDED = "added"
    AMENDED = "amended"
    ENDED = "ended"
    TERMS = "terms"


class Modification(StrEnum):
    SEPARATE = "separate"
    PROSPECTIVE = "prospective"
    CATCH_UP = "catch_up"


class StandaloneBasis(StrEnum):
    OBSERVED = "observed"
    COST_PLUS = "cost_plus"


class Allocation(StrEnum):
    BY_LINE = "by_line"
    RELATIVE = "relative"
    RESIDUAL = "residual"


class SubscriptionChangeKind(StrEnum):
    START = "start"
    PLAN = "plan"
    QUANTITY = "quantity"
    PRICE = "price"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    REACTIVATE = "reactivate"
    TRIAL = "trial"


# ── charges and documents ───────────────────────────────────────────────────────────────────────────────────────────


class SubjectKind(StrEnum):
    ITEM = "item"
    COMMITMENT = "commitment"
    ONE_OFF = "one_off"
    INPUT = "input"
    USAGE = "usage"


class ChargeKind(StrEnum):
    REGULAR = "regular"
    PRORATION = "proration"
    LATE = "late"
    MANUAL = "manual"
    TRUE_UP = "true_up"
    WAIVED = "waived"
    EXCLUDED = "excluded"
    RELEASE = "release"


class DocumentKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    RECEIPT = "receipt"


class DocumentStatus(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    ISSUED = "issued"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"


class SettlementState(StrEnum):
    """Derived, never stored: the first that holds."""

    WRITTEN_OFF = "written_off"
    SETTLED = "settled"
    IN_DISPUTE = "in_dispute"
    OVERDUE = "overdue"
    PARTLY_SETTLED = "partly_settled"
    OPEN = "open"


class Origin(StrEnum):
    OWN = "own"
    MIGRATED = "migrated"


class LineKind(StrEnum):
    RECURRING = "recurring"
    USAGE = "usage"
    ONE_OFF = "one_off"
    PRORATION = "proration"
    LATE = "late"
    MANUAL = "manual"
    TRUE_UP = "true_up"
    CREDIT_SALE = "credit_sale"


class InputKind(StrEnum):
    LINE = "line"
    EDIT = "edit"
    NOTE = "note"


class FlagKind(StrEnum):
    FIRST = "first"
    EDITED = "edited"
    CHANGE = "change"
    AMOUNT = "amount"
    LATE = "late"
    CREDIT = "credit"
    TAX = "tax"
    INPUT_GONE = "input_gone"


class ApprovalSubject(StrEnum):
    DOCUMENT = "document"
    REFUND = "refund"
    WRITE_OFF = "write_off"
    CREDIT_NOTE = "credit_note"
    PRICE = "price"
    BANK_DETAILS = "bank_details"
    RULE = "rule"
    REOPENING = "reopening"
    RESOLUTION = "resolution"
    MIGRATION = "migration"


class Decision(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    RETURNED = "returned"


class OutboxState(StrEnum):
    WAITING = "waiting"
    MAYBE_SENT = "maybe_sent"
    SENT = "sent"
    FAILED = "failed"


# ── payments ────────────────────────────────────────────────────────────────────────────────────────────────────────


class PaymentState(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"


class RefundState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class SettlementKind(StrEnum):
    PAYMENT = "payment"
    BOUGHT_CREDIT = "bought_credit"
    CUSTOMER_CREDIT = "customer_credit"
    CREDIT_NOTE = "credit_note"
    WITHHOLDING = "withholding"
    BANK_CHARGE = "bank_charge"
    AGREED_DISCOUNT = "agreed_discount"
    WRITE_OFF = "write_off"


class CreditKind(StrEnum):
    GRANTED = "granted"
    BOUGHT = "bought"
    CUSTOMER = "customer"


class CreditTaxed(StrEnum):
    WHEN_SOLD = "when_sold"
    WHEN_USED = "when_used"


class CreditEntryKind(StrEnum):
    GRANT = "grant"
    RESERVE = "reserve"
    RELEASE = "release"
    USE = "use"
    EXPIRE = "expire"
    REVERSE = "reverse"


# ── ledger ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class AccountRole(StrEnum):
    """What a general-ledger account is for; the ACCOUNTS table of core.ledger gives each its code and side."""

    CASH = "cash"
    PROCESSOR_CLEARING = "processor_clearing"
    RECEIVABLE = "receivable"
    UNBILLED = "unbilled"
    CONTRACT_ASSET = "contract_asset"
    DEFERRED = "deferred"
    BOUGHT_CREDIT = "bought_credit"
    REFUND_LIABILITY = "refund_liability"
    CUSTOMER_CREDIT = "customer_credit"
    UNAPPLIED_CASH = "unapplied_cash"
    TAX_PAYABLE = "tax_payable"
    WITHHOLDING = "withholding"
    REVENUE_RECURRING = "revenue_recurring"
    REVENUE_USAGE = "revenue_usage"
    REVENUE_ONE_OFF = "revenue_one_off"
    BREAKAGE = "breakage"
    CREDIT_LOSS = "credit_loss"
    FEES = "fees"
    AGREED_DISCOUNT = "agreed_discount"
    DIFFERENCES = "differences"
    FX_REALISED = "fx_realised"
    FX_UNREALISED = "fx_unrealised"
    FX_CLEARING = "fx_clearing"
    OPENING = "opening"


class PeriodState(StrEnum):
    OPEN = "open"
    CLOSING = "closing"
    LOCKED = "locked"


class EntryKind(StrEnum):
    ISSUE = "issue"
    CANCEL = "cancel"
    PAYMENT = "payment"
    SETTLEMENT = "settlement"
    REVENUE = "revenue"
    BILLING = "billing"
    REFUND = "refund"
    WRITE_OFF = "write_off"
    REVALUATION = "revaluation"
    OPENING = "opening"
    RESOLUTION = "resolution"
    REVERSAL = "reversal"


class CloseState(StrEnum):
    CLOSED = "closed"
    REOPENED = "reopened"


class TaskState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    BLOCKED = "blocked"


class TaxCategory(StrEnum):
    """EN 16931 / UN/CEFACT 5305 codes."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    OUT_OF_SCOPE = "O"


# ── revenue ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Measure(StrEnum):
    OVER_TIME = "over_time"
    ON_DATE = "on_date"
    USAGE = "usage"
    PROGRESS = "progress"


class ObligationChangeKind(StrEnum):
    OPENED = "opened"
    REPRICED = "repriced"
    RETIMED = "retimed"
    PAUSED = "paused"
    ENDED = "ended"
    ESTIMATED = "estimated"


# ── reconciliation, jobs ──────────────────────────────────────────────────────────────────────────────────────────────


class FindingState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"


class FindingEventKind(StrEnum):
    OPENED = "opened"
    CHANGED = "changed"
    CLOSED = "closed"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    REVERSED = "reversed"
    COMMENTED = "commented"


class ResolutionKind(StrEnum):
    MATCH = "match"
    SPLIT = "split"
    WRITE_OFF = "write_off"
    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    BILL_LATE_USAGE = "bill_late_usage"
    CUSTOMER_CREDIT = "customer_credit"
    WAIVE = "waive"


class RunState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"


class RequestState(StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"

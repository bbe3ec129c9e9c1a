"""Catalog: who buys, what can be bought, and at which price.

Owns: sellers, accounts, customers, their dated attributes, aliases and zones; business settings; meters; products, plans and
their versions; contracts and subscriptions; the Price value with its validation.
Does not own: what a price comes to for a quantity (core.rating) and what is billed of it (core.invoicing).
Dates: those of accounts and settings are days of the seller's calendar; those of customers, meters and subscriptions are local
days of the customer. What is dated holds from its day until the next; of several for one day the last written holds. A plan
version is in force from the day it is put on a subscription; a published version never changes.
Invariants: P3, a published price never changes an issued invoice (its JSON is frozen and hashed, see `price_hash`); T1, an
item's days tile (`core.catalog.timeline`). Every change to a subscription raises its version under a lock on its row.

The verbs are in service_*.py by what they speak of, the SQL in store*.py, the reads in reads.py. The pure Price lives in
`core.catalog.model` and `core.catalog.prices`, which import no database.
"""

from core.catalog.beginning import as_begun as as_begun
from core.catalog.business_settings import SETTINGS as SETTINGS
from core.catalog.changes import Cancel as Cancel
from core.catalog.changes import ChangePlan as ChangePlan
from core.catalog.changes import ChangeQuantities as ChangeQuantities
from core.catalog.changes import ChangeTrial as ChangeTrial
from core.catalog.changes import MoveBillingDay as MoveBillingDay
from core.catalog.changes import NewContract as NewContract
from core.catalog.changes import OverridePrice as OverridePrice
from core.catalog.changes import Pause as Pause
from core.catalog.changes import Reactivate as Reactivate
from core.catalog.changes import Request as Request
from core.catalog.changes import Resume as Resume
from core.catalog.changes import SetPhases as SetPhases
from core.catalog.changes import Subscribe as Subscribe
from core.catalog.changes import Withdraw as Withdraw
from core.catalog.checking import countries as countries
from core.catalog.commitments import AddCommitment as AddCommitment
from core.catalog.commitments import AmendCommitment as AmendCommitment
from core.catalog.commitments import CommitmentFact as CommitmentFact
from core.catalog.commitments import CommitmentRequest as CommitmentRequest
from core.catalog.commitments import CommitmentStep as CommitmentStep
from core.catalog.commitments import CommitmentView as CommitmentView
from core.catalog.commitments import CommitmentWindow as CommitmentWindow
from core.catalog.commitments import EndCommitment as EndCommitment
from core.catalog.commitments import PartPeriod as PartPeriod
from core.catalog.coupons import CouponGrantView as CouponGrantView
from core.catalog.coupons import CouponView as CouponView
from core.catalog.coupons import EndGrant as EndGrant
from core.catalog.coupons import GrantCoupon as GrantCoupon
from core.catalog.coupons import HeldCoupon as HeldCoupon
from core.catalog.editing import essential as essential
from core.catalog.editing import read_text as read_text
from core.catalog.editing import with_figure as with_figure
from core.catalog.reads import accounts as accounts
from core.catalog.reads import aliases as aliases
from core.catalog.reads import changes_by_hand as changes_by_hand
from core.catalog.reads import contract as contract
from core.catalog.reads import contracts as contracts
from core.catalog.reads import customer as customer
from core.catalog.reads import customer_keyed as customer_keyed
from core.catalog.reads import customers as customers
from core.catalog.reads import lock_subscriptions as lock_subscriptions
from core.catalog.reads import meter_versions as meter_versions
from core.catalog.reads import meters as meters
from core.catalog.reads import parties as parties
from core.catalog.reads import party as party
from core.catalog.reads import plan_version as plan_version
from core.catalog.reads import plan_versions as plan_versions
from core.catalog.reads import products as products
from core.catalog.reads import seller as seller
from core.catalog.reads import sellers as sellers
from core.catalog.reads import subscription as subscription
from core.catalog.reads import subscriptions as subscriptions
from core.catalog.reads import tiers as tiers
from core.catalog.reads import timeline_facts as timeline_facts
from core.catalog.reads import zones as zones
from core.catalog.reports import CustomerRow as CustomerRow
from core.catalog.reports import customer_count as customer_count
from core.catalog.reports import customer_page as customer_page
from core.catalog.reports import customer_row as customer_row
from core.catalog.reports_plans import PlanVersionRow as PlanVersionRow
from core.catalog.reports_plans import SubscriberRow as SubscriberRow
from core.catalog.reports_plans import plan_version_rows as plan_version_rows
from core.catalog.reports_plans import plans_in_use as plans_in_use
from core.catalog.reports_plans import subscribers as subscribers
from core.catalog.service_commitments import accounts_committed as accounts_committed
from core.catalog.service_commitments import as_committed as as_committed
from core.catalog.service_commitments import change_commitment as change_commitment
from core.catalog.service_commitments import commitment as commitment
from core.catalog.service_commitments import commitments as commitments
from core.catalog.service_commitments import lock_committed as lock_committed
from core.catalog.service_contracts import sign_contract as sign_contract
from core.catalog.service_coupons import add_coupon as add_coupon
from core.catalog.service_coupons import as_granted as as_granted
from core.catalog.service_coupons import check_limits as check_limits
from core.catalog.service_coupons import close_coupon as close_coupon
from core.catalog.service_coupons import coupon_grants as coupon_grants
from core.catalog.service_coupons import coupon_grants_made as coupon_grants_made
from core.catalog.service_coupons import coupon_holders as coupon_holders
from core.catalog.service_coupons import coupons as coupons
from core.catalog.service_coupons import end_coupon as end_coupon
from core.catalog.service_coupons import grant_coupon as grant_coupon
from core.catalog.service_meters import add_meter as add_meter
from core.catalog.service_meters import amend_meter as amend_meter
from core.catalog.service_parties import add_account as add_account
from core.catalog.service_parties import add_alias as add_alias
from core.catalog.service_parties import add_customer as add_customer
from core.catalog.service_parties import add_customer_with_account as add_customer_with_account
from core.catalog.service_parties import add_seller as add_seller
from core.catalog.service_parties import amend_account as amend_account
from core.catalog.service_parties import amend_customer as amend_customer
from core.catalog.service_plans import add_plan as add_plan
from core.catalog.service_plans import add_product as add_product
from core.catalog.service_plans import plan_version_faults as plan_version_faults
from core.catalog.service_plans import planned_prices as planned_prices
from core.catalog.service_plans import publish_plan_version as publish_plan_version
from core.catalog.service_plans import write_plan_version as write_plan_version
from core.catalog.service_settings import account_settings as account_settings
from core.catalog.service_settings import first_day as first_day
from core.catalog.service_settings import set_setting as set_setting
from core.catalog.service_settings import setting as setting
from core.catalog.service_settings import setting_rows as setting_rows
from core.catalog.service_subscriptions import as_changed as as_changed
from core.catalog.service_subscriptions import begin_subscription as begin_subscription
from core.catalog.service_subscriptions import cancel as cancel
from core.catalog.service_subscriptions import change_plan as change_plan
from core.catalog.service_subscriptions import change_quantities as change_quantities
from core.catalog.service_subscriptions import change_quantity as change_quantity
from core.catalog.service_subscriptions import change_subscription as change_subscription
from core.catalog.service_subscriptions import override_price as override_price
from core.catalog.service_subscriptions import pause as pause
from core.catalog.service_subscriptions import reactivate as reactivate
from core.catalog.service_subscriptions import resume as resume
from core.catalog.service_subscriptions import subscribe as subscribe
from core.catalog.service_subscriptions import withdraw_cancellation as withdraw_cancellation
from core.catalog.store_settings import billing_rules as billing_rules
from core.catalog.views import ContractTerms as ContractTerms
from core.catalog.views import ContractView as ContractView
from core.catalog.views import CustomerView as CustomerView
from core.catalog.views import HandChange as HandChange
from core.catalog.views import ItemView as ItemView
from core.catalog.views import MeterView as MeterView
from core.catalog.views import PartyView as PartyView
from core.catalog.views import PlanVersionView as PlanVersionView
from core.catalog.views import PriceView as PriceView
from core.catalog.views import ProductView as ProductView
from core.catalog.views import SellerView as SellerView
from core.catalog.views import SettingRow as SettingRow
from core.catalog.views import SubscriptionView as SubscriptionView
from core.catalog.views import TimelineFact as TimelineFact

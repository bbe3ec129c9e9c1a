"""What each role may do: one table. A verb of core has the name of its permission; `require` is its first line.

The four roles are presets (domain.md section 13). JOBS is what the scheduler's own actor may do.
"""

from dataclasses import dataclass

from core.errors import NotPermitted
from core.people.doing import DOES
from core.words import ActorKind, Role

_V, _O, _A, _D = Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMINISTRATOR
EVERYBODY = frozenset({_V, _O, _A, _D})
OPS = frozenset({_O})
FINANCE = frozenset({_A})
BOTH = frozenset({_O, _A})
ADMIN = frozenset({_D})

PERMISSIONS: dict[str, frozenset[Role]] = {
    # everybody reads
    "read": EVERYBODY,
    # people and settings
    "people.add_user": ADMIN,
    "people.set_role": ADMIN,
    "people.disable_user": ADMIN,
    "people.enable_user": ADMIN,
    "people.set_password": ADMIN,
    "people.change_own_password": EVERYBODY,
    "people.make_key": ADMIN,
    "people.revoke_key": ADMIN,
    "catalog.add_seller": ADMIN,
    "catalog.set_setting": ADMIN,
    # customers, catalog, subscriptions
    "catalog.add_account": OPS,
    "catalog.amend_account": OPS,
    "catalog.add_customer": OPS,
    "catalog.amend_customer": OPS,
    "catalog.add_alias": OPS,
    "catalog.add_meter": OPS,
    "catalog.amend_meter": OPS,
    "catalog.add_product": OPS,
    "catalog.add_plan": OPS,
    "catalog.write_plan_version": OPS,
    "catalog.publish_plan_version": FINANCE,
    "catalog.sign_contract": OPS,
    "catalog.subscribe": OPS,
    "catalog.change_subscription": OPS,
    "catalog.override_price": OPS,
    "catalog.change_commitment": OPS,
    "catalog.add_coupon": OPS,
    "catalog.grant_coupon": OPS,
    # usage
    "metering.save_mapping": OPS,
    "metering.ingest": OPS,
    "metering.replay": OPS,
    "metering.discard": OPS,
    "metering.adjust": OPS,
    "metering.withdraw": OPS,
    # invoices
    "invoicing.draft": BOTH,
    "invoicing.edit": OPS,
    "invoicing.submit": OPS,
    "invoicing.discard": BOTH,
    "invoicing.waive_usage": FINANCE,
    "invoicing.approve": FINANCE,
    "invoicing.return": FINANCE,
    "invoicing.issue": FINANCE,
    "invoicing.send": FINANCE,
    "invoicing.deliver": FINANCE,
    "invoicing.cancel": FINANCE,
    "invoicing.migrate": FINANCE,
    # cash
    "payments.record": OPS,
    "payments.assign": BOTH,
    "payments.allocate": BOTH,
    "payments.unallocate": BOTH,
    "payments.reverse": FINANCE,
    "payments.request_refund": BOTH,
    "payments.approve_refund": FINANCE,
    "payments.confirm": BOTH,
    "payments.fail": BOTH,
    "payments.fail_refund": FINANCE,
    "payments.keep_as_credit": FINANCE,
    "payments.release_credit": FINANCE,
    "payments.request_write_off": BOTH,
    "payments.write_off": FINANCE,
    "payments.reverse_write_off": FINANCE,
    # credit
    "credits.grant": OPS,
    "credits.expire": FINANCE,
    "credits.open_credit": OPS,
    # from another system
    "migration.save_mapper": OPS,
    "migration.prepare": OPS,
    "migration.withdraw": BOTH,
    "migration.apply": FINANCE,
    # ledger and revenue
    "ledger.open_books": FINANCE,
    "ledger.post_opening": FINANCE,
    "ledger.set_fx_rate": FINANCE,
    "ledger.set_tax_rate": FINANCE,
    "revenue.sync": FINANCE,
    "revenue.post": FINANCE,
    # reconciliation and close
    "reconciliation.run": BOTH,
    "reconciliation.match": BOTH,
    "reconciliation.propose": BOTH,
    "reconciliation.resolve": FINANCE,
    "reconciliation.reverse": FINANCE,
    "close.close": FINANCE,
    "close.request_reopening": FINANCE,
    "close.approve_reopening": FINANCE,
    # running the desk
    "jobs.request": BOTH,
    "desk.advance_day": EVERYBODY - {_V},
    "desk.make_demo": ADMIN,
}

JOBS = frozenset(
    {
        "read",
        "metering.ingest",
        "invoicing.draft",
        "invoicing.submit",
        "invoicing.deliver",
        "credits.expire",
        "revenue.sync",
        "revenue.post",
        "reconciliation.run",
        "close.close",
        "jobs.request",
    }
)


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in person, a job or a program. `login` is what every record of the deed names."""

    login: str
    name: str
    kind: ActorKind
    permissions: frozenset[str]
    role: Role | None = None


def granted_to(role: Role, extra: dict[str, bool] | None = None) -> frozenset[str]:
    """The permissions of a role: its preset, changed by what an administrator granted or took (`extra`)."""
    preset = {name for name, roles in PERMISSIONS.items() if role in roles}
    for name, granted in (extra or {}).items():
        (preset.add if granted else preset.discard)(name)
    return frozenset(preset)


def person(login: str, name: str, role: Role, extra: dict[str, bool] | None = None) -> Actor:
    return Actor(login, name, ActorKind.USER, granted_to(role, extra), role)


def job(name: str) -> Actor:
    """The scheduler acting by itself: never an approver of anything."""
    return Actor(f"job:{name}", f"Job {name}", ActorKind.JOB, JOBS)


def require(actor: Actor, permission: str) -> None:
    """Refuse with NotPermitted unless the actor holds the permission; the sentence says who does."""
    if permission not in PERMISSIONS:
        raise AssertionError(f"{permission} is not in the table of permissions")
    if permission in actor.permissions:
        return
    holders = sorted(role.value for role in PERMISSIONS[permission])
    raise NotPermitted(
        "not_permitted",
        f"Not done: {actor.name} may not {DOES[permission]}. "
        f"It needs the role {' or '.join(holders)}; an administrator can give it.",
    )

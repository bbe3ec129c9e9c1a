"""Verbs over people: who may sign in and as what. Sign-ins themselves need no permission; `now` is the wall's for them."""

from __future__ import annotations  # core.audit asks people.permissions, and so this page is read before that one is

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from core import audit
from core.errors import BadInput, Fault, NotFound, Refused
from core.people import passwords, store
from core.people.model import UserView
from core.people.permissions import Actor, person
from core.tables.people import AppSession, AppUser
from core.words import Role

_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]*[a-z0-9])?")
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")
WRONG = "Login or password is wrong."


def add_user(
    session: Session, actor: Actor, now: datetime, *, login: str, name: str, email: str = "", role: str, password: str
) -> int:
    """A new person who may sign in. The login is lower case and names the person in every record."""
    change = audit.begin(session, actor, now, "people.add_user")
    return _insert(session, change, login, name, email, role, password)


def add_first_administrator(session: Session, now: datetime, *, login: str, name: str, password: str) -> int:
    """The first user of an empty database, who then adds the others; refused as soon as there is anybody."""
    if not store.is_empty(session):
        raise Refused("not_the_first", "Not added: there are users already; an administrator adds the others.")
    founder = person(login.strip().lower() or "setup", name, Role.ADMINISTRATOR)
    change = audit.begin(session, founder, now, "people.add_user")
    return _insert(session, change, login, name, "", Role.ADMINISTRATOR, password)


def _insert(
    session: Session, change: audit.Recorder, login: str, name: str, email: str, role: str, password: str
) -> int:
    login, name, email = login.strip().lower(), name.strip(), email.strip()
    faults = [*_login_faults(login), *_password_faults(password, login)]
    if not name or len(name) > 200:
        faults.append(Fault("field_missing", "name", "A name of 1 to 200 characters is needed."))
    if email and not _EMAIL.fullmatch(email):
        faults.append(Fault("not_an_email", "email", f"{email!r} is no e-mail address; write it as name@example.com."))
    if role not in tuple(Role):
        faults.append(_role_fault(role))
    if store.user(session, login) is not None:
        faults.append(Fault("login_taken", "login", f"There is a user {login!r} already; choose another login."))
    if faults:
        raise BadInput(faults)
    row = AppUser(
        login=login,
        name=name,
        email=email,
        role=Role(role),
        password_hash=passwords.hash_password(password),
        change_id=change.id,
    )
    user_id = store.add(session, row)
    change.note("user", login, after={"name": name, "email": email, "role": role})
    return user_id


def set_role(session: Session, actor: Actor, now: datetime, *, login: str, role: str) -> None:
    """Another role from now on, also for sign-ins that are open."""
    change = audit.begin(session, actor, now, "people.set_role")
    if role not in tuple(Role):
        raise BadInput([_role_fault(role)])
    everybody = store.lock_users(session)
    user = _of(everybody, login)
    if role != Role.ADMINISTRATOR:
        _keep_an_administrator(everybody, user)
    store.change_user(session, user.id, role=Role(role))
    change.note("user", user.login, before={"role": user.role}, after={"role": role})


def disable_user(session: Session, actor: Actor, now: datetime, *, login: str, reason: str = "") -> None:
    """This person signs in no more, and every open sign-in ends. What they did keeps their name."""
    change = audit.begin(session, actor, now, "people.disable_user")
    everybody = store.lock_users(session)
    user = _of(everybody, login)
    if not user.is_active:
        raise Refused("already_disabled", f"Nothing was changed: {user.name} is disabled already.")
    _keep_an_administrator(everybody, user)
    store.change_user(session, user.id, disabled_at=now)
    store.revoke(session, now, user_id=user.id)
    change.note("user", user.login, before={"disabled_at": None}, after={"disabled_at": now}, reason=reason)


def enable_user(session: Session, actor: Actor, now: datetime, *, login: str, reason: str = "") -> None:
    """A disabled person may sign in again, with the password as it was."""
    change = audit.begin(session, actor, now, "people.enable_user")
    user = _of(store.lock_users(session), login)
    if user.is_active:
        raise Refused("not_disabled", f"Nothing was changed: {user.name} is not disabled.")
    store.change_user(session, user.id, disabled_at=None)
    change.note(
        "user", user.login, before={"disabled_at": user.disabled_at}, after={"disabled_at": None}, reason=reason
    )


def set_password(session: Session, actor: Actor, now: datetime, *, login: str, password: str) -> None:
    """Another password; every open sign-in of the person ends."""
    change = audit.begin(session, actor, now, "people.set_password")
    _replace_password(session, change, _of(store.lock_users(session), login), password)


def change_own_password(session: Session, actor: Actor, now: datetime, *, old: str, new: str) -> None:
    """Everybody may change their own, who knows the old one. Every open sign-in ends, this one too."""
    change = audit.begin(session, actor, now, "people.change_own_password")
    found = store.user(session, actor.login)
    if found is None or not passwords.is_right(found[1], old):
        raise Refused("wrong_password", "Nothing was changed: the old password is wrong.")
    _replace_password(session, change, found[0], new)


def _replace_password(session: Session, change: audit.Recorder, user: UserView, password: str) -> None:
    faults = _password_faults(password, user.login)
    if faults:
        raise BadInput(faults)
    store.change_user(session, user.id, password_hash=passwords.hash_password(password))
    store.revoke(session, change.at, user_id=user.id)
    change.note("user", user.login, after={"password": "changed"})


# ── sign-ins ────────────────────────────────────────────────────────────────────────────────────────────────────────


def sign_in(session: Session, login: str, password: str, now: datetime, hours: int) -> str:
    """The token of a new sign-in, which only its holder ever sees. One refusal, whatever of the two was wrong."""
    found = store.user(session, login.strip().lower())
    right = passwords.is_right(found[1] if found else None, password)
    if not right or found is None or not found[0].is_active:
        raise Refused("wrong_sign_in", WRONG)
    user, password_hash = found
    if passwords.is_outdated(password_hash):
        store.change_user(session, user.id, password_hash=passwords.hash_password(password))
    token = passwords.new_token()
    row = AppSession(
        token_hash=passwords.token_hash(token),
        user_id=user.id,
        started_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    store.add(session, row)
    return token


def whoami(session: Session, token: str, now: datetime) -> Actor | None:
    """Who signed in with that token, with the permissions of today; None where the sign-in ended or never was."""
    user = store.live_session(session, passwords.token_hash(token), now) if token else None
    if user is None:
        return None
    return person(user.login, user.name, user.role, store.extra_permissions(session, user.role))


def sign_out(session: Session, token: str, now: datetime) -> None:
    """End the sign-in; a token that is none changes nothing."""
    store.revoke(session, now, token_hash=passwords.token_hash(token))


def users(session: Session) -> list[UserView]:
    """Everybody by login, the disabled too."""
    return store.users(session)


def acting_as(session: Session, login: str) -> Actor:
    """The actor that a user is, for the shell on the machine itself, which asks for no password."""
    found = store.user(session, login.strip().lower())
    if found is None or not found[0].is_active:
        raise NotFound("no_such_user", f"There is no user {login!r} who may sign in.")
    user = found[0]
    return person(user.login, user.name, user.role, store.extra_permissions(session, user.role))


# ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of(everybody: Sequence[UserView], login: str) -> UserView:
    for user in everybody:
        if user.login == login.strip().lower():
            return user
    raise NotFound("no_such_user", f"There is no user {login!r}.")


def _keep_an_administrator(everybody: Sequence[UserView], leaving: UserView) -> None:
    others = [u for u in everybody if u.role is Role.ADMINISTRATOR and u.is_active and u.id != leaving.id]
    if leaving.role is Role.ADMINISTRATOR and leaving.is_active and not others:
        sentence = f"Not done: {leaving.name} is the last administrator. Make somebody else one first."
        raise Refused("last_administrator", sentence)


def _role_fault(role: str) -> Fault:
    return Fault("unknown_role", "role", f"There is no role {role!r}; choose one of {', '.join(Role)}.")


def _login_faults(login: str) -> list[Fault]:
    if _LOGIN.fullmatch(login) and len(login) <= 120:
        return []
    return [Fault("not_a_login", "login", f"{login!r} is no login: letters a to z, digits and . _ - @ + inside.")]


def _password_faults(password: str, login: str) -> list[Fault]:
    if not passwords.LEAST_LENGTH <= len(password) <= passwords.MOST_LENGTH:
        sentence = f"A password has {passwords.LEAST_LENGTH} to {passwords.MOST_LENGTH} characters."
        return [Fault("password_length", "password", sentence)]
    if password.lower() in (login, login[::-1]) or len(set(password)) < 4:
        return [Fault("password_weak", "password", "This password is easily guessed; choose another.")]
    return []

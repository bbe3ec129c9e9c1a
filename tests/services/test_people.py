"""Users, sign-ins, four eyes; on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core import db, people
from core.errors import BadInput, FourEyes, NotFound, NotPermitted, Refused
from core.words import Role
from tests.support.business import ADA, ANNA, NOW, OLGA

GOOD = "correct horse"


def add(engine: Engine, login: str = "mia", role: str = "operator") -> None:
    with db.transaction(engine, NOW) as session:
        people.add_user(session, ADA, NOW, login=login, name=login.title(), role=role, password=GOOD)


def test_who_signed_in_acts_with_the_permissions_of_the_role(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session:
        token = people.sign_in(session, " MIA ", GOOD, NOW, hours=12)
    with db.reading(engine) as session:
        actor = people.whoami(session, token, NOW + timedelta(hours=11))
        assert actor == people.person("mia", "Mia", Role.OPERATOR)
        assert people.whoami(session, token, NOW + timedelta(hours=12)) is None
        assert people.whoami(session, token + "x", NOW) is None
        assert people.whoami(session, "", NOW) is None


def test_an_unknown_login_and_a_wrong_password_are_refused_with_the_same_sentence(engine: Engine) -> None:
    add(engine)
    sentences = set()
    for login, password in (("mia", "wrong"), ("nobody", GOOD), ("", ""), ("mia", GOOD + " ")):
        with db.transaction(engine, NOW) as session, pytest.raises(Refused) as refused:
            people.sign_in(session, login, password, NOW, hours=1)
        sentences.add(refused.value.sentence)
    assert sentences == {"Login or password is wrong."}


def test_a_sign_out_ends_this_sign_in_and_no_other(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session:
        first, second = (people.sign_in(session, "mia", GOOD, NOW, hours=1) for _ in range(2))
        people.sign_out(session, first, NOW)
    with db.reading(engine) as session:
        assert people.whoami(session, first, NOW) is None
        assert people.whoami(session, second, NOW) is not None


def test_a_disabled_user_is_out_at_once_and_may_be_let_in_again(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session:
        token = people.sign_in(session, "mia", GOOD, NOW, hours=1)
        people.disable_user(session, ADA, NOW, login="mia", reason="left")
    with db.transaction(engine, NOW) as session:
        assert people.whoami(session, token, NOW) is None
        with pytest.raises(Refused, match="Login or password is wrong"):
            people.sign_in(session, "mia", GOOD, NOW, hours=1)
        people.enable_user(session, ADA, NOW, login="mia")
        assert people.whoami(session, token, NOW) is None
        assert people.sign_in(session, "mia", GOOD, NOW, hours=1)


def test_a_new_role_holds_for_sign_ins_that_are_open(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session:
        token = people.sign_in(session, "mia", GOOD, NOW, hours=1)
        people.set_role(session, ADA, NOW, login="mia", role="viewer")
    with db.reading(engine) as session:
        actor = people.whoami(session, token, NOW)
    assert actor is not None
    assert actor.permissions == people.granted_to(Role.VIEWER)


def test_a_new_password_ends_open_sign_ins_and_the_old_one_no_longer_opens(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session:
        token = people.sign_in(session, "mia", GOOD, NOW, hours=1)
        mia = people.whoami(session, token, NOW)
        assert mia is not None
        with pytest.raises(Refused, match="old password is wrong"):
            people.change_own_password(session, mia, NOW, old="not it at all", new="another good one")
        people.change_own_password(session, mia, NOW, old=GOOD, new="another good one")
        assert people.whoami(session, token, NOW) is None
        with pytest.raises(Refused):
            people.sign_in(session, "mia", GOOD, NOW, hours=1)
        people.set_password(session, ADA, NOW, login="mia", password="a third good one")
        assert people.sign_in(session, "mia", "a third good one", NOW, hours=1)


def test_there_is_always_an_administrator_left(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        people.add_first_administrator(session, NOW, login="ada", name="Ada", password=GOOD)
        with pytest.raises(Refused, match="last administrator"):
            people.disable_user(session, ADA, NOW, login="ada")
        with pytest.raises(Refused, match="last administrator"):
            people.set_role(session, ADA, NOW, login="ada", role="viewer")
        people.add_user(session, ADA, NOW, login="ben", name="Ben", role="administrator", password=GOOD)
        people.disable_user(session, ADA, NOW, login="ada")
        assert [user.login for user in people.users(session) if user.is_active] == ["ben"]


def test_only_an_empty_database_takes_a_first_administrator(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session, pytest.raises(Refused, match="there are users already"):
        people.add_first_administrator(session, NOW, login="eve", name="Eve", password=GOOD)


def test_everything_wrong_with_a_new_user_is_told_at_once(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session, pytest.raises(BadInput) as refused:
        people.add_user(session, ADA, NOW, login="mia", name=" ", email="nowhere", role="king", password="short")
    assert [(fault.code, fault.path) for fault in refused.value.faults] == [
        ("password_length", "password"),
        ("field_missing", "name"),
        ("not_an_email", "email"),
        ("unknown_role", "role"),
        ("login_taken", "login"),
    ]


def test_nobody_but_an_administrator_manages_people(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session:
        for actor in (OLGA, ANNA):
            with pytest.raises(NotPermitted):
                people.set_role(session, actor, NOW, login="mia", role="approver")
        with pytest.raises(NotFound):
            people.set_role(session, ADA, NOW, login="nobody", role="approver")


def test_the_password_is_kept_as_argon2id_and_the_token_as_its_hash(engine: Engine) -> None:
    add(engine)
    with db.transaction(engine, NOW) as session:
        token = people.sign_in(session, "mia", GOOD, NOW, hours=1)
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT password_hash FROM app_user").scalar_one()
        hashed = connection.exec_driver_sql("SELECT token_hash FROM app_session").scalar_one()
    assert kept.startswith("$argon2id$")
    assert token not in hashed


def test_one_person_may_not_hold_both_halves_of_a_pair() -> None:
    people.four_eyes("write_price", ["olga"], ANNA)
    for pair, halves in people.PAIRS.items():
        with pytest.raises(FourEyes, match=halves.second):
            people.four_eyes(pair, ["olga", "anna"], ANNA)

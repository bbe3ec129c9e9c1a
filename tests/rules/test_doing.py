"""What a permission lets one do, in words."""

import pytest

from core.errors import NotPermitted
from core.people import PERMISSIONS, person, require
from core.people.doing import DOES
from core.words import Role


def test_every_permission_says_what_it_lets_one_do() -> None:
    assert set(DOES) == set(PERMISSIONS)


def test_a_refusal_names_the_person_what_it_was_and_who_may() -> None:
    with pytest.raises(NotPermitted, match="Sam Ruiz may not approve documents"):
        require(person("sam", "Sam Ruiz", Role.OPERATOR), "invoicing.approve")

"""The text of a question at a door: what is no JSON, or not what somebody meant, is refused before it is answered."""

import pytest

from core.doors import question
from core.errors import BadInput


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("", "json", ""),
        ("no JSON", "json", ""),
        ('{"amount": 1.5}', "number_with_point", ""),
        ('{"amount": 1e3}', "number_with_point", ""),
        ('{"amount": NaN}', "number_with_point", ""),
        ('{"lines": [{"unit": "1", "unit": "2"}]}', "given_twice", "unit"),
        ("[" * 100_000, "json", ""),
        ("1" * 10_000, "json", ""),
    ],
)
def test_a_text_that_is_no_question_is_refused(text: str, code: str, path: str) -> None:
    with pytest.raises(BadInput) as caught:
        question(text)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [(code, path)]


def test_a_question_is_read_as_it_was_written() -> None:
    assert question('{"lines": [{"quantity": "0.10"}, {"quantity": 7}]}') == {
        "lines": [{"quantity": "0.10"}, {"quantity": 7}]
    }

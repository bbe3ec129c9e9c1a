"""What an error carries to the person and to the program."""

import pickle

import pytest

from core import errors
from core.errors import BadInput, BillingError, Fault, FourEyes, NotFound, NotPermitted, PeriodLocked, Refused, Stale

LOCKED = "Nothing was posted: March 2024 is closed. Ask finance to reopen it, or date the entry in April."


@pytest.mark.parametrize("kind", [Refused, NotPermitted, FourEyes, PeriodLocked, Stale, NotFound])
def test_an_error_reads_as_its_sentence_and_keeps_its_code(kind: type[Refused]) -> None:
    error = kind("period_locked", LOCKED)
    assert (str(error), error.sentence, error.code) == (LOCKED, LOCKED, "period_locked")


@pytest.mark.parametrize("kind", [NotPermitted, FourEyes, PeriodLocked, Stale, NotFound])
def test_every_particular_refusal_is_caught_as_a_refusal_and_as_a_billing_error(kind: type[Refused]) -> None:
    assert issubclass(kind, Refused)
    assert issubclass(kind, BillingError)


def test_bad_input_is_a_billing_error_but_no_refusal_of_a_rule() -> None:
    assert issubclass(BadInput, BillingError)
    assert not issubclass(BadInput, Refused)


def test_bad_input_carries_all_faults_in_their_order_and_reads_as_all_their_sentences() -> None:
    faults = [Fault("number_missing", "quantity", "The quantity is missing."), Fault("no_zone", "at", "No zone.")]
    error = BadInput(fault for fault in faults)
    assert error.faults == tuple(faults)
    assert str(error) == "The quantity is missing. No zone."
    assert error.code == "number_missing"


def test_a_single_fault_needs_no_ceremony() -> None:
    assert BadInput.one("no_zone", "at", "No zone.").faults == (Fault("no_zone", "at", "No zone."),)


def test_bad_input_without_a_fault_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="at least one fault"):
        BadInput([])


@pytest.mark.parametrize(
    "error",
    [BillingError("x", "Sentence."), FourEyes("x", "Sentence."), BadInput.one("x", "lines[2].quantity", "Sentence.")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_way_between_processes(error: BillingError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (back.code, back.sentence, str(back)) == (error.code, error.sentence, str(error))
    assert getattr(back, "faults", None) == getattr(error, "faults", None)


def test_the_tree_in_the_docstring_names_every_error_of_the_module() -> None:
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, BillingError)}
    assert {name for name in kinds if name not in (errors.__doc__ or "")} == set()

"""What a refused request was told, as a list of (code, path)."""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import BadInput


def faults_of(verb: Callable[..., Any], *args: Any, **given: Any) -> list[tuple[str, str]]:
    """The faults of a verb that has to refuse its input, all of them, in the order in which they were found."""
    with pytest.raises(BadInput) as refused:
        verb(*args, **given)
    for fault in refused.value.faults:
        assert fault.sentence.endswith("."), f"{fault.sentence!r} is no sentence"
    return [(fault.code, fault.path) for fault in refused.value.faults]

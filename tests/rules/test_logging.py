"""Logs never carry a secret, and carry what the business calls tokens."""

import json
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from core import logging as house_logging


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    import logging

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("smtp_password", "hunter2", "[hidden]"),  # by its name
        ("api_key", "hunter2", "[hidden]"),
        ("session_token", "hunter2", "[hidden]"),
        ("anything", SecretStr("hunter2"), "[hidden]"),  # by its type
        ("url", "postgresql://u:hunter2@h/books", "postgresql://u:[hidden]@h/books"),  # within an address
        ("headers", {"Authorization": "hunter2", "Accept": "*/*"}, {"Authorization": "[hidden]", "Accept": "*/*"}),
        ("parts", ["postgresql://u:hunter2@h/x", 7], ["postgresql://u:[hidden]@h/x", 7]),
        ("context_tokens", 4808, 4808),  # what is counted is no secret
        ("page", "http://127.0.0.1:8501/usage?day=2024-03-05", "http://127.0.0.1:8501/usage?day=2024-03-05"),
    ],
)
def test_a_line_of_the_log_hides_what_is_secret(
    capsys: pytest.CaptureFixture[str], name: str, value: object, written: object
) -> None:
    house_logging.configure(style="json")
    house_logging.get_logger("house").info("something.happened", **{name: value})
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["logger"], line["level"], line[name]) == (
        "something.happened",
        "house",
        "info",
        written,
    )


def test_other_libraries_log_through_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    house_logging.configure(level="WARNING", style="json")
    logging.getLogger("sqlalchemy.pool").warning("lost postgresql://u:hunter2@h/books")
    logging.getLogger("sqlalchemy.pool").info("too quiet for this level")
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "lost postgresql://u:[hidden]@h/books"

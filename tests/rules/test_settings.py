"""Settings, and the table of docs/settings.md that lists them."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from core.settings import PREFIX, ROOT, Settings

TABLE = re.compile(r"^\| `(COUNTINGHOUSE_\w+)` \| (.+?) \| (.+) \|$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `.env` of whoever runs the tests, and no variable of theirs."""
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
    monkeypatch.delenv(f"{PREFIX}DATABASE_URL", raising=False)


def shown(value: object) -> str:
    """A default as the table writes it."""
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    text = str(plain).lower() if isinstance(plain, bool) else str(plain)
    return f"`{text}`" if text else "empty"


def test_the_table_of_the_docs_says_what_the_code_says() -> None:
    documented = TABLE.findall((ROOT / "docs" / "settings.md").read_text(encoding="utf-8"))
    assert documented == [
        (f"{PREFIX}{name.upper()}", shown(field.default), field.description)
        for name, field in Settings.model_fields.items()
    ]


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("sqlite:///data/x.db", f"sqlite:///{ROOT}/data/x.db"),  # relative: from the project's folder
        ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),  # four strokes: absolute
        ("sqlite:///:memory:", "sqlite:///:memory:"),  # no file
        ("postgresql://u:p@h/books", "postgresql+psycopg://u:p@h/books"),  # the driver is ours to choose
        ("postgres://h/books", "postgresql+psycopg://h/books"),  # the old spelling
    ],
)
def test_a_database_address_is_understood_as(monkeypatch: pytest.MonkeyPatch, given: str, understood: str) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", given)
    assert Settings().database_url == understood


def test_another_database_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", "mysql://h/books")
    with pytest.raises(ValidationError, match="mysql is not supported: use sqlite:///… or postgresql://…"):
        Settings()


def test_a_mail_password_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SMTP_PASSWORD", "hunter2")
    with pytest.raises(ValidationError, match="SMTP_USER is not") as refusal:
        Settings()
    assert "hunter2" not in str(refusal.value)


def test_settings_printed_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", "postgresql://u:sesame@h/books")
    monkeypatch.setenv(f"{PREFIX}SMTP_USER", "u")
    monkeypatch.setenv(f"{PREFIX}SMTP_PASSWORD", "hunter2")
    made = Settings()
    assert "hunter2" not in repr(made)
    assert "sesame" not in repr(made)
    assert made.shown_database_url == "postgresql+psycopg://u:***@h/books"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COUNTINGHOUSE_PORT=9001\nCOUNTINGHOUSE_SESSION_HOURS=3\n")
    monkeypatch.setenv(f"{PREFIX}PORT", "9002")
    assert (Settings().port, Settings().session_hours) == (9002, 3)


def test_the_desk_says_where_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().address == "http://127.0.0.1:8501"
    monkeypatch.setenv(f"{PREFIX}BASE_URL", "https://billing.example.com/")
    assert Settings().address == "https://billing.example.com"

"""Settings: what differs from one installation to the next. docs/settings.md lists them; a test keeps the two alike.

Read from the environment (COUNTINGHOUSE_ before the name) and from a file `.env` in the project's folder; the
environment wins. Business settings (day basis, tolerances, …) are something else: dated rows in the database.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "COUNTINGHOUSE_"


class Settings(BaseSettings):
    """One field, one row of docs/settings.md. Paths that are not absolute count from the project's folder."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ROOT / ".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: str = Field(
        default="sqlite:///data/local/countinghouse.db",
        repr=False,
        description="Where everything is kept: SQLite, or PostgreSQL as postgresql://user:password@host/name.",
    )
    demo: bool = Field(default=True, description="Load the demo business when `make run` meets a new, empty database.")

    host: str = Field(default="127.0.0.1", description="The address that the desk listens on.")
    port: int = Field(default=8501, ge=1, le=65535, description="The port that the desk listens on.")
    base_url: str = Field(default="", description="The desk's address as people type it, for links in e-mails.")
    session_hours: int = Field(default=12, ge=1, le=720, description="Hours after which a sign-in ends.")

    inbox_dir: Path = Field(
        default=Path("data/local/inbox"), description="Usage files put here are taken in by the jobs."
    )
    outbox_dir: Path = Field(
        default=Path("data/local/outbox"), description="E-mails are put here while no SMTP host is set."
    )

    smtp_host: str = Field(
        default="", description="The server that sends e-mails; empty: they go to the outbox folder."
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    smtp_user: str = Field(default="", description="The name to sign in to it with; empty: no sign-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="The password that goes with the name.")
    smtp_starttls: bool = Field(default=True, description="Encrypt the connection (STARTTLS).")
    smtp_sender: str = Field(default="billing@example.com", description="The address that e-mails come from.")
    smtp_timeout_seconds: int = Field(default=30, ge=1, le=600, description="Seconds to wait for the mail server.")

    pdf_font: str = Field(
        default="", description="A TrueType font for what DejaVu Sans lacks in PDFs; empty: one that the system has."
    )

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="For eyes, or one JSON object a line."
    )

    @field_validator("database_url")
    @classmethod
    def _driver_and_place(cls, value: str) -> str:
        """The driver is ours to choose; a relative SQLite file counts from the project's folder."""
        for name in ("postgres://", "postgresql://"):
            if value.startswith(name):
                return "postgresql+psycopg://" + value.removeprefix(name)
        url = make_url(value)
        backend = url.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise ValueError(f"{backend} is not supported: use sqlite:///… or postgresql://…")
        if backend != "sqlite" or url.database in (None, "", ":memory:") or Path(str(url.database)).is_absolute():
            return value
        return url.set(database=str(ROOT / str(url.database))).render_as_string(hide_password=False)

    @field_validator("inbox_dir", "outbox_dir")
    @classmethod
    def _from_the_project(cls, value: Path) -> Path:
        return ROOT / value.expanduser()

    @model_validator(mode="after")
    def _a_password_needs_a_name(self) -> "Settings":
        if self.smtp_password.get_secret_value() and not self.smtp_user:
            raise ValueError(f"{PREFIX}SMTP_PASSWORD is set and {PREFIX}SMTP_USER is not: set both or none")
        return self

    @property
    def shown_database_url(self) -> str:
        """The database's address without its password, for screens and logs."""
        return make_url(self.database_url).render_as_string(hide_password=True)

    @property
    def pdf_fonts(self) -> tuple[Path, ...] | None:
        """The further fonts of `invoicing.pdf.render`; None: those that the system has."""
        return (ROOT / Path(self.pdf_font).expanduser(),) if self.pdf_font else None

    @property
    def address(self) -> str:
        """Where people find the desk."""
        return self.base_url.rstrip("/") or f"http://{self.host}:{self.port}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once. `settings.cache_clear()` reads them again."""
    return Settings()

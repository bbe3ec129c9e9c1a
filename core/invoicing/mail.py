"""Documents by e-mail: the message as a pure function of what is sent, and two ways to hand it over.

A message is made from the outbox row: its Message-ID comes from the row's dedupe key and its date is the row's, so every attempt
is the same message, byte for byte, and a mail system that receives it twice can tell. Delivery is at least once (domain.md §7),
so a failure says what is known: `NotSent` – nobody has it, it may be tried again or was refused for good; `MaybeSent` – the
connection broke after the whole message was handed over and before the answer, so a person should know before it is repeated.
"""

import hashlib
import os
import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, Protocol

from core.errors import BadInput, BillingError, Fault

WIRE = policy.SMTP.clone(cte_type="7bit", max_line_length=76)  # every relay carries it unchanged

Security = Literal["starttls", "tls", "none"]


class NotSent(BillingError):
    """The message did not leave. `permanent`: trying again will not help."""

    def __init__(self, code: str, sentence: str, permanent: bool = False) -> None:
        super().__init__(code, sentence)
        self.args = (code, sentence, permanent)
        self.permanent = permanent


class MaybeSent(BillingError):
    """The message was handed over whole, and nobody said whether it was taken."""


@dataclass(frozen=True)
class Attachment:
    """`media_type` as in application/pdf; the file name may be in any script."""

    name: str
    content: bytes = field(repr=False)
    media_type: str = "application/pdf"


@dataclass(frozen=True)
class Receipt:
    """What is known after a message left: the other side's answer, or the file that was written."""

    transport: str
    reference: str


class Transport(Protocol):
    def send(self, message: EmailMessage, dedupe_key: str) -> Receipt:
        """Hands the message over, or raises NotSent or MaybeSent."""


# ── the message ─────────────────────────────────────────────────────────────────────────────────────────────────────


def message_id(dedupe_key: str, sender: str) -> str:
    """The same key gives the same id; the right side is the sender's domain."""
    digest = hashlib.sha256(dedupe_key.encode()).hexdigest()[:40]
    return f"<{digest}@{_ascii_domain(sender.rpartition('@')[2])}>"


def compose(
    *,
    dedupe_key: str,
    sender: str,
    recipients: Sequence[str],
    subject: str,
    text: str,
    written_at: datetime,
    attachments: Sequence[Attachment] = (),
    sender_name: str = "",
    reply_to: str = "",
) -> EmailMessage:
    """The message of an outbox row; `written_at` is the row's aware instant. BadInput names every address or header that
    no mail system would take."""
    found = _faults(dedupe_key, sender, recipients, subject, sender_name, reply_to, written_at)
    if found:
        raise BadInput(found)
    message = EmailMessage(policy=WIRE)
    message["From"] = Address(sender_name, addr_spec=_on_the_wire(sender))
    message["To"] = [Address(addr_spec=one) for one in dict.fromkeys(map(_on_the_wire, recipients))]
    if reply_to:
        message["Reply-To"] = Address(addr_spec=_on_the_wire(reply_to))
    message["Subject"] = subject
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = message_id(dedupe_key, sender)
    message["Auto-Submitted"] = "auto-generated"  # keeps holiday replies from answering a machine
    message.set_content(text)
    for attachment in attachments:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
    if message.is_multipart():
        message.set_boundary("=_" + hashlib.sha256(f"boundary {dedupe_key}".encode()).hexdigest()[:32])
    return message


def wire_bytes(message: EmailMessage) -> bytes:
    """The message as it travels: seven bits, CR LF."""
    return message.as_bytes(policy=WIRE)


_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_HOST = re.compile(
    r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _on_the_wire(address: str) -> str:
    """With its domain as DNS knows it: müller.example is xn--mller-kva.example."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{_ascii_domain(domain)}"


def _address_fault(address: str, path: str) -> Fault | None:
    local, at, domain = address.rpartition("@")
    good_local = _LOCAL.fullmatch(local) and ".." not in local and local.strip(".") == local
    if at and good_local and _HOST.fullmatch(_ascii_domain(domain)):
        return None
    sentence = (
        f"{address!r} is not an e-mail address that this product can write to; it looks like name@company.example."
    )
    return Fault("mail.address", path, sentence)


def _faults(
    dedupe_key: str,
    sender: str,
    recipients: Sequence[str],
    subject: str,
    sender_name: str,
    reply_to: str,
    written_at: datetime,
) -> list[Fault]:
    addresses = [("sender", sender)] + [(f"recipients[{n}]", one) for n, one in enumerate(recipients)]
    if reply_to:
        addresses.append(("reply_to", reply_to))
    found = [fault for path, address in addresses if (fault := _address_fault(address, path))]
    if not recipients:
        found.append(Fault("mail.nobody", "recipients", "There is no address to send to."))
    if not dedupe_key:
        found.append(Fault("mail.key", "dedupe_key", "A message needs the key of its outbox row."))
    if written_at.tzinfo is None:
        found.append(Fault("mail.instant", "written_at", "The instant of a message needs its zone."))
    for path, header in (("subject", subject), ("sender_name", sender_name)):
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in header):
            found.append(
                Fault("mail.header", path, f"The {path.replace('_', ' ')} may not hold line breaks or controls.")
            )
    return found


# ── SMTP ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class SmtpTransport:
    """One connection a message. `starttls` is required, not tried, where it is asked for: a server that does not offer it gets
    neither password nor invoice."""

    host: str
    port: int = 587
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_seconds: int = 30
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def send(self, message: EmailMessage, dedupe_key: str) -> Receipt:
        """Receipt with the server's answer. All recipients or none: one refused address refuses the message."""
        sender, recipients = _envelope(message)
        try:
            server = self._open()
        except smtplib.SMTPException as error:
            raise _not_sent(self, error) from error
        except (OSError, ValueError) as error:
            sentence = (
                f"The e-mail was not sent: no connection to {self.host}:{self.port} ({error}). It is tried again."
            )
            raise NotSent("mail.connection", sentence) from error
        try:
            self._address(server, sender, recipients)
            answer = self._hand_over(server, wire_bytes(message))
        finally:
            _part(server)
        return Receipt("smtp", answer or dedupe_key)

    def _open(self) -> smtplib.SMTP:
        """A connection on which a message may begin."""
        context = self.context or ssl.create_default_context()
        server: smtplib.SMTP
        if self.security == "tls":
            server = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_seconds, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        try:
            server.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                server.starttls(context=context)
                server.ehlo()
            if self.username:
                server.login(self.username, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _address(self, server: smtplib.SMTP, sender: str, recipients: Sequence[str]) -> None:
        try:
            self._accepted("the sender", sender, server.mail(sender))
            for recipient in recipients:
                self._accepted("the recipient", recipient, server.rcpt(recipient))
        except (smtplib.SMTPException, OSError) as error:
            raise _not_sent(self, error) from error

    def _accepted(self, who: str, address: str, answer: tuple[int, bytes]) -> None:
        code, words = answer
        if code not in (250, 251):
            sentence = f"The e-mail was not sent: {self.host} refuses {who} {address}: {code} {_words(words)}"
            raise NotSent("mail.address_refused", sentence, permanent=500 <= code < 600)

    def _hand_over(self, server: smtplib.SMTP, data: bytes) -> str:
        """DATA by hand, because only before the last dot is it certain that nothing was sent."""
        try:
            code, words = server.docmd("DATA")
        except (smtplib.SMTPException, OSError) as error:
            raise _not_sent(self, error) from error
        if code != 354:
            raise NotSent("mail.refused", self._refusal(code, words), permanent=500 <= code < 600)
        dotted = re.sub(rb"(?m)^\.", b"..", data)
        try:
            server.send(dotted if dotted.endswith(b"\r\n") else dotted + b"\r\n")
        except (smtplib.SMTPException, OSError) as error:  # the last dot was never written
            raise _not_sent(self, error) from error
        try:
            server.send(b".\r\n")
            code, words = server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            sentence = (
                f"The e-mail may have been sent: {self.host} took the whole message and the connection ended before its answer "
                f"({error}). Ask the recipient, or send it again: it has the same Message-ID."
            )
            raise MaybeSent("mail.maybe_sent", sentence) from error
        if code != 250:
            raise NotSent("mail.refused", self._refusal(code, words), permanent=500 <= code < 600)
        return _words(words)

    def _refusal(self, code: int, words: bytes) -> str:
        return f"The e-mail was not sent: {self.host} refuses the message: {code} {_words(words)}"


def _envelope(message: EmailMessage) -> tuple[str, list[str]]:
    (sender,) = message["From"].addresses
    return sender.addr_spec, [address.addr_spec for address in message["To"].addresses]


def _words(answer: bytes | str) -> str:
    return " ".join((answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer).split())


def _not_sent(transport: SmtpTransport, error: Exception) -> NotSent:
    """What went wrong before the message was handed over; a wrong password is for good, a lost connection is not."""
    place = f"{transport.host}:{transport.port}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        sentence = f"The e-mail was not sent: {place} refuses the user or password in the settings ({error.smtp_code})."
        return NotSent("mail.login", sentence, permanent=500 <= error.smtp_code < 600)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        sentence = f"The e-mail was not sent: {place} does not offer what the settings ask for ({error})."
        return NotSent("mail.unsupported", sentence, permanent=True)
    if isinstance(error, smtplib.SMTPResponseException):
        sentence = f"The e-mail was not sent: {place} answers {error.smtp_code} {_words(error.smtp_error)}"
        return NotSent("mail.refused", sentence, permanent=500 <= error.smtp_code < 600)
    return NotSent("mail.connection", f"The e-mail was not sent: {place}: {error}. It is tried again.")


def _part(server: smtplib.SMTP) -> None:
    """Says goodbye; how that goes changes nothing about the message."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


# ── the local folder ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class FolderTransport:
    """Writes messages as .eml files, for demonstrations and for whoever has no mail server. A repeat of the same key writes the
    same file again; a file is whole or not there."""

    folder: Path

    def path_of(self, dedupe_key: str) -> Path:
        """A readable name that no two keys share."""
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", dedupe_key).strip("-.")[:60] or "message"
        return self.folder / f"{readable}-{hashlib.sha256(dedupe_key.encode()).hexdigest()[:12]}.eml"

    def send(self, message: EmailMessage, dedupe_key: str) -> Receipt:
        path = self.path_of(dedupe_key)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                with partial.open("wb") as file:
                    file.write(wire_bytes(message))
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
            _sync_folder(self.folder)
        except OSError as error:
            sentence = f"The e-mail was not written to {self.folder}: {error}. It is tried again."
            raise NotSent("mail.folder", sentence) from error
        return Receipt("folder", path.name)


def _sync_folder(folder: Path) -> None:
    """Makes the new name durable too; where folders cannot be opened (Windows) the file system does it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

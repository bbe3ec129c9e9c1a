"""Documents by e-mail: the same message at every attempt, a real server, a real folder, and what is known after a failure."""

import asyncio
import email
import hashlib
import os
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core.errors import BadInput
from core.invoicing import mail
from core.invoicing.mail import (
    Attachment,
    FolderTransport,
    MaybeSent,
    NotSent,
    SmtpTransport,
    compose,
    message_id,
    wire_bytes,
)
from tests.support.processes import was_killed

KEY = "document:17:send:1"
WRITTEN_AT = datetime(2024, 3, 5, 9, 30, tzinfo=UTC)
PDF = bytes(range(256)) * 40 + b"\r\n.\r\n.dots\r\n"
ROOT = Path(__file__).parents[2]


def message(**changes: object) -> EmailMessage:
    given: dict[str, object] = {
        "dedupe_key": KEY,
        "sender": "billing@countinghouse.example",
        "sender_name": "Żółw Billing, GmbH",
        "recipients": ("faktury@zolw.example",),
        "subject": "Rechnung für Łódź – EU-2024-000017 ₹ 株式会社",
        "text": "Dear Paweł,\n\nyour invoice is attached.\n.\n..\nŁódź, Ж, ₹\n",
        "written_at": WRITTEN_AT,
        "attachments": (Attachment("Rechnung Łódź 17.pdf", PDF),),
    }
    return compose(**{**given, **changes})  # type: ignore[arg-type]


def read(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=policy.default)  # type: ignore[return-value]


def unix(text: str) -> str:
    return text.replace("\r\n", "\n")


# ── the message ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_attempt_is_the_same_message_byte_for_byte():
    assert wire_bytes(message()) == wire_bytes(message())


def test_another_process_composes_the_same_bytes():
    program = (
        "import hashlib; from tests.services.test_mail import message, wire_bytes;"
        "print(hashlib.sha256(wire_bytes(message())).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(wire_bytes(message())).hexdigest()


def test_the_message_id_comes_from_the_key_alone():
    first = message_id(KEY, "billing@countinghouse.example")
    assert first == message()["Message-ID"]
    assert first == message(subject="Another", recipients=("x@y.example",))["Message-ID"]
    assert first != message_id("document:17:send:2", "billing@countinghouse.example")
    assert first.endswith("@countinghouse.example>")


def test_subject_text_and_attachment_arrive_as_they_were_written():
    got = read(wire_bytes(message()))
    assert got["Subject"] == "Rechnung für Łódź – EU-2024-000017 ₹ 株式会社"
    assert got["From"].addresses[0].display_name == "Żółw Billing, GmbH"
    assert got["Date"].datetime == WRITTEN_AT
    body = got.get_body(("plain",))
    assert body is not None
    assert unix(body.get_content()) == "Dear Paweł,\n\nyour invoice is attached.\n.\n..\nŁódź, Ж, ₹\n"
    (pdf,) = got.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content_type()) == ("Rechnung Łódź 17.pdf", "application/pdf")
    assert pdf.get_content() == PDF


def test_it_travels_in_seven_bits_and_short_lines():
    data = wire_bytes(message(subject="ж" * 300, text="x" * 5000))
    assert data.isascii()
    assert max(len(row) for row in data.split(b"\r\n")) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert read(data)["Subject"] == "ж" * 300


def test_a_message_without_attachment_is_plain_text():
    assert read(wire_bytes(message(attachments=()))).get_content_type() == "text/plain"


def test_an_international_domain_is_written_as_dns_knows_it():
    assert message(recipients=("info@müller.example",))["To"] == "info@xn--mller-kva.example"


@pytest.mark.parametrize(
    ("changes", "path", "shows"),
    [
        ({"recipients": ()}, "recipients", "nobody to send to"),
        ({"recipients": ("nobody",)}, "recipients[0]", "no @"),
        ({"recipients": ("a@b.example", "a@b.example\r\nBcc: x@y.example")}, "recipients[1]", "a header smuggled in"),
        ({"recipients": ("a b@c.example",)}, "recipients[0]", "a space"),
        ({"recipients": ("a@b..example",)}, "recipients[0]", "an empty label"),
        ({"recipients": ("a@",)}, "recipients[0]", "no domain"),
        ({"recipients": ("ł@b.example",)}, "recipients[0]", "a name that only some mail systems can carry"),
        ({"sender": ""}, "sender", "no sender"),
        ({"subject": "x\r\nBcc: y@z.example"}, "subject", "a header smuggled in by the subject"),
        ({"sender_name": "x\ny"}, "sender_name", "and by the name"),
        ({"reply_to": "x"}, "reply_to", "nowhere to reply to"),
        ({"dedupe_key": ""}, "dedupe_key", "no key, so no Message-ID"),
        ({"written_at": datetime(2024, 3, 5)}, "written_at", "an instant without a zone"),  # noqa: DTZ001
    ],
)
def test_what_no_mail_system_would_take_is_refused_by_path(changes, path, shows):
    with pytest.raises(BadInput) as refused:
        message(**changes)
    assert [fault.path for fault in refused.value.faults] == [path], shows


# ── SMTP ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Inbox:
    """A mail server's handler that keeps what it takes, or answers as told."""

    def __init__(self, **answers: str) -> None:
        self.answers, self.taken = answers, []

    async def handle_MAIL(self, server, session, envelope, address, options):
        if "mail" in self.answers:
            return self.answers["mail"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "data" not in self.answers:
            self.taken.append(envelope)
        return self.answers.get("data", "250 taken as 4711")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server(inbox: Inbox, **options: object) -> Iterator[int]:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def smtp(port: int, **options: object) -> SmtpTransport:
    given: dict[str, object] = {"security": "none", "timeout_seconds": 5}
    return SmtpTransport("127.0.0.1", port, **{**given, **options})  # type: ignore[arg-type]


def test_a_real_server_receives_the_message_whole():
    inbox = Inbox()
    with mail_server(inbox) as port:
        receipt = smtp(port).send(message(recipients=("a@b.example", "c@d.example", "a@b.example")), KEY)
    (envelope,) = inbox.taken
    assert receipt.reference == "taken as 4711"
    assert envelope.mail_from == "billing@countinghouse.example"
    assert envelope.rcpt_tos == ["a@b.example", "c@d.example"], "nobody gets it twice"
    got = read(envelope.content)
    (pdf,) = got.iter_attachments()
    assert pdf.get_content() == PDF
    assert envelope.content == wire_bytes(message(recipients=("a@b.example", "c@d.example"))), "not a byte was changed"


@pytest.mark.parametrize("text", [".", ".\n.\n", "..two\n.one\n", "no line end", "\n\n\n"])
def test_lines_that_begin_with_a_dot_arrive(text):
    inbox = Inbox()
    with mail_server(inbox) as port:
        smtp(port).send(message(text=text, attachments=()), KEY)
    assert unix(read(inbox.taken[0].content).get_content()) == (text if text.endswith("\n") else text + "\n")


def test_one_refused_address_means_that_nobody_gets_it():
    inbox = Inbox()
    with (
        mail_server(inbox) as port,
        pytest.raises(NotSent, match=r"unknown@b\.example: 550 no such mailbox") as refused,
    ):
        smtp(port).send(message(recipients=("a@b.example", "unknown@b.example")), KEY)
    assert refused.value.permanent
    assert inbox.taken == []


@pytest.mark.parametrize(
    ("answers", "permanent", "shows"),
    [
        ({"data": "552 too large"}, True, "refused for good"),
        ({"data": "451 try later"}, False, "refused for now"),
        ({"mail": "553 not your sender"}, True, "the sender is refused"),
    ],
)
def test_a_refusal_says_whether_trying_again_helps(answers, permanent, shows):
    with mail_server(Inbox(**answers)) as port, pytest.raises(NotSent) as refused:
        smtp(port).send(message(), KEY)
    assert refused.value.permanent is permanent, shows
    assert next(iter(answers.values())) in str(refused.value)


def test_no_server_means_not_sent_and_worth_another_try():
    with pytest.raises(NotSent, match=r"no connection to 127\.0\.0\.1") as refused:
        smtp(free_port()).send(message(), KEY)
    assert not refused.value.permanent


def test_an_unknown_host_means_not_sent():
    with pytest.raises(NotSent, match=r"no connection to mail\.invalid"):
        SmtpTransport("mail.invalid", 25, security="none", timeout_seconds=2).send(message(), KEY)


def test_a_server_without_encryption_gets_nothing_when_encryption_is_asked_for():
    inbox = Inbox()
    with (
        mail_server(inbox) as port,
        pytest.raises(NotSent, match="does not offer what the settings ask for") as refused,
    ):
        smtp(port, security="starttls", username="desk", password="secret").send(message(), KEY)
    assert refused.value.permanent
    assert inbox.taken == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for 127.0.0.1 with its key, made for these tests and trusted by them alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2120, 1, 1))  # noqa: DTZ001
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def signed_in(server, session, envelope, mechanism, data) -> AuthResult:  # noqa: ARG001
    return AuthResult(success=data.login == b"desk" and data.password == b"secret", handled=False)


def test_sign_in_over_starttls_with_the_right_and_the_wrong_password(certificate):
    inbox, trust = Inbox(), ssl.create_default_context(cafile=certificate)
    options = {
        "tls_context": server_side(certificate),
        "require_starttls": True,
        "auth_required": True,
        "authenticator": signed_in,
    }
    with mail_server(inbox, **options) as port:
        asked = {"security": "starttls", "context": trust, "username": "desk"}
        smtp(port, **asked, password="secret").send(message(), KEY)
        with pytest.raises(NotSent, match="refuses the user or password") as refused:
            smtp(port, **asked, password="guess").send(message(), KEY)
        assert "guess" not in str(refused.value)
    assert refused.value.permanent
    assert len(inbox.taken) == 1


def test_a_certificate_that_nobody_vouches_for_gets_nothing(certificate):
    inbox = Inbox()
    with (
        mail_server(inbox, tls_context=server_side(certificate)) as port,
        pytest.raises(NotSent, match="certificate"),
    ):
        smtp(port, security="starttls").send(message(), KEY)
    assert inbox.taken == []


def test_a_password_is_not_in_the_repr():
    assert "secret" not in repr(smtp(25, password="secret"))


class Breaking(socketserver.BaseRequestHandler):
    """A server that speaks until `at` and then hangs up without a word."""

    at = ""

    def handle(self) -> None:
        self.request.sendall(b"220 hello\r\n")
        lines = self.request.makefile("rb")
        inside = False
        for line in lines:
            if inside:
                if line == b".\r\n":
                    return
                continue
            word = line[:4].upper().strip().decode()
            if word == self.at:
                return
            inside = word == "DATA"
            self.request.sendall(b"354 go\r\n" if inside else b"250 fine\r\n")


@contextmanager
def breaking_server(at: str) -> Iterator[int]:
    handler = type("BreakingAt", (Breaking,), {"at": at})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("at", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_message_means_not_sent(at):
    with breaking_server(at) as port, pytest.raises(NotSent) as refused:
        smtp(port).send(message(), KEY)
    assert not refused.value.permanent


def test_a_connection_lost_after_the_message_means_maybe_sent():
    with breaking_server("never") as port, pytest.raises(MaybeSent, match="may have been sent"):
        smtp(port).send(message(), KEY)


def test_a_server_that_takes_the_message_and_never_answers_means_maybe_sent():
    waiting = threading.Event()

    class Slow(Inbox):
        async def handle_DATA(self, server, session, envelope):
            while not waiting.is_set():
                await asyncio.sleep(0.05)
            return await super().handle_DATA(server, session, envelope)

    with mail_server(Slow()) as port:
        with pytest.raises(MaybeSent):
            smtp(port, timeout_seconds=1).send(message(), KEY)
        waiting.set()


# ── the folder ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_folder_holds_one_file_a_key_however_often_it_is_sent(tmp_path):
    folder = FolderTransport(tmp_path / "not" / "yet" / "there")
    names = {folder.send(message(), KEY).reference for _ in range(3)}
    (file,) = folder.folder.iterdir()
    assert {file.name} == names
    assert file.read_bytes() == wire_bytes(message())
    assert file.suffix == ".eml"


@pytest.mark.parametrize(
    ("one", "other"), [("a:b", "a/b"), ("x" * 200 + "1", "x" * 200 + "2"), ("ż", "ź"), ("../../up", "up")]
)
def test_two_keys_never_share_a_file_nor_leave_the_folder(tmp_path, one, other):
    folder = FolderTransport(tmp_path)
    assert folder.path_of(one) != folder.path_of(other)
    assert folder.path_of(one).parent == folder.path_of(other).parent == tmp_path


def write_and_die(folder: Path) -> None:
    mail.os.fsync = lambda _handle: os.kill(os.getpid(), signal.SIGKILL)
    FolderTransport(folder).send(message(), KEY)


def test_a_writer_killed_half_way_leaves_no_half_message(tmp_path):
    assert was_killed(write_and_die, tmp_path)
    assert list(tmp_path.glob("*.eml")) == []
    FolderTransport(tmp_path).send(message(), KEY)
    assert [file.read_bytes() for file in tmp_path.glob("*.eml")] == [wire_bytes(message())]


def test_a_folder_that_cannot_be_written_means_not_sent(tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(NotSent, match="was not written"):
        FolderTransport(tmp_path / "taken").send(message(), KEY)

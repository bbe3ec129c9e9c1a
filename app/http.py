"""The routes beside the screens: health, sign in, sign out; and those of app/events.py, by which usage comes in.

They share the event loop with every session on the screen, so whatever waits (a database, a password's hash) is done on
a thread. The sign-in is a cookie that scripts cannot read and other sites cannot send along with a form (HttpOnly,
SameSite=Lax); the database knows only the hash of its token.
"""

import time
from collections import defaultdict, deque
from threading import Lock
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import events
from app.engine import engine
from app.guard import Guard as Guard
from app.guard import health
from app.screens import BY_NAME
from app.session import COOKIE
from core import db, people, wall
from core.errors import BillingError
from core.logging import get_logger
from core.settings import settings

log = get_logger(__name__)
LIMIT: Final = 10_000  # bytes of a sign-in form
TRIES, WITHIN_SECONDS = 8, 60  # wrong passwords for one login before it has to wait
_failed: dict[str, deque[float]] = defaultdict(deque)
_lock = Lock()


async def sign_in(request: Request) -> Response:
    """Login and password from a form; the cookie back, and on to the page that was wanted."""
    if not _own_form(request):
        return Response("This form came from another site.", 403)
    body = await request.body()
    if len(body) > LIMIT:
        return Response("Too long for a sign-in.", 413)
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    login, target = form.get("login", "").strip().lower(), _target(form.get("next", ""))
    if _too_many(login):
        return RedirectResponse(_with(target, "wait"), 303)
    token = await run_in_threadpool(_token, login, form.get("password", ""))
    if token is None:
        with _lock:
            _failed[login].append(time.monotonic())
        return RedirectResponse(_with(target, "failed"), 303)
    answer = RedirectResponse(target, 303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=settings().session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=settings().base_url.startswith("https:"),
    )
    return answer


async def sign_out(request: Request) -> Response:
    """End the sign-in and take the cookie back."""
    if not _own_form(request):
        return Response("This form came from another site.", 403)
    token = request.cookies.get(COOKIE, "")
    if token:
        await run_in_threadpool(_end, token)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return answer


def _token(login: str, password: str) -> str | None:
    try:
        with db.transaction(engine(), wall.now(), "desk.sign_in") as session:
            return people.sign_in(session, login, password, wall.now(), settings().session_hours)
    except BillingError as error:
        log.info("sign_in.refused", login=login, code=error.code)
        return None


def _end(token: str) -> None:
    with db.transaction(engine(), wall.now(), "desk.sign_out") as session:
        people.sign_out(session, token, wall.now())


def _own_form(request: Request) -> bool:
    """Whether the form was ours: browsers name the origin of every POST."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _target(wanted: str) -> str:
    """A page of ours with its query; anything else is the first page. Nothing of the text itself is sent back."""
    parts = urlsplit(wanted)
    name = parts.path.strip("/")
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "sign_in"]
    path = f"/{name}" if name in BY_NAME else "/"
    return f"{path}?{urlencode(query)}" if query else path


def _with(target: str, why: str) -> str:
    return f"{target}{'&' if '?' in target else '?'}sign_in={why}"


def _too_many(login: str) -> bool:
    """Guessing is slowed down for each login; the memory of this process is enough for that."""
    with _lock:
        recent = _failed[login]
        while recent and recent[0] < time.monotonic() - WITHIN_SECONDS:
            recent.popleft()
        if not recent:
            del _failed[login]
        return len(recent) >= TRIES


def today(request: Request) -> Response:
    """The first page has no name in its address; who types one comes to it all the same."""
    return RedirectResponse(f"/?{request.url.query}" if request.url.query else "/", 307)


ROUTES: Final = [
    Route("/today", today, methods=["GET"]),
    Route("/health", health, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    *events.ROUTES,
]

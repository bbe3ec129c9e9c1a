"""What every answer of ours carries, and whether we are well. Nothing here knows of screens: both servers use it."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.engine import reading
from core import desk
from core.logging import get_logger

log = get_logger(__name__)


def health(_request: Request) -> Response:
    """200 where the database answers."""
    try:
        with reading() as session:
            demo = desk.is_demo(session)
    except Exception:
        log.exception("health.database")
        return JSONResponse({"status": "no database"}, 503)
    return JSONResponse({"status": "ok", "demo": demo})


class Guard:
    """Headers that keep the desk out of other sites' frames and its addresses out of their logs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("X-Frame-Options", "SAMEORIGIN")
                headers.setdefault("Referrer-Policy", "same-origin")
            await send(message)

        await self.app(scope, receive, guarded if scope["type"] == "http" else send)

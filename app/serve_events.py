"""The routes of app/events.py in a process of their own, without the screens: `python -m app.serve_events [--host H] [--port P]`.

Any number of them may run beside each other and beside the desk: identity is settled in the database. SIGTERM finishes the requests
under way.
"""

import argparse

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from app import events
from app.guard import Guard, health
from core import logging
from core.settings import settings

PORT = 8502
app = Starlette(routes=[Route("/health", health, methods=["GET"]), *events.ROUTES], middleware=[Middleware(Guard)])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="serve-events", description=__doc__)
    parser.add_argument("--host", default=settings().host)
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args(arguments)
    logging.configure(settings().log_level, settings().log_format)
    uvicorn.run(app, host=given.host, port=given.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()

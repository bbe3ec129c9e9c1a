"""The web server's entry: `streamlit run asgi.py` (or any ASGI server) serves the desk and its routes in one process."""

import streamlit as st
from starlette.middleware import Middleware

from app.http import ROUTES, Guard
from core import logging
from core.settings import settings

logging.configure(settings().log_level, settings().log_format)
app = st.App("app/main.py", routes=ROUTES, middleware=[Middleware(Guard)])

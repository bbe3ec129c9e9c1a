"""The routes beside the screens: health, sign in, sign out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app import engine as app_engine
from app import http
from app.session import COOKIE
from core import db, desk, people, wall
from tests.support import databases
from tests.support.desk import add_people, use_database


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with databases.fresh("sqlite", tmp_path_factory.mktemp("http")) as address:
        add_people(address)
        yield address


@pytest.fixture
def client(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    use_database(monkeypatch, url)
    http._failed.clear()
    app = Starlette(routes=http.ROUTES, middleware=[Middleware(http.Guard)])
    with TestClient(app, follow_redirects=False) as opened:
        yield opened


def sign_in(client: TestClient, login: str = "ada", password: str = desk.DEMO_PASSWORD, **more: str):
    return client.post("/sign-in", data={"login": login, "password": password, **more})


def who(token: str) -> str | None:
    with db.reading(app_engine.engine()) as session:
        actor = people.whoami(session, token, wall.now())
    return actor.login if actor else None


def test_signing_in_sets_a_cookie_that_no_script_reads_and_no_other_site_sends(client: TestClient) -> None:
    answer = sign_in(client, " ADA ", next="/review?show=flagged")
    assert (answer.status_code, answer.headers["location"]) == (303, "/review?show=flagged")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert who(answer.cookies[COOKIE]) == "ada"


def test_a_wrong_password_sets_no_cookie_and_keeps_the_way_back(client: TestClient) -> None:
    answer = sign_in(client, password="not this one", next="/review?show=flagged")
    assert answer.headers["location"] == "/review?show=flagged&sign_in=failed"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/review", "/nowhere", "javascript:alert(1)", "\\\\x"]
)
def test_the_way_back_never_leaves_the_desk(client: TestClient, target: str) -> None:
    assert re.fullmatch(r"/(review)?", sign_in(client, next=target).headers["location"])


def test_a_form_of_another_site_is_refused(client: TestClient) -> None:
    data = {"login": "ada", "password": desk.DEMO_PASSWORD}
    for route in ("/sign-in", "/sign-out"):
        assert client.post(route, data=data, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/sign-in", data=data, headers={"Origin": "http://testserver"}).status_code == 303


def test_guessing_has_to_wait_and_the_right_password_too(client: TestClient) -> None:
    for _ in range(http.TRIES):
        sign_in(client, "mira", "wrong password")
    assert sign_in(client, "mira").headers["location"] == "/?sign_in=wait"
    assert sign_in(client, "ada").headers["location"] == "/"


def test_signing_out_ends_the_sign_in_in_the_database(client: TestClient) -> None:
    token = sign_in(client).cookies[COOKIE]
    client.cookies.set(COOKIE, token)
    assert client.post("/sign-out").status_code == 303
    assert who(token) is None


def test_a_form_too_long_for_a_sign_in_is_refused(client: TestClient) -> None:
    assert sign_in(client, password="x" * http.LIMIT).status_code == 413


def test_health_says_whether_the_database_answers(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/health").json() == {"status": "ok", "demo": False}
    use_database(monkeypatch, f"sqlite:///{tmp_path}/empty.db")
    assert client.get("/health").status_code == 503


def test_answers_keep_out_of_frames_and_guessing_of_types(client: TestClient) -> None:
    headers = client.get("/health").headers
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("SAMEORIGIN", "nosniff")


def test_the_first_page_is_found_by_its_name_too(client: TestClient) -> None:
    answer = client.get("/today?seller=EU")
    assert (answer.status_code, answer.headers["location"]) == (307, "/?seller=EU")

"""What the server of `tektra web` refuses, asked by programs that are no browser and need not keep to any rule."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import httpx2
import pytest

from tektra_cli.web.login import TRIES
from tests.harness import Tektra
from tests.web.serving import Web, web

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.fixture(scope="module")
def served(shared: Tektra) -> Iterator[Web]:
    with web(shared) as running:
        yield running


@pytest.fixture(scope="module")
def inside(served: Web) -> Iterator[tuple[httpx2.Client, str]]:
    client, page = served.entered()
    with closing(client):
        yield client, page


def test_without_the_token_nobody_gets_in(served: Web, inside: tuple[httpx2.Client, str]) -> None:
    _, page = inside
    for address in (f"{served.base}/", f"{served.base}/?token=guess", page, f"{page}ws", f"{served.base}/elsewhere"):
        answer = httpx2.get(address)
        assert (answer.status_code, answer.headers.get("Set-Cookie")) == (401, None), address
        assert "tektra web" in answer.text


def test_a_token_that_was_used_is_worth_nothing(served: Web, inside: tuple[httpx2.Client, str]) -> None:
    assert httpx2.get(served.address).status_code == 401


def test_the_cookie_is_for_this_server_s_own_path_and_for_no_script(shared: Tektra) -> None:
    with web(shared) as other:
        answer = httpx2.get(other.address)
        name, _, rest = answer.headers["Set-Cookie"].partition("=")
        room = answer.headers["Location"]
        assert {part.strip() for part in rest.split(";")[1:]} == {"HttpOnly", f"Path={room}", "SameSite=Strict"}
        assert len(room) > 20, "which nobody guesses"
        with web(shared) as another:
            assert httpx2.get(another.address).headers["Set-Cookie"].partition("=")[0] != name


def test_another_name_for_this_machine_is_refused(served: Web, inside: tuple[httpx2.Client, str]) -> None:
    client, page = inside
    port = served.base.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.2:{port}", f"localhost.evil:{port}"):
        assert client.get(page, headers={"Host": host}).status_code == 403, host
    assert client.get(page, headers={"Host": f"localhost:{port}"}).status_code == 200


def test_another_page_may_not_ask_here(served: Web, inside: tuple[httpx2.Client, str]) -> None:
    client, page = inside
    port = int(served.base.rpartition(":")[2])
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{port + 1}", f"https://127.0.0.1:{port}"):
        assert client.get(f"{page}ws", headers={**UPGRADE, "Origin": origin}).status_code == 403, origin
        assert client.get(page, headers={"Origin": origin}).status_code == 403, origin
        assert client.post(page, headers={"Origin": origin}).status_code == 403, origin
    assert client.get(f"{page}ws", headers=UPGRADE).status_code == 403, "a browser always says where it comes from"
    assert served.sessions() == []


def test_every_answer_keeps_pages_and_caches_out(served: Web, inside: tuple[httpx2.Client, str]) -> None:
    client, page = inside
    for answer in (client.get(page), client.get(f"{page}textual.js"), httpx2.get(page), client.get(f"{page}nothing")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        addresses = [part for part in policy.replace(";", " ").split() if "//" in part]
        assert {part.split("//")[1].rpartition(":")[0] for part in addresses} == {"127.0.0.1", "localhost"}
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_nothing_that_is_served_names_another_place(served: Web, inside: tuple[httpx2.Client, str]) -> None:
    client, page = inside
    served_here = [client.get(page + name) for name in ("", "page.css", "page.js", "xterm.css")]
    assert [answer.status_code for answer in served_here] == [200] * 4
    for answer in served_here:
        assert "http" not in answer.text.replace("http-equiv", "").split("*/", 1)[-1], answer.url


def test_files_beside_those_of_the_page_are_out_of_reach(inside: tuple[httpx2.Client, str]) -> None:
    client, page = inside
    for name in ("../server.py", "%2e%2e/server.py", "..%2fserver.py", "page.html", "static/page.css"):
        assert client.get(page + name).status_code in (401, 404), name


def test_too_many_wrong_tokens_end_the_right_one_and_the_terminal_says_so(shared: Tektra) -> None:
    with web(shared) as guessed:
        for _ in range(TRIES):
            assert httpx2.get(f"{guessed.base}/", params={"token": "guess"}).status_code == 401
        assert httpx2.get(guessed.address).status_code == 401
        assert "wrong tokens" in guessed.word_with("wrong")


def test_it_listens_on_this_machine_alone(served: Web) -> None:
    (connection,) = (one for one in served.process_sockets() if one.status == "LISTEN")
    assert connection.laddr.ip == "127.0.0.1"


def test_a_port_that_is_taken_is_told(shared: Tektra) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = shared.run("web", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert "--port 0" in done.stderr


def test_a_place_that_does_not_exist_is_told(shared: Tektra) -> None:
    assert shared.run("web", "moon").returncode == 2


def test_an_interrupt_ends_it(shared: Tektra) -> None:
    with web(shared) as running:
        assert running.stop() == 130
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(running.address)

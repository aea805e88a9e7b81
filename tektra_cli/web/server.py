"""The dashboard in a browser: who may come in, what they get, and one dashboard for each tab.

Everything is refused that does not come from a browser of this machine, to this address, with our cookie; see
docs/design/dashboard.md for what each check is against.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from string import Template
from typing import Any

from aiohttp import WSMsgType, web

from tektra_cli.web import session
from tektra_cli.web.login import TRIES, Login
from tektra_cli.web.session import Session

HERE = "127.0.0.1"
OWN = Path(__file__).with_name("static")
MOST_TABS = 8
MOST_BYTES = 1 << 20
"""Of one message: something large that is pasted."""
HEARTBEAT_S = 15.0
MOST_CELLS = (500, 200)
LEAST_CELLS = (20, 5)
TOO_MANY = "too many tabs show the dashboard; close one"
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), clipboard-read=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "tektra",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
FILES = {"page.css": "text/css", "page.js": "text/javascript", "textual.js": "text/javascript", "xterm.css": "text/css"}
STAY_OUT = "The address that stands in the terminal of `tektra web` leads in, once. For another one start it anew.\n"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """One login, and the tabs that came in by it."""

    def __init__(self, place: str, port: int, tell: Callable[[str], None]) -> None:
        """`tell` is told what whoever started this has to know."""
        self.login = Login()
        self._place = place
        self.port = port
        self._tell = tell
        self._tabs: set[web.WebSocketResponse] = set()

    @property
    def address(self) -> str:
        """What leads in, once."""
        return f"http://{HERE}:{self.port}/?token={self.login.token}"

    def application(self) -> web.Application:
        """The routes, behind the gate."""
        application = web.Application(middlewares=[self._gate])
        application.router.add_get("/", self._enter, allow_head=False)
        room = f"/{self.login.room}"
        application.router.add_get(f"{room}/", self._page, allow_head=False)
        application.router.add_get(f"{room}/ws", self._tab, allow_head=False)
        for name in FILES:
            application.router.add_get(f"{room}/{name}", self._file, allow_head=False)
        application.on_response_prepare.append(self._dress)
        application.on_shutdown.append(self._close)
        return application

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Before anything else: is it meant for us, and by whom?"""
        if request.headers.getall("Host", []) not in ([f"{HERE}:{self.port}"], [f"localhost:{self.port}"]):
            raise web.HTTPForbidden(text=f"This is {HERE}:{self.port}, and answers to no other name.\n")
        if any(origin != f"http://{request.host}" for origin in request.headers.getall("Origin", [])):
            raise web.HTTPForbidden(text="Another page may not ask here.\n")
        if request.path != "/" and not self.login.knows(request.cookies.get(self.login.cookie_name)):
            raise web.HTTPUnauthorized(text=STAY_OUT)
        return await handler(request)

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        """Exchange the token for a cookie, and leave it behind."""
        token = request.query.get("token")
        if token is None or not self._taken(token):
            raise web.HTTPUnauthorized(text=STAY_OUT)
        answer = web.HTTPSeeOther(f"/{self.login.room}/")
        answer.set_cookie(
            self.login.cookie_name, self.login.cookie, path=f"/{self.login.room}/", httponly=True, samesite="Strict"
        )
        raise answer

    def _taken(self, token: str) -> bool:
        had = self.login.token is not None
        taken = self.login.take(token)
        if had and self.login.token is None:
            wrong = f"{TRIES} wrong tokens were tried: nobody comes in by it any more. Start tektra web anew."
            self._tell("a browser came in; the address is used up" if taken else wrong)
        return taken

    async def _page(self, request: web.Request) -> web.StreamResponse:
        socket = f"ws://{request.host}/{self.login.room}/ws"
        text = Template((OWN / "page.html").read_text()).substitute(socket=socket)
        return web.Response(text=text, content_type="text/html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        return web.Response(body=_files()[name].read_bytes(), content_type=FILES[name], charset="utf-8")

    async def _tab(self, request: web.Request) -> web.StreamResponse:
        """A dashboard for as long as the tab is open."""
        if not request.headers.get("Origin"):
            raise web.HTTPForbidden(text="No page asks here.\n")
        if len(self._tabs) >= MOST_TABS:
            raise web.HTTPServiceUnavailable(text=TOO_MANY)
        line = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MOST_BYTES)
        self._tabs.add(line)
        try:
            await line.prepare(request)
            size = (_number(request.query.get("width"), 0), _number(request.query.get("height"), 1))
            async with session.begun(self._place, size) as dashboard:
                await _spoken(line, dashboard)
        finally:
            self._tabs.discard(line)
            await line.close()
        return line

    async def _dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """What every answer says about itself."""
        response.headers.update(HEADERS)
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; "
            f"connect-src ws://{HERE}:{self.port} ws://localhost:{self.port}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    async def _close(self, _: web.Application) -> None:
        for line in list(self._tabs):
            await line.close(message=b"the server ends")


@asynccontextmanager
async def serving(place: str, port: int, tell: Callable[[str], None]) -> AsyncIterator[Server]:
    """A server at a port of 127.0.0.1, any free one where it is 0; every session ends with the block.

    Raises OSError where the port is not to be had.
    """
    import socket

    with socket.create_server((HERE, port)) as sock:
        server = Server(place, sock.getsockname()[1], tell)
        runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=2 * session.END_S)
        await runner.setup()
        try:
            await web.SockSite(runner, sock).start()
            yield server
        finally:
            await runner.cleanup()


def is_installed() -> bool:
    """Whether what draws the terminal in the browser is there."""
    return importlib.util.find_spec("textual_serve") is not None


def _files() -> dict[str, Path]:
    """Our own, and what textual-serve brings along: xterm.js, and its look."""
    spec = importlib.util.find_spec("textual_serve")
    assert spec is not None
    assert spec.origin is not None
    theirs = Path(spec.origin).with_name("static")
    return {
        "page.css": OWN / "page.css",
        "page.js": OWN / "page.js",
        "textual.js": theirs / "js" / "textual.js",
        "xterm.css": theirs / "css" / "xterm.css",
    }


async def _spoken(line: web.WebSocketResponse, dashboard: Session) -> None:
    """Carry both ways, until either end has had enough."""

    async def drawn() -> None:
        async for piece in dashboard.drawn():
            await line.send_bytes(piece)

    async def said() -> None:
        async for message in line:
            if message.type is WSMsgType.TEXT:
                await _heard(message.data, line, dashboard)

    tasks = [asyncio.ensure_future(drawn()), asyncio.ensure_future(said())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _heard(text: str, line: web.WebSocketResponse, dashboard: Session) -> None:
    """One message of the page's; what is none of those that it sends is left alone."""
    match _parsed(text):
        case ["stdin", str(keys)]:
            await dashboard.typed(keys)
        case ["resize", {"width": width, "height": height}]:
            await dashboard.told(type="resize", width=_number(width, 0), height=_number(height, 1))
        case ["ping", str(data)]:
            await line.send_json(["pong", data])
        case ["focus" | "blur" as what, *_]:
            await dashboard.told(type=what)
        case _:
            pass


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(said: Any, axis: int) -> int:
    """A count of cells that somebody says; what is none, or no sensible one, is taken as the nearest that is."""
    try:
        return min(MOST_CELLS[axis], max(LEAST_CELLS[axis], int(said)))
    except (ValueError, TypeError, OverflowError):
        return (80, 24)[axis]

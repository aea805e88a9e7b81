"""A real browser without a window, driven by its own protocol (Chrome DevTools): what it shows and asks for."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(PROGRAM is None, reason="needs Chromium: apt install chromium")
PATIENCE_S = 60.0
QUIET = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    *QUIET,
)
REMEMBER = """
Object.defineProperty(Object.prototype, "websocket_url", {configurable: true, set(address) {
  window.shownTerminal = this;
  Object.defineProperty(this, "websocket_url", {value: address, writable: true});
}});
"""
"""The page keeps its terminal to itself; a test has to find it to read what stands there."""
READ = """(() => {
  const lines = window.shownTerminal?.terminal.buffer.active;
  return lines ? [...Array(lines.length).keys()].map(at => lines.getLine(at).translateToString(true)).join("\\n") : "";
})()"""


class Page:
    """One tab."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse, session: str) -> None:
        self._line = line
        self._session = session
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.requests: list[str] = []
        """Every address that it asked for."""
        self.complaints: list[str] = []
        """What stands in its console as an error."""

    async def listen(self) -> None:
        """Take what the browser says, until it ends."""
        async for message in self._line:
            said = message.json()
            if "id" in said:
                waiting = self._answers.pop(said["id"])
                if not waiting.done():
                    waiting.set_result(said)
            else:
                self._heard(said["method"], said["params"])

    def _heard(self, method: str, told: Any) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(told["url"])
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.complaints.append(told["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(told["exceptionDetails"]))

    async def ask(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters, "sessionId": self._session}
        await self._line.send_json({k: v for k, v in message.items() if v})
        said = await asyncio.wait_for(answer, PATIENCE_S)
        assert "result" in said, said
        return said["result"]

    async def enter(self, session: str) -> None:
        """Become the tab with this session."""
        self._session = session
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self.ask(f"{domain}.enable")
        await self.ask("Page.addScriptToEvaluateOnNewDocument", source=REMEMBER)

    async def go(self, address: str) -> None:
        """Open an address, as somebody does who clicks it in a terminal."""
        await self.ask("Page.navigate", url=address)

    async def value(self, expression: str) -> Any:
        """What a line of JavaScript comes to."""
        return (await self.ask("Runtime.evaluate", expression=expression, awaitPromise=True))["result"].get("value")

    async def text(self) -> str:
        """What the terminal shows."""
        return str(await self.value(READ) or "")

    async def until(self, words: str) -> str:
        """Wait until these stand in the terminal."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in (shown := await self.text()):
            assert time.monotonic() < deadline, f"never saw {words!r} in:\n{shown}\n{self.complaints}"
        return shown

    async def key(self, key: str) -> None:
        """Press a key that is a character."""
        await self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=key, unmodifiedText=key)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def picture(self) -> bytes:
        """It, as PNG."""
        return base64.b64decode((await self.ask("Page.captureScreenshot", format="png"))["data"])


@asynccontextmanager
async def page(width: int = 1280, height: int = 800) -> AsyncIterator[Page]:
    """A browser with one tab, and a profile of its own."""
    assert PROGRAM is not None
    profile = tempfile.mkdtemp(prefix="tk-browser-")
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        while b"DevTools listening on " not in (told := await process.stderr.readline()):
            assert told, "the browser did not start"
        address = told.decode().partition("listening on ")[2].strip()
        async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as line:
            tab = Page(line, "")
            listening = asyncio.ensure_future(tab.listen())
            target = (await tab.ask("Target.createTarget", url="about:blank"))["targetId"]
            attached = await tab.ask("Target.attachToTarget", targetId=target, flatten=True)
            await tab.enter(attached["sessionId"])
            yield tab
            listening.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        shutil.rmtree(profile, ignore_errors=True)


def keep(picture: bytes, path: Path) -> None:
    """Write a picture to look at."""
    path.write_bytes(picture)

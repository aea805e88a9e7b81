"""The tool that reads a page of the web: GET, from hosts that the agent may reach, at addresses that were checked."""

from __future__ import annotations

import asyncio
import codecs
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tektrad.agents.agent import Agent
from tektrad.agents.knocks import Tool as Declared
from tektrad.agents.tool import Here, Result, ToolFailed, Wish, parameter, parsed
from tektrad.agents.tools.confined import told
from tektrad.errors import CannotStart, InvalidRequest
from tektrad.sandbox.confinement import Limits
from tektrad.sandbox.sandbox import Sandbox
from tektrad.sandbox.uninterrupted import in_threads
from tektrad.trust import resource
from tektrad.trust.grant import Pattern

if TYPE_CHECKING:
    import httpx2

    from tektra_models.reach import CheckedTransport

INSIDE = Path(__file__).with_name("page_inside.py").read_text()
SECONDS = 20.0
"""For everything that comes over the network."""
MOST_BYTES = 2 << 20
MOST_REDIRECTS = 5
LONGEST_URL = 4096
HEADERS = {
    "User-Agent": "tektra",
    "Accept": "text/html, text/*, application/json, */*;q=0.5",
    "Accept-Encoding": "identity",
}
READING = Limits(seconds=10.0, memory_bytes=512 << 20, tasks=8, output_bytes=4 << 20)
REDIRECTS = (301, 302, 303, 307, 308)
TEXT = re.compile(
    r"text/.+|application/(.+\+)?(json|xml|yaml)|application/(x-)?(javascript|ecmascript|ndjson|yaml|toml|sh|sql|tex|latex)"
)
HTML = frozenset({"text/html", "application/xhtml+xml"})
CHARSET = re.compile(
    r"ascii|utf-8(-sig)?|utf-16(-[bl]e)?|utf-32(-[bl]e)?|iso8859-\d{1,2}|latin-1|cp\d{3,4}|koi8-[rtu]|mac-\w+|tis-620"
    r"|gbk?|gb2312|gb18030|hz|big5(hkscs)?|shift_?jis(x0213|_2004)?|euc_(jp|kr|jis_2004|jisx0213)|iso2022_\w+|johab"
)
"""Codecs of Python that are charsets, and take time in proportion to what they decode."""
DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE)
Resolve = Callable[[str, int], Awaitable[list[str]]]


class _Fetch(msgspec.Struct, forbid_unknown_fields=True):
    url: str


class _Read(msgspec.Struct, forbid_unknown_fields=True):
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered."""

    url: str
    status: int
    reason: str
    type: str
    charset: str
    body: bytes
    size: str
    """In words: it may be more than what was read."""
    is_cut: bool


class Bounds:
    """Hosts that may have addresses inside this machine or network, since its owner said so in the settings."""

    def __init__(self, private_hosts: str = "") -> None:
        """Names and addresses, with commas between; raises CannotStart."""
        try:
            self._private = frozenset(resource.host(each.strip()) for each in private_hosts.split(",") if each.strip())
        except InvalidRequest as error:
            raise CannotStart(f"the setting private_hosts is not right: {error.message}", error.hint) from error

    def may_be_private(self, host: str) -> bool:
        """Whether it is one of them."""
        return host in self._private

    def refusal(self, host: str, address: str) -> Exception:
        """What an agent is told of others."""
        return ToolFailed(
            f"{host} has the address {address}, which is inside this machine or network: no tool goes there"
        )


class Fetch:
    """Reads pages. Each request is one of its own: no cookies, no credentials, no connection that is kept."""

    declared = Declared(
        name="fetch",
        description="Read a web page or a text from the web",
        inputs={"url": parameter("string", "Its address, beginning with https:// or http://")},
        output_type="string",
    )
    writes = False
    is_repeatable = True

    def __init__(self, sandbox: Sandbox, bounds: Bounds, resolve: Resolve | None = None) -> None:
        """`resolve` asks for a host's addresses; none: the system does."""
        self._sandbox = sandbox
        self._bounds = bounds
        self._resolve = resolve

    def wish(self, here: Here, arguments: Mapping[str, Any]) -> Wish:
        """To reach that host, which has to be one of the agent's."""
        url = _url(parsed("fetch", _Fetch, arguments).url)
        _refuse_others(here.agent, _host(url))
        return Wish(str(url), "fetch", _host(url), "outside", preview=f"GET {url}")

    async def work(self, here: Here, said: Any) -> Result:
        """Get it, and show its text."""
        import httpx2  # which an idle daemon need not carry, as with pulling models

        url = _url(said)
        try:
            async with asyncio.timeout(SECONDS):
                transport = await asyncio.to_thread(self._transport)
                try:
                    page = await self._followed(here.agent, transport, url)
                finally:
                    await transport.aclose()
        except TimeoutError:
            raise ToolFailed(f"{_host(url)} did not answer completely within {SECONDS:.0f} seconds") from None
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise ToolFailed(f"{_host(url)} could not be reached: {error or type(error).__name__}") from error
        text = await asyncio.to_thread(_text, page)
        if page.type in HTML and text:
            async with in_threads(self._sandbox.fresh_folder()) as folder:
                text = (await told(self._sandbox, page.url, INSIDE, [], folder, text.encode(), READING, _Read)).text
        head = f"{page.url}: {page.status} {page.reason}, {page.type or 'of no type'}, {page.size}".replace(" ,", ",")
        cut = f"\n[only the first {MOST_BYTES >> 20} MiB were read]" if page.is_cut else ""
        return Result(f"{head}\n\n{text.strip() or 'it is empty'}{cut}", ok=page.status < 400)

    def _transport(self) -> CheckedTransport:
        """A transport of its own for each call: it loads certificates, in a thread."""
        from tektra_models.reach import CheckedTransport

        return CheckedTransport(self._bounds, resolve=self._resolve)

    async def _followed(self, agent: Agent, transport: CheckedTransport, url: httpx2.URL) -> Page:
        """The answer to a GET, wherever redirects of that host lead."""
        import httpx2

        for _ in range(MOST_REDIRECTS + 1):
            response = await transport.handle_async_request(httpx2.Request("GET", url, headers=HEADERS))
            try:
                location = response.headers.get("location", "")
                if response.status_code not in REDIRECTS or not location:
                    return await _page(url, response)
            finally:
                await response.aclose()
            url = _next(agent, url, location)
        raise ToolFailed(f"{_host(url)} redirected more than {MOST_REDIRECTS} times")


def _next(agent: Agent, url: httpx2.URL, location: str) -> httpx2.URL:
    """Where a redirect leads; raises ToolFailed for another host, of which the policy has not been asked."""
    target = _url(location, url)
    if _host(target) != _host(url):
        _refuse_others(agent, _host(target))
        raise ToolFailed(f"{url} leads to another host: fetch {target} to go there")
    if url.scheme == "https" and target.scheme != "https":
        raise ToolFailed(f"{url} leads to {target}, which is not https: fetch that to go there")
    return target


def _url(said: str, base: httpx2.URL | None = None) -> httpx2.URL:
    """An address of the web, its host in the one form in which hosts are ruled about; raises ToolFailed."""
    import httpx2

    try:
        url = base.join(_url_text(said)) if base is not None else httpx2.URL(_url_text(said))
    except (httpx2.InvalidURL, TypeError, ValueError) as error:
        raise ToolFailed(f"that is no address of the web: {error}") from error
    if url.scheme not in ("http", "https"):
        raise ToolFailed("fetch knows https:// and http:// only")
    if url.port is not None and not 0 < url.port < 1 << 16:
        raise ToolFailed(f"that is no address of the web: there is no port {url.port}")
    if url.userinfo:
        raise ToolFailed("an address with a user name or password in it is not fetched")
    host = _host(url)
    if not host:
        raise ToolFailed("the address names no host")
    try:
        return url.copy_with(host=resource.host(host), fragment=None)
    except (InvalidRequest, httpx2.InvalidURL) as error:
        raise ToolFailed(f"fetch: {error}") from error


def _host(url: httpx2.URL) -> str:
    """As it is asked for; what httpx2 calls `host` is for people."""
    return url.raw_host.decode("ascii")


def _url_text(said: str) -> str:
    text = said.strip()
    if len(text) > LONGEST_URL:
        raise ToolFailed(f"the address is longer than {LONGEST_URL} characters")
    return text


def _refuse_others(agent: Agent, host: str) -> None:
    """Raise ToolFailed for a host that is not on the agent's own list."""
    for said in agent.limits.network:
        allowed = Pattern.of("fetch", said)
        if allowed.kind == "any" or (allowed.kind == "host" and allowed.text == host):
            return
        if allowed.kind == "subdomains" and allowed.text in resource.domains(host):
            return
    known = ", ".join(agent.limits.network) or "none"
    raise ToolFailed(f"this agent may not reach {host}; hosts that it may reach: {known}")


async def _page(url: httpx2.URL, response: httpx2.Response) -> Page:
    """Read what comes, up to the limit; raises ToolFailed for what is no text."""
    kind, _, rest = response.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()[:100]
    length = response.headers.get("content-length", "")
    promised = f"{int(length)} bytes" if length.isascii() and length.isdigit() and len(length) < 20 else "some bytes"
    if kind and not TEXT.fullmatch(kind):
        raise ToolFailed(f"{url} is {kind}, {promised}, and no text")
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise ToolFailed(f"{url} comes compressed ({encoding[:40]}), although nobody asked for that")
    body, is_cut = bytearray(), False
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            is_cut = True
            break
    size = promised if is_cut else f"{len(body)} bytes"
    charset = re.search(r"charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", rest, re.IGNORECASE)
    said = charset[1] if charset else ""
    reason = "".join(c for c in response.reason_phrase if c.isprintable())[:100]
    return Page(str(url), response.status_code, reason, kind, said, bytes(body[:MOST_BYTES]), size, is_cut)


def _text(page: Page) -> str:
    """A body decoded by what it says of itself; raises ToolFailed for what is no text."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = next((name for mark, name in marks if page.body.startswith(mark)), "")
    declared = DECLARED.search(page.body[:2048]) if page.type in HTML else None
    codec = (
        marked or _codec(page.charset) or _codec(declared[1].decode("ascii", "replace") if declared else "") or "utf-8"
    )
    if b"\0" in page.body[:4096] and not codec.startswith(("utf-16", "utf-32")):
        raise ToolFailed(f"{page.url} is {page.type or 'of no type'}, {page.size}, and no text")
    return page.body.decode(codec, "replace").encode("utf-8", "replace").decode()


def _codec(charset: str) -> str:
    """Python's name of a charset; empty where it is none."""
    try:
        name = codecs.lookup(charset).name if charset else ""
    except (LookupError, ValueError):
        return ""
    # What servers call Latin-1 is Windows' superset of it, as browsers take it.
    return "cp1252" if name in ("iso8859-1", "ascii") else name if CHARSET.fullmatch(name) else ""

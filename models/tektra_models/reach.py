"""Which hub is talked to, and which addresses it may lead us to: the network half of "a source is untrusted".

A hub may redirect a download anywhere, and a name may resolve to anything. So every address is checked before it is
connected to, and it is the checked address that is connected to: asking twice would let the second answer differ.
Proxies from the environment are not used, since behind one the address could not be checked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import httpx2

from tektra_models.errors import BadRequest, HubRefused, HubUnreachable

DEFAULT_ENDPOINT = "https://huggingface.co"
MAX_REDIRECTS = 5
TIMEOUT = httpx2.Timeout(60.0, connect=15.0)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Bounds(Protocol):
    """Which hosts may have addresses inside this machine or network, and what is said of others that have."""

    def may_be_private(self, host: str) -> bool:
        """Whether somebody who may say so named this very host, so that a private address is what they meant."""

    def refusal(self, host: str, address: str) -> Exception:
        """What is raised where a host has an address that may not be reached."""


class Endpoint:
    """The hub that the user chose: an https address, or plain http on this machine."""

    def __init__(self, url: str | None = None) -> None:
        text = (url or os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).strip().rstrip("/")
        try:
            self.url = httpx2.URL(text)
        except httpx2.InvalidURL as exc:
            raise BadRequest(f"The hub's address {text!r} is not a URL.", "Set HF_ENDPOINT to https://HOST.") from exc
        self.host = self.url.host
        self.is_default = text == DEFAULT_ENDPOINT
        local = self.url.scheme == "http" and _is_loopback(self.host)
        if not self.host or self.url.userinfo or not (self.url.scheme == "https" or local):
            raise BadRequest(
                f"The hub's address {self.host or text!r} cannot be used: it must be https, or http on this machine.",
                "Set HF_ENDPOINT to https://HOST, without a user name in it.",
            )

    def same_origin(self, url: httpx2.URL) -> bool:
        """Whether the address belongs to the hub itself, so that its token may go there."""
        return (url.scheme, url.host, _port(url)) == (self.url.scheme, self.host, _port(self.url))

    def may_be_private(self, host: str) -> bool:
        """Whether the user named this very host, so that a private address is what they meant."""
        return host == self.host and not self.is_default

    def refusal(self, host: str, address: str) -> HubRefused:
        """Say that a hub leads to where it may not."""
        return HubRefused(
            f"{host} has the address {address}, which is inside this machine or network.",
            "If that is your own mirror, set HF_ENDPOINT to it.",
        )

    def check(self, url: httpx2.URL) -> None:
        """Refuse an address that a redirect may not lead to."""
        if url.scheme == "https" or (url.scheme == self.url.scheme and url.host == self.host):
            return
        raise HubRefused(f"The hub led to {url.scheme}://{url.host}, which is not https.", "Use another hub or mirror.")


class CheckedTransport(httpx2.AsyncBaseTransport):
    """Resolves a host, refuses addresses inside this machine or network, and connects to what it checked."""

    def __init__(
        self, bounds: Bounds, inner: httpx2.AsyncBaseTransport | None = None, resolve: Resolve | None = None
    ) -> None:
        self._bounds = bounds
        # Connections are kept by address, and two names may share one: keeping none means that no request travels over
        # a connection whose certificate was checked for another name.
        self._inner = inner or httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_keepalive_connections=0))
        self._resolve = resolve or resolve_host

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request to the first checked address that answers."""
        host = _asked(request.url)
        addresses = await self._resolve(host, _port(request.url))
        if not self._bounds.may_be_private(host):
            for address in addresses:
                if not is_public(address):
                    raise self._bounds.refusal(host, address)
        return await self._first_that_answers(request, addresses)

    async def _first_that_answers(self, request: httpx2.Request, addresses: list[str]) -> httpx2.Response:
        # The Host header was written when the request was made; TLS still has to hear the name.
        extensions = {**request.extensions, "sni_hostname": _asked(request.url)}
        failure: httpx2.TransportError = httpx2.ConnectError(f"{request.url.host} has no address")
        for address in addresses:
            pinned = httpx2.Request(
                request.method, request.url.copy_with(host=address), headers=request.headers, extensions=extensions
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
                failure = exc
        raise failure

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


class HubClient:
    """Reads from a hub, following redirects by hand; its token never leaves the hub's own origin."""

    def __init__(
        self, endpoint: Endpoint, token: str | None, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.endpoint = endpoint
        self._token = token
        # Neither .netrc nor cookies of the user's other tools are meant for here, hence no environment.
        self._client = httpx2.AsyncClient(
            transport=transport or CheckedTransport(endpoint),
            headers={"User-Agent": "tektra", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
            timeout=TIMEOUT,
        )

    async def __aenter__(self) -> HubClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    @asynccontextmanager
    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[httpx2.Response]:
        """Open the answer to a GET of `path` at the hub, wherever at most five redirects lead."""
        url = httpx2.URL(f"{self.endpoint.url}{path}")
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._send(url, dict(headers or {}))
            try:
                if response.next_request is None:
                    yield response
                    return
                url = response.next_request.url
            finally:
                await response.aclose()
        raise HubRefused(f"The hub redirected more than {MAX_REDIRECTS} times.", "Try again later.")

    async def _send(self, url: httpx2.URL, headers: dict[str, str]) -> httpx2.Response:
        self.endpoint.check(url)
        if self._token and self.endpoint.same_origin(url):
            headers["Authorization"] = f"Bearer {self._token}"
        return await self._client.send(self._client.build_request("GET", url, headers=headers), stream=True)


def unreachable(endpoint: Endpoint, exc: Exception) -> HubUnreachable:
    """Say that a hub did not answer, and why."""
    reason = str(exc) or type(exc).__name__
    return HubUnreachable(
        f"The hub {endpoint.host} could not be reached: {reason}.",
        "Check the network, or set HF_ENDPOINT to a mirror that you can reach.",
    )


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public internet, also when it is an IPv4 one inside an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


async def resolve_host(host: str, port: int) -> list[str]:
    """Ask the system for a host's addresses."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise httpx2.ConnectError(f"the name {host} could not be resolved") from exc
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _asked(url: httpx2.URL) -> str:
    """A host as it is written into the request: the system's resolver would read other letters by older rules."""
    return url.raw_host.decode("ascii")


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)

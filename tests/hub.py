"""A small model hub on loopback: real HTTP, real ranges, and switches for everything that can go wrong on the way.

    with Hub({"owner/repo": {"model-Q8_0.gguf": content}}) as hub:
        … HF_ENDPOINT=hub.url …

Switches are plain attributes and may be changed while it runs; `requests` lists what was asked, in order.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from tests.loopback import Loopback, Server

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE, FILE = "some/tiny-GGUF", "tiny-Q8_0.gguf"
"""What the fixture `hub` has."""


@dataclass(frozen=True)
class Asked:
    """One request; header names are in lower case."""

    path: str
    headers: dict[str, str]

    @property
    def range(self) -> str | None:
        return self.headers.get("range")

    @property
    def is_file(self) -> bool:
        return "/resolve/" in self.path


@dataclass
class Hub(Loopback):
    """Serves `{repository: {file name: content}}` as Hugging Face does, on a free port of 127.0.0.1."""

    repositories: dict[str, dict[str, bytes]]
    token: str | None = None
    """When set, requests without this bearer token get 401."""
    status: int | None = None
    """Every answer has this status and no content."""
    file_statuses: list[int] = field(default_factory=list)
    """Statuses of the next file answers, used up one by one; 0 lets the answer through."""
    without_digest: bool = False
    """Files are listed as small ones outside LFS, without a SHA-256."""
    wrong_digest: str | None = None
    """The SHA-256 that is promised in place of the true one."""
    wrong_size: int | None = None
    """The size that is promised in place of the true one."""
    wrong_bytes: dict[str, bytes] = field(default_factory=dict)
    """Content that is sent in place of the true one, by file name."""
    ignore_range: bool = False
    """Every file answer is 200 with the whole content."""
    content_range: str | None = None
    """The Content-Range of partial answers, whatever is sent."""
    cut_after: int | None = None
    """The connection is closed after that many bytes of a file answer…"""
    cuts: int = 1_000_000
    """… as many times as this."""
    hold_after: int | None = None
    """After that many bytes of a file answer, `holding` is set and the rest waits until `release` is."""
    redirect_to: str | None = None
    """File requests are answered 302 to the same path at this address."""
    redirect_metadata_to: str | None = None
    """Metadata requests are answered 307 to this address."""

    requests: list[Asked] = field(default_factory=list)
    holding: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """What HF_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def file_requests(self) -> list[Asked]:
        """The requests for file contents."""
        return [asked for asked in self.requests if asked.is_file]

    def digest(self, repository: str, name: str) -> str:
        """The SHA-256 that the hub promises."""
        return self.wrong_digest or hashlib.sha256(self.repositories[repository][name]).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        hub: Hub = self.server.owner
        hub.requests.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
        path = unquote(urlsplit(self.path).path)
        if hub.status:
            self._empty(hub.status)
        elif hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._empty(401)
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+?)(?:/revision/(.+))?", path):
            self._metadata(found[1], found[2] or "main")
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(found[1], found[3])
        else:
            self._empty(404)

    def _metadata(self, repository: str, revision: str) -> None:
        hub: Hub = self.server.owner
        if hub.redirect_metadata_to:
            self._empty(307, Location=hub.redirect_metadata_to)
        elif repository not in hub.repositories or revision not in ("main", COMMIT):
            self._empty(404)
        else:
            files = [self._listed(repository, name) for name in hub.repositories[repository]]
            body = json.dumps({"id": repository, "modelId": repository, "sha": COMMIT, "siblings": files}).encode()
            self._head(200, len(body), {"Content-Type": "application/json"})
            self.wfile.write(body)

    def _listed(self, repository: str, name: str) -> dict[str, object]:
        hub: Hub = self.server.owner
        size = hub.wrong_size or len(hub.repositories[repository][name])
        listed: dict[str, object] = {"rfilename": name, "size": size, "blobId": "0" * 40}
        if not hub.without_digest:
            listed["lfs"] = {"size": size, "sha256": hub.digest(repository, name), "pointerSize": 134}
        return listed

    def _file(self, repository: str, name: str) -> None:
        hub: Hub = self.server.owner
        content = hub.repositories.get(repository, {}).get(name)
        status = hub.file_statuses.pop(0) if hub.file_statuses else 0
        if status or content is None:
            self._empty(status or 404)
        elif hub.redirect_to:
            self._empty(302, Location=hub.redirect_to + self.path)
        else:
            self._content(hub.wrong_bytes.get(PurePosixPath(name).name, content))

    def _content(self, content: bytes) -> None:
        hub: Hub = self.server.owner
        start = 0
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and not hub.ignore_range:
            start = int(wanted[1])
            if start >= len(content):
                self._empty(416)
                return
            headers["Content-Range"] = hub.content_range or f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._head(206 if "Content-Range" in headers else 200, len(content) - start, headers)
        self._send(content[start:])

    def _send(self, body: bytes) -> None:
        hub: Hub = self.server.owner
        if hub.cut_after is not None and hub.cuts > 0 and len(body) > hub.cut_after:
            hub.cuts -= 1
            self.wfile.write(body[: hub.cut_after])
            self.close_connection = True
        elif hub.hold_after is not None and len(body) > hub.hold_after:
            self.wfile.write(body[: hub.hold_after])
            hub.holding.set()
            hub.release.wait()
            self.wfile.write(body[hub.hold_after :])
        else:
            self.wfile.write(body)

    def _empty(self, status: int, **headers: str) -> None:
        self._head(status, 0, headers)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


Hub.handler = _Handler

"""Which file of which repository is meant, and what the hub promises about it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import httpx2
import msgspec

from tektra_models.errors import BadRequest, HubRefused, HubUnreachable
from tektra_models.reach import Endpoint, HubClient, unreachable
from tektra_models.tuning import CLASSES, Advice, Speed, advice, preference

# Without a wish: the usual compromise first, then its older relatives, then the larger and better one.
PREFERRED = ("Q4_K_M", "Q4_0", "Q4_K_S", "IQ4_NL", "Q4_1", "Q8_0")
MAX_ANSWER = 16 * 1024 * 1024
SHOWN_FILES = 20

_REPOSITORY = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}\Z")
_REVISION = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z")
_SHA256 = re.compile(r"\A[0-9a-f]{64}\Z")
_COMMIT = re.compile(r"\A[0-9a-f]{40}\Z")
_SPLIT = re.compile(r"-\d{5}-of-\d{5}\.gguf\Z", re.IGNORECASE)
_HUB_PREFIXES = ("hf.co/", "huggingface.co/")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for: a repository, and perhaps a file or quantization of it, and a revision."""

    repository: str
    wanted: str | None = None
    revision: str | None = None


class HubFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that a hub offers, with the digest that it promises."""

    repository: str
    revision: str
    file: str
    size_bytes: int
    sha256: str
    advice: Advice | None = None
    """A clearly faster type of the same class, of which the repository has a file."""

    @property
    def path(self) -> str:
        """Where its bytes are, below the hub's address."""
        return f"/{self.repository}/resolve/{quote(self.revision, safe='')}/{quote(self.file)}"


class _Lfs(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class _Sibling(msgspec.Struct, frozen=True):
    rfilename: str
    lfs: _Lfs | None = None


class _Repository(msgspec.Struct, frozen=True):
    siblings: list[_Sibling] = []
    sha: str | None = None


def parse_source(text: str, endpoint: Endpoint) -> Source:
    """Understand `OWNER/REPO`, `OWNER/REPO:FILE.gguf`, `OWNER/REPO:QUANT`, or an address at the hub."""
    rest, revision = text.strip(), None
    if "://" in rest:
        rest, revision = _from_address(rest, endpoint)
    for prefix in _HUB_PREFIXES:
        rest = rest.removeprefix(prefix)
    repository, colon, wanted = rest.partition(":")
    bad_file = colon and (not wanted or not wanted.isprintable() or ".." in wanted or wanted.startswith("/"))
    if not _REPOSITORY.match(repository) or ".." in repository or bad_file:
        raise BadRequest(
            f"{text[:200]!r} does not name a model on a hub.",
            "Write OWNER/REPO, OWNER/REPO:FILE.gguf or OWNER/REPO:Q4_K_M.",
        )
    return Source(repository=repository, wanted=wanted or None, revision=revision)


def _from_address(text: str, endpoint: Endpoint) -> tuple[str, str | None]:
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        return text, None
    short = endpoint.is_default and (url.scheme, url.host) == ("https", "hf.co")
    if not short and not endpoint.same_origin(url):
        raise BadRequest(
            f"{text[:200]!r} is not at the hub {endpoint.host}.",
            "Set HF_ENDPOINT to that hub, or import a file that you downloaded: tektra models import FILE",
        )
    parts = url.path.strip("/").split("/")
    if len(parts) < 4 or parts[2] not in ("resolve", "blob", "tree"):
        return "/".join(parts), None
    # The address of a file or folder: owner, repository, "resolve", revision, path.
    name = "/".join(parts[4:])
    return "/".join(parts[:2]) + (f":{name}" if name else ""), parts[3]


async def find_file(
    client: HubClient, source: Source, revision: str | None, speeds: Sequence[Speed] = (), *, best: bool = False
) -> HubFile:
    """Ask the hub which files there are and choose one; `best` lets the speeds of types on this machine decide."""
    if best:
        _check_best(source, speeds)
    asked = revision or source.revision or "main"
    if not _REVISION.match(asked) or ".." in asked:
        raise BadRequest(f"{asked[:200]!r} cannot be a revision.", "Give a branch, a tag or a commit.")
    answer = await _read_repository(client, source.repository, asked)
    chosen = choose(answer.siblings, source, preference(speeds, PREFERRED) if best else PREFERRED)
    lfs = next(each.lfs for each in answer.siblings if each.rfilename == chosen)
    if lfs is None or not _SHA256.match(lfs.sha256) or lfs.size <= 0:
        raise HubRefused(
            f"The hub gives no SHA-256 for {chosen} in {source.repository}, so it could not be checked.",
            "Pull from a repository that keeps its models in LFS, or download it yourself: tektra models import FILE",
        )
    # The commit, and not the branch: what was promised stays what is downloaded, also on another day.
    commit = answer.sha if answer.sha and _COMMIT.match(answer.sha) else asked
    return HubFile(
        repository=source.repository,
        revision=commit,
        file=chosen,
        size_bytes=lfs.size,
        sha256=lfs.sha256,
        advice=_advice([each.rfilename for each in answer.siblings], chosen, speeds),
    )


def _check_best(source: Source, speeds: Sequence[Speed]) -> None:
    if source.wanted:
        raise BadRequest(
            f'"{source.wanted[:100]}" names a file, and the best one is asked for as well', "Leave out one of the two."
        )
    if not speeds:
        raise BadRequest("it is not known yet what is fastest on this machine", "Find out: tektra models tune")


def _advice(names: Sequence[str], chosen: str, speeds: Sequence[Speed]) -> Advice | None:
    """A clearly faster type than the chosen file's, if there is one file of it."""
    types = [name for types in CLASSES.values() for name in types]
    of_each = {each: [name for name in _with_tag(names, each) if not _SPLIT.search(name)] for each in types}
    own = next((each for each, files in of_each.items() if chosen in files), None)
    return advice(speeds, own, [each for each, files in of_each.items() if len(files) == 1 or each == own])


async def _read_repository(client: HubClient, repository: str, revision: str) -> _Repository:
    path = f"/api/models/{repository}/revision/{quote(revision, safe='')}?blobs=true"
    try:
        async with client.get(path) as response:
            check_status(response, repository, revision)
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise HubUnreachable(f"{client.endpoint.host} gave an endless answer.", "Is it really a hub?")
        return msgspec.json.decode(body, type=_Repository)
    except httpx2.HTTPError as exc:
        raise unreachable(client.endpoint, exc) from exc
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise HubUnreachable(
            f"{client.endpoint.host} answered, but not as a model hub does.", "Check HF_ENDPOINT."
        ) from exc


def check_status(response: httpx2.Response, repository: str, what: str) -> None:
    """Raise HubRefused for an answer that trying again will not change, and a protocol error for one that it may."""
    status = response.status_code
    if status < 400:
        return
    if status in (408, 425, 429) or status >= 500:
        raise httpx2.RemoteProtocolError(f"it answered with status {status}")
    where = f"{repository} at {response.request.url.host}"
    if status == 404:
        raise HubRefused(f"There is no {where}, or nothing called {what} in it.", "Check the name on the hub's page.")
    if status in (401, 403):
        raise HubRefused(
            f"The hub does not let us read {where} (status {status}): it does not exist, is private or is gated.",
            "Accept the model's terms on its page if it is gated, and set HF_TOKEN to a token that may read it.",
        )
    raise HubRefused(f"The hub refused {where} with status {status}.", "Try again later.")


def choose(siblings: list[_Sibling], source: Source, preferred: Sequence[str] = PREFERRED) -> str:
    """The one file that was meant; raises HubRefused with the list when that is not clear."""
    names = [each.rfilename for each in siblings if each.rfilename.lower().endswith(".gguf")]
    if source.wanted and source.wanted.lower().endswith(".gguf"):
        found = [name for name in names if source.wanted in (name, PurePosixPath(name).name)]
    elif source.wanted:
        found = _with_tag(names, source.wanted)
    else:
        found = _preferred(names, preferred)
    whole = [name for name in found if not _SPLIT.search(name)]
    if len(whole) == 1:
        return whole[0]
    if found and not whole:
        raise HubRefused(
            f"{source.repository} keeps {found[0]} in several parts, and parts cannot be pulled yet.",
            "Choose a smaller quantization in one file, or join the parts and import the result.",
        )
    raise HubRefused(_unclear(source, whole), _offer(source.repository, whole or names))


def _with_tag(names: Sequence[str], tag: str) -> list[str]:
    # A vision projector is quantized too, but is no model.
    pattern = re.compile(rf"(?:\A|[-._]){re.escape(tag)}(?=[-._])", re.IGNORECASE)
    return [name for name in names if pattern.search(PurePosixPath(name).name) and not _is_addition(name)]


def _preferred(names: list[str], preferred: Sequence[str]) -> list[str]:
    models = [name for name in names if not _is_addition(name)]
    for tag in preferred:
        if found := [name for name in _with_tag(models, tag) if not _SPLIT.search(name)]:
            return found
    return models


def _is_addition(name: str) -> bool:
    return "mmproj" in name.lower() or "imatrix" in name.lower()


def _unclear(source: Source, found: list[str]) -> str:
    if found:
        return f"{source.repository} has {len(found)} files that could be meant."
    wanted = f"matching {source.wanted!r}" if source.wanted else "in GGUF format"
    return f"{source.repository} has no file {wanted}."


def _offer(repository: str, names: list[str]) -> str:
    if not names:
        return "Look for a repository of the same model whose name ends in GGUF."
    shown = ", ".join(name for name in names[:SHOWN_FILES] if name.isprintable())
    more = f" and {len(names) - SHOWN_FILES} more" if len(names) > SHOWN_FILES else ""
    return f"Name one: {repository}:FILE, where FILE is one of {shown}{more}."


def find_token(endpoint: Endpoint) -> str | None:
    """The token for this hub: HF_TOKEN, or for Hugging Face itself what `hf auth login` saved."""
    if token := os.environ.get("HF_TOKEN", "").strip():
        return token
    if not endpoint.is_default:
        return None  # a saved login belongs to huggingface.co and to no other host
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    try:
        return Path(os.environ.get("HF_TOKEN_PATH") or home / "token").read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None

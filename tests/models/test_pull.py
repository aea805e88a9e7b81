"""Pulling from a hub: a real HTTP server on loopback that misbehaves in every way that a network can."""

from __future__ import annotations

import asyncio
import hashlib
import resource
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tektra_models.catalog import Catalog
from tektra_models.errors import (
    BadModelFile,
    BadRequest,
    DigestMismatch,
    DiskFull,
    HubRefused,
    HubUnreachable,
    ModelExists,
    PullBusy,
    PullFailed,
)
from tektra_models.hub import find_token
from tektra_models.pull import Done, Plan, Progress, PullEvent, Recommended, Verifying, pull
from tektra_models.reach import DEFAULT_ENDPOINT, CheckedTransport, Endpoint, HubClient, is_public
from tektra_models.tuning import Speed
from tests.ggufs import write_gguf
from tests.hub import COMMIT, Hub

pytestmark = pytest.mark.anyio
FILE = "Tiny-Q8_0.gguf"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model of about 3.4 MB."""
    return write_gguf(tmp_path_factory.mktemp("gguf") / "a.gguf", vocabulary=12_000, width=256).read_bytes()


@pytest.fixture
def hub(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    with Hub({"me/tiny": {FILE: content, "README.md": b"# Tiny"}}) as running:
        yield running


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


class Nap:
    """Stands for sleeping and remembers for how long."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def begin(hub: Hub, models: Path, source: str = "me/tiny", **more: Any) -> AsyncGenerator[PullEvent, None]:
    return pull(source, models_dir=models, **{"endpoint": hub.url, "sleep": Nap()} | more)


async def finish(hub: Hub, models: Path, source: str = "me/tiny", **more: Any) -> list[PullEvent]:
    return [event async for event in begin(hub, models, source, **more)]


def left(models: Path) -> list[str]:
    """The endings of the files among the weights."""
    return sorted(path.name.split(".", 1)[1] for path in (models / "blobs").iterdir())


def pulled(events: list[PullEvent]) -> bytes:
    """What lies under the final name."""
    assert isinstance(events[-1], Done)
    return Path(events[-1].model.path).read_bytes()


def manifests(models: Path) -> list[str]:
    """The models that a catalog would list."""
    return [path.name for path in models.glob("*.json")]


def part_size(models: Path) -> int:
    (path,) = (models / "blobs").glob("*.part")
    return path.stat().st_size


async def test_a_pull_tells_its_plan_its_progress_and_the_model(hub: Hub, models: Path, content: bytes) -> None:
    events = await finish(hub, models)
    plan, verifying, done = events[0], events[-2], events[-1]
    digest = hashlib.sha256(content).hexdigest()
    assert plan == Plan(
        repository="me/tiny", revision=COMMIT, file=FILE, total_bytes=len(content),
        sha256=digest, name="tiny-q8_0", resumed_bytes=0,
    )  # fmt: skip
    assert verifying == Verifying()
    assert isinstance(done, Done)
    assert isinstance(events[-3], Progress)
    assert events[-3].done_bytes == len(content)
    assert (done.model.source, done.model.origin, done.model.sha256) == ("pulled", "me/tiny", digest)
    assert pulled(events) == content
    assert Catalog(models).get("tiny-q8_0") == done.model
    assert left(models) == ["gguf"]


async def test_the_endpoint_comes_from_the_environment(hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url + "/")
    events = [event async for event in pull("me/tiny", models_dir=models)]
    assert isinstance(events[-1], Done)


@pytest.mark.parametrize("source", ["me/tiny:q8_0", f"me/tiny:{FILE}", "hf.co/me/tiny", "URL", "URL/resolve/main/FILE"])
async def test_a_source_may_be_written_in_several_ways(hub: Hub, models: Path, source: str) -> None:
    source = source.replace("URL", f"{hub.url}/me/tiny").replace("FILE", FILE)
    assert isinstance((await finish(hub, models, source))[-1], Done)


@pytest.mark.parametrize(
    "source", ["", "tiny", "a/b/c", "../b", "a/..", "me/tiny:", "me/tiny:../x.gguf", "https://elsewhere.example/a/b"]
)
async def test_a_source_that_names_nothing_is_refused_before_any_request(hub: Hub, models: Path, source: str) -> None:
    with pytest.raises(BadRequest):
        await finish(hub, models, source)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["a-Q8_0.gguf", "a-Q4_K_M.gguf", "a-F16.gguf"], "a-Q4_K_M.gguf"),
        (["a-Q8_0.gguf", "a.q4_0.gguf"], "a.q4_0.gguf"),
        (["a-Q8_0.gguf", "a-F16.gguf", "mmproj-a-Q4_0.gguf"], "a-Q8_0.gguf"),
        (["only.gguf", "notes.txt"], "only.gguf"),
    ],
)
async def test_without_a_wish_the_usual_quantization_is_chosen(
    hub: Hub, models: Path, content: bytes, names: list[str], chosen: str
) -> None:
    hub.repositories["me/many"] = dict.fromkeys(names, content)
    plan = (await finish(hub, models, "me/many"))[0]
    assert isinstance(plan, Plan)
    assert plan.file == chosen


async def test_an_unclear_choice_lists_the_files(hub: Hub, models: Path, content: bytes) -> None:
    hub.repositories["me/many"] = dict.fromkeys(["a-F16.gguf", "b-F16.gguf"], content)
    for source in ("me/many", "me/many:F16", "me/many:Q2_K"):
        with pytest.raises(HubRefused) as caught:
            await finish(hub, models, source)
        assert "a-F16.gguf, b-F16.gguf" in caught.value.hint


async def test_a_split_model_is_refused_in_clear_words(hub: Hub, models: Path, content: bytes) -> None:
    hub.repositories["me/big"] = {f"big-Q4_K_M-0000{part}-of-00002.gguf": content for part in (1, 2)}
    for source in ("me/big", "me/big:Q4_K_M", "me/big:big-Q4_K_M-00001-of-00002.gguf"):
        with pytest.raises(HubRefused, match="several parts"):
            await finish(hub, models, source)


async def test_a_cut_connection_is_taken_up_where_it_ended(hub: Hub, models: Path) -> None:
    hub.cut_after, hub.cuts = 1_000_000, 2
    nap = Nap()
    assert isinstance((await finish(hub, models, sleep=nap))[-1], Done)
    assert [asked.range for asked in hub.file_requests] == [None, "bytes=1000000-", "bytes=2000000-"]
    assert len(nap.seconds) == 2


async def test_a_hub_that_always_cuts_is_given_up_and_the_part_is_kept(hub: Hub, models: Path, content: bytes) -> None:
    hub.cut_after = 1000
    nap = Nap()
    with pytest.raises(PullFailed, match="stopped at 5,000 of") as caught:
        await finish(hub, models, sleep=nap)
    assert "run the same command again to go on" in caught.value.hint
    assert nap.seconds == [1.0, 2.0, 4.0, 8.0]
    hub.cut_after = None
    events = await finish(hub, models)
    assert isinstance(events[0], Plan)
    assert events[0].resumed_bytes == 5000
    assert hub.file_requests[-1].range == "bytes=5000-"
    assert pulled(events) == content


async def test_a_hub_without_ranges_is_read_from_the_start_again(hub: Hub, models: Path) -> None:
    hub.cut_after, hub.cuts, hub.ignore_range = 500_000, 1, True
    events = await finish(hub, models)
    assert isinstance(events[-1], Done)
    assert hub.file_requests[-1].range == "bytes=500000-"


async def test_an_answer_for_another_range_is_never_appended(hub: Hub, models: Path) -> None:
    hub.cut_after, hub.cuts, hub.content_range = 500_000, 1, "bytes 7-99/100"
    with pytest.raises(PullFailed, match="bytes 7-99/100"):
        await finish(hub, models)
    assert part_size(models) == 500_000


async def test_a_part_that_the_hub_cannot_continue_is_begun_anew(hub: Hub, models: Path) -> None:
    hub.cut_after, hub.cuts, hub.file_statuses = 500_000, 1, [0, 416]
    assert isinstance((await finish(hub, models))[-1], Done)
    assert [asked.range for asked in hub.file_requests] == [None, "bytes=500000-", None]


async def test_a_busy_hub_is_asked_again(hub: Hub, models: Path) -> None:
    hub.file_statuses = [503, 429, 0]
    assert isinstance((await finish(hub, models))[-1], Done)


async def test_bytes_that_are_not_the_promised_ones_are_thrown_away(hub: Hub, models: Path, content: bytes) -> None:
    flipped = bytearray(content)
    flipped[-1] ^= 1
    hub.wrong_bytes = {FILE: bytes(flipped)}
    with pytest.raises(DigestMismatch, match="thrown away"):
        await finish(hub, models)
    assert left(models) == []
    assert manifests(models) == []


async def test_more_bytes_than_promised_are_thrown_away(hub: Hub, models: Path, content: bytes) -> None:
    hub.wrong_bytes = {FILE: content + b"more"}
    with pytest.raises(DigestMismatch, match="longer than"):
        await finish(hub, models)
    assert left(models) == []


async def test_a_hostile_file_with_a_true_digest_is_removed(hub: Hub, models: Path) -> None:
    hub.repositories["me/bad"] = {"bad.gguf": b"GGUF" + b"\xff" * 100}
    with pytest.raises(BadModelFile):
        await finish(hub, models, "me/bad")
    assert left(models) == []


async def test_a_file_without_a_digest_is_refused(hub: Hub, models: Path) -> None:
    hub.without_digest = True
    with pytest.raises(HubRefused, match="no SHA-256"):
        await finish(hub, models)
    hub.without_digest, hub.wrong_digest = False, "../../../etc/passwd"
    with pytest.raises(HubRefused, match="no SHA-256"):
        await finish(hub, models)


async def test_what_does_not_exist_or_may_not_be_read_says_so(hub: Hub, models: Path) -> None:
    with pytest.raises(HubRefused, match="no me/other"):
        await finish(hub, models, "me/other")
    with pytest.raises(HubRefused, match="nothing called v9"):
        await finish(hub, models, revision="v9")
    hub.token = "right"
    with pytest.raises(HubRefused, match="status 401") as caught:
        await finish(hub, models)
    assert "HF_TOKEN" in caught.value.hint
    hub.status = 403
    with pytest.raises(HubRefused, match="gated"):
        await finish(hub, models)


async def test_a_token_from_the_environment_opens_the_hub(
    hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "right"
    monkeypatch.setenv("HF_TOKEN", "right")
    assert isinstance((await finish(hub, models))[-1], Done)


async def test_a_token_does_not_follow_a_redirect_to_another_origin(hub: Hub, models: Path) -> None:
    hub.token = "secret"
    with Hub(hub.repositories) as mirror:
        hub.redirect_to = mirror.url
        assert isinstance((await finish(hub, models, token="secret"))[-1], Done)
        assert hub.file_requests[0].headers["authorization"] == "Bearer secret"
        assert [set(asked.headers) & {"authorization", "cookie"} for asked in mirror.file_requests] == [set()]


async def test_a_redirect_to_another_private_host_is_refused(hub: Hub, models: Path) -> None:
    with Hub(hub.repositories) as inside:
        hub.redirect_to = inside.url.replace("127.0.0.1", "localhost")
        with pytest.raises(HubRefused, match="not https"):
            await finish(hub, models)
        hub.redirect_to = inside.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(HubRefused, match="inside this machine or network"):
            await finish(hub, models)
        hub.redirect_metadata_to = inside.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(HubRefused, match="inside this machine or network"):
            await finish(hub, models)
        assert inside.requests == []


async def test_endless_redirects_are_given_up(hub: Hub, models: Path) -> None:
    hub.redirect_to = hub.url
    with pytest.raises(HubRefused, match="more than 5 times"):
        await finish(hub, models)
    assert len(hub.file_requests) == 6


async def test_a_public_name_with_a_private_address_is_never_connected_to() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise AssertionError(f"connected to {request.url}")

    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "169.254.169.254"]

    endpoint = Endpoint("https://huggingface.co")
    transport = CheckedTransport(endpoint, httpx2.MockTransport(answer), resolve)
    async with HubClient(endpoint, None, transport) as client:
        with pytest.raises(HubRefused, match=r"169\.254\.169\.254"):
            async with client.get("/api/models/a/b"):
                pass


async def test_the_checked_address_is_the_one_connected_to_and_tls_hears_the_name() -> None:
    seen: list[tuple[str, str, object]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.url.host, request.headers["host"], request.extensions["sni_hostname"]))
        if request.url.host.startswith("2606"):
            raise httpx2.ConnectError("no route")
        return httpx2.Response(200)

    async def resolve(host: str, port: int) -> list[str]:
        return ["2606:2800:220:1::1", "93.184.216.34"]

    endpoint = Endpoint("https://huggingface.co")
    transport = CheckedTransport(endpoint, httpx2.MockTransport(answer), resolve)
    async with HubClient(endpoint, None, transport) as client, client.get("/x") as response:
        assert response.status_code == 200
    assert seen == [
        ("2606:2800:220:1::1", "huggingface.co", "huggingface.co"),
        ("93.184.216.34", "huggingface.co", "huggingface.co"),
    ]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
    ],
)
def test_only_addresses_of_the_public_internet_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "address", ["http://example.com", "http://10.0.0.1", "ftp://127.0.0.1", "https://me:pw@example.com", "nonsense"]
)
def test_a_hub_is_https_or_on_this_machine(address: str) -> None:
    with pytest.raises(BadRequest, match="hub's address") as caught:
        Endpoint(address)
    assert "pw" not in caught.value.message


async def test_a_hub_that_is_not_there_is_unreachable(hub: Hub, models: Path) -> None:
    with Hub({}) as gone:
        address = gone.url
    with pytest.raises(HubUnreachable) as caught:
        await finish(hub, models, endpoint=address)
    assert "HF_ENDPOINT" in caught.value.hint


async def test_a_model_larger_than_the_disk_is_refused_before_a_byte_is_asked_for(hub: Hub, models: Path) -> None:
    hub.wrong_size = 1 << 60
    with pytest.raises(DiskFull, match="1,152,921,504,606,846,976 bytes more"):
        await finish(hub, models)
    assert hub.file_requests == []


async def test_a_disk_that_fills_up_keeps_the_part(hub: Hub, models: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))
    try:
        with pytest.raises(DiskFull, match="kept"):
            await finish(hub, models)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert part_size(models) == 1_500_000
    events = await finish(hub, models)
    assert isinstance(events[0], Plan)
    assert events[0].resumed_bytes == 1_500_000
    assert isinstance(events[-1], Done)


async def test_the_same_pull_again_asks_for_no_file(hub: Hub, models: Path) -> None:
    first = await finish(hub, models)
    again = await finish(hub, models)
    assert len(hub.file_requests) == 1
    assert again[-1] == first[-1]
    other = (await finish(hub, models, name="Second"))[-1]
    assert isinstance(other, Done)
    assert other.model.name == "Second"
    assert len(hub.file_requests) == 1


async def test_a_taken_name_is_refused_before_the_download(hub: Hub, models: Path, tmp_path: Path) -> None:
    Catalog(models).add_link(write_gguf(tmp_path / "mine.gguf"), "mine")
    with pytest.raises(ModelExists):
        await finish(hub, models, name="mine")
    assert hub.file_requests == []


async def until_held(hub: Hub) -> None:
    assert await asyncio.to_thread(hub.holding.wait, 30)


async def test_two_pulls_of_one_file_do_not_meet(hub: Hub, models: Path) -> None:
    hub.hold_after = 100
    first = asyncio.create_task(finish(hub, models))
    await until_held(hub)
    with pytest.raises(PullBusy) as caught:
        await finish(hub, models)
    assert caught.value.code == "busy"
    hub.release.set()
    assert isinstance((await first)[-1], Done)


async def test_a_pull_that_is_cancelled_keeps_what_arrived_and_lets_go(hub: Hub, models: Path) -> None:
    hub.hold_after = 2_000_000
    first = asyncio.create_task(finish(hub, models))
    await until_held(hub)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    kept = part_size(models)
    hub.release.set()
    hub.hold_after = None
    assert isinstance((await finish(hub, models))[-1], Done)
    assert hub.file_requests[-1].range == (f"bytes={kept}-" if kept else None)


async def test_a_listener_that_goes_away_lets_go_of_the_file(hub: Hub, models: Path) -> None:
    async with aclosing(begin(hub, models)) as events:
        await anext(events)
    assert isinstance((await finish(hub, models))[-1], Done)


# Its clock moves on at every look, so that every piece is written and told at once.
PULL = """
import asyncio, itertools, sys
from pathlib import Path
from tektra_models.pull import Progress, pull

async def main():
    clock = itertools.count().__next__
    async for event in pull("me/tiny", models_dir=Path(sys.argv[1]), endpoint=sys.argv[2], clock=clock):
        if isinstance(event, Progress):
            print(event.done_bytes, flush=True)

asyncio.run(main())
"""


def pull_and_be_killed(hub: Hub, models: Path, after: int) -> None:
    """Pull in another process, which gets SIGKILL once that many bytes are on the disk."""
    command = [sys.executable, "-c", PULL, str(models), hub.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        while int(child.stdout.readline()) < after:
            pass
        child.kill()


async def test_a_killed_pull_is_taken_up_by_another_process(hub: Hub, models: Path, content: bytes) -> None:
    hub.hold_after = 2_500_000
    await asyncio.to_thread(pull_and_be_killed, hub, models, 2_500_000)
    kept = part_size(models)
    hub.hold_after = None
    events = await finish(hub, models)
    assert isinstance(events[0], Plan)
    assert events[0].resumed_bytes == kept == 2_500_000
    assert hub.file_requests[-1].range == f"bytes={kept}-"
    assert len(hub.file_requests) == 2
    assert pulled(events) == content
    assert left(models) == ["gguf"]


def test_a_saved_login_is_for_its_own_hub_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HF_TOKEN_PATH", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert find_token(Endpoint(DEFAULT_ENDPOINT)) is None
    (tmp_path / "token").write_text("saved\n")
    assert find_token(Endpoint(DEFAULT_ENDPOINT)) == "saved"
    assert find_token(Endpoint("https://mirror.example")) is None
    monkeypatch.setenv("HF_TOKEN", "mine")
    assert find_token(Endpoint("https://mirror.example")) == "mine"


SPEEDS = [
    Speed(quantization=name, prompt_per_s=prompt, written_per_s=written, bits_per_weight=4.5)
    for name, prompt, written in (("Q4_K_M", 315, 61), ("IQ4_NL", 619, 88), ("Q4_0", 500, 80), ("Q8_0", 900, 90))
]


@pytest.mark.parametrize(
    ("names", "usual", "best", "recommended"),
    [
        (["Q4_K_M", "IQ4_NL", "Q4_0", "Q8_0"], "Q4_K_M", "IQ4_NL", "IQ4_NL"),
        (["Q4_K_M", "IQ4_NL-00001-of-00002", "IQ4_NL-00002-of-00002", "Q4_0"], "Q4_K_M", "Q4_0", "Q4_0"),
        (["Q4_K_M", "Q8_0"], "Q4_K_M", "Q4_K_M", None),
        (["Q4_K_S", "Q4_0"], "Q4_0", "Q4_0", None),
        (["Q8_0", "F16"], "Q8_0", "Q8_0", None),
        (["Q4_K_M", "IQ4_NL", "mmproj-IQ4_NL"], "Q4_K_M", "IQ4_NL", "IQ4_NL"),
    ],
)
async def test_the_fastest_type_of_the_customary_class_is_taken_when_told_and_else_recommended(
    content: bytes, models: Path, names: list[str], usual: str, best: str, recommended: str | None
) -> None:
    with Hub({"me/many": {f"tiny-{name}.gguf": content for name in names}}) as hub:
        plain = await finish(hub, models, "me/many", speeds=SPEEDS)
        chosen = await finish(hub, models, "me/many", speeds=SPEEDS, best=True)
    (plan,) = (event for event in plain if isinstance(event, Plan))
    assert plan.file == f"tiny-{usual}.gguf"
    assert [event.quantization for event in plain if isinstance(event, Recommended)] == (
        [recommended] if recommended else []
    )
    (plan,) = (event for event in chosen if isinstance(event, Plan))
    assert plan.file == f"tiny-{best}.gguf"
    assert not [event for event in chosen if isinstance(event, Recommended)]


async def test_what_is_best_cannot_be_asked_for_with_a_file_or_without_figures(hub: Hub, models: Path) -> None:
    with pytest.raises(BadRequest, match="names a file"):
        await finish(hub, models, f"me/tiny:{FILE}", speeds=SPEEDS, best=True)
    with pytest.raises(BadRequest, match="not known yet"):
        await finish(hub, models, best=True)
    assert hub.file_requests == []

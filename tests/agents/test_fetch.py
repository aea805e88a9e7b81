"""The tool that reads pages, called as the door calls it: real servers, real confinement, names that lead anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tektrad.agents.agent import Agent, Limits
from tektrad.agents.tool import Here, Result, ToolFailed
from tektrad.agents.tools import fetch
from tektrad.agents.tools.fetch import Bounds, Fetch
from tektrad.errors import CannotStart
from tektrad.sandbox.sandbox import Sandbox
from tests.pages import Answer, Pages

pytestmark = pytest.mark.anyio
PAGE = """<html><head><title>Tea &amp; cake</title><style>p { color: red }</style></head><body>
<script>if (1 < 2) alert("<p>no</p>")</script><h1>Tea</h1><p>Green   tea is
<b>bitter</b>.</p><ul><li>one</li><li><a href="/two">two</a></li></ul><template><p>hidden</p></template>
<table><tr><th>kind</th><th>price</th></tr><tr><td>black</td><td>3</td></tr></table><pre>  a
    b</pre></body></html>"""


async def addresses(host: str, port: int) -> list[str]:
    """What names mean in these tests."""
    return {"web.example": ["127.0.0.1"], "inside.example": ["10.1.2.3"]}.get(host, [host])


def here(tmp_path: Path, *hosts: str) -> Here:
    return Here(0, "run", "run/1", Agent(name="a", limits=Limits(network=hosts)), tmp_path, tmp_path)


async def fetched(sandbox: Sandbox, place: Here, url: str, private: str = "web.example", **options: Any) -> Result:
    tool = Fetch(sandbox, Bounds(private), options.get("resolve", addresses))
    wish = tool.wish(place, {"url": url})
    assert (wish.action, wish.effect) == ("fetch", "outside")
    return await tool.work(place, wish.said)


async def test_a_page_becomes_text_that_can_be_read(holding: Sandbox, tmp_path: Path) -> None:
    with Pages({"/tea": Answer(PAGE.encode(), "text/html")}) as web:
        result = await fetched(holding, here(tmp_path, "*.example"), f"http://web.example:{web.port}/tea#part")
        asked = web.asked
    head, _, text = result.text.partition("\n\n")
    assert head == f"http://web.example:{web.port}/tea: 200 OK, text/html, {len(PAGE)} bytes"
    assert text.splitlines() == [
        "Tea & cake", "", "# Tea", "", "Green tea is bitter.", "", "- one", "", "- [two](/two)", "",
        "kind | price", "", "black | 3", "", "a", "    b",
    ]  # fmt: skip
    assert [(path, headers["host"]) for path, headers in asked] == [("/tea", f"web.example:{web.port}")]
    assert not asked[0][1].keys() & {"cookie", "authorization", "referer"}


async def test_words_are_read_in_their_own_charset(holding: Sandbox, tmp_path: Path) -> None:
    declared = '<meta http-equiv="Content-Type" content="text/html; charset=shift_jis"><p>茶</p>'
    pages: dict[str, Any] = {
        "/latin": Answer("café €".encode("cp1252"), "text/plain; charset=ISO-8859-1"),
        "/mark": Answer("thé".encode("utf-16"), "text/plain"),
        "/meta": Answer(declared.encode("shift_jis"), "text/html"),
        "/unknown": Answer("thé".encode(), "text/plain; charset=klingon"),
        "/no-charset": Answer("thé".encode(), "text/plain; charset=zlib"),
        "/wrong": Answer(b"th\xe9", "text/plain; charset=utf-8"),
        "/untyped": Answer(b"tea", ""),
    }
    with Pages(pages) as web:
        found = {
            path: (await fetched(holding, here(tmp_path, "*"), f"http://web.example:{web.port}{path}")).text.split(
                "\n\n"
            )[1]
            for path in pages
        }
    assert found == {
        "/latin": "café €", "/mark": "thé", "/meta": "茶", "/unknown": "thé", "/no-charset": "thé",
        "/wrong": "th\ufffd", "/untyped": "tea",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(b"\x89PNG", "image/png"), "is image/png, 4 bytes, and no text"),
        (Answer(b"ab\0cd", "text/plain"), "is text/plain, 5 bytes, and no text"),
        (Answer(b"\0\1", ""), "of no type, 2 bytes, and no text"),
        (Answer(b"x", "text/plain", headers={"Content-Encoding": "gzip"}), "compressed"),
        (Answer(b"x", length=100), "could not be reached"),
        (Answer(status=302, headers={"Location": "/loop"}), "more than 5 times"),
        (Answer(status=302, headers={"Location": "ftp://web.example/"}), "https:// and http:// only"),
        (Answer(status=302, headers={"Location": "http://user:pass@web.example/"}), "user name or password"),
        (Answer(status=302, headers={"Location": "http://other.org/"}), "may not reach other.org"),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}), "may not reach 127.0.0.1"),
        (Answer(status=302, headers={"Location": "http://[::1"}), "no address"),
        (Answer(status=302, headers={"Location": "http://more.example/a"}), "fetch http://more.example/a to go there"),
    ],
)
async def test_what_is_no_page_or_leads_away_is_said_in_words(
    holding: Sandbox, tmp_path: Path, answer: Answer, why: str
) -> None:
    with Pages({"/loop": answer}) as web, pytest.raises(ToolFailed) as caught:
        await fetched(holding, here(tmp_path, "*.example"), f"http://web.example:{web.port}/loop")
    assert why in str(caught.value)
    assert len(web.asked) == (6 if "5 times" in why else 1)


async def test_a_redirect_of_the_same_host_is_followed_without_what_the_first_answer_set(
    holding: Sandbox, tmp_path: Path
) -> None:
    away = Answer(status=301, headers={"Location": "/there", "Set-Cookie": "who=me"})
    with Pages({"/here": away, "/there": Answer(b"arrived")}) as web:
        result = await fetched(holding, here(tmp_path, "web.example"), f"http://web.example:{web.port}/here")
    assert result.text.endswith("/there: 200 OK, text/plain, 7 bytes\n\narrived")
    assert "cookie" not in web.asked[1][1]


async def test_a_large_text_is_cut_and_a_server_s_error_is_a_failure_with_words(
    holding: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MOST_BYTES", 1 << 20)
    endless = Answer(b"y" * (3 << 20), length=1 << 40)
    with Pages({"/endless": endless}) as web:
        cut = await fetched(holding, here(tmp_path, "*"), f"http://web.example:{web.port}/endless")
        gone = await fetched(holding, here(tmp_path, "*"), f"http://web.example:{web.port}/gone")
    assert (cut.ok, cut.text.count("y" * (1 << 20))) == (True, 1)
    assert cut.text.endswith("y\n[only the first 1 MiB were read]")
    assert (gone.ok, "404" in gone.text, "nothing here" in gone.text) == (False, True, True)


async def test_a_server_that_never_ends_is_left(
    holding: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.2)
    with Pages({"/slow": Answer(b"one", length=100, hold=True)}) as web, pytest.raises(ToolFailed, match="completely"):
        await fetched(holding, here(tmp_path, "*"), f"http://web.example:{web.port}/slow")


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["192.168.1.1"], ["169.254.169.254"], ["224.0.0.1"], ["240.0.0.1"], ["0.0.0.0"],
        ["100.64.0.1"], ["::1"], ["fe80::1%eth0"], ["fd00::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["ff02::1"],
        ["93.184.215.14", "127.0.0.1"],
    ],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_not_connected_to(holding: Sandbox, tmp_path: Path, found: list[str]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return found

    with pytest.raises(ToolFailed, match="inside this machine or network"):
        await fetched(holding, here(tmp_path, "*"), "http://rebound.example/", resolve=resolve)


async def test_a_name_is_asked_for_once_a_request_and_each_answer_is_checked(holding: Sandbox, tmp_path: Path) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    class Rebinding(Bounds):
        """The first answer may be reached, the second not, as if the name had been rebound in between."""

        def may_be_private(self, host: str) -> bool:
            return len(asked) == 1

    with Pages({"/a": Answer(status=302, headers={"Location": "/b"}), "/b": Answer(b"secret")}) as web:
        tool, place = Fetch(holding, Rebinding(), resolve), here(tmp_path, "*")
        wish = tool.wish(place, {"url": f"http://web.example:{web.port}/a"})
        with pytest.raises(ToolFailed, match=r"127\.0\.0\.2, which is inside"):
            await tool.work(place, wish.said)
    assert (asked, [path for path, _ in web.asked]) == (["web.example", "web.example"], ["/a"])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "https:// and http:// only"),
        ("http://", "names no host"),
        ("http://user@web.example/", "user name or password"),
        ("http://web.example\\@other.example/", "user name or password"),
        ("http://other.org/", "may not reach other.org; hosts that it may reach: \\*.example, 127.0.0.1"),
        ("http://example/", "may not reach example"),
        ("http://web.example.evil.org/", "may not reach web.example.evil.org"),
        ("http://0x7f.0.0.1/", "is no host"),
        ("http://2130706433/", "is no host"),
        ("http://[::ffff:10.0.0.1]/", "may not reach 10.0.0.1"),
        ("http://web.example/" + "x" * 5000, "longer than"),
        ("nothing", "https:// and http:// only"),
        ("http://a b/", "no"),
        ("http://web.example:99999/", "no address"),
        ("\nhttp://we\x00b.example/", "no address"),
    ],
)
def test_an_address_is_understood_in_one_way_or_refused(tmp_path: Path, url: str, why: str) -> None:
    tool = Fetch(Sandbox(tmp_path, []), Bounds())
    with pytest.raises(ToolFailed, match=why):
        tool.wish(here(tmp_path, "*.example", "127.0.0.1"), {"url": url})


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("HTTPS://Web.Example./a", "web.example"),
        ("http://straße.example/", "xn--strae-oqa.example"),
        ("http://[::ffff:127.0.0.1]/", "127.0.0.1"),
        ("http://web.example:8080/?q=http://other.org", "web.example"),
    ],
)
def test_the_policy_is_asked_about_the_host_that_would_be_reached(tmp_path: Path, url: str, host: str) -> None:
    wish = Fetch(Sandbox(tmp_path, []), Bounds()).wish(here(tmp_path, "*.example", "127.0.0.1"), {"url": url})
    assert (wish.action, wish.resource, wish.effect) == ("fetch", host, "outside")


def test_private_hosts_that_are_none_are_said_at_the_start() -> None:
    assert Bounds("Wiki.intern, 10.0.0.8,").may_be_private("wiki.intern")
    assert not Bounds("wiki.intern").may_be_private("10.0.0.8")
    with pytest.raises(CannotStart, match="private_hosts"):
        Bounds("http://wiki.intern")


async def test_a_hostile_page_takes_its_own_time_and_nobody_else_s(
    holding: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: dict[str, Any] = {
        "/deep": Answer(b"<div><a href=x>" * 60_000 + b"end", "text/html"),
        "/open": Answer(b"<script>" + b"<p>never</p>" * 1000, "text/html"),
        "/marks": Answer(b"&" * 500_000 + b"<!" * 10_000, "text/html"),
    }
    with Pages(pages) as web:
        place = here(tmp_path, "*")
        deep = await fetched(holding, place, f"http://web.example:{web.port}/deep")
        opened = await fetched(holding, place, f"http://web.example:{web.port}/open")
        marks = await fetched(holding, place, f"http://web.example:{web.port}/marks")
    assert deep.text.endswith("end")
    assert opened.text.endswith("it is empty")
    assert marks.ok

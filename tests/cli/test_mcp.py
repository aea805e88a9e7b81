"""`tektra mcp`: adding, looking, approving, in a terminal and from scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.screen import Terminal
from tests.harness import Tektra
from tests.mcp_servers import GREET, SUM, Web, command, tool

SLY = GREET | {"description": "Greets.\x1b[2K\u200b\U000e0041"}


@pytest.fixture(autouse=True)
def nothing_left(common: Tektra) -> Iterator[None]:
    yield
    with common.client() as client:
        for server in client.get("/api/mcp").json()["servers"]:
            client.delete(f"/api/mcp/{server['name']}")


def test_somebody_sees_what_a_model_would_read_and_approves_it(common: Tektra) -> None:
    with Terminal(common, "mcp", "add", "ours", "--", *command([SLY]), rows=60) as terminal:
        terminal.until("Approve 1 tool of ours? [y/N]")
        assert "Greets.\\u001b[2K\\u200b\\U000e0041" in terminal.screen.text
        assert "who: string. whom" in terminal.screen.text
        assert "confined (level" in terminal.screen.text
        assert "\x1b[2K" not in terminal.sent
        terminal.type("y\n").until("approved: agents may have mcp:ours")
        assert terminal.end() == 0
    listed = common.run("mcp", "list").stdout.splitlines()
    assert listed[0].split() == ["NAME", "HOW", "TOOLS", "STATE", "WHAT"]
    assert listed[1].split()[:4] == ["ours", "confined", "1", "approved"]


def test_who_says_no_has_added_nothing(common: Tektra) -> None:
    with Terminal(common, "mcp", "add", "ours", "--", *command([GREET])) as terminal:
        terminal.until("[y/N]").type("n\n").until("nothing was changed")
        assert terminal.end() != 0
    assert common.json("mcp", "list")["servers"] == []


def test_what_nothing_confines_is_asked_about_before_it_starts(common: Tektra) -> None:
    started = common.home / "started"
    with Terminal(common, "mcp", "add", "free", "--network", "--", "touch", str(started), columns=120) as terminal:
        terminal.until("nothing that confines it. Start it? [y/N]").type("n\n")
        assert terminal.end() != 0
    assert not started.exists()
    done = common.run("mcp", "add", "free", "--network", "--yes", "--env", "A=b", "--", *command([GREET]))
    assert (done.returncode, "confined by nothing" in done.stdout) == (0, True)
    assert common.json("mcp", "list")["servers"][0]["env"] == {"A": "b"}


def test_scripts_say_yes_beforehand_or_nothing_is_started(common: Tektra) -> None:
    refused = common.run("mcp", "add", "ours", "--", *command([GREET]))
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    document = json.loads(common.run("mcp", "add", "ours", "--yes", "--json", "--", *command([GREET, SUM])).stdout)
    assert (document["server"]["state"], len(document["approved"])) == ("approved", 2)
    assert document["tools"][0]["said"]["input_schema"] == GREET["inputSchema"]
    assert common.run("mcp", "rm", "ours").returncode == 2
    assert common.run("mcp", "rm", "ours", "--yes").stdout == "removed ours\n"
    assert common.run("mcp", "tools", "ours").returncode == 4


def test_a_change_is_shown_and_asked_about(common: Tektra) -> None:
    with Web([GREET, SUM]) as web:
        assert common.run("mcp", "add", "web", "--yes", web.url).returncode == 0
        web.tools = [GREET | {"description": "Obeys somebody"}, tool("more")]
        checked = common.run("mcp", "check", "web")
        assert "changed: suspended" in checked.stdout
        assert "tektra mcp approve web" in checked.stderr
        shown = common.run("mcp", "tools", "web").stdout
        for words in ("greet (changed)", "Obeys somebody", "before:\n    Greets somebody", "more (new)", "sum (gone)"):
            assert words in shown
        assert common.run("mcp", "list").stdout.splitlines()[1].split()[:5] == ["web", "by", "HTTP", "2", "changed:"]
        with Terminal(common, "mcp", "approve", "web", rows=60) as terminal:
            terminal.until("Approve 2 tools of web? [y/N]").type("y\n")
            assert terminal.end() == 0
        assert common.json("mcp", "tools", "web")["server"]["state"] == "approved"


def test_what_cannot_be_added_says_why(common: Tektra) -> None:
    for words, said in (
        (("http://example.org/mcp",), "Only https://"),
        (("--header", "X-Key=plain", "https://example.org/mcp"), "has to be a secret"),
        (("--env", "NOT_THERE_AT_ALL", "--", "true"), "there is no variable"),
        (("--", "nowhere-at-all"), "No such file"),
        (("--secret", "NOTHING", "--", "true"), "no secret"),
    ):
        done = common.run("mcp", "add", "ours", "--yes", *words)
        assert done.returncode != 0
        assert said in done.stderr
    assert common.json("mcp", "list")["servers"] == []

"""`tektra agents`: making one, changing it, looking at what it was, and its form as a file."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from tests.cli.screen import Terminal
from tests.harness import Tektra


def version_in(told: str) -> str:
    found = re.search(r"version ([0-9a-f]{12})", told)
    assert found is not None, told
    return found[1]


def test_the_shipped_agents_are_listed_and_shown(common: Tektra) -> None:
    head, *rows = common.run("agents", "list").stdout.splitlines()
    assert head.split() == ["NAME", "KIND", "MODEL", "TOOLS", "VERSION", "FROM"]
    row = next(row for row in rows if row.startswith("research "))
    assert re.fullmatch(r"research +tools +default +list, glob, search, read +[0-9a-f]{12} +shipped", row)
    told = common.run("agents", "show", "research").stdout
    assert re.search(r"^tools +list, glob, search, read$", told, re.MULTILINE)
    assert re.search(r"^time +10m$", told, re.MULTILINE)
    assert "\n\nYou answer a question from the files of one folder" in told
    assert common.json("agents", "list")["schema"] == "tektra.agents/1"


def test_every_flag_is_a_field_and_an_edit_changes_only_what_it_names(common: Tektra) -> None:
    (common.home / "told.txt").write_text("Count.\n")
    flags = (
        "--model tektra-starter --kind code --instructions-from told.txt --tool sqlite --tool agent:files --steps 5 "
        "--tokens 1000 --time 2m --memory 512 --cpus 2 --host B.example --host *.a.example --human never --thinking "
        "--remember --description Counts."
    )
    made = common.json("agents", "create", "flagged", *flags.split())
    assert made["agent"] == {
        "name": "flagged",
        "description": "Counts.",
        "kind": "code",
        "model": "tektra-starter",
        "instructions": "Count.",
        "tools": ["sqlite", "agent:files"],
        "memory": True,
        "human": "never",
        "thinking": True,
        "limits": {
            "steps": 5,
            "tokens": 1000,
            "seconds": 120,
            "memory_bytes": 512 << 20,
            "cpus": 2,
            "network": ["*.a.example", "b.example"],
        },
    }
    done = common.run("agents", "edit", "flagged", "--no-thinking", "--no-remember", "--no-tools", "--no-hosts")
    assert version_in(done.stdout) != made["version"][:12]
    after = common.json("agents", "show", "flagged")["agent"]
    assert after == made["agent"] | {
        "thinking": False,
        "memory": False,
        "tools": [],
        "limits": made["agent"]["limits"] | {"network": []},
    }
    same = common.run("agents", "edit", "flagged", "--steps", "5")
    assert same.stdout == f"flagged stays at version {version_in(done.stdout)}: nothing differs\n"


def test_what_was_is_listed_compared_and_brought_back(common: Tektra) -> None:
    first = version_in(common.run("agents", "create", "turning", "--instructions", "One.").stdout)
    second = version_in(common.run("agents", "edit", "turning", "--instructions", "Two.", "--steps", "7").stdout)
    told = common.run("agents", "diff", "turning").stdout
    assert told.splitlines()[:2] == [f"--- turning {first}", f"+++ turning {second}"]
    assert [line for line in told.splitlines()[2:] if line[0] in "+-"] == [
        "-One.",
        "+Two.",
        "-steps = 20",
        "+steps = 7",
    ]
    assert common.run("agents", "diff", "turning", second, first[:5]).stdout.startswith(f"--- turning {second}\n")
    assert common.run("agents", "diff", "turning", second).stdout == ""
    done = common.run("agents", "rollback", "turning", first[:6])
    assert (done.stdout, done.returncode) == (f"turning is at version {first}\n", 0)
    head, *rows = common.run("agents", "versions", "turning").stdout.splitlines()
    assert head.split() == ["VERSION", "WHEN", "WHO", "CURRENT", "WHAT"]
    assert [row.split()[0] for row in rows] == [first, second, first]
    assert rows[0].endswith("*        rolled back: instructions, limits.steps")
    assert [row.split()[3:] for row in rows[1:]] == [["instructions,", "limits.steps"], ["created"]]
    compared = common.json("agents", "diff", "turning")
    assert (compared["schema"], compared["from"][:12], compared["to"][:12]) == ("tektra.agent-diff/1", second, first)
    assert "One." in common.run("agents", "show", "turning", "--version", first).stdout
    assert common.run("agents", "rollback", "turning", "zzz").returncode == 4


def test_differences_are_coloured_on_a_terminal(common: Tektra) -> None:
    common.run("agents", "create", "painted")
    common.run("agents", "edit", "painted", "--steps", "9")
    with Terminal(common, "agents", "diff", "painted") as terminal:
        assert terminal.end() == 0
    assert "\x1b[31m-steps = 20\x1b[0m" in terminal.sent
    assert "\x1b[32m+steps = 9\x1b[0m" in terminal.sent


def test_one_version_has_nothing_to_be_compared_with(common: Tektra) -> None:
    common.run("agents", "create", "single")
    done = common.run("agents", "diff", "single")
    assert (done.returncode, done.stdout) == (4, "")
    assert "one version only" in done.stderr


def test_an_agent_is_edited_until_it_can_be_taken_and_a_shipped_one_is_copied(common: Tektra) -> None:
    editor = common.home / "agent-editor"
    editor.write_text(
        """#!/bin/sh
grep -q '^name = "data"' "$1" || exit 1
if [ -e once ]; then sed -i 's/^stepps/steps/' "$1"
else sed -i 's/^steps = 15/stepps = 16/' "$1"; touch once; fi
"""
    )
    editor.chmod(0o700)
    with Terminal(common, "agents", "edit", "data", env={"VISUAL": str(editor), "EDITOR": ""}) as terminal:
        terminal.until('there is no field "limits.stepps"').until("Edit it again? [y/N]").type("y\n")
        assert terminal.end() == 0
    assert "it was copied" in terminal.screen.text
    assert common.json("agents", "show", "data")["agent"]["limits"]["steps"] == 16
    assert common.run("agents", "versions", "data").stdout.splitlines()[-1].endswith("copied from the shipped one")
    with Terminal(common, "agents", "edit", "data", env={"VISUAL": "true"}) as terminal:
        assert (terminal.end(), "nothing was changed" in terminal.screen.text) == (1, True)
    done = common.run("agents", "rm", "data", "--yes")
    assert (done.stdout, done.returncode) == ("removed data\n", 0)
    assert "the shipped one of that name is there again" in done.stderr
    assert common.json("agents", "show", "data")["source"] == "shipped"
    assert common.run("agents", "rm", "data", "--yes").returncode == 2


def test_without_a_terminal_there_is_no_editor(common: Tektra) -> None:
    done = common.run("agents", "edit", "shell")
    assert (done.returncode, "agents import" in done.stderr) == (2, True)
    assert common.json("agents", "show", "shell")["source"] == "shipped"


def test_a_file_goes_out_and_comes_in_again(common: Tektra) -> None:
    exported = common.run("agents", "export", "shell").stdout
    assert tomllib.loads(exported)["name"] == "shell"
    text = "# our own\n" + exported.replace('name = "shell"', 'name = "ours"')
    (common.home / "ours.toml").write_text(text)
    assert common.run("agents", "import", "ours.toml").stdout.startswith("made ours, version ")
    piped = text.replace("steps = 20", "steps = 21")
    assert common.run("agents", "import", "-", stdin=piped).returncode == 2
    done = common.run("agents", "import", "-", "--yes", stdin=piped)
    assert done.stdout.startswith("ours is at version ")
    assert common.run("agents", "export", "ours", "-o", "again.toml").stdout == "saved again.toml\n"
    assert (common.home / "again.toml").read_text() == piped.removeprefix("# our own\n")
    assert common.run("agents", "export", "ours", "-o", "again.toml").returncode == 2
    made = common.json("agents", "create", "theirs", "--from", "ours.toml", "--steps", "3")
    assert (made["agent"]["limits"]["steps"], made["agent"]["tools"][0]) == (3, "shell")


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        (["import", "-"], 'name = "x"\nlimits.stepps = 3\n', 2, 'line 2: there is no field "limits.stepps"'),
        (["import", "-"], "name = ", 2, "no TOML"),
        (["import", "-"], "x = " + "[" * 20_000, 2, "nested too deeply"),
        (["import", "nowhere.toml"], None, 4, "no file"),
        (["create", "a/b"], None, 2, "no name of an agent"),
        (["import", "-"], 'name = "a/b"', 2, "line 1: name: "),
        (["create", "x", "--tool", "raed"], None, 2, "Did you mean read?"),
        (["create", "x", "--kind", "cook"], None, 2, "cook"),
        (["create", "x", "--steps", "0"], None, 2, "limits.steps"),
        (["create", "x", "--time", "soon"], None, 2, "soon"),
        (["create", "x", "--time", "forever"], None, 2, "limits.seconds"),
        (["create", "x", "--instructions", "a", "--instructions-from", "b"], None, 2, "exclude each other"),
        (["edit", "files", "--no-tools", "--tool", "read"], None, 2, "exclude each other"),
        (["edit", "nobody", "--steps", "3"], None, 4, 'no agent "nobody"'),
        (["show", "nobody"], None, 4, 'no agent "nobody"'),
        (["rm", "nobody", "--yes"], None, 4, 'no agent "nobody"'),
        (["rm", "files"], None, 2, "--yes"),
        (["versions", "nobody"], None, 4, 'no agent "nobody"'),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_is_said_in_words(
    common: Tektra, arguments: list[str], stdin: str | None, code: int, said: str
) -> None:
    done = common.run("agents", *arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_the_shell_completes_names_of_agents(common: Tektra) -> None:
    assert "research" in common.run("__complete", "agents").stdout.split()


def test_who_makes_an_agent_of_a_shipped_one_s_name_is_told(common: Tektra) -> None:
    assert "goes before" in common.run("agents", "create", "research").stderr
    assert common.run("agents", "rm", "research", "--yes").returncode == 0


def test_an_agent_that_exists_is_not_made_again(common: Tektra) -> None:
    common.run("agents", "create", "twice")
    done = common.run("agents", "create", "twice", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "agent_exists")

"""`tektra permissions`: what is allowed, and which rule says so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.screen import Terminal
from tests.harness import Tektra


def identity(told: str) -> str:
    found = re.match(r"granted (\w+): ", told)
    assert found is not None, told
    return found[1]


def test_what_nobody_spoke_of_is_asked_by_the_default_rule(common: Tektra) -> None:
    done = common.run("permissions", "test", "write", "/etc/passwd", "--agent", "coder")
    assert (done.stdout, done.stderr, done.returncode) == ("ask: by rule default (no rule speaks of it)\n", "", 0)


def test_with_check_the_exit_code_says_whether_it_is_allowed(common: Tektra) -> None:
    ask = common.run("permissions", "test", "use", "github", "--agent", "checked", "--check")
    deny = common.run("permissions", "test", "run", "make", "--agent", "checked", "--check")
    allow = common.run("permissions", "test", "use", "github", "--check")
    assert (ask.returncode, deny.returncode, allow.returncode) == (5, 5, 0)
    assert deny.stdout == "deny: by rule base#unconfined (nothing would confine the program)\n"
    assert allow.stdout == "allow: by rule base#owner (the owner acts by hand)\n"


def test_a_folder_is_granted_from_where_one_stands_and_links_are_followed(common: Tektra) -> None:
    real = common.home / "project"
    real.mkdir()
    (common.home / "link").symlink_to(real)
    told = common.run(
        "permissions", "grant", "allow", "write", "link", "--agent", "writer", "--expires", "7d", "--uses", "10",
        "--why", "my project",
    )  # fmt: skip
    ident = identity(told.stdout)
    first, *rest = told.stdout.splitlines()
    assert first == f"granted {ident}: allow write {real} and all beneath it for agent writer"
    assert rest[0] == f"rule: grant#{ident}"
    assert [line.split(":")[0] for line in rest] == ["rule", "expires", "uses"]
    done = common.run("permissions", "test", "write", "link/new.txt", "--agent", "writer")
    assert done.stdout == f"allow: by rule grant#{ident} (my project)\n"
    assert common.run("permissions", "test", "write", "project-evil", "--agent", "writer").stdout.startswith("ask:")


def test_a_domain_is_denied_to_all(common: Tektra) -> None:
    ident = identity(common.run("permissions", "grant", "deny", "fetch", "*.denied.example").stdout)
    done = common.run("permissions", "test", "fetch", "A.denied.example.", "--check")
    assert (done.stdout, done.returncode) == (f"deny: by rule grant#{ident}\n", 5)


def test_several_words_are_one_command_and_one_word_is_a_program(common: Tektra) -> None:
    def outcome(*words: str) -> str:
        done = common.run("permissions", "test", "run", "--agent", "builder", "--confinement", "A", "--", *words)
        return done.stdout.split(":")[0]

    told = common.run("permissions", "grant", "allow", "run", "--agent", "builder", "--", "git", "log", "-p")
    assert told.stdout.startswith(f"granted {identity(told.stdout)}: allow run git log -p for agent builder\n")
    assert [outcome("git", "log", "-p"), outcome("git", "log", "-p", "x"), outcome("git")] == ["allow", "ask", "ask"]
    told = common.run("permissions", "grant", "allow", "run", "make", "--agent", "builder")
    assert "make with any arguments" in told.stdout
    assert [outcome("make"), outcome("make", "install")] == ["allow", "allow"]
    common.run("permissions", "grant", "allow", "run", "ls", "--exact", "--agent", "builder")
    assert [outcome("ls"), outcome("ls", "/")] == ["allow", "ask"]


def test_what_was_revoked_is_in_the_long_list_only(common: Tektra) -> None:
    ident = identity(common.run("permissions", "grant", "allow", "use", "revoked-one").stdout)
    row = next(line for line in common.run("permissions", "list").stdout.splitlines() if line.startswith(ident))
    assert row.split() == [ident, "allow", "use", "revoked-one", "everybody", "always", "-", "-"]
    told = common.run("permissions", "revoke", ident[:8])
    assert (told.stdout, told.returncode) == (f"revoked {ident}: allow use revoked-one\nrule: grant#{ident}\n", 0)
    assert ident not in common.run("permissions", "list").stdout
    assert re.search(rf"^{ident} +allow \(revoked\)", common.run("permissions", "list", "--all").stdout, re.MULTILINE)
    assert common.run("permissions", "revoke", "nothing").returncode == 4


def test_every_answer_names_its_rule_in_json_too(common: Tektra) -> None:
    made = common.json("permissions", "grant", "ask", "call", "mail", "--agent", "json")
    assert made["grant"]["rule"] == f"grant#{made['grant']['id']}"
    tried = common.json("permissions", "test", "call", "mail", "--agent", "json", "--effect", "none")
    assert (tried["outcome"], tried["rule"]) == ("ask", made["grant"]["rule"])
    gone = common.json("permissions", "revoke", made["grant"]["id"])
    assert gone["grant"]["rule"] == made["grant"]["rule"]
    assert common.json("permissions", "list")["schema"] == "tektra.permissions/1"


def test_the_rules_are_listed(common: Tektra) -> None:
    head, *rows = common.run("permissions", "list", "--rules").stdout.splitlines()
    assert head.split() == ["RULE", "DECISION", "LINE", "WHY"]
    assert rows[0].split()[:2] == ["base#owner", "allow"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["allow", "raed", "/x"], "Did you mean read?"),
        (["maybe", "read", "/x"], "maybe"),
        (["allow", "write", "/x/*.py"], "asterisk"),
        (["allow", "fetch", "http://example.org"], "is no host"),
        (["allow", "use", "a", "b"], "takes one resource"),
        (["allow", "use", "x", "--scope", "run"], "--run ID"),
        (["allow", "use", "x", "--run", "r"], "--scope run"),
        (["allow", "use", "x", "--expires", "soon"], "soon"),
        (["allow", "use", "x", "--expires", "forever"], "--expires"),
        (["deny", "use", "x", "--uses", "2"], "used up"),
        (["allow", "configure", "permissions"], "policy file"),
    ],
)
def test_what_cannot_be_granted_is_a_usage_error_in_words(common: Tektra, arguments: list[str], said: str) -> None:
    done = common.run("permissions", "grant", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_policy_file_with_a_mistake_is_named_with_its_line(tektra: Tektra) -> None:
    tektra.start()
    folder = Path(tektra.json("paths")["policies_dir"])
    folder.mkdir(parents=True)
    (folder / "mine.cedar").write_text('// mine\n\npermit (principal, action == Action::"reed", resource);\n')
    done = tektra.run("permissions", "test", "read", "/x", "--check")
    assert (done.returncode, done.stdout.split(" (")[0]) == (5, "deny: by rule mine.cedar:3")
    assert "every act is denied" in tektra.run("permissions", "list").stderr
    doctor = tektra.run("doctor")
    assert (doctor.returncode, "every act is denied: mine.cedar:3" in doctor.stdout) == (1, True)


def test_a_policy_is_edited_until_it_can_be_taken(common: Tektra) -> None:
    editor = common.home / "editor"
    editor.write_text(
        """#!/bin/sh
grep -q forbid "$1" || exit 1
if [ -e tried ]; then echo 'forbid (principal, action == Action::"use", resource == Secret::"edited");' > "$1"
else echo 'forbid (' > "$1"; touch tried; fi
"""
    )
    editor.chmod(0o700)
    with Terminal(common, "permissions", "edit", "mine", env={"VISUAL": str(editor), "EDITOR": ""}) as terminal:
        terminal.until("mine.cedar:1:").until("Edit it again? [y/N]").type("y\n")
        assert terminal.end() == 0
    assert terminal.screen.text.splitlines()[-1] == "mine.cedar holds, with 1 rule: tektra permissions list --rules"
    assert common.run("permissions", "test", "use", "edited").stdout == "deny: by rule mine.cedar#1\n"
    with Terminal(common, "permissions", "edit", "mine", env={"VISUAL": "true"}) as terminal:
        assert (terminal.end(), "nothing was changed" in terminal.screen.text) == (1, True)
    assert "mine.cedar" in common.run("permissions", "files").stdout
    assert common.run("permissions", "edit", "mine", "--remove").returncode == 2
    assert common.run("permissions", "edit", "mine", "--remove", "--yes").stdout == "removed mine.cedar\n"
    assert common.run("permissions", "edit", "mine", "--remove", "--yes").returncode == 4


def test_a_policy_comes_from_a_file_or_standard_input(common: Tektra) -> None:
    text = 'forbid (principal, action == Action::"use", resource == Secret::"piped");'
    done = common.run("permissions", "edit", "piped", "--from", "-", "--json", stdin=text)
    assert (done.returncode, json.loads(done.stdout)["rules"]) == (0, 1)
    assert common.run("permissions", "edit", "piped", "--from", "-", stdin="permit (").returncode == 2
    assert common.run("permissions", "edit", "piped", "--from", "nowhere").returncode == 2
    done = common.run("permissions", "edit", "piped")
    assert (done.returncode, "--from" in done.stderr) == (2, True)
    assert common.run("permissions", "test", "use", "piped").stdout == "deny: by rule piped.cedar#1\n"
    assert common.run("permissions", "edit", "piped", "--remove", "--yes").returncode == 0


def test_what_was_written_and_not_taken_is_kept(common: Tektra) -> None:
    editor = common.home / "wrong"
    editor.write_text("#!/bin/sh\necho 'permit (' > \"$1\"\n")
    editor.chmod(0o700)
    with Terminal(common, "permissions", "edit", "kept", columns=200, env={"VISUAL": str(editor)}) as terminal:
        terminal.until("Edit it again? [y/N]").type("n\n")
        assert terminal.end() == 1
    kept = re.search(r"What you wrote is in (\S+\.cedar)\.", terminal.screen.text)
    assert kept is not None
    assert Path(kept[1]).read_text() == "permit (\n"
    Path(kept[1]).unlink()

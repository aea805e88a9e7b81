"""The command line itself: help, usage errors, versions, paths, doctor, and streams that are closed or full."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import tektra_cli
from tektra_cli import app
from tests.cli.screen import Terminal
from tests.harness import Tektra


def test_without_arguments_comes_the_help(common: Tektra) -> None:
    done = common.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == common.run("--help").stdout
    for name, entry in app.TREE.items():
        assert f"  {name}" in done.stdout
        assert entry.summary in done.stdout


ENDLESS = [("events",)]
"""What has no end is no document, and one JSON event a line instead."""


def test_every_command_has_help_that_begins_with_its_summary(common: Tektra) -> None:
    for words, leaf in leaves():
        assert leaf.function().__doc__, words
        assert str(leaf.function().__doc__).splitlines()[0] == leaf.summary, words


def test_every_command_but_the_screen_takes_json() -> None:
    for words, leaf in leaves():
        if words == ("tui",):
            continue
        flags = [option for parameter in leaf.build(words[-1]).params for option in parameter.opts]
        assert ("--jsonl" if words in ENDLESS else "--json") in flags, words


def leaves() -> list[tuple[tuple[str, ...], app.Leaf]]:
    found: list[tuple[tuple[str, ...], app.Leaf]] = []
    for name, entry in app.TREE.items():
        if isinstance(entry, app.Leaf):
            found.append(((name,), entry))
        else:
            found += [((name, inner), leaf) for inner, leaf in entry.entries.items()]
    return found


def examples() -> list[str]:
    """What the helps, the README and the tutorial show: our command lines, without what is around them."""
    told = [leaf.example for _, leaf in leaves()]
    told += [entry.example for entry in app.TREE.values() if isinstance(entry, app.Branch)]
    pages = [(Path(__file__).parents[2] / name).read_text() for name in ("README.md", "docs/tutorial.md")]
    blocks = [block for page in pages for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)]
    told += [line.split("  #")[0] for block in blocks for line in block.splitlines()]
    return sorted({found for line in told for found in re.findall(r"(?:^|[|(] |&& )(tektra [^|<>&]+)", line)})


@pytest.mark.parametrize("example", examples())
def test_every_example_can_be_typed_as_it_stands(example: str) -> None:
    words = shlex.split(example)[1:]
    at: Any = app.TREE
    name = ""
    while isinstance(at, Mapping | app.Branch):
        name = words.pop(0)
        at = (at if isinstance(at, Mapping) else at.entries)[name]
    with at.build(name).make_context(name, words):
        pass


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["modls"], 'no command "modls". Did you mean models or tools?', "Try: tektra --help"),
        (["models", "lst"], 'no command "lst". Did you mean list?', "Try: tektra models --help"),
        (["models", "show"], "missing argument 'NAME'", "Try: tektra models show --help"),
        (["chat", "hi", "--temprature", "1"], "no such option: --temprature", "Try: tektra chat --help"),
        (["chat", "--top-k", "many"], "'many' is not a valid", "Try: tektra chat --help"),
        (["chat", "-c", "--conversation", "x", "hi"], "--continue and --conversation exclude", ""),
        (["chat", "hi", "--temperature", "-1"], "-1", "Try: tektra chat --help"),
    ],
)
def test_usage_errors_are_one_line_with_a_hint_and_exit_code_2(
    common: Tektra, arguments: list[str], message: str, hint: str
) -> None:
    done = common.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    first, *rest = done.stderr.splitlines()
    assert first.startswith("tektra: ")
    assert message in first
    assert hint in "\n".join(rest)
    as_json = common.run(*arguments, "--json") if "exclude" not in message else done
    if as_json is not done:
        error = json.loads(as_json.stdout)["error"]
        assert (as_json.returncode, as_json.stderr, error["code"]) == (2, "", "usage")
        assert set(error) == {"code", "message", "hint"}


def test_the_version_is_told_in_two_ways(common: Tektra) -> None:
    assert common.run("--version").stdout == f"tektra {tektra_cli.__version__}\n"
    document = common.json("version")
    assert document["schema"] == "tektra.version/1"
    assert document["version"] == tektra_cli.__version__
    assert document["daemon"] == {"version": tektra_cli.__version__, "pid": common.pid()}
    assert common.run("version").stdout.startswith(f"tektra            {tektra_cli.__version__}\n")


def test_the_version_needs_no_daemon(tektra: Tektra) -> None:
    assert tektra.json("version")["daemon"] is None


def test_paths_are_absolute_and_follow_the_environment(tektra: Tektra) -> None:
    document = tektra.json("paths")
    assert document.pop("schema") == "tektra.paths/1"
    assert document["socket"] == str(tektra.socket)
    assert document["data_dir"] == str(tektra.home / "data" / "tektra")
    assert all(Path(path).is_absolute() for path in document.values())
    assert re.search(rf"^socket +{tektra.socket}$", tektra.run("paths").stdout, re.MULTILINE)


def test_doctor_finds_a_healthy_installation_with_and_without_a_daemon(tektra: Tektra) -> None:
    for _ in range(2):
        document = tektra.json("doctor")
        assert document["schema"] == "tektra.doctor/1"
        assert document["healthy"] is True
        assert {check["status"] for check in document["checks"]} <= {"ok", "warn"}
        tektra.run("daemon", "start")
    assert "model files" in [check["name"] for check in tektra.json("doctor")["checks"]]


def test_doctor_says_what_is_wrong_and_how_to_mend_it(tektra: Tektra) -> None:
    directory = tektra.home / "run" / "tektra"
    directory.mkdir(mode=0o755)
    directory.chmod(0o755)
    done = tektra.run("doctor")
    assert done.returncode == 1
    assert "fail  socket" in done.stdout
    assert "Point TEKTRA_SOCKET into a directory that only you may enter" in done.stdout
    failed = json.loads(tektra.run("doctor", "--json").stdout)
    assert failed["healthy"] is False


def test_doctor_notices_an_engine_that_cannot_be_loaded(tektra: Tektra) -> None:
    done = tektra.run("doctor", env={"LLAMA_CPP_LIB_PATH": str(tektra.home)})
    (line,) = [line for line in done.stdout.splitlines() if "devices" in line]
    assert (done.returncode, line.startswith("fail  devices"), "cannot be loaded" in line) == (1, True, True)


def test_doctor_finds_models_whose_file_is_gone(tektra: Tektra) -> None:
    tektra.start()
    tektra.import_scripted("fleeting", [{"say": "hi"}])
    (tektra.home / "fleeting.scripted.json").unlink()
    done = tektra.run("doctor")
    assert (done.returncode, "missing: fleeting" in done.stdout) == (0, True)


def test_json_errors_leave_stderr_empty(common: Tektra) -> None:
    done = common.run("conversations", "show", "nothing-like-this", "--json")
    assert (done.returncode, done.stderr) == (4, "")
    assert set(json.loads(done.stdout)) == {"error"}


def test_a_full_disk_behind_stdout_is_an_error(common: Tektra) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tektra_cli", "paths"],
            env=common.env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "tektra: No space left on device\n")


def test_closed_streams_do_no_harm(common: Tektra) -> None:
    command = f'"{sys.executable}" -m tektra_cli paths'
    for closed in (">&-", "2>&-", "<&-"):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} {closed}"], env=common.env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_a_poor_encoding_gets_plain_characters(common: Tektra) -> None:
    with Terminal(common, "chat", "hi", env={"PYTHONIOENCODING": "ascii"}) as terminal:
        assert terminal.end() == 0
        assert "the small built-in model - tektra models pull" in terminal.screen.text


def test_times_are_relative_on_a_terminal(common: Tektra) -> None:
    with Terminal(common, "models", "list", columns=160) as terminal:
        assert terminal.end() == 0
        assert " ago" in terminal.screen.text or "just now" in terminal.screen.text


def test_completion_words_come_from_the_daemon_and_start_none(tektra: Tektra) -> None:
    done = tektra.run("__complete", "models")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert not tektra.socket.exists()
    tektra.start()
    assert tektra.run("__complete", "models").stdout == "tektra-starter\n"
    assert tektra.run("__complete", "conversations").stdout == "latest\n"

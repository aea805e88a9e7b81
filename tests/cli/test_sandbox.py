"""`tektra sandbox`: programs confined by hand."""

from __future__ import annotations

import json

import pytest

from tests.harness import Tektra


@pytest.fixture(scope="module")
def confining(common: Tektra) -> Tektra:
    """A machine on which some level holds."""
    found = common.json("sandbox", "probe")
    if found["level"] == "C":
        pytest.skip(f"nothing confines programs here: {found['why']}")
    return common


def test_what_a_program_says_and_its_exit_code_come_through(confining: Tektra) -> None:
    done = confining.run("sandbox", "run", "--", "sh", "-c", "echo out; echo err >&2; exit 3", stdin="")
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)


def test_python_comes_from_a_pipe(confining: Tektra) -> None:
    done = confining.run("sandbox", "run", "-", stdin="import os; print(6 * 7, len(os.listdir('.')))")
    assert (done.stdout, done.returncode) == ("42 0\n", 0)


def test_standard_input_reaches_a_program(confining: Tektra) -> None:
    assert confining.run("sandbox", "run", "--", "tr", "a", "b", stdin="aaa").stdout == "bbb"


def test_as_json_all_comes_in_one_document(confining: Tektra) -> None:
    found = json.loads(confining.run("sandbox", "run", "--json", "--", "echo", "hi", stdin="").stdout)
    assert (found["schema"], found["stdout"], found["code"]) == ("tektra.sandbox_run/1", "hi\n", 0)
    assert (found["ended_by"], found["output_bytes"]) == ("itself", 3)


def test_a_program_that_takes_too_long_is_stopped_in_words(confining: Tektra) -> None:
    done = confining.run("sandbox", "run", "--timeout", "0.5", "--", "sleep", "60", stdin="")
    assert done.returncode == 7
    assert "ran longer than 0.5 s" in done.stderr


def test_the_limits_that_were_in_force_are_told(confining: Tektra) -> None:
    found = json.loads(confining.run("sandbox", "run", "--json", "--timeout", "7", "--", "true", stdin="").stdout)
    assert (found["limits"]["seconds"], found["limits"]["tasks"]) == (7, 128)
    flood = confining.run("sandbox", "run", "--", "yes", stdin="")
    assert "it said more than 16.0 MiB" in flood.stderr


TRIES_TO_GET_OUT = """
import os
for attempt in (lambda: os.chroot("/"), lambda: os.chroot("/"), lambda: os.sched_setaffinity(0, {0, 1})):
    try: attempt()
    except PermissionError: pass
print("tried")
"""


def test_system_calls_that_were_denied_are_told_at_the_end(confining: Tektra) -> None:
    if confining.json("sandbox", "probe")["unseen"]:
        pytest.skip("denied calls are not seen here")
    assert "denied calls  seen" in confining.run("sandbox", "probe").stdout
    done = confining.run("sandbox", "run", "-", stdin=TRIES_TO_GET_OUT)
    assert (done.stdout, done.returncode) == ("tried\n", 0)
    assert done.stderr == "denied system calls: chroot (2 times)\n"
    found = json.loads(confining.run("sandbox", "run", "--json", "-", stdin=TRIES_TO_GET_OUT).stdout)
    assert found["denied"] == {"chroot": 2}
    (listed,) = confining.json("audit", "list", "--kind", "security.denied_call", "--limit", "1")["entries"]
    assert listed["details"]["calls"] == {"chroot": 2}
    assert 'calls={"chroot": 2}' in confining.run("audit", "list", "--kind", "security.denied_call").stdout


def test_a_program_that_is_not_there(confining: Tektra) -> None:
    done = confining.run("sandbox", "run", "--", "no-such-program", stdin="")
    assert done.returncode == 127
    assert "no-such-program" in done.stderr


def test_folders_from_which_tektra_could_be_reached_are_refused(confining: Tektra) -> None:
    for folder in (confining.home, "/"):
        done = confining.run("sandbox", "run", "--dir", str(folder), "--", "true", stdin="")
        assert done.returncode == 5, folder


def test_a_folder_that_is_missing(confining: Tektra) -> None:
    assert confining.run("sandbox", "run", "--dir", "/no/such", "--", "true", stdin="").returncode == 4

"""`tektra models tune`: tables for people, documents for scripts, ^C that keeps nothing, and what pulls make of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.random_model import TINY, random_gguf
from tests.cli.screen import Terminal
from tests.daemon.test_tuning import digest_of_built_in, noted
from tests.ggufs import write_gguf
from tests.harness import Tektra
from tests.hub import Hub

SOURCE = "some/tiny-GGUF"
QUICK = ("models", "tune", "tiny", "--seconds", "0.1", "--type", "q8_0", "--anyway")


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A repository with files of three types; what is in them does not matter here, but for their names."""
    types = ("Q4_K_M", "IQ4_NL", "Q8_0")
    files = {f"tiny-{name}.gguf": write_gguf(tmp_path / name, seed=place) for place, name in enumerate(types)}
    return Hub({SOURCE: {name: path.read_bytes() for name, path in files.items()}})


@pytest.fixture
def model(common: Tektra, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small model of random weights, once for all tests here."""
    if all(each["name"] != "tiny" for each in common.json("models", "list")["models"]):
        path = random_gguf(TINY, tmp_path_factory.mktemp("models"), "Q8_0")
        assert common.run("models", "import", str(path), "--name", "tiny", "--copy").returncode == 0
    return "tiny"


def test_what_was_found_is_told_shown_and_forgotten(tektra: Tektra) -> None:
    nothing = tektra.run("models", "tune", "--show")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (
        0,
        "",
        "nothing was tuned yet: tektra models tune\n",
    )
    done = tektra.run("models", "tune", "tektra-starter", "--seconds", "0.1", "--type", "q8_0", "--anyway")
    assert done.returncode == 0
    assert "PROMPT T/S" in done.stdout
    assert "PERPLEXITY" in done.stdout
    assert "+0.0%" in done.stdout
    assert "loads from now on: threads" in done.stdout
    shown = tektra.run("models", "tune", "--show", "tektra-starter").stdout
    assert shown.startswith("tektra-starter, tuned 20")
    assert done.stdout in shown
    document = tektra.json("models", "tune", "--show")
    assert (document["schema"], document["tunings"][0]["model"]) == ("tektra.tunings/1", "tektra-starter")
    assert tektra.run("models", "tune", "--forget").stdout == "1 tuning forgotten\n"
    assert tektra.json("models", "tune", "--forget") == {"schema": "tektra.tunings-forgotten/1", "forgotten": 0}


@pytest.mark.usefixtures("model")
def test_a_tuning_as_json_is_one_document(common: Tektra) -> None:
    document = common.json(*QUICK)
    assert document["schema"] == "tektra.tuning/1"
    assert document["best"].keys() == {"threads", "micro_batch", "flash_attention"}


@pytest.mark.usefixtures("model")
def test_a_tuning_on_a_terminal_draws_a_bar_and_erases_it(common: Tektra) -> None:
    with Terminal(common, *QUICK) as terminal:
        assert terminal.end() == 0
        assert "timing Q8_0" in terminal.sent
        assert "█" not in terminal.screen.text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--type", "q9"), 2),
        (("no-such-model",), 4),
        (("tektra-starter", "--text", "no-such-file"), 4),
        (("--text", "pyproject.toml"), 2),
        (("--show", "--forget"), 2),
        (("--seconds", "0"), 2),
    ],
)
def test_what_cannot_be_done_is_told(common: Tektra, arguments: tuple[str, ...], code: int) -> None:
    done = common.run("models", "tune", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr


def test_a_tuning_that_was_stopped_keeps_nothing(tektra: Tektra) -> None:
    tektra.start()
    process = subprocess.Popen(
        [sys.executable, "-m", "tektra_cli", "models", "tune", "tektra-starter", "--seconds", "600", "--anyway"],
        env=tektra.env,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    folder = tektra.home / "cache" / "tektra" / "tuning"
    while not folder.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    talk = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130
    assert "nothing was kept" in talk
    tektra.stop()  # which waits for what is under way
    assert not folder.exists()
    tektra.start()
    assert tektra.json("models", "tune", "--show")["tunings"] == []


def test_a_pull_recommends_what_is_faster_and_takes_it_when_told(tektra: Tektra, hub: Hub) -> None:
    noted(tektra)
    with hub:
        tektra.start(HF_ENDPOINT=hub.url)
        usual = tektra.run("models", "pull", SOURCE)
        assert usual.stderr.splitlines()[0].startswith("IQ4_NL is 1.63 times as fast on this machine")
        assert usual.stdout.startswith("tiny-q4_k_m is ready to use")
        best = tektra.json("models", "pull", SOURCE, "--best")
        assert (best["model"]["name"], best["recommended"]) == ("tiny-iq4_nl", None)
        named = tektra.run("models", "pull", f"{SOURCE}:Q8_0", "--best")
        assert (named.returncode, "Leave out one" in named.stderr) == (2, True)


def test_nothing_is_best_before_anything_was_timed(tektra: Tektra, hub: Hub) -> None:
    with hub:
        tektra.start(HF_ENDPOINT=hub.url)
        done = tektra.run("models", "pull", SOURCE, "--best")
        assert (done.returncode, "tektra models tune" in done.stderr) == (2, True)
        plain = tektra.run("models", "pull", SOURCE)
        assert (plain.stdout.split()[0], plain.stderr.count("\n")) == ("tiny-q4_k_m", 1)


def test_settings_that_were_found_are_told_apart_from_others(tektra: Tektra) -> None:
    noted(tektra, digest_of_built_in())
    tektra.start()
    assert tektra.run("models", "load", "tektra-starter", "--micro-batch", "64").returncode == 0
    shown = tektra.run("models", "show", "tektra-starter").stdout
    assert "micro-batch 128 (tuned)" in shown
    assert "threads 1 (set)" in shown
    (row,) = tektra.run("ps").stdout.splitlines()[1:]
    assert "flash-attention" in row
    (loaded,) = tektra.json("ps")["models"]
    assert loaded["settings"]["micro_batch"] == {"value": 64, "by": "request"}

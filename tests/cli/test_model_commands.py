"""`tektra models …` but for downloads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tektra_cli import wording
from tests.cli.screen import Terminal
from tests.forward_passes import text_vector
from tests.harness import Tektra
from tests.model_folders import WORD_PIECES, bert_config, bert_weights, word_piece, write_folder

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
HELLO = [{"say": "hello"}]
FORBIDDEN = Path("/proc/sys/vm/compact_memory")


def test_the_list_is_aligned_and_marks_the_default_and_the_loaded(tektra: Tektra) -> None:
    tektra.start()
    tektra.import_scripted("zwei", HELLO)
    tektra.run("models", "load", "zwei")
    done = tektra.run("models", "list")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["NAME", "SIZE", "QUANT", "CONTEXT", "SOURCE", "ADDED"]
    by_name = {row.split()[0]: row for row in rows}
    assert re.fullmatch(
        rf"tektra-starter +[\d.]+ MiB  Q8_0 +\d+ +built-in  {STAMP}  default", by_name["tektra-starter"]
    )
    assert re.fullmatch(rf"zwei +\d+ B .* linked +{STAMP}  loaded", by_name["zwei"])
    assert len({row.index(word) for row, word in zip(rows, ["built-in", "linked"], strict=True)}) == 1


def test_the_list_as_json_is_the_daemons_document(common: Tektra) -> None:
    document = common.json("models", "list")
    assert document["schema"] == "tektra.models/1"
    assert "tektra-starter" in [model["name"] for model in document["models"]]


def test_show_says_how_much_memory_a_model_needs(common: Tektra) -> None:
    done = common.run("models", "show", "tektra-starter")
    facts = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines() if line)
    assert facts["quantization"] == "Q8_0"
    assert re.fullmatch(r"[\d.]+ MiB with a context of \d+ \(weights .*, cache .*, buffers .*\)", facts["memory"])
    assert facts["general.architecture"] == "llama"
    document = common.json("models", "show", "tektra-starter")
    assert document["schema"] == "tektra.model/1"
    assert document["estimate"]["total_bytes"] > document["model"]["size_bytes"] / 2


def test_an_unknown_model_is_not_found_and_near_names_are_told(common: Tektra) -> None:
    for command in (["show"], ["load"], ["unload"], ["rm", "--yes"]):
        done = common.run("models", *command, "tektra-startr")
        assert (done.returncode, done.stdout) == (4, "")
        assert "tektra-startr" in done.stderr
        assert "tektra-starter" in done.stderr
    done = common.run("models", "show", "tektra-startr", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, done.stderr, error["code"]) == (4, "", "model_not_found")
    assert set(error) == {"code", "message", "hint"}


def test_import_links_a_file_and_rm_leaves_it(common: Tektra) -> None:
    path = common.script("linked", HELLO)
    done = common.run("models", "import", path.name, "--name", "linked-one")
    assert done.stdout == f"linked-one is ready to use (linked, {path.stat().st_size} B)\n"
    assert common.run("chat", "hi", "-m", "linked-one").stdout == "hello\n"
    assert common.run("models", "rm", "linked-one", "--yes").stdout == "removed linked-one\n"
    assert path.exists()


def test_import_copies_when_asked_and_the_copy_goes_with_the_model(common: Tektra) -> None:
    path = common.script("copied", HELLO)
    document = common.json("models", "import", str(path), "--copy", "--name", "copied-one")
    assert (document["model"]["name"], document["model"]["source"]) == ("copied-one", "copied")
    path.unlink()
    assert common.run("chat", "hi", "-m", "copied-one").stdout == "hello\n"
    removed = common.json("models", "rm", "copied-one", "--yes")
    assert removed["schema"] == "tektra.model-removed/1"
    assert removed["freed_bytes"] > 0


def test_copy_and_link_exclude_each_other(common: Tektra) -> None:
    done = common.run("models", "import", "x.gguf", "--copy", "--link")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "tektra: --copy and --link exclude each other")


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.gguf", b"not a model"), ("empty.gguf", b""), ("cut.gguf", b"GGUF\x03\x00\x00\x00\xff\xff\xff\xff\xff\xff")],
)
def test_a_file_that_is_no_model_is_an_integrity_error(common: Tektra, name: str, content: bytes) -> None:
    (common.home / name).write_bytes(content)
    done = common.run("models", "import", name)
    assert (done.returncode, done.stdout) == (8, "")
    assert name in done.stderr


def test_a_missing_file_is_not_found_and_named(common: Tektra) -> None:
    done = common.run("models", "import", "nowhere.gguf")
    assert (done.returncode, "nowhere.gguf" in done.stderr) == (4, True)
    done = common.run("models", "import", "nowhere.gguf", "--copy", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (4, "model_missing")


@pytest.mark.skipif(not FORBIDDEN.exists(), reason="this kernel has no file that not even root may read")
def test_a_file_that_may_not_be_read_is_denied(common: Tektra) -> None:
    done = common.run("models", "import", str(FORBIDDEN), "--name", "forbidden")
    assert (done.returncode, f"{FORBIDDEN} may not be read" in done.stderr) == (5, True)


def test_a_linked_file_that_vanished_is_not_found(common: Tektra) -> None:
    common.import_scripted("vanished", HELLO)
    (common.home / "vanished.scripted.json").unlink()
    for command in (["chat", "hi", "-m", "vanished"], ["models", "load", "vanished"]):
        done = common.run(*command)
        assert (done.returncode, 'The file of "vanished" is gone' in done.stderr) == (4, True)


def test_a_name_that_is_taken_is_refused(common: Tektra) -> None:
    first, second = common.script("first", HELLO), common.script("second", [{"say": "other"}])
    assert common.run("models", "import", str(first), "--name", "taken").returncode == 0
    done = common.run("models", "import", str(second), "--name", "taken")
    assert done.returncode == 1
    assert "taken" in done.stderr


def test_rm_asks_nobody_off_a_terminal(common: Tektra) -> None:
    common.import_scripted("precious", HELLO)
    for flags in ([], ["--no-input"], ["--json"]):
        done = common.run("models", "rm", "precious", *flags)
        assert done.returncode == 2
        assert "--yes" in done.stdout + done.stderr
    assert common.run("models", "show", "precious").returncode == 0


def test_rm_asks_on_a_terminal_and_obeys(common: Tektra) -> None:
    common.import_scripted("asked-for", HELLO)
    with Terminal(common, "models", "rm", "asked-for") as terminal:
        terminal.until('Remove the model "asked-for"? The linked file stays. [y/N]').type("\n")
        assert terminal.end() == 1
        assert "nothing was changed" in terminal.screen.text
    with Terminal(common, "models", "rm", "asked-for") as terminal:
        terminal.until("[y/N]").type("y\n")
        assert terminal.end() == 0
    assert common.run("models", "show", "asked-for").returncode == 4


def test_load_and_unload_say_what_is_in_memory(common: Tektra) -> None:
    common.import_scripted("lodger", HELLO)
    done = common.run("models", "load", "lodger", "--context", "512", "--keep-alive", "2h")
    assert re.fullmatch(r"lodger is in memory \(.+, context 512, \d+\.\d s\)\n", done.stdout)
    listed = common.json("models", "ps")
    assert listed["schema"] == "tektra.ps/1"
    (loaded,) = (model for model in listed["models"] if model["name"] == "lodger")
    assert (loaded["context"], loaded["state"]) == (512, "ready")
    assert 7000 < loaded["expires_in_s"] <= 7200
    shown = common.run("models", "ps").stdout
    assert re.search(r"^lodger +ready +.* 512 .* in (2h 0s|1h 59m)$", shown, re.MULTILINE)
    assert common.run("models", "unload", "lodger").stdout.startswith("lodger is out of memory, ")
    assert "lodger" not in common.run("models", "ps").stdout


def test_a_model_can_be_loaded_and_let_go_at_once(common: Tektra) -> None:
    common.import_scripted("guest", HELLO)
    done = common.run("models", "load", "guest", "--keep-alive", "0")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize("duration", ["-1", "forever"])
def test_a_model_can_be_kept_for_ever(common: Tektra, duration: str) -> None:
    common.import_scripted("resident", HELLO)
    document = common.json("models", "load", "resident", "--keep-alive", duration)
    assert document["schema"] == "tektra.loaded/1"
    assert document["model"]["expires_in_s"] is None
    common.run("models", "unload", "resident")
    common.run("models", "rm", "resident", "--yes")


def test_a_duration_that_is_none_is_a_usage_error(common: Tektra) -> None:
    done = common.run("models", "load", "tektra-starter", "--keep-alive", "soon")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, 'tektra: "soon" is no duration')


def test_a_model_that_answers_is_unloaded_only_by_force(common: Tektra) -> None:
    model = common.import_scripted("busy-one", [{"say": "tick ", "forever": True, "pace_s": 0.002}])
    with Terminal(common, "chat", "go", "-m", model) as terminal:
        terminal.until("tick tick")
        done = common.run("models", "unload", model)
        assert done.returncode == 6
        assert common.run("models", "unload", model, "--force").returncode == 0
        assert terminal.end() == 1


def test_ps_without_a_daemon_is_empty_and_starts_none(tektra: Tektra) -> None:
    assert tektra.json("models", "ps") == {"schema": "tektra.ps/1", "models": [], "queue": []}
    done = tektra.run("models", "ps")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no model is in memory\n")
    assert not tektra.socket.exists()


def test_hostile_names_do_nothing_to_a_terminal(common: Tektra) -> None:
    with Terminal(common, "models", "show", "\x1b]0;owned\x07\x1b[2Jname") as terminal:
        assert terminal.end() in (2, 4)
        assert "\x1b]" not in terminal.sent
        assert "\x1b[2J" not in terminal.sent


def test_quantizing_says_what_it_made(common: Tektra, tmp_path: Path) -> None:
    target = tmp_path / "small.gguf"
    document = common.json("models", "quantize", "tektra-starter", str(target), "--type", "q4_0", "--again")
    assert document["schema"] == "tektra.quantized/1"
    assert document["size_bytes"] == target.stat().st_size < document["source_bytes"]
    refused = common.run("models", "quantize", "tektra-starter", str(target), "--type", "q4_0", "--again")
    assert refused.returncode != 0
    assert "there already" in refused.stderr
    whole = common.run("models", "quantize", str(target), str(tmp_path / "again.gguf"))
    assert "--again" in whole.stderr


def test_a_models_folder_becomes_a_file_that_works(common: Tektra, tmp_path: Path) -> None:
    config = bert_config()
    weights = bert_weights(config)
    write_folder(tmp_path / "bert", config, weights, word_piece(), {})
    target = tmp_path / "bert.gguf"
    with Terminal(common, "models", "quantize", str(tmp_path / "bert"), str(target), "--type", "f16") as terminal:
        assert terminal.end() == 0
        assert "converting" in terminal.sent
        assert f"{target} is written: F16" in terminal.sent.replace("\r\n", "")
    common.run("models", "import", str(target), "--name", "converted")
    with common.client() as client:
        answer = client.post("/v1/embeddings", json={"model": "converted", "input": "Hello, world!"}).json()
    marks = [WORD_PIECES.index(text) for text in ("[CLS]", "hello", ",", "world", "!", "[SEP]")]
    assert answer["data"][0]["embedding"] == pytest.approx(text_vector(config, weights, marks), abs=3e-3)
    common.run("models", "rm", "converted", "--yes")


def test_a_folder_in_the_way_does_not_hide_a_model_of_its_name(tektra: Tektra, tmp_path: Path) -> None:
    (tektra.home / "tektra-starter").mkdir()
    target = tmp_path / "small.gguf"
    assert tektra.run("models", "quantize", "tektra-starter", str(target), "--type", "q4_0", "--again").returncode == 0
    config = bert_config()
    write_folder(tektra.home / "named", config, bert_weights(config), word_piece(), {})
    assert (
        tektra.json("models", "quantize", "named", str(tmp_path / "b.gguf"), "--type", "q8_0")["quantization"] == "Q8_0"
    )
    refused = tektra.run("models", "quantize", "./tektra-starter", str(tmp_path / "c.gguf"))
    assert "no model's folder" in refused.stderr
    unknown = tektra.run("models", "quantize", "nowhere/at/all", str(tmp_path / "c.gguf"))
    assert "There is no file" in unknown.stderr


def test_a_model_is_loaded_anew_when_its_cells_shall_be_kept_otherwise(tektra: Tektra) -> None:
    tektra.start()
    assert tektra.json("models", "load", "tektra-starter", "--kv-type", "q8_0")["model"]["kv_type"] == "q8_0"
    assert tektra.json("models", "load", "tektra-starter")["model"]["kv_type"] == "q8_0"
    assert tektra.json("models", "load", "tektra-starter", "--kv-type", "f16")["model"]["kv_type"] == "f16"
    refused = tektra.run("models", "load", "tektra-starter", "--kv-type", "q9")
    assert refused.returncode != 0
    assert "kv_type" in refused.stderr


def test_what_a_model_would_take_is_told_without_loading_it(tektra: Tektra) -> None:
    tektra.start()
    small = tektra.json("models", "load", "tektra-starter", "--estimate-only", "--context", "256")
    large = tektra.json("models", "load", "tektra-starter", "--estimate-only", "--context", "2048")
    assert small["schema"] == "tektra.estimate/1"
    assert (small["measured"], small["fits"]) == (False, True)
    assert small["needed_bytes"] < large["needed_bytes"]
    said = tektra.run("models", "load", "tektra-starter", "--estimate-only").stdout
    assert "by an estimate" in said
    assert "it fits" in said
    assert tektra.json("models", "ps")["models"] == []


def test_devices_are_listed_with_their_memory(common: Tektra) -> None:
    head, *rows = common.run("models", "devices").stdout.splitlines()
    names = [device["name"] for device in common.json("models", "devices")["devices"]]
    assert head.split() == ["NAME", "KIND", "FREE", "TOTAL", "PROMISED", "DESCRIPTION"]
    assert [row.split()[0] for row in rows] == names


def test_what_lies_on_devices_is_told_behind_what_lies_in_memory() -> None:
    shares = [{"device": "CUDA0", "layers": 20, "bytes": 5 << 30}, {"device": "CUDA1", "layers": 2, "bytes": 1 << 20}]
    assert wording.beside(shares) == " and 5.0 GiB on CUDA0 (20 layers) and 1.0 MiB on CUDA1 (2 layers)"
    assert wording.beside([]) == ""


def test_a_number_of_layers_that_is_none_is_a_mistake(common: Tektra) -> None:
    done = common.run("models", "load", "tektra-starter", "--gpu-layers", "many")
    assert (done.returncode, done.stdout, '"many" is no number of layers' in done.stderr) == (2, "", True)


def test_an_estimate_can_be_asked_for_with_layers(common: Tektra) -> None:
    document = common.json("models", "load", "tektra-starter", "--estimate-only", "--gpu-layers", "0")
    assert (document["gpu_layers"], document["offload"]) == (0, [])

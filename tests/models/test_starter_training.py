"""The network that is trained, and going on from its own file; needs the extra for training, and is skipped without."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from tektra_models.starter import MODEL_PATH

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from tektra_models.starter.continuing import begin_from  # noqa: E402  these need torch
from tektra_models.starter.corpus.dialogues import dialogues  # noqa: E402
from tektra_models.starter.export import export  # noqa: E402
from tektra_models.starter.network import ASKING, Network, Size  # noqa: E402
from tektra_models.starter.rendering import render  # noqa: E402
from tektra_models.starter.tokenizer import load_tokenizer  # noqa: E402
from tektra_models.starter.training import plan_of  # noqa: E402


def test_a_run_begun_from_the_built_in_file_exports_that_file_again(tmp_path: Path) -> None:
    from gguf import GGUFReader

    plan = plan_of("cpu", None, "starter-1")
    begin_from(MODEL_PATH, tmp_path, plan, "cpu", 11000)
    again = export(tmp_path, tmp_path / "again.gguf", "Q8_0")

    old, new = ({tensor.name: tensor for tensor in GGUFReader(path).tensors} for path in (MODEL_PATH, again))
    assert old.keys() == new.keys()
    for name, tensor in old.items():
        different = (tensor.data != new[name].data).mean()
        assert different < 0.001, name  # a block's scale may round to its neighbour
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 11000
    with pytest.raises(ValueError, match="there already"):
        begin_from(MODEL_PATH, tmp_path, plan, "cpu", 11000)


def test_a_file_of_another_size_than_the_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises((ValueError, KeyError)):
        begin_from(MODEL_PATH, tmp_path, plan_of("tiny", None, "s"), "tiny", 0)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_the_network_says_what_llama_cpp_says_of_its_file(tmp_path: Path) -> None:
    from llama_cpp import Llama

    begin_from(MODEL_PATH, tmp_path, plan_of("cpu", None, "s"), "cpu", 0)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    network = Network(Size(**state["size"]))
    network.load_state_dict(state["network"])
    text = "".join(render(item.messages, item.tools) for item in islice(dialogues("alike"), 6))
    tokens = load_tokenizer(tmp_path).encode(text, add_special_tokens=False).ids[: 3 * ASKING + 5]
    assert len(tokens) > 2 * ASKING, "which looks back from more than one stretch"

    with torch.no_grad():
        table = network.table()
        ours = network(torch.tensor([tokens]), torch.zeros(1, len(tokens), dtype=torch.long), table)[0] @ table.T
    model = Llama(str(MODEL_PATH), n_ctx=len(tokens), logits_all=True, verbose=False)
    model.eval(tokens)
    theirs = torch.from_numpy(model.scores[: len(tokens)])
    alike = (ours.argmax(dim=1) == theirs.argmax(dim=1)).float().mean()
    assert alike > 0.97, "they differ by the rounding of eight bits alone"


def test_a_place_sees_what_came_before_in_its_dialogue_and_nothing_else() -> None:
    torch.manual_seed(0)
    network = Network(Size(vocabulary=64, width=64, layers=2, hidden=128))
    length, half = 3 * ASKING, 3 * ASKING // 2
    tokens = torch.randint(0, 64, (1, length))
    dialogue = torch.arange(length)[None] // half

    with torch.no_grad():
        both = network(tokens, dialogue, network.table())
        tokens[:, : half - 1] = 0
        tokens[:, -1] = 0
        changed = network(tokens, dialogue, network.table())
    assert torch.equal(both[:, half:-1], changed[:, half:-1])
    assert not torch.isclose(both[:, half - 1], changed[:, half - 1]).all(), "the same token, after others"

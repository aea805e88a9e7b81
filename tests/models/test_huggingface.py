"""The transformers backend against transformers itself, on small random models that these tests make.

Skipped where torch is not installed. To run it: pip install torch --index-url https://download.pytorch.org/whl/cpu
(from plain PyPI, torch brings gigabytes of CUDA), pip install '.[dev,torch]', pytest tests/models/test_huggingface.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

from tektra_models.backend import Feed  # noqa: E402
from tektra_models.engine import Engine  # noqa: E402
from tektra_models.errors import BadRequest, ContextExceeded, LoadFailed, Unsupported  # noqa: E402
from tektra_models.generation import Delta, Finish, Form, Prompt, Sampling  # noqa: E402
from tektra_models.huggingface import HuggingFaceBackend  # noqa: E402
from tektra_models.kv_store import KvStore  # noqa: E402
from tektra_models.spec import Adapter, Spec  # noqa: E402
from tektra_models.torch_cells import Attention  # noqa: E402
from tektra_models.torch_weights import FewBitLinear  # noqa: E402
from tests.transformers_models import continued, make_model  # noqa: E402

GREEDY = Sampling(temperature=0.0, max_tokens=24, ignore_end=True)
PROMPTS = [[256, *range(10 + 7 * n, 30 + 23 * n)] for n in range(4)]
Loaded = tuple[Any, Path]


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A model as transformers holds it, and its folder, in several files."""
    folder = tmp_path_factory.mktemp(request.param)
    return make_model(folder, request.param, shard="150KB"), folder


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("llama")
    return make_model(folder), folder


def spec_of(folder: Path, **how: Any) -> Spec:
    spec = {"context": 512, "slots": 4, "batch": 48} | how
    return Spec(name=folder.name, path=str(folder), backend="huggingface", **spec)


def engine_of(folder: Path, **how: Any) -> Engine:
    spec = spec_of(folder, **how)
    return Engine(HuggingFaceBackend(spec), spec)


class Answers:
    """What came of each request."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tokens: dict[str, list[int]] = {}
        self.text: dict[str, str] = {}
        self.finishes: dict[str, Finish] = {}
        take = engine._drew

        def drew(sequence: Any, token: int) -> Any:
            self.tokens.setdefault(sequence.id, []).append(token)
            return take(sequence, token)

        engine._drew = drew  # type: ignore[method-assign]

    def step(self) -> None:
        self.note(self.engine.step())

    def note(self, events: list[Any]) -> None:
        for request, said in events:
            if isinstance(said, Delta):
                self.text[request] = self.text.get(request, "") + said.text
            else:
                assert isinstance(said, Finish), said
                self.finishes[request] = said

    def run(self) -> Answers:
        while self.engine.running or self.engine.waiting:
            self.step()
        return self


def asked(engine: Engine, *prompts: Prompt, sampling: Sampling = GREEDY) -> Answers:
    answers = Answers(engine)
    for number, prompt in enumerate(prompts):
        engine.add(str(number), prompt, sampling)
    return answers


def test_sequences_side_by_side_are_what_transformers_writes_alone(loaded: Loaded) -> None:
    model, folder = loaded
    answers = asked(engine_of(folder), *(Prompt(tokens=tokens) for tokens in PROMPTS)).run()
    assert [answers.tokens[str(n)] for n in range(4)] == [continued(model, tokens, 24) for tokens in PROMPTS]
    assert answers.finishes["0"].reason == "length"


def test_who_is_cancelled_leaves_the_others_as_they_were(loaded: Loaded) -> None:
    model, folder = loaded
    answers = asked(engine_of(folder), *(Prompt(tokens=tokens) for tokens in PROMPTS))
    while len(answers.tokens.get("1", [])) < 5:
        answers.step()
    answers.note(answers.engine.cancel("1"))
    answers.run()
    assert answers.finishes["1"].reason == "cancelled"
    for number in (0, 2, 3):
        assert answers.tokens[str(number)] == continued(model, PROMPTS[number], 24)


def test_a_shared_beginning_is_computed_once_and_changes_nothing(loaded: Loaded) -> None:
    model, folder = loaded
    begin = [256, *range(200)]
    prompts = [[*begin, n, n + 1] for n in range(3)]
    answers = asked(engine_of(folder, context=400), *(Prompt(tokens=tokens) for tokens in prompts)).run()
    assert [answers.tokens[str(n)] for n in range(3)] == [continued(model, tokens, 24) for tokens in prompts]
    cached = [answers.finishes[str(n)].usage.cached_tokens for n in range(3)]
    assert cached[0] == 0
    assert min(cached[1:]) > 150
    longer = [*prompts[0], *answers.tokens["0"], 7]
    again = asked(answers.engine, Prompt(tokens=longer)).run()
    assert again.finishes["0"].usage.cached_tokens >= 225
    assert again.tokens["0"] == continued(model, longer, 24)


def test_drafts_change_nothing(llama: Loaded) -> None:
    model, folder = llama
    prompt = [256, *[3, 1, 4, 1, 5, 9, 2, 6] * 6]
    engine = engine_of(folder, drafts=15)
    fed: list[int] = []
    decode = engine.backend.decode

    def noted(feeds: list[Feed]) -> list[list[int]]:
        fed.extend(feed.drafts for feed in feeds)
        return decode(feeds)

    engine.backend.decode = noted  # type: ignore[method-assign]
    assert asked(engine, Prompt(tokens=prompt)).run().tokens["0"] == continued(model, prompt, 24)
    assert any(fed)


def test_a_state_from_disk_goes_on_where_it_was(llama: Loaded, tmp_path: Path) -> None:
    model, folder = llama
    spec = spec_of(folder)
    prompt = [256, *(n * 7 % 256 for n in range(300))]

    def engine() -> Engine:
        return Engine(HuggingFaceBackend(spec), spec, states=KvStore(tmp_path, "one model", 1 << 30))

    first = asked(engine(), Prompt(tokens=prompt)).run()
    first.engine.recall.close()
    longer = [*prompt, *first.tokens["0"], 5]
    second = asked(engine(), Prompt(tokens=longer)).run()
    assert second.finishes["0"].usage.cached_tokens >= 320
    assert second.tokens["0"] == continued(model, longer, 24)


def test_a_state_of_another_model_is_refused(llama: Loaded, tmp_path: Path) -> None:
    make_model(tmp_path, num_key_value_heads=4)
    mine, other = (HuggingFaceBackend(spec_of(folder)) for folder in (llama[1], tmp_path))
    for backend in (mine, other):
        backend._compute([Feed(3, [1, 2, 3], 0, None)])
    state = mine.state(3)
    assert mine.restore(5, state)
    assert mine.state(5) == state
    for foreign in (other.state(3), b"", b"nonsense", state[:-1]):
        assert not mine.restore(6, foreign)


def test_cells_are_all_free_again_when_nobody_holds_them(llama: Loaded) -> None:
    engine = engine_of(llama[1], context=300)
    asked(engine, *(Prompt(tokens=tokens) for tokens in PROMPTS * 3)).run()
    engine.recall.forget()
    assert len(engine.backend._cells._free) == 300  # type: ignore[attr-defined]
    asked(engine, Prompt(tokens=PROMPTS[0])).run()
    assert engine.fail_all() == []


def test_a_seed_writes_the_same_text_again(llama: Loaded) -> None:
    def texts(seed: int) -> list[list[int]]:
        sampling = Sampling(temperature=1.0, seed=seed, max_tokens=24, ignore_end=True)
        answers = asked(engine_of(llama[1]), *(Prompt(tokens=t) for t in PROMPTS[:2]), sampling=sampling).run()
        return [answers.tokens["0"], answers.tokens["1"]]

    assert texts(5) == texts(5) != texts(6)


def test_log_probabilities_are_transformers_own(llama: Loaded) -> None:
    model, folder = llama
    backend = HuggingFaceBackend(spec_of(folder))
    found = backend._compute([Feed(0, PROMPTS[1], 0, None)], [len(PROMPTS[1]) - 1])[0]
    with torch.inference_mode():
        expected = model(torch.tensor([PROMPTS[1]])).logits[0, -1].numpy()
    assert np.abs(found - expected).max() < 1e-4


def test_a_stop_text_ends_an_answer_before_it(llama: Loaded) -> None:
    folder = llama[1]
    letters = Form(kind="regex", text="[a-z]{40}")
    sampling = Sampling(temperature=0.0, max_tokens=60, form=letters)
    whole = asked(engine_of(folder), Prompt(text="Say:"), sampling=sampling).run().text["0"]
    assert len(whole) == 40
    assert whole.isalpha()
    stop = whole[10:13]
    sampling = Sampling(temperature=0.0, max_tokens=60, form=letters, stop=(stop,))
    stopped = asked(engine_of(folder), Prompt(text="Say:"), sampling=sampling).run()
    assert stopped.text["0"] == whole[: whole.index(stop)]
    assert stopped.finishes["0"].reason == "stop"


def test_answers_keep_to_a_schema(llama: Loaded) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "maximum": 99}}, "required": ["a"]}
    form = Form(kind="json_schema", text=json.dumps(schema | {"additionalProperties": False}))
    sampling = Sampling(temperature=0.0, max_tokens=100, form=form)
    messages = [{"role": "user", "content": "hello"}]
    answers = asked(engine_of(llama[1]), Prompt(messages=messages), sampling=sampling).run()
    assert isinstance(json.loads(answers.text["0"])["a"], int)


def test_text_becomes_tokens_and_bytes_again(llama: Loaded) -> None:
    backend = HuggingFaceBackend(spec_of(llama[1]))
    text = "naïve 🙂 <|im_start|><think>"
    plain, marked = backend.tokenize(text, special=False), backend.tokenize(text, special=True)
    assert (plain[0], marked[0]) == (256, 256)
    assert 258 not in plain
    assert 258 in marked
    assert b"".join(map(backend.token_bytes, plain)).decode() == text
    assert backend.token_bytes(258) == b""
    assert backend.mark_bytes(258) == b"<|im_start|>"
    assert backend.tokenize("<s>a", special=True) == backend.tokenize("a", special=True)
    assert backend.is_end(257)
    assert not backend.is_end(256)
    assert backend.token_bytes(261) == b""  # the model has more rows than the tokenizer tokens
    backend.tokenize("half a pair: \ud83d", special=False)


def test_a_conversation_is_rendered_by_the_models_own_template(llama: Loaded) -> None:
    engine = engine_of(llama[1])
    tokens = engine.tokens(Prompt(messages=[{"role": "user", "content": "hi"}]))
    assert tokens[:2] == [256, 258]
    assert tokens.count(256) == 1


def test_embeddings_are_pooled_from_the_last_layer(llama: Loaded) -> None:
    model, folder = llama
    backend = HuggingFaceBackend(spec_of(folder))
    with torch.inference_mode():
        rows = model.base_model(torch.tensor([PROMPTS[2]])).last_hidden_state[0]
    pooled = {None: rows.mean(0), "mean": rows.mean(0), "cls": rows[0], "last": rows[-1]}
    for pooling, expected in pooled.items():
        found = np.array(backend.embed(PROMPTS[2], pooling))  # type: ignore[arg-type]
        assert np.abs(found - (expected / expected.norm()).numpy()).max() < 1e-5
    with pytest.raises(ContextExceeded):
        backend.embed([1] * 513)


def test_documents_are_not_ranked(llama: Loaded) -> None:
    backend = HuggingFaceBackend(spec_of(llama[1]))
    assert not backend.can_rank
    with pytest.raises(Unsupported, match="no head that ranks"):
        backend.rank_tokens("a question", "a document")


def test_adapters_are_refused_before_anything_is_loaded(llama: Loaded) -> None:
    with pytest.raises(Unsupported, match="without adapters"):
        HuggingFaceBackend(spec_of(llama[1], adapters=(Adapter(path="style.gguf"),)))


@pytest.mark.parametrize(("weights", "bound"), [("int8", 0.02), ("int4", 0.12)])
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("shape", [(128, 64), (100, 96), (50, 50)])
def test_a_layer_in_few_bits_stays_close(weights: str, bound: float, fast: bool, shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    rows, columns = shape
    layer, inputs = torch.nn.Linear(columns, rows), torch.randn(5, columns)
    few = FewBitLinear(layer, int(weights[3:]), fast=fast)
    with torch.inference_mode():
        expected = layer(inputs)
        few.quantize(layer.weight)
        found = few.to(torch.bfloat16)(inputs.to(torch.bfloat16)[None])[0].float()
    assert float((found - expected).norm() / expected.norm()) < bound


def test_a_model_in_few_bits_takes_less_and_answers_alike(tmp_path: Path) -> None:
    shape = {"hidden_size": 256, "intermediate_size": 1024, "head_dim": 64, "initializer_range": 0.05}
    make_model(tmp_path, dtype=torch.bfloat16, **shape)

    def loaded(weights: str) -> tuple[int, np.ndarray[Any, Any]]:
        backend = HuggingFaceBackend(spec_of(tmp_path, weights=weights))
        parts = [*backend._model.parameters(), *backend._model.buffers()]
        logits = backend._compute([Feed(0, PROMPTS[1], 0, None)], [len(PROMPTS[1]) - 1])[0]
        return sum(part.numel() * part.element_size() for part in parts), logits

    (whole, expected), (bytes8, int8), (bytes4, int4) = map(loaded, ("stored", "int8", "int4"))
    assert bytes8 < 0.55 * whole
    assert bytes4 < 0.38 * whole
    far8, far4 = (float(np.linalg.norm(found - expected) / np.linalg.norm(expected)) for found in (int8, int4))
    assert far8 < 0.05
    assert far8 < far4 < 0.5


def test_windows_caps_and_sinks_are_attended_to_as_transformers_does(tmp_path: Path) -> None:
    for kind, extra in (
        ("gemma2", {"sliding_window": 8, "query_pre_attn_scalar": 16, "final_logit_softcapping": 5.0}),
        ("gpt_oss", {"sliding_window": 8, "num_local_experts": 4}),
        ("mistral", {"sliding_window": 6}),
    ):
        model = make_model(tmp_path / kind, kind, head_dim=16, **extra)
        answers = asked(engine_of(tmp_path / kind), *(Prompt(tokens=tokens) for tokens in PROMPTS)).run()
        assert [answers.tokens[str(n)] for n in range(4)] == [continued(model, tokens, 24) for tokens in PROMPTS]


def test_attention_by_hand_is_torchs_own() -> None:
    torch.manual_seed(2)
    query, key, value = torch.randn(4, 3, 8), torch.randn(2, 7, 8), torch.randn(2, 7, 8)
    plain = Attention(None, window=4).over(query, key, value)
    by_hand = Attention(None, window=4, sinks=torch.full((4,), -torch.inf)).over(query, key, value)
    assert torch.allclose(plain, by_hand, atol=1e-6)


def test_a_model_that_remembers_otherwise_is_refused(tmp_path: Path) -> None:
    make_model(tmp_path, "mamba")
    with pytest.raises(Unsupported, match="mamba"):
        HuggingFaceBackend(spec_of(tmp_path))


def nothing(folder: Path) -> None:
    return None


def other_tokenizer(folder: Path) -> None:
    known = json.loads((folder / "tokenizer.json").read_text())
    known["model"]["vocab"] |= {f"more {n}": 260 + n for n in range(10)}
    (folder / "tokenizer.json").write_text(json.dumps(known))


def lost_tensor(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def config(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        known = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(known | changes))

    return change


@pytest.mark.parametrize(
    ("spoil", "how", "kind", "reason"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), {}, LoadFailed, "has no tokenizer.json"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), {}, LoadFailed, "cannot be used"),
        (other_tokenizer, {}, LoadFailed, "tokens, the model 262"),
        (lost_tensor, {}, LoadFailed, "no right weights"),
        (config(hidden_size=128), {}, LoadFailed, "hidden_size|could not load|no right weights"),
        (config(model_type="unheard_of"), {}, LoadFailed, "could not load"),
        (config(hidden_act="os.system"), {}, LoadFailed, "could not load"),
        (nothing, {"context": 513}, BadRequest, "context of 512"),
        (nothing, {"kv_type": "q8_0"}, BadRequest, "not as q8_0"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_words(
    tmp_path: Path, spoil: Callable[[Path], object], how: dict[str, Any], kind: type[Exception], reason: str
) -> None:
    make_model(tmp_path)
    spoil(tmp_path)
    with pytest.raises(kind, match=reason):
        HuggingFaceBackend(spec_of(tmp_path, **how))


def test_what_a_configuration_says_of_loading_is_not_heard(tmp_path: Path) -> None:
    model = make_model(tmp_path)
    config(_attn_implementation="evil/kernel", attn_implementation="evil/kernel", dtype="system")(tmp_path)
    config(transformers_weights="../other.safetensors", _name_or_path="/etc", num_labels=10**10)(tmp_path)
    answers = asked(engine_of(tmp_path), Prompt(tokens=PROMPTS[0])).run()
    assert answers.tokens["0"] == continued(model, PROMPTS[0], 24)

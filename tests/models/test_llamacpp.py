"""The engine over llama.cpp: the same tokens as a bare loop, whoever else runs, and samplers that do what they say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import llama_cpp.llama_cpp as llama
import numpy as np
import pytest

from tektra_models.engine import Engine
from tektra_models.errors import BadRequest, ContextExceeded
from tektra_models.generation import Delta, Finish, Prompt, Sampling
from tektra_models.prefix import common_length
from tektra_models.spec import Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.worker import open_backend
from tests.bench.random_model import TINY, random_gguf

LENGTH = 48
ROUNDING = 0.25
"""How far apart two logits may be and still change places when a batch has another shape: kernels add up in another
order, and quantized activations round to a neighbouring step. A sequence that sees a wrong cell is off by far more."""
GREEDY = Sampling(temperature=0.0, max_tokens=LENGTH, ignore_end=True)
QUESTIONS = [
    "hello",
    "What is Tektra?",
    "What is 2 + 3?",
    "Tell me a long story about a road.",
    "How do I pull a model?",
    "Who are you, and what can you do for me today?",
    "Bye!",
    "Grüße aus Köln 😀",
]
PROMPTS = [Prompt(messages=[{"role": "user", "content": question}]) for question in QUESTIONS]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in a llama's shape: it chooses tokens without sense, which is what samplers are tried on."""
    return random_gguf(TINY, tmp_path_factory.mktemp("models"))


def opened(path: Path, **fields: int | str) -> Engine:
    spec = Spec(name="m", path=str(path), threads=1, **({"context": 1024} | fields))
    return Engine(open_backend(spec), spec)


@pytest.fixture(scope="module")
def starter() -> Iterator[Engine]:
    engine = opened(MODEL_PATH)
    yield engine
    engine.backend.close()


@pytest.fixture(scope="module")
def noise(tiny: Path) -> Iterator[Engine]:
    engine = opened(tiny)
    yield engine
    engine.backend.close()


class Recorder:
    """Adds requests to an engine and keeps the tokens that were chosen, the text and the end of each.

    What earlier requests left in the cells is forgotten first unless it is `kept`.
    """

    def __init__(self, engine: Engine, prompts: list[Prompt], sampling: Sampling, *, kept: bool = False) -> None:
        if not kept:
            engine._cells.forget()
        self.text = ["" for _ in prompts]
        self.ends: dict[int, Finish] = {}
        self.steps = self.preempted = 0
        for number, prompt in enumerate(prompts):
            engine.add(str(number), prompt, sampling)
        sequences = list(engine._waiting.values())
        while engine.running or engine.waiting:
            before, ended = engine.running, len(self.ends)
            for request, said in engine.step():
                if isinstance(said, Delta):
                    self.text[int(request)] += said.text
                else:
                    self.ends[int(request)] = said
            self.steps += 1
            self.preempted += engine.running < before - (len(self.ends) - ended)
        self.tokens = [sequence.tokens[sequence.prompt_length :] for sequence in sequences]


def tokens_of(engine: Engine, sampling: Sampling, prompt: Prompt = PROMPTS[0]) -> list[int]:
    return Recorder(engine, [prompt], sampling).tokens[0]


def bare(path: Path, rows: list[list[int]], count: int = LENGTH) -> tuple[list[list[int]], list[list[float]]]:
    """Greedy tokens of several prompts by llama.cpp alone, and by how much each was ahead of the next best."""
    model = llama.llama_model_load_from_file(str(path).encode(), llama.llama_model_default_params())
    params = llama.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = 1024, 512, 512, 8
    params.n_threads = params.n_threads_batch = 1
    params.kv_unified = True
    params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED  # as attention.py chooses for processors
    context = llama.llama_init_from_model(model, params)
    vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    batch = llama.llama_batch_init(512, 0, 1)
    answers: list[list[int]] = [[] for _ in rows]
    margins: list[list[float]] = [[] for _ in rows]
    places = [0] * len(rows)
    feeds = rows
    for _ in range(count):
        batch.n_tokens = 0
        last: list[int] = []
        for sequence, feed in enumerate(feeds):
            for token in feed:
                at = batch.n_tokens
                batch.token[at], batch.pos[at], batch.logits[at] = token, places[sequence], 0
                batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
                batch.n_tokens += 1
                places[sequence] += 1
            batch.logits[batch.n_tokens - 1] = 1
            last.append(batch.n_tokens - 1)
        assert llama.llama_decode(context, batch) == 0
        for sequence, row in enumerate(last):
            logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(context, row), shape=(vocabulary,))
            second, best = np.sort(logits)[-2:]
            answers[sequence].append(int(np.argmax(logits)))
            margins[sequence].append(float(best - second))
        feeds = [[answer[-1]] for answer in answers]
    llama.llama_batch_free(batch)
    llama.llama_free(context)
    llama.llama_model_free(model)
    return answers, margins


def assert_same_but_for_rounding(tokens: list[int], expected: list[int], margins: list[float]) -> None:
    """Equal up to a place where the two best tokens were so close that rounding decides between them."""
    assert len(tokens) == len(expected)
    for token, other, margin in zip(tokens, expected, margins, strict=True):
        if token != other:
            assert margin < ROUNDING
            return


@pytest.fixture(scope="module")
def alone(starter: Engine) -> tuple[list[list[int]], list[list[float]]]:
    """Every question by itself in the bare loop."""
    each = [bare(MODEL_PATH, [starter.tokens(prompt)]) for prompt in PROMPTS]
    return [answers[0] for answers, _ in each], [margins[0] for _, margins in each]


def test_one_sequence_gives_exactly_the_tokens_of_a_bare_loop(
    starter: Engine, alone: tuple[list[list[int]], list[list[float]]]
) -> None:
    assert [tokens_of(starter, GREEDY, prompt) for prompt in PROMPTS] == alone[0]


def test_random_weights_give_exactly_the_tokens_of_a_bare_loop(noise: Engine, tiny: Path) -> None:
    prompt = Prompt(text="any text at all")
    assert [tokens_of(noise, GREEDY, prompt)] == bare(tiny, [noise.tokens(prompt)])[0]


def test_eight_at_once_give_exactly_the_tokens_of_a_bare_loop_of_eight(starter: Engine) -> None:
    together = Recorder(starter, PROMPTS, GREEDY)
    assert together.steps == LENGTH
    assert together.tokens == bare(MODEL_PATH, [starter.tokens(prompt) for prompt in PROMPTS])[0]


def test_eight_at_once_each_say_what_they_say_alone(
    starter: Engine, alone: tuple[list[list[int]], list[list[float]]]
) -> None:
    for each in zip(Recorder(starter, PROMPTS, GREEDY).tokens, *alone, strict=True):
        assert_same_but_for_rounding(*each)


@pytest.mark.parametrize("batch", [1, 7, 16])
def test_a_prompt_read_in_chunks_gives_the_same_answer(
    batch: int, alone: tuple[list[list[int]], list[list[float]]]
) -> None:
    engine = opened(MODEL_PATH, batch=batch)
    for number, prompt in enumerate(PROMPTS):
        assert_same_but_for_rounding(tokens_of(engine, GREEDY, prompt), alone[0][number], alone[1][number])
    engine.backend.close()


@pytest.mark.parametrize(("context", "batch"), [(256, 16), (200, 512), (160, 512)])
def test_a_preempted_sequence_goes_on_where_it_was(
    context: int, batch: int, alone: tuple[list[list[int]], list[list[float]]]
) -> None:
    engine = opened(MODEL_PATH, context=context, batch=batch)
    few = Recorder(engine, PROMPTS, GREEDY)
    engine.backend.close()
    assert few.preempted
    for each in zip(few.tokens, *alone, strict=True):
        assert_same_but_for_rounding(*each)


def with_system(question: str, answers: tuple[str, ...] = ()) -> Prompt:
    """A conversation under a system prompt of some hundred tokens."""
    said = [{"role": "assistant" if n % 2 else "user", "content": text} for n, text in enumerate((*answers, question))]
    return Prompt(messages=[{"role": "system", "content": "You answer in few words. " * 40}, *said])


def test_a_common_beginning_is_computed_once_and_changes_no_answer(starter: Engine) -> None:
    prompts = [with_system(question) for question in QUESTIONS]
    rows = [starter.tokens(prompt) for prompt in prompts]
    common = common_length(rows[0], rows[-1])
    shared = Recorder(starter, prompts, GREEDY)
    assert [shared.ends[number].usage.cached_tokens >= common for number in range(8)] == [False] + [True] * 7
    for row, tokens in zip(rows, shared.tokens, strict=True):
        answers, margins = bare(MODEL_PATH, [row])
        assert_same_but_for_rounding(tokens, answers[0], margins[0])


def test_the_next_turn_of_a_conversation_reads_only_what_is_new(starter: Engine) -> None:
    first = Recorder(starter, [with_system("hello")], Sampling(temperature=0.0))
    prompt = with_system("What is Tektra?", ("hello", first.text[0]))
    second = Recorder(starter, [prompt], GREEDY, kept=True)
    usage = second.ends[0].usage
    assert usage.prompt_tokens - usage.cached_tokens < 20
    answers, margins = bare(MODEL_PATH, [starter.tokens(prompt)])
    assert_same_but_for_rounding(second.tokens[0], answers[0], margins[0])


def test_what_an_ended_sequence_left_harms_nobody(starter: Engine) -> None:
    first = tokens_of(starter, GREEDY)
    Recorder(starter, PROMPTS, GREEDY)
    assert tokens_of(starter, GREEDY) == first


WARM = Sampling(temperature=1.0, top_p=1.0, top_k=0, min_p=0.0, seed=7, max_tokens=24, ignore_end=True)


def with_(sampling: Sampling, **fields: object) -> Sampling:
    return Sampling(**({name: getattr(sampling, name) for name in sampling.__struct_fields__} | fields))


def test_the_same_seed_gives_the_same_answer(noise: Engine) -> None:
    assert tokens_of(noise, WARM) == tokens_of(noise, WARM)


def test_a_seed_holds_whoever_runs_beside_it(noise: Engine) -> None:
    together = Recorder(noise, [PROMPTS[0]] * 3, WARM).tokens
    assert together[0] == together[1] == together[2]


def test_other_seeds_and_no_seed_give_other_answers(noise: Engine) -> None:
    answers = [tokens_of(noise, with_(WARM, seed=seed)) for seed in (1, 2, 2**32 + 3, -4, None, None)]
    assert len({tuple(answer) for answer in answers}) == len(answers)


@pytest.mark.parametrize("fields", [{"top_k": 1}, {"min_p": 1.0}, {"top_p": 0.0}, {"temperature": 0.0}])
def test_filters_that_leave_one_token_are_greedy(noise: Engine, fields: dict[str, float]) -> None:
    greedy = with_(GREEDY, max_tokens=WARM.max_tokens)
    assert tokens_of(noise, with_(WARM, **fields)) == tokens_of(noise, greedy)


def test_top_k_draws_from_the_best_and_no_others(noise: Engine, tiny: Path) -> None:
    prompt = Prompt(tokens=[5, 6, 7])
    chosen = {tokens_of(noise, with_(WARM, top_k=2, seed=seed, max_tokens=1), prompt)[0] for seed in range(40)}
    best = tokens_of(noise, with_(GREEDY, max_tokens=1), prompt)[0]
    second = tokens_of(noise, with_(GREEDY, max_tokens=1, logit_bias=((best, -100.0),)), prompt)[0]
    assert chosen == {best, second}


def test_a_bias_forces_a_token(noise: Engine) -> None:
    assert tokens_of(noise, with_(WARM, logit_bias=((300, 1000.0),))) == [300] * 24


def test_a_bias_forbids_a_token(noise: Engine) -> None:
    first = tokens_of(noise, GREEDY)[0]
    assert first not in tokens_of(noise, with_(GREEDY, logit_bias=((first, -1000.0),)))


@pytest.mark.parametrize("token", [-1, TINY.vocabulary])
def test_a_bias_for_no_token_is_refused(noise: Engine, token: int) -> None:
    with pytest.raises(BadRequest, match="outside the vocabulary"):
        noise.add("a", PROMPTS[0], Sampling(logit_bias=((token, 1.0),)))
    assert noise.waiting == 0


PAIR = ((300, 1000.0), (301, 900.0))
"""Biases under which only these two tokens are ever chosen, the second one where the first is penalized."""


@pytest.mark.parametrize(
    "penalty", [{"repeat_penalty": 2.0}, {"presence_penalty": 200.0}, {"frequency_penalty": 200.0}], ids=str
)
def test_a_penalty_holds_back_what_was_said_before(noise: Engine, penalty: dict[str, float]) -> None:
    plain = with_(GREEDY, logit_bias=PAIR, max_tokens=2)
    assert tokens_of(noise, plain) == [300, 300]
    assert tokens_of(noise, with_(plain, **penalty)) == [300, 301]


def test_penalties_look_only_as_far_back_as_the_window(noise: Engine) -> None:
    strong = with_(GREEDY, presence_penalty=200.0, logit_bias=PAIR, max_tokens=6)
    assert tokens_of(noise, with_(strong, penalty_window=1)) == [300, 301] * 3
    assert tokens_of(noise, with_(strong, penalty_window=2)) == [300, 301, 300, 300, 301, 300]
    assert tokens_of(noise, with_(strong, penalty_window=0)) == [300] * 6


def test_penalties_do_not_look_at_the_prompt(noise: Engine) -> None:
    strong = with_(GREEDY, presence_penalty=200.0, logit_bias=PAIR, max_tokens=1)
    assert tokens_of(noise, strong, Prompt(tokens=[300, 300])) == [300]


def test_odd_parameters_still_give_an_answer(noise: Engine) -> None:
    for odd in ({"temperature": 1e9}, {"top_p": -1.0}, {"min_p": 5.0}, {"top_k": 2**31}, {"seed": 2**70}):
        assert len(tokens_of(noise, with_(WARM, **odd))) == 24


def test_max_tokens_ends_an_answer(starter: Engine) -> None:
    done = Recorder(starter, PROMPTS[:1], with_(GREEDY, max_tokens=5))
    assert (len(done.tokens[0]), done.ends[0].reason) == (5, "length")
    assert done.ends[0].usage.completion_tokens == 5
    assert done.ends[0].usage.prompt_tokens == len(starter.tokens(PROMPTS[0]))


def test_the_models_own_end_ends_an_answer(starter: Engine) -> None:
    done = Recorder(starter, PROMPTS[:1], Sampling(temperature=0.0))
    assert done.ends[0].reason == "stop"
    assert done.text[0]
    assert "<|im_" not in done.text[0]


def test_a_stop_string_cuts_an_answer(starter: Engine) -> None:
    text = Recorder(starter, PROMPTS[1:2], Sampling(temperature=0.0)).text[0]
    stop = text[len(text) // 2 :][:4]
    done = Recorder(starter, PROMPTS[1:2], Sampling(temperature=0.0, stop=(stop,)))
    assert (done.text[0], done.ends[0].reason) == (text[: text.find(stop)], "stop")


def test_any_bytes_that_a_model_makes_come_out_as_whole_characters(noise: Engine) -> None:
    done = Recorder(noise, PROMPTS, WARM)
    for text, tokens in zip(done.text, done.tokens, strict=True):
        assert text == b"".join(map(noise.backend.token_bytes, tokens)).decode("utf-8", "replace")


@pytest.mark.parametrize("text", ["Grüße, 😀!", " two  spaces ", "a\nb\tc\0d", "日本語", "é" * 50])
def test_text_survives_tokens(starter: Engine, text: str) -> None:
    tokens = starter.tokens(Prompt(text=text))
    assert b"".join(map(starter.backend.token_bytes, tokens)).decode() == text


def test_a_prompt_of_tokens_is_the_prompt_of_its_text(starter: Engine) -> None:
    tokens = starter.tokens(Prompt(text="What is 2 + 3?"))
    assert tokens_of(starter, GREEDY, Prompt(tokens=tokens)) == tokens_of(
        starter, GREEDY, Prompt(text="What is 2 + 3?")
    )


def test_marks_in_text_are_control_tokens_only_where_they_are_meant(starter: Engine) -> None:
    mark = "<|im_start|>"
    assert len(starter.backend.tokenize(mark, special=True)) == 1
    plain = starter.backend.tokenize(mark, special=False)
    assert len(plain) > 1
    assert starter.tokens(Prompt(text=mark)) == plain
    assert b"".join(map(starter.backend.token_bytes, plain)).decode() == mark


def test_control_tokens_have_no_text(starter: Engine) -> None:
    (token,) = starter.backend.tokenize("<|im_end|>", special=True)
    assert starter.backend.token_bytes(token) == b""
    assert starter.backend.is_end(token)


def test_half_a_surrogate_pair_is_tokenized_as_something_else(starter: Engine) -> None:
    assert starter.tokens(Prompt(text="a\ud800b")) == starter.tokens(Prompt(text="a?b"))


@pytest.mark.parametrize("token", [-1, 2**31, 2**40])
def test_tokens_outside_the_vocabulary_never_reach_llama_cpp(starter: Engine, token: int) -> None:
    with pytest.raises(BadRequest):
        starter.add("a", Prompt(tokens=[token]), GREEDY)


def test_a_prompt_as_long_as_the_context_is_refused_and_one_token_less_is_answered(starter: Engine) -> None:
    with pytest.raises(ContextExceeded, match=r"\b1024 tokens .* context of 1024\b"):
        starter.add("a", Prompt(tokens=[5] * 1024), GREEDY)
    done = Recorder(starter, [Prompt(tokens=[5] * 1023)], GREEDY)
    assert (len(done.tokens[0]), done.ends[0].reason) == (1, "length")


def test_a_context_larger_than_trained_is_refused_with_both_numbers(tiny: Path) -> None:
    with pytest.raises(BadRequest, match=r"context of 2048 tokens; 4096 were asked for"):
        opened(tiny, context=4096)


def test_a_batch_smaller_than_the_slots_is_served_all_the_same(tiny: Path) -> None:
    engine = opened(tiny, batch=2, slots=8)
    done = Recorder(engine, [Prompt(text=question) for question in QUESTIONS], with_(GREEDY, max_tokens=8))
    engine.backend.close()
    assert [len(tokens) for tokens in done.tokens] == [8] * 8


def unit(vector: list[float]) -> bool:
    return math.isclose(math.fsum(x * x for x in vector), 1.0, rel_tol=1e-6)


def test_embeddings_have_unit_length_and_equal_texts_equal_vectors(starter: Engine) -> None:
    texts = ("a red car", "the sea", "a red car")
    one, other, again = (starter.embed(starter.tokens(Prompt(text=text))) for text in texts)
    assert all(map(unit, (one, other, again)))
    assert one == again != other


def test_embedding_leaves_running_answers_alone(starter: Engine) -> None:
    expected = tokens_of(starter, GREEDY)
    starter._cells.forget()
    starter.add("a", PROMPTS[0], GREEDY)
    (sequence,) = starter._waiting.values()
    while starter.running or starter.waiting:
        starter.step()
        starter.embed(starter.tokens(Prompt(text="between two steps")))
    assert sequence.tokens[sequence.prompt_length :] == expected


def test_an_input_too_long_to_embed_is_refused_with_both_numbers(starter: Engine) -> None:
    assert unit(starter.embed([5] * 1024))
    with pytest.raises(ContextExceeded, match=r"\b1025 tokens .* at most 1024\b"):
        starter.embed([5] * 1025)


def test_the_log_of_llama_cpp_keeps_warnings_and_drops_chatter(capfd: pytest.CaptureFixture[str], tiny: Path) -> None:
    engine = opened(tiny)
    engine.backend.close()
    assert "llama_model_loader: - kv" not in capfd.readouterr().err

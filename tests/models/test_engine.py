"""The engine over scripted replies: batching, ending, cancelling, making room, and going on after a failure."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tektra_models.backend import Feed
from tektra_models.engine import Engine, Event
from tektra_models.errors import BadModelFile, BadRequest, ContextExceeded, ModelError, TemplateFailed, Unsupported
from tektra_models.generation import Delta, Finish, Prompt, Sampling, ToolCall
from tektra_models.scripted import ScriptedBackend, read_script
from tektra_models.spec import Spec

GREEDY = Sampling(temperature=0.0)
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
Make = Callable[..., Engine]


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell, which holders may share."""

    token: int


class Counting(ScriptedBackend):
    """A scripted backend that counts: every feed has to continue what its holder holds, and all cells have to fit."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.cells: dict[int, list[Cell]] = {}
        self.batch = spec.batch
        self.computed = 0
        self.samplers = 0

    def sampler(self, sampling: Sampling, prompt: list[int]) -> Any:
        self.samplers += 1
        return super().sampler(sampling, prompt)

    def free_sampler(self, sampler: Any) -> None:
        self.samplers -= 1

    def decode(self, feeds: list[Feed]) -> list[list[int]]:
        assert len({feed.holder for feed in feeds}) == len(feeds)
        assert 0 < sum(len(feed.tokens) for feed in feeds) <= self.batch
        for feed in feeds:
            assert 0 <= feed.holder < self.holders
            held = self.cells.setdefault(feed.holder, [])
            assert feed.position == len(held)
            held.extend(map(Cell, feed.tokens))
            self.computed += len(feed.tokens)
            if feed.sampler is not None:
                assert feed.sampler.prompt == [cell.token for cell in held[: len(feed.sampler.prompt)]]
        assert len(set(itertools.chain.from_iterable(self.cells.values()))) <= self.context
        return super().decode(feeds)

    def copy(self, source: int, target: int, length: int) -> None:
        assert not self.cells.get(target)
        assert 0 < length <= len(self.cells[source])
        self.cells[target] = self.cells[source][:length]

    def cut(self, holder: int, length: int) -> None:
        self.cells[holder] = self.cells.get(holder, [])[:length]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make an engine whose model says what it is told."""

    def make(
        replies: list[dict[str, Any]] | str = ALPHABET,
        backend: type[ScriptedBackend] = Counting,
        script: dict[str, Any] | None = None,
        **spec: Any,
    ) -> Engine:
        path = tmp_path / "m.scripted.json"
        said = [{"say": replies}] if isinstance(replies, str) else replies
        path.write_text(json.dumps({"schema": "tektra.scripted/1", "replies": said} | (script or {})))
        chosen = Spec(name="m", path=str(path), backend="scripted", threads=1, **spec)
        return Engine(backend(chosen), chosen)

    return make


class Answers:
    """What came of every request: its text, its calls, its end."""

    def __init__(self) -> None:
        self.text: dict[str, str] = defaultdict(str)
        self.calls: dict[str, list[ToolCall]] = defaultdict(list)
        self.ends: dict[str, Finish] = {}

    def take(self, events: list[Event]) -> None:
        for request, said in events:
            assert request not in self.ends, "nothing may follow the end"
            if isinstance(said, Delta):
                self.text[request] += said.text
                self.calls[request] += [said.tool_call] if said.tool_call else []
            else:
                self.ends[request] = said


def finish(engine: Engine, answers: Answers | None = None, steps: int = 20_000) -> Answers:
    """Step until nothing is left."""
    answers = answers or Answers()
    for _ in range(steps):
        if not (engine.running or engine.waiting):
            return answers
        answers.take(engine.step())
    raise AssertionError("the engine does not come to an end")


def ask(engine: Engine, text: str = "x", sampling: Sampling = GREEDY, **prompt: Any) -> tuple[str, Finish]:
    """One request, alone."""
    engine.add("only", Prompt(text=text, **prompt), sampling)
    answers = finish(engine)
    return answers.text["only"], answers.ends["only"]


def test_an_answer_ends_where_the_model_ends_it(make: Make) -> None:
    text, end = ask(make("Grüße 😀"), "hello")
    assert text == "Grüße 😀"
    assert end.reason == "stop"
    assert (end.usage.prompt_tokens, end.usage.completion_tokens) == (5, len("Grüße 😀".encode()))


def test_an_empty_answer_is_an_answer(make: Make) -> None:
    text, end = ask(make(""))
    assert (text, end.reason, end.usage.completion_tokens) == ("", "stop", 0)


def test_messages_go_through_the_template(make: Make) -> None:
    engine = make([{"when": r"user: hi\nassistant:\Z", "say": "seen"}, {"say": "not seen"}])
    assert engine.add("only", Prompt(messages=[{"role": "user", "content": "hi"}]), GREEDY) == len(
        "user: hi\nassistant:"
    )
    assert finish(engine).text["only"] == "seen"


def test_adding_tells_how_many_tokens_the_prompt_has(make: Make) -> None:
    assert make().add("a", Prompt(tokens=[1, 2, 3]), GREEDY) == 3


def test_sequences_run_together_and_new_ones_join_between_steps(make: Make) -> None:
    engine = make([{"when": "one", "say": "1111"}, {"when": "two", "say": "2222"}, {"say": "3333"}])
    answers = Answers()
    engine.add("a", Prompt(text="one"), GREEDY)
    answers.take(engine.step())
    engine.add("b", Prompt(text="two"), GREEDY)
    answers.take(engine.step())
    engine.add("c", Prompt(text="three"), GREEDY)
    answers.take(engine.step())
    assert engine.running == 3
    assert dict(answers.text) == {"a": "111", "b": "22", "c": "3"}
    finish(engine, answers)
    assert dict(answers.text) == {"a": "1111", "b": "2222", "c": "3333"}
    assert {end.reason for end in answers.ends.values()} == {"stop"}


def test_who_finds_no_slot_waits_and_is_served_in_order(make: Make) -> None:
    engine = make("ab", slots=2)
    for request in "abcde":
        engine.add(request, Prompt(text="x"), GREEDY)
    assert (engine.running, engine.waiting) == (0, 5)
    answers = Answers()
    answers.take(engine.step())
    assert (engine.running, engine.waiting) == (2, 3)
    finish(engine, answers)
    assert list(answers.ends) == list("abcde")
    assert set(answers.text.values()) == {"ab"}


def test_max_tokens_ends_an_answer_for_length(make: Make) -> None:
    text, end = ask(make(), sampling=Sampling(max_tokens=5))
    assert (text, end.reason, end.usage.completion_tokens) == ("abcde", "length", 5)


def test_an_answer_of_exactly_max_tokens_ends_for_length(make: Make) -> None:
    assert ask(make("abc"), sampling=Sampling(max_tokens=3))[1].reason == "length"
    assert ask(make("abc"), sampling=Sampling(max_tokens=4))[1].reason == "stop"


def test_the_context_ends_an_answer_for_length(make: Make) -> None:
    text, end = ask(make(context=16), "0123456789")
    assert (text, end.reason) == ("abcdef", "length")
    assert end.usage.prompt_tokens + end.usage.completion_tokens == 16


def test_a_prompt_that_leaves_no_room_is_refused_with_both_numbers(make: Make) -> None:
    engine = make(context=16)
    for length in (16, 17, 1000):
        with pytest.raises(ContextExceeded, match=rf"\b{length} tokens .* context of 16\b") as caught:
            engine.add("a", Prompt(text="x" * length), GREEDY)
        assert caught.value.hint
    assert (engine.running, engine.waiting) == (0, 0)
    assert ask(engine, "x" * 15)[0] == "a"


def test_the_scripts_context_bounds_the_specs(make: Make) -> None:
    with pytest.raises(ContextExceeded):
        make(script={"context": 8}, context=64).add("a", Prompt(text="x" * 8), GREEDY)


@pytest.mark.parametrize("prompt", [Prompt(text=""), Prompt(tokens=[])])
def test_an_empty_prompt_is_refused(make: Make, prompt: Prompt) -> None:
    with pytest.raises(BadRequest, match="empty"):
        make().add("a", prompt, GREEDY)


@pytest.mark.parametrize("token", [-1, 257, 2**40])
def test_tokens_outside_the_vocabulary_are_refused(make: Make, token: int) -> None:
    with pytest.raises(BadRequest, match="outside the vocabulary"):
        make().add("a", Prompt(tokens=[1, token]), GREEDY)


def test_messages_that_break_the_template_are_refused_and_harm_nobody(make: Make) -> None:
    engine = make("fine")
    engine.add("good", Prompt(text="x"), GREEDY)
    with pytest.raises(TemplateFailed):
        engine.add("bad", Prompt(messages=[{"role": "user", "tool_calls": 5}]), GREEDY)
    assert finish(engine).text == {"good": "fine"}


def test_a_long_prompt_is_read_in_chunks_with_the_same_answer(make: Make) -> None:
    whole, chunked = make(batch=512), make(batch=8)
    assert ask(whole, "x" * 300)[0] == ask(chunked, "x" * 300)[0] == ALPHABET


def test_nothing_is_said_before_the_whole_prompt_is_read(make: Make) -> None:
    engine = make(batch=8)
    engine.add("a", Prompt(text="x" * 30), GREEDY)
    assert [engine.step() for _ in range(4)] == [[], [], [], [("a", Delta(text="a"))]]


class Timed(ScriptedBackend):
    """A machine on which a step takes 20 ms, and 2 ms more for every token after the first."""

    seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def decode(self, feeds: list[Feed]) -> list[list[int]]:
        self.seconds += 0.02 + 0.002 * (sum(len(feed.tokens) for feed in feeds) - 1)
        return super().decode(feeds)


def test_a_long_prompt_keeps_nobodys_next_token_waiting(make: Make) -> None:
    engine = make([{"say": ALPHABET, "forever": True}], Timed, gap_s=0.25)
    backend = engine.backend
    assert isinstance(backend, Timed)
    engine = Engine(backend, Spec(name="m", path="", gap_s=0.25), now=backend.now)
    engine.add("short", Prompt(text="x"), Sampling(max_tokens=200))
    engine.step()
    engine.add("long", Prompt(text="y" * 2700), Sampling(max_tokens=1))
    said_at: list[float] = []
    while engine.running > 1 or engine.waiting:
        said_at += [backend.seconds for request, _ in engine.step() if request == "short"]
    gaps = [after - before for before, after in itertools.pairwise(said_at)]
    assert len(gaps) > 20
    assert max(gaps) < 0.25
    assert backend.seconds < 1.2 * 0.002 * 2700


def test_a_cancelled_sequence_ends_at_once_and_keeps_what_it_said(make: Make) -> None:
    engine = make([{"say": "abc", "forever": True}])
    answers = Answers()
    engine.add("a", Prompt(text="x"), GREEDY)
    engine.add("b", Prompt(text="x"), Sampling(max_tokens=6))
    for _ in range(4):
        answers.take(engine.step())
    answers.take(engine.cancel("a"))
    assert engine.running == 1
    finish(engine, answers)
    assert answers.text == {"a": "abca", "b": "abcabc"}
    assert answers.ends["a"].reason == "cancelled"
    assert answers.ends["a"].usage.completion_tokens == 4


def test_a_waiting_sequence_can_be_cancelled(make: Make) -> None:
    engine = make("abc", slots=1)
    engine.add("a", Prompt(text="x"), GREEDY)
    engine.add("b", Prompt(text="xy"), GREEDY)
    answers = Answers()
    answers.take(engine.step())
    answers.take(engine.cancel("b"))
    assert answers.ends["b"].reason == "cancelled"
    assert answers.ends["b"].usage.completion_tokens == 0
    assert (engine.running, engine.waiting) == (1, 0)
    assert finish(engine, answers).text["a"] == "abc"


def test_a_preempted_sequence_can_be_cancelled(make: Make) -> None:
    engine = make([{"say": ALPHABET, "forever": True}], context=64, slots=2)
    answers = Answers()
    engine.add("a", Prompt(text="x" * 8), GREEDY)
    engine.add("b", Prompt(text="y" * 8), GREEDY)
    while engine.running < 2:
        answers.take(engine.step())
    while engine.running == 2:
        answers.take(engine.step())
    assert engine.waiting == 1
    answers.take(engine.cancel("b"))
    assert answers.ends["b"].usage.completion_tokens == len(answers.text["b"]) > 0
    assert finish(engine, answers).ends["a"].reason == "length"


def test_cancelling_releases_text_that_was_held_back(make: Make) -> None:
    engine = make("one <en")
    answers = Answers()
    engine.add("a", Prompt(text="x"), Sampling(stop=("<end>",)))
    for _ in range(7):
        answers.take(engine.step())
    assert answers.text["a"] == "one "
    answers.take(engine.cancel("a"))
    assert answers.text["a"] == "one <en"


def test_cancelling_what_is_not_there_does_nothing(make: Make) -> None:
    engine = make("a")
    assert engine.cancel("nobody") == []
    ask(engine)
    assert engine.cancel("only") == []


def test_slot_cells_and_sampler_are_free_again_after_every_kind_of_end(make: Make) -> None:
    engine = make("abc", slots=1)
    for _ in range(3):
        assert ask(engine)[0] == "abc"
        assert ask(engine, sampling=Sampling(max_tokens=1))[1].reason == "length"
        engine.add("gone", Prompt(text="x"), GREEDY)
        engine.step()
        engine.cancel("gone")
    assert (engine.running, engine.waiting) == (0, 0)
    assert isinstance(engine.backend, Counting)
    assert engine.backend.samplers == 0


@pytest.mark.parametrize("cells", [80, 100, 150, 200])
def test_few_cells_change_when_answers_come_and_not_what_they_say(make: Make, cells: int) -> None:
    engine = make([{"when": str(n), "say": ALPHABET[n:], "forever": True} for n in range(6)], context=cells, slots=6)
    for n in range(6):
        engine.add(str(n), Prompt(text=str(n) * 8), Sampling(max_tokens=60))
    answers = Answers()
    preempted = 0
    while engine.running or engine.waiting:
        before, ended = engine.running, len(answers.ends)
        answers.take(engine.step())
        preempted += engine.running < before - (len(answers.ends) - ended)
    assert preempted
    assert answers.text == {str(n): (ALPHABET[n:] * 60)[:60] for n in range(6)}
    assert {(end.reason, end.usage.prompt_tokens, end.usage.completion_tokens) for end in answers.ends.values()} == {
        ("length", 8, 60)
    }


def test_a_stop_string_ends_the_answer_and_is_not_shown(make: Make) -> None:
    text, end = ask(make("one two END three"), sampling=Sampling(stop=("END", "three")))
    assert (text, end.reason) == ("one two ", "stop")
    assert end.usage.completion_tokens == len("one two END")


def test_text_that_only_began_a_stop_string_is_shown_at_the_end(make: Make) -> None:
    assert ask(make("so <en"), sampling=Sampling(stop=("<end>",)))[0] == "so <en"


def test_ignore_end_goes_on_past_the_models_end(make: Make) -> None:
    text, end = ask(make("ab"), sampling=Sampling(ignore_end=True, max_tokens=6))
    assert (text, end.reason, end.usage.completion_tokens) == ("ab", "length", 6)


def test_a_character_of_several_tokens_is_never_shown_in_halves(make: Make) -> None:
    engine = make("é😀")
    engine.add("a", Prompt(text="x"), GREEDY)
    said = [delta.text for _ in range(7) for _, delta in engine.step() if isinstance(delta, Delta)]
    assert said == ["é", "😀"]


CALL = '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>'
TOOLS = [{"type": "function", "function": {"name": "f"}}]


def test_calls_are_picked_out_where_tools_were_offered(make: Make) -> None:
    engine = make(f"I call. {CALL}")
    engine.add("a", Prompt(text="x", tools=TOOLS), GREEDY)
    answers = finish(engine)
    assert answers.text["a"] == "I call."
    assert answers.calls["a"] == [ToolCall(name="f", arguments='{"a": 1}')]
    assert answers.ends["a"].reason == "tool_calls"


def test_without_tools_a_call_is_text(make: Make) -> None:
    text, end = ask(make(CALL))
    assert (text, end.reason) == (CALL, "stop")


def test_an_answer_cut_in_a_call_ends_for_length_with_all_its_text(make: Make) -> None:
    text, end = ask(make(CALL), sampling=Sampling(max_tokens=20), tools=TOOLS)
    assert (text, end.reason) == (CALL[:20], "length")


class Failing(ScriptedBackend):
    """Fails one decode, as a real backend may; the `failures` first steps with more than one sequence fail."""

    failures = 1

    def decode(self, feeds: list[Feed]) -> list[list[int]]:
        if len(feeds) > 1 and self.failures:
            self.failures -= 1
            raise ModelError("could not compute the batch")
        return super().decode(feeds)


def test_after_a_failed_step_every_sequence_is_named_and_the_engine_goes_on(make: Make) -> None:
    engine = make("abc", Failing, slots=2)
    for request in "abc":
        engine.add(request, Prompt(text="x"), GREEDY)
    with pytest.raises(ModelError):
        engine.step()
    assert sorted(engine.fail_all()) == ["a", "b", "c"]
    assert (engine.running, engine.waiting) == (0, 0)
    for request in "de":
        engine.add(request, Prompt(text="x"), GREEDY)
    assert finish(engine).text == {"d": "abc", "e": "abc"}


class Encoder(ScriptedBackend):
    """A model that only embeds."""

    can_generate = False


def test_a_model_that_cannot_write_says_so_and_still_embeds(make: Make) -> None:
    engine = make("x", Encoder)
    with pytest.raises(Unsupported, match="only makes embeddings"):
        engine.add("a", Prompt(text="x"), GREEDY)
    assert len(engine.embed(engine.tokens(Prompt(text="x")))) == 8


def test_equal_texts_have_equal_vectors_and_others_do_not(make: Make) -> None:
    engine = make()
    one, other, again = (engine.embed(engine.tokens(Prompt(text=text))) for text in ("abc", "xyz", "abc"))
    assert one == again != other


def test_a_finished_answer_says_where_its_time_went(make: Make) -> None:
    _, end = ask(make("abc"))
    assert min(end.timings.queued_s, end.timings.prompt_s, end.timings.decode_s) >= 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"schema": "tektra.scripted/1", "replies": []}',
        b'{"schema": "other/1", "replies": [{"say": "a"}]}',
        b'{"schema": "tektra.scripted/1", "replies": [{"say": "a", "when": "("}]}',
        b'{"schema": "tektra.scripted/1", "replies": [{"says": "a"}]}',
    ],
)
def test_a_bad_script_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.scripted.json"
    path.write_bytes(content)
    with pytest.raises(BadModelFile, match=str(path)):
        read_script(path)


def test_a_missing_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModelFile):
        read_script(tmp_path / "missing.scripted.json")

"""Attention states on disk: a conversation goes on where it was, exactly, and nothing wrong is ever read back."""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tektra_models.engine import RECENT_S, Engine
from tektra_models.generation import Prompt, Sampling
from tektra_models.kv_store import KvStore
from tektra_models.recall import KEPT_SHARE, WORTH_KEEPING
from tektra_models.spec import FlashAttention, Spec
from tektra_models.starter import MODEL_PATH
from tektra_models.worker import open_backend
from tests.models.test_llamacpp import Recorder, tiny, with_

__all__ = ["tiny"]  # fixture
LONG = Prompt(text="Once upon a time there was a small model. " * 24)
GREEDY = Sampling(temperature=0.0, max_tokens=24)
MEGABYTE = 1 << 20
Open = Callable[..., Engine]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Engines over one folder of states, as if one worker came after the other."""
    backends = []

    def make(
        path: Path = MODEL_PATH, key: str = "starter", most: int = 256 * MEGABYTE, passes: FlashAttention = "auto"
    ) -> Engine:
        spec = Spec(name="m", path=str(path), threads=1, context=2048, flash_attention=passes)
        backends.append(open_backend(spec))
        return Engine(backends[-1], spec, states=KvStore(tmp_path / "states", key, most))

    yield make
    for backend in backends:
        backend.close()


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "states").glob("*.kv"))


def ask(engine: Engine, prompt: Prompt = LONG) -> tuple[str, int]:
    """The greedy answer, and how many tokens of the prompt were known."""
    done = Recorder(engine, [prompt], GREEDY, kept=True)
    return done.text[0], done.ends[0].usage.cached_tokens


def test_a_restored_state_gives_the_same_answer_without_computing_the_prompt(opened: Open) -> None:
    first = opened()
    assert ask(first)[1] == 0
    answer, known = ask(first)
    first.recall.close()
    assert ask(opened()) == (answer, known) == (answer, len(first.tokens(LONG)) - 1)


def test_a_restored_state_is_exact_to_the_bit(opened: Open) -> None:
    first = opened()
    ask(first)
    holder = first._cells.keepable(WORTH_KEEPING)[0]
    state, tokens = first.backend.state(holder), first._cells.tokens(holder)
    second = opened()
    adopted = second._cells.adopt(tokens)
    assert second.backend.restore(adopted, state)
    assert second.backend.state(adopted) == state


def test_the_next_turn_computes_only_what_is_new(opened: Open) -> None:
    first = opened()
    answer, _ = ask(first)
    first.recall.close()
    second = opened()
    assert LONG.text is not None
    turn = Prompt(text=LONG.text + answer + " And then?")
    known = ask(second, turn)[1]
    assert known > len(second.tokens(LONG)) - 8
    assert ask(opened(), turn)[0] == ask(opened(), turn)[0]


def test_a_longer_state_takes_the_place_of_the_one_it_begins_with(opened: Open, tmp_path: Path) -> None:
    engine = opened()
    ask(engine)
    while engine.recall.tidy_one():
        pass
    assert LONG.text is not None
    answer = ask(engine)[0]
    ask(engine, Prompt(text=LONG.text + answer + " And so it went on, and on, and on."))
    engine.recall.close()
    assert len(files(tmp_path)) <= 2


def test_what_is_private_never_goes_to_disk(opened: Open, tmp_path: Path) -> None:
    engine = opened()
    ask(engine, Prompt(text=LONG.text, private=True))
    assert not engine.recall.tidy_one()
    engine.recall.close()
    assert files(tmp_path) == []


def test_short_prompts_are_computed_and_not_kept(opened: Open, tmp_path: Path) -> None:
    engine = opened()
    ask(engine, Prompt(text="Hello"))
    engine.recall.close()
    assert files(tmp_path) == []


def test_states_of_another_model_are_not_touched(opened: Open, tmp_path: Path, tiny: Path) -> None:
    first = opened()
    ask(first)
    first.recall.close()
    before = files(tmp_path)
    other = opened(tiny, key="another")
    assert ask(other)[1] == 0
    assert files(tmp_path) == before


def test_a_state_under_a_wrong_key_is_refused_by_the_model(opened: Open, tiny: Path) -> None:
    """As if two models had the same digest."""
    first = opened()
    answer = ask(first)[0]
    first.recall.close()
    other = opened(tiny)
    alone = Recorder(other, [LONG], GREEDY).text[0]
    assert ask(other)[0] == alone != answer


@pytest.mark.parametrize("where", [0, 5, 14, 40, 2000, -1], ids=lambda where: f"byte {where}")
def test_a_damaged_file_is_removed_and_the_prompt_computed(opened: Open, tmp_path: Path, where: int) -> None:
    first = opened()
    answer = ask(first)[0]
    first.recall.close()
    (path,) = files(tmp_path)
    data = bytearray(path.read_bytes())
    data[where] ^= 0x55
    path.write_bytes(data)
    second = opened()
    assert ask(second)[0] == answer
    second.recall.close()
    assert all(path.read_bytes() != bytes(data) for path in files(tmp_path))


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=200), cut=st.booleans())
def test_garbage_is_removed(tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: bool) -> None:
    folder = tmp_path_factory.mktemp("states")
    store = KvStore(folder, "k", MEGABYTE)
    store.keep([1, 2, 3], b"state")
    store.close()
    (path,) = folder.glob("*.kv")
    path.write_bytes(path.read_bytes()[: len(data)] if cut else data)
    again = KvStore(folder, "k", MEGABYTE)
    stored, length = again.best([1, 2, 3, 4])
    assert (length == 0) or (stored is not None and again.read(stored) is None)
    assert not list(folder.glob("*.kv"))
    again.close()


def test_the_longest_unused_states_go_first(tmp_path: Path) -> None:
    store = KvStore(tmp_path, "k", 10 * 1000)
    for number in range(30):
        store.keep([number, 1, 2], bytes(1000))
        store.settle()
        known = store.best([0, 1, 2])[0]
        if known is not None:
            assert store.read(known) == bytes(1000)
    kept = {token for token in range(30) if store.best([token, 1, 2])[1] == 3}
    assert 0 in kept
    assert 29 in kept
    assert 5 <= len(kept) <= 10
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10 * 1000
    store.close()


def test_a_state_too_large_for_the_folder_is_not_kept(tmp_path: Path) -> None:
    store = KvStore(tmp_path, "k", 1000)
    store.keep([1], bytes(600))
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_what_is_still_being_written_is_found(tmp_path: Path) -> None:
    store, disk = KvStore(tmp_path, "k", MEGABYTE), threading.Event()
    store._writer.submit(disk.wait)  # a slow one
    store.keep([1, 2, 3], b"state", "ada")
    found, length = store.best([1, 2, 3, 4], "ada")
    assert (length, store.best([1, 2, 3, 4], "grace")) == (3, (None, 0))
    assert found is not None
    assert not found.path.exists()
    assert store.read(found) == b"state"
    disk.set()
    store.settle()
    assert found.path.exists()
    assert store.read(found) == b"state"
    assert store.best([1, 2, 3, 4], "ada") == (found, 3)


def test_a_full_disk_costs_the_state_and_nothing_else(tmp_path: Path) -> None:
    store = KvStore(tmp_path, "k", 100 * MEGABYTE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, before[1]))
        store.keep([1, 2], bytes(3 * MEGABYTE))
        store.settle()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)
    assert store.best([1, 2])[1] == 0
    assert list(tmp_path.iterdir()) == []
    store.close()


def test_what_cannot_be_written_is_tried_once_and_holds_up_no_end(opened: Open, tmp_path: Path) -> None:
    engine = opened()
    ask(engine)
    (tmp_path / "states").rmdir()
    tried = [engine.recall.tidy_one() for _ in range(6)]
    assert not any(tried[3:])
    engine.recall.close()
    assert ask(engine)[1] > WORTH_KEEPING


def test_forgetting_leaves_nothing_in_cells_or_on_disk(opened: Open, tmp_path: Path) -> None:
    engine = opened()
    ask(engine)
    assert engine.recall.tidy_one()
    engine.recall.forget()
    assert files(tmp_path) == []
    assert ask(engine)[1] == 0


def test_several_workers_share_a_folder(opened: Open, tmp_path: Path) -> None:
    engines = [opened() for _ in range(3)]
    answers = {ask(engine)[0] for engine in engines}
    for engine in engines:
        engine.recall.close()
    assert len(answers) == 1
    assert len(files(tmp_path)) == 1
    assert ask(opened())[1] > WORTH_KEEPING


def test_states_come_back_beside_running_answers(opened: Open) -> None:
    first = opened()
    ask(first)
    answer = ask(first)[0]
    first.recall.close()
    second = opened()
    second.add("other", Prompt(text="Tell me a story."), with_(GREEDY, max_tokens=60, ignore_end=True))
    for _ in range(5):
        second.step()
    second.add("long", LONG, GREEDY)
    said = {"other": "", "long": ""}
    while second.running or second.waiting:
        for request, event in second.step():
            said[request] += getattr(event, "text", "")
    assert said["long"] == answer


def test_cells_go_when_all_is_on_disk_but_for_the_latest_conversation(opened: Open) -> None:
    engine = opened()
    prompts = [Prompt(text=f"{word} once upon a time. " * 55) for word in ("Red", "Green", "Blue")]
    lengths = [len(engine.tokens(prompt)) for prompt in prompts]
    for prompt in prompts:
        ask(engine, prompt)
    assert sum(lengths) > engine.backend.context // 4
    while engine.recall.tidy_one():
        pass
    assert lengths[2] <= engine._cells._tree.cells < sum(lengths)
    assert ask(engine, prompts[2])[1] == lengths[2] - 1
    assert ask(engine, prompts[0])[1] == lengths[0] - 1


def test_with_attention_in_one_pass_idle_cells_go_to_disk_beside_a_running_answer_the_latest_last(opened: Open) -> None:
    engine, now = opened(passes="on"), 0.0
    engine._now = lambda: now
    prompts = [Prompt(text=f"{word} once upon a time. " * 55) for word in ("Red", "Green", "Blue")]
    lengths = [len(engine.tokens(prompt)) for prompt in prompts]
    most = engine.backend.context // KEPT_SHARE
    assert min(lengths) > most
    engine.add("other", Prompt(text="Tell me a story."), with_(GREEDY, max_tokens=400, ignore_end=True))
    for prompt in prompts:
        engine.add("one", prompt, with_(GREEDY, max_tokens=1))
        while engine.running + engine.waiting > 1:
            engine.step()
    for _ in range(20):
        assert engine.recall._store is not None
        engine.recall._store.settle()
        engine.step()
    assert engine._cells.idle == lengths[-1], "the latest conversation may go on at once"
    now += RECENT_S
    engine.step()
    assert engine.running
    assert engine._cells.idle == 0
    engine.cancel("other")
    assert [ask(engine, prompt)[1] for prompt in prompts] == [length - 1 for length in lengths]


def test_with_attention_in_two_all_idle_cells_go_before_a_newcomer_is_read(opened: Open) -> None:
    engine = opened()
    prompts = [Prompt(text=f"{word} once upon a time. " * 55) for word in ("Red", "Green")]
    lengths = [len(engine.tokens(prompt)) for prompt in prompts]
    for prompt in prompts:
        ask(engine, prompt)
    while engine.recall.tidy_one():
        pass
    assert engine._cells.idle >= lengths[-1]
    engine.add("other", Prompt(text="Tell me a story."), with_(GREEDY, max_tokens=40, ignore_end=True))
    engine.step()
    assert engine._cells.idle == 0
    engine.cancel("other")
    assert [ask(engine, prompt)[1] for prompt in prompts] == [length - 1 for length in lengths]


def test_what_makes_way_for_others_goes_to_disk(opened: Open) -> None:
    engine = opened()
    prompts = [Prompt(text=f"{word} once upon a time. " * 110) for word in ("Red", "Green", "Blue")]
    lengths = [len(engine.tokens(prompt)) for prompt in prompts]
    assert lengths[0] + lengths[1] > engine.backend.context
    for prompt in prompts:
        assert ask(engine, prompt)[1] == 0
        assert engine.recall._store is not None
        engine.recall._store.settle()
    assert [ask(engine, prompt)[1] for prompt in prompts] == [length - 1 for length in lengths]


def test_nothing_goes_that_cannot_come_back(opened: Open) -> None:
    engine = opened(most=1000)
    prompts = [Prompt(text=f"{word} once upon a time. " * 55) for word in ("Red", "Green", "Blue")]
    prompts.append(Prompt(text="Grey once upon a time. " * 55, private=True))
    for prompt in prompts:
        ask(engine, prompt)
    before = engine._cells.idle
    engine.add("other", Prompt(text="Tell me a story."), with_(GREEDY, max_tokens=40, ignore_end=True))
    while engine.running or engine.waiting:
        engine.step()
    assert engine._cells.idle >= before > engine.backend.context // KEPT_SHARE
    engine.recall.close()


def test_a_state_too_large_to_keep_does_not_hold_up_the_end(opened: Open, tmp_path: Path) -> None:
    engine = opened(most=1000)
    ask(engine)
    engine.recall.close()
    assert files(tmp_path) == []


def test_a_state_is_its_owner_s_alone_also_after_a_restart(tmp_path: Path) -> None:
    store = KvStore(tmp_path, "k", MEGABYTE)
    assert store.keep([1, 2, 3], b"hers", "1000")
    assert store.keep([1, 2], b"his", "1001")
    store.close()
    for again in (store, KvStore(tmp_path, "k", MEGABYTE)):
        for owner, tokens, data in (("1000", [1, 2, 3], b"hers"), ("1001", [1, 2], b"his")):
            stored, length = again.best([1, 2, 3, 4], owner)
            assert stored is not None
            assert (length, again.read(stored)) == (len(tokens), data)
            assert again.holds([1, 2, 3], owner) == (owner == "1000")
        assert again.best([1, 2, 3, 4], "1002") == (None, 0)

"""The batcher: what it must never do, whatever comes, and that every run comes to its end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tektra_models.batcher import GROWTH, TILE, Limits, Plan, Queued, plan_step


@dataclass
class Job:
    """A sequence as the engine would keep it: its tokens so far, those in cells, those at which it ends."""

    order: int
    length: int
    final: int
    held: int = 0
    batch: bool = False

    @property
    def queued(self) -> Queued:
        return Queued(order=self.order, length=self.length, held=self.held, batch=self.batch)


@dataclass
class Run:
    """Carries plans out as the engine does, and checks every one of them first."""

    limits: Limits
    waiting: dict[int, Job]
    running: dict[int, Job] = field(default_factory=dict)
    finished: list[int] = field(default_factory=list)
    steps: int = 0

    def step(self) -> Plan:
        self.steps += 1
        limits = replace(self.limits, turn=self.steps % 4 == 0)
        present = [job.queued for job in [*self.running.values(), *self.waiting.values()]]
        plan = plan_step(present[: len(self.running)], present[len(self.running) :], limits)
        rests = not limits.turn and not all(queued.batch for queued in present)
        pending = {
            order for order, job in self.running.items() if job.queued.pending == 1 and not (job.batch and rests)
        }
        oldest = min(present, key=lambda queued: queued.rank).order
        for order in plan.preempt:
            job = self.running.pop(order)
            job.held = 0
            self.waiting[order] = job
        for order in plan.enter:
            self.running[order] = self.waiting.pop(order)
        self.check(plan, pending - set(plan.preempt), oldest)
        for order, count in plan.feeds.items():
            self.advance(self.running[order], count)
        return plan

    def check(self, plan: Plan, pending: set[int], oldest: int) -> None:
        assert set(plan.feeds) <= set(self.running), "only what is in a slot is fed"
        assert all(0 < count <= self.running[order].queued.pending for order, count in plan.feeds.items())
        cells = sum(job.held for job in self.running.values()) + sum(plan.feeds.values())
        assert cells <= self.limits.cells
        assert sum(plan.feeds.values()) <= self.limits.batch
        assert len(self.running) <= self.limits.slots
        assert all(plan.feeds.get(order) == 1 for order in pending), "who waits for a token gets it"
        assert oldest in plan.feeds or plan.preempt, "the oldest never starves"
        assert all(order in plan.feeds for order in plan.enter)

    def advance(self, job: Job, count: int) -> None:
        job.held += count
        if job.held == job.length:
            job.length += 1
            if job.length >= job.final:
                del self.running[job.order]
                self.finished.append(job.order)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Limits and jobs that an engine would accept: every job fits into the cells when it is alone."""
    limits = Limits(slots=draw(st.integers(1, 6)), cells=draw(st.integers(4, 200)), batch=draw(st.integers(1, 400)))
    jobs: dict[int, Job] = {}
    for order in range(draw(st.integers(1, 10))):
        length = draw(st.integers(1, limits.cells - 1))
        final = draw(st.integers(length + 1, min(limits.cells, length + 60)))
        jobs[order] = Job(order=order, length=length, final=final, batch=draw(st.booleans()))
    return Run(limits, jobs)


@settings(max_examples=150)
@given(runs())
def test_no_limit_is_ever_exceeded_and_every_run_ends(run: Run) -> None:
    everybody = set(run.waiting)
    # Alone and one token a step, every sequence would end within its length in steps; preempted ones read again.
    bound = 50 * sum(job.final for job in run.waiting.values()) + 100
    for _ in range(bound):
        if not (run.waiting or run.running):
            break
        run.step()
    assert set(run.finished) == everybody


@settings(max_examples=150)
@given(runs(), st.data())
def test_newcomers_and_departures_at_any_time_break_nothing(run: Run, data: st.DataObject) -> None:
    newcomers = [run.waiting.pop(order) for order in sorted(run.waiting)[1:]]
    for _ in range(60):
        if newcomers and data.draw(st.booleans()):
            newcomer = newcomers.pop(0)
            run.waiting[newcomer.order] = newcomer
        present = [*run.running, *run.waiting]
        if present and data.draw(st.integers(0, 9)) == 0:
            gone = data.draw(st.sampled_from(present))
            run.running.pop(gone, None)
            run.waiting.pop(gone, None)
        if run.running or run.waiting:
            run.step()


def plan(
    running: list[tuple[int, int, int]],
    waiting: list[tuple[int, int]],
    slots: int = 4,
    cells: int = 1000,
    batch: int = 64,
) -> Plan:
    return plan_step(
        [Queued(order=order, length=length, held=held) for order, length, held in running],
        [Queued(order=order, length=length) for order, length in waiting],
        Limits(slots=slots, cells=cells, batch=batch),
    )


def test_nothing_to_do_is_an_empty_plan() -> None:
    assert plan([], []) == Plan(feeds={})


def test_a_long_prompt_is_read_in_chunks_while_others_go_on() -> None:
    assert plan([(0, 20, 19), (1, 500, 100)], []).feeds == {0: 1, 1: 63}


def test_beside_running_answers_only_so_much_is_read() -> None:
    limits = Limits(slots=4, cells=1000, batch=512, reading=3 * TILE + 1)
    writing, reading = Queued(0, 20, 19), Queued(1, 500, 100)
    assert plan_step([writing, reading], [Queued(2, 50)], limits) == Plan(feeds={0: 1, 1: 3 * TILE - 1})
    assert plan_step([reading], [Queued(2, 50)], limits) == Plan(feeds={1: 400, 2: 50}, enter=(2,))


@given(st.integers(0, 600), st.integers(1, 8), st.sampled_from([TILE, TILE // 2]))
def test_reading_beside_answers_fills_whole_tiles_however_slow_the_machine(
    reading: int, writers: int, tile: int
) -> None:
    limits = Limits(slots=9, cells=5000, batch=512, reading=reading, tile=tile)
    writing = [Queued(order, 20, 19) for order in range(writers)]
    step = plan_step([*writing, Queued(9, 4000)], [], limits)
    assert step.feeds[9] > 0, "a little is read though there is no time for it"
    assert sum(step.feeds.values()) % tile == 0
    assert step.feeds[9] <= max(reading, tile)


def test_no_more_run_than_a_batch_holds() -> None:
    limits = Limits(slots=2, cells=100, batch=1)
    resting, newcomer = Queued(0, 5, 4, batch=True), Queued(1, 3)
    step = plan_step([resting], [newcomer], replace(limits, turn=False))
    assert (step.preempt, step.enter, step.feeds) == ((0,), (1,), {1: 1})


def test_the_few_tokens_that_a_form_forced_count_as_writing() -> None:
    limits = Limits(slots=4, cells=1000, batch=2 * TILE, reading=8)
    step = plan_step([Queued(0, 500, 100), Queued(1, 30, 20), Queued(2, 9, 8)], [], limits)
    assert step.feeds == {0: TILE - 11, 1: 10, 2: 1}


def test_prompts_under_way_are_read_oldest_first() -> None:
    assert plan([(2, 100, 0), (1, 60, 20)], []).feeds == {1: 40, 2: 24}


def test_newcomers_enter_in_the_order_they_came() -> None:
    assert plan([], [(5, 10), (3, 10), (4, 10)], slots=2).enter == (3, 4)


def test_nobody_overtakes_a_sequence_that_does_not_fit_yet() -> None:
    assert plan([(0, 500, 499)], [(1, 600), (2, 5)]).enter == ()


def test_a_newcomer_leaves_the_running_room_to_grow() -> None:
    assert plan([(0, 500, 499)], [(1, 500 - GROWTH)]).enter == (1,)
    assert plan([(0, 500, 499)], [(1, 501 - GROWTH)]).enter == ()


def test_newcomers_of_one_step_do_not_claim_the_same_cells() -> None:
    assert plan([], [(0, 600), (1, 600)], batch=2000).enter == (0,)
    assert plan([], [(0, 400), (1, 400)], batch=2000).enter == (0, 1)


def test_alone_a_sequence_may_fill_every_cell() -> None:
    assert plan([], [(0, 1000)]).enter == (0,)
    assert plan([(0, 1000, 999)], []).feeds == {0: 1}


def test_the_youngest_makes_room_when_the_cells_run_out() -> None:
    step = plan([(1, 400, 399), (0, 401, 400), (2, 200, 199)], [(3, 5)])
    assert step.preempt == (2,)
    assert step.feeds == {0: 1, 1: 1}
    assert step.enter == ()


def test_the_last_one_is_never_preempted() -> None:
    assert plan([(0, 1001, 1000)], []).preempt == ()


def test_a_preempted_sequence_comes_before_those_who_waited_behind_it() -> None:
    assert plan([(0, 10, 9)], [(7, 10), (2, 30)], slots=2).enter == (2,)


def test_cells_shared_with_an_older_sequence_are_claimed_once() -> None:
    limits = Limits(slots=4, cells=1000, batch=64)
    older, younger = Queued(0, 700, 699), Queued(1, 800, 799, shared=600)
    assert plan_step([older, younger], [], limits).preempt == ()
    assert plan_step([older, Queued(1, 800, 799, shared=400)], [], limits).preempt == (1,)


def test_a_newcomer_claims_only_what_it_does_not_share() -> None:
    limits = Limits(slots=4, cells=1000, batch=64)
    assert plan_step([Queued(0, 700, 699)], [Queued(1, 700, 600, shared=600)], limits).enter == (1,)
    assert plan_step([Queued(0, 700, 699)], [Queued(1, 700, 600)], limits).enter == ()


def test_a_newcomer_computes_only_what_lies_in_no_cell() -> None:
    step = plan_step([], [Queued(0, 700, 690), Queued(1, 20)], Limits(slots=4, cells=1000, batch=64))
    assert step.feeds == {0: 10, 1: 20}


def test_who_waits_for_another_to_read_the_same_lets_others_pass() -> None:
    step = plan_step([], [Queued(0, 100), Queued(1, 100, follows=True), Queued(2, 20)], Limits(4, 1000, 512))
    assert step.enter == (0, 2)


def classes(running: list[Queued], waiting: list[Queued], slots: int = 2, *, turn: bool = False) -> Plan:
    return plan_step(running, waiting, Limits(slots=slots, cells=1000, batch=64, turn=turn))


def test_who_has_time_enters_behind_all_others() -> None:
    waiting = [Queued(0, 10, batch=True), Queued(1, 10), Queued(2, 10)]
    assert classes([], waiting).enter == (1, 2)


def test_who_has_time_gives_up_its_slot_the_youngest_first() -> None:
    running = [Queued(0, 20, 19, batch=True), Queued(1, 20, 19, batch=True)]
    plan = classes(running, [Queued(2, 10)])
    assert (plan.preempt, plan.enter, set(plan.feeds)) == ((1,), (2,), {2})


def test_nobody_gives_up_a_slot_to_one_that_has_time_itself() -> None:
    running = [Queued(0, 20, 19), Queued(1, 20, 19, batch=True)]
    assert classes(running, [Queued(2, 10, batch=True)]).preempt == ()


def test_beside_others_those_with_time_take_part_in_their_turns_only() -> None:
    running = [Queued(0, 20, 19), Queued(1, 20, 19, batch=True)]
    assert classes(running, [], turn=False).feeds == {0: 1}
    assert classes(running, [], turn=True).feeds == {0: 1, 1: 1}
    assert classes(running[1:], [], turn=False).feeds == {1: 1}


def test_a_step_in_which_all_would_rest_computes_something_all_the_same() -> None:
    running, waiting = [Queued(0, 50, 10, batch=True)], [Queued(1, 60, follows=True)]
    assert classes(running, waiting).feeds == {0: 40}

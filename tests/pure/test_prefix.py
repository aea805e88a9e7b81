"""The prefix tree against plain lists of cells: it finds the longest prefix, and counts every cell once."""

from __future__ import annotations

import itertools
import os

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tektra_models.prefix import NOTHING, Match, PrefixTree, common_length

# Two letters, so that beginnings are often shared and tokens are often computed twice.
TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=12)
HOLDERS = range(6)
OWNERS = st.sampled_from(["1000", "1001"])


def beginning(left: list[int], right: list[int]) -> int:
    return len(os.path.commonprefix([left, right]))


@given(TOKENS, TOKENS)
def test_the_common_length_is_that_of_the_common_prefix(left: list[int], right: list[int]) -> None:
    assert common_length(left, right) == beginning(left, right)


class Cells(RuleBasedStateMachine):
    """Holders come, share, grow, are cut and evicted; beside the tree each has a plain list of (token, cell)."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = PrefixTree()
        self.lists: dict[int, list[tuple[int, int]]] = {}
        self.owners: dict[int, str] = {}
        self.numbers = itertools.count()

    def tokens(self, holder: int) -> list[int]:
        return [token for token, _ in self.lists[holder]]

    def a_holder(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.lists)))

    @precondition(lambda self: len(self.lists) < len(HOLDERS))
    @rule(tokens=TOKENS, in_use=st.sets(st.sampled_from(HOLDERS)), owner=OWNERS)
    def come(self, tokens: list[int], in_use: set[int], owner: str) -> None:
        match = self.tree.find(tokens, in_use, owner)
        own = [holder for holder in self.lists if self.owners[holder] == owner]
        longest = max((beginning(tokens, self.tokens(holder)) for holder in own), default=0)
        assert match.length == longest
        newcomer = min(set(HOLDERS) - set(self.lists))
        mine: list[tuple[int, int]] = []
        if match.length:
            mine = self.lists[match.holder][: match.length]
            assert [token for token, _ in mine] == tokens[:longest]
            kept = {cell for holder in in_use & self.lists.keys() for _, cell in self.lists[holder]}
            assert match.in_use == sum(cell in kept for _, cell in mine)
            self.tree.join(newcomer, match)
        else:
            assert match == NOTHING
        rest = tokens[match.length :]
        if rest:
            self.tree.grow(newcomer, rest, owner)
        self.owners[newcomer] = owner
        self.lists[newcomer] = mine + [(token, next(self.numbers)) for token in rest]

    @precondition(lambda self: self.lists)
    @rule(data=st.data(), tokens=TOKENS)
    def grow(self, data: st.DataObject, tokens: list[int]) -> None:
        holder = self.a_holder(data)
        self.tree.grow(holder, tokens, self.owners[holder])
        self.lists[holder] += [(token, next(self.numbers)) for token in tokens]

    @precondition(lambda self: self.lists)
    @rule(data=st.data(), length=st.integers(0, 14))
    def cut(self, data: st.DataObject, length: int) -> None:
        holder = self.a_holder(data)
        self.tree.cut(holder, length)
        self.keep(holder, length)

    @rule(count=st.integers(1, 30), in_use=st.sets(st.sampled_from(HOLDERS)))
    def evict(self, count: int, in_use: set[int]) -> None:
        before = self.distinct()
        can_go = before - self.distinct(in_use)
        kept = self.tree.evict(count, in_use)
        assert not in_use & kept.keys()
        for holder, length in kept.items():
            assert length < len(self.lists[holder])
            self.keep(holder, length)
        assert before - self.distinct() == min(count, can_go)

    @precondition(lambda self: self.lists)
    @rule(data=st.data())
    def least(self, data: st.DataObject) -> None:
        idle = data.draw(st.sets(st.sampled_from(sorted(self.lists)), min_size=1))
        chosen = self.tree.least(idle)
        without_loss = {holder for holder in idle if self.distinct(self.lists.keys() - {holder}) == self.distinct()}
        assert chosen in (without_loss or idle)

    @invariant()
    def every_cell_counts_once(self) -> None:
        assert self.tree.cells == self.distinct()

    @invariant()
    def the_tree_knows_what_each_holds(self) -> None:
        assert self.tree.holders == self.lists.keys()
        for holder, cells in self.lists.items():
            assert self.tree.length(holder) == len(cells)
            for others in ({other} for other in self.lists if other != holder):
                theirs = {cell for other in others for _, cell in self.lists[other]}
                assert self.tree.shared(holder, others) == sum(cell in theirs for _, cell in cells)

    def keep(self, holder: int, length: int) -> None:
        self.lists[holder] = self.lists[holder][:length]
        if not length:
            del self.lists[holder]

    def distinct(self, holders: object = None) -> int:
        chosen = self.lists if holders is None else [h for h in self.lists if h in holders]  # type: ignore[operator]
        return len({cell for holder in chosen for _, cell in self.lists[holder]})


TestCells = Cells.TestCase


def filled(*prompts: str) -> PrefixTree:
    """A tree in which holder 0, 1, … computed these texts, each sharing what the ones before had."""
    tree = PrefixTree()
    for holder, prompt in enumerate(prompts):
        tokens = list(prompt.encode())
        match = tree.find(tokens)
        if match.length:
            tree.join(holder, match)
        tree.grow(holder, tokens[match.length :])
    return tree


def test_what_nobody_began_with_is_not_found() -> None:
    assert filled("abc").find(list(b"xbc")) == NOTHING
    assert PrefixTree().find(list(b"abc")) == NOTHING


def test_the_longest_of_several_is_found() -> None:
    tree = filled("system: one", "system: two", "other")
    assert tree.find(list(b"system: twelve")) == Match(length=10, holder=1)


def test_shared_cells_count_once() -> None:
    assert filled("system: one", "system: two").cells == len("system: one") + len("two")


def test_the_longest_unused_goes_first_and_from_its_end() -> None:
    tree = filled("aaaaaaaa", "bbbbbbbb")
    assert tree.evict(3, frozenset()) == {0: 5}
    assert tree.evict(7, frozenset()) == {0: 0, 1: 6}


def test_a_prefix_goes_after_all_that_was_built_on_it() -> None:
    tree = filled("shared one", "shared two", "z")
    assert tree.evict(6, {2}) == {0: 7, 1: 7}
    assert tree.find(list(b"shared three")).length == len("shared ")


def test_cells_in_use_stay() -> None:
    assert filled("abc", "abcd").evict(10, {1}) == {}


def test_who_shares_everything_can_go_first() -> None:
    tree = filled("old", "abc", "abcd")
    assert tree.least({0, 1, 2}) == 1

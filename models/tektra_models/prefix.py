"""Which tokens lie in which cells of the KV cache: a radix tree, so that a prompt is compared with all of them at once.

Pure: nothing here computes, copies or knows a clock. A node is a run of cells. A holder is a sequence of the backend;
it holds all cells on the path from the root down to its tail, and shares those that other holders hold as well. Two
holders that computed the same tokens side by side have cells of their own: siblings with equal tokens.

What one owner computed is never found for another, though the tokens be the same: how soon an answer begins would tell
what others had said.

New cells are the lowest that are free (llama.cpp's find_slot), so that a run lies below as many cells as were held when
it was computed: its reach.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Set
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Node:
    """The tokens of one run of cells, the position of the first, who holds them, and for whom they were computed."""

    start: int
    tokens: list[int]
    parent: Node | None
    holders: set[int] = field(default_factory=set)
    children: list[Node] = field(default_factory=list)
    used: int = 0
    reach: int = 0
    owner: str = ""

    @property
    def end(self) -> int:
        """The position behind the last token."""
        return self.start + len(self.tokens)


@dataclass(frozen=True, slots=True)
class Match:
    """The longest prefix that lies in cells, one who holds it, how many of its tokens lie in cells that must stay."""

    length: int = 0
    holder: int = -1
    in_use: int = 0


NOTHING = Match()


def common_length(left: list[int], right: list[int]) -> int:
    """How many tokens two lists have in common at their beginnings."""
    low, high = 0, min(len(left), len(right))
    if left[:high] == right[:high]:
        return high
    while low < high:  # comparing slices runs in C, a loop over tokens does not
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class PrefixTree:
    """What all holders hold; `cells` counts every cell once."""

    def __init__(self) -> None:
        self.cells = 0
        self._root = Node(0, [], None)
        self._tails: dict[int, Node] = {}
        self._times = itertools.count(1)

    @property
    def holders(self) -> Set[int]:
        """All who hold cells."""
        return self._tails.keys()

    def length(self, holder: int) -> int:
        """How many tokens a holder holds."""
        return self._tails[holder].end if holder in self._tails else 0

    def tokens(self, holder: int) -> list[int]:
        """What a holder holds."""
        parts = [node.tokens for node in self._upwards(self._tails.get(holder, self._root))]
        return list(itertools.chain.from_iterable(reversed(parts)))

    def latest_ends(self, idle: Set[int]) -> list[int]:
        """One holder for each end that only idle ones hold, the latest used first."""
        ends = {node: holder for holder, node in self._tails.items() if not node.children and node.holders <= idle}
        return [ends[node] for node in sorted(ends, key=lambda node: -node.used)]

    def find(self, tokens: list[int], in_use: Set[int] = frozenset(), owner: str = "") -> Match:
        """The longest prefix of `tokens` that a holder of its owner's holds; the cells of those `in_use` must stay."""
        length, node = self._descend(self._root, tokens, owner)
        if not length:
            return NOTHING
        holder = next(iter(node.holders))
        return Match(length, holder, min(length, self._held_by(node, in_use)))

    def shared(self, holder: int, others: Set[int]) -> int:
        """How many of a holder's tokens lie in cells that one of the others holds too."""
        return self._held_by(self._tails[holder], others) if holder in self._tails else 0

    def cells_of(self, holders: Set[int]) -> int:
        """How many cells some holders hold together; those that they share count once."""
        nodes = {node for holder in holders for node in self._upwards(self._tails.get(holder, self._root))}
        return sum(len(node.tokens) for node in nodes)

    def join(self, holder: int, match: Match) -> None:
        """A new holder takes part in the cells of a match."""
        node = self._tails[match.holder]
        while node.parent and node.start >= match.length:
            node = node.parent
        if node.end > match.length:
            self._split(node, match.length)
        self._tails[holder] = node
        self._touch(node)
        for above in self._upwards(node):
            above.holders.add(holder)

    def grow(self, holder: int, tokens: list[int], owner: str = "") -> None:
        """A holder of this owner's computed more tokens, in new cells of its own."""
        tail = self._tails.get(holder, self._root)
        if tail is self._root or len(tail.holders) > 1:
            tail = Node(tail.end, [], tail, {holder}, owner=owner)
            assert tail.parent is not None
            tail.parent.children.append(tail)
            self._tails[holder] = tail
        tail.tokens += tokens
        self.cells += len(tokens)
        tail.reach = max(tail.reach, self.cells)
        self._touch(tail)

    def cut(self, holder: int, length: int = 0) -> None:
        """A holder lets go of what it holds behind its first `length` tokens; cells that nobody holds are gone."""
        node = self._tails.get(holder, self._root)
        while node.parent and node.start >= length:
            node = self._let_go(node, holder)
        if node.end > length:
            self._let_go(self._split(node, length), holder)
        if length:
            self._tails[holder] = node
        else:
            self._tails.pop(holder, None)

    def above(self, height: int, most: int) -> Node | None:
        """The end, of so many cells at most, of the run that reaches highest, if that is above a height."""
        node = max(self._below(self._root), key=lambda node: node.reach)
        if node.reach <= height:
            return None
        return self._split(node, node.end - most) if len(node.tokens) > most else node

    def settled(self, node: Node) -> None:
        """The cells of a run lie as low as they can now."""
        node.reach = self.cells

    def evict(self, count: int, in_use: Set[int]) -> dict[int, int]:
        """Give up `count` cells or more, the longest unused first and prefixes last: holder → how much it keeps.

        Only what no holder in use holds can go; fewer cells are given up when there are not as many.
        """
        kept: dict[int, int] = {}
        goal = self.cells - count
        while self.cells > goal and (leaf := self._idle_leaf(in_use)):
            keep = leaf.end - min(len(leaf.tokens), self.cells - goal)
            for holder in list(leaf.holders):
                kept[holder] = keep
                self.cut(holder, keep)
        return kept

    def least(self, idle: Set[int]) -> int:
        """Which idle holder can go with the least loss: one whose cells others hold too, else the longest unused."""
        return min(idle, key=lambda holder: (len(self._tails[holder].holders) == 1, self._tails[holder].used))

    def _descend(self, node: Node, tokens: list[int], owner: str) -> tuple[int, Node]:
        """The deepest place below a node that agrees with `tokens`: its position, and the node in which it lies."""
        deepest = node.end, node
        if node.end >= len(tokens):
            return deepest
        for child in node.children:
            if child.owner == owner and child.tokens[0] == tokens[node.end]:
                common = common_length(child.tokens, tokens[child.start : child.end])
                whole = common == len(child.tokens)
                found = self._descend(child, tokens, owner) if whole else (child.start + common, child)
                deepest = max(deepest, found, key=lambda place: (place[0], place[1].used))
        return deepest

    def _held_by(self, node: Node, holders: Set[int]) -> int:
        return next((above.end for above in self._upwards(node) if not above.holders.isdisjoint(holders)), 0)

    def _upwards(self, node: Node) -> Iterator[Node]:
        """A node and all above it, without the root."""
        while node.parent:
            yield node
            node = node.parent

    def _below(self, node: Node) -> Iterator[Node]:
        """A node and all below it."""
        yield node
        for child in node.children:
            yield from self._below(child)

    def _touch(self, node: Node) -> None:
        node.used = next(self._times)

    def _split(self, node: Node, at: int) -> Node:
        """Cut a node in two at a position; the lower part, which is new, keeps the tails that ended in it."""
        cut = at - node.start
        lower = Node(at, node.tokens[cut:], node, set(node.holders), node.children, node.used, node.reach, node.owner)
        for child in lower.children:
            child.parent = lower
        node.tokens, node.children = node.tokens[:cut], [lower]
        for holder in lower.holders:
            if self._tails[holder] is node:
                self._tails[holder] = lower
        return lower

    def _let_go(self, node: Node, holder: int) -> Node:
        """One holder less; a node without any disappears. Returns the node above."""
        assert node.parent is not None
        node.holders.discard(holder)
        if not node.holders:
            self.cells -= len(node.tokens)
            node.parent.children.remove(node)
            node.parent.used = max(node.parent.used, node.used)
        return node.parent

    def _idle_leaf(self, in_use: Set[int]) -> Node | None:
        leaves = {tail for tail in self._tails.values() if not tail.children and tail.holders.isdisjoint(in_use)}
        return min(leaves, key=lambda leaf: leaf.used, default=None)

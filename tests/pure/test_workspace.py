"""What a workspace decides without touching a file: names, diffs, links, and what is done for which change."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.errors import InvalidRequest
from tektrad.sandbox.changes import Change, is_git, leads_out
from tektrad.sandbox.diffs import CONTEXT, LONGEST, Differ
from tektrad.sandbox.naming import meant, shown
from tektrad.sandbox.plan import ORDER, Choice, Conflict, Plan, plan, selected
from tektrad.sandbox.snapshot import Side

FOLDER = Side("folder")
ONE, TWO, THREE = (Side("file", 1, digit * 64) for digit in "123")
LINK = Side("link", target="x")


@given(st.binary(max_size=40).filter(lambda name: b"\0" not in name))
def test_any_name_can_be_shown_and_sent_and_comes_back(name: bytes) -> None:
    path = os.fsdecode(name)
    assert shown(path).isprintable()
    assert msgspec.json.decode(msgspec.json.encode(shown(path))) == shown(path)
    assert meant(shown(path)) == path


@pytest.mark.parametrize("text", ["a\\b", "\\x", "\\xZZ", "end\\", "\udcff"])
def test_what_is_no_shown_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        meant(text)


def patched(before: str, diff: str) -> str:
    """A text after a diff, as `patch` would make it."""
    old, new, place = before.splitlines(keepends=True), [], 0
    lines = diff.splitlines(keepends=True)[2:]
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        content = line[1:].removesuffix("\n") if following.startswith("\\") else line[1:]
        if line.startswith("@@"):
            start, _, count = line.split()[1][1:].partition(",")
            begin = int(start) - (count != "0")
            new += old[place:begin]
            place = begin
        if line[0] in " -":
            assert old[place] == content
            place += 1
        if line[0] in " +":
            new.append(content)
    return "".join([*new, *old[place:]])


texts = (
    st.lists(st.sampled_from("abcdefg"), max_size=30)
    .map("\n".join)
    .flatmap(lambda text: st.sampled_from([text, text + "\n"] if text else [""]))
)


@given(texts, texts)
def test_a_diff_makes_the_one_of_the_other(before: str, after: str) -> None:
    found = Differ().diff("name", before, after)
    assert patched(before, found.text) == after
    assert (found.text == "") == (before == after)
    body = found.text.split("\n")[2:]
    assert found.lines_added == sum(line.startswith("+") for line in body)
    assert found.lines_removed == sum(line.startswith("-") for line in body)


def test_a_diff_shows_a_few_lines_around_each_change_and_no_more() -> None:
    lines = [f"{number}\n" for number in range(100)]
    changed = [*lines[:20], "x\n", *lines[21:60], *lines[61:]]
    found = Differ().diff("name", "".join(lines), "".join(changed)).text
    assert found.count("@@ -") == 2
    assert sum(line.startswith(" ") for line in found.split("\n")) == 4 * CONTEXT


def test_what_could_take_long_is_replaced_as_a_whole() -> None:
    before = "".join(f"{number}\n" for number in range(5000))
    after = "".join(f"{number}\n" for number in reversed(range(5000)))
    found = Differ().diff("name", before, after)
    assert (found.lines_added, found.lines_removed, found.is_cut) == (5000, 5000, False)
    assert len(Differ().diff("name", None, "x" * LONGEST).text) <= LONGEST
    assert Differ().diff("name", None, "x\n" * LONGEST).is_cut


@pytest.mark.parametrize("path", [".git", ".git/config", "a/.git/hooks/x", ".GIT/x", "a/.Git"])
def test_a_repository_is_one_wherever_it_lies(path: str) -> None:
    assert is_git(path)
    assert not is_git(path.lower().replace(".git", ".gitignore"))


@pytest.mark.parametrize(
    ("path", "links", "is_in"),
    [
        ("a", {"a": "b/c"}, True),
        ("f/a", {"f/a": "../b"}, True),
        ("f/a", {"f/a": "../../b"}, False),
        ("a", {"a": "b", "b": "c"}, True),
        ("a", {"a": "b", "b": "/etc"}, False),
        ("a", {"a": "b/x", "b": "f/g", "f/g": "../.."}, False),
        ("a", {"a": "b", "b": "a"}, False),
        ("a", {"a": "b/../c"}, False),
        ("a", {"a": "./b//c/."}, True),
    ],
)
def test_a_link_stays_in_the_folder_or_is_refused(path: str, links: Mapping[str, str], is_in: bool) -> None:
    assert (leads_out(path, links) == "") == is_in


def changed(path: str, before: Side | None, after: Side | None, refused: str = "") -> Change:
    how = "added" if before is None else "removed" if after is None else "changed"
    return Change(path=path, change=how, before=before, after=after, refused=refused)


def planned(
    changes: list[Change], now: Mapping[str, Side], choices: Mapping[str, Choice] | None = None, unknown: str = ""
) -> tuple[Plan, list[Conflict]]:
    return plan(changes, now.get, lambda *_: unknown, choices or {})


def done(changes: list[Change], now: Mapping[str, Side], **more: Mapping[str, Choice]) -> list[tuple[str, str]]:
    found, conflicts = planned(changes, now, **more)
    assert conflicts == []
    return [(each.do, each.path) for each in found.operations]


def test_room_is_made_first_then_folders_then_files_and_removals_come_last() -> None:
    changes = [
        changed("file", ONE, FOLDER), changed("file/new", None, TWO), changed("folder", FOLDER, ONE),
        changed("folder/in", ONE, None), changed("gone", FOLDER, None), changed("gone/in", ONE, None),
        changed("new", None, FOLDER), changed("new/in", None, ONE), changed("text", ONE, TWO),
    ]  # fmt: skip
    now = {"file": ONE, "folder": FOLDER, "folder/in": ONE, "gone": FOLDER, "gone/in": ONE, "text": ONE}
    found = done(changes, now)
    assert [do for do, _ in found] == sorted((do for do, _ in found), key=ORDER.index)
    order = [path for _, path in found]
    assert order.index("folder/in") < order.index("folder")
    assert order.index("gone/in") < order.index("gone")
    assert {("clear", "file"), ("make", "file"), ("clear", "folder"), ("put", "folder")} <= set(found)


def test_only_the_right_to_execute_is_taken_over_where_the_workspace_changed_it() -> None:
    def with_right(side: Side) -> Side:
        return msgspec.structs.replace(side, executable=True)

    assert done([changed("a", ONE, with_right(ONE))], {"a": ONE}) == [("mode", "a")]
    (operation,) = planned([changed("a", ONE, TWO)], {"a": with_right(ONE)})[0].operations
    assert operation.after == with_right(TWO)


@pytest.mark.parametrize(
    ("change", "now", "can_be_ours"),
    [
        (changed("a", ONE, TWO), {"a": THREE}, True),
        (changed("a", ONE, TWO), {}, True),
        (changed("a", ONE, TWO), {"a": FOLDER}, False),
        (changed("a", ONE, TWO), {"a": Side("other")}, False),
        (changed("a", ONE, None), {"a": TWO}, True),
        (changed("a", None, ONE), {"a": LINK}, True),
        (changed("a", None, FOLDER), {"a": ONE}, True),
        (changed("f/a", None, ONE), {}, True),
        (changed("f/a", ONE, TWO), {"f": LINK}, False),
    ],
)
def test_what_is_not_as_it_was_needs_a_choice(change: Change, now: Mapping[str, Side], can_be_ours: bool) -> None:
    found, conflicts = planned([change], now)
    assert found.operations == []
    assert [("ours" in each.can_take, bool(each.why)) for each in conflicts] == [(can_be_ours, True)]
    found, conflicts = planned([change], now, {change.path: "theirs"})
    assert (found.operations, found.theirs, conflicts) == ([], [change.path], [])
    found, conflicts = planned([change], now, {change.path: "ours"})
    assert bool(found.operations) == can_be_ours == (not conflicts)


def test_what_is_so_already_is_left_alone() -> None:
    found, conflicts = planned([changed("a", ONE, TWO)], {"a": TWO})
    assert (found.already, found.operations, conflicts) == (["a"], [], [])


def test_a_folder_is_not_replaced_while_something_in_it_stays() -> None:
    changes = [changed("f", FOLDER, ONE), changed("f/a", ONE, None)]
    now = {"f": FOLDER, "f/a": TWO}
    with pytest.raises(InvalidRequest, match="cannot be replaced"):
        planned(changes, now, {"f/a": "theirs"})
    assert planned(changes, now, {"f": "theirs"})[0].operations == []
    assert planned(changes, now | {"f/a": ONE}, unknown="f/b")[1][0].why.startswith("it holds f/b")


def test_a_choice_of_paths_means_what_lies_in_them_and_the_folders_that_lead_there() -> None:
    changes = [
        *(changed(path, None, FOLDER if path in ("a", "a/b") else ONE) for path in ("a", "a/b", "a/b/c", "a/d")),
        changed("e", None, LINK, refused="it leads out"),
    ]
    assert [each.path for each in selected(changes, ["a/b/c"], False)] == ["a", "a/b", "a/b/c"]
    assert [each.path for each in selected(changes, ["a/b"], False)] == ["a", "a/b", "a/b/c"]
    assert [each.path for each in selected(changes, None, False)] == ["a", "a/b", "a/b/c", "a/d"]
    for wrong in ("nothing", "e"):
        with pytest.raises(InvalidRequest):
            selected(changes, [wrong], False)

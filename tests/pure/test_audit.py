"""The audit log as it is written and checked: nothing can be changed, removed, moved or put in unseen."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tektrad.trust.chain import Broken
from tektrad.trust.entry import CHECKPOINT, MAX_BODY, Entry, body_of, hash_of, seal_of
from tektrad.trust.exported import NotALog, Reader, csv_row
from tektrad.trust.statements import Head, stated, statement
from tests.audit_logs import KEY, OTHER_KEY, TIME, Row, exported, follow, read, written

ENTRIES = 1000
numbers = st.integers(1, ENTRIES)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc_", max_size=5), inner, max_size=4),
    max_leaves=10,
)


@cache
def log() -> tuple[Row, ...]:
    return tuple(written(ENTRIES))


@cache
def file() -> bytes:
    return exported(list(log()))


def test_a_log_as_it_was_written_is_found_to_be_so() -> None:
    chain = follow(list(log()))
    assert (chain.entries, chain.head, chain.checkpoints) == (ENTRIES, Head(ENTRIES, log()[-1].hash), 10)
    assert chain.signed == Head(999, log()[998].hash)
    reader = read(file())
    assert (reader.chain.head, reader.public) == (chain.head, KEY.public)


@given(st.dictionaries(st.text("abc_", max_size=5), json_values, max_size=5))
def test_an_entry_is_canonical_json(details: dict) -> None:
    body = body_of(Entry(kind="k", uid=1, details=details), TIME)
    said = json.loads(body)
    assert said["details"] == details
    assert json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == body


def test_what_json_has_no_one_form_for_is_written_as_text_and_what_is_too_long_as_its_digest() -> None:
    body = json.loads(
        body_of(Entry(kind="k", uid=None, details={"t": 0.7, "half": "\ud83d", "long": "x" * 5000}), TIME)
    )
    assert body["details"]["t"] == "0.7"
    assert body["details"]["half"] == "\ufffd"
    assert body["details"]["long"].startswith("x" * 2000 + "… (5000 characters, sha256:")
    many = body_of(Entry(kind="k", uid=None, details={"all": ["y" * 1000] * 200}), TIME)
    assert len(many) <= MAX_BODY
    assert set(json.loads(many)["details"]["too_long"]) == {"bytes", "sha256", "beginning"}
    with pytest.raises(TypeError):
        body_of(Entry(kind="k", uid=None, details={"bytes": b"raw"}), TIME)


@settings(max_examples=200, deadline=None)
@given(numbers, st.sampled_from(["body", "hash", "seal"]), st.integers(0), st.integers(1, 255))
def test_every_changed_byte_is_found_at_the_entry_that_holds_it(number: int, where: str, at: int, flip: int) -> None:
    rows = list(log())
    row = rows[number - 1]
    data = bytearray(getattr(row, where))
    data[at % len(data)] ^= flip
    rows[number - 1] = replace(row, **{where: bytes(data)})
    with pytest.raises(Broken) as broken:
        follow(rows)
    assert broken.value.number == number


@settings(max_examples=100, deadline=None)
@given(numbers)
@example(1)
@example(ENTRIES)
def test_a_missing_entry_is_found(number: int) -> None:
    known = Head(ENTRIES, log()[-1].hash)
    rows = [row for row in log() if row.number != number]
    with pytest.raises(Broken) as broken:
        follow(rows, known)
    assert broken.value.number == number
    renumbered = [replace(row, number=at) for at, row in enumerate(rows, 1)]
    with pytest.raises(Broken) as broken:
        follow(renumbered, known)
    assert broken.value.number == number


@settings(max_examples=100, deadline=None)
@given(numbers, numbers, st.booleans())
def test_entries_that_changed_places_are_found(one: int, other: int, renumbered: bool) -> None:
    first, second = sorted((one, other))
    if first == second:
        return
    rows = list(log())
    rows[first - 1], rows[second - 1] = rows[second - 1], rows[first - 1]
    if renumbered:
        rows[first - 1] = replace(rows[first - 1], number=first)
        rows[second - 1] = replace(rows[second - 1], number=second)
    with pytest.raises(Broken) as broken:
        follow(rows)
    assert broken.value.number == first


@settings(max_examples=100, deadline=None)
@given(st.integers(0, ENTRIES), st.booleans())
def test_an_entry_put_in_is_found_also_when_its_hash_is_right(after: int, chained: bool) -> None:
    rows = list(log())
    before = rows[after - 1].hash if after else Head().hash
    body = body_of(Entry(kind="model.call", uid=0, details={"planted": True}), TIME)
    hashed = hash_of(before if chained else bytes(32), after + 1, body)
    planted = Row(after + 1, body, hashed, seal_of(OTHER_KEY.sealing, hashed))
    moved = [replace(row, number=row.number + 1) for row in rows[after:]]
    with pytest.raises(Broken) as broken:
        follow([*rows[:after], planted, *moved])
    assert broken.value.number == after + 1


@given(st.integers(0, ENTRIES - 1))
@example(0)
def test_a_cut_log_is_found_by_a_known_head(kept: int) -> None:
    with pytest.raises(Broken, match="ends before"):
        follow(list(log()[:kept]), Head(ENTRIES, log()[-1].hash))


def test_a_known_head_may_lie_anywhere_in_the_log() -> None:
    follow(list(log()), Head(17, log()[16].hash))
    with pytest.raises(Broken) as broken:
        follow(list(log()), Head(17, log()[17].hash))
    assert broken.value.number == 17


@pytest.mark.parametrize("number", [1, 50, 100, 101, 650, 899])
def test_who_lacks_the_key_cannot_write_history_anew_past_a_checkpoint(number: int) -> None:
    """All hashes from a changed entry on are made again, as anybody can; the next signature shows it."""
    rows = list(log())
    body = body_of(Entry(kind="model.call", uid=0, details={"changed": True}), TIME)
    before = rows[number - 2].hash if number > 1 else Head().hash
    for at in range(number - 1, ENTRIES):
        text = body if at == number - 1 else rows[at].body
        hashed = hash_of(before, at + 1, text)
        rows[at] = Row(at + 1, text, hashed, rows[at].seal)
        before = hashed
    with pytest.raises(Broken) as sealed:
        follow(rows)
    assert sealed.value.number == number
    with pytest.raises(Broken) as signed:
        follow(rows, sealed=False)
    assert signed.value.number == (number // 100 + 1) * 100


def test_a_checkpoint_of_another_key_is_no_checkpoint() -> None:
    with pytest.raises(Broken) as broken:
        follow(written(150, key=OTHER_KEY), sealed=False)
    assert broken.value.number == 100


def test_details_that_only_look_like_a_checkpoint_are_details() -> None:
    body = body_of(Entry(kind="model.call", uid=0, details={"kind": CHECKPOINT, "details": {}}), TIME)
    hashed = hash_of(Head().hash, 1, body)
    assert follow([Row(1, body, hashed, seal_of(KEY.sealing, hashed))]).checkpoints == 0


@settings(max_examples=300, deadline=None)
@given(st.integers(0), st.integers(1, 255))
def test_every_changed_byte_of_an_exported_file_is_found(at: int, flip: int) -> None:
    data = bytearray(file())
    data[at % len(data)] ^= flip
    with pytest.raises((Broken, NotALog)):
        read(bytes(data))


def test_every_byte_of_a_small_exported_file_matters() -> None:
    whole = exported(written(2))
    for at in range(len(whole)):
        for changed in (whole[:at] + whole[at + 1 :], whole[:at] + b" " + whole[at:], _with_case_changed(whole, at)):
            if changed != whole:
                with pytest.raises((Broken, NotALog)):
                    read(changed)


def _with_case_changed(data: bytes, at: int) -> bytes:
    return data[:at] + data[at : at + 1].swapcase() + data[at + 1 :]


@settings(max_examples=100, deadline=None)
@given(st.integers(0))
def test_a_cut_file_is_found_without_any_known_head(at: int) -> None:
    with pytest.raises((Broken, NotALog)):
        read(file()[: at % len(file())])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, ENTRIES + 1), st.integers(0, ENTRIES + 1))
def test_lines_of_a_file_cannot_be_removed_doubled_or_moved(one: int, other: int) -> None:
    lines = file().splitlines(keepends=True)
    removed = lines[:one] + lines[one + 1 :]
    doubled = lines[: one + 1] + lines[one:]
    moved = [*removed[:other], lines[one], *removed[other:]]
    for changed in (removed, doubled, *([moved] if moved != lines else [])):
        with pytest.raises((Broken, NotALog)):
            read(b"".join(changed))


def test_a_part_of_the_log_is_a_file_of_its_own_and_two_parts_are_none() -> None:
    rows = list(log())
    after = Head(200, rows[199].hash)
    part = exported(rows[200:300], after)
    assert read(part).chain.head.number == 300
    assert read(part, known=Head(250, rows[249].hash)).complete
    with pytest.raises(Broken):
        read(part + exported(rows[300:400], Head(300, rows[299].hash)))


def test_a_file_signed_with_another_key_is_refused() -> None:
    with pytest.raises(Broken, match="another key"):
        read(exported(written(3, key=OTHER_KEY), key=OTHER_KEY))
    assert Reader(exported([], key=OTHER_KEY).splitlines(keepends=True)[0], None).public == OTHER_KEY.public


@pytest.mark.parametrize(
    "junk", [b"", b"\n", b"{}\n", b"[" * 100_000, b'{"schema":"tektra.audit-log/2"}\n', b"\xff\xfe\n"]
)
def test_what_is_no_log_is_told_so(junk: bytes) -> None:
    with pytest.raises(NotALog):
        Reader(junk, KEY.public)


@pytest.mark.parametrize(
    "line",
    [
        b"\n", b'{"number":', b'{"number":1}\n', b'{"number":1,"hash":"zz","entry":{}}\n', b"null\n",
        b'{"number":-1,"hash":"","entry":0}\n', b'{"number":1,"hash":"","entry":' + b"[" * 5000 + b"\n",
        b'{"number":1e400,"hash":"","entry":{}}\n', b'{"through":"1:00","public_key":"","signature":""}\n',
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_the_first_bad_one(line: bytes) -> None:
    reader = Reader(exported([]).splitlines(keepends=True)[0], KEY.public)
    with pytest.raises(Broken) as broken:
        reader.read(line)
    assert broken.value.number == 1


def test_a_statement_holds_for_its_own_purpose_only() -> None:
    head = Head(5, bytes(range(32)))
    said = statement("checkpoint", KEY, head)
    assert stated("checkpoint", said, KEY.public) == head
    assert stated("pruned", said, KEY.public) is None
    assert stated("checkpoint", said, OTHER_KEY.public) is None
    assert stated("checkpoint", said | {"signature": said["signature"].upper()}, KEY.public) is None
    for broken in ({}, said | {"through": 5}, said | {"signature": "zz"}, said | {"through": "5:00"}):
        assert stated("checkpoint", broken, KEY.public) is None


def test_no_cell_of_a_table_begins_as_a_formula_does() -> None:
    entry = dict.fromkeys(("number", "time", "kind", "outcome", "uid", "agent", "run", "act", "confinement"), "x")
    row = csv_row(entry | {"agent": "=cmd()", "run": "@x", "details": {"a": 'b"c'}})
    assert row == b'x,x,x,x,x,\'=cmd(),\'@x,x,x,"{""a"":""b\\""c""}"\n'

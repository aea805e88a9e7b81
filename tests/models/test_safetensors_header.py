"""The reader of safetensors headers: what it says about good files, and that it refuses every bad one."""

from __future__ import annotations

import json
import os
import random
import tracemalloc
from pathlib import Path

import pytest

from tektra_models.errors import BadModelFile, ModelFileMissing
from tektra_models.safetensors_header import DTYPE_BITS, MAX_HEADER, MAX_MEMBERS, StoredTensor, read_safetensors_header
from tests.safetensors_files import stored

ENTRY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def refusal(path: Path, content: bytes) -> str:
    """The message that such a file is refused with."""
    path.write_bytes(content)
    with pytest.raises(BadModelFile) as caught:
        read_safetensors_header(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_a_good_file_states_its_tensors_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    second = {"dtype": "BF16", "shape": [], "data_offsets": [24, 26]}
    empty = {"dtype": "I64", "shape": [0, 7], "data_offsets": [26, 26]}
    metadata = {"format": "pt"}
    content = stored({"b": second, "__metadata__": metadata, "a": ENTRY, "c": empty}, bytes(26))
    path.write_bytes(content)
    header = read_safetensors_header(path)
    data = len(content) - 26
    assert (header.path, header.size_bytes, header.metadata) == (path, len(content), metadata)
    assert header.tensors == (
        StoredTensor("a", "F32", (2, 3), data, 24),
        StoredTensor("b", "BF16", (), data + 24, 2),
        StoredTensor("c", "I64", (0, 7), data + 26, 0),
    )
    assert [tensor.elements for tensor in header.tensors] == [6, 1, 0]


def test_spaces_behind_the_header_are_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(stored(json.dumps({"a": ENTRY}).encode() + b"      ", bytes(24)))
    assert read_safetensors_header(path).tensors[0].name == "a"


def test_every_type_has_its_width(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for dtype, bits in DTYPE_BITS.items():
        path.write_bytes(stored({"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, bits]}}, bytes(bits)))
        assert read_safetensors_header(path).tensors[0].bytes == bits


BAD = {
    "empty": (b"", "is empty"),
    "short": (b"\x10\0\0", "is not a safetensors file"),
    "pickle": (b"\x80\x04\x95" + bytes(60), "pickle"),
    "zip": (b"PK\x03\x04" + bytes(60), "zip archive"),
    "no object": (stored([1, 2]), "is not a safetensors file"),
    "huge header": (stored({}, length=MAX_HEADER + 1), "bytes of header"),
    "endless header": (stored({}, length=2**64 - 1), "bytes of header"),
    "header behind the end": (stored({"a": ENTRY}, bytes(24), length=4000), "cut short"),
    "truncated": (stored({"a": ENTRY}, bytes(23)), "cut short"),
    "more than its tensors": (stored({"a": ENTRY}, bytes(25)), "belong to none"),
    "gap": (stored({"a": ENTRY | {"data_offsets": [8, 32]}}, bytes(32)), "lies at"),
    "overlap": (stored({"a": ENTRY, "b": ENTRY | {"data_offsets": [12, 36]}}, bytes(36)), "lies at"),
    "backwards": (stored({"a": ENTRY | {"data_offsets": [0, 24]}, "b": ENTRY | {"data_offsets": [24, 0]}}), "lies at"),
    "negative": (stored({"a": ENTRY | {"data_offsets": [-24, 0]}}, bytes(24)), "not what safetensors writes"),
    "too large": (stored({"a": ENTRY | {"shape": [2**48], "data_offsets": [0, 2**50]}}), "not what safetensors"),
    "shape without bytes": (stored({"a": ENTRY | {"shape": [2**40, 2**40]}}, bytes(24)), "has 24 bytes for"),
    "many dimensions": (stored({"a": ENTRY | {"shape": [1] * 9}}, bytes(24)), "not what safetensors writes"),
    "unknown type": (stored({"a": ENTRY | {"dtype": "Q4_0"}}, bytes(24)), "'Q4_0'"),
    "text for a shape": (stored({"a": ENTRY | {"shape": "6"}}, bytes(24)), "not what safetensors writes"),
    "fraction": (stored({"a": ENTRY | {"shape": [1.5, 4]}}, bytes(24)), "not what safetensors writes"),
    "list": (stored({"a": [1, 2]}), "not what safetensors writes"),
    "foreign field": (stored({"a": ENTRY | {"code": "x"}}, bytes(24)), "not what safetensors writes"),
    "missing field": (stored({"a": {"dtype": "F32", "shape": []}}, bytes(4)), "not what safetensors writes"),
    "nameless": (stored({"": ENTRY}, bytes(24)), "not what safetensors writes"),
    "metadata of another kind": (stored({"__metadata__": {"a": {"b": 1}}}), "not what safetensors writes"),
    "not UTF-8": (stored(b'{"\xff": 1}'), "not what safetensors writes"),
    "half a surrogate": (stored(b'{"\\ud800": 1}'), "not what safetensors writes"),
    "endless nesting": (stored(b'{"a":' * 100_000), "not what safetensors writes"),
    "endless list": (stored(b'{"a":' + b"[" * 100_000), "not what safetensors writes"),
    "twice": (
        stored(b'{"a":%b,"a":%b}' % ((json.dumps(ENTRY).encode(),) * 2), bytes(24)),
        "listed twice",
    ),
    "a field twice": (
        stored(b'{"a":{"dtype":"F16","dtype":"F32","shape":[6],"data_offsets":[0,24]}}', bytes(24)),
        "listed twice",
    ),
    "countless members": (stored(b"{" + b'"a":1,' * (MAX_MEMBERS + 1) + b'"b":1}'), "members"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused(tmp_path: Path, case: str) -> None:
    content, reason = BAD[case]
    assert reason in refusal(tmp_path / "model.safetensors", content)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, kind in (
        (tmp_path, BadModelFile),
        (tmp_path / "fifo", BadModelFile),
        (tmp_path / "no", ModelFileMissing),
    ):
        with pytest.raises(kind):
            read_safetensors_header(path)


def test_every_shortening_and_every_flipped_byte_is_survived(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    good = stored({"a": ENTRY, "__metadata__": {"format": "pt"}}, bytes(24))
    for length in range(len(good)):
        refusal(path, good[:length])
    chance = random.Random(4)
    for place in range(len(good) - 24):
        flipped = bytearray(good)
        flipped[place] ^= chance.randrange(1, 256)
        path.write_bytes(flipped)
        try:
            read_safetensors_header(path)
        except BadModelFile:
            continue


def test_the_worst_header_takes_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    names = b",".join(b'"%x":1' % number for number in range(MAX_MEMBERS - 1))
    tracemalloc.start()
    try:
        refusal(path, stored(b"{" + names + b"}"))
        assert tracemalloc.get_traced_memory()[1] < 256 * 1024 * 1024
    finally:
        tracemalloc.stop()

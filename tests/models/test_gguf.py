"""The header reader: what it says about good files, and that it survives every bad one."""

from __future__ import annotations

import os
import random
import resource
import struct
import tracemalloc
from pathlib import Path

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tektra_models.errors import BadModelFile, ModelFileMissing, PermissionDenied
from tektra_models.ggml_types import FILE_TYPES, GGML_TYPES
from tektra_models.gguf import LongArray, read_header
from tests.ggufs import write_gguf

STRING, ARRAY, U32 = 8, 9, 4
FORBIDDEN = Path("/proc/sys/vm/compact_memory")


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def start(keys: int, tensors: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys)


def tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "good.gguf")


def refusal(path: Path, content: bytes | None = None) -> str:
    """The message that the file is refused with."""
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadModelFile) as caught:
        read_header(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_a_good_file_states_its_facts(good: Path) -> None:
    header = read_header(good)
    assert (header.architecture, header.name, header.quantization) == ("llama", "Tiny Test", "Q8_0")
    assert (header.context_train, header.layers, header.embedding_length) == (512, 2, 64)
    assert (header.heads, header.kv_heads, header.head_dim_k, header.head_dim_v) == (4, 2, 16, 16)
    assert (header.vocabulary, header.chat_template) == (100, "{{ messages }}")
    assert header.size_bytes == good.stat().st_size
    assert not header.embedding_only
    assert not header.is_split


def test_tensors_agree_with_the_gguf_library(good: Path) -> None:
    ours = [(each.name, each.shape, each.type, each.bytes) for each in read_header(good).tensors]
    theirs = [
        (each.name, tuple(int(n) for n in each.shape), each.tensor_type.name, each.n_bytes)
        for each in gguf.GGUFReader(good).tensors
    ]
    assert ours == theirs


def test_long_arrays_are_counted_and_short_ones_kept(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", extra={"x.short": [1, 2, 3], "x.names": ["a", "b"], "x.long": [7] * 65})
    metadata = read_header(path).metadata
    assert metadata["x.short"] == (1, 2, 3)
    assert metadata["x.names"] == ("a", "b")
    assert metadata["x.long"] == LongArray("i32", 65)
    assert metadata["tokenizer.ggml.tokens"] == LongArray("string", 100)


def test_head_counts_of_each_layer_are_kept_also_for_many_layers(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "deep.gguf", "deci")
    writer.add_head_count_kv([index % 3 for index in range(80)])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert read_header(tmp_path / "deep.gguf").kv_heads == tuple(index % 3 for index in range(80))


def test_version_two_is_read_too(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "v2.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<I", 2) + good.read_bytes()[8:])
    assert read_header(path).version == 2


def test_a_file_without_a_stated_type_is_named_by_most_of_its_bytes(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", extra={"general.file_type": 9999})
    assert read_header(path).quantization == "Q8_0"


@pytest.mark.parametrize(
    ("architecture", "extra"),
    [("bert", {}), ("qwen3", {"qwen3.pooling_type": 3}), ("llama", {"llama.attention.causal": False})],
)
def test_models_that_only_embed_are_recognised(tmp_path: Path, architecture: str, extra: dict[str, object]) -> None:
    assert read_header(write_gguf(tmp_path / "e.gguf", architecture, extra)).embedding_only


def test_a_split_part_is_recognised(tmp_path: Path) -> None:
    assert read_header(write_gguf(tmp_path / "s.gguf", extra={"split.count": 3})).is_split
    assert not read_header(write_gguf(tmp_path / "o.gguf", extra={"split.count": 1})).is_split


def test_the_tensor_types_are_those_of_the_gguf_library() -> None:
    theirs = {int(kind): (kind.name, *gguf.GGML_QUANT_SIZES[kind]) for kind in gguf.GGMLQuantizationType}
    assert {number: tuple(layout) for number, layout in GGML_TYPES.items()} == theirs


def test_the_file_types_are_those_of_the_gguf_library() -> None:
    theirs = {int(kind): kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in gguf.LlamaFileType}
    theirs.pop(1024)
    assert theirs == FILE_TYPES


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    assert "is empty" in refusal(tmp_path / "a.gguf", b"")


def test_a_text_file_is_shown_by_its_first_words(tmp_path: Path) -> None:
    message = refusal(tmp_path / "a.gguf", "Dear diary, é\ntoday…".encode())
    assert 'a text file that begins "Dear diary, é"' in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04" + bytes(60), "zip archive"),
        (b"\x80\x02}q\x00." + bytes(60), "pickle"),
        (struct.pack("<Q", 12) + b'{"a": [1, 2]}' + bytes(60), "safetensors"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><title>Sign in</title>", "web page"),
        (b"tjgg" + bytes(60), "before GGUF"),
        (b"\x00\xff\xfe\x01" * 20, "no model format"),
        (b"GG", "text file"),
    ],
)
def test_a_foreign_file_is_called_what_it_looks_like(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(tmp_path / "a.gguf", content)


def test_a_file_that_is_not_there_is_missing_and_not_damaged(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none.gguf", tmp_path / "no-folder" / "a.gguf", tmp_path / "file" / "a.gguf"):
        with pytest.raises(ModelFileMissing, match=f"no file {path}"):
            read_header(path)


@pytest.mark.skipif(not FORBIDDEN.exists(), reason="this kernel has no file that not even root may read")
def test_a_file_that_may_not_be_read_is_denied_and_not_damaged() -> None:
    with pytest.raises(PermissionDenied, match=f"{FORBIDDEN} may not be read") as caught:
        read_header(FORBIDDEN)
    assert "who may read it" in caught.value.hint


def test_a_directory_a_fifo_and_a_device_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.gguf")
    assert "is a directory" in refusal(tmp_path)
    assert "is a FIFO" in refusal(tmp_path / "fifo.gguf")
    assert "is a device" in refusal(Path("/dev/zero"))


def test_big_endian_and_unknown_versions_are_told_apart(tmp_path: Path) -> None:
    assert "big-endian" in refusal(tmp_path / "a.gguf", b"GGUF" + struct.pack(">I", 3) + bytes(16))
    assert "version 1" in refusal(tmp_path / "a.gguf", start(0, version=1))
    assert "version 77" in refusal(tmp_path / "a.gguf", start(0, version=77))


def test_sixty_bytes_that_claim_a_billion_items_are_refused_at_once(tmp_path: Path) -> None:
    content = start(1) + text("tokens") + struct.pack("<IIQ", ARRAY, STRING, 10**9)
    assert "claims 1,000,000,000 items" in refusal(tmp_path / "a.gguf", content.ljust(60, b"\0"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (start(2**60), "claims"),
        (start(0, tensors=2**60), "claims"),
        (start(1) + text("k") + struct.pack("<I", 99), "unknown type 99"),
        (start(1) + text("k") + struct.pack("<IIQ", ARRAY, 99, 1), "items of the unknown type"),
        (start(1) + text("k") + struct.pack("<IIQ", ARRAY, ARRAY, 1), "array of arrays"),
        (start(1) + text("k") + struct.pack("<IQ", STRING, 2**40), "length of 1,099,511,627,776"),
        (start(1) + text("") + struct.pack("<II", U32, 1), "is empty"),
        (start(2) + (text("k") + struct.pack("<II", U32, 1)) * 2, "used twice"),
        (start(1) + text("general.alignment") + struct.pack("<II", U32, 24), "alignment"),
        (start(1) + text("general.alignment") + struct.pack("<II", U32, 0), "alignment"),
        (start(1) + text("general.alignment") + struct.pack("<II", U32, 2**17), "alignment"),
        (start(1) + text("general.alignment") + struct.pack("<I", STRING) + text("32"), "alignment"),
        (start(0, 1) + tensor("t", (1, 1, 1, 1, 1)), "5 dimensions"),
        (start(0, 1) + tensor("t", (32,), kind=77), "type 77"),
        (start(0, 1) + tensor("t", (33,), kind=8), "whole blocks"),
        (start(0, 1) + tensor("t", (1,), offset=7), "not a multiple"),
        (start(0, 1) + tensor("t", (2**62, 2**62)), "cut short"),
        (start(0, 1) + tensor("t", (1,), offset=2**63), "cut short"),
        (start(0, 2) + tensor("t", (1,)) * 2, "listed twice"),
    ],
)
def test_a_hostile_header_is_refused_with_the_place(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in refusal(tmp_path / "a.gguf", content + bytes(64))


def test_a_string_array_whose_strings_lie_is_refused(tmp_path: Path) -> None:
    strings = text("ok") * 70 + struct.pack("<Q", 2**63) + text("ok") * 30
    content = start(1) + text("k") + struct.pack("<IIQ", ARRAY, STRING, 100) + strings
    assert "claims a string of" in refusal(tmp_path / "a.gguf", content)


def test_a_sparse_file_gives_hostile_counts_no_room(tmp_path: Path) -> None:
    path = tmp_path / "sparse.gguf"
    path.write_bytes(start(1) + text("k") + struct.pack("<IIQ", ARRAY, STRING, 60_000_000))
    os.truncate(path, 1 << 40)
    assert "strings" in refusal(path)


def test_string_arrays_longer_than_one_window_are_walked_exactly(tmp_path: Path) -> None:
    chance = random.Random(1)
    strings = ["x" * chance.choice([0, 3, 70, 3000]) for _ in range(3000)]
    path = write_gguf(tmp_path / "a.gguf", extra={"x.many": strings, "x.after": "still here"})
    metadata = read_header(path).metadata
    assert metadata["x.many"] == LongArray("string", 3000)
    assert metadata["x.after"] == "still here"


def test_every_truncation_of_the_header_is_refused(good: Path, tmp_path: Path) -> None:
    content = good.read_bytes()
    end = content.index(b"blk.1.ffn_down.weight") + 64
    for length in [*range(0, end, 13), end, len(content) // 2, len(content) - 300]:
        refusal(tmp_path / "cut.gguf", content[:length])


def test_a_file_cut_in_its_tensors_says_how_long_it_should_be(good: Path, tmp_path: Path) -> None:
    message = refusal(tmp_path / "cut.gguf", good.read_bytes()[:-1000])
    assert "is cut short" in message


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def survives(path: Path) -> None:
    """Reading parses or refuses, in little memory, and so does everything that is asked of the header."""
    tracemalloc.start()
    try:
        header = read_header(path)
    except BadModelFile:
        return
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * 1024 * 1024
    for fact in (name for name in dir(type(header)) if isinstance(getattr(type(header), name), property)):
        getattr(header, fact)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_flipped_byte_parses_or_is_refused(
    good: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(good.read_bytes())
    end = content.index(b"blk.1.ffn_down.weight") + 64
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, end - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "flipped.gguf"
    path.write_bytes(content)
    survives(path)


@settings(max_examples=150, deadline=None)
@given(tail=st.binary(max_size=200), counts=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_any_bytes_after_the_magic_parse_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, counts: tuple[int, int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.gguf"
    path.write_bytes(start(*counts) + tail)
    survives(path)


def test_reading_leaves_no_descriptor_open(good: Path, tmp_path: Path) -> None:
    before = open_descriptors()
    read_header(good)
    refusal(tmp_path / "a.gguf", b"GGUF")
    refusal(tmp_path)
    assert open_descriptors() == before


def test_a_vocabulary_of_a_hundred_and_fifty_thousand_costs_no_memory(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "big.gguf", vocabulary=152_064, width=32, heads=2, kv_heads=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read_header(path).vocabulary == 152_064
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024

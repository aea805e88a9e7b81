"""Converted tokenizers: llama.cpp reads texts as the folder's tokenizer would, or the folder is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tektra_models.backend import Backend
from tektra_models.convert.convert import convert
from tektra_models.convert.pre_tokenizers import pre_tokenizer
from tektra_models.errors import ModelError, Unsupported
from tektra_models.spec import Spec
from tektra_models.worker import open_backend
from tests.model_folders import (
    BYTE_MARKS,
    GPT2,
    LLAMA3,
    MERGES,
    PIECE_MARKS,
    QWEN2,
    WORD_PIECES,
    Json,
    bert_config,
    bert_weights,
    byte_level,
    decoder_config,
    decoder_weights,
    sentence_piece,
    word_piece,
    write_folder,
)

ROWS = 320
END, BEGIN, TOOL = (256 + len(MERGES) + place for place in range(3))
PIECES = ("▁", "h", "e", "l", "o", "ll", "he", "hell", "hello", "▁hello")
PIECE_MERGES = ("l l", "h e", "he ll", "hell o", "▁ hello")


def decoder_folder(path: Path, tokenizer: Json, marks: Json, **config: Any) -> Path:
    sizes = decoder_config("LlamaForCausalLM", vocab_size=ROWS, num_hidden_layers=1, **config)
    return write_folder(path, sizes, decoder_weights(sizes), tokenizer, marks)


def bert_folder(path: Path, tokenizer: Json, **config: Any) -> Path:
    sizes = bert_config(num_hidden_layers=1, vocab_size=len(WORD_PIECES), **config)
    return write_folder(path, sizes, bert_weights(sizes), tokenizer, {})


@contextmanager
def converted(folder: Path) -> Iterator[Backend]:
    target = folder.with_suffix(".gguf")
    convert(folder, target, "F16", lambda done, total: None)
    backend = open_backend(Spec(name="m", path=str(target), threads=1, context=64))
    yield backend
    backend.close()


def refused(folder: Path) -> str:
    """What is said of a folder that is not converted."""
    target = folder.with_suffix(".gguf")
    with pytest.raises(ModelError) as caught:
        convert(folder, target, "F16", lambda done, total: None)
    assert not target.exists()
    return caught.value.message


def test_bytes_are_merged_in_the_order_of_the_list(tmp_path: Path) -> None:
    with converted(decoder_folder(tmp_path / "m", byte_level(), BYTE_MARKS)) as backend:
        hello, space_w = 256 + MERGES.index("hell o"), 256 + MERGES.index("Ġ w")
        vocabulary = byte_level()["model"]["vocab"]
        rest = [vocabulary[letter] for letter in "orld"]
        assert backend.tokenize("hello world", special=False) == [hello, space_w, *rest]
        assert [backend.token_bytes(token) for token in (hello, space_w, vocabulary["Ċ"])] == [b"hello", b" w", b"\n"]
        assert backend.tokenize("é", special=False) == [vocabulary["Ã"], vocabulary["©"]]


def test_marks_are_found_before_anything_else_and_only_where_they_may(tmp_path: Path) -> None:
    with converted(decoder_folder(tmp_path / "m", byte_level(), BYTE_MARKS)) as backend:
        assert backend.tokenize("<|begin|><tool><|end|>", special=True) == [BEGIN, TOOL, END]
        assert END not in backend.tokenize("<|end|>", special=False)
        assert TOOL in backend.tokenize("<tool>", special=False)
        assert (backend.bos, backend.eos) == ("<|begin|>", "<|end|>")
        assert [backend.is_end(token) for token in (END, BEGIN, TOOL)] == [True, False, False]
        assert backend.vocabulary == ROWS


@pytest.mark.parametrize("said", ["in the tokenizer", "beside it"])
def test_a_beginning_is_added_where_the_folder_says_so(tmp_path: Path, said: str) -> None:
    tokenizer, marks = byte_level(), dict(BYTE_MARKS)
    if said == "beside it":
        marks["add_bos_token"] = True
    else:
        single = [{"SpecialToken": {"id": "<|begin|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
        processors = [{"type": "ByteLevel"}, {"type": "TemplateProcessing", "single": single, "pair": []}]
        tokenizer["post_processor"] = {"type": "Sequence", "processors": processors}
    with converted(decoder_folder(tmp_path / "m", tokenizer, marks)) as backend:
        assert backend.tokenize("a", special=False) == [BEGIN, byte_level()["model"]["vocab"]["a"]]


def test_all_ends_that_the_folder_names_end_an_answer(tmp_path: Path) -> None:
    folder = decoder_folder(tmp_path / "m", byte_level(), BYTE_MARKS)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [END, TOOL, 65]}))
    with converted(folder) as backend:
        assert [token for token in range(ROWS) if backend.is_end(token)] == [65, END, TOOL]


@pytest.mark.parametrize("place", ["configuration", "file", "several"])
def test_the_chat_template_comes_along(tmp_path: Path, place: str) -> None:
    template, marks = "{{ messages[0].content }}", dict(BYTE_MARKS)
    named = [{"name": "default", "template": template}, {"name": "rag", "template": "other"}]
    folder = decoder_folder(
        tmp_path / "m", byte_level(), marks | {"chat_template": named if place == "several" else template}
    )
    if place == "file":
        (folder / "tokenizer_config.json").write_text(json.dumps({**marks, "chat_template": "an old one"}))
        (folder / "chat_template.jinja").write_text(template)
    with converted(folder) as backend:
        assert backend.chat_template == template


def steps(*expressions: str, **last: bool) -> Json:
    split: list[Json] = [
        {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False} for regex in expressions
    ]
    end = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False, **last}
    return {"type": "Sequence", "pretokenizers": [*split, end]}


TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|"
    r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DIGITS = {"type": "Digits", "individual_digits": True}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


@pytest.mark.parametrize(
    ("whole", "ignore_merges", "name"),
    [
        (BYTE_LEVEL, False, "gpt-2"),
        ({"type": "Sequence", "pretokenizers": [DIGITS, BYTE_LEVEL]}, False, "smollm"),
        (steps(LLAMA3), True, "llama-bpe"),
        (steps(LLAMA3), False, "dbrx"),
        (steps(QWEN2), False, "qwen2"),
        (steps(QWEN2.replace(r"\r", "\r").replace(r"\n", "\n")), False, "qwen2"),
        (steps(TEKKEN), True, "tekken"),
        (steps(GPT2), False, "gpt-2"),
    ],
)
def test_the_way_of_splitting_is_known_by_its_expressions(whole: Json, ignore_merges: bool, name: str) -> None:
    assert pre_tokenizer(msgspec.Raw(json.dumps(whole).encode()), ignore_merges=ignore_merges) == name


@pytest.mark.parametrize(
    ("whole", "ignore_merges"),
    [
        (steps(QWEN2), True),
        (steps(LLAMA3 + "|x"), True),
        (steps(LLAMA3, add_prefix_space=True), True),
        ({"type": "Whitespace"}, False),
        ({"type": "Sequence", "pretokenizers": []}, False),
        ({"type": "Sequence", "pretokenizers": [DIGITS]}, False),
        (steps(LLAMA3)["pretokenizers"][0], True),
        ({"type": "Sequence", "pretokenizers": [steps(LLAMA3)] * 2}, True),
        ({"type": "Split", "pattern": {"String": " "}, "behavior": "Isolated"}, False),
        (None, False),
        ("x" * 2_000_000, False),
    ],
)
def test_another_way_of_splitting_is_refused(whole: Json, ignore_merges: bool) -> None:
    with pytest.raises(Unsupported, match="The tokenizer cannot be converted"):
        pre_tokenizer(msgspec.Raw(json.dumps(whole).encode()), ignore_merges=ignore_merges)


@pytest.mark.parametrize("legacy", [True, False])
def test_sentence_pieces_are_merged_in_the_order_of_the_list(tmp_path: Path, legacy: bool) -> None:
    tokenizer = sentence_piece(PIECES, PIECE_MERGES, legacy=legacy)
    vocabulary = tokenizer["model"]["vocab"]

    def numbers(*texts: str) -> list[int]:
        return [vocabulary[text] for text in texts]

    with converted(decoder_folder(tmp_path / "m", tokenizer, PIECE_MARKS)) as backend:
        assert backend.tokenize("hello", special=False) == numbers("<s>", "▁hello")
        assert backend.tokenize("hell he", special=False) == numbers("<s>", "▁", "hell", "▁", "he")
        assert backend.tokenize("z", special=False) == numbers("<s>", "▁", "<0x7A>")
        assert backend.tokenize("é</s>", special=True) == numbers("<s>", "▁", "<0xC3>", "<0xA9>", "</s>")
        assert backend.token_bytes(vocabulary["▁hello"]) == b" hello"
        assert backend.token_bytes(vocabulary["<0xC3>"]) == b"\xc3"
        assert (backend.bos, backend.eos) == ("<s>", "</s>")


def test_a_sentence_piece_tokenizer_may_begin_texts_without_a_space(tmp_path: Path) -> None:
    tokenizer = sentence_piece(PIECES, PIECE_MERGES, legacy=False)
    tokenizer["pre_tokenizer"]["prepend_scheme"] = "never"
    vocabulary = tokenizer["model"]["vocab"]
    with converted(decoder_folder(tmp_path / "m", tokenizer, PIECE_MARKS)) as backend:
        assert backend.tokenize("hello", special=False) == [vocabulary["<s>"], vocabulary["hello"]]


def test_words_are_taken_apart_into_the_longest_pieces(tmp_path: Path) -> None:
    place = {text: index for index, text in enumerate(WORD_PIECES)}

    def numbers(*texts: str) -> list[int]:
        return [place[text] for text in ("[CLS]", *texts, "[SEP]")]

    with converted(bert_folder(tmp_path / "m", word_piece())) as backend:
        assert backend.tokenize("Hello, helloing wörld!", special=False) == numbers(
            "hello", ",", "hello", "##ing", "world", "!"
        )
        assert backend.tokenize("語hex 9", special=False) == numbers("語", "h", "##e", "##x", "[UNK]")
        assert backend.tokenize("[MASK]ed", special=True) == numbers("[MASK]", "e", "##d")


def test_a_bert_that_knows_capitals_keeps_them(tmp_path: Path) -> None:
    with converted(bert_folder(tmp_path / "m", word_piece(lowercase=False))) as backend:
        assert backend.tokenize("Hello hello", special=False) == [2, 1, WORD_PIECES.index("hello"), 3]


def test_an_old_bert_has_a_list_of_words_only(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "m", {})
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(WORD_PIECES) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "cls_token": "[CLS]"}))
    with converted(folder) as backend:
        assert backend.tokenize("Helloing", special=False) == [
            2,
            *(WORD_PIECES.index(text) for text in ("hello", "##ing")),
            3,
        ]


STRANGE = [{"SpecialToken": {"id": "<tool>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]


def changed(tokenizer: Json, change: Callable[[Json], object]) -> Json:
    change(tokenizer)
    return tokenizer


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update(normalizer={"type": "Lowercase"}), "normalizer"),
        (lambda t: t["model"].update(end_of_word_suffix="</w>"), "inside or the end of words"),
        (lambda t: t["model"].update(merges=[]), "needs merges"),
        (lambda t: t["model"]["merges"].append("x y"), "makes no token"),
        (lambda t: t["model"]["merges"].append("nonsense"), "makes no token"),
        (lambda t: t["model"]["vocab"].update(zz=5), "have the same number"),
        (lambda t: t["model"]["vocab"].update(zz=ROWS), "rows for"),
        (lambda t: t["model"]["vocab"].update(zz=10**30), "tokenizer.json"),
        (lambda t: t["model"]["vocab"].update({"[PAD300]": 299}), "the same text"),
        (lambda t: t["model"].update(type="Unigram"), "Unigram"),
        (lambda t: t["model"].pop("vocab"), "vocab"),
        (lambda t: t["added_tokens"].append({"id": 3, "content": "<x>"}), "have the same number"),
        (
            lambda t: t.update(
                post_processor={"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "?"}}]}
            ),
            "surrounds",
        ),
        (lambda t: t.update(post_processor={"type": "RobertaProcessing"}), "post_processor"),
    ],
)
def test_byte_level_tokenizers_that_cannot_be_are_refused(
    tmp_path: Path, change: Callable[[Json], object], said: str
) -> None:
    assert said in refused(decoder_folder(tmp_path / "m", changed(byte_level(), change), BYTE_MARKS))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["model"]["merges"].append("l h"), "makes no token"),
        (lambda t: t["model"]["merges"].pop(0), "does not merge 'l' and 'l'"),
        (lambda t: t["model"]["merges"].append("l l"), "late by another"),
        (lambda t: t["model"]["vocab"].pop("<0x41>"), "no token for each byte"),
        (lambda t: t["model"].update(ignore_merges=True), "whole words"),
        (lambda t: t["normalizer"]["normalizers"].pop(), "does not write spaces"),
        (lambda t: t["normalizer"]["normalizers"].append({"type": "Prepend", "prepend": "x"}), "more in a text"),
        (lambda t: t.update(pre_tokenizer={"type": "Metaspace", "split": True}), "spaces inside"),
        (lambda t: t.update(normalizer={"type": "NFKC"}), "normalizer"),
    ],
)
def test_sentence_pieces_that_llama_cpp_would_merge_otherwise_are_refused(
    tmp_path: Path, change: Callable[[Json], object], said: str
) -> None:
    pieces = (*PIECES, "o▁h")
    tokenizer = sentence_piece(pieces, (*PIECE_MERGES, "o ▁h"))
    tokenizer["model"]["vocab"]["▁h"] = 290
    tokenizer["model"]["merges"] += ["▁ h"]
    assert said in refused(decoder_folder(tmp_path / "m", changed(tokenizer, change), PIECE_MARKS))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["model"].update(continuing_subword_prefix="@@"), "go on with"),
        (lambda t: t["model"].update(type="BPE"), "WordPiece"),
        (lambda t: t["normalizer"].update(handle_chinese_chars=False), "Chinese"),
        (lambda t: t.update(pre_tokenizer={"type": "Whitespace"}), "pre_tokenizer"),
        (lambda t: t["model"]["vocab"].update({"##▁hello": t["model"]["vocab"].pop("!")}), "the same for llama.cpp"),
        (lambda t: (t["model"]["vocab"].pop("[SEP]"), t["added_tokens"].pop(3)), "lacks one of"),
    ],
)
def test_word_pieces_that_cannot_be_are_refused(tmp_path: Path, change: Callable[[Json], object], said: str) -> None:
    assert said in refused(bert_folder(tmp_path / "m", changed(word_piece(), change)))


def test_a_model_without_an_end_is_refused(tmp_path: Path) -> None:
    assert "ends a text" in refused(decoder_folder(tmp_path / "m", byte_level(), {}))


def test_a_folder_without_a_tokenizer_says_which_one_it_has(tmp_path: Path) -> None:
    folder = decoder_folder(tmp_path / "m", byte_level(), BYTE_MARKS)
    (folder / "tokenizer.json").rename(folder / "tokenizer.model")
    assert "only tokenizer.model" in refused(folder)


def test_tokens_without_a_row_are_left_out_and_rows_without_a_token_are_named(tmp_path: Path) -> None:
    tokenizer = byte_level()
    tokenizer["added_tokens"].append({"id": ROWS, "content": "<beyond>", "special": True})
    folder = decoder_folder(tmp_path / "m", tokenizer, BYTE_MARKS)
    with converted(folder) as backend:
        assert backend.vocabulary == ROWS
        assert ROWS not in backend.tokenize("<beyond>", special=True)

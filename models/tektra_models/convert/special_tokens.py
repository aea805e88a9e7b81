"""Which tokens begin and end texts, and the chat template: from the small JSON files beside a tokenizer."""

from __future__ import annotations

from typing import Any

import msgspec

from tektra_models.convert.folder import ModelFolder
from tektra_models.convert.vocabulary import TokenizerFile, Vocabulary, part, unsupported

CONFIG = "tokenizer_config.json"
MAP = "special_tokens_map.json"
TEMPLATE = "chat_template.jinja"
NAMES = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
MAX_CONFIG = 16 * 1024 * 1024
"""Some repeat all added tokens there."""


class _Mark(msgspec.Struct, frozen=True):
    content: str


_MaybeMark = _Mark | str | None


class _Marks(msgspec.Struct, frozen=True):
    bos_token: _MaybeMark = None
    eos_token: _MaybeMark = None
    unk_token: _MaybeMark = None
    sep_token: _MaybeMark = None
    pad_token: _MaybeMark = None
    cls_token: _MaybeMark = None
    mask_token: _MaybeMark = None

    def text(self, name: str) -> str | None:
        mark = getattr(self, f"{name}_token")
        return mark.content if isinstance(mark, _Mark) else mark


class _Template(msgspec.Struct, frozen=True):
    name: str
    template: str


class _Config(_Marks, frozen=True):
    add_bos_token: bool | None = None
    add_eos_token: bool | None = None
    chat_template: str | list[_Template] | None = None


class _Ids(msgspec.Struct, frozen=True):
    """What config.json and generation_config.json say of them: by number, the ends often several."""

    bos_token_id: int | list[int] | None = None
    eos_token_id: int | list[int] | None = None
    pad_token_id: int | list[int] | None = None

    def all(self, name: str) -> list[int]:
        found = getattr(self, f"{name}_token_id", None)
        return found if isinstance(found, list) else [] if found is None else [found]


class _Piece(msgspec.Struct, frozen=True):
    """One step of a template for what surrounds a text: a token, or the text itself."""

    SpecialToken: dict[str, Any] | None = None
    Sequence: dict[str, Any] | None = None


class _TemplateProcessing(msgspec.Struct, frozen=True, tag="TemplateProcessing"):
    single: list[_Piece]


class _BertProcessing(msgspec.Struct, frozen=True, tag="BertProcessing"):
    """[CLS] text [SEP], as llama.cpp always does for BERT."""


class _ByteLevel(msgspec.Struct, frozen=True, tag="ByteLevel"):
    """Changes no tokens."""


_Processor = _TemplateProcessing | _BertProcessing | _ByteLevel


class _Processors(msgspec.Struct, frozen=True, tag="Sequence"):
    processors: list[_Processor]


class Specials(msgspec.Struct, frozen=True):
    """Token ids by llama.cpp's names, whether texts get a beginning and an end, and chat templates by name."""

    ids: dict[str, int]
    adds: dict[str, bool]
    templates: dict[str, str]


def specials(folder: ModelFolder, vocabulary: Vocabulary, file: TokenizerFile | None) -> Specials:
    """All of it; raises a ModelError."""
    config = folder.json_if_there(CONFIG, _Config, MAX_CONFIG) or _Config()
    ids = _ids(folder, vocabulary, config)
    if vocabulary.model == "bert":
        return Specials(ids, {}, {})
    if "eos" not in ids:  # llama.cpp would take a fixed number, whatever token that is
        unsupported("it names no token that ends a text (eos_token)")
    ids.setdefault("bos", ids["eos"])
    adds = _surroundings(vocabulary, ids, file)
    for name, said in (("bos", config.add_bos_token), ("eos", config.add_eos_token)):
        if said is not None:
            adds[name] = said
    return Specials(ids, adds, _templates(folder, config))


def _ids(folder: ModelFolder, vocabulary: Vocabulary, config: _Config) -> dict[str, int]:
    """Each by its text, or else by a number; several ends are llama.cpp's `eos`, `eot` and `eom`."""
    place_of = {text: place for place, text in enumerate(vocabulary.texts)}
    mapped = folder.json_if_there(MAP, _Marks) or _Marks()
    numbers = [folder.json_if_there(name, _Ids) or _Ids() for name in ("generation_config.json", "config.json")]

    def numbered(name: str) -> list[int]:
        return [place for said in numbers for place in said.all(name) if 0 <= place < len(place_of)]

    ids: dict[str, int] = {}
    for name in NAMES:
        text = config.text(name) or mapped.text(name)
        if found := [place_of[text]] if text in place_of else numbered(name):
            ids[name] = found[0]
    cls = ids.pop("cls", None)  # llama.cpp has no such token: BERT's is the one that begins a text
    if vocabulary.model == "bert":
        return _bert_ids(ids, cls, place_of)
    others = [place for place in dict.fromkeys(numbered("eos")) if place != ids.get("eos")]
    return ids | dict(zip(("eot", "eom"), others, strict=False))


def _bert_ids(ids: dict[str, int], cls: int | None, place_of: dict[str, int]) -> dict[str, int]:
    """llama.cpp puts `bos` before a text and `sep` behind it, and asks for both."""
    usual = {"sep": "[SEP]", "unk": "[UNK]", "pad": "[PAD]", "mask": "[MASK]"}
    ids = {name: place_of[text] for name, text in usual.items() if text in place_of} | ids
    cls = place_of.get("[CLS]") if cls is None else cls
    if cls is None or "sep" not in ids or "unk" not in ids:
        unsupported("it lacks one of [CLS], [SEP] and [UNK]")
    return ids | {"bos": cls, "eos": ids["sep"]}


def _surroundings(vocabulary: Vocabulary, ids: dict[str, int], file: TokenizerFile | None) -> dict[str, bool]:
    """Whether tokens come before and behind each text, as the tokenizer's post-processor does it."""
    whole = part(file.post_processor, _Processors | _Processor | None, "post_processor") if file else None  # type: ignore[arg-type]
    steps: list[Any] = whole.processors if isinstance(whole, _Processors) else [whole]
    texts = [
        str(piece.SpecialToken.get("id")) if piece.SpecialToken else None
        for step in steps
        if isinstance(step, _TemplateProcessing)
        for piece in step.single
    ]
    if not texts:
        return {"bos": False, "eos": False}
    bos, eos = (vocabulary.texts[ids[name]] for name in ("bos", "eos"))
    begins, ends = texts[0] == bos, texts[-1] == eos
    if texts != [bos] * begins + [None] + [eos] * ends:
        unsupported(f"it surrounds each text by {[text or '…' for text in texts]}")
    return {"bos": begins, "eos": ends}


def _templates(folder: ModelFolder, config: _Config) -> dict[str, str]:
    if folder.has(TEMPLATE):
        return {"default": folder.text(TEMPLATE).decode("utf-8", "replace")}
    if isinstance(config.chat_template, str):
        return {"default": config.chat_template}
    return {template.name: template.template for template in config.chat_template or []}

"""How byte-level tokenizers split a text into words, and which of llama.cpp's ways is the same.

llama.cpp has a fixed list of ways, each with a name. A tokenizer.json spells its own out; both are a series of
expressions, applied one after another, so they are compared as texts. What is not in the list is refused: a model
that reads other words than those it learned is worse than none.
"""

from __future__ import annotations

import msgspec

from tektra_models.convert.vocabulary import part, unsupported

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""What `ByteLevel` splits by."""
_TAIL = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_ENGLISH = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = _ENGLISH + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + _TAIL
QWEN2 = LLAMA3.replace("{1,3}", "")
QWEN35 = _ENGLISH + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + _TAIL
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_WORD = rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+%s|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*%s"
_MARKS = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*"
TEKKEN = _WORD % ("", "") + r"|\p{N}" + _MARKS + _TAIL
GPT4O = _WORD % (_ENGLISH + "?", _ENGLISH + "?") + r"|\p{N}{1,3}" + _MARKS + _TAIL
ONE_DIGIT, DIGITS = r"\p{N}", r"\p{N}+"

KNOWN: dict[tuple[tuple[str, ...], bool], str] = {
    ((GPT2,), False): "gpt-2",
    ((ONE_DIGIT, GPT2), False): "smollm",
    ((LLAMA3,), True): "llama-bpe",
    ((LLAMA3,), False): "dbrx",
    ((QWEN2,), False): "qwen2",
    ((QWEN35,), False): "qwen35",
    ((TEKKEN,), True): "tekken",
    ((GPT4O,), False): "gpt-4o",
    ((r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+", ONE_DIGIT), False): "deepseek-coder",
}
"""llama.cpp's name by the expressions, and by whether a word that is a token is taken without looking at merges."""


class _Pattern(msgspec.Struct, frozen=True):
    Regex: str  # the only key that is known here; a fixed string would be another kind


class _Split(msgspec.Struct, frozen=True, tag="Split"):
    pattern: _Pattern
    behavior: str
    invert: bool = False


class _Digits(msgspec.Struct, frozen=True, tag="Digits"):
    individual_digits: bool = False


class _ByteLevel(msgspec.Struct, frozen=True, tag="ByteLevel"):
    add_prefix_space: bool = True
    use_regex: bool = True


_Step = _Split | _Digits | _ByteLevel


class _Sequence(msgspec.Struct, frozen=True, tag="Sequence"):
    pretokenizers: list[_Step]


def pre_tokenizer(raw: msgspec.Raw, *, ignore_merges: bool) -> str:
    """llama.cpp's name for a byte-level tokenizer's way of splitting; raises Unsupported."""
    whole = part(raw, _Sequence | _Step, "pre_tokenizer")  # type: ignore[arg-type]
    steps = whole.pretokenizers if isinstance(whole, _Sequence) else [whole]
    if not steps or not isinstance(steps[-1], _ByteLevel):
        unsupported("its words are not written as bytes at last")
    expressions = tuple(expression for step in steps if (expression := _expression(step)) is not None)
    if (name := KNOWN.get((expressions, ignore_merges))) is None:
        unsupported(f"llama.cpp does not split texts by {' then '.join(expressions)!r}")
    return name


def _expression(step: _Step) -> str | None:
    if isinstance(step, _Digits):
        return ONE_DIGIT if step.individual_digits else DIGITS
    if isinstance(step, _ByteLevel):
        if step.add_prefix_space:
            unsupported("it puts a space before each text")
        return GPT2 if step.use_regex else None
    # What matches becomes a word of its own. The expressions match everything, so that dropping the rest drops nothing.
    if (step.behavior, step.invert) not in (("Isolated", False), ("Removed", True)):
        unsupported(f"it splits by {step.behavior!r}")
    return step.pattern.Regex.replace("\r", r"\r").replace("\n", r"\n")

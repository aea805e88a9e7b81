"""The tokenizer: byte-level BPE whose merges do not depend on what stands before a word.

A copied word should be the same tokens after a space, a quote or a slash, or a small model has to learn each spelling
twice. So merges are learned inside words only; then a space is merged with the commonest words, as the last merges of
all, and JSON punctuation gets a few merges by hand. The text is split as llama.cpp's "smollm" pre-tokenizer does.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from tokenizers import decoders as token_decoders

from tektra_models.starter.corpus.dialogues import dialogues
from tektra_models.starter.rendering import render

PRE_TOKENIZER = "smollm"
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
VISIBLE = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
SPARE = "<|spare_"
LETTERS = re.compile(r"[^\W\d_]+")
SPACED = re.compile(r" ([^\W\d_]+)")
SPACE = "Ġ"
# The bytes of these strings, left to right, are merged as written: one token for each stretch of JSON that comes often.
PUNCTUATION = (
    '":',
    '",',
    '{"',
    '"}',
    '"}}',
    "}}",
    '"},',
    "},",
    '"]',
    '["',
    ".`",
    "`.",
    "://",
    "\n\n",
    f'{SPACE}"',
    f"{SPACE}{{",
    f'{SPACE}{{"',
    f"{SPACE}`",
    f"{SPACE}--",
    "--",
    f"{SPACE}[",
    f'{SPACE}["',
)
WORD_MERGES = 1900
SPACED_WORDS = 800


def sample_texts(count: int) -> Iterator[str]:
    """Rendered dialogues of the training side."""
    for item in islice(dialogues("tokenizer"), count):
        yield render(item.messages, item.tools)


def word_merges(texts: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Learn merges inside words."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + WORD_MERGES, initial_alphabet=alphabet, show_progress=False
    )
    learner.train_from_iterator((word for text in texts for word in LETTERS.findall(text)), trainer)
    learned = json.loads(learner.to_str())["model"]
    return dict(learned["vocab"]), [(left, right) for left, right in learned["merges"]]


def extend(vocabulary: dict[str, int], merges: list[tuple[str, str]], left: str, right: str) -> None:
    """Add one merge and its token."""
    merges.append((left, right))
    vocabulary.setdefault(left + right, len(vocabulary))


def add_punctuation(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> None:
    """Add the handmade merges of punctuation, shorter first so that each longer one finds its parts."""
    for text in PUNCTUATION:
        written = text.replace("\n", "Ċ")
        for cut in range(len(written) - 1, 0, -1):
            if written[:cut] in vocabulary and written[cut:] in vocabulary:
                if (written[:cut], written[cut:]) not in merges:
                    extend(vocabulary, merges, written[:cut], written[cut:])
                break
        else:
            extend(vocabulary, merges, written[0], written[1])
            extend(vocabulary, merges, written[:2], written[2:])


def add_spaced_words(vocabulary: dict[str, int], merges: list[tuple[str, str]], texts: list[str]) -> None:
    """Let the commonest words take the space before them."""
    counts = Counter(word for text in texts for word in SPACED.findall(text) if word in vocabulary)
    for word, _ in counts.most_common(SPACED_WORDS):
        extend(vocabulary, merges, SPACE, word)


def train_tokenizer(samples: int = 12000) -> Tokenizer:
    """Learn the tokenizer from the generator's own dialogues."""
    texts = list(sample_texts(samples))
    vocabulary, merges = word_merges(texts)
    add_punctuation(vocabulary, merges)
    add_spaced_words(vocabulary, merges, texts)
    tokenizer = assemble(vocabulary, merges)
    # Spare tokens round the embedding up to whole Q8_0 blocks either way.
    spare = -tokenizer.get_vocab_size() % 32
    tokenizer.add_special_tokens([marked(f"{SPARE}{place}|>") for place in range(spare)])
    return tokenizer


def marked(text: str, *, special: bool = True) -> AddedToken:
    """A token that is found in any text before the merges begin."""
    return AddedToken(text, special=special, normalized=False)


def assemble(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
    """The tokenizer around a vocabulary, with the tokens that mark turns and tools."""
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    digits, byte_level = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, byte_level])
    tokenizer.decoder = token_decoders.ByteLevel()
    tokenizer.add_special_tokens([marked(text) for text in CONTROL])
    tokenizer.add_tokens([marked(text, special=False) for text in VISIBLE])
    return tokenizer


def tokenizer_of(path: Path) -> Tokenizer:
    """The tokenizer as a GGUF file carries it, for comparison with llama.cpp's own reading of that file."""
    from gguf import GGUFReader

    reader = GGUFReader(path)
    texts: list[str] = reader.fields["tokenizer.ggml.tokens"].contents()
    merges: list[str] = reader.fields["tokenizer.ggml.merges"].contents()
    marks = {*CONTROL, *VISIBLE}
    vocabulary = {text: place for place, text in enumerate(texts) if text not in marks and not text.startswith(SPARE)}
    return assemble(vocabulary, [(left, right) for left, right in (merge.split(" ") for merge in merges)])


def load_tokenizer(work: Path) -> Tokenizer:
    """The tokenizer of this work directory, trained when it is not there yet."""
    path = work / "tokenizer.json"
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        train_tokenizer().save(str(path))
    return Tokenizer.from_file(str(path))

"""The tokenizer: byte-level BPE that cuts a word the same way wherever it stands.

A word should be the same tokens after a space, a quote or a slash, and the same but for its first letter where a
sentence begins with it: else a small model has to learn each spelling by itself before it can match "Restart the
server" with restart_server. So merges are learned inside words only, in lower case, and each has a twin with a capital
first letter; a space is merged only with the small words of grammar; and JSON punctuation gets a few merges by hand.
The text is split as llama.cpp's "smollm" pre-tokenizer does.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from tokenizers import decoders as token_decoders

from tektra_models.starter.corpus.dialogues import dialogues
from tektra_models.starter.corpus.toolbook import tool_words
from tektra_models.starter.corpus.words import letters, spaced
from tektra_models.starter.rendering import render
from tektra_models.starter.word_vectors import WIDTH, word_vectors

PRE_TOKENIZER = "smollm"
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
VISIBLE = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
SPARE = "<|spare_"
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
    '("',
    '")',
    '"))',
)
WORD_MERGES = 9000
SAMPLES = 12000
# How much a word that no dialogue holds counts among those that do, by its place among the commonest words of English.
COMMON_WORDS = 8000
UNSEEN_WEIGHT, UNSEEN_OFFSET, UNSEEN_FALL = 300, 30, 0.7
# A word that tools are named by should be one token, for what is not one token has no vector.
TOOL_WORD_WEIGHT = 12
# No word stands here that could be part of a tool's name or a value.
SPACED_WORDS = spaced("""
the a an to of is are was be been am it its this that these those with and or but in on at by for from as into about
i i'm you your my me we our they them he she his her who what which when where how why not no do does did done have has
had can could may might must should would will shall if then than so such only just also too very more most here there
now please need want know only out up down over under between after before any all some each other one two both like
what's don't let's please thanks ok yes may such because while until without within
""")


def sample_texts(count: int) -> Iterator[str]:
    """Rendered dialogues of the training side."""
    for item in islice(dialogues("tokenizer"), count):
        yield render(item.messages, item.tools)


def words_of(texts: Iterable[str]) -> Iterator[str]:
    """The words of some texts, in lower case."""
    return (word for text in texts for word in letters(text))


def words_in_dialogues(samples: int = SAMPLES) -> set[str]:
    """The different words of the training side's dialogues."""
    return set(words_of(sample_texts(samples)))


def word_weights(texts: list[str]) -> Counter[str]:
    """How often the learner of merges gets to see each word: those of the dialogues, and the commonest of English."""
    said = Counter(words_of(texts))
    weights = Counter({word: round(2 * count**0.6) for word, count in said.items() if count > 1})
    for place, word in enumerate(word_vectors().words[:COMMON_WORDS]):
        weights[word] += max(2, round(UNSEEN_WEIGHT / (place + UNSEEN_OFFSET) ** UNSEEN_FALL))
    for word in sorted(tool_words()):
        weights[word] += TOOL_WORD_WEIGHT
    return weights


def word_merges(texts: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Learn merges inside words, and give each its twin for the head of a sentence."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + WORD_MERGES, initial_alphabet=alphabet, show_progress=False
    )
    learner.train_from_iterator((word for word, weight in word_weights(texts).items() for _ in range(weight)), trainer)
    learned = json.loads(learner.to_str())["model"]
    vocabulary: dict[str, int] = dict(learned["vocab"])
    merges: list[tuple[str, str]] = []
    for left, right in learned["merges"]:
        merges.append((left, right))
        if left[0].isascii() and left[0].isalpha():
            extend(vocabulary, merges, capital(left), right)
    return vocabulary, merges


def capital(text: str) -> str:
    """The text with a capital first letter; what follows stays as it is."""
    return text[:1].upper() + text[1:]


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
    """Let the small words take the space before them, the commonest first."""
    small = {*SPACED_WORDS, *map(capital, SPACED_WORDS)}
    counts = Counter(word for text in texts for word in SPACED.findall(text) if word in vocabulary and word in small)
    for word, _ in counts.most_common():
        extend(vocabulary, merges, SPACE, word)


def kinship(tokenizer: Tokenizer) -> NDArray[np.float32]:
    """What is known of each token before any training: the vector of its word, a capital letter, a space before it.

    Shape: (vocabulary, WIDTH + 2); nothing but zeros for what is no word and no twin of a word.
    """
    known = word_vectors()
    table = np.zeros((tokenizer.get_vocab_size(), WIDTH + 2), dtype=np.float32)
    for text, token in tokenizer.get_vocab().items():
        bare = text.removeprefix(SPACE)
        if not (bare.isascii() and bare.isalpha()):
            continue
        table[token, WIDTH:] = bare[0].isupper(), bare != text
        place = known.places.get(bare[0].lower() + bare[1:])
        if place is not None:
            table[token, :WIDTH] = known.vectors[place]
    return table


def base_forms(tokenizer: Tokenizer) -> list[tuple[int, int]]:
    """Each token that is another with a capital letter or a space before it, and that other."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    bare = {token: text.removeprefix(SPACE) for text, token in vocabulary.items()}
    words = {token: text for token, text in bare.items() if text.isascii() and text.isalpha()}
    return [(token, vocabulary.get(text[0].lower() + text[1:], token)) for token, text in words.items()]


def train_tokenizer(samples: int = SAMPLES) -> Tokenizer:
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
    """The tokenizer as a GGUF file carries it."""
    from gguf import GGUFReader

    reader = GGUFReader(path)
    texts: list[str] = reader.fields["tokenizer.ggml.tokens"].contents()
    merges: list[str] = reader.fields["tokenizer.ggml.merges"].contents()
    marks = {*CONTROL, *VISIBLE}
    vocabulary = {text: place for place, text in enumerate(texts) if text not in marks and not text.startswith(SPARE)}
    tokenizer = assemble(vocabulary, [(left, right) for left, right in (merge.split(" ") for merge in merges)])
    tokenizer.add_special_tokens([marked(text) for text in texts if text.startswith(SPARE)])
    return tokenizer


def load_tokenizer(work: Path) -> Tokenizer:
    """The tokenizer of this work directory, trained when it is not there yet."""
    path = work / "tokenizer.json"
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        train_tokenizer().save(str(path))
    return Tokenizer.from_file(str(path))

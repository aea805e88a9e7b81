"""What an engine needs from whatever computes: tokens in, one sampled token per finished feed out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tektra_models.errors import BadRequest
from tektra_models.generation import Pooling, Sampling
from tektra_models.spec import Spec

if TYPE_CHECKING:
    from tektra_models.forms import Follower

Sampler = Any
"""Whatever the backend made in `sampler`; the engine only hands it back."""


@dataclass(slots=True)
class Sheet:
    """Where a backend writes how likely the tokens were that it drew: token, log probability, the likeliest."""

    likeliest: int
    rows: list[tuple[int, float, list[tuple[int, float]]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Feed:
    """Tokens for one holder in the next decode, from `position` on; sampled at the last one if a sampler is given.

    With a follower only what its grammar admits can be drawn. The last `drafts` tokens are guesses: sampling goes on
    behind each of them that is the one that was drawn. Only where `can_share`, since wrong ones have to be cut.
    """

    holder: int
    tokens: list[int]
    position: int
    sampler: Sampler | None
    follower: Follower | None = None
    drafts: int = 0
    sheet: Sheet | None = None


def check_context(spec: Spec, trained: int | None) -> None:
    """Raise BadRequest for more tokens than the model was `trained` to attend to, if it says how many."""
    if trained and spec.context > trained:
        raise BadRequest(
            f'"{spec.name}" was made for a context of {trained} tokens; {spec.context} were asked for',
            f"Use --context {trained} or less.",
        )


def drawn(feed: Feed, draw: Callable[[Feed, int], int], row: int = 0) -> list[int]:
    """One token, drawn at `row`, and another at the next row behind each draft that is the one that was drawn."""
    tokens = [draw(feed, row)]
    for draft in feed.tokens[len(feed.tokens) - feed.drafts :]:
        if draft != tokens[-1]:
            break
        row += 1
        tokens.append(draw(feed, row))
    return tokens


class Backend(Protocol):
    """One loaded model. Called from one thread only."""

    context: int
    holders: int
    """Sequences whose cells the memory can tell apart, numbered from 0: at least as many as may run at once."""
    can_share: bool
    """Whether a part of a sequence's memory can be copied and cut; not so for recurrent and hybrid models."""
    layout: str
    """What two loads of a model have in common if one can restore the other's states."""
    minds_others: bool
    """Whether a step takes noticeably longer for the cells of sequences that take no part in it."""
    vocabulary: int
    can_generate: bool
    can_embed: bool
    can_rank: bool
    """Whether it was made to score how well a document fits a query."""
    chat_template: str | None
    bos: str
    eos: str

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Text → tokens; with `special`, marks such as <|im_start|> become their control tokens."""

    def token_bytes(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for control tokens."""

    def mark_bytes(self, token: int) -> bytes:
        """The bytes by which a control token is written in a chat template."""

    def is_end(self, token: int) -> bool:
        """Whether the model ends its turn with this token."""

    def sampler(self, sampling: Sampling, prompt: list[int]) -> Sampler:
        """Make the state that chooses tokens for one sequence; raises BadRequest for impossible parameters."""

    def follower(self, grammar: str) -> Follower:
        """Make what keeps one sequence to a grammar; raises BadRequest or Unsupported."""

    def accept(self, sampler: Sampler, token: int) -> None:
        """Tell a sampler of a token that it did not choose itself."""

    def free_sampler(self, sampler: Sampler) -> None:
        """Release what `sampler` made."""

    def decode(self, feeds: list[Feed]) -> list[list[int]]:
        """Compute one batch; per feed the sampled tokens: one, and one more for each draft that was right.

        No tokens where no sampler was given.
        """

    def copy(self, source: int, target: int, length: int) -> None:
        """Let an empty holder share the cells of another's first `length` tokens; only where `can_share`."""

    def cut(self, holder: int, length: int) -> None:
        """Forget what a holder holds behind its first `length` tokens; other than 0 only where `can_share`."""

    def state(self, holder: int) -> bytes:
        """What a holder's cells hold, for `restore`; only where `can_share`."""

    def restore(self, holder: int, data: bytes) -> bool:
        """Fill an empty holder's cells with a state; false, and it stays empty, when that is none of this model's."""

    def settle(self, holders: Collection[int], start: int, end: int) -> None:
        """Let the cells of these positions, which all these holders share, lie as low as others leave room.

        Only where `can_share`, and only of use where a step takes longer for cells that lie high.
        """

    def embed(self, tokens: list[int], pooling: Pooling | None = None) -> list[float]:
        """One unit-length vector for one input; raises ContextExceeded or Unsupported."""

    def rank_tokens(self, query: str, document: str) -> list[int]:
        """A query and a document as `rank` wants them; raises ContextExceeded or Unsupported."""

    def rank(self, tokens: list[int]) -> float:
        """How well the document fits the query: the higher, the better."""

    def close(self) -> None:
        """Release the model."""

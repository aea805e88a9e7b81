"""The Backend over transformers' models on a processor or one GPU, from a directory with safetensors files.

Nothing is fetched from anywhere, and no code but transformers' own is run. With torch_cells.py, torch_weights.py and
tokenizer_json.py the only importers of torch and transformers (and of tokenizers).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

os.environ["HF_HUB_OFFLINE"] = "1"  # read as the libraries load: nothing is fetched, whatever a file names

from typing import TYPE_CHECKING

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from tektra_models.backend import Feed, check_context, drawn
from tektra_models.errors import BadRequest, ContextExceeded, ModelError, Unsupported
from tektra_models.generation import Pooling, Sampling
from tektra_models.machine import cores
from tektra_models.model_directory import read_model_directory
from tektra_models.sampler import LogitSampler, likeliest, log_softmax
from tektra_models.spec import IDLE_HOLDERS, Spec
from tektra_models.tokenizer_json import Vocabulary
from tektra_models.torch_cells import ATTENTION, Step, TorchCells
from tektra_models.torch_weights import load_model
from tektra_models.vectors import unit_length

if TYPE_CHECKING:
    from tektra_models.forms import Follower

MAX_EMBED_TOKENS = 2048
ALIKE = {torch.float32: 1e-3}
ALIKE_IN_HALF = 0.05
"""How far logits may be from those that transformers computes in its own way, as a share of them."""

POOLED: dict[Pooling, Callable[[Tensor], Tensor]] = {
    "mean": lambda rows: rows.mean(0),
    "cls": lambda rows: rows[0],
    "last": lambda rows: rows[-1],
}
"""One vector out of one for each token."""


class HuggingFaceBackend:
    """One model directory in memory. Construct, use and close it in one thread."""

    can_share = can_generate = can_embed = True
    can_rank = minds_others = False

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        directory = read_model_directory(spec.path)
        if spec.kv_type != "f16":
            raise BadRequest(
                f'"{spec.name}" is run by transformers, which keeps cells whole, not as {spec.kv_type}',
                "Leave --kv-type out, or use a GGUF version of the model.",
            )
        if spec.adapters:
            raise Unsupported(f'"{spec.name}" is run by transformers, without adapters.', "Adapt a GGUF version of it.")
        check_context(spec, directory.context_train)
        torch.set_num_threads(spec.threads or cores())
        self._device = torch.device("cuda" if spec.gpu_layers != "none" and torch.cuda.is_available() else "cpu")
        self._model = load_model(directory, spec.weights, self._device)
        self.vocabulary = int(self._model.get_output_embeddings().out_features)
        self._tokens = Vocabulary(directory, self.vocabulary)
        self.chat_template, self.bos, self.eos = directory.chat_template, self._tokens.bos, self._tokens.eos
        self.context, self.holders = spec.context, spec.slots + IDLE_HOLDERS
        self.layout: str = spec.weights
        self._cells = TorchCells(self.context, self.holders, self._device)
        self._logits: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)
        self._take_over()

    def _take_over(self) -> None:
        """Let attention go over the cells, and see on a few tokens that the outcome is what it was before.

        A model that keeps something else between tokens (recurrent, convolutional), or that does not hand `step`
        through, cannot be run so.
        """
        text = [token % self.vocabulary for token in range(1, 6)]
        other = [token % self.vocabulary for token in range(7, 10)]
        try:
            with torch.inference_mode():
                ids = torch.tensor([text], device=self._device)
                expected = self._model(input_ids=ids, use_cache=False).logits[0, -1].float().cpu().numpy()
            self._model.set_attn_implementation(ATTENTION)
            self._compute([Feed(0, text[:3], 0, None), Feed(1, other[:2], 0, None)])
            found = self._compute([Feed(1, other[2:], 2, None), Feed(0, text[3:], 3, None)], [2])[0]
        except Exception as error:  # foreign code, which fails in its own ways
            raise self._cannot(f"{type(error).__name__}: {str(error)[:200]}") from error
        difference = float(np.linalg.norm(found - expected) / (np.linalg.norm(expected) or 1.0))
        if not difference <= ALIKE.get(self._model.dtype, ALIKE_IN_HALF):
            raise self._cannot(f"its answers would differ by {difference:.2%}")
        for holder in (0, 1):
            self.cut(holder, 0)

    def _cannot(self, reason: str) -> Unsupported:
        return Unsupported(
            f'"{self._spec.name}" is a {self._model.config.model_type}, which cannot be run in batches here ({reason})',
            "Use a GGUF version of the model.",
        )

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Text → tokens; what begins every text is added unless it is there."""
        return self._tokens.tokenize(text, special=special)

    def token_bytes(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for control tokens."""
        return self._tokens.token_bytes(token)

    def mark_bytes(self, token: int) -> bytes:
        """The text of a control token."""
        return self._tokens.mark_bytes(token)

    def is_end(self, token: int) -> bool:
        """Whether the model's configuration calls it an end."""
        return token in self._tokens.ends

    def sampler(self, sampling: Sampling, prompt: list[int]) -> LogitSampler:
        """Choose by logits, with random numbers of its own."""
        return LogitSampler(sampling, self.vocabulary)

    def follower(self, grammar: str) -> Follower:
        """Keep a sequence to a grammar over this model's vocabulary."""
        from tektra_models.forms import Follower

        return Follower(self._tokens.for_grammars(), grammar)

    def accept(self, sampler: LogitSampler, token: int) -> None:
        """Let penalties know of a token."""
        sampler.accept(token)

    def free_sampler(self, sampler: LogitSampler) -> None:
        """Nothing to release."""

    def decode(self, feeds: list[Feed]) -> list[list[int]]:
        """Compute one row of all tokens, draw for each feed that has a sampler."""
        rows: list[int] = []
        firsts: list[int] = []
        end = 0
        for feed in feeds:
            end += len(feed.tokens)
            firsts.append(len(rows))
            if feed.sampler is not None:
                rows += range(end - 1 - feed.drafts, end)
        try:
            self._logits = self._compute(feeds, rows)
        except (RuntimeError, IndexError) as error:  # also torch's word for no memory
            raise ModelError(f"torch could not compute the batch: {str(error)[:300]}", "Please report this.") from error
        return [
            [] if feed.sampler is None else drawn(feed, self._draw, first)
            for feed, first in zip(feeds, firsts, strict=True)
        ]

    def _compute(self, feeds: list[Feed], rows: list[int] | None = None) -> NDArray[np.float32]:
        """Compute all tokens of a step; gives the logits behind some of them, (rows, vocabulary)."""
        step = self._cells.step(feeds)
        ids = [token for feed in feeds for token in feed.tokens]
        places = [feed.position + offset for feed in feeds for offset in range(len(feed.tokens))]
        with torch.inference_mode():
            found: Tensor = self._model(
                input_ids=torch.tensor([ids], device=self._device),
                position_ids=torch.tensor([places], device=self._device),
                logits_to_keep=torch.tensor(rows or [0], device=self._device),
                use_cache=False,
                step=step,
            ).logits[0]
        logits: NDArray[np.float32] = found.float().cpu().numpy()
        return logits

    def _draw(self, feed: Feed, row: int) -> int:
        logits = self._logits[row]
        chances = None if feed.sheet is None else log_softmax(logits)
        if feed.follower is not None:
            logits[~feed.follower.admitted(self.vocabulary)] = -np.inf
        assert feed.sampler is not None
        token: int = feed.sampler.draw(logits)
        if feed.sheet is not None and chances is not None:
            feed.sheet.rows.append((token, float(chances[token]), likeliest(chances, feed.sheet.likeliest)))
        return token

    def copy(self, source: int, target: int, length: int) -> None:
        """Share cells; nothing moves."""
        self._cells.copy(source, target, length)

    def cut(self, holder: int, length: int) -> None:
        """Let go of the cells behind the first `length` tokens."""
        self._cells.cut(holder, length)

    def state(self, holder: int) -> bytes:
        """A holder's keys and values as a safetensors file."""
        data: bytes = safetensors.torch.save(self._cells.read(holder))
        return data

    def restore(self, holder: int, data: bytes) -> bool:
        """Read such a file into an empty holder's cells."""
        try:
            contents = safetensors.torch.load(data)
        except (safetensors.SafetensorError, KeyError, ValueError):
            return False
        with torch.inference_mode():
            return self._cells.write(holder, contents)

    def settle(self, holders: Collection[int], start: int, end: int) -> None:
        """Attention looks at a sequence's own cells, wherever they lie."""

    def embed(self, tokens: list[int], pooling: Pooling | None = None) -> list[float]:
        """What the last layer makes of the tokens, their mean unless asked otherwise, scaled to unit length."""
        limit = min(self.context, MAX_EMBED_TOKENS)
        if len(tokens) > limit:
            raise ContextExceeded(
                f'the input has {len(tokens)} tokens and "{self._spec.name}" embeds at most {limit}; nothing was cut',
                "Split it into smaller pieces.",
            )
        with torch.inference_mode():
            ids = torch.tensor([tokens], device=self._device)
            hidden = self._model.base_model(input_ids=ids, use_cache=False, step=Step(None, [])).last_hidden_state
            return unit_length(POOLED[pooling or "mean"](hidden[0].float()).cpu().tolist())

    def rank_tokens(self, query: str, document: str) -> list[int]:
        """Models that write have no head that ranks."""
        raise self._no_ranks()

    def rank(self, tokens: list[int]) -> float:
        """Nothing is ever ranked."""
        raise self._no_ranks()

    def _no_ranks(self) -> Unsupported:
        return Unsupported(
            f'"{self._spec.name}" has no head that ranks', "Choose a reranker, such as a GGUF file of bge-reranker."
        )

    def close(self) -> None:
        """Release the model and its cells."""
        del self._model, self._cells

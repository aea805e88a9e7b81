"""The Backend over llama.cpp's batch API, through the ctypes of llama-cpp-python.

One unified KV cache serves all sequences; sampling happens in llama.cpp's own sampler chains, so that no logits cross
into Python. Vectors and scores of whole texts come from a second context over the same weights (llamacpp_pooled.py).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import llama_cpp.llama_cpp as llama
import numpy as np

from tektra_models.backend import Feed, check_context, drawn
from tektra_models.errors import BadRequest, LoadFailed, ModelError
from tektra_models.generation import Pooling, Sampling
from tektra_models.gguf_header import Header
from tektra_models.llamacpp_devices import pointers
from tektra_models.llamacpp_log import keep_warnings
from tektra_models.llamacpp_pooled import Pooled
from tektra_models.machine import cores
from tektra_models.sampler import Logits, LogitSampler, likeliest, log_softmax
from tektra_models.spec import IDLE_HOLDERS, Adapter, KvType, Spec

if TYPE_CHECKING:
    from llguidance import LLTokenizer

    from tektra_models.forms import Follower

TINY_BYTES = 64 << 20
KV_BLOCK = 32
READ_AT_ONCE = 64
"""Tokens of which all logits are wanted; a large vocabulary's take half a megabyte each."""

FLASH = {
    "auto": llama.LLAMA_FLASH_ATTN_TYPE_AUTO,
    "on": llama.LLAMA_FLASH_ATTN_TYPE_ENABLED,
    "off": llama.LLAMA_FLASH_ATTN_TYPE_DISABLED,
}


class LlamaCppBackend:
    """One GGUF file in memory. Construct, use and close it in one thread."""

    def __init__(self, spec: Spec, header: Header) -> None:
        """`header` is the file's, checked by our own reader before llama.cpp opens the file."""
        keep_warnings()
        llama.llama_backend_init()
        self._spec = spec
        self._ctx: int | None = None
        self._model = self._load(spec)
        self._adapters = [self._load_adapter(adapter) for adapter in spec.adapters]  # they go with the model
        self.threads = spec.threads or self._useful_threads()
        self._vocab = llama.llama_model_get_vocab(self._model)
        self.vocabulary = llama.llama_vocab_n_tokens(self._vocab)
        self.can_generate = bool(llama.llama_model_has_decoder(self._model)) and not self._bidirectional()
        self.can_embed = True
        check_context(spec, llama.llama_model_n_ctx_train(self._model))
        self.context = spec.context
        self.minds_others = not spec.one_pass
        self.layout = spec.kv_type + ("" if spec.one_pass else " in two passes")  # values lie in another order then
        self._pooled = Pooled(self._model, header, spec.name, self.context, self._open_pooled, self._tokenized)
        self.can_rank = self._pooled.can_rank
        self._row_of_logits = ctypes.c_float * self.vocabulary
        self._pieces: dict[int, bytes] = {}
        self._trie: LLTokenizer | None = None
        self._batch = llama.llama_batch_init(max(spec.batch, 2), 0, 1)
        self.holders, self.can_share = spec.slots, False
        if self.can_generate:
            self._open_memory(spec)
        self.chat_template = self._text(llama.llama_model_chat_template(self._model, None))
        self.bos = self._special(llama.llama_vocab_bos(self._vocab))
        self.eos = self._special(llama.llama_vocab_eos(self._vocab))

    def _open_memory(self, spec: Spec) -> None:
        """Open the cells, with holders to spare where their memory can be copied and cut; found out by doing it."""
        kinds = llama.llama_model_is_recurrent, llama.llama_model_is_hybrid, llama.llama_model_has_encoder
        stateful = any(is_kind(self._model) for is_kind in kinds)
        self.holders = spec.slots + (0 if stateful else IDLE_HOLDERS)
        self._ctx = self._open(self.context, spec.batch, self.holders + 1)  # one to move cells with
        self._memory = llama.llama_get_memory(self._ctx)
        self.can_share = not stateful and self._shares()

    def _shares(self) -> bool:
        """Whether the first of two tokens can be given to another holder, and the second taken from the first."""
        self._fill([Feed(0, [0, 0], 0, None)])
        if llama.llama_decode(self._ctx, self._batch) != 0:
            return False
        self.copy(0, 1, 1)
        self.cut(0, 1)
        ends = [llama.llama_memory_seq_pos_max(self._memory, holder) for holder in (0, 1)]
        llama.llama_memory_clear(self._memory, False)
        return ends == [0, 0]

    def _useful_threads(self) -> int:
        """One per core; a single one for tiny models, whose layers are done before a second thread has arrived."""
        return 1 if llama.llama_model_size(self._model) < TINY_BYTES else cores()

    def _load(self, spec: Spec) -> int:
        params = llama.llama_model_default_params()
        devices = pointers([share.device for share in spec.offload])  # with none named, none is used at all
        shares = (ctypes.c_float * max(llama.llama_max_devices(), len(devices)))()
        shares[: len(spec.offload)] = [share.layers for share in spec.offload]
        params.devices = ctypes.cast(devices, ctypes.c_void_p)
        params.tensor_split = shares
        params.n_gpu_layers = sum(share.layers for share in spec.offload)
        model = llama.llama_model_load_from_file(os.fsencode(spec.path), params)
        if not model:
            raise LoadFailed(
                f'llama.cpp could not load "{spec.name}" from {spec.path}',
                "The log has its reasons (tektra daemon logs). The file may be damaged or of a newer kind.",
            )
        return int(model)

    def _load_adapter(self, adapter: Adapter) -> Any:
        loaded = llama.llama_adapter_lora_init(self._model, os.fsencode(adapter.path))
        if not loaded:
            raise LoadFailed(
                f'llama.cpp could not add the adapter {adapter.path} to "{self._spec.name}"',
                "The log has its reasons (tektra daemon logs).",
            )
        return loaded

    def _bidirectional(self) -> bool:
        """Encoders such as BERT keep no causal order and cannot write."""
        architecture = self._meta("general.architecture")
        return self._meta(f"{architecture}.attention.causal") == "false"

    def _open_pooled(self, cells: int, pooling: int) -> int:
        return self._open(cells, cells, 1, pooling=pooling)

    def _open(self, cells: int, batch: int, slots: int, *, pooling: int | None = None) -> int:
        params = llama.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = params.n_ubatch = max(batch, slots)  # llama.cpp aborts when a batch cannot serve every slot
        params.n_seq_max = slots
        params.n_threads = params.n_threads_batch = self.threads
        params.kv_unified = True
        params.no_perf = True
        if pooling is None:
            params.n_ubatch = max(self._spec.at_once, slots)
            params.flash_attn_type = FLASH[self._spec.flash_attention]
            self._keep_cells_as(params, self._spec.kv_type)
        else:
            params.embeddings, params.pooling_type = True, pooling
        ctx = llama.llama_init_from_model(self._model, params)
        if not ctx:
            raise LoadFailed(
                f'llama.cpp could not open a context of {cells} tokens for "{self._spec.name}"',
                "Ask for a smaller one (--context) or free memory (tektra models unload …).",
            )
        self._adapt(ctx)
        return int(ctx)

    def _adapt(self, ctx: int) -> None:
        """Let a context compute with the adapters."""
        count = len(self._adapters)
        if count:
            scales = (ctypes.c_float * count)(*(adapter.scale for adapter in self._spec.adapters))
            adapters = (llama.llama_adapter_lora_p_ctypes * count)(*self._adapters)
            llama.llama_set_adapters_lora(ctx, adapters, count, scales)

    def _keep_cells_as(self, params: Any, kv_type: KvType) -> None:
        """Choose the cells' type; quantized values need flash attention, and heads as wide as their blocks."""
        params.type_k = params.type_v = getattr(llama, f"GGML_TYPE_{kv_type.upper()}")
        if kv_type == "f16":
            return
        if self._spec.flash_attention == "off":
            raise BadRequest(
                f"cells as {kv_type} need flash attention, which is switched off",
                "Keep cells as f16 (--kv-type f16), or leave flash attention on (--flash-attention auto).",
            )
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED
        width = llama.llama_model_n_embd(self._model) // max(llama.llama_model_n_head(self._model), 1)
        if width % KV_BLOCK:
            raise BadRequest(
                f'the heads of "{self._spec.name}" are {width} wide; cells as {kv_type} hold multiples of {KV_BLOCK}',
                "Keep cells as f16 (--kv-type f16).",
            )

    def _meta(self, key: str) -> str | None:
        buffer = ctypes.create_string_buffer(256)
        length = llama.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return self._text(buffer.value) if length >= 0 else None

    @staticmethod
    def _text(data: bytes | None) -> str | None:
        return data.decode("utf-8", "replace") if data is not None else None

    def _special(self, token: int) -> str:
        return self._piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Text → tokens; a beginning-of-text token is added if the model wants one and the text has none."""
        has_bos = special and self.bos != "" and text.startswith(self.bos)
        return self._tokenized(text, add_special=not has_bos, special=special)

    def _tokenized(self, text: str, *, add_special: bool, special: bool) -> list[int]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (llama.llama_token * room)()
        count = llama.llama_tokenize(self._vocab, data, len(data), tokens, room, add_special, special)
        if count < 0:
            raise BadRequest(f"the text could not be tokenized ({len(data)} bytes)")
        return list(tokens[:count])

    def token_bytes(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for control tokens."""
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._piece(token, special=False)
        return piece

    def mark_bytes(self, token: int) -> bytes:
        """The text of a control token, such as <|im_start|>."""
        return self._piece(token, special=True)

    def _piece(self, token: int, *, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        size = llama.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, special)
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = llama.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, special)
        return buffer.raw[:size]

    def is_end(self, token: int) -> bool:
        """Whether the vocabulary marks this token as an end of generation."""
        return bool(llama.llama_vocab_is_eog(self._vocab, token))

    def sampler(self, sampling: Sampling, prompt: list[int]) -> Any:
        """Build the chain: bias, penalties, top-k, top-p, min-p, temperature, then a seeded draw.

        The best token is found without one: a chain copies the whole vocabulary first, which costs ten times as much.
        """
        if sampling.temperature <= 0:
            return LogitSampler(sampling, self.vocabulary)
        links = self._links(sampling)
        chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        for link in links:
            llama.llama_sampler_chain_add(chain, link)
        return chain

    def _links(self, s: Sampling) -> list[Any]:
        links: list[Any] = []
        if s.logit_bias:
            links.append(self._bias(s.logit_bias))
        if s.repeat_penalty != 1.0 or s.frequency_penalty or s.presence_penalty:
            links.append(
                llama.llama_sampler_init_penalties(
                    self.vocabulary, s.penalty_window, s.repeat_penalty, s.frequency_penalty, s.presence_penalty
                )
            )
        if s.top_k > 0:
            links.append(llama.llama_sampler_init_top_k(s.top_k))
        if s.top_p < 1:
            links.append(llama.llama_sampler_init_top_p(s.top_p, 1))
        if s.min_p > 0:
            links.append(llama.llama_sampler_init_min_p(s.min_p, 1))
        seed = s.seed if s.seed is not None else int.from_bytes(os.urandom(4), "big")
        links.append(llama.llama_sampler_init_temp(s.temperature))
        links.append(llama.llama_sampler_init_dist(seed & 0xFFFFFFFF))
        return links

    def _bias(self, pairs: tuple[tuple[int, float], ...]) -> Any:
        if not all(0 <= token < self.vocabulary for token, _ in pairs):
            raise BadRequest(f"logit_bias names a token outside the vocabulary of {self.vocabulary}")
        array = (llama.llama_logit_bias * len(pairs))(*pairs)
        return llama.llama_sampler_init_logit_bias(self.vocabulary, len(pairs), array)

    def follower(self, grammar: str) -> Follower:
        """Keep a sequence to a grammar over this model's vocabulary, which is read when it is first needed."""
        from tektra_models.forms import Follower

        if self._trie is None:
            self._trie = self._make_trie()
        return Follower(self._trie, grammar)

    def _make_trie(self) -> LLTokenizer:
        """All tokens' bytes for llguidance, to which a first byte of 255 says that a token is no text."""
        from llguidance import LLTokenizer

        tokens = range(self.vocabulary)
        control = [bool(llama.llama_vocab_get_attr(self._vocab, t) & llama.LLAMA_TOKEN_ATTR_CONTROL) for t in tokens]
        return LLTokenizer.from_llamacpp(  # type: ignore[attr-defined, no-any-return]
            tokens=[b"\xff" * control[token] + self._piece(token, special=True) for token in tokens],
            vocab_ptr=self._vocab,
            tokenize_fptr=ctypes.cast(llama._lib.llama_tokenize, ctypes.c_void_p).value,
            eos_token=[token for token in tokens if self.is_end(token)],
        )

    def accept(self, sampler: Any, token: int) -> None:
        """Let penalties know of a token."""
        if isinstance(sampler, LogitSampler):
            sampler.accept(token)
        else:
            llama.llama_sampler_accept(sampler, token)

    def free_sampler(self, sampler: Any) -> None:
        """Release a chain and its links."""
        if not isinstance(sampler, LogitSampler):
            llama.llama_sampler_free(sampler)

    def decode(self, feeds: list[Feed]) -> list[list[int]]:
        """Fill one batch, compute it, draw for each feed that has a sampler."""
        rows = self._fill(feeds)
        status = llama.llama_decode(self._ctx, self._batch)
        if status != 0:
            raise ModelError(f"llama.cpp could not compute the batch (status {status})", "Please report this.")
        return [
            [] if feed.sampler is None else drawn(feed, self._draw, last - feed.drafts)
            for feed, last in zip(feeds, rows, strict=True)
        ]

    def _draw(self, feed: Feed, row: int) -> int:
        logits: Any = None
        chances: Any = None
        sampler = feed.sampler
        if isinstance(sampler, LogitSampler) or feed.follower is not None or feed.sheet is not None:
            logits = self._logits(row)
        if feed.sheet is not None:
            chances = log_softmax(logits)
        if feed.follower is not None:
            logits[~feed.follower.admitted(self.vocabulary)] = -np.inf
        if isinstance(sampler, LogitSampler):
            token = sampler.draw(logits)
        else:
            token = int(llama.llama_sampler_sample(sampler, self._ctx, row))
        if feed.sheet is not None:
            feed.sheet.rows.append((token, float(chances[token]), likeliest(chances, feed.sheet.likeliest)))
        return token

    def _logits(self, row: int) -> Logits:
        """llama.cpp's own logits of a row, (vocabulary,), until the next batch is computed."""
        address = ctypes.addressof(llama.llama_get_logits_ith(self._ctx, row).contents)
        return np.frombuffer(self._row_of_logits.from_address(address), np.float32)

    def _fill(self, feeds: list[Feed]) -> list[int]:
        """Write the feeds into the batch; gives the row of each one's last token."""
        batch = self._batch
        at = 0
        rows: list[int] = []
        for feed in feeds:
            for offset, token in enumerate(feed.tokens):
                batch.token[at] = token
                batch.pos[at] = feed.position + offset
                batch.n_seq_id[at] = 1
                batch.seq_id[at][0] = feed.holder
                batch.logits[at] = 0
                at += 1
            rows.append(at - 1)
            for row in range(at - 1 - feed.drafts, at):
                batch.logits[row] = feed.sampler is not None
        batch.n_tokens = at
        return rows

    def copy(self, source: int, target: int, length: int) -> None:
        """Mark the cells of the source's first tokens as the target's too; nothing moves."""
        llama.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def cut(self, holder: int, length: int) -> None:
        """Drop the cells behind the first `length` tokens."""
        llama.llama_memory_seq_rm(self._memory, holder, length, -1)

    def state(self, holder: int) -> bytes:
        """Copy llama.cpp's state of one sequence."""
        size = llama.llama_state_seq_get_size(self._ctx, holder)
        buffer = (ctypes.c_uint8 * size)()
        written = llama.llama_state_seq_get_data(self._ctx, buffer, size, holder)
        return bytes(memoryview(buffer)[:written])

    def restore(self, holder: int, data: bytes) -> bool:
        """Let llama.cpp read a state into one sequence."""
        start = ctypes.cast(ctypes.c_char_p(data), ctypes.POINTER(ctypes.c_uint8))
        if llama.llama_state_seq_set_data(self._ctx, start, len(data), holder):
            return True
        self.cut(holder, 0)
        return False

    def settle(self, holders: Collection[int], start: int, end: int) -> None:
        """Write a copy of the cells into the lowest that are free, and let the holders hold that."""
        spare = self.holders
        llama.llama_memory_seq_cp(self._memory, next(iter(holders)), spare, start, end)
        data = self.state(spare)
        if not self.restore(spare, data):  # frees the spare's own first, which are still the holders'
            return
        for holder in holders:
            llama.llama_memory_seq_rm(self._memory, holder, start, end)
            llama.llama_memory_seq_cp(self._memory, spare, holder, start, end)
        self.cut(spare, 0)

    def repeat(self, holder: int, length: int) -> bool:
        """Let a holder hold all its `length` tokens twice, one after the other; false where that cannot be."""
        if not self.can_share or not llama.llama_memory_can_shift(self._memory):
            return False
        spare = holder + 1
        if not self.restore(spare, self.state(holder)):
            return False
        llama.llama_memory_seq_add(self._memory, spare, 0, -1, length)
        llama.llama_memory_seq_cp(self._memory, spare, holder, length, 2 * length)
        self.cut(spare, 0)
        return True

    def surprise(self, tokens: list[int], wanted: Collection[int]) -> float:
        """How unlikely the tokens at the wanted places are, each after all before: nats, in sum; empties the cells."""
        total = 0.0
        for at in range(0, len(tokens) - 1, READ_AT_ONCE):
            piece = tokens[at : min(at + READ_AT_ONCE, len(tokens) - 1)]
            self._fill([Feed(0, piece, at, None)])
            rows = [row for row in range(len(piece)) if at + row + 1 in wanted]
            for row in rows:
                self._batch.logits[row] = True
            if llama.llama_decode(self._ctx, self._batch) != 0:
                raise ModelError("llama.cpp could not compute the text")
            for row in rows:
                total -= float(log_softmax(self._logits(row).astype(np.float64))[tokens[at + row + 1]])
        self.cut(0, 0)
        return total

    def embed(self, tokens: list[int], pooling: Pooling | None = None) -> list[float]:
        """Pool one input and scale it to unit length."""
        return self._pooled.vector(tokens, pooling)

    def rank_tokens(self, query: str, document: str) -> list[int]:
        """Join a query and a document as the rank head was trained on them."""
        return self._pooled.rank_tokens(query, document)

    def rank(self, tokens: list[int]) -> float:
        """How well a document fits a query: the higher, the better."""
        return self._pooled.score(tokens)

    def close(self) -> None:
        """Release contexts, batch and weights."""
        self._pooled.close()
        if self._ctx is not None:
            llama.llama_free(self._ctx)
        self._ctx = None
        llama.llama_batch_free(self._batch)
        llama.llama_model_free(self._model)

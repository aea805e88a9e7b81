"""The network: a small llama. Weights have llama.cpp's names; RoPE turns neighbouring pairs, its NORM type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

LIKENESS, TAKEN = 0.6, 0.4
# An embedding begins as a word's meaning, its form (a capital, a space before it), a part that is always there, and a
# row of its own, in directions of their own and of these lengths (of the row: of each number in it). The meaning is
# long, so that what is learned beside it, and what attention adds, does not drown it; the output layer makes up for it.
MEANING, FORM, ALWAYS, OWN, OUTPUT = 2.5, 1.0, 1.2, 0.12, 0.3
MEANT, FAR = 1.13, 0.3
# How much attention takes over at first; the last layers' far heads bring more, since they write the answer.
BROUGHT, GATHERED, WRITTEN, WRITERS = 0.33, 0.42, 1.2, 3
# How near the near heads look, layer by layer: at the word before, at some words, at about a line.
NEAR = (0.4, 0.25, 0.18, 0.25, 0.18, 0.3, 0.25, 0.4)
FLAGS = 2
# So many places of a row look back at once: what lies behind the last of them need not be computed.
ASKING = 128


@dataclass(frozen=True)
class Size:
    """The measures of a network."""

    vocabulary: int
    width: int = 256
    layers: int = 8
    heads: int = 2
    kv_heads: int = 2
    hidden: int = 640
    context: int = 2048
    kinship: int = 66
    rope_base: float = 10000.0
    turning: float = 0.5
    epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """Numbers per attention head."""
        return self.width // self.heads

    @property
    def turning_pairs(self) -> int:
        """How many of a head's pairs of numbers RoPE turns: the fast ones."""
        return int(self.head_width // 2 * self.turning)

    @property
    def known(self) -> int:
        """How many directions of an embedding hold the word's vector."""
        return min(self.kinship - FLAGS, self.width // 2)

    def as_dict(self) -> dict[str, float]:
        """The measures for a checkpoint."""
        return asdict(self)


def rotations(size: Size, length: int) -> Tensor:
    """Cosines and sines by position: (2, length, head_width / 2).

    The slower pairs stand still, so that what a place holds can be found again at any distance (as in p-RoPE: Barbero
    et al., "Round and Round We Go! What makes Rotary Positional Encodings useful?", 2024, arXiv:2410.06205).
    """
    steps = torch.arange(0, size.head_width, 2, dtype=torch.float32) / size.head_width
    speeds = size.rope_base**-steps
    speeds[size.turning_pairs :] = 0.0
    angles = torch.outer(torch.arange(length, dtype=torch.float32), speeds)
    return torch.stack((angles.cos(), angles.sin()))


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """RoPE on neighbouring pairs (x0, x1), (x2, x3) …: so the weights need no permutation for llama.cpp."""
    cos, sin = turns.to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class Attention(nn.Module):  # type: ignore[misc, unused-ignore]
    """Causal attention with grouped keys and values."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        kv_width = size.kv_heads * size.head_width
        self.attn_q = nn.Linear(size.width, size.width, bias=False)
        self.attn_k = nn.Linear(size.width, kv_width, bias=False)
        self.attn_v = nn.Linear(size.width, kv_width, bias=False)
        self.attn_output = nn.Linear(size.width, size.width, bias=False)

    def begin(self) -> None:
        """Begin by looking for places that are alike and taking over a little of what they hold.

        Queries are equal to keys, and the output undoes what the values do: most of what such a model has to learn
        is to find again what was said. After Trockman and Kolter, "Mimetic Initialization of Self-Attention Layers",
        2023 (arXiv:2305.09828).
        """
        nn.init.normal_(self.attn_k.weight, std=LIKENESS / self.size.width**0.5)
        nn.init.orthogonal_(self.attn_v.weight, gain=TAKEN)
        shared = self.size.heads // self.size.kv_heads
        with torch.no_grad():
            self.attn_q.weight.copy_(self._for_each_head(self.attn_k.weight))
            self.attn_output.weight.copy_(self._for_each_head(self.attn_v.weight).T / shared)

    def look(self, meaning: Tensor, always: Tensor, near: float) -> None:
        """Begin with heads that look far for what is close in meaning, in turn with heads that look at what is near.

        `meaning` (width, directions) and `always` (width,) say where an embedding holds its word's vector and what all
        tokens have in common. What is common makes nearness: turned by RoPE, it is the most alike at the same place. So
        heads of the first kind look past the place itself, which is what all else would find.
        """
        size = self.size
        turned = 2 * size.turning_pairs
        queries = self.attn_q.weight.view(size.kv_heads, -1, size.head_width, size.width)
        keys = self.attn_k.weight.view(size.kv_heads, 1, size.head_width, size.width)
        with torch.no_grad():
            for number in range(size.kv_heads):
                far = number % 2 == 0
                for weight in (queries[number], keys[number]):
                    if far:
                        known = min(meaning.shape[1], size.head_width - turned)
                        weight[:, turned : turned + known] += MEANT * meaning[:, :known].T
                        weight[:, :turned] = 0.0
                    weight[:, 0:turned:2] += (FAR if far else near) * always
                if far:
                    keys[number, :, 0:turned:2] *= -1

    def bring(self, apart: Tensor, gathered: Tensor, brought: float) -> None:
        """Begin with far heads that bring what tells a word apart from others, and near heads that gather meanings.

        Both are directions of the stream, (width, any number). So a word is found by what it means and written by what
        it is: were its meaning brought along, that would call for all of its neighbours as well.
        """
        size = self.size
        values = self.attn_v.weight.view(size.kv_heads, size.head_width, size.width)
        with torch.no_grad():
            for number in range(size.kv_heads):
                far = number % 2 == 0
                heads = (size.kv_heads + far) // 2
                taken = (apart if far else gathered)[:, number // 2 :: heads].T[: size.head_width]
                values[number, : len(taken)] = (brought if far else GATHERED) * taken
            shared = size.heads // size.kv_heads
            self.attn_output.weight.copy_(self._for_each_head(self.attn_v.weight).T / shared)

    def meant_rows(self, weight: Tensor) -> list[slice]:
        """The rows of these queries or keys by which the far heads compare meanings."""
        size = self.size
        of_one = weight.shape[0] // size.kv_heads
        heads = range(of_one // size.head_width) if size.turning < 1 else ()
        begins = [number * of_one + head * size.head_width for number in range(0, size.kv_heads, 2) for head in heads]
        return [slice(begin + 2 * size.turning_pairs, begin + size.head_width) for begin in begins]

    def _for_each_head(self, weight: Tensor) -> Tensor:
        """The rows of keys or values, once for each of the heads that share them."""
        groups = weight.view(self.size.kv_heads, 1, self.size.head_width, self.size.width)
        shared = self.size.heads // self.size.kv_heads
        return groups.expand(-1, shared, -1, -1).reshape(self.size.width, self.size.width)

    def forward(self, x: Tensor, turns: Tensor, mask: Tensor) -> Tensor:
        """Attend to what came before in the same dialogue."""
        rows, length, width = x.shape

        def split(y: Tensor, heads: int) -> Tensor:
            return y.view(rows, length, heads, self.size.head_width).transpose(1, 2)

        q, k = (
            rotate(split(self.attn_q(x), self.size.heads), turns),
            rotate(split(self.attn_k(x), self.size.kv_heads), turns),
        )
        shared = self.size.heads // self.size.kv_heads
        k, v = (
            k.repeat_interleave(shared, dim=1),
            split(self.attn_v(x), self.size.kv_heads).repeat_interleave(shared, dim=1),
        )
        q, k = (q * self.size.head_width**-0.5).to(v.dtype), k.to(v.dtype).transpose(-1, -2)
        # Written out: for rows this short it takes half the time of PyTorch's attention kernel for CPUs.
        seen = []
        for begin in range(0, length, ASKING):
            asking = slice(begin, begin + ASKING)
            scores = q[:, :, asking] @ k[..., : asking.stop] + mask[:, :, asking, : asking.stop].to(v.dtype)
            seen.append(torch.softmax(scores, dim=-1).to(v.dtype) @ v[:, :, : asking.stop])
        y = torch.cat(seen, dim=2)
        mixed: Tensor = self.attn_output(y.transpose(1, 2).reshape(rows, length, width))
        return mixed


class Block(nn.Module):  # type: ignore[misc, unused-ignore]
    """One layer."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.attn_norm = nn.RMSNorm(size.width, eps=size.epsilon)
        self.attention = Attention(size)
        self.ffn_norm = nn.RMSNorm(size.width, eps=size.epsilon)
        self.ffn_gate = nn.Linear(size.width, size.hidden, bias=False)
        self.ffn_up = nn.Linear(size.width, size.hidden, bias=False)
        self.ffn_down = nn.Linear(size.hidden, size.width, bias=False)

    def forward(self, x: Tensor, turns: Tensor, mask: Tensor) -> Tensor:
        """Attend, then think."""
        x = x + self.attention(self.attn_norm(x), turns, mask)
        y = self.ffn_norm(x)
        thought: Tensor = self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))
        return x + thought


class Network(nn.Module):  # type: ignore[misc, unused-ignore]
    """Tokens to the hidden state before the (tied) output layer.

    A token's embedding is its own row and a learned projection of what is known of its word beforehand, so that words
    which training seldom or never shows still lie among those they are close to. `merged` makes one table of both.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.token_embd = nn.Embedding(size.vocabulary, size.width)
        self.kinship = nn.Linear(size.kinship, size.width, bias=False)
        self.blk = nn.ModuleList(Block(size) for _ in range(size.layers))
        self.output_norm = nn.RMSNorm(size.width, eps=size.epsilon)
        self.register_buffer("turns", rotations(size, size.context), persistent=False)
        self.register_buffer("kin", torch.zeros(size.vocabulary, size.kinship))
        self.register_buffer("meaning", torch.zeros(size.width, size.known))
        self.apply(self._begin)

    def relate(self, kin: Tensor, forms: Sequence[tuple[int, int]]) -> None:
        """Say what is known of each token beforehand, and let each form of a token begin with its base form's row."""
        directions = nn.init.orthogonal_(torch.empty(self.size.width, self.size.width))
        known = self.size.known
        meaning, form, always, own = directions.split((known, FLAGS, 1, self.size.width - known - FLAGS - 1), dim=1)
        taken = directions[:, : known + FLAGS + 1]
        with torch.no_grad():
            self.get_buffer("kin").copy_(kin)
            self.get_buffer("meaning").copy_(meaning)
            self.output_norm.weight.fill_(OUTPUT)
            self.kinship.weight[:, :known] = MEANING * meaning
            self.kinship.weight[:, -FLAGS:] = FORM * form
            rows = self.token_embd.weight
            rows += ALWAYS * always[:, 0] - rows @ taken @ taken.T
            for token, base in forms:
                rows[token] = rows[base]
        for place, block in enumerate(self.blk):
            block.attention.look(meaning, always[:, 0], NEAR[place % len(NEAR)])
            turned = own @ nn.init.orthogonal_(torch.empty(own.shape[1], own.shape[1]))
            far = (self.size.kv_heads + 1) // 2 * self.size.head_width - FLAGS
            brought = WRITTEN if place >= len(self.blk) - WRITERS else BROUGHT
            block.attention.bring(
                torch.cat((form, turned[:, :far]), dim=1), torch.cat((meaning, always, turned[:, far:]), dim=1), brought
            )

    def hold(self) -> None:
        """Take out of the own rows of words with a vector whatever would write over their meaning."""
        meaning, rows = self.get_buffer("meaning"), self.token_embd.weight
        known = self.get_buffer("kin")[:, : self.size.known].any(dim=1, keepdim=True)
        with torch.no_grad():
            rows.sub_(known * (rows @ meaning) @ meaning.T)

    def _begin(self, module: nn.Module) -> None:
        """Small random weights, smaller still where a block adds to the stream; attention begins in its own way."""
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=OWN if isinstance(module, nn.Embedding) else 0.02)
        if isinstance(module, Block):
            nn.init.normal_(module.ffn_down.weight, std=0.02 / (2 * self.size.layers) ** 0.5)
            module.attention.begin()

    def table(self) -> Tensor:
        """The embedding of all tokens: (vocabulary, width)."""
        whole: Tensor = self.token_embd.weight + self.kinship(self.get_buffer("kin"))
        return whole

    def forward(self, tokens: Tensor, dialogues: Tensor, table: Tensor) -> Tensor:
        """The normalized hidden state at each place; a place sees only its own dialogue, numbered in `dialogues`."""
        x = functional.embedding(tokens, table)
        length = tokens.shape[1]
        turns = self.get_buffer("turns")[:, :length]
        same = dialogues[:, :, None] == dialogues[:, None, :]
        seen = same & torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()
        mask = torch.where(seen, 0.0, float("-inf"))[:, None]
        for block in self.blk:
            x = block(x, turns, mask)
        normal: Tensor = self.output_norm(x)
        return normal


def merged(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights as llama.cpp has them: one table of embeddings."""
    known = weights["kin"] @ weights["kinship.weight"].T
    kept = {name: weight for name, weight in weights.items() if name not in {"kin", "meaning", "kinship.weight"}}
    return {**kept, "token_embd.weight": weights["token_embd.weight"] + known}

"""In how many passes attention is computed, and for how many tokens at once, where nobody chose; pure.

One pass (flash attention) needs no memory for scores and passes over the cells of others. Two (all scores, then the
values) are quicker on processors for a few tokens behind many: llama.cpp's single pass takes one cell at a time and
adds values up in their 16 bits. docs/performance.md has figures, and `tektra models tune` tries both.
"""

from __future__ import annotations

import msgspec

from tektra_models.gguf_header import Header
from tektra_models.spec import Spec

SCORES_BYTES = 256 << 20
"""What the scores of one layer may take: of all heads, for all cells, in 32 bits."""
AT_ONCE = (256, 128, 64)
"""For how many tokens at once they may be computed, the best first; with fewer than 64 reading takes far longer."""


def settled(spec: Spec, header: Header) -> Spec:
    """The spec with two passes instead of `auto`, if all is computed on processors and the scores take little memory.

    Cells in fewer bits need one pass.
    """
    by_processors = not spec.offload and not header.encoder
    if spec.flash_attention != "auto" or spec.kv_type != "f16" or not by_processors or not header.most_heads:
        return spec
    row = header.most_heads * spec.context * 4
    for count in (spec.micro_batch,) if spec.micro_batch else AT_ONCE:
        if min(count, spec.batch) * row <= SCORES_BYTES:
            return msgspec.structs.replace(spec, flash_attention="off", micro_batch=count)
    return spec

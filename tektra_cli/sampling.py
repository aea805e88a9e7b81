"""The options that say how the next word is chosen; left out, the daemon's own choice holds."""

from __future__ import annotations

from typing import Annotated

import typer

Temperature = Annotated[
    float | None, typer.Option(help="How freely it chooses words; 0: not at all.", metavar="N", min=0)
]
TopP = Annotated[
    float | None, typer.Option(help="Choose among the likeliest of this share.", metavar="N", min=0, max=1)
]
TopK = Annotated[int | None, typer.Option(help="Choose among so many likeliest words.", metavar="N", min=0)]
MinP = Annotated[
    float | None, typer.Option(help="Drop words this much less likely than the best.", metavar="N", min=0, max=1)
]
RepeatPenalty = Annotated[float | None, typer.Option(help="Above 1: repeat less.", metavar="N", min=0)]
Seed = Annotated[int | None, typer.Option(help="The same seed, the same answer.", metavar="N")]
MaxTokens = Annotated[int | None, typer.Option(help="End the answer after so many tokens.", metavar="N", min=1)]
Stop = Annotated[list[str] | None, typer.Option(help="End the answer before this text.", metavar="TEXT")]

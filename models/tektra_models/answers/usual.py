"""How most models write: reasoning as <think> … </think>, calls as Hermes, Qwen and the built-in model do."""

from __future__ import annotations

from tektra_models.answers.format import AnswerFormat, Calls, Spelling
from tektra_models.answers.marks import Mark
from tektra_models.answers.shapes import JsonCall

OPEN, CLOSE = "<tool_call>", "</tool_call>"
HEAD = f'{OPEN}\n{{"name": "'
TAIL = f"}}\n{CLOSE}"
THINK = (Mark("<think>"), Mark("</think>"))
CALLS = Calls(
    JsonCall(),
    Mark(OPEN),
    Mark(CLOSE + OPEN),
    (Mark(CLOSE),),
    Spelling(HEAD, '", "arguments": ', TAIL, f"{TAIL}\n{HEAD}"),
)
USUAL = AnswerFormat(THINK, calls=CALLS)

"""What agents are told beside their instructions, in smolagents' form: the built-in model was trained on these words.

smolagents' own prompts are two thousand tokens, since they teach the form of a call; here a model's template declares
the tools, and its answers are held to calls of them. So these are short, and a small context has room for the work.
"""

from __future__ import annotations

from typing import Any

INSTRUCTIONS = "{% if custom_instructions %}{{ custom_instructions }}\n{% endif %}"
TOOL_SYSTEM = f"{INSTRUCTIONS}Do the task with the tools, step by step. Give the result to final_answer."


def prompt_templates(system: str) -> dict[str, Any]:
    """A complete set of smolagents' prompt templates around this system prompt."""
    return {
        "system_prompt": system,
        "planning": {
            "initial_plan": "Say in a few words how to do this: {{ task }}",
            "update_plan_pre_messages": "The task: {{ task }}",
            "update_plan_post_messages": "Say in a few words what is left to do.",
        },
        "managed_agent": {"task": "{{ task }}", "report": "{{ final_answer }}"},
        "final_answer": {"pre_messages": "", "post_messages": "Answer now, in one sentence: {{ task }}"},
    }

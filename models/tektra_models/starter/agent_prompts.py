"""What agents are told beside their instructions, in smolagents' form: the built-in model was trained on these words.

smolagents' own prompts are two thousand tokens, since they teach the form of a call; here a model's template declares
the tools, and its answers are held to calls of them. So these are short, and a small context has room for the work.
"""

from __future__ import annotations

from typing import Any

INSTRUCTIONS = "{% if custom_instructions %}{{ custom_instructions }}\n{% endif %}"
CODE_OPEN, CODE_CLOSE = "<code>", "</code>"
"""smolagents' own marks around code."""
TOOL_SYSTEM = f"{INSTRUCTIONS}Do the task with the tools, step by step. Give the result to final_answer."
# One template for smolagents and for the training data, so that the two cannot differ by a space.
CODE_SYSTEM = (
    INSTRUCTIONS
    + """Do the task in Python, step by step, between <code> and </code>. Print what you need to see. \
Give the result to final_answer(answer).
{%- set types = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list", \
"object": "dict"} %}
{%- for tool in tools.values() if tool.name != "final_answer" %}
def {{ tool.name }}(
{%- for name, input in tool.inputs.items() -%}
{{ ", " if not loop.first }}{{ name }}
{%- if input.type is string and input.type in types %}: {{ types[input.type] }}{% endif -%}
{{ " = None" if input.get("nullable") }}
{%- endfor -%}
)
{%- set does = (tool.description.strip().split("\n")[0] ~ " ").split(". ")[0].strip()[:120] -%}
{{ "  # " ~ does if does }}
{%- endfor %}"""
)


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

"""Small templates of our own, one for each way in which models write reasoning and calls."""

from __future__ import annotations

TURNS = """\
{%- for m in messages -%}
{%- if m.role == 'assistant' -%}
<|assistant|>@ANSWER@<|end|>
{%- else -%}
<|{{ m.role }}|>{{ m.content }}<|end|>
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt %}<|assistant|>@OPENED@{% endif -%}
"""
THOUGHT = "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
CALLS = "{% for c in m.tool_calls or [] %}@CALL@{% endfor %}"
ARGUMENTS = "{% for k, v in c.function.arguments.items() %}@ARGUMENT@{% endfor %}"
ANY_VALUE = "{{ v if v is string else v | tojson }}"


def turns(answer: str, opened: str = "") -> str:
    """A template whose assistant answers so."""
    return TURNS.replace("@ANSWER@", answer).replace("@OPENED@", opened)


def calling(call: str, before: str = "", after: str = "") -> str:
    """An answer of reasoning, content and calls, the calls between two marks of their own."""
    body = CALLS.replace("@CALL@", call)
    wrapped = f"{{% if m.tool_calls %}}{before}{body}{after}{{% endif %}}" if before or after else body
    return turns(f"{THOUGHT}{{{{ m.content }}}}{wrapped}")


def tagged(argument: str) -> str:
    """A call's arguments, each between tags."""
    return ARGUMENTS.replace("@ARGUMENT@", argument)


NAME, GIVEN = "{{ c.function.name | tojson }}", "{{ c.function.arguments | tojson }}"
AS_JSON = f'{{"name": {NAME}, "arguments": {GIVEN}}}'
WITH_ID = f'{{"id": "{{{{ c.id }}}}", "tool": {{"name": {NAME}, "args": {GIVEN}}}}}'
LISTED = "{% if not loop.first %}, {% endif %}"
PROGRAM = (
    f"{LISTED}{{{{ c.function.name }}}}("
    "{% for k, v in c.function.arguments.items() %}{% if not loop.first %}, {% endif %}{{ k }}="
    "{% if v is string %}'{{ v }}'{% else %}{{ v }}{% endif %}{% endfor %})"
)
DICTIONARY = (
    "{%- macro value(v) -%}{% if v is string %}<|q|>{{ v }}<|q|>{% elif v is mapping %}"
    "{ {%- for k, w in v.items() %}{% if not loop.first %},{% endif %}{{ k }}:{{ value(w) }}{% endfor -%} }"
    "{% elif v is boolean or v is none or v is number %}{{ v | tojson }}{% else %}["
    "{% for w in v %}{% if not loop.first %},{% endif %}{{ value(w) }}{% endfor %}]{% endif %}{%- endmacro -%}"
)
STYLES = {
    "json in tags": calling(f"\n<tool_call>\n{AS_JSON}\n</tool_call>"),
    "a list of json": calling(f"{LISTED}{WITH_ID}", "[TOOL_CALLS][", "]"),
    "json and nothing else": turns(
        "{% if m.tool_calls %}"
        '{"name": "{{ m.tool_calls[0].function.name }}", '
        '"parameters": {{ m.tool_calls[0].function.arguments | tojson }}}'
        "{% else %}{{ m.content }}{% endif %}"
    ),
    "lines of json": calling(f"{AS_JSON}\n", "<calls>\n", "</calls>"),
    "a name as key": calling(
        f'{LISTED}{{"{{{{ c.function.name }}}}": {{{{ c.function.arguments | tojson }}}}}}',
        "<|calls|>[",
        "]<|calls_end|>",
    ),
    "a name and json": calling("<function={{ c.function.name }}>{{ c.function.arguments | tojson }}</function>"),
    "a name with a number": calling(
        "<|call|>functions.{{ c.function.name }}:{{ loop.index0 }}"
        "<|args|>{{ c.function.arguments | tojson }}<|call_end|>",
        "<|calls|>",
        "<|calls_end|>",
    ),
    "an id that names": calling("<|call|>{{ c.id }}<|args|>{{ c.function.arguments | tojson }}<|call_end|>"),
    "nine letters": calling(
        "{% if c.id | length != 9 %}{{ raise_exception('ids have nine letters') }}{% endif %}"
        "[CALL]{{ c.function.name }}[ID]{{ c.id }}[ARGS]{{ c.function.arguments | tojson }}"
    ),
    "tags on lines": calling(
        "\n<tool_call>\n<function={{ c.function.name }}>\n"
        + tagged(f"<parameter={{{{ k }}}}>\n{ANY_VALUE}\n</parameter>\n")
        + "</function>\n</tool_call>"
    ),
    "keys and values": calling(
        "<tool_call>{{ c.function.name }}\n"
        + tagged(f"<arg_key>{{{{ k }}}}</arg_key>\n<arg_value>{ANY_VALUE}</arg_value>\n")
        + "</tool_call>"
    ),
    "typed tags": calling(
        '<invoke name="{{ c.function.name }}">\n'
        + tagged(
            '<parameter name="{{ k }}" string="{{ "true" if v is string else "false" }}">'
            + ANY_VALUE
            + "</parameter>\n"
        )
        + "</invoke>\n",
        "\n<|calls|>\n",
        "<|calls_end|>",
    ),
    "as in a program": calling(PROGRAM, "<|calls|>[", "]<|calls_end|>"),
    "a dictionary": DICTIONARY
    + turns(
        "{% if m.reasoning_content %}<|channel>thought\n{{ m.reasoning_content }}\n<channel|>{% endif %}"
        "{% for c in m.tool_calls or [] %}<|call>call:{{ c.function.name }}"
        "{ {%- for k, v in c.function.arguments.items() %}"
        "{% if not loop.first %},{% endif %}{{ k }}:{{ value(v) }}{% endfor -%} }<call|>{% endfor %}{{ m.content }}"
    ),
    "channels": TURNS.replace(
        "<|assistant|>@ANSWER@<|end|>",
        "{% if m.reasoning_content %}<|start|>assistant<|channel|>analysis<|message|>"
        "{{ m.reasoning_content }}<|end|>{% endif %}"
        "{% if m.content %}<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>{% endif %}"
        "{% for c in m.tool_calls or [] %}<|start|>assistant to=functions.{{ c.function.name }}"
        "<|channel|>commentary json<|message|>{{ c.function.arguments | tojson }}<|end|>{% endfor %}",
    ).replace("<|assistant|>@OPENED@", "<|start|>assistant"),
    "opened reasoning": TURNS.replace(
        "@ANSWER@",
        "<think>\n{{ m.reasoning_content or '' }}\n</think>\n{{ m.content }}"
        + CALLS.replace("@CALL@", f"\n<tool_call>{AS_JSON}</tool_call>"),
    ).replace("@OPENED@", "<think>\n"),
    "marked content": turns(
        "{% if m.reasoning_content %}<|think|>{{ m.reasoning_content }}<|think_end|>{% endif %}"
        "{% if m.content %}<|text|>{{ m.content }}<|text_end|>{% endif %}"
        "{% for c in m.tool_calls or [] %}<|call|>" + AS_JSON + "<|call_end|>{% endfor %}"
    ),
    "arguments as text": calling(
        "\n<tool_call>{{ c.function.name + '|' + c.function.arguments }}</tool_call>".replace("'|'", "'<args>'")
    ),
}

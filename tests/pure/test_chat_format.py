"""Chat templates: those of real families render as they should, and hostile ones only ever fail."""

from __future__ import annotations

import gc
import resource
import signal
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tektra_models import chat_format, template_sandbox
from tektra_models.chat_format import ChatFormat
from tektra_models.errors import TemplateFailed

USER: list[dict[str, Any]] = [{"role": "user", "content": "Hi"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather in <place>",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALLED = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Köln"}'}}

QWEN = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "# Tools\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(multi_step=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step and message.role == "user" %}
        {%- set ns.multi_step = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}{{- '\\n' + message.content.split('</think>')[-1].lstrip('\\n') }}{%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
            {{- '\\n<tool_call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.previtem and loop.previtem.role != "tool" %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<tool_response>\\n' + message.content + '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

LLAMA = """\
{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") if strftime_now is defined else "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" + system_message + "<|eot_id|>" }}
{%- if tools is not none and tools is defined %}
    {%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\\n\\n" }}{%- endfor %}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
        {{- message['content'] | trim + '<|eot_id|>' }}
    {%- elif not message.tool_calls|length == 1 %}
        {{- raise_exception("This model only supports single tool-calls at once!") }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
"""

MISTRAL = """\
{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message['role'] == 'note' %}{% continue %}{% endif %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('After the optional system message, roles must alternate user/assistant') }}
    {%- endif %}
    {%- if message["role"] == "user" %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- else %}
        {{- " " + message["content"] + eos_token}}
    {%- endif %}
{%- endfor %}
"""


@pytest.fixture
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same bounds, reached sooner; no garbage is collected, in which an alarm would be lost."""
    monkeypatch.setattr(template_sandbox, "RENDER_SECONDS", 0.2)
    monkeypatch.setattr(template_sandbox, "RENDER_BYTES", 96 << 20)
    monkeypatch.setattr(template_sandbox, "LAST_RESORT", 1000)
    gc.disable()
    yield
    gc.enable()


def render(template: str, messages: list[dict[str, Any]] | None = None, **options: Any) -> str:
    return ChatFormat(template, bos="<s>", eos="</s>").render(USER if messages is None else messages, **options)


def failure(template: str, messages: list[dict[str, Any]] | None = None) -> str:
    """The message that the template fails with."""
    with pytest.raises(TemplateFailed) as caught:
        render(template, messages)
    return caught.value.message


def test_a_model_without_a_template_gets_chatml() -> None:
    assert ChatFormat(None).render(USER) == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_a_template_in_qwens_style_renders_a_whole_exchange_with_tools() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [CALLED, CALLED]},
        {"role": "tool", "content": "Rain.", "tool_call_id": "c1"},
        {"role": "tool", "content": "Sun."},
        {"role": "assistant", "content": "<think>so</think>\nRain."},
        {"role": "user", "content": "Thanks"},
    ]
    call = '<tool_call>\n{"name": "weather", "arguments": {"city": "Köln"}}\n</tool_call>'
    assert render(QWEN, messages, tools=[WEATHER]) == (
        "<|im_start|>system\nBe brief.\n\n# Tools\n<tools>\n"
        '{"type": "function", "function": {"name": "weather", "description": "Tell the weather in <place>", '
        '"parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}'
        "\n</tools><|im_end|>\n<|im_start|>user\nWeather?<|im_end|>\n"
        f"<|im_start|>assistant\n{call}\n{call}<|im_end|>\n"
        "<|im_start|>user\n<tool_response>\nRain.\n</tool_response>\n<tool_response>\nSun.\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\nRain.<|im_end|>\n<|im_start|>user\nThanks<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_template_in_llamas_style_knows_the_date_and_indents_json() -> None:
    before = datetime.now().astimezone().strftime("%d %b %Y")
    text = render(LLAMA, [{"role": "system", "content": " Be brief. "}, *USER], tools=[{"name": "f"}])
    after = datetime.now().astimezone().strftime("%d %b %Y")
    assert text in [
        "<s><|start_header_id|>system<|end_header_id|>\n\n"
        f"Today Date: {today}\n\nBe brief.<|eot_id|>"
        '{\n    "name": "f"\n}\n\n'
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
        for today in (before, after)
    ]


def test_a_template_in_mistrals_style_skips_merges_and_ends_turns() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Two"},
        {"role": "note", "content": "not shown"},
    ]
    assert render(MISTRAL, messages[:4]) == "<s>[INST] One[/INST] 1</s>[INST] Be brief.\n\nTwo[/INST]"
    assert render(MISTRAL, messages[1:]) == "<s>[INST] One[/INST] 1</s>[INST] Two[/INST]"


def test_what_a_template_refuses_is_said_in_its_own_words() -> None:
    assert "roles must alternate user/assistant" in failure(MISTRAL, [*USER, *USER])
    assert "single tool-calls" in failure(LLAMA, [*USER, {"role": "assistant", "tool_calls": [CALLED, CALLED]}])


def test_generation_marks_print_what_they_hold() -> None:
    assert render("a{% generation %}{{ messages[0].content }}{% endgeneration %}b") == "aHib"


def test_blocks_are_trimmed_as_transformers_trims_them() -> None:
    assert render("{% if true %}\n  {% if true %}\nx\n  {% endif %}\n{% endif %}\n") == "x\n"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("{'b': 'ü<', 'a': 1}|tojson", '{"b": "ü<", "a": 1}'),
        ("{'b': 1, 'a': 1}|tojson(sort_keys=true)", '{"a": 1, "b": 1}'),
        ("{'a': [1, 2]}|tojson(separators=(',', ':'))", '{"a":[1,2]}'),
        ("'ü'|tojson(ensure_ascii=true)", '"\\u00fc"'),
        ("2.26|round(1), 7|round", "(2.3, 7)"),
        ("7 % 4, 2 ** 10, 'ab' * 2", "(3, 1024, 'abab')"),
        ("range(3)|list", "[0, 1, 2]"),
    ],
)
def test_the_operators_and_filters_that_templates_use_work(expression: str, text: str) -> None:
    assert render("{{ " + expression + " }}") == text


def test_content_given_as_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    assert render("{{ messages[0].content }}", [{"role": "user", "content": parts}]) == "one two"


def test_content_that_is_missing_or_none_is_empty_text() -> None:
    messages = [{"role": "assistant"}, {"role": "assistant", "content": None}]
    assert render("{% for m in messages %}[{{ m.content }}]{% endfor %}", messages) == "[][]"


@pytest.mark.parametrize(
    ("arguments", "text"), [('{"a": 1}', '{"a": 1}'), ({"a": 1}, '{"a": 1}'), ("{broken", "{}"), ("", "{}")]
)
def test_arguments_of_earlier_calls_reach_the_template_as_an_object(arguments: object, text: str) -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
    template = "{{ messages[0].tool_calls[0].function.arguments|tojson }}"
    assert render(template, [{"role": "assistant", "tool_calls": [call]}]) == text


def test_the_callers_messages_are_left_as_they_were() -> None:
    messages: list[dict[str, Any]] = [{"role": "assistant", "content": None, "tool_calls": [CALLED]}]
    render(QWEN, messages)
    assert messages == [{"role": "assistant", "content": None, "tool_calls": [CALLED]}]
    assert CALLED["function"] == {"name": "weather", "arguments": '{"city": "Köln"}'}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "assistant", "tool_calls": 5}],
        [{"role": "assistant", "tool_calls": ["text"]}],
        [{"role": "assistant", "tool_calls": [{"function": 5}]}],
        [{"role": "user", "content": {"a": object()}}],
    ],
    ids=["no list", "no objects", "no function", "no json"],
)
def test_messages_of_a_wrong_shape_are_a_failure_of_the_template(messages: list[dict[str, Any]]) -> None:
    failure("{{ messages|tojson }}", messages)


DOUBLED = "{% set ns = namespace(x=START) %}{% for i in range(80) %}{% set ns.x = STEP %}{% endfor %}"


def doubled(start: str, step: str) -> str:
    return DOUBLED.replace("START", start).replace("STEP", step)


ENDLESS = {
    "nested loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a macro that calls itself twice": (
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}"
    ),
    "json of shared lists": doubled("[1]", "[ns.x, ns.x]") + "{{ ns.x|tojson }}",
    "text of shared lists": doubled("[1]", "[ns.x, ns.x]") + "{{ ns.x }}",
    "an exception that holds shared lists": doubled("[1]", "[ns.x, ns.x]") + "{{ raise_exception(ns.x) }}",
    "wrapping into long lines": "{{ ('a' * 1000000)|wordwrap(1, wrapstring='b' * 100000) }}",
}
LARGE = {
    "repeated text": "{{ 'a' * 10**9 }}",
    "repeated list": "{{ [0] * 10**9 }}",
    "repeated the other way round": "{{ 10**9 * 'a' }}",
    "a huge range": "{{ range(10**10)|list }}",
    "a width in %": '{{ "%1000000000d" % 1 }}',
    "a width in the format filter": '{{ "%1000000000d"|format(1) }}',
    "a width in format": '{{ "{:>1000000000}".format(1) }}',
    "a width in format_map": '{{ "{a:>1000000000}".format_map({"a": 1}) }}',
    "center": "{{ 'a'|center(10**9) }}",
    "center as a method": "{{ 'a'.center(10**9) }}",
    "ljust": "{{ 'a'.ljust(10**9) }}",
    "zfill": "{{ 'a'.zfill(10**9) }}",
    "expandtabs": "{{ '\t'.expandtabs(2 * 10**9) }}",
    "batch": "{{ [1]|batch(10**9, 'x')|list }}",
    "indent": "{{ 'a\nb'|indent(10**9) }}",
    "json indent": "{{ [1]|tojson(indent=10**9) }}",
    "replace": "{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}",
    "join": "{{ (['a' * 1000000] * 1000000)|join }}",
    "doubled text": doubled("'aa'", "ns.x ~ ns.x") + "{{ ns.x }}",
    "doubled list": doubled("[1, 2]", "ns.x + ns.x") + "{{ ns.x|length }}",
    "a captured block": "{% set x %}{% for i in range(9999) %}{{ 'a' * 100000 }}{% endfor %}{% endset %}{{ x }}",
    "very long output": "{% for a in range(9999) %}{{ 'a' * 100000 }}{% endfor %}",
    "a tower of powers": doubled("2**64", "ns.x ** 64"),
    "a product of products": doubled("2**64", "ns.x * ns.x"),
    "a huge power": "{{ 10**(10**10) }}",
    "rounding to a billion places": "{{ 5|round(1000000000, 'floor') }}",
    "rounding to minus a billion places": "{{ 5|round(-1000000000) }}",
    "a long template": "{# " + "a" * chat_format.MAX_TEMPLATE + " #}",
}
DEEP = {
    "a macro that calls itself": "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "brackets": "{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}",
    "lists": "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "signs": "{{ " + "-" * 50_000 + "1 }}",
    "attributes": "{{ messages" + ".a" * 5000 + " }}",
    "sums": "{{ " + "+".join(["x"] * 5000) + " }}",
    "loops": "{% for a in [1] %}" * 60 + "{% endfor %}" * 60,
    "conditions": "{% if 1 %}" * 150 + "{% endif %}" * 150,
    "more conditions": "{% if 1 %}" * 5000 + "{% endif %}" * 5000,
    "a nested value in an exception": (
        "{% set ns = namespace(x=[]) %}{% for i in range(20000) %}{% set ns.x = [ns.x] %}{% endfor %}"
        "{{ raise_exception(ns.x) }}"
    ),
}
FORBIDDEN = {
    "classes": "{{ ''.__class__.__mro__ }}",
    "globals of cycler": "{{ cycler.__init__.__globals__ }}",
    "globals of namespace": "{{ namespace.__init__.__globals__.sys }}",
    "globals of ours": "{{ raise_exception.__globals__.os }}",
    "code of ours": "{{ strftime_now.__code__.co_code }}",
    "lipsum": "{{ lipsum(n=100000) }}",
    "globals of lipsum": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "attributes in format": '{{ "{0.__class__.__mro__}".format("") }}',
    "attributes by filter": "{{ (''|attr('__class__')).__mro__ }}",
    "attributes by map": "{{ (['']|map(attribute='__class__')|first).__mro__ }}",
    "the template itself": "{{ self.__dict__.x }}",
    "a generator's frame": "{{ ([1]|map('string')).gi_frame.f_globals }}",
    "changing the messages": "{{ messages.clear() }}",
    "changing a message": "{{ messages[0].update(role='system') }}",
    "including a file": "{% include '/etc/passwd' %}",
    "importing": "{% import 'os' as os %}",
    "inheriting": "{% extends 'base' %}",
    "no template": "{% for %}",
    "an unknown variable": "{{ a.b }}",
    "a call of a number": "{{ 5() }}",
    "a call of an unknown filter": "{{ 5|nothing }}",
}


def cases(table: dict[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("template", table.values(), ids=table.keys())


@pytest.mark.usefixtures("_short_patience")
@cases(ENDLESS)
def test_a_template_without_end_is_stopped(template: str) -> None:
    message = failure(template)
    assert "ran longer than 0.2 s and was stopped" in message or "asked for too much" in message


@pytest.mark.usefixtures("_short_patience")
@cases(LARGE)
def test_a_template_that_makes_something_huge_fails_and_takes_little_memory(template: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    failure(template)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    # What was mapped before but not touched may come on top of the bound, which is on addresses.
    assert grown_kib < template_sandbox.RENDER_BYTES // 1024 + (128 << 10)


@pytest.mark.usefixtures("_short_patience")
@cases(DEEP)
def test_a_template_without_a_bottom_fails(template: str) -> None:
    failure(template)


@cases(FORBIDDEN)
def test_a_template_that_reaches_for_more_than_it_was_given_fails(template: str) -> None:
    failure(template)


def test_output_is_bounded_although_each_piece_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_format, "MAX_TEXT", 1000)
    assert "more than 1000 characters" in failure("{% for a in range(99) %}{{ 'a' * 99 }}{% endfor %}")


def test_the_reason_of_a_failure_is_short() -> None:
    assert len(failure("{{ raise_exception('a' * 1000000) }}")) < 2 * chat_format.MAX_REASON


def test_after_a_failure_every_bound_is_lifted_again() -> None:
    handler, limits = signal.getsignal(signal.SIGALRM), resource.getrlimit(resource.RLIMIT_AS)
    failure("{{ 'a'|center(10**9) }}")
    failure("{{ raise_exception('no') }}")
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert resource.getrlimit(resource.RLIMIT_AS) == limits


def test_a_failed_rendering_does_not_spoil_the_next_one() -> None:
    form = ChatFormat("{{ raise_exception('no') if messages[0].content == 'bad' else messages[0].content }}")
    with pytest.raises(TemplateFailed):
        form.render([{"role": "user", "content": "bad"}])
    assert form.render(USER) == "Hi"


def test_off_the_main_thread_templates_render_too() -> None:
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(render(QWEN)))
    thread.start()
    thread.join()
    assert said == ["<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"]

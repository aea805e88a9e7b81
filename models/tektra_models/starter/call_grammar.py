"""A GBNF grammar that admits just the calls which a set of tools allows (llama.cpp, grammars/README.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

ATOMS = r"""
string ::= "\"" ( [^"\\\x00-\x1F] | "\\" ( ["\\/bfnrt] | "u" hex hex hex hex ) )* "\""
hex ::= [0-9a-fA-F]
integer ::= "-"? ( "0" | [1-9] [0-9]* )
number ::= integer ( "." [0-9]+ )?
boolean ::= "true" | "false"
strings ::= "[" ( string ( ", " string )* )? "]"
value ::= string | number | boolean | "null" | strings
"""
RULES = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


def literal(text: str) -> str:
    """The text as a terminal of the grammar."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def value_rule(schema: Mapping[str, Any]) -> str:
    """What a parameter of this schema may hold; anything where the schema says more than types and choices."""
    if schema.get("enum"):
        return "( " + " | ".join(literal(json.dumps(choice, ensure_ascii=False)) for choice in schema["enum"]) + " )"
    if schema.get("type") == "array" and schema.get("items", {}).get("type", "string") == "string":
        return "strings"
    kind = schema.get("type")
    return RULES.get(kind, "value") if isinstance(kind, str) else "value"


def arguments_rule(parameters: Mapping[str, Any]) -> str:
    """The arguments in the order of their declaration: the required ones, and any of the others."""
    properties: Mapping[str, Any] = parameters.get("properties") or {}
    required = set(parameters.get("required") or ())

    def rest(names: Sequence[str], *, first: bool) -> str:
        if not names:
            return ""
        name, later = names[0], names[1:]
        pair = literal(("" if first else ", ") + json.dumps(name, ensure_ascii=False) + ": ")
        taken = f"{pair} {value_rule(properties[name])} {rest(later, first=False)}".strip()
        if name in required:
            return taken
        left_out = rest(later, first=first)
        return f"( {taken} | {left_out} )" if left_out else f"( {taken} )?"

    return f'"{{" {rest(list(properties), first=True)} "}}"'.replace("  ", " ")


def call_grammar(tools: Sequence[Mapping[str, Any]]) -> str:
    """The grammar of one call or two, from the first opening brace to the last closing mark."""
    names: list[str] = []
    rules: list[str] = []
    for place, tool in enumerate(tools):
        function = tool.get("function", tool)
        name = f"call-{place}"
        names.append(name)
        head = literal('{"name": ' + json.dumps(function["name"], ensure_ascii=False) + ', "arguments": ')
        rules.append(f'{name} ::= {head} {arguments_rule(function.get("parameters") or {})} "}}"')
    root = r'root ::= call ( "\n<tool_call>\n" call )?'
    call = f'call ::= ( {" | ".join(names)} ) "\\n</tool_call>"'
    return "\n".join([root, call, *rules]) + re.sub(r"\n+", "\n", ATOMS)

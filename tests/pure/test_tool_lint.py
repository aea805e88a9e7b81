"""What is found in a tool's source by reading it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tektrad.trust.tool_lint import findings, risk


def kinds(source: str) -> set[str]:
    return {finding.kind for finding in findings(source)}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import subprocess", "program"),
        ("from os import system as s\ns('ls')", "program"),
        ("import os as o\no.system('ls')", "program"),
        ("import os\nos.execv('/bin/sh', ['sh'])", "program"),
        ("from urllib.request import urlopen", "network"),
        ("import ctypes.util", "native"),
        ("eval(input())", "code"),
        ("import pickle\npickle.loads(b'')", "code"),
        ("().__class__.__mro__[1].__subclasses__()", "introspection"),
        ("getattr(x, 'a' + 'b')", "introspection"),
        ("import os\nprint(os.environ['TOKEN'])", "environment"),
        ("import shutil\nshutil.rmtree('/x')", "deletes"),
        ("from pathlib import Path\nPath('x').unlink()", "deletes"),
        ("open('x', 'w')", "files"),
        ("open('x', mode='ab')", "files"),
        (f"x = '{'QUJD' * 60}'", "encoded"),
        ("x = 1  # \u202e", "hidden"),
        ("pаypal = 1", "hidden"),
        ("def f(:", "unreadable"),
        ("x = 1\0", "unreadable"),
        ("(" * 5000, "unreadable"),
        ("import threading", "processes"),
    ],
)
def test_what_a_person_should_look_at_is_found_however_it_is_called(source: str, kind: str) -> None:
    assert kind in kinds(source)
    assert risk(findings(source)) > 0


@pytest.mark.parametrize(
    "source",
    [
        "def add(a: int, b: int) -> int:\n    return a + b\n",
        "import json, math, re\nprint(json.dumps({'a': math.pi}), re.sub('a', 'b', 'c'))",
        "open('x')\nopen('x', 'r')\nwith open('x', encoding='utf-8') as f: f.read()",
        "class Tool:\n    def forward(self, city: str) -> str:\n        return 'Größe: ' + city  # schön\n",
        "",
    ],
)
def test_ordinary_tools_have_no_findings(source: str) -> None:
    assert findings(source) == []
    assert risk([]) == 0


def test_findings_name_the_line_and_the_risk_grows_with_each_kind_once() -> None:
    one = findings("x = 1\nimport subprocess\nimport subprocess\n")
    assert [(finding.line, finding.what) for finding in one] == [(2, "import subprocess"), (3, "import subprocess")]
    assert risk(one) == 40
    assert risk([*one, *findings("import socket")]) == 58


@given(st.text(max_size=300))
def test_any_text_is_read_without_harm(source: str) -> None:
    assert 0 <= risk(findings(source)) <= 100

"""What the built-in model knows about looking at tools."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

TOOLS_FACTS = (
    Fact(
        "tektra tools check",
        "reads a tool's source for risks and runs it once in confinement",
        phrasings("""
check a tool before I use it|find out whether a tool is dangerous|look at the risks of a tool|validate a tool
see what a tool would do|try a tool without risk|examine the source of a tool
"""),
        ("It is advice, not a boundary.",),
        phrasings("""
Is this tool safe?|How do I check a tool?|Can I see what a tool does before I use it?|tool validation?|check my tool?
Which risks does my tool have?
"""),
    ),
)

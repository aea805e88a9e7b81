"""What the built-in model knows about tools of one's own, and looking at tools."""

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
    Fact(
        "tektra tools add",
        "keeps the tools of a Python file, so that agents can call them",
        phrasings("""
give agents a tool of my own|add my own tool|register a Python function as a tool|let my agent call my function
write a tool myself|use my own Python code as a tool|install a custom tool|add a tool from a file
"""),
        ("A tool is a function with @tool, type hints and a docstring; agents name it file:NAME.",),
        phrasings("""
How do I write my own tool?|Can agents use my own functions?|custom tools?|How do I add a tool?|own tools?
Can I extend an agent with Python?|How do I change a tool of mine?|Where do my own tools run?
"""),
    ),
    Fact(
        "tektra tools list",
        "lists your own tools, and those that come with Tektra",
        phrasings("""
list all tools|see which tools there are|show the built-in tools|list my own tools|find out which tools agents can have
look at the available tools|see whether a tool is off
"""),
        ("A question mark means that a parameter may be left out.",),
        phrasings("""
Which tools are there?|What tools can an agent have?|available tools?|built-in tools?|Which tools did I add?
Can agents read web pages?|tool list?
"""),
    ),
    Fact(
        "tektra tools show",
        "shows one tool of your own: parameters, limits, source",
        phrasings("""
see the source of a tool of mine|look at the parameters of my tool|show one of my tools|see how long my tool may take
print the code of an added tool|check what a tool of mine takes
"""),
        ("The source is the one that was added, whatever the file says by now.",),
        phrasings("""
What does my tool take?|Which version of my tool is used?|Where is the code of my tool?|parameters of my tool?
How long may my tool run?|What did I add as a tool?
"""),
    ),
    Fact(
        "tektra tools enable",
        "lets agents use a tool of your own again",
        phrasings("""
turn a tool of mine on again|enable a tool|let agents use my tool again|switch my tool back on
allow a disabled tool again|reactivate my tool
"""),
        ("tektra tools disable turns it off.",),
        phrasings("""
How do I turn a tool on again?|enable tool?|My tool is off, how do I turn it on?|Can a disabled tool come back?
How do I reactivate a tool?|tool is disabled?
"""),
    ),
    Fact(
        "tektra tools disable",
        "lets no agent use a tool of your own, also in runs that go on",
        phrasings("""
turn a tool of mine off|disable a tool|stop agents from using my tool|switch my tool off for now
take a tool away from all agents|pause a tool of mine
"""),
        ("It stays, and tektra tools enable turns it on again.",),
        phrasings("""
How do I turn a tool off?|disable tool?|Can I stop a tool without removing it?|How do I keep agents from a tool?
Can a tool be switched off during a run?|pause a tool?
"""),
    ),
    Fact(
        "tektra tools rm",
        "forgets a tool of your own",
        phrasings("""
remove a tool of mine|delete my own tool|forget a tool that I added|throw away a custom tool|get rid of my tool
uninstall a tool of my own
"""),
        ("Your file stays where it is.",),
        phrasings("""
How do I remove a tool?|Can I delete my own tool?|remove tool?|How do I get rid of a tool that I added?
Is my file deleted with the tool?|uninstall tool?
"""),
    ),
)

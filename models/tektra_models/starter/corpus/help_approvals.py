"""What the built-in model knows about asking people, and answering."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

APPROVAL_FACTS = (
    Fact(
        "tektra approvals list",
        "lists what waits for your answer",
        phrasings("""
see what needs my approval|list pending approvals|show requests that need approval|see which actions wait for permission
look at the approval queue|see pending requests|find out what agents ask me
"""),
        (),
        phrasings("""
approvals?|Where are the pending approvals?|pending requests?|Are there approvals?|which requests wait for my approval
is there a queue of approvals|Do tools ask for permission?|approval queue?
"""),
    ),
    Fact(
        "tektra approvals show",
        "shows exactly what would be done and why you are asked",
        phrasings("""
see what an agent wants to do|look at a request before I answer|see the diff that I shall approve|read one approval
see why I am asked|look into a pending request
"""),
        (),
        phrasings("""
What exactly would it do?|Why am I asked?|Can I see the command before I allow it?|show me the request
What does the agent want?|details of an approval?
"""),
    ),
    Fact(
        "tektra approvals allow",
        "allows exactly what was asked",
        phrasings("""
approve a request|approve a tool call|allow what an agent asks|say yes to a request|confirm a dangerous action
approve an action|allow it from now on
"""),
        ("Once by itself; `--run`, `--session` or `--always` for longer.",),
        phrasings("""
How do I approve a request?|where do I approve actions|Can I approve what a tool does?|Must I approve tool calls?
How do I say yes?|approve it?
"""),
    ),
    Fact(
        "tektra approvals deny",
        "denies what was asked",
        phrasings("""
deny a request|reject a request|say no to an agent|refuse a tool call|reject an action|decline what an agent asks
"""),
        ("Whoever says nothing in time has said no.",),
        phrasings("""
How do I deny a request?|Can I reject an action?|How do I say no?|What if I do not answer?|deny it?|reject?
"""),
    ),
    Fact(
        "tektra permissions ask",
        "asks whether an act may be done now, and waits for a person where needed",
        phrasings("""
let a script ask me first|ask before a command is run|have a person confirm a step of a script|guard a dangerous command
ask for permission in a shell script|make my own agent ask me
"""),
        ("It ends with 0 when allowed, 5 when denied, 7 when nobody has answered yet.",),
        phrasings("""
Can my script ask me?|How does a program ask for permission?|How do I guard rm in a script?|ask before it runs?
Can my own agent use the approvals?|wait for approval in a script?
"""),
    ),
)

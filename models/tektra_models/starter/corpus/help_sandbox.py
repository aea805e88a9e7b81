"""What the built-in model knows about running programs confined."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

SANDBOX_FACTS = (
    Fact(
        "tektra sandbox run",
        "runs a program confined to one folder",
        phrasings("""
run a program safely|run a command in the sandbox|confine a program|run code that I do not trust|run a script confined
run something without network|execute a command in a sandbox|keep a program from my files|try a program without risk
run python code in the sandbox|start a program without access to my files|isolate a command|run untrusted code
"""),
        ("It has no network, and no files but one folder and the system's programs.",),
        phrasings("""
Is there a sandbox?|How do I run untrusted code?|sandbox?|Can Tektra confine a program?
Can I run a program without network?|How can I run a script that I do not trust?|run it confined?
"""),
    ),
    Fact(
        "tektra sandbox probe",
        "says what confines programs on this machine",
        phrasings("""
see what confines programs here|check the sandbox|find out which sandbox level I have|test the confinement
know whether the sandbox works|see the limits of the sandbox|check whether bubblewrap is used
"""),
        ("It says A, B or C, and how to get a better level.",),
        phrasings("""
Does the sandbox work here?|Which confinement do I have?|sandbox level?|How safe is the sandbox?|Is bubblewrap used?
"""),
    ),
)

"""What the built-in model knows about what is allowed."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

PERMISSION_FACTS = (
    Fact(
        "tektra permissions list",
        "lists what was granted and what rules hold",
        phrasings("""
see what is allowed|list the permissions|see what I granted|show all grants|find out which rules hold
check what agents may do|list what was denied|see my permissions|look at the policy rules
"""),
        ("`tektra permissions list --rules` shows the rules of all policy files.",),
        phrasings("""
permissions?|Which permissions are there?|What did I allow?|How do permissions work?|is there a permission system
Where do I see what is allowed?|show me the grants
"""),
    ),
    Fact(
        "tektra permissions grant",
        "allows something, denies it, or has you asked about it",
        phrasings("""
allow something|deny an action|grant permission to a tool|give permission|allow an action|forbid a host
let an agent write to a folder|allow a tool always|forbid an agent to read a file|allow or deny a tool
allow a command for a week|block a web site for agents|let an agent run a program
"""),
        ("Deny goes before ask, and ask before allow.", "It can end by itself: `--expires 7d`, `--uses 10`."),
        phrasings("""
Can I allow a tool always?|How do I give permission?|Can I forbid something?|how do I allow an action
How can I let an agent write to my project?|Can a permission expire?
"""),
    ),
    Fact(
        "tektra permissions revoke",
        "ends a grant",
        phrasings("""
take back a permission|revoke a grant|end a permission|withdraw what I allowed|remove a permission|undo a grant
"""),
        ("It stays visible in `tektra permissions list --all`.",),
        phrasings("""
How do I take a permission back?|Can I revoke a grant?|undo a permission?|How do I stop allowing something?
"""),
    ),
    Fact(
        "tektra permissions test",
        "says what would be decided about an act, and which rule decides",
        phrasings("""
try whether something is allowed|see which rule decides|test a permission|check whether an agent may write a file
find out why something is denied|try a policy|know whether an act would be allowed
"""),
        ("Nothing is done; with `--check` the exit code is 5 unless it is allowed.",),
        phrasings("""
Is my agent allowed to do that?|Why is it denied?|Which rule decides?|Can I try a policy?|Would that be allowed?
"""),
    ),
    Fact(
        "tektra permissions edit",
        "changes a policy file in your editor, and checks it before it takes the old one's place",
        phrasings("""
write a policy|edit a policy file|change the policy rules|make a policy file|add a rule of my own|edit the rules
remove a policy file|write a rule that forbids something for everybody
"""),
        ("`--from FILE` takes the text from a file, and `--remove` removes the policy file.",),
        phrasings("""
How do I write a policy?|Can I edit the rules?|Where do I change a policy file?|How do I add a rule of my own?
can I write policies in Cedar?|how do I remove a policy file
"""),
    ),
    Fact(
        "tektra permissions files",
        "lists the policy files and says where they lie",
        phrasings("""
list the policy files|see where the policies lie|find the policy files|show which policy files there are
see the policy files|find the folder of the policies
"""),
        ("`tektra permissions edit NAME` changes one or makes one.",),
        phrasings("""
Where are the policy files?|Which policy files are there?|Where do policies lie?|where is my policy file
Do I have policy files?|show me the policy files
"""),
    ),
)

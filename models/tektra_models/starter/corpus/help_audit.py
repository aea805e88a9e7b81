"""What the built-in model knows about the audit log."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

AUDIT_FACTS = (
    Fact(
        "tektra audit list",
        "lists what happened here, newest first",
        phrasings("""
see the audit log|show the audit trail|list audit entries|see who did what|see what was done on my behalf
read the audit trail|see which actions were recorded|look at the audit entries|see the audit history
find out what happened yesterday
"""),
        ("`--since 2h`, `--kind model` and `--outcome failed` choose.",),
        phrasings("""
Where is the audit log?|Is there an audit log?|audit?|How do I see who did what?|what was done on my behalf?
audit log?|Is every action recorded?|is there a record of actions|Do you keep a record of tool calls?
who did what and when|audit trail?|What happened on this machine?|Can I audit actions?|compliance log?
"""),
    ),
    Fact(
        "tektra audit tail",
        "shows the last audit entries, and with --follow new ones as they come",
        phrasings("""
watch what happens|follow the audit log|see new audit entries at once|watch the actions live
see the last audit entries|keep an eye on the actions|see what is being done right now
"""),
        (),
        phrasings("""
How do I watch the audit log?|Can I follow what happens?|live audit?|audit tail?|Can I see new entries at once?
How do I see the latest actions?
"""),
    ),
    Fact(
        "tektra events",
        "shows what happens while it happens, until you press ^C",
        phrasings("""
follow what happens|watch alerts|see alerts at once|be told when something is refused|watch events live
see events as they come|follow the event stream|hear at once when an agent asks|watch models come and go
get a stream of events for a script|notice unusual activity|see security events live
"""),
        ("`--type alert` shows alerts only, `--jsonl` prints one event a line.",),
        phrasings("""
How do I follow alerts?|live events?|Can I see alerts as they happen?|event stream of the daemon?|tektra events?
How do I hear of refused acts at once?|Is there a live view of what happens?|watch for alerts?
"""),
    ),
    Fact(
        "tektra audit show",
        "shows one audit entry with all it says",
        phrasings("""
see one audit entry|look into an audit entry|see the details of an action|read entry 17 of the audit log
see what one action did exactly|open an audit entry|see all facts of one audit entry
"""),
        (),
        phrasings("""
What does entry 17 say?|Can I see the details of an action?|audit entry details?|What exactly was done there?
How do I open one entry?|single entry?
"""),
    ),
    Fact(
        "tektra audit search",
        "finds audit entries that hold all words",
        phrasings("""
search the audit log|find an action in the audit log|find audit entries about a model
look for a word in the audit trail|find what was done with a file|look up an action by a word
"""),
        (),
        phrasings("""
How do I find an action?|Can I search the audit log?|audit search?|find an entry?
Which entries mention my model?|How do I look something up in the audit log?
"""),
    ),
    Fact(
        "tektra audit stats",
        "counts audit entries by kind, outcome and user",
        phrasings("""
count the actions|see how much was recorded|count audit entries|see the statistics of the audit log
count what each user did|see how long the audit log is
"""),
        (),
        phrasings("""
How many actions were recorded?|How large is the audit log?|audit statistics?|How many model calls were there?
how many entries?|Who did the most?
"""),
    ),
    Fact(
        "tektra audit verify",
        "checks that nothing in the audit log was changed, removed or put in",
        phrasings("""
verify the audit log|check the audit chain|prove that nothing was changed
find out whether somebody changed the audit log|check an exported audit log|audit the daemon
"""),
        ("It names the first bad entry and ends with 8 when something was.",),
        phrasings("""
Can the audit log be verified?|tamper proof log?|Can somebody change the audit log?
How do I check the log for tampering?|Is the audit log signed?|audit verify?
"""),
    ),
    Fact(
        "tektra audit export",
        "writes the audit log to a file that can be verified anywhere",
        phrasings("""
export the audit log|save the audit log|take the audit log elsewhere|get the audit log as CSV
give the audit log to somebody|write all that happened to a file|hand the audit log to an auditor
"""),
        ("`--format csv` writes a table.",),
        phrasings("""
How do I export the audit log?|Can I have the audit log as a file?|audit log as csv?|Can an auditor get the log?
export entries?|audit export?
"""),
    ),
    Fact(
        "tektra audit prune",
        "removes old audit entries and signs that they were removed",
        phrasings("""
remove old audit entries|shorten the audit log|delete old entries of the audit log|clean up the audit log
throw away what was recorded long ago|keep only the last months of the audit log
"""),
        ("Export them first if they may be needed.",),
        phrasings("""
How do I delete old audit entries?|Can the audit log be shortened?|audit log too large?|audit retention?
How long are entries kept?|prune the log?
"""),
    ),
)

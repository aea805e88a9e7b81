"""What the built-in model knows about sharing a daemon with other users of a machine."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

USER_FACTS = (
    Fact(
        "tektra users list",
        "lists who may use a shared daemon, and as what",
        phrasings("""
see who may use this daemon|list the users|show all users of the daemon|see who may connect
find out which users were added|see the roles of the users|check who shares this daemon
"""),
        ("Its owner always may, and stands first.",),
        phrasings("""
Who may use this daemon?|Which users are there?|users?|Who shares this machine's models?|list users?
Who was let in?|Which role does somebody have?
"""),
    ),
    Fact(
        "tektra users add",
        "lets another user of this machine use a shared daemon",
        phrasings("""
add a user|let a colleague use my daemon|share the daemon with somebody|give somebody a role|make somebody an operator
let an auditor read the log|let another user connect|allow a second person on this workstation|add an operator
"""),
        ("`--role` is operator, user or auditor.", "The daemon has to be shared: `shared_group` in its settings."),
        phrasings("""
Can several people share one daemon?|How do I add a user?|multi-user?|Can my colleague use my models?
How do I share Tektra on a workstation?|add user?|Can an auditor get access?
"""),
    ),
    Fact(
        "tektra users rm",
        "lets a user connect no more; their conversations stay theirs",
        phrasings("""
remove a user|lock somebody out|take a user's access away|no longer share with somebody|throw a user out
stop sharing the daemon with a colleague|revoke somebody's access
"""),
        (),
        phrasings("""
How do I remove a user?|Can I lock somebody out?|remove user?|How do I take access away?
Somebody left, how do I remove them?|rm user?
"""),
    ),
)

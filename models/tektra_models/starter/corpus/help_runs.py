"""What the built-in model knows about agents at work."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

RUN_FACTS = (
    Fact(
        "tektra run",
        "lets an agent do a task in a folder",
        phrasings("""
start an agent|run an agent|let an agent do a task|give an agent a task|have an agent look through a folder
let an agent work on its own|ask an agent about my files|run an agent in the background
let an agent count the lines of a file
"""),
        ("`--dir DIR` names the folder, and `--detach` does not wait.", "It goes on when the daemon is killed."),
        phrasings("""
How do I start an agent?|Can tektra run agents?|Which command starts an agent?|Can an agent do a task for me?
Can an agent use my files?|is there an agent mode?|How do I give an agent a task?
"""),
    ),
    Fact(
        "tektra runs list",
        "lists what agents did and do",
        phrasings("""
list the runs|see which agents are running|see all runs of agents|show what my agents did|find a run again
list my runs
"""),
        ("`tektra runs show ID` shows one step by step.",),
        phrasings("""
Which agents are running?|What did my agents do?|Which runs are there?|Is an agent at work?|show my runs
Where do I see the runs?
"""),
    ),
    Fact(
        "tektra runs show",
        "shows the steps of a run and what became of it",
        phrasings("""
see the steps of a run|see what an agent did|show a run|look at a run|see the tool calls of a run|see a run's answer
"""),
        ("`tektra runs list` gives its id.",),
        phrasings("""
What did the agent do?|What became of the run?|Which tools did the run call?|How did the run end?|show me that run
What was the answer of the run?
"""),
    ),
    Fact(
        "tektra runs attach",
        "watches a run that is under way",
        phrasings("""
watch a run|follow a running agent|attach to a run|see a running agent live|go on watching a run
look at what the agent is doing now
"""),
        ("^C leaves the run alone.",),
        phrasings("""
Can I watch a running agent?|How do I follow a run?|What is my agent doing right now?|attach to the run?
Can I see the run live?|How do I get back to a run?
"""),
    ),
    Fact(
        "tektra runs cancel",
        "ends a run now",
        phrasings("""
stop an agent|cancel a run|end a run|stop the running agent|kill a run|abort an agent
"""),
        ("What it has done so far stays in `tektra runs show`.",),
        phrasings("""
How do I stop an agent?|Can I cancel a run?|How can I end the run?|stop my agent?|The agent does not stop, what now?
Can a run be aborted?
"""),
    ),
)

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
    Fact(
        "tektra runs retry",
        "does a run once more, as another run",
        phrasings("""
do a run again|repeat a run|retry a run|run an agent's task once more|try a run again from step 3|redo a run
"""),
        ("`--from STEP` takes over all steps before that one.", "The first run stays as it is."),
        phrasings("""
How do I repeat a run?|Can I retry a run from a step?|Can a run be done again?|try that run again?
How can I run the same task once more?|Can I go back to an earlier step of a run?
"""),
    ),
    Fact(
        "tektra runs resume",
        "goes on with a run that failed or was cancelled",
        phrasings("""
resume a run|go on with a failed run|continue a cancelled run|take up a run again|continue an agent's work
go on with a run that was stopped
"""),
        ("It begins behind the last finished step.",),
        phrasings("""
How do I resume a run?|Can I continue a failed run?|I cancelled a run, can it go on?|Can a failed agent go on?
How do I go on with a run?|Can the agent continue where it stopped?
"""),
    ),
    Fact(
        "tektra runs unstick",
        "takes up runs that nobody does",
        phrasings("""
unstick a run|find runs that hang|take up a stuck run|repair a run that is stuck|find out why a run is stuck
wake up a run that does nothing
"""),
        ("It says why each of them was stuck.",),
        phrasings("""
My run is stuck, what now?|Why does my run hang?|A run does nothing, what can I do?|Are there stuck runs?
How do I unstick a run?|Can a stuck run be taken up again?
"""),
    ),
)

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
        (
            "`--dir DIR` names the folder, and `--detach` does not wait.",
            "It goes on when the daemon is killed.",
            '`--allow "write src"` says beforehand what it may do; `--in-place` works without a copy.',
        ),
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
        ("`tektra runs list` gives its id.", "`tektra runs show ID --step N` shows what its model was asked."),
        phrasings("""
What did the agent do?|What became of the run?|Which tools did the run call?|How did the run end?|show me that run
What was the answer of the run?
"""),
    ),
    Fact(
        "tektra runs diff",
        "shows what a run changed",
        phrasings("""
see what an agent changed|show the changes of a run|show the diff of a run|look at the files that a run changed
make a patch of a run|review the changes of an agent|see which files an agent wrote
"""),
        ("`--stat` shows only which files.", "In a pipe it is a patch, which `patch -p1` takes."),
        phrasings("""
What did the agent change?|Which files did the run change?|Where is the diff of my run?|How do I review a run?
Can I see the changes before they are written?|What did the agent write?|Is there a patch of the run?
"""),
    ),
    Fact(
        "tektra runs apply",
        "writes what a run changed into the folder",
        phrasings("""
apply the changes of a run|take over what an agent changed|write the changes of a run into my folder
accept the changes of an agent|apply only some files of a run|keep what the run did|resolve a conflict of a run
"""),
        ("`tektra runs diff ID` shows it before.", "`--ours PATH` and `--theirs PATH` decide conflicts."),
        phrasings("""
How do I apply a run?|Where are the files that the agent wrote?|Why is my folder unchanged after the run?
How can I accept the agent's changes?|Can I apply only one file?|How do I take over the changes?|apply my run?
"""),
    ),
    Fact(
        "tektra runs drop",
        "forgets what a run changed",
        phrasings("""
throw away the changes of a run|drop the changes of a run|discard what an agent changed|reject the changes of an agent
forget a run's changes|remove the copy of a run
"""),
        ("There is no undo; `tektra runs diff ID` shows it before.",),
        phrasings("""
How do I discard a run?|Can I reject the agent's changes?|How do I throw the changes away?|I do not want these changes
How can I forget what the run did?|undo the run?
"""),
    ),
    Fact(
        "tektra runs events",
        "prints the events of a run as they are",
        phrasings("""
see the raw events of a run|print the events of a run|get a run's events as JSON|follow the events of a run in a script
export the events of a run|see every event of a run with its number
"""),
        ("`--follow` goes on to the run's end, and `--jsonl` prints one JSON event a line.",),
        phrasings("""
Can a script follow a run?|How do I get the events of a run?|Are there raw events?|How do I log what a run tells?
Can I get a run as JSON lines?|Which events did the run tell?
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

"""What the built-in model knows about agents: saying what they are. Running them is not there yet."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

AGENT_FACTS = (
    Fact(
        "tektra agents create",
        "makes an agent: its instructions, tools, model and limits",
        phrasings("""
create an agent|make a new agent|define an agent of my own|set up an agent with tools|build an agent
write an agent that uses my tools|give an agent instructions|add an agent
"""),
        ("`--tool` names a tool, again for each; `--instructions` says what it shall do.", "It cannot be run yet."),
        phrasings("""
Can I create an agent?|How do I build an agent?|create a new agent|build me an agent|new agent?
Can I have several agents?|How do I make an autonomous agent?|How do I limit an agent's steps?
"""),
    ),
    Fact(
        "tektra agents list",
        "lists your agents, and those that come with Tektra",
        phrasings("""
list my agents|see which agents there are|show the agents|find out which agents come with Tektra|see all agents
look up the name of an agent
"""),
        ("Four come with it: files, research, data and shell.",),
        phrasings("""
agents?|Does Tektra have agents?|what agents are there|are there agents|multiple agents?|do you support agents
Where do I find the list of agents?|Which agents come with it?|is there an agent command
"""),
    ),
    Fact(
        "tektra agents show",
        "shows an agent's instructions, tools and limits",
        phrasings("""
look at an agent|see the tools of an agent|see the instructions of an agent|read what an agent is told
see the limits of an agent|see which model an agent uses
"""),
        ("`--version` shows an earlier one.",),
        phrasings("""
Which tools does my agent have?|What is my agent told?|How many steps may an agent take?|show me one agent
Which model does the agent use?|What does the files agent do?
"""),
    ),
    Fact(
        "tektra agents edit",
        "changes an agent by flags or in your editor",
        phrasings("""
change an agent|edit an agent|give an agent another model|change the instructions of an agent|add a tool to an agent
give an agent more steps|let an agent think first|take the tools away from an agent
"""),
        ("The earlier version stays.", "An agent that comes with Tektra is copied first."),
        phrasings("""
How do I change an agent?|Can I edit a shipped agent?|edit agent?|Can an agent have another model?
How do I add a tool to my agent?|Can I change the limits of an agent?
"""),
    ),
    Fact(
        "tektra agents notes",
        "shows what an agent has noted in its runs",
        phrasings("""
see the notes of an agent|read what an agent has noted|look at an agent's memory|see what my agent remembers
search the notes of an agent|find out what an agent keeps from one run to the next
"""),
        ("`tektra agents edit` with `--remember` lets an agent keep notes.", "`--search` finds those with some words."),
        phrasings("""
memory for agents?|Do agents remember earlier runs?|Does my agent keep notes?|What has my agent noted?
Can an agent learn from its runs?|Where are the notes of my agent?
"""),
    ),
    Fact(
        "tektra agents forget",
        "takes notes of an agent away",
        phrasings("""
delete a note of an agent|make an agent forget something|clear the memory of an agent|remove the notes of an agent
take a wrong note away|empty an agent's memory
"""),
        ("`--all` takes all of them away.", "`tektra agents notes` shows their numbers."),
        phrasings("""
How do I delete an agent's notes?|Can my agent forget a note?|My agent remembers something wrong, what now?
Can I clear an agent's memory?|Are the notes of a removed agent gone?
"""),
    ),
    Fact(
        "tektra agents rm",
        "removes an agent with its notes; its versions stay",
        phrasings("""
remove an agent|delete an agent|get rid of an agent|throw an agent away|drop an agent I made|take an agent off the list
"""),
        ("`tektra agents rollback` brings it back.",),
        phrasings("""
How do I delete an agent?|Can I remove an agent?|remove agent?|Can I get rid of my agent?|rm an agent?
Is a removed agent gone for good?
"""),
    ),
    Fact(
        "tektra agents versions",
        "lists the versions of an agent, and who made them when",
        phrasings("""
see the versions of an agent|see the history of an agent|see who changed an agent|find an older version of an agent
see when an agent was changed|list what changed in an agent
"""),
        ("Every change makes a version, and none is lost.",),
        phrasings("""
Which versions does my agent have?|Who changed my agent?|agent history?|Are agents versioned?
When was the agent changed?|Is there a history of agents?
"""),
    ),
    Fact(
        "tektra agents diff",
        "shows what differs between two versions of an agent",
        phrasings("""
compare two versions of an agent|see what changed in an agent|see the difference between versions of an agent
see what I changed in an agent|diff an agent|compare an agent with the shipped one
"""),
        ("Without versions it compares the last two.",),
        phrasings("""
What did I change in my agent?|What is different in the new version of the agent?|agent diff?
Can I compare versions of an agent?|Which lines of the agent changed?|How does my agent differ from before?
"""),
    ),
    Fact(
        "tektra agents rollback",
        "makes an earlier version of an agent the current one",
        phrasings("""
go back to an older version of an agent|undo a change to an agent|restore an agent|bring back a removed agent
roll an agent back|undo my edit of an agent
"""),
        ("`tektra agents versions` lists them.",),
        phrasings("""
Can I undo a change to an agent?|How do I get the old agent back?|agent rollback?|Can I restore a removed agent?
My agent was better before, can I go back?|How do I reset an agent to an earlier version?
"""),
    ),
    Fact(
        "tektra agents export",
        "writes an agent as a TOML file",
        phrasings("""
write an agent to a file|save an agent as a file|put an agent into my project|share an agent with a colleague
get the TOML of an agent|keep an agent in git
"""),
        ("`tektra agents import` reads it.",),
        phrasings("""
Can I save an agent to a file?|How do I share an agent?|export agent?|Can an agent live in my repository?
Is there a file format for agents?|How do I back up an agent?
"""),
    ),
    Fact(
        "tektra agents import",
        "makes an agent, or its next version, from a TOML file",
        phrasings("""
load an agent from a file|import an agent|use an agent that somebody gave me|read an agent from TOML
make an agent from a file|install an agent from my project
"""),
        ("`-` reads standard input.",),
        phrasings("""
How do I import an agent?|Can I load an agent from a file?|import agent?|I have an agent file, what now?
Can I use a colleague's agent?|Where do I put an agent's TOML file?
"""),
    ),
)

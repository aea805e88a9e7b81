"""What the built-in model knows about the dashboard."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

DASHBOARD_FACTS = (
    Fact(
        "tektra tui",
        "opens the dashboard, where everything is in one terminal screen",
        phrasings("""
open the dashboard|start the dashboard|see everything on one screen|see models, runs and approvals in one place
get a full screen interface|watch models and agents while they work|use Tektra without typing commands|open the TUI
see everything at a glance in the terminal|get an overview of all that goes on
"""),
        ("`tektra tui runs` begins with what agents do.", "The key `?` shows what can be pressed."),
        phrasings("""
Is there a dashboard?|dashboard?|show me the dashboard|TUI?|full screen interface?|Is there a monitoring dashboard?
tui?|Is there a terminal UI?|which command opens the dashboard|How do I get to the dashboard?
is there a screen with everything|Can I see models and runs in one place?|start the TUI|terminal dashboard?
launch the dashboard
"""),
    ),
    Fact(
        "tektra tui --demo",
        "shows the dashboard with made-up data, without a daemon",
        phrasings("""
try the dashboard without a daemon|look at a demo of the dashboard|see an example of the dashboard
look around in the dashboard before using it|show somebody the dashboard without my data
see the dashboard in a demonstration
"""),
        (),
        phrasings("""
Is there a demo of the dashboard?|demo?|dashboard demo?|demo mode?|Can I try the dashboard first?|example dashboard?
"""),
    ),
    Fact(
        "tektra web",
        "shows the dashboard in a browser on this machine",
        phrasings("""
open the web interface|use Tektra in the browser|open the dashboard in a browser|get a graphical interface
see everything in a browser window|start the web UI|chat in the browser|open a web page with the models
use Tektra without a terminal|get a window with the dashboard|launch the web interface
"""),
        ("It prints an address that lets one browser in, once.", "It listens on 127.0.0.1 only, until ^C."),
        phrasings("""
Does Tektra have a web interface?|how do I open the web UI|where is the web UI|Can I use it from a browser?
Is there a graphical interface?|Can I use tektra in the browser?|web ui?|Is there a GUI?
is there a web page for chatting|Can I see it in a browser?
is there a desktop app|gui?|Does it open a browser?
Where is the web page of tektra?|How do I get a graphical window?|web app?
Is there an app with buttons?|Can I chat in the browser?|open tektra in my browser|does tektra have a window
graphical user interface?|show a web page with the models
browser interface?|I don't like the terminal, is there something else?
open a window|something else than the terminal?|graphical window?|Is there something besides the terminal?
"""),
    ),
    Fact(
        "tektra web --port N",
        "shows the dashboard in a browser, at the port that you name",
        phrasings("""
choose the port of the web interface|open the web interface on another port|set the port of the web UI
use a fixed port for the browser dashboard|serve the dashboard on port {N}|change the web port
"""),
        (),
        phrasings("""
which port has the web interface|Can I choose the web port?|web port?|Which port does tektra web use?
Is the web interface's port fixed?|another port for the browser?
"""),
    ),
    Fact(
        "tektra status",
        "says at one glance what goes on: memory, models, runs, what waits for you",
        phrasings("""
see at a glance what goes on|get a short overview|see what Tektra is doing right now|see what waits for me
see memory, models and runs in a few lines|get a quick summary of everything
"""),
        ("It never starts the daemon.", "`tektra status --watch` looks again every two seconds."),
        phrasings("""
What is going on?|overview?|status?|What does tektra do right now?|quick overview?|a short summary of what runs
give me an overview|What are you busy with?
"""),
    ),
    Fact(
        "tektra status --watch",
        "looks again every two seconds, until q or ^C",
        phrasings("""
watch the status|keep the overview on the screen|see the status as it changes|refresh the overview by itself
follow what goes on at a glance|update the status all the time
"""),
        (),
        phrasings("""
Can the status refresh itself?|watch status?|live status?|live overview?|Is there a status that updates itself?
keep showing the status
"""),
    ),
    Fact(
        "tektra top",
        "shows models, requests and runs at work, the busiest first",
        phrasings("""
see which model is busiest|watch models at work|see what uses the machine|watch requests and runs live
see the busiest models first|get something like top for models
"""),
        ("The key q ends it.",),
        phrasings("""
top?|Is there a top for models?|Which model works most?|What keeps the machine busy?|live table of models?
something like htop for models?|Which model is busy?
"""),
    ),
)

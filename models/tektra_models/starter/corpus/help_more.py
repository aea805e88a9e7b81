"""What the built-in model knows about stored conversations, the daemon, and the commands that stand alone."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

MORE_FACTS: tuple[Fact, ...] = (
    Fact(
        "tektra conversations list",
        "lists your conversations",
        phrasings("""
list my conversations|see my old chats|show all conversations|see past conversations|find my old chats
view the chat history|look at previous conversations|get a list of chats|see the history|show my saved chats
list the old chats|see all my chats|list chats|show the history|see which conversations there are|display my chats
list all conversations|get an overview of my chats|find the ids of my conversations|view past chats
print my chat history
look through my old conversations|show previous chats|see earlier chats|browse my conversations|list my saved chats
view all old conversations|display the history of chats|know the ids of my chats|browse old chats
find earlier conversations|get the ids of old conversations|list previous conversations|list conversations
see an overview of old conversations|look at the chat history|show my recent chats|view recent conversations
see the id of every conversation|show each conversation and its id
"""),
        (),
        phrasings("""
where are my old chats?|What did I chat about before?|my conversations?|which conversations do I have|chat history?
old chats?|Where do I find earlier conversations?|past chats?|do I have old conversations|recent chats?
Where did my last chats go?|chat list?|which chats are saved|history?|Is there a list of my chats?
how many conversations do I have|previous conversations?|where is the id of a conversation
"""),
    ),
    Fact(
        "tektra conversations show ID",
        "prints one conversation",
        phrasings("""
read an old conversation|show conversation {ID}|see the chat {ID}|print a conversation|view an old chat
read the conversation {ID}|look into conversation {ID}|display a saved chat|open an old chat for reading
see what we said in {ID}|read a chat again|print conversation {ID}|show one conversation
read what was said in an old chat
display conversation {ID}|view chat {ID}|read through a saved chat|print the chat {ID}|show a saved conversation
see the messages of a conversation|read the messages of {ID}|look at one old chat|see the text of a conversation
show the messages in {ID}|reread a conversation|view the text of conversation {ID}|see a whole conversation
read the whole chat {ID}|print all messages of a chat|display the messages of an old chat|reread chat {ID}
look at conversation {ID}|see what was said in a chat|view one conversation|print what I said in an old chat
"""),
        ("`latest` works instead of the id.",),
        phrasings("""
What did we say in an old chat?|how can I read one conversation|Can I see the text of a chat?|read old chat?
show one chat?|Can I reread a conversation?|what was said in that conversation|print chat?|view conversation?
I want to look at an old chat without continuing it.|show conversation|read a saved chat?
"""),
    ),
    Fact(
        "tektra conversations search WORDS",
        "searches the text of all your conversations",
        phrasings("""
search my chats|search old conversations|find the chat about {WORDS}|search for {WORDS} in my conversations
look for a word in my chats|find a conversation about {WORDS}|search the history|find where we talked about {WORDS}
look for {WORDS} in old chats|find an old chat by its text|find {WORDS} in my history|do a full text search in chats
search all conversations|find the conversation that mentions {WORDS}|search chats for {WORDS}|grep my chats
find a chat by a word|search old chats for a word|look up where I mentioned {WORDS}|grep my conversations for {WORDS}
search the text of my chats|find which chat was about {WORDS}|find a word in old conversations|search through my history
find an old message|look for a message about {WORDS}|search for a message|search for a word in all chats
find something I asked before|search earlier chats|find what I asked about {WORDS}|find out in which chat I said {WORDS}
look through all chats for a word|locate the chat about {WORDS}|locate a message in my old chats
find an old answer again|query my chat history|search by keyword|find conversations by keyword
search in earlier conversations|find an answer again that I got before|find the thing we discussed
look for something we discussed earlier
"""),
        (),
        phrasings("""
In which chat did we talk about that?|I remember a chat but cannot find it.|search chats?|where did I ask about recipes
Can I search my history?|which command finds an old message|full text search?|find chat by word?|search conversations
I am looking for something that we said weeks ago.|keyword search?|is there a search for old chats
Can I find a conversation by a word in it?|search history|which conversation mentioned my dog|grep chats?
find old message|where was that thing we discussed
"""),
    ),
    Fact(
        "tektra conversations export ID",
        "writes a conversation out to keep or share, as Markdown, JSON or text",
        phrasings("""
export a conversation|export chat {ID}|export an old conversation|share a conversation
get a copy of chat {ID}|export conversation {ID}|back up a conversation|write out a chat|export an old chat
keep a copy of an old conversation|take a chat out of tektra|export the conversation {ID}|share chat {ID} with a friend
get an old chat as markdown|export a chat to markdown|back up chat {ID}|get a conversation as a text file
export {ID} as markdown|share an old chat|write conversation {ID} out|get a chat out of tektra|make a backup of my chats
convert a conversation to markdown|export a chat as JSON|export a chat as text|send a conversation to a friend
turn an old chat into markdown|take conversation {ID} out|get {ID} as markdown|back up my conversations
publish a conversation|export my chats|save an old conversation outside of tektra|make a backup of {ID}
convert chat {ID} to text|send chat {ID} to a colleague|dump a conversation|dump chat {ID}|download a conversation
download my chat history
export a conversation as json|hand an old chat to a colleague|show a chat to a colleague by exporting it
"""),
        ("`--format` chooses markdown, json or text.", "`--output FILE` writes a file."),
        phrasings("""
How do I share a chat?|export?|Can I get a conversation as markdown?|is there an export|backup of chats?
Can I send a chat to a friend?|export chat|how do I back up my conversations|markdown export?
Can conversations be exported?|chat as markdown?|I want to show an old chat to a colleague.|chat to text file?
how to get my chats out of tektra|export conversation
"""),
    ),
    Fact(
        "tektra conversations export ID --output FILE",
        "writes a conversation to that file",
        phrasings("""
export a conversation to a file|export chat {ID} to {FILE}|write an old chat to a file|save conversation {ID} as {FILE}
write conversation {ID} to {FILE}|export into a file|put an old conversation into a file|save an old chat as a file
choose the file of an export|export {ID} into {FILE}|write chat {ID} into a file|store an old conversation in a file
save chat {ID} to a file|name the file of an export|get conversation {ID} into {FILE}|write an export to {FILE}
put chat {ID} into {FILE}|store conversation {ID} in {FILE}|export an old chat to a file
have an export written to a file|send an export to a file|export a chat into a markdown file
save an old conversation to a file|write an old conversation into {FILE}|choose where an export is written
choose {FILE} for the export|set the output file of an export|use {FILE} as the output of an export
save an exported chat in a file|set the file name of an exported conversation|export chat to file
store chat {ID} in {FILE}|store an old chat as a file
"""),
        (),
        phrasings("""
Can an export go to a file?|export to file?|how do I get an old chat into a file|which flag names the export's file
old conversation as a file?|Can I choose the file of an export?|output file of export?|old chat to a file?
"""),
    ),
    Fact(
        "tektra conversations rename ID TITLE",
        "gives a conversation another title",
        phrasings("""
rename a conversation|rename chat {ID}|change the title of a chat|give a conversation another title|retitle an old chat
call a conversation something else|change the name of conversation {ID}|give chat {ID} a better title
set the title of a conversation|rename an old chat|edit the title of a chat|name a conversation
"""),
        (),
        phrasings("""
Can I rename a chat?|rename conversation?|how do I change the title of a chat|my chat has a bad title
Can a conversation have another title?|title of a chat?|retitle?
"""),
    ),
    Fact(
        "tektra conversations pin ID",
        "keeps a conversation above all others in lists",
        phrasings("""
pin a conversation|pin chat {ID}|keep a chat at the top of the list|keep conversation {ID} above all others
mark a chat as important|put a conversation at the top|have an old chat always listed first|pin an old chat
keep a conversation at hand|list chat {ID} first|stick a chat to the top
"""),
        ("`tektra conversations unpin ID` takes it back.",),
        phrasings("""
Can I pin a chat?|pin conversation?|how do I keep a chat on top of the list|favourite chats?
I need this chat again and again.|can a conversation stay at the top|pinned chats?
"""),
    ),
    Fact(
        "tektra conversations unpin ID",
        "lists a conversation by its age again",
        phrasings("""
unpin a conversation|unpin chat {ID}|no longer keep a chat at the top|take a chat from the top of the list
remove the pin of a conversation|stop pinning a chat|undo the pin of conversation {ID}
take the pin off a chat|list a pinned chat by its age again
"""),
        (),
        phrasings("""
How do I unpin a chat?|unpin?|take back a pin?|a chat is pinned that should not be|can I remove a pin
how do I get a pinned chat off the top
"""),
    ),
    Fact(
        "tektra conversations branch ID",
        "begins a new conversation with what was said in another one",
        phrasings("""
branch a conversation|branch chat {ID}|fork a conversation|fork chat {ID}|duplicate a conversation|copy a chat
begin a new chat with what was said in {ID}|make a copy of conversation {ID} to go on with
try another way from the middle of a chat|go on with a copy of an old chat|split off a chat from another
continue a chat in two directions
"""),
        ("`--at MESSAGE` takes over what was said up to that message.",),
        phrasings("""
Can I fork a chat?|branch a chat?|fork?|how do I copy a conversation|can a chat go on in two ways
I want to try another question without losing this chat.|duplicate chat?
"""),
    ),
    Fact(
        "tektra conversations rm ID",
        "deletes a conversation",
        phrasings("""
delete a conversation|remove a chat|delete chat {ID}|erase a conversation|remove conversation {ID}
get rid of an old chat|delete my old chats|throw away conversation {ID}|delete the conversation {ID}
clean up old conversations|remove an old conversation|erase chat {ID}|delete an old chat|delete a chat for good
remove my chats|erase my chat history|wipe a conversation|get rid of conversation {ID}|remove chat {ID}
throw an old conversation away|clear my chat history|delete the history|clean up my chats|wipe chat {ID}
delete a conversation forever|remove an old chat from the history|drop a conversation|erase conversation {ID}
get rid of my old conversations|destroy a conversation|trash an old chat|delete my last chat|delete conversation
discard a conversation|clear out old chats|permanently delete a conversation|trash conversation {ID}
discard chat {ID}|drop conversation {ID} for good|rm a chat|destroy chat {ID}
remove a conversation permanently|permanently remove a chat
"""),
        ("It asks first; `--yes` skips the question.",),
        phrasings("""
Can I delete a chat?|how do I erase what I wrote|conversation removal?|remove chat?
nobody should see this old chat again
I have too many old chats.|I regret a chat and want it gone.|erase history?|how do I delete my history|delete chats
Can a conversation be removed?|I no longer need an old conversation.|clean up chats?|wipe history?
how to get rid of old chats|clear my history?
"""),
    ),
    Fact(
        "tektra daemon start",
        "starts the daemon in the background",
        phrasings("""
start the daemon|run the daemon|launch the background service|bring the daemon up|start tektra in the background
start the server|turn the daemon on|start the background process|get the daemon running|boot the daemon
launch the daemon|start the service|start daemon|run the server|switch the daemon on|run tektra in the background
bring the server up|start tektrad|turn on the server|get the background service going|launch the server
run the background process|fire up the daemon|make the daemon run|switch on the background service
start the tektra service|get the server running|fire up the server|have the daemon run|boot the server
put the daemon to work|activate the daemon|start up the daemon|wake the daemon|activate the service|wake up the server
make the server run|make the daemon start|reach a daemon that is not running|get tektrad running
"""),
        ("It also starts by itself when it is needed.",),
        phrasings("""
The daemon is not running, what now?|how does the server start|the daemon is down|start server?|daemon start?
it says the daemon is unreachable|no daemon is running|Which command starts the background process?|start service
The server is down, what can I do?|daemon unreachable|cannot reach the daemon
"""),
    ),
    Fact(
        "tektra daemon stop",
        "stops the daemon",
        phrasings("""
stop the daemon|shut the daemon down|kill the server|turn the daemon off|end the background process
stop the background service|quit the daemon|stop tektra|shut tektra down|stop the server|halt the daemon
shut down the daemon|stop daemon|kill the daemon|switch the daemon off|turn off the server|end the daemon
terminate the daemon|stop the service|shut down the server|stop tektrad|close tektra completely|stop everything
switch off the background service|kill the background process|halt the server|terminate the background process
take the daemon down|stop tektra in the background|turn tektra off|end tektra completely|take the server down
deactivate the daemon|bring the daemon to an end|stop all of tektra|deactivate the background service
do a shutdown of the daemon|shutdown tektra
"""),
        ("It waits for the end; `--timeout S` says how long.",),
        phrasings("""
tektra keeps running in the background, how do I end it?|how to kill the server|daemon stop?|stop server?
Can I turn the background process off?|shutdown?|stop service|I don't want anything in the background any more.
how do I shut everything down|Which command ends the daemon?|something of tektra still runs, how do I end it
turn off tektra
"""),
    ),
    Fact(
        "tektra daemon status",
        "says whether the daemon runs and how it is",
        phrasings("""
see if the daemon is running|check the daemon|know whether the server runs|get the status of the daemon
see the daemon's state|check if the server is up|ask for the daemon status|check if the daemon is alive
see whether the service runs|find out if the daemon runs|check the status|check the background service
see the status|see if the server is up|find out whether the daemon is up|check that the daemon works
know the state of the server|show the daemon status|check whether tektra runs in the background
see if the background process is alive|print the daemon's status|know if the daemon is alive|see how the daemon is
check whether the server is alive|get the state of the background service|view the server status|daemon status
find out how long the daemon has been up|see if tektra is running|look whether the daemon runs
query the daemon's state|see the uptime of the daemon|check the uptime|view the status of the daemon
query the status|make sure the daemon is running|make sure the server is alive|test whether the daemon is up
show the status of the server|look how the daemon is|look at the daemon's status
"""),
        (),
        phrasings("""
is the daemon running?|Is the server up?|does the daemon run|status?|is tektra running in the background
state of the daemon?|How is the daemon?|is the background process alive|server status?|Is the daemon alive?|is it up
What state is the daemon in?|service running?|how long has the daemon been up|uptime?|Is the service up?
is the server still running
"""),
    ),
    Fact(
        "tektra daemon logs",
        "prints the daemon's log",
        phrasings("""
see the logs|read the daemon's log|look at the logs|find the log output|show the log|view the daemon logs
see what the daemon wrote|check the logs for errors|get the logs|read the log file|print the logs
look into the daemon log|show the logs|read the logs|see the log|view the log|see error messages of the daemon
get the log of the server|check the log|find errors in the log|show the error log|read what the daemon logged
print the daemon's log|look up errors in the log|see what the server wrote|display the log|view the server log
find out what the daemon did|see what happened in the daemon|inspect the logs|show log messages
display the daemon logs|see the error messages in the log|inspect the daemon's log|see what the daemon did
open the log|examine the log|examine the daemon's logs|open the log of the daemon
look into the logs|look into what the daemon logged
"""),
        ("`--follow` keeps printing new lines.", "`--lines N` says how many."),
        phrasings("""
where are the logs?|What did the daemon write?|logs?|is there a log|Where do I see errors of the daemon?|error log?
the daemon crashed, where can I see why|show logs|Where is the log of the server?|what happened in the daemon
Why did the daemon stop?|log file?|log output?|the server crashed, where is the log
"""),
    ),
    Fact(
        "tektra daemon logs --follow",
        "prints new lines of the log as they come",
        phrasings("""
follow the logs|watch the log live|tail the daemon's log|see new log lines as they come|stream the logs
keep watching the logs|follow the log of the daemon|tail the logs|watch the logs|see the log live
keep printing new log lines|watch what the daemon writes live|follow new lines of the log|stream the daemon's log
tail the log|see live logs|monitor the log|follow the daemon live|keep the log open|watch new lines of the log
have the log keep running|see logs in real time|monitor the logs in real time|print the log continuously
observe the log live|get a live log|follow the server log|continuously watch the logs|tail -f the log
observe the logs as they come|watch the server log in real time|get live logs
keep watching the log|keep watching what the daemon writes|continuously print the log|print new log lines continuously
"""),
        ("^C ends it.",),
        phrasings("""
Can I watch the log live?|live logs?|tail logs?|is there a live log|follow log?|log in real time?
How do I keep an eye on the log?|tail -f?|can the log be followed|streaming logs?
"""),
    ),
    Fact(
        "tektra daemon logs --lines N",
        "prints that many of the last lines of the log",
        phrasings("""
see more lines of the log|show the last {N} lines of the log|limit the number of log lines|print {N} log lines
get the last lines of the log|see only the last {N} log lines|choose how many log lines are shown
show fewer log lines|set the number of log lines|print more log lines|show {N} lines of the daemon's log
see fewer lines of the log|get more of the log|read the last {N} lines of the log|limit the log to {N} lines
set how many lines of the log are printed|see the end of the log|print only the last lines of the log
change the number of log lines|show more of the log|view the last {N} log lines|restrict the log to {N} lines
get {N} lines of the log|see older lines of the log|print the end of the log|show older log lines
restrict the number of log lines|view more lines of the daemon log|read more log lines|cut the log to the last lines
"""),
        (),
        phrasings("""
How many log lines are shown?|more log lines?|Can I see only the end of the log?|last lines of the log?
can the log show more lines|number of log lines?|the log is too long, can I see fewer lines|fewer log lines?
"""),
    ),
    Fact(
        "tektra doctor",
        "checks your installation and says what is wrong",
        phrasings("""
check my installation|find out what is wrong|diagnose a problem|fix problems with tektra|see if everything works
troubleshoot tektra|test my setup|check that all is well|debug my installation|find problems
find out why tektra does not work|verify my setup|run a health check|repair tektra|check the health of tektra
diagnose my installation|solve a problem with tektra|test the installation|do a health check|find an error in my setup
verify the installation|make tektra work again|check for problems|get a diagnosis|look for errors in my installation
see whether my setup is right|troubleshoot a problem|see what is broken|check my setup|find out what is broken
repair my installation|check that tektra is installed correctly|know if everything is ok|fix my setup
see if tektra is healthy|analyse a problem|test that everything works|mend a broken installation
check if tektra is installed correctly|mend tektra|analyse what is wrong
find out why it crashes|find out why tektra crashes
"""),
        (),
        phrasings("""
something is broken, what can I do?|Tektra does not work.|it doesn't work|is everything ok with my installation
Why does nothing work?|health check?|I get an error, what now?|doctor?|tektra is broken|nothing works, help
there is a problem with tektra|What is wrong with my setup?|diagnosis?|I have a problem|troubleshooting?
I keep getting errors|is my setup healthy|it crashes, what should I do
"""),
    ),
    Fact(
        "tektra version",
        "prints the version",
        phrasings("""
see the version|know which version I have|print the version|check the version of tektra|find the version number
get the version|show the version|see which version is installed|display the version number|find out my version
check which version I use|know the version|look up the version|see the version of the engine|print version numbers
see the installed version|tell which version this is|get the version number|show which version of tektra is installed
check the version|find out the version of the daemon|view the version|see how new my tektra is
know the version number of tektra|display the version|report the version|look up which version I run
see what release I have|check how new my tektra is|find out which release this is|tell the version
"""),
        (),
        phrasings("""
which version is this?|What version do I have?|version?|version number?|Which version of tektra am I running?
what release is installed|tektra version?|How new is my tektra?|is this the newest version|which release is this
what version are you|Which version is installed?
"""),
    ),
    Fact(
        "tektra paths",
        "shows where Tektra keeps its files",
        phrasings("""
find where tektra stores its files|see where the models are stored|find the data directory|see the paths
know in which folder everything lies|find the socket|locate the config file|find the folder of the models
see which folders tektra uses|find where things are on disk|locate tektra's files|find the database file
see the data folder|find out where models are saved|locate the models folder|get the path of the socket
find the configuration file|show all paths|know where tektra keeps its data|show the directories of tektra
find the directory with the models|see where the config file is|locate the data directory|print the paths
find out where the log file lies|know where tektra puts downloaded models|see which directories are used
locate the socket|look up the path of the database|know the path of the config file|find the cache directory
print the location of the files|see where files are stored|show the location of the models|look up tektra's folders
display the paths|get the directories|find the cache folder
display where the files are|display the folders of tektra
"""),
        (),
        phrasings("""
Where does tektra keep its files?|where is the config file|Where are models stored?|which folder has the models
where is the socket|paths?|data directory?|Where is the database?|in which folder do models land|config file where?
Where on my disk is the data?|location of the models?|which directories does tektra use|where is the cache
Where do downloaded models go?|models folder?
"""),
    ),
)

"""What the built-in model knows about Tektra beyond single commands."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Background, phrasings

ABOUT: tuple[Background, ...] = (
    Background(
        phrasings("""
What is Tektra?|tektra, what is it|Tell me about Tektra.|What does Tektra do?|Explain Tektra.
Can you explain what Tektra is?|What's this program?|what is this tool for|Describe Tektra in a sentence.
What is tektra good for?|Why should I use Tektra?|Give me a short introduction to Tektra.|what kind of program is this
Describe this program.|tektra?|What is the purpose of Tektra?|I have never heard of Tektra, what is it?
what is this software|Introduce Tektra.|Why does Tektra exist?|What have I installed here?|explain this tool to me
What can I use Tektra for?|what's tektra|Tell me what this program is.|Is Tektra a chat program?|what is this
Summarize what Tektra is.|What does this software do?|is tektra an AI
a short introduction please|Give me an introduction to this program.|in short, what is tektra?
"""),
        (
            "Tektra runs AI models on your own machine: a background daemon holds the models, and `tektra chat` talks "
            "to it.",
            "Tektra is a local AI runtime. A daemon keeps GGUF models in memory and serves your terminal and scripts.",
            "Tektra is a program that runs language models on your own computer and keeps your conversations there.",
        ),
        ("Tektra",),
    ),
    Background(
        phrasings("""
What is the daemon?|what does the daemon do|Why is there a daemon?|What is running in the background?
explain the daemon|Do I need to start the daemon myself?|does the daemon start by itself
Must I start the daemon first?|What is tektra's background process?|Is the daemon started automatically?
when does the daemon start|What is the daemon for?|daemon?|Do I have to start the server?|what is tektrad
Why does something run in the background?|Does the server start automatically?|what does daemon mean here
Is a daemon needed?|tell me about the daemon|What is the background process for?|do I need the daemon
Who starts the daemon?|Describe the daemon.|Must the server be started by hand?|why do I need a background process
Have I to start the daemon myself?|describe the background process|do I start the server myself
"""),
        (
            "The daemon is the background process that holds the models. It starts by itself when a command needs it.",
            "The daemon keeps models loaded and answers your terminals and scripts. It starts by itself.",
            "It holds the models in the background and starts by itself when it is needed.",
        ),
        ("by itself",),
    ),
    Background(
        phrasings("""
Where does the daemon listen?|Which port does tektra use?|what port is it on|How do programs reach the daemon?
Does tektra open a network port?|Is the daemon reachable from the network?|How does the client talk to the daemon?
what address does the server have|Does it listen on TCP?|Where is the API served?|which socket does it use
Can others on my network use it?|port?|Is there a port number?|Can I reach tektra from another computer?
what is the address of the daemon|localhost port?|Is it open to the network?|can other machines connect
How do clients connect to the server?|Does the server have a URL?|is it on port 8080|Which address do I use?
Is the server reachable from outside?|how do I connect from another computer|Does Tektra use HTTP over TCP?
can others reach the daemon|Is tektra reachable for others?|is the socket reachable from outside
Can someone outside connect?
"""),
        (
            "The daemon listens on a Unix socket, not on a network port. `tektra paths` shows where the socket is.",
            "It listens on a Unix socket of your own user; `tektra paths` prints its place.",
            "There is no network port: programs reach the daemon over a Unix socket. See `tektra paths`.",
        ),
        ("Unix socket",),
    ),
    Background(
        phrasings("""
Which model files does Tektra use?|what format are the models|Which model format is supported?|What is a GGUF file?
Can I use safetensors?|what kind of models can I run|Which files can I import?|what file type does it need
Does Tektra use GGUF?|What models work with tektra?|which formats can it load|Do models have to be GGUF?|what is gguf
Which model formats are there?|Is safetensors supported?|gguf?|What is the file format of a model?
can it run pytorch models|Which kinds of models work?|Do ONNX files work?|supported formats?|explain gguf
Are GGUF files supported?|what types of model files can be used|Does it load safetensors?|model format?
does pytorch work|types of model files?|Which types of models can it run?|are pytorch files ok
"""),
        (
            "Models are GGUF files. `tektra models pull REPO` downloads one, `tektra models import PATH` adds yours.",
            "Tektra runs GGUF files: quantized models in a single file.",
            "GGUF files. `tektra models import PATH` adds one that you have, `tektra models pull REPO` downloads one.",
        ),
        ("GGUF",),
    ),
    Background(
        phrasings("""
Where are my conversations stored?|where do you keep my chats|Are my chats saved?|How are conversations stored?
What database does tektra use?|do you save what I write|Are conversations kept on disk?|Where is the history saved?
Is my chat history kept?|What happens to my chats?|where is the data of my chats|Does Tektra keep old chats?
Do you store our conversation?|Is this chat being saved?|which database holds the conversations
Where is my chat history stored?|are my messages stored|Do chats survive a restart?|How is the history kept?
Will this conversation be saved?|are chats kept after I close the terminal|Where do my chats end up on disk?
Is SQLite used?|Does it store my messages?|what happens to what I write here|Are chats saved automatically?
are chats there after a restart|Do my conversations survive?|Will my chats survive when I restart?
"""),
        (
            "Your conversations are kept in an SQLite store on your own disk. `tektra conversations list` shows them.",
            "They lie in an SQLite store on this machine; `tektra paths` says where.",
            "In an SQLite store on your disk, nowhere else. `tektra conversations list` shows them all.",
        ),
        ("SQLite",),
    ),
    Background(
        phrasings("""
How do I stop an answer?|how can I interrupt you|Stop the answer, how?|How do I cancel a reply?
can I stop the model while it writes|How to interrupt the output?|what key stops the answer
The answer is too long, how do I stop it right now?|How do I abort generation?|how to cancel an answer
Which key stops the generation?|How do I make it stop talking?|stop an answer|Can I interrupt the model?
it keeps writing, how do I stop it|cancel the answer|How can I abort an answer?|interrupt?|stop writing
Which key interrupts the reply?|how do I cancel while you write|Can an answer be aborted?|abort
The model does not stop, what do I press?|what do I press to stop the output|How do I halt the reply?
how do I make you stop talking|it is talking too long, how do I stop it
"""),
        (
            "Press ^C (Ctrl and C): it stops the answer and leaves the chat open.",
            "Press Ctrl+C (^C). The answer stops, the chat stays.",
            "With ^C: it stops the answer, not the program.",
        ),
        ("^C",),
    ),
    Background(
        phrasings("""
Does Tektra have an API?|Can I use the OpenAI client?|is there an OpenAI compatible api
How do I call it from Python?|Which API does the daemon speak?|Can I use my own program with tektra?
How can programs talk to the models?|what is the api endpoint|Is there an HTTP API?
does it work with the openai library|Can other programs use the models?|How do I use Tektra from code?|api?
Can I call tektra from Python?|openai api?|Is Tektra compatible with OpenAI?|which endpoints are there|REST API?
How do I connect my app to tektra?|Can my own software use the model?|is there a python library|endpoint?
Can LangChain use Tektra?|how do I use the models in my application|What HTTP routes does it have?
Does it support the OpenAI API?
my program wants to use the models, how?|Can an application use tektra?|api for applications?
use tektra from another program
"""),
        (
            "The daemon speaks the OpenAI API over its Unix socket: `/v1/chat/completions`, for example.",
            "Yes: any OpenAI client works, over the Unix socket, with `/v1/chat/completions`.",
            "Over the Unix socket it speaks the OpenAI API, such as `/v1/chat/completions`.",
        ),
        ("OpenAI", "/v1/chat/completions"),
    ),
    Background(
        phrasings("""
Do you collect data?|Does Tektra send my data anywhere?|is there telemetry|Is my data private?|Do you phone home?
does it track me|Is anything sent to a server?|What about privacy?|Do you share what I write?|is tektra private
Does it report usage statistics?|Who can see my chats?|telemetry?|privacy?|Are my chats private?
Do you send my messages to anyone?|is my data safe|Can anybody read my conversations?|do you spy on me
Does my data leave this machine?|is usage tracked|Do you share data with a company?|is it confidential
Does tektra collect statistics?|who reads what I write here|Is what I write sent anywhere?
am I being tracked|Can anybody see my conversations?|do you track what I do|Does anybody read my chats?
"""),
        (
            "There is no telemetry. What you write stays on your machine.",
            "No telemetry: nothing that you write leaves this machine.",
            "Nothing is sent anywhere. Tektra has no telemetry and keeps your chats on your disk.",
        ),
        ("telemetry",),
    ),
    Background(
        phrasings("""
What license does Tektra have?|is tektra open source|Under which licence is it?|Is Tektra free?
What is the license?|Can I use it at work?|may I change the code|Is it free software?|which license
Does Tektra cost anything?|Am I allowed to use it commercially?|Tell me the licence.|license?|what does tektra cost
Do I have to pay?|is the code open|How much does Tektra cost?|May I use Tektra in a company?|is there a price
Can I modify the source code?|is it open source software|Do I need to buy a license?|what is the price of tektra
Is it free of charge?|can I sell something built on tektra|May I share Tektra with others?
may my company use it|free of charge?|is there a charge|Can a company use Tektra?
"""),
        (
            "Tektra is free software under the Apache-2.0 license.",
            "It is licensed under Apache-2.0, so you may use and change it freely.",
            "Apache-2.0: free to use, change and share.",
        ),
        ("Apache-2.0",),
    ),
    Background(
        phrasings("""
How do I get JSON from a command?|does every command have json|Can commands print JSON?|How do I use tektra in scripts?
How do I parse the output?|is there machine readable output for all commands|Which commands support --json?
how to script tektra|Can I get JSON output?|What is the flag for JSON?|how do I get output for a script
Is there a json flag?|json?|Can I use tektra in a shell script?|script with JSON|machine readable output?
How do I get JSON instead of tables?|json output|which commands can print json|How can a script read the output?
Do all commands have a JSON form?|output for scripts?|I want to parse the output with jq.|scripting?
Is there structured output?|how do scripts use tektra
is scripting possible|scripting with tektra|tektra in scripts?
"""),
        (
            "Every command takes `--json` and then prints one JSON document, for example `tektra models list --json`.",
            "Add `--json`: every command takes it. For example `tektra models ps --json`.",
            "Use `--json`, which every command takes: `tektra conversations list --json`, for instance.",
        ),
        ("--json",),
    ),
    Background(
        phrasings("""
Which commands are there?|What commands does Tektra have?|list all commands|What can tektra do on the command line?
Show me the commands.|give me an overview of the commands|What are the main commands?|help|how do I use tektra
Which commands can I use?|I am new here, how do I start?|how does tektra work|commands?|How do I begin?
I am a beginner, where do I start?|all commands?|what do I do first|Getting started?|list of commands
How do I get started with Tektra?|show all tektra commands|What should I try first?|I'm new to tektra
Give me a tour of the commands.|how do I use this|help me get started|usage?|tektra help
What can I type?|teach me how to use tektra
an overview please|teach me the commands|getting started with tektra|Is there an overview of commands?
teach me the basics
"""),
        (
            "The main ones: `tektra chat` to talk, `tektra models list` for models, `tektra conversations list` for "
            "old chats, `tektra daemon status` for the background process. `tektra --help` shows all.",
            "Start with `tektra chat`. `tektra models list` shows your models, `tektra models pull REPO` downloads "
            "one, and `tektra --help` lists all commands.",
            "`tektra chat` talks, `tektra models pull REPO` gets a model, `tektra doctor` checks the installation. "
            "`tektra --help` lists everything.",
        ),
        ("tektra --help", "tektra chat"),
    ),
    Background(
        phrasings("""
How do I get help on one command?|Is there help for a command?|see the flags of a command|which options does it have
How do I see all options of a command?|What flags does a command have?|explain the options of a command
where is the manual|Is there a man page?|How do I learn the flags?|documentation?|which flags are there
Where do I find the documentation?|show me the options|How do I see the help text?|options?|flags?|manual?
Is there a help flag?|how do I look up an option|list the flags of a command|Where can I read about the flags?
help for one command?|show the help of a command|man page?|How do I find out what a command takes?
"""),
        (
            "Add `--help` to any command, for example `tektra models pull --help`.",
            "Every command has `--help`, such as `tektra chat --help`.",
            "`--help` after a command shows its options: `tektra conversations export --help`, for instance.",
        ),
        ("--help",),
    ),
    Background(
        phrasings("""
How do I change the configuration?|Where do I set config values?|which settings are there|config?
How do I configure Tektra?|change a setting|Can I edit the settings?|configuration?|set the log level
How do I set the number of threads?|change the default context for all models|which environment variables are there
How do I set a config value?|settings?|limit the memory tektra may use|Where are the settings?
how to configure the daemon
set the memory budget|Which settings can I change?|change config|Can I use environment variables?|edit the config
How do I change the number of slots?|where do I put settings|Is there a config command?|environment variables?
set TEKTRA variables|How do I make the daemon use fewer threads?|options of the daemon?|see config values
How do I see the settings?
how do I change one setting|a budget for memory?|where do I change a setting|memory budget?
"""),
        (
            "Settings stand in `config.toml`, whose place `tektra paths` shows, or in `TEKTRA_` variables. Restart the "
            "daemon afterwards.",
            "Edit `config.toml` (`tektra paths` says where) and restart the daemon; a `TEKTRA_` variable wins over it.",
            "The daemon reads `config.toml` once at its start; `tektra paths` shows where the file is.",
        ),
        ("config.toml", "tektra paths"),
        ("config", "settings"),
    ),
    Background(
        phrasings("""
How do I set the default model?|Which model is used when I name none?|change the default model|default model?
Can I make another model the default?|make my model the default|How do I always use the same model?
set a default model|What is the default model?|use a model by default|I want another model every time
Which model answers by default?|how do I change which model is the default|Can I set my favourite model for good?
make a downloaded model the standard|standard model?|always use the bigger model|Which model do you use normally?
choose the model for all chats|set the standard model|How do I stop typing the model every time?
permanently switch to another model|which one is the default model|use the larger model by default
What model answers normally?|which model is normally used|make a larger model answer always
which one answers when I name none
"""),
        (
            "Set `default_model` in `config.toml`; unset, the built-in model answers. `tektra paths` shows the file.",
            "Write `default_model` into `config.toml` and restart the daemon. Without it the built-in model answers.",
            "The setting is `default_model` in `config.toml`; for a single chat use `tektra chat --model NAME`.",
        ),
        ("default_model", "config.toml"),
    ),
    Background(
        phrasings("""
How do I get completions in my shell?|Does tab completion work?|completions?|install the bash completion
How do I turn on shell completion?|zsh completion|Is there completion for fish?|tab completion?
Can the shell complete commands?|set up completions for zsh|complete model names with tab|bash completion
How do I install completions?|fish completions?|enable autocompletion|Where are the completion scripts?
autocomplete?|Can I complete commands with tab?|enable tab completion|shell completion?|zsh completions
my tab key completes nothing|how do I enable autocomplete in bash|which shells have completions
Which shells are supported for completion?|shells with completion?|completions for which shells?
"""),
        (
            "The folder `completions/` of Tektra's source holds scripts for bash, zsh and fish: load yours in your "
            "shell's start file.",
            "There are completion scripts for bash, zsh and fish in the source folder `completions/`.",
            "Source the script for your shell from `completions/`: bash, zsh and fish are there.",
        ),
        ("completions/", "bash, zsh and fish"),
        ("completion", "completions"),
    ),
    Background(
        phrasings("""
How do I install Tektra?|installation?|How can I update Tektra?|upgrade tektra|how do I install it on another computer
What does Tektra need?|Which Python does it need?|system requirements?|install tektra|How do I get a newer Tektra?
update?|Is there an installer?|What are the requirements?|install it on my laptop|which python version is required
How is Tektra installed?|requirements?|How do I set up Tektra on a new machine?|upgrade?|update tektra
Do I need Python?|how to install|Can I install it with pip?|set up tektra on my server
set tektra up on a machine|is there an installer for tektra|install it on a server
new machine, how do I install tektra?
"""),
        (
            "It needs Python 3.11 or newer and a C++ compiler. In its source folder: `pip install .`.",
            "With Python 3.11 or newer: run `pip install .` in the source folder, for a new version too.",
            "`pip install .` in the source folder installs or updates it. Python 3.11 or newer is needed.",
        ),
        ("pip install .", "Python 3.11"),
        ("update", "upgrade", "install"),
    ),
    Background(
        phrasings("""
How do I pipe text into tektra?|Can I use a pipe?|pipe?|read the prompt from standard input|does it read stdin
How do I send a command's output to the model?|stdin?|Can I pipe a file into it?|pipe the git diff to the model
use tektra in a pipe|How do I feed text from another command?|can I redirect a file into the prompt
pass stdin to the model|Is piping possible?|send the output of a program to the model|pipes?|standard input?
How do I summarize the output of a command?|redirect input?|let it read from a pipe|pipe text to tektra
Can tektra read from a pipe?|combine git with tektra|feed the output of ls to the model
summarize a command's output|can it summarize what a command prints|send the output of commands to a model
"""),
        (
            'Pipe it in: `git diff | tektra chat "Write a commit message"`. The text joins the prompt.',
            'A pipe joins the prompt, for example `cat notes.txt | tektra chat "Summarize this"`.',
            'Yes, text from a pipe joins the prompt: `ls | tektra chat "Explain this"`.',
        ),
        ("| tektra chat",),
    ),
    Background(
        phrasings("""
Which exit codes are there?|What does exit code 3 mean?|exit codes?|how does a script know that it failed
Does tektra return exit codes?|what is the exit status|exit code of a command?|list the exit codes
How do I detect errors in a script?|What does exit status 4 mean?|return codes?|which code means not found
can I rely on the exit code|exit code 6?|How do I check for success in a script?|return code 7?
what is the return value of a command|Which exit code means busy?|explain the exit codes|exit status?
how do scripts notice an error|error codes?|What does code 5 mean?|which return code means a timeout
what exit code means a timeout|exit code for not found?|What means exit code 7?|which code means success
timeout exit code?
"""),
        (
            "Exit codes: 0 ok, 1 failure, 2 usage, 3 daemon unreachable, 4 not found, 5 denied, 6 busy, 7 timeout.",
            "0 ok, 1 failure, 2 wrong usage, 3 daemon unreachable, 4 not found, 5 denied, 6 busy, 7 timeout.",
        ),
        ("3 daemon unreachable", "6 busy"),
    ),
    Background(
        phrasings("""
How do I write several lines in the chat?|new line in the chat?|Can I type more than one line?|multiline input
How do I enter a line break?|which key makes a new line|paste several lines into the chat|multi-line message?
Enter sends my message, how do I get a new line?|line break?|write a message with several lines|multiline?
How can a message have more than one line?|insert a newline|what key begins a new line|break the line in a message
Can I write paragraphs in the chat?|newline?|enter a long message with line breaks|several lines?
type a multi-line prompt in the chat|how to add a line break|begin a new line without sending|new line key
which key is for a new line|what makes a line break|Which key makes a line break?
"""),
        (
            "Alt-Enter or Ctrl-J begins a new line in the chat.",
            "Press Alt-Enter (or Ctrl-J) for a new line; a backslash at the end of a line does too.",
            "With Alt-Enter or Ctrl-J; Enter alone sends the message.",
        ),
        ("Alt-Enter", "Ctrl-J"),
    ),
    Background(
        phrasings("""
How do I restart the daemon?|restart tektra|restart?|reboot the server|How do I make the daemon read its config again?
restart the background service|reload the configuration|Can I restart the server?|stop and start the daemon again
how to restart the daemon|reload the daemon|relaunch the daemon|The daemon hangs, can I restart it?|restart server
I changed the config, how does the daemon notice?|start the daemon anew|reboot the daemon|reload?|daemon restart
How do I apply a changed setting?|relaunch the server|apply new settings|restart the service|Can the config be reloaded?
is the config reloaded on restart|restart the background process|How is a changed config reloaded?
"""),
        (
            "Run `tektra daemon stop` and then `tektra daemon start`.",
            "With `tektra daemon stop`, then `tektra daemon start`.",
            "First `tektra daemon stop`, then `tektra daemon start`.",
        ),
        ("tektra daemon stop", "tektra daemon start"),
    ),
    Background(
        phrasings("""
Do I need the internet?|does tektra work offline|Can I use Tektra without internet?|Is a connection required?
does tektra need a network|Is Tektra a cloud service?|Does it need wifi?|can tektra run on a plane
Is the model on my machine?|Do I need a network connection?|when does tektra use the network|is internet needed
Does tektra run in the cloud?|Will it work without a connection?|which commands need the internet|offline use?
Does Tektra run locally?|Can I use it without wifi?|is everything local|Is it a local program?|internet required?
Can tektra work without a network?|is this a cloud program|local or cloud?
is it a service in the cloud|is a network needed|Is tektra an online service?|is wifi needed
"""),
        (
            "No internet is needed: everything runs on your own machine. Only `tektra models pull` fetches something.",
            "Everything runs locally, offline. Only downloading with `tektra models pull` uses the network.",
            "It runs offline on your computer. Only pulling a model with `tektra models pull` needs a connection.",
        ),
        ("tektra models pull",),
    ),
)

"""What the built-in model knows about Tektra's commands: the only place where its training data names one.

A contract test compares every command and flag in this table with the real command tree, so a command that changes
must be changed here, and the model trained again. Upper-case words (NAME, PATH ...) are slots: a purpose that holds
the slot in braces gives its value to the command in the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tektra_models.starter.corpus import values


@dataclass(frozen=True)
class Fact:
    """One command (or command with a flag), what it does, and how people ask for it."""

    command: str
    does: str
    purposes: tuple[str, ...]
    also: tuple[str, ...] = ()


SLOTS: dict[str, Callable[[Random], str]] = {
    "NAME": values.model_name,
    "REPO": values.repository,
    "PATH": values.gguf_path,
    "FILE": values.path,
    "ID": values.identifier,
    "WORDS": values.word,
    "SEED": values.integer,
    "N": values.small,
}

PULL_EXAMPLE = "tektra models pull Qwen/Qwen2.5-0.5B-Instruct-GGUF"

FACTS: tuple[Fact, ...] = (
    Fact("tektra chat", "opens a chat in the terminal", (
        "start a chat", "talk to a model", "chat with you", "open a conversation in the terminal", "begin chatting",
        "start chatting", "chat", "have a conversation", "use the interactive chat", "speak with the model",
        "start a new chat", "open the chat"),
        ("Leave it with `/exit`.", "Type `/help` inside for the chat's own commands.")),
    Fact('tektra chat "PROMPT"', "asks one question, prints the answer and ends", (
        "ask a single question", "ask just one question", "get one answer and exit", "ask something without the interactive chat",
        "use tektra for a one-shot question", "ask a quick question from the shell", "run one prompt", "send a single prompt",
        "get one answer in a script", "ask one thing and leave", "do a one-shot prompt", "answer one prompt and stop"),
        ("Text from a pipe joins the prompt.",)),
    Fact("tektra chat --continue", "goes on with your latest conversation", (
        "continue the last conversation", "continue my last chat", "go on with the previous conversation", "resume my chat",
        "pick up where I left off", "carry on with the latest chat", "continue where we stopped", "resume the last conversation",
        "go back to my last chat", "keep talking in the same conversation", "continue a conversation",
        "return to the previous chat"), ("The short form is `-c`.",)),
    Fact("tektra chat --conversation ID", "goes on with the conversation of that id", (
        "continue a certain conversation", "open the conversation {ID} again", "continue conversation {ID}", "resume chat {ID}",
        "go on with an older conversation", "return to conversation {ID}", "pick an old conversation to continue",
        "continue an old chat by its id", "reopen chat {ID}", "reopen an older chat", "go back to conversation {ID}",
        "resume a specific conversation"), ("`tektra conversations list` shows the ids.",)),
    Fact("tektra chat --model NAME", "chats with the model of that name", (
        "choose another model", "chat with the model {NAME}", "use {NAME} for the chat", "select a model", "use a different model",
        "talk to {NAME}", "switch models", "pick the model for a chat", "run a chat on {NAME}", "chat with a different model",
        "say which model answers", "start a chat with {NAME}"), ("The short form is `-m`.", "Inside a chat, `/model NAME` does the same.")),
    Fact("tektra chat --system TEXT", "sets the system prompt of the chat", (
        "set a system prompt", "give the model a system prompt", "change the system message", "tell the model how to behave",
        "use my own system prompt", "set the system text", "give the chat instructions", "write a system message",
        "define the role of the model", "use a custom system prompt", "add a system prompt", "pass a system prompt"),
        ("The short form is `-s`.",)),
    Fact("tektra chat --file FILE", "adds a file to the prompt", (
        "add a file to the prompt", "ask about a file", "give the model a file", "attach {FILE}", "send {FILE} to the model",
        "include a file in my question", "attach a file", "put {FILE} into the prompt", "chat about {FILE}",
        "show a file to the model", "pass a file to the chat", "use {FILE} in a chat"), ("The short form is `-f`.",)),
    Fact("tektra chat --json", "prints one JSON document instead of text", (
        "get the answer as JSON", "have JSON output", "print the chat's answer as json", "use the answer in a script as JSON",
        "get machine readable output", "get json from tektra chat", "script with JSON", "make chat print json",
        "parse the answer in a script", "get a JSON document from the chat", "receive the reply as JSON",
        "use chat from a script"), ("Every command takes `--json`.",)),
    Fact("tektra chat --jsonl", "streams typed events, one JSON object a line", (
        "stream events as JSON lines", "get JSON lines", "read the answer as a stream of events", "get a jsonl stream",
        "process tokens in a script as they come", "stream the answer into a script", "have one event per line",
        "get streaming JSON", "see the typed events", "receive each delta as JSON", "follow the stream as json lines",
        "get events line by line")),
    Fact("tektra chat --no-stream", "prints the answer only when it is whole", (
        "turn streaming off", "disable streaming", "wait for the whole answer", "get the answer in one piece",
        "stop the streaming of words", "print the answer at once", "switch off streaming", "not stream the answer",
        "have the complete answer at the end", "avoid streaming", "get the reply without streaming", "show the answer only when finished")),
    Fact("tektra chat --temperature N", "sets how freely the model chooses its words", (
        "make answers more random", "set the temperature", "change the temperature", "make the model more creative",
        "make answers less random", "lower the temperature", "get more varied answers", "raise the temperature",
        "control randomness", "use another temperature", "adjust the temperature", "make the model more careful"),
        ("0 means always the likeliest word.", "`--top-p`, `--top-k` and `--min-p` limit the choice too.")),
    Fact("tektra chat --top-p N", "keeps only the likeliest words up to that share", (
        "set top p", "use nucleus sampling", "change top-p", "limit the choice of words by probability", "set top_p",
        "adjust top-p")),
    Fact("tektra chat --top-k N", "chooses only among that many likeliest words", (
        "set top k", "limit the choice to the {N} likeliest words", "change top-k", "sample from the best {N} tokens", "set top_k",
        "adjust top-k")),
    Fact("tektra chat --min-p N", "drops words that are too unlikely", (
        "set min p", "use min-p sampling", "change min-p", "drop unlikely words", "set min_p", "adjust min-p")),
    Fact("tektra chat --seed SEED", "makes an answer repeatable", (
        "get the same answer again", "set a seed", "make answers repeatable", "set the seed to {SEED}", "use seed {SEED}",
        "fix the random seed", "get reproducible answers", "use a fixed seed", "repeat exactly the same answer",
        "make the sampling deterministic", "choose the random seed", "run with seed {SEED}")),
    Fact("tektra chat --max-tokens N", "limits the length of an answer", (
        "limit the length of the answer", "get shorter answers", "set the maximum number of tokens", "stop after {N} tokens",
        "cap the answer at {N} tokens", "limit the tokens", "make answers shorter", "set max tokens", "allow only {N} tokens",
        "limit the output to {N} tokens", "bound the answer's length", "set a token limit")),
    Fact("tektra chat --stop WORDS", "ends the answer before that text", (
        "stop at a certain word", "set a stop word", "end the answer at {WORDS}", "use stop sequences", "stop before {WORDS}",
        "set a stop sequence", "end generation at a text", "make the model stop at {WORDS}", "use a stop string",
        "cut the answer at a word", "add a stop text", "stop the output at {WORDS}")),
    Fact("/help", "lists the commands inside the chat", (
        "see the chat commands", "get help inside the chat", "list the slash commands", "see what I can type in the chat",
        "find the commands of the chat", "show the slash commands")),
    Fact("/model", "shows or changes the model inside the chat", (
        "change the model inside the chat", "switch the model in the middle of a chat", "see which model is answering",
        "swap models without leaving the chat", "change models during a conversation", "use another model in this chat")),
    Fact("/save", "saves the conversation to a file from inside the chat", (
        "save this chat", "save the conversation while chatting", "write this chat to a file", "keep a copy of this chat",
        "save what we said", "store this chat in a file")),
    Fact("/new", "begins a new conversation inside the chat", (
        "begin anew inside the chat", "clear the chat", "start over in the chat", "start a fresh conversation without leaving",
        "forget what we said and begin again", "get an empty conversation in this chat")),
    Fact("/system", "shows or changes the system prompt inside the chat", (
        "change the system prompt inside the chat", "see the system prompt in the chat", "set the system prompt while chatting",
        "edit the system prompt during a chat", "show the current system prompt", "replace the system prompt in this chat")),
    Fact("/retry", "asks for the last answer once more", (
        "get another answer", "try the last question again", "regenerate the answer", "repeat the last answer", "have a second try",
        "retry the last message")),
    Fact("/exit", "leaves the chat", (
        "leave the chat", "quit the chat", "exit", "close the chat", "get out of the chat", "end the chat")),
    Fact("tektra models list", "lists the models on your disk", (
        "list my models", "see which models I have", "show the installed models", "see all models", "find out what models are here",
        "list the available models", "view my models", "know which models are on disk", "get a list of models", "show my local models",
        "see the models I downloaded", "check which models are installed")),
    Fact("tektra models show NAME", "shows the facts of one model: size, context, quantization", (
        "see the details of a model", "show the model {NAME}", "get information about {NAME}", "look at a model's details",
        "find the context size of {NAME}", "inspect {NAME}", "see how big a model is", "see the quantization of a model",
        "get details about {NAME}", "learn more about a model", "read a model's header", "show details of the model {NAME}")),
    Fact("tektra models import PATH", "adds a GGUF file that you already have", (
        "import a model file", "add {PATH}", "use a GGUF file I already have", "import {PATH}", "add my own gguf file",
        "register the file {PATH}", "add a local model", "bring in a model from disk", "use {PATH} with tektra",
        "load a gguf from a folder into tektra", "install a model from a file", "make {PATH} known to tektra"),
        ("It links the file; `--copy` copies it.", "`--name N` gives it another name.")),
    Fact("tektra models import PATH --copy", "adds a GGUF file as a copy instead of a link", (
        "copy a model file while importing", "import {PATH} as a copy", "import a model without linking",
        "copy {PATH} into tektra", "keep tektra's own copy of a gguf file", "import by copying instead of linking")),
    Fact("tektra models import PATH --name N", "adds a GGUF file under a name of your choice", (
        "import a model under another name", "choose the name of an imported model", "give an imported file a name",
        "name a model while importing it", "import {PATH} under a different name", "pick a name for an imported gguf")),
    Fact("tektra models rm NAME", "removes a model", (
        "remove a model", "delete a model", "delete {NAME}", "get rid of the model {NAME}", "remove {NAME}", "uninstall a model",
        "free disk space by deleting a model", "erase the model {NAME}", "throw away a model", "delete an old model",
        "remove a model from disk", "uninstall {NAME}")),
    Fact("tektra models load NAME", "loads a model into memory before it is needed", (
        "load a model", "load {NAME}", "load {NAME} into memory", "get a model ready in advance", "warm up {NAME}",
        "put a model into memory", "preload {NAME}", "keep a model loaded", "make {NAME} ready", "have a model in memory beforehand",
        "warm up a model", "preload a model"), ("`--context N` sets its context, `--keep-alive D` how long it stays.",)),
    Fact("tektra models load NAME --context N", "loads a model with a context of that many tokens", (
        "set the context size", "use a larger context", "load a model with more context", "change the context length",
        "load {NAME} with a smaller context", "choose the context window", "get a bigger context window", "set the context of {NAME}",
        "give {NAME} a longer context", "adjust the context length", "make the context larger", "load with a different context")),
    Fact("tektra models load NAME --keep-alive D", "keeps a loaded model in memory for that long", (
        "keep a model in memory longer", "set the keep alive time", "keep {NAME} loaded for an hour", "stop a model from being unloaded",
        "change how long a model stays loaded", "set how long {NAME} stays in memory"), ("D is a duration such as `30m`.",)),
    Fact("tektra models unload NAME", "takes a model out of memory", (
        "unload a model", "free memory", "unload {NAME}", "take {NAME} out of memory", "free the memory of a model", "release RAM",
        "stop a loaded model", "get memory back", "stop {NAME}", "remove a model from memory", "free up RAM", "make room in memory"),
        ("`tektra models ps` shows what is loaded.",)),
    Fact("tektra models ps", "shows which models are loaded now and how much memory they take", (
        "see which models are loaded", "see what is running", "show the loaded models", "check the memory used by models",
        "know what is in memory", "list running models", "find out which model uses my memory", "see the models in memory",
        "check what is loaded", "view the active models", "see how much memory a model takes", "check which models are running")),
    Fact("tektra models pull REPO", "downloads a model from a hub", (
        "download a model", "get a larger model", "pull a model", "download {REPO}", "pull {REPO}", "get a better model",
        "install a bigger model", "get {REPO}", "fetch a model from the hub", "install a new model", "add a stronger model",
        "get a smarter model", "get a model from Hugging Face", "download a new model", "install {REPO}", "fetch {REPO}",
        "upgrade to a larger model", "pull a larger model"),
        (f"For example: `{PULL_EXAMPLE}`.", "A broken download goes on where it stopped.")),
    Fact("tektra conversations list", "lists your conversations", (
        "list my conversations", "see my old chats", "show all conversations", "see past conversations", "find my old chats",
        "view the chat history", "look at previous conversations", "get a list of chats", "see the history", "show my saved chats",
        "list the old chats", "see all my chats")),
    Fact("tektra conversations show ID", "prints one conversation", (
        "read an old conversation", "show conversation {ID}", "see the chat {ID}", "print a conversation", "view an old chat",
        "read the conversation {ID}", "look into conversation {ID}", "display a saved chat", "open an old chat for reading",
        "see what we said in {ID}", "read a chat again", "print conversation {ID}")),
    Fact("tektra conversations search WORDS", "searches the text of all your conversations", (
        "search my chats", "search old conversations", "find the chat about {WORDS}", "search for {WORDS} in my conversations",
        "look for a word in my chats", "find a conversation about {WORDS}", "search the history", "find where we talked about {WORDS}",
        "look for {WORDS} in old chats", "find an old chat by its text", "find {WORDS} in my history", "do a full text search in chats")),
    Fact("tektra conversations export ID", "writes a conversation out to keep or share", (
        "export a conversation", "export chat {ID}", "save an old conversation to a file", "share a conversation", "get a copy of chat {ID}",
        "export conversation {ID}", "back up a conversation", "write out a chat", "export an old chat", "keep a copy of a conversation",
        "take a chat out of tektra", "export the conversation {ID}")),
    Fact("tektra conversations rm ID", "deletes a conversation", (
        "delete a conversation", "remove a chat", "delete chat {ID}", "erase a conversation", "remove conversation {ID}",
        "get rid of an old chat", "delete my old chats", "throw away conversation {ID}", "delete the conversation {ID}",
        "clean up old conversations", "remove an old conversation", "erase chat {ID}")),
    Fact("tektra daemon start", "starts the daemon in the background", (
        "start the daemon", "run the daemon", "launch the background service", "bring the daemon up", "start tektra in the background",
        "start the server", "turn the daemon on", "start the background process", "get the daemon running", "boot the daemon",
        "launch the daemon", "start the service"), ("It also starts by itself when it is needed.",)),
    Fact("tektra daemon stop", "stops the daemon", (
        "stop the daemon", "shut the daemon down", "kill the server", "turn the daemon off", "end the background process",
        "stop the background service", "quit the daemon", "stop tektra", "shut tektra down", "stop the server",
        "halt the daemon", "shut down the daemon")),
    Fact("tektra daemon status", "says whether the daemon runs, and how it is", (
        "see if the daemon is running", "check the daemon", "get the daemon's status", "know if tektra is running",
        "check whether the server is up", "see the state of the daemon", "ask for the daemon status", "check if the daemon is alive",
        "see whether the service runs", "find out if the daemon runs", "check the status", "check the background service")),
    Fact("tektra daemon logs", "prints the daemon's log", (
        "see the logs", "read the daemon's log", "look at the logs", "find the log output", "show the log", "view the daemon logs",
        "see what the daemon wrote", "check the logs for errors", "get the logs", "read the log file", "print the logs",
        "look into the daemon log"), ("`--follow` keeps printing new lines.",)),
    Fact("tektra daemon logs --follow", "prints new lines of the log as they come", (
        "follow the logs", "watch the log live", "tail the daemon's log", "see new log lines as they come", "stream the logs",
        "keep watching the logs")),
    Fact("tektra doctor", "checks your installation and says what is wrong", (
        "check my installation", "find out what is wrong", "diagnose a problem", "fix problems with tektra", "see if everything works",
        "troubleshoot tektra", "test my setup", "check that all is well", "debug my installation", "find problems",
        "find out why tektra does not work", "verify my setup")),
    Fact("tektra version", "prints the version", (
        "see the version", "know which version I have", "print the version", "check the version of tektra", "find the version number",
        "get the version")),
    Fact("tektra paths", "shows where Tektra keeps its files", (
        "find where tektra stores its files", "see where the models are stored", "find the data directory", "see the paths",
        "know where my conversations are kept", "find the socket", "locate the config file", "find the folder of the models",
        "see which folders tektra uses", "find where things are on disk", "locate tektra's files", "find the database file")),
)


@dataclass(frozen=True)
class Background:
    """Something about Tektra that is no command: how people ask, and what is true."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    facts: tuple[str, ...] = ()


BACKGROUND: tuple[Background, ...] = (
    Background((
        "What is Tektra?", "what is tektra", "Tell me about Tektra.", "What does Tektra do?", "Explain Tektra.",
        "Can you explain what Tektra is?", "What's this program?", "what is this tool for", "Describe Tektra in a sentence.",
        "What is tektra good for?", "Why should I use Tektra?", "Give me a short introduction to Tektra."), (
        "Tektra runs AI models on your own machine: a background daemon holds the models, and `tektra chat` talks to it.",
        "Tektra is a local AI runtime. A daemon keeps GGUF models in memory and serves your terminal and scripts over a Unix socket.",
        "Tektra is a program that runs language models on your own computer and keeps your conversations there too."), ("Tektra",)),
    Background((
        "What is the daemon?", "what does the daemon do", "Why is there a daemon?", "What is running in the background?",
        "explain the daemon", "Do I need to start the daemon myself?", "does the daemon start by itself",
        "Must I start the daemon first?", "What is tektra's background process?", "Is the daemon started automatically?",
        "when does the daemon start", "What is the daemon for?"), (
        "The daemon is the background process that holds the models. It starts by itself when a command needs it.",
        "The daemon keeps models loaded and answers your terminals and scripts. You need not start it: it starts by itself.",
        "It holds the models in the background and listens on a Unix socket. It starts by itself when it is needed."), ("by itself",)),
    Background((
        "Where does the daemon listen?", "Which port does tektra use?", "what port is it on", "How do programs reach the daemon?",
        "Does tektra open a network port?", "Is the daemon reachable from the network?", "How does the client talk to the daemon?",
        "what address does the server have", "Does it listen on TCP?", "Where is the API served?", "which socket does it use",
        "Can others on my network use it?"), (
        "The daemon listens on a Unix socket, not on a network port. `tektra paths` shows where the socket is.",
        "It listens on a Unix socket of your own user; `tektra paths` prints its place.",
        "There is no network port: programs reach the daemon over a Unix socket. See `tektra paths`."), ("Unix socket",)),
    Background((
        "Which model files does Tektra use?", "what format are the models", "Which model format is supported?", "What is a GGUF file?",
        "Can I use safetensors?", "what kind of models can I run", "Which files can I import?", "what file type does it need",
        "Does Tektra use GGUF?", "What models work with tektra?", "which formats can it load", "Do models have to be GGUF?"), (
        "Models are GGUF files. Get one with `tektra models pull REPO` or add your own with `tektra models import PATH`.",
        "Tektra runs GGUF files: quantized models in a single file.",
        "GGUF files. `tektra models import PATH` adds one that you have, `tektra models pull REPO` downloads one."), ("GGUF",)),
    Background((
        "Where are my conversations stored?", "where do you keep my chats", "Are my chats saved?", "How are conversations stored?",
        "What database does tektra use?", "do you save what I write", "Are conversations kept on disk?", "Where is the history saved?",
        "Is my chat history kept?", "What happens to my chats?", "where is the data of my chats", "Does Tektra remember old chats?"), (
        "Your conversations are kept in an SQLite store on your own disk. `tektra conversations list` shows them.",
        "They lie in an SQLite store on this machine; `tektra paths` says where.",
        "In an SQLite store on your disk, nowhere else. `tektra conversations list` shows them all."), ("SQLite",)),
    Background((
        "How do I stop an answer?", "how can I interrupt you", "Stop the answer, how?", "How do I cancel a reply?",
        "can I stop the model while it writes", "How to interrupt the output?", "what key stops the answer",
        "The answer is too long, how do I stop it?", "How do I abort generation?", "how to cancel an answer",
        "Which key stops the generation?", "How do I make it stop talking?"), (
        "Press ^C (Ctrl and C): it stops the answer and leaves the chat open.",
        "Press Ctrl+C (^C). The answer stops, the chat stays.",
        "With ^C: it stops the answer, not the program."), ("^C",)),
    Background((
        "Does Tektra have an API?", "Can I use the OpenAI client?", "is there an OpenAI compatible api", "How do I call it from Python?",
        "Which API does the daemon speak?", "Can I use my own program with tektra?", "How can scripts talk to the models?",
        "what is the api endpoint", "Is there an HTTP API?", "does it work with the openai library", "Can other programs use the models?",
        "How do I use Tektra from code?"), (
        "The daemon speaks the OpenAI API over its Unix socket: `/v1/chat/completions`, for example.",
        "Yes: any OpenAI client works, over the Unix socket, with `/v1/chat/completions`.",
        "Over the Unix socket it speaks the OpenAI API, such as `/v1/chat/completions`. For scripts, `tektra chat --json` works too."),
        ("OpenAI", "/v1/chat/completions")),
    Background((
        "Do you collect data?", "Does Tektra send my data anywhere?", "is there telemetry", "Is my data private?", "Do you phone home?",
        "does it track me", "Is anything sent to a server?", "What about privacy?", "Do you share what I write?", "is tektra private",
        "Does it report usage statistics?", "Who can see my chats?"), (
        "There is no telemetry. What you write stays on your machine.",
        "No telemetry: nothing that you write leaves this machine.",
        "Nothing is sent anywhere. Tektra has no telemetry and keeps your chats on your disk."), ("telemetry",)),
    Background((
        "What license does Tektra have?", "is tektra open source", "Under which licence is it?", "Is Tektra free?", "What is the license?",
        "Can I use it at work?", "may I change the code", "Is it free software?", "which license", "Does Tektra cost anything?",
        "Am I allowed to use it commercially?", "Tell me the licence."), (
        "Tektra is free software under the Apache-2.0 license.",
        "It is licensed under Apache-2.0, so you may use and change it freely.",
        "Apache-2.0: free to use, change and share."), ("Apache-2.0",)),
    Background((
        "Do I need the internet?", "does tektra work offline", "Can I use Tektra without internet?", "Is a connection required?",
        "Do you run locally?", "are you running on my computer", "Where do you run?", "Is this running in the cloud?",
        "Are you a cloud service?", "do you need a network connection", "Do you work offline?", "Is the model on my machine?"), (
        "I run on your own machine and need no internet. Only `tektra models pull` fetches something.",
        "Everything runs locally. The network is needed only for downloading models with `tektra models pull`.",
        "I run here on your computer, offline. Only pulling a model needs a connection."), ()),
    Background((
        "How do I get JSON from a command?", "does every command have json", "Can commands print JSON?", "How do I use tektra in scripts?",
        "How do I parse the output?", "is there machine readable output for all commands", "Which commands support --json?",
        "how to script tektra", "Can I get JSON output?", "What is the flag for JSON?", "how do I get output for a script",
        "Is there a json flag?"), (
        "Every command takes `--json` and then prints one JSON document, for example `tektra models list --json`.",
        "Add `--json`: every command takes it. For example `tektra models ps --json`.",
        "Use `--json`, which every command takes: `tektra conversations list --json`, for instance."), ("--json",)),
    Background((
        "Which commands are there?", "What commands does Tektra have?", "list all commands", "What can tektra do on the command line?",
        "Show me the commands.", "give me an overview of the commands", "What are the main commands?", "help", "how do I use tektra",
        "Which commands can I use?", "I am new here, how do I start?", "how does tektra work"), (
        "The main ones: `tektra chat` to talk, `tektra models` for models, `tektra conversations` for old chats, `tektra daemon` for the "
        "background process, `tektra doctor` when something is wrong.",
        "Start with `tektra chat`. `tektra models list` shows your models, `tektra models pull REPO` downloads one, "
        "`tektra conversations list` shows old chats, and `tektra doctor` checks the installation.",
        "`tektra chat`, `tektra models`, `tektra conversations`, `tektra daemon`, `tektra doctor`, `tektra version` and `tektra paths`. "
        "Each has `--help`."), ("tektra chat",)),
)


def commands() -> list[tuple[str, ...]]:
    """Every command line of the table as words, slots left out, for comparison with the real command tree."""
    return [command_words(fact.command) for fact in FACTS if fact.command.startswith("tektra ")]


def command_words(command: str) -> tuple[str, ...]:
    """The fixed words of a command: its path and flags, without the slots."""
    return tuple(part for part in command.split() if not part.strip('"').isupper())

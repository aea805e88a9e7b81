"""What the built-in model knows about `tektra chat` and its flags, and about the commands inside the chat."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

CHAT_FACTS: tuple[Fact, ...] = (
    Fact(
        "tektra chat",
        "opens a chat in the terminal",
        phrasings("""
start a chat|talk to a model|chat with you|open a conversation in the terminal|begin chatting|start chatting|chat
have a conversation|use the interactive chat|speak with the model|start a new chat|open the chat|begin a chat
talk with you in the terminal|open an interactive chat|have a chat with the model|start a conversation|talk
begin a conversation|launch the chat|enter the chat|speak to a model|run the chat|start talking to the model
begin a new conversation|get into the chat|hold a conversation with a model|open a new chat|chat with a model
enter the interactive mode|launch an interactive session|start an interactive session|converse with a model
get a chat going|talk to the AI|write messages to the model|converse with the AI|open a chat window in the terminal
start the interactive mode|send messages to a model|chat with the AI|write with the model back and forth
write to the model|go back and forth with the model|write a message to the model
"""),
        ("Leave it with `/exit`.", "Type `/help` inside for the chat's own commands."),
        phrasings("""
where can I chat|How does chatting work?|talking to the model?|new chat?|I just want to talk to the model|chatting, how
which command opens the chat|interactive chat?|start chat|What do I type for a conversation?|how do I talk to you
Where do I start a conversation?
"""),
    ),
    Fact(
        'tektra chat "PROMPT"',
        "asks one question, prints the answer and ends",
        phrasings("""
ask a single question|ask just one question|get one answer and exit|ask something without the interactive chat
use tektra for a one-shot question|ask a quick question from the shell|run one prompt|send a single prompt
get one answer in a script|ask one thing and leave|do a one-shot prompt|answer one prompt and stop
put the question on the command line|ask a question without opening a chat|send one prompt and exit
pass a prompt on the command line|run a single prompt|ask a question directly from the shell
get a quick answer from the command line|give the prompt as an argument|do a single question and answer
ask once and exit|send one question from a shell script|use a prompt without interactive mode
run tektra non-interactively
ask a question in one line|get a single answer|make a one-off request|ask a one-off question
pass my question as an argument|get an answer without entering the chat|write the prompt in the command itself
pose one question|prompt the model once|use it in a one-liner|ask a question non-interactively
pose a single question from the terminal|prompt a model from a script|write a one-liner that asks a question
prompt a model directly|get one answer and stop there|ask from the shell directly|let it answer once and then stop
"""),
        ("Text from a pipe joins the prompt.",),
        phrasings("""
Can I ask without opening the chat?|one-shot?|single prompt?|is there a one-shot mode
I only have one question, must I open a chat?|Can I put my question on the command line?|just one question?
one prompt and exit?|non-interactive?|How do I get a single answer in the shell?|Can a shell script ask one question?
quick question from the shell?
"""),
    ),
    Fact(
        "tektra chat --continue",
        "goes on with your latest conversation",
        phrasings("""
continue the last conversation|continue my last chat|go on with the previous conversation|resume my chat
pick up where I left off|carry on with the latest chat|continue where we stopped|resume the last conversation
go back to my last chat|keep talking in the same conversation|continue a conversation|return to the previous chat
continue from yesterday|pick up the last conversation|carry on with my previous chat|continue chatting where I stopped
resume where I left off|keep going with the last chat|reopen the last conversation|get back to the latest conversation
go on where we left off|resume the previous chat|return to my most recent chat|continue my most recent conversation
keep the conversation going|continue the chat I just closed|pick up yesterday's chat|continue chat
carry on talking where we stopped|go back into the chat I closed|resume the most recent conversation|resume last
reopen my latest chat|keep on with the last conversation|continue our conversation
proceed with my last chat|proceed with the latest conversation
go back into the last chat|get into my last chat again|return to the chat after my terminal closed
find my lost chat again and go on
"""),
        ("The short form is `-c`.",),
        phrasings("""
I closed the chat, how do I get back in?|can we go on where we stopped|How do I get back to my last chat?
continue?|resume?|my terminal closed, is the chat lost|continue last chat|Can I continue yesterday's chat?
where we left off?|last chat again?|I left the chat by accident, can I go on?|resume last conversation
Can I pick up my last conversation?|carry on?|can I go on with the latest chat|is there a way back to the last chat
the chat was closed by accident
"""),
    ),
    Fact(
        "tektra chat --conversation ID",
        "goes on with the conversation of that id",
        phrasings("""
continue a certain conversation|open the conversation {ID} again|continue conversation {ID}|resume chat {ID}
go on with an older conversation|return to conversation {ID}|pick an old conversation to continue
continue an old chat by its id|reopen chat {ID}|reopen an older chat|go back to conversation {ID}
resume a specific conversation|continue a specific chat|go on chatting in {ID}|resume an older conversation by id
continue one of my older chats|pick up conversation {ID} again|return to a certain chat|choose which chat to continue
keep talking in conversation {ID}|carry on with chat {ID}|continue a chat that is not the last one
carry on with an older conversation|go on with conversation {ID}|reopen conversation {ID} and go on
choose an old conversation and go on with it|keep talking in an older chat|pick up an older conversation
resume a chat by its id|continue any chat by id|enter conversation {ID} again|get back into chat {ID}
get back into an older chat|continue an earlier conversation|resume an earlier chat with its id|continue {ID}
return to an older chat by id|return to chat {ID}|return to the chat with a certain id|reopen a certain chat
"""),
        ("`tektra conversations list` shows the ids.",),
        phrasings("""
Can I continue an older chat, not the last one?|how do I go on with a chat from last week|continue chat by id?
I have an id of a conversation, how do I go on with it?|resume by id?|resume an old chat?
Can I choose which conversation to continue?|older conversation, how to resume|go on with an old chat?
continue specific conversation
"""),
    ),
    Fact(
        "tektra chat --model NAME",
        "chats with the model of that name",
        phrasings("""
choose another model|chat with the model {NAME}|use {NAME} for the chat|select a model|use a different model
talk to {NAME}|switch models|pick the model for a chat|run a chat on {NAME}|chat with a different model
say which model answers|start a chat with {NAME}|change the model|choose a model for my question|chat with {NAME}
switch to another model|use the model {NAME}|select which model to use|pick another model|ask {NAME} a question
choose which model answers|use another model than the default|have {NAME} answer|start a chat with another model
run another model|change to {NAME}|specify the model|use a certain model|switch to {NAME}|select {NAME}
talk to another model|let {NAME} answer|choose model|specify which model I want|set the model for a chat
run {NAME}|try a different model|ask another model|try {NAME}|let a different model answer
start chatting with {NAME}|start a conversation with another model|use a downloaded model
chat with a model that I downloaded
"""),
        ("The short form is `-m`.", "Inside a chat, `/model NAME` does the same."),
        phrasings("""
Can I use a different model?|which flag selects the model|How do I chat with my other model?|model choice?
I pulled a model, how do I use it now?|switch model?|I installed a model, how do I talk to it?|another model?
How do I say which model to use?|model selection?|can I pick the model|I downloaded a model and want to chat with it.
use other model|I have two models, how do I pick one?
"""),
    ),
    Fact(
        "tektra chat --system TEXT",
        "sets the system prompt of the chat",
        phrasings("""
set a system prompt|give the model a system prompt|change the system message|tell the model how to behave
use my own system prompt|set the system text|give the chat instructions|write a system message
define the role of the model|use a custom system prompt|add a system prompt|pass a system prompt
make the model behave like a pirate|give the model a role|start a chat with a system prompt|set a persona
tell the model to answer in short sentences always|define how the model behaves|specify a system prompt
give general instructions for a chat|make the model play a role|set the system message|use a system prompt
give the model a persona|start with my own instructions|make the model always answer in German
instruct the model how to answer|supply a system message|define a persona|set the rules for the model's answers
instruct the model to be polite|write my own system prompt|make the model follow my rules
specify the role of the assistant|supply a system prompt|set the behaviour of the model|change the behaviour
add instructions before the chat
pass a system message|set a system text|set the rules that the model follows|pass rules to the model
define how it behaves
"""),
        ("The short form is `-s`.",),
        phrasings("""
Can I give you a role?|system prompt?|how do I tell the model to be a teacher|Where do I set the system prompt?
can I set instructions for the model|system message?|Can the model have a persona?|is there a system prompt
How do I make it behave differently?|custom instructions?|role of the model?|which flag is for the system prompt
system prompt flag
"""),
    ),
    Fact(
        "tektra chat --file FILE",
        "adds a text file to the prompt",
        phrasings("""
add a file to the prompt|ask about a file|give the model a file|attach {FILE}|send {FILE} to the model
include a file in my question|attach a file|put {FILE} into the prompt|chat about {FILE}|show a file to the model
pass a file to the chat|use {FILE} in a chat|ask a question about {FILE}|include {FILE}|have the model read a file
attach a text file|put a file into my question|let the model see {FILE}|ask something about a document
add {FILE} to my question|send a file|feed a file to the model|give {FILE} to the model|use a file as part of the prompt
have the model look at {FILE}|attach a document|pass {FILE} along with the prompt|upload a file to the chat
talk about a file|let the model read {FILE}|feed {FILE} into the chat|summarize a file with a model
send a document to the model|upload {FILE}|summarize {FILE} with a model|talk with the model about a document
hand a file to the model|hand {FILE} over|discuss a file|discuss {FILE} with the model
make a file part of my prompt|show a file of mine to the model|make {FILE} part of the question
"""),
        ("The short form is `-f`.",),
        phrasings("""
Can I attach a file?|can you read my file|How do I add a document to my question?|file in the prompt?|attach file
can the model see a file of mine|Is it possible to upload a file?|ask about document|which flag adds a file
Can a chat include a text file?|add file?|upload file?
"""),
    ),
    Fact(
        "tektra chat --json",
        "prints one JSON document instead of text",
        phrasings("""
get the answer as JSON|have the answer in JSON|print the chat's answer as json|use the answer in a script as JSON
get a machine readable answer|get json from tektra chat|script a chat with JSON|make chat print json
parse the answer in a script|get a JSON document from the chat|receive the reply as JSON|use chat from a script
have the model's reply as json|get the reply in JSON format|make the answer machine readable|parse the reply with jq
read the answer from a script|let chat print a JSON document|pipe the answer into jq|process an answer in a script
receive an answer in json format|use the reply in a program|turn the chat output into json|output the answer as JSON
get the chat answer as one JSON object|have tektra chat output JSON|read the reply in a program
get answer json|let a script parse the chat's reply|print a reply as JSON|ask in a script and get JSON
process the reply with jq|chat in a script with JSON output|wrap the answer in JSON|ask a question and get json
use a chat's answer in a program
"""),
        ("Every command takes `--json`.",),
        phrasings("""
Can the answer be JSON?|answer as json?|chat json|how does a script read the answer
Can chat print JSON?|reply in json?|my script needs the answer as JSON|json answer?
Is there JSON for the chat?|how can a program read the reply
"""),
    ),
    Fact(
        "tektra chat --jsonl",
        "streams typed events, one JSON object a line",
        phrasings("""
stream events as JSON lines|get JSON lines|read the answer as a stream of events|get a jsonl stream
process tokens in a script as they come|stream the answer into a script|have one event per line|get streaming JSON
see the typed events|receive each delta as JSON|follow the stream as json lines|get events line by line
stream json|stream the chat as jsonl|have every token as an event|get one JSON object per line
read events in a program as they come|see the events of an answer|print jsonl|get the deltas of an answer
use jsonl|receive a stream of events|process the answer token by token|get the tokens as they come
have events while the answer is written|stream the reply line by line|get each token as a JSON event
print one event a line|handle deltas in a script|receive json lines|stream tokens to my program
have the answer as streaming events|handle each event in a program|output jsonl|output json lines
stream events into a script|stream json into my script|write scripts that read streamed tokens
"""),
        (),
        phrasings("""
Can I stream JSON?|jsonl?|is there a stream of events|json lines?|Can a program get the tokens as they come?
streaming events for scripts?|how do I read the answer token by token|event stream?|one JSON per line?
json stream of the answer?
"""),
    ),
    Fact(
        "tektra chat --no-stream",
        "prints the answer only when it is whole",
        phrasings("""
turn streaming off|disable streaming|wait for the whole answer|get the answer in one piece
stop the streaming of words|print the answer at once|switch off streaming|not stream the answer
have the complete answer at the end|avoid streaming|get the reply without streaming|show the answer only when finished
turn off streaming|see the answer only when it is complete|get the whole reply at once|print only the finished answer
deactivate streaming|have the answer in one go|switch streaming off|wait until the answer is complete
get the full answer at the end|show nothing before the answer is whole|use chat without streaming
disable the word by word output|see no half answers|not see the words one by one|get the complete reply in one go
wait for the full reply|stop the word by word printing|deactivate the stream of words|print the answer in one piece
have the finished reply only|no streaming|print a whole answer instead of single words|suppress streaming
suppress the word by word output
see the output only at the end|get the output without streaming|turn off the word by word output
"""),
        (),
        phrasings("""
Can streaming be turned off?|no stream?|I don't want to see word by word, what can I do?|without streaming?
streaming off|can I get the whole answer at once|The words appear one by one, can I stop that?|disable stream?
"""),
    ),
    Fact(
        "tektra chat --no-save",
        "keeps nothing of the conversation",
        phrasings("""
chat without saving|chat privately|not save a conversation|have a chat that is not kept|avoid saving the chat
ask something without keeping it|turn off saving|keep nothing of a chat|start a private chat|use incognito mode
leave no history|not keep the chat history|have a temporary chat|stop tektra from saving my chat
ask a question that is not stored|chat without leaving a trace|disable saving|not store the conversation
have a private conversation|chat without history|chat in secret|keep a chat out of the history|save nothing
start a temporary conversation|make a chat that leaves no trace|avoid storing a conversation|go incognito
disable the history for a chat|prevent a chat from being saved|chat without storing anything
keep my question out of the history|prevent tektra from storing the chat|turn the history off|leave nothing behind
have a secret chat|switch off saving
ask without keeping anything|not store anything of a chat|keep no history of something I ask
switch saving of a chat off|store no chat|switch the history off for this chat
"""),
        (),
        phrasings("""
Can I chat without it being saved?|is there a private mode|incognito?|private chat?|can a chat not be stored
I don't want this chat to be kept.|no history?|How do I stop saving chats?|unsaved chat?|temporary chat?
"""),
    ),
    Fact(
        "tektra chat --temperature N",
        "sets how freely the model chooses its words",
        phrasings("""
make answers more random|set the temperature|change the temperature|make the model more creative
make answers less random|lower the temperature|get more varied answers|raise the temperature|control randomness
use another temperature|adjust the temperature|make the model more careful|set the temperature to {N}
reduce randomness|get more creative answers|use a low temperature|increase the temperature|have less random answers
use a temperature of {N}|set how creative the model is|turn the temperature down|choose the temperature
get more surprising answers|reduce the temperature|increase the creativity|use a high temperature
adjust how random the answers are|make the model less creative|control the temperature|change how creative answers are
turn the temperature up|have more variety in the answers|vary the answers more|pick a temperature
choose how random the answers are|make answers more surprising|decrease the temperature|decrease randomness
control the creativity|add variety
set a lower temperature|have more careful answers|use a lower temperature
"""),
        ("0 means always the likeliest word.", "`--top-p`, `--top-k` and `--min-p` limit the choice too."),
        phrasings("""
The answers are too random.|temperature?|Can the model be more creative?|answers are always the same, how do I vary them
how random are the answers|What is the flag for temperature?|too creative|Can I set the temperature?
more creative?|less random?|the answers are boring
"""),
    ),
    Fact(
        "tektra chat --top-p N",
        "keeps only the likeliest words up to that share",
        phrasings("""
set top p|use nucleus sampling|change top-p|limit the choice of words by probability|set top_p|adjust top-p
choose top-p|use top p|change the nucleus|set top-p to 0.9|lower top-p|use top_p|switch on nucleus sampling
restrict the words to a share of probability|set the nucleus size|use top-p sampling|raise top-p|change top_p
keep only the most probable share of words|use another top p|limit sampling by a share of probability
pass top_p|adjust nucleus sampling|use 0.9 for top p|pick top-p|sample from the nucleus|configure top-p
set the top p value|limit words to the nucleus|pass top p|change the top p value|configure nucleus sampling
"""),
        (),
        phrasings("""
Is there top-p?|top p?|nucleus sampling?|which flag is top_p|top_p?|Can I use nucleus sampling?|where is top-p set
top-p
"""),
    ),
    Fact(
        "tektra chat --top-k N",
        "chooses only among that many likeliest words",
        phrasings("""
set top k|limit the choice to the {N} likeliest words|change top-k|sample from the best {N} tokens|set top_k
adjust top-k|choose top-k|use top k|sample only from the likeliest words|set top-k to {N}|lower top-k|use top_k
pick among the {N} best words|use top-k sampling|raise top-k|change top_k|restrict the model to the {N} likeliest tokens
consider only the best {N} words|use another top k|limit the number of candidate words|pass top_k|set k to {N}
use {N} for top k|pick top-k|restrict sampling to a number of best tokens|configure top-k|set the top k value
limit sampling to the best words|pass top k|choose from {N} candidate words only|change the top k value
consider only {N} candidates
adjust top_k|adjust the top k value|reduce top-k
"""),
        (),
        phrasings("""
Is there top-k?|top k?|Can I limit the number of candidate words?|which flag is top_k|top_k?|top-k sampling?
where is top-k set|top-k
"""),
    ),
    Fact(
        "tektra chat --min-p N",
        "drops words that are too unlikely",
        phrasings("""
set min p|use min-p sampling|change min-p|drop unlikely words|set min_p|adjust min-p|choose min-p|use min p
cut off unlikely words|set min-p to 0.05|lower min-p|use min_p|ignore words that are too unlikely|raise min-p
change min_p|remove improbable words|use another min p|cut improbable tokens off|pass min_p|use 0.05 for min p
pick min-p|filter out unlikely tokens|configure min-p|set the min p value|ignore improbable words
use a minimum probability|pass min p|set a minimum probability for words|change the min p value
filter words below a minimum probability|drop tokens that are unlikely|exclude unlikely words
exclude words below a probability
adjust min p|adjust min_p
"""),
        (),
        phrasings("""
Is there min-p?|min p?|Can unlikely words be dropped?|which flag is min_p|min_p?|minimum probability?
where is min-p set|min-p
"""),
    ),
    Fact(
        "tektra chat --repeat-penalty N",
        "makes the model repeat itself less",
        phrasings("""
stop the model from repeating itself|set the repeat penalty|avoid repetition|get fewer repetitions
change the repeat penalty|make the model repeat less|punish repetition|use a repeat penalty|stop endless loops
keep the model from saying the same thing again and again|raise the repeat penalty|reduce repetition
set a repetition penalty|avoid loops in the answer|penalize repeated words|use a repetition penalty
have less repetition in answers|prevent repetitions|stop repeated sentences|adjust the repeat penalty
make answers less repetitive|lower the repeat penalty|prevent the model from looping|penalize repetition
get rid of repeated words|change the repetition penalty|stop the model from looping|discourage repetition
avoid repeated sentences|get a less repetitive answer|discourage repeated words|set repeat-penalty
keep the answer from looping
reduce repetitions|reduce how often words repeat
"""),
        (),
        phrasings("""
The model repeats itself, what can I do?|repeat penalty?|it says the same thing over and over|answers are repetitive
the model is stuck in a loop|Can repetition be avoided?|repetition penalty?|why does it repeat itself all the time
too much repetition
"""),
    ),
    Fact(
        "tektra chat --seed SEED",
        "makes an answer repeatable",
        phrasings("""
get the same answer again|set a seed|make answers repeatable|set the seed to {SEED}|use seed {SEED}
fix the random seed|get reproducible answers|use a fixed seed|repeat exactly the same answer
make the sampling deterministic|choose the random seed|run with seed {SEED}|have a reproducible answer
get the same answer every time|pass a seed|use {SEED} as the seed|make a chat reproducible|set the random seed
make the output deterministic|reproduce an answer|change the seed|ask with the seed {SEED}|pick a seed
get identical answers twice|have deterministic answers|pass the seed {SEED}|reproduce the same reply
use a seed|fix the seed|have identical output every time|make results reproducible|specify a seed
get deterministic results|choose {SEED} as random seed|specify the seed {SEED}|repeat an experiment with the same seed
get an identical answer|have identical replies|redo an experiment with a fixed seed
"""),
        (),
        phrasings("""
Why is the answer different every time?|seed?|Can answers be reproducible?|is there a seed|random seed?
I need the same answer every time.|deterministic?|how can the output be deterministic|same answer twice?|fixed seed?
"""),
    ),
    Fact(
        "tektra chat --max-tokens N",
        "limits the length of an answer",
        phrasings("""
limit the length of the answer|get shorter answers|set the maximum number of tokens|stop after {N} tokens
cap the answer at {N} tokens|limit the tokens|make answers shorter|set max tokens|allow only {N} tokens
limit the output to {N} tokens|bound the answer's length|set a token limit|keep answers short
limit how long an answer gets|set a maximum length|cut the answer after {N} tokens|restrict the length of a reply
end the answer after {N} tokens|get longer answers|cap the length|shorten the answers|allow longer answers
set the maximum length of an answer|restrict the answer to {N} tokens|set max_tokens|have shorter replies
raise the token limit|change the maximum number of tokens|cap the number of tokens|allow at most {N} tokens
limit the reply to {N} tokens|shorten the reply|bound the number of tokens|change the length of answers
set a length limit|control the length of the answer|control how long a reply is
use at most {N} tokens|limit the answer to at most {N} tokens
"""),
        (),
        phrasings("""
The answers are too long.|max tokens?|Can answers be shorter?|how do I limit the length|token limit?|too long answers
Why is the answer so long?|answer length?|my answer gets cut off, how do I allow more tokens|shorter answers?
the reply is much too long|maximum length?
"""),
    ),
    Fact(
        "tektra chat --stop WORDS",
        "ends the answer before that text",
        phrasings("""
stop at a certain word|set a stop word|end the answer at {WORDS}|use stop sequences|stop before {WORDS}
set a stop sequence|end generation at a text|make the model stop at {WORDS}|use a stop string
cut the answer at a word|add a stop text|stop the output at {WORDS}|use {WORDS} as a stop word
define a stop word|end the answer when {WORDS} comes|cut the output before a word|set a stop string
pass a stop sequence|let the answer end before {WORDS}|make the answer end at a certain word|use a stop text
have the model stop before a text|define {WORDS} as stop sequence|stop when the word {WORDS} appears
end the output before a certain text|give a stop word|add a stop sequence|cut the answer before {WORDS}
stop generation when a text appears|make generation end at {WORDS}|finish the answer at a certain text
add {WORDS} as a stop string|finish before {WORDS}|pass {WORDS} as the stop text
end the answer at a given word|stop at a given text
"""),
        (),
        phrasings("""
Can the answer end at a certain word?|stop word?|are there stop sequences|stop sequence?|stop string?
how can an answer end before a given text|is there a stop word flag|stop text?
"""),
    ),
)

SLASH_FACTS: tuple[Fact, ...] = (
    Fact(
        "/help",
        "lists the commands inside the chat",
        phrasings("""
see the chat commands|get help inside the chat|list the slash commands|see what I can type in the chat
find the commands of the chat|show the slash commands|know which slash commands there are|get help while chatting
list the commands inside the chat|see all slash commands|view the commands that work in a chat|get help in the chat
find out what the chat understands|show the chat's own commands|learn the slash commands|see help during a chat
list what I can type inside a chat|look up a slash command|know the commands of the chat|view the slash commands
see the keys of the chat|print the slash commands|get the list of chat commands|look up the chat commands
show help inside a chat|learn what I can type in the chat|list chat commands|print help in the chat
display the slash commands|know the keys in the chat|display help while I chat
look up what I can type in the chat|look at the chat commands|see a list of every slash command
"""),
        (),
        phrasings("""
Which slash commands are there?|slash commands?|what can I type inside the chat|chat commands?|help in chat?
Which commands work inside a chat?|what are the commands in the chat|is there help in the chat
"""),
    ),
    Fact(
        "/model",
        "shows or changes the model inside the chat",
        phrasings("""
change the model inside the chat|switch the model in the middle of a chat|see which model is answering in this chat
swap models without leaving the chat|change models during a conversation|use another model in this chat
switch to another model inside a chat|change the model while chatting|swap the model in the middle of a conversation
let another model answer in this chat|pick another model without leaving|change the model in the open chat
switch models without leaving the chat|choose the model inside the chat|see the model of this chat
swap the model during a chat|select another model inside the chat|continue this chat with another model
choose a different model while chatting|switch models in the middle of a chat|use a different model in the open chat
see which model answers in this chat|change model mid chat|pick a model inside the chat
replace the model in this chat|select a model while chatting|switch model mid chat|replace the model without leaving
go on with another model in this chat|exchange the model during a chat|exchange models in the open chat
continue the chat with a different model|continue in this chat with a second model
"""),
        (),
        phrasings("""
Can I change the model inside a chat?|switch model in chat?|which model answers in this chat
must I leave the chat to change the model|change model without leaving?|model in this chat?
I am in a chat, how do I switch models?|another model in the middle of the chat?
"""),
    ),
    Fact(
        "/save",
        "saves the conversation to a file from inside the chat",
        phrasings("""
save this chat|save the conversation while chatting|write this chat to a file|keep a copy of this chat
save what we said|store this chat in a file|save this conversation|save this chat to a file
write what we said to a file|save the chat from inside|put this chat into a file|save the current conversation
store this conversation in a file|keep what we said in a file|write the current chat to a file|save the current chat
save our talk to a file|write down this conversation|store the current chat|save the open chat
save this chat as markdown|put the current conversation into a file|keep a file of this chat|save our conversation
write this conversation into a markdown file|save the chat I am in|store our conversation in a file
save everything we said|make a file of this chat|keep this conversation as a file|write the open chat to a file
write down what we said|write down this chat in a file
"""),
        ("For example `/save chat.md`.",),
        phrasings("""
Can I save this chat?|save chat?|how do I save what we just said|can this conversation be written to a file
save this?|I am in a chat and want to save it.|is there a save command in the chat|save conversation to file?
"""),
    ),
    Fact(
        "/new",
        "begins a new conversation inside the chat",
        phrasings("""
begin anew inside the chat|clear the chat|start over in the chat|start a fresh conversation without leaving
forget what we said and begin again|get an empty conversation in this chat|reset the chat|clear this conversation
begin a new conversation without leaving|start over|start afresh in the chat|drop this conversation and begin again
empty the chat|reset this conversation|forget this conversation|start from scratch in the chat|clear the context
make the model forget what I said|begin again with an empty chat|start afresh without leaving
wipe this chat and begin again|get a fresh start in the chat|begin from scratch|change the subject and start over
reset the context of this chat|get a clean conversation in the chat|clear the history of this chat
make you forget this conversation|start a clean conversation without leaving|open an empty conversation in this chat
begin a fresh conversation inside the chat|wipe the context
drop this chat and start a new one inside the chat|open a fresh conversation in the chat
change the topic and begin again
"""),
        (),
        phrasings("""
Can we start over?|clear chat?|how do I reset the chat|forget everything I said|reset?|start from scratch?
can I begin again without leaving|fresh conversation in this chat?|clear the screen and start over|new topic?
"""),
    ),
    Fact(
        "/system",
        "shows or changes the system prompt inside the chat",
        phrasings("""
change the system prompt inside the chat|see the system prompt in the chat|set the system prompt while chatting
edit the system prompt during a chat|show the current system prompt|replace the system prompt in this chat
change the system message while chatting|see which system prompt holds in this chat|set a system prompt inside the chat
view the system prompt of this chat|edit the system message inside the chat|show the system prompt in this chat
set another system prompt in the middle of a chat|change the role during a chat|replace the system message
give a system prompt without leaving the chat|read the current system prompt|change the system prompt mid chat
alter the system prompt in this chat|see the current system message|update the system prompt during a chat
change instructions in the middle of a chat|view the current system prompt|alter the system message while chatting
set new instructions inside the chat|update the system prompt while chatting|display the system prompt of this chat
give new instructions during a chat|look at the system prompt in the chat|display the current system prompt
"""),
        (),
        phrasings("""
What is the system prompt of this chat?|current system prompt?|can the system prompt change during a chat
system prompt inside the chat?|must I leave the chat to change the system prompt|system message mid chat?
show me the system prompt of this chat|which system prompt holds now
"""),
    ),
    Fact(
        "/retry",
        "asks for the last answer once more",
        phrasings("""
get another answer|try the last question again|regenerate the answer|repeat the last question
have a second try|retry the last message|regenerate the last reply|ask the same question once more|try again
get a different answer to my last question|have the last answer written again|redo the last answer|retry
ask again without typing it again|regenerate|get a new answer to the same question|redo the reply
have another try|let the model try again|get a second answer|send the last message again|give it another try
make the model answer again|resend my last message|get a better answer to the last question
let it answer once more|rewrite the last answer|repeat my last message|resend the last question
have the model rewrite its answer
"""),
        (),
        phrasings("""
The last answer was bad, can I get another?|regeneration?|can you try that again|another answer?|once more?
how do I get a different answer|one more try?|I don't like the answer, can I get a new one?|second try?
"""),
    ),
    Fact(
        "/info",
        "shows the conversation's id, its model and how full the context is",
        phrasings("""
see how full the context is|find the id of this chat|see information about this chat|know how much context is left
get the id of the current conversation|show the state of the chat|see how many tokens this chat has used
find out the id of this conversation|check how full the context is in the chat|get info inside the chat
see the facts of this chat|know the id of the current chat|check how much context is used|show the info of this chat
see the used context|find out how many tokens are left|view information about the current chat
show the id of this chat|see how much of the context is used|get the facts of the current conversation
look up the id of this conversation|know how many tokens are used|view the state of this chat|check the context use
see the conversation id inside the chat|print info about this chat|look up how full the context is
count the tokens of this chat|print the id of the chat I am in|count how many tokens are used
"""),
        (),
        phrasings("""
How full is the context?|what is the id of this chat|How many tokens have we used?|context left?|id of this chat?
how much context is left|info about this chat?|tokens used?
"""),
    ),
    Fact(
        "/exit",
        "leaves the chat",
        phrasings("""
leave the chat|quit the chat|exit|close the chat|get out of the chat|end the chat|stop chatting|exit the chat
leave|get out of here|quit|close this chat|end this session|leave the conversation|go back to the shell|log out
quit the session|return to the shell|finish the chat|get back to my terminal|close the session|stop the chat
leave this conversation|get out|exit from the chat|end the conversation and leave|finish chatting|leave the program
return to the command line|quit the program|log out of the chat|go back to the command line
exit the program
"""),
        ("^D leaves too.",),
        phrasings("""
How do I get out of here?|exit command?|quitting?|how can I leave|leave chat?|what ends the chat|end the session?
how to quit
How do I close this?|which key leaves the chat|let me out
"""),
    ),
)

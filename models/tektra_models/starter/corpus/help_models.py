"""What the built-in model knows about `tektra models`.

Every word that tells one command from another stands in several phrasings of it, because a model this small cannot know
that "erase" means "delete" before it has seen both.
"""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

PULL_EXAMPLE = "tektra models pull Qwen/Qwen2.5-0.5B-Instruct-GGUF"

MODEL_FACTS: tuple[Fact, ...] = (
    Fact(
        "tektra models list",
        "lists the models on your disk",
        phrasings("""
list my models|see which models I have|show the installed models|see all models|find out what models are here
list models on disk|list the available models|view my models|know which models are on disk|get a list of models
show my local models|list installed models|see the models I downloaded|check which models are installed
get an overview of my models|display all models|see what models are available|show the downloaded models
print the list of models|show every model on this machine|find out which models I already downloaded
list everything I have pulled|view all installed models|see the names of my models|enumerate the models
check what models I own|look at the models on my disk|show models|see which models are available to me
know the names of the installed models|look through my models|list local models
display the models that are installed|get the names of all local models|view what I have downloaded
see an overview of the models on this computer|print all model names|find the models that I have
list downloaded models|show what models exist here|show me my models|see what I have installed
see what models are on this computer|list the models on my computer
"""),
        (),
        phrasings("""
Which models do I have?|what models are installed|Which models are on this machine?|do I have any models
models list?|Are there any models here?|What models can I choose from?|which models did I download
Which models are available?|what have I got installed|list of models?|my models?|What models do I have on disk?
models on disk?|Do I have a model yet?|which models are already downloaded|Which local models are there?
what are the names of my models
"""),
    ),
    Fact(
        "tektra models list --json",
        "lists the models on your disk as one JSON document",
        phrasings("""
list models json|list my models as JSON|get the list of models as JSON|print the models in JSON
show the installed models as json|get the model list into a script|have the list of models in json
read the model list in a script|export the list of models as json|see the models as a JSON document
list the installed models for a script|parse the list of models|get all models in JSON form
get the names of my models in a script|show my models in json|use the list of models in a program
print the list of models as json|get a json list of models|process the models list with jq|list models in json format
output the model list as JSON|pipe the list of models into jq|have a script read which models are installed
feed the model list to another program|get installed models in json format|write the models list as JSON
fetch the model names from a program|get a machine readable list of models|list models machine readable
parse the installed models in a script
parse my models in a script|parse the model list with jq|feed the list of models to another tool
"""),
        (),
        phrasings("""
models list as json?|Can I get the model list in JSON?|is there json for the list of models|model list json
installed models json?|Can a script read the list of models?|models json|json of my models?
"""),
    ),
    Fact(
        "tektra models show NAME",
        "shows the facts of one model: size, context, quantization",
        phrasings("""
see the details of a model|show the model {NAME}|get information about {NAME}|look at a model's details
find the context size of {NAME}|inspect {NAME}|see how big a model is|see the quantization of a model
get details about {NAME}|learn more about a model|read a model's header|show details of the model {NAME}
inspect a model|find out the size of {NAME}|see the metadata of a model|show info on {NAME}
get information about one model|check the quantization of {NAME}|find out how much memory {NAME} will need
look up the facts about {NAME}|see the metadata of {NAME}|know how large a model is|print details about one model
estimate the memory that a model will need|view the properties of {NAME}|get info about a model
learn about {NAME}|find out how many parameters {NAME} has|describe the model {NAME}
show the facts of a model|look closely at {NAME}|check the context length that a model was made for
see how large {NAME} is|view the header of {NAME}|find a model's parameters|show the properties of a model
estimate how much memory {NAME} needs|see the estimate for a model
"""),
        (),
        phrasings("""
How big is my model?|what quantization does my model have|How large is that model file?|model details?
info about a model?|How many parameters does this model have?|what is inside a model file|model metadata?
How much memory will this model need?|what size is the model|which quantization is it|show info model
"""),
    ),
    Fact(
        "tektra models import PATH",
        "adds a GGUF file that you already have",
        phrasings("""
import a model file|add {PATH}|use a GGUF file I already have|import {PATH}|add my own gguf file
register the file {PATH}|add a local model file|bring in a model from disk|use {PATH} with tektra
load a gguf from a folder into tektra|install a model from a file|make {PATH} known to tektra
import a gguf|register a gguf file|add a model that I already have on disk|use my own gguf
install {PATH}|bring {PATH} into tektra|make a gguf file known to tektra|run the gguf file {PATH}
add the model file {PATH}|use a model file from my downloads folder|import my own model
add an existing gguf|open {PATH} as a model|link a gguf file into tektra|use an existing model file
let tektra use {PATH}|add a file I downloaded myself|import an existing model from a folder
register my own model file|install a gguf that lies on disk|use a model that I downloaded by hand
add a gguf from another folder|import a file from disk
"""),
        ("It links the file; `--copy` copies it.", "`--name NEW` gives it another name."),
        phrasings("""
I already have a gguf file, what now?|Can I use my own model file?|I downloaded a gguf by hand, how do I use it?
my gguf lies in a folder, can tektra use it|import gguf|Can tektra use a file that I already have?
own model file?|I have a .gguf on disk, how do I add it?|gguf file, how to import?|existing gguf?
how do I get my own gguf in|Can I bring my own model?
"""),
    ),
    Fact(
        "tektra models import PATH --copy",
        "adds a GGUF file as a copy instead of a link",
        phrasings("""
copy a model file while importing|import {PATH} as a copy|import a model without linking|copy {PATH} into tektra
keep tektra's own copy of a gguf file|import by copying instead of linking|import with a copy
copy the gguf while importing|make a copy of {PATH} when I import it|import {PATH} and copy it
import a model so that I can delete the original|have tektra copy the file|import a gguf from a USB stick as a copy
avoid a link when importing|import {PATH} without a link|copy instead of link on import
make tektra keep its own copy|import as a copy, not as a link|copy a gguf into tektra's folder
duplicate the file while importing|import a file so that the original may go away
import {PATH} so that the original can be deleted|store a copy of the gguf in tektra|copy the model file on import
keep a copy of {PATH} in tektra|import a duplicate of the file|not link but copy an imported file
import a full copy of a model file|take a copy of my gguf into tektra|copy my own gguf in
import a gguf by copying|import by making a copy|import with copying|use import --copy
"""),
        (),
        phrasings("""
Can import copy the file?|import copy instead of link?|I want to delete the original after importing, how?
does import copy or link|may I move the file after importing|import --copy or link?
"""),
    ),
    Fact(
        "tektra models import PATH --name NEW",
        "adds a GGUF file under a name of your choice",
        phrasings("""
import a model under another name|choose the name of an imported model|give an imported file a name
name a model while importing it|import {PATH} under a different name|pick a name for an imported gguf
import a file with my own name|set the name of an imported model|rename a model while importing
import {PATH} with another name|give {PATH} a better name on import|import a gguf under a new name
choose a shorter name when importing|call an imported model something else|set a name for {PATH} while importing
name an imported file myself|import and rename a gguf|use another name for an imported file
import {PATH} and choose its name|pick the name when I import a file|import under a short name
give a gguf a different name on import|decide what an imported model is called|rename {PATH} on import
call {PATH} something shorter in tektra|import with a custom name|set a custom name for an imported gguf
import a model and call it something else|give my imported model a new name|choose what {PATH} is called
replace an ugly name on import|import a file with an ugly name under a nicer one
"""),
        (),
        phrasings("""
Can I choose the name when importing?|import with name?|Can an imported model get another name?
how is an imported model named|Can I rename a model on import?|my gguf has an ugly name, can I import it under another?
"""),
    ),
    Fact(
        "tektra models rm NAME",
        "removes a model from the disk",
        phrasings("""
remove a model|delete a model|delete {NAME}|get rid of the model {NAME}|remove {NAME}|uninstall a model
free disk space by deleting a model|erase the model {NAME}|throw away a model|delete an old model
remove a model from disk|uninstall {NAME}|delete model disk|get rid of a model I do not need
erase a downloaded model|free up space on my disk|throw {NAME} away|drop a model from my disk
delete a model file I downloaded|delete the model {NAME} for good|remove an installed model
clean up models I no longer use|wipe {NAME} from the disk|get disk space back|make room on the disk
remove old models|erase a model from the disk|delete models I no longer need|drop {NAME} from the disk
clean up my models folder|uninstall the model {NAME}|trash a model|discard a model I no longer use
wipe a model from my disk|clear disk space|get rid of {NAME}|remove {NAME} from my machine for good
trash {NAME}|permanently delete a model|discard {NAME} for good|save disk space by removing a model|rm a model
get space on the disk back|clear old models out of the folder
"""),
        ("A file that was linked stays where it is.", "It asks first; `--yes` skips the question."),
        phrasings("""
my disk is full of models, what now?|models take too much disk space|I do not need this model any more
The models fill my hard disk, what can I do?|my drive is full|How do I get disk space back?
I have too many models|remove model?|disk full|delete model|uninstall model?|too many models on disk
a model is too big for my drive|I no longer want a model|Can I delete a model?|what if a model is no longer needed
models use up my hard drive|rm model?
"""),
    ),
    Fact(
        "tektra models rm NAME --yes",
        "removes a model without asking first",
        phrasings("""
remove a model without being asked|delete a model without confirmation|delete {NAME} without asking
skip the question when removing a model|remove {NAME} without a confirmation|delete models in a script without questions
remove a model without the yes or no question|delete {NAME} and skip the question|force the removal of a model
not be asked when I delete a model|confirm the removal of {NAME} in advance|say yes in advance when deleting a model
delete a model without a prompt|remove {NAME} in a script without being asked|answer yes at once when removing a model
uninstall {NAME} without confirmation|skip the confirmation when deleting a model|force delete {NAME}
remove models without confirmation|avoid the question before a model is deleted|delete a model without any question
get rid of the confirmation when removing models|remove {NAME} without any question|force remove a model
stop tektra from asking before it deletes a model|delete a model unattended|erase a model without being asked
uninstall a model without asking|remove a model unattended in a script|delete {NAME} unattended
delete a model without questions|remove models without questions asked
"""),
        (),
        phrasings("""
Can I remove a model without confirmation?|why does it ask before deleting a model|delete model without asking?
rm without confirmation?|Can a script delete a model without being asked?|how to say yes to removing a model
"""),
    ),
    Fact(
        "tektra models load NAME",
        "loads a model into memory before it is needed",
        phrasings("""
load a model|load {NAME}|load {NAME} into memory|get a model ready in advance|warm up {NAME}
put a model into memory|preload {NAME}|make {NAME} ready|have a model in memory beforehand
warm up a model|preload a model|load a model ahead of time|put {NAME} into RAM|get {NAME} ready before I chat
bring a model into memory|start {NAME} in advance|prepare a model before I need it|have {NAME} loaded beforehand
avoid the wait before the first answer|load the model {NAME} now|prepare {NAME} ahead of time
load a model into RAM|bring {NAME} into memory|make the first answer faster|get a model loaded already
put a model into RAM beforehand|warm a model up before use|make a model ready in advance|preload the model {NAME}
load model memory|speed up the first answer|start a model before I chat|prepare a model for use
get a faster first answer|have a faster start
"""),
        ("`--context N` sets its context, `--keep-alive D` how long it stays.",),
        phrasings("""
the first answer is slow, can I warm the model up?|Can I preload a model?|load model?|preload?
Why is the first answer slow?|Can a model be loaded beforehand?|warm up?|must I load a model first
the first reply takes long, what can I do|Can I load a model in advance?|how is a model put into memory
first answer takes so long
"""),
    ),
    Fact(
        "tektra models load NAME --context N",
        "loads a model with a context of that many tokens",
        phrasings("""
set the context size|use a larger context|load a model with more context|change the context length
load {NAME} with a smaller context|choose the context window|get a bigger context window|set the context of {NAME}
give {NAME} a longer context|adjust the context length|make the context larger|load with a different context
set the context window of a model|have a longer context|increase the context|load {NAME} with a longer context
change the context size of {NAME}|use a smaller context window|set how many tokens the context holds
raise the context length|reduce the context size|increase the context of {NAME}|pick another context length
extend the context window|make room for longer conversations|enlarge the context of a model
reduce the context of {NAME}|let a conversation hold more tokens|give a model more context|shrink the context window
load {NAME} with a context of {N} tokens|set the context to {N} tokens|extend the context of {NAME}
use {N} tokens of context|let the model remember a longer conversation|enlarge the context window
shrink the context of {NAME}
choose the context size|choose a different context length|use a different context window|avoid a full context
"""),
        (),
        phrasings("""
The context is too small, what can I do?|my text does not fit into the context|can I get more context
How do I set the context?|context size?|the context window is full|context length?|Can the context be larger?
The conversation is too long for the context.|context too small|how many tokens fit, and can I have more
larger context?
"""),
    ),
    Fact(
        "tektra models load NAME --keep-alive D",
        "keeps a loaded model in memory for that long",
        phrasings("""
keep a model in memory longer|set the keep alive time|keep {NAME} loaded for an hour
stop a model from being unloaded|change how long a model stays loaded|set how long {NAME} stays in memory
keep a model loaded|keep a model loaded forever|set keep-alive|keep {NAME} in memory longer
prevent a model from being unloaded when idle|let a model stay in memory|change the keep alive of {NAME}
make {NAME} stay loaded|set how long an idle model stays|have a model stay loaded for two hours
keep {NAME} alive|prevent {NAME} from leaving the memory|let {NAME} stay loaded forever|change keep-alive
set the time after which an idle model is unloaded|keep the model in memory when idle|make a model stay in RAM
adjust the keep alive time|unload a model sooner when it is idle|hold a model in memory for longer
adjust how long {NAME} stays loaded|stop {NAME} from being unloaded|hold {NAME} in memory all day
keep a model in RAM all day
keep {NAME} from leaving the memory|stop a model from leaving memory
"""),
        ("D is a duration such as `30m`.",),
        phrasings("""
my model gets unloaded too soon|How long does a model stay loaded?|the model is unloaded when idle, can I stop that?
why does my model leave the memory after a while|keep alive?|Can a model stay loaded forever?
keep-alive|how long does an idle model stay in memory|Can I keep a model loaded all day?
model unloads after a few minutes
"""),
    ),
    Fact(
        "tektra models unload NAME",
        "takes a model out of memory",
        phrasings("""
unload a model|free memory|unload {NAME}|take {NAME} out of memory|free the memory of a model|release RAM
stop a loaded model|get memory back|stop the model {NAME}|remove a model from memory|free up RAM
make room in memory|take a model out of RAM|release the memory of {NAME}|free some RAM|drop a model from memory
get RAM back|get {NAME} out of memory|clear a model from memory|free RAM without deleting the model
unload a running model|stop a running model|empty the memory|release memory|make a model leave the memory
clear {NAME} from RAM|kick a model out of memory|drop {NAME} from memory|give the memory back
free the RAM that {NAME} uses|evict a model|unload model memory|end a loaded model|get a loaded model out of RAM
kick {NAME} out of RAM|put a model to rest without deleting it|evict {NAME} from memory|reclaim memory
free memory taken by a model|reclaim the RAM of a model|use less memory|clear my RAM|lower the memory use
make room in RAM|make more room in memory|make my slow computer faster by freeing memory
"""),
        ("`tektra models ps` shows what is loaded.", "The model stays on your disk."),
        phrasings("""
my memory is full because of a loaded model|my RAM is full, what can I do?|a model takes all my memory
tektra uses too much memory|too much RAM is used|My computer is slow because a model is loaded.
unload?|Can I free memory?|not enough memory|memory full|RAM full|out of memory, what now?
the model eats all my RAM|how can I make it use less memory|unload model?|I am running out of RAM
tektra uses too much RAM, help|free RAM?
"""),
    ),
    Fact(
        "tektra models unload NAME --force",
        "takes a model out of memory even while it is answering",
        phrasings("""
unload a model that is busy|force a model out of memory|unload {NAME} although it is answering
unload {NAME} by force|force unload a model|unload a model while it answers|unload a busy model anyway
force {NAME} out of memory|take a busy model out of memory|unload {NAME} even while it is answering
make a busy model unload|unload a model at once by force|force unload {NAME}|unload even when the model is busy
kick out a model that is still answering|unload {NAME} while it is busy|unload a model in the middle of an answer
unload {NAME} at once, even when it is answering|force a busy model to unload|end running answers and unload the model
take {NAME} out of memory although it is busy|unload a stuck model|force unloading
unload a model that hangs|unload a stuck model by force|kick {NAME} out while it is still answering
unload a model that is in use|unload {NAME} although it is in use|forcibly unload a model
forcibly unload {NAME}
unload a model that hangs and does not answer|unload a busy model at once|make a model that hangs leave the memory
"""),
        (),
        phrasings("""
unload says the model is busy|The model is busy and does not unload.
must I wait until a busy model is done before I unload it
model busy, cannot unload|unload force?|My model is stuck and will not unload.|unload refuses because it is busy
Is there a force flag for unload?
"""),
    ),
    Fact(
        "tektra models quantize NAME PATH",
        "writes a model in fewer bits a weight, which makes it smaller and faster",
        phrasings("""
quantize a model|quantize {NAME}|make a model smaller|make {NAME} smaller|compress a model|compress {NAME}
write a model in fewer bits|shrink a model|shrink {NAME}|turn a whole model into a quantized one|make a q4 of a model
make a q8_0 file of {NAME}|quantize a GGUF file|convert a model to q4_k_m|quantize a model myself|make a model faster
reduce the bits of a model|create a quantized version of {NAME}|get a smaller version of {NAME}|quantize an f16 model
store a model in four bits|reduce the size of a model file|make a 4 bit version of {NAME}|bring a model down to 8 bits
"""),
        ("The file with whole weights stays as it is.",),
        phrasings("""
Can I quantize a model?|How do I quantize a file?|quantization of a model by myself?|quantize?|q4_k_m?
can tektra make models smaller|How can a model be compressed?|is there a quantizer|Which command quantizes?
Can I get fewer bits?|how to shrink a model|make my model smaller?
"""),
    ),
    Fact(
        "tektra models ps",
        "shows which models are loaded now and how much memory they take",
        phrasings("""
see which models are loaded|see what is running|show the loaded models|check the memory used by models
know what is in memory|list running models|find out which model uses my memory|see the models in memory
check what is loaded|view the active models|see how much memory a model takes|check which models are running
list the loaded models|see what is loaded right now|show the models in RAM|find out what is in memory now
see the memory use of the models|list the models in memory|display the running models|show active models
check if a model is loaded|find out whether a model is in memory|view what is loaded at the moment
know which models are active|monitor the memory of the models|show what is using my RAM|see the model processes
see if a model is running|print the models that are loaded|know how much RAM the models take
list models that are in memory now|show model memory usage|find out what is loaded|display what is in memory
check whether any model is in RAM|watch how much memory the models use|list active models
see currently loaded models|check memory usage|show running models|see which model is currently in RAM
watch the memory of the models|watch which models are loaded
"""),
        (),
        phrasings("""
which models are in memory right now?|What is loaded?|is a model loaded|Which models are running?
what is using my memory|Which model takes my RAM?|loaded models?|what's in memory|running models?
How much memory do the models take?|Is anything loaded right now?|which models are active|what is running now
models in memory?|How much RAM is my model using?|what models are currently loaded|ps|is any model running
"""),
    ),
    Fact(
        "tektra models pull REPO",
        "downloads a model from a hub",
        phrasings("""
download a model|get a larger model|pull a model|download {REPO}|pull {REPO}|get a better model
install a bigger model|get {REPO}|fetch a model from the hub|install a new model|add a stronger model
get a smarter model|get a model from Hugging Face|download a new model|install {REPO}|fetch {REPO}
upgrade to a larger model|pull a larger model|get a new model from the internet|add a bigger model
download the model {REPO} from Hugging Face|find a stronger model and install it|get a model that knows more
pull the repository {REPO}|download a bigger model|fetch a better model|replace you with a bigger model
get a good model|obtain a larger model|use a model from Hugging Face|install Qwen|get another model from the hub
pull a model from huggingface|resume a broken download|add {REPO} from the hub|get Llama
go on with an interrupted download|download model huggingface|obtain {REPO}|download Mistral
continue a download that stopped|resume the download of {REPO}|install a model from the internet
pull a repository from the hub|download models|install a repository|restart a download that broke
"""),
        (f"For example: `{PULL_EXAMPLE}`.", "A broken download goes on where it stopped."),
        phrasings("""
Where do I get models?|where can I find a better model|how do I get a bigger model|you are too small, what now?
I need a smarter model|Which command downloads models?|Where do models come from?|download model?|pull?
Can I get a better model than you?|model download|My download broke off, what now?|install model?
the download was interrupted|can I use Llama or Qwen|How do I replace the built-in model with a larger one?
get bigger model|I want more than the small model
"""),
    ),
    Fact(
        "tektra models pull REPO --name NEW",
        "downloads a model under a name of your choice",
        phrasings("""
download a model under another name|choose the name of a downloaded model|pull {REPO} under a different name
give a model a name while downloading|pull a model with my own name|name a model when I pull it
download {REPO} with another name|set the name of a pulled model|pick a name for a downloaded model
rename a model while pulling it|pull {REPO} and give it a name|call a downloaded model something else
download a model under a shorter name|pull with a custom name|choose a name when pulling|give {REPO} a shorter name
use a custom name for a download|set a custom name for {REPO}|download {REPO} and call it something else
pull a model under a new name|name the download myself|rename {REPO} while pulling|pick the name of {REPO}
decide what a downloaded model is called|choose what a pulled model is called|pull under a short name
give my download another name|download a model with a name of my own|set a name for a model that I pull
pull {REPO} under a new name
decide the name of a download|decide on the name of a pulled model
"""),
        (),
        phrasings("""
Can I choose the name when I pull a model?|pull with name?|Can a downloaded model get another name?
how is a downloaded model named|the name of a pulled model is too long|Can I rename a model while I download it?
"""),
    ),
)

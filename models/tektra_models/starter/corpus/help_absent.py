"""What this version of Tektra does not have yet, said plainly and without naming a command that might come.

A contract test fails when one of the `absent` commands appears, so that no answer outlives its truth.
"""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Background, phrasings

NOT_YET: tuple[Background, ...] = (
    Background(
        phrasings("""
How do I run a workflow?|Are there workflows?|create a workflow|workflows?|Can I chain several steps?|run a flow
How do I define a flow?|list my flows|Does tektra have flows?|automate several steps|flows?|Can I build a pipeline?
schedule a job for every morning|Can tektra run something every day?|start a workflow|show the workflows
How do I automate a task?|is there a scheduler|Can I write a flow in YAML?|pipelines?|resume a workflow
How do I make a task run every hour?|edit a flow|scheduled tasks?|Can steps run one after another?|delete a workflow
do you support workflows|cron jobs in tektra?|stop a flow|which workflows are running|chain prompts together
How can I plan jobs?|automation?|Is there a workflow engine?
build a pipeline|Which workflows exist?|list scheduled jobs|running workflows?|scheduler?|Can tasks be scheduled?
"""),
        (
            "Workflows are not in this version yet. A shell script around `tektra chat --json` can chain steps.",
            "This version of Tektra has no workflows or flows yet; a script with `tektra chat --json` does for now.",
            "There are no workflows, flows or schedules here yet.",
        ),
        ("orkflows", "yet"),
        ("workflow", "workflows", "flow", "flows", "schedule"),
    ),
    Background(
        phrasings("""
Is there a long-term memory?|Can you save facts about me?|How do I add a memory?|list my memories
Can tektra store knowledge about me?|does it have a memory of facts|delete a memory|remember a fact for all chats
Is there a memory shared by all chats?|knowledge base?|Can I give you a knowledge base?|long term memory?
store a fact for later chats|How do I search the memory of facts?|does knowledge carry over between chats
Can facts be kept across conversations?|show what you know about me|vector store?|is there a vector database
add my documents to a knowledge base|RAG?|Can you index my documents?|retrieval over my notes?
can I keep notes in your memory|Does tektra learn facts across chats?|memories?|index a folder of documents
Save to memory that I like tea.|forget a stored fact about me
retrieval?|forget a fact|which facts are stored|Is there retrieval over files?
"""),
        (
            "This version has no long-term memory yet: each conversation stands alone. `tektra conversations search` "
            "finds old ones.",
            "A long-term memory of facts does not exist yet; only conversations are kept. See "
            "`tektra conversations list`.",
            "There is no long-term memory across chats yet.",
        ),
        ("long-term memory", "yet"),
        ("memory", "memories", "remember", "knowledge"),
    ),
    Background(
        phrasings("""
How do I install a plugin?|Are there plugins?|plugins?|add a plugin|Does tektra have extensions?|install a skill
skills?|Can I install skills?|extensions?|are there add-ons|Is there a plugin store?|a store for plugins?
where is the plugin store|install an extension|add-ons?|Can I write a plugin?|How do I add a skill?
"""),
        (
            "There are no plugins yet. Agents get more tools from MCP servers: `tektra mcp add`.",
            "This version of Tektra has no plugins yet, but it takes tools of MCP servers: `tektra mcp add`.",
            "There are no plugins yet. `tektra mcp add` connects servers that offer tools.",
        ),
        ("plugins", "yet"),
        ("plugins", "plugin", "skills"),
    ),
    Background(
        phrasings("""
Can I log in?|How do I log in to my account?|login?|Do I need an account?|create an account|register an account
sign in|Are there user accounts?|do you have accounts for users|user account?|accounts?|set a password for tektra
Do I have to sign up?|where is my account|log me in|delete my account|change my user name|is a registration needed
"""),
        (
            "There are no accounts in Tektra: it runs on your machine as you, and needs no login.",
            "No account and no login are needed: whoever owns the daemon's socket is its user.",
            "Tektra needs no login. There are no accounts to create.",
        ),
        ("login", "account"),
        ("login", "auth"),
    ),
    Background(
        phrasings("""
Can you see pictures?|describe this image|Can I send a picture?|voice?|Can I talk with my voice?|generate an image
Does tektra understand images?|draw me a picture|Is there speech input?|can it read a photo|make a picture of a cat
Can tektra create images?|images?|speech to text?|Do you support vision models?|listen to my voice|transcribe this audio
What is on this photo?|read this aloud|text to speech?|Do you take voice input?|analyse a video|show me a picture
vision?
Can you speak out loud?|record audio|paint something for me|does it support audio|Can I attach an image?
create a logo image
can you generate pictures|create a picture|generate a logo|Do you create images?
"""),
        (
            "Only text so far: images and sound are not in this version of Tektra yet.",
            "This version works with text only; it has no images, no sound and no voice yet.",
            "Images and voice do not work yet. Tektra reads and writes text.",
        ),
        ("mages", "text", "yet"),
        ("image", "images", "voice", "audio"),
    ),
    Background(
        phrasings("""
Can I train a model?|How do I fine-tune a model?|fine-tuning?|train my own model|Can tektra fine-tune?
Does Tektra support fine tuning?|teach the model with my data|train a model on my documents|Can I train a LoRA?
finetune a model|Is there a training command?|training?|improve the model with my texts|adapt a model to my style
convert a model to gguf|merge two models
create a model of my own|convert safetensors to GGUF|How do I make my own model?|Modelfile?
can I retrain you|Can I convert a model?|is there a trainer|train you with my chats
can models be merged|merge models|train on my chats|Which command trains a model?
"""),
        (
            "Training and converting models is not in this version yet. Finished GGUF files work: "
            "`tektra models import PATH`.",
            "This version has no training, fine-tuning or converting of models yet.",
            "Training is not possible yet; Tektra runs finished GGUF files.",
        ),
        ("raining", "yet"),
        ("train", "finetune", "convert"),
    ),
)

"""What the built-in model knows about adapters, devices and ranking texts."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

ENGINE_FACTS = (
    Fact(
        "tektra models adapt NAME FILE",
        "makes a new model of another one and LoRA adapters",
        phrasings("""
use a LoRA adapter|add a LoRA to {NAME}|load a LoRA|apply an adapter to a model|use {FILE} with {NAME}
add the adapter {FILE} to a model|put a LoRA on top of {NAME}|combine {NAME} with a LoRA|use a fine-tune of {NAME}
run {NAME} with an adapter|make a model of {NAME} and a LoRA|attach {FILE} to {NAME}|apply a LoRA file|adapt a model
use two adapters at once|run a finetuned LoRA|give a model a LoRA|use my own LoRA|adapt {NAME}
"""),
        ("A number behind the file, as in FILE:0.5, says how strongly it counts.",),
        phrasings("""
Can I use LoRA adapters?|How do I load a LoRA?|lora?|LoRA support?|adapters?|Which command adds an adapter?
does tektra support lora|Where do I put my LoRA file?|How to use a fine-tuned adapter?
"""),
    ),
    Fact(
        "tektra models devices",
        "lists the processor and the GPUs that models can be computed on, and their memory",
        phrasings("""
see whether my GPU is used|list the devices|find out if tektra sees my GPU|see the memory of my graphics card
check whether there is a GPU|list the GPUs|see the free memory of the GPU|know what models can be computed on
find out which graphics card is used|show what llama.cpp sees|see if CUDA works|check the GPU|list my graphics cards
show the GPUs|see all devices|look at the GPU's memory|find the names of the devices|check if my graphics card is found
"""),
        ("A model's layers go to a GPU by themselves, as many as fit.",),
        phrasings("""
Is my GPU used?|Does tektra see my graphics card?|gpu?|which devices are there|do I have a GPU that works?|CUDA?
How much GPU memory is free?|why is the GPU not used|Which GPUs can be used?
"""),
    ),
    Fact(
        "tektra models load NAME --gpu-layers N",
        "loads a model with so many of its layers on the GPU",
        phrasings("""
put layers on the GPU|load {NAME} with {N} layers on the GPU|offload layers|offload {N} layers of {NAME}
set the number of GPU layers|load {NAME} onto the GPU|put {NAME} on my graphics card|use the GPU for {NAME}
offload {NAME} to the GPU|move {N} layers to the GPU|keep some layers on the GPU|run {NAME} partly on the GPU
load a model with {N} GPU layers|use fewer GPU layers|set gpu layers for {NAME}
choose how many layers go to the GPU
"""),
        ("Instead of a number it takes auto, all and none.",),
        phrasings("""
How many layers go to the GPU?|gpu layers?|n_gpu_layers?|Can I offload layers?|How do I offload a model?|--gpu-layers?
layers on the graphics card?|How to use less GPU memory?|Can a model lie partly on the GPU?
"""),
    ),
    Fact(
        "tektra rerank WORDS",
        "sorts files, or lines of standard input, by how well they answer a question",
        phrasings("""
rerank documents|rank documents|sort documents by a question|find the best document for {WORDS}|rank files by a query
sort files by how well they answer|rank texts by relevance|order lines by relevance to {WORDS}|use a reranker
find which file answers a question|rerank search results|sort lines by relevance|score documents against {WORDS}
see which text fits {WORDS} best|rank passages for a query|run a cross-encoder|sort texts by relevance
compare documents with a question|put the best matching file first|rerank lines from a pipe
"""),
        ("It needs a reranker, such as a GGUF file of bge-reranker, named with --model.",),
        phrasings("""
Can I rerank documents?|How do I use a reranker?|rerank?|reranking?|Which command ranks texts?|is there a reranker
How to sort files by relevance?|can tektra rank documents|relevance scores for documents?
"""),
    ),
)

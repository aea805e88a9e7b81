"""What the built-in model knows about adapters and ranking texts."""

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

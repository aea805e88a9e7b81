"""What the built-in model knows about ranking texts."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

ENGINE_FACTS = (
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

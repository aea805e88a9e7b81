"""What the built-in model knows about finding out what is fastest on a machine."""

from __future__ import annotations

from tektra_models.starter.corpus.help_shapes import Fact, phrasings

TUNING_FACTS = (
    Fact(
        "tektra models tune",
        "finds out which quantization and which settings are fastest on this machine",
        phrasings("""
find out what is fastest here|tune Tektra for my computer|find the fastest quantization|tune my models
see which type is fastest on my processor|find the best settings for this machine|measure the speed of this machine
know which quantization suits my CPU|tune the settings|make models faster on this computer|time the quantization types
find the best number of threads|choose the fastest type|benchmark quantizations|compare the speed of q4_0 and q4_k_m
optimize for my processor|measure which type is fastest|tune for this processor|find the right file for my machine
"""),
        ("It takes about half a minute, and loads use what it found from then on.",),
        phrasings("""
Which quantization is fastest here?|How do I tune Tektra?|tune?|tuning?|benchmark my machine?|How many threads are best?
Can Tektra be tuned for my CPU?|How do I get more speed?|which type should I take|What is the best micro-batch?
"""),
    ),
    Fact(
        "tektra models tune NAME --text FILE",
        "measures how fast each quantization of a model is and how much it loses on a text",
        phrasings("""
measure the perplexity of {NAME}|see what a quantization loses|compare the quality of quantizations of {NAME}
find out how much worse q4_0 is|measure the loss of each type on a text|measure perplexity on {FILE}
check the quality of quantized files|see how much quality {NAME} loses|compute perplexities|compare perplexities
test quantizations of {NAME} on {FILE}|know the price of fewer bits
"""),
        ("Perplexity and tokens a second stand beside each other in a table.",),
        phrasings("""
How much worse is q4_0?|perplexity?|How do I measure perplexity?|What does quantizing cost in quality?
quality of a quantization?|which type loses least|loss of q4_k_m?
"""),
    ),
    Fact(
        "tektra models pull OWNER/REPO --best",
        "downloads the file of a repository whose type is fastest on this machine",
        phrasings("""
download the fastest file|pull the best type for my machine|pull the fastest quantization
get the best file of a repository|let Tektra choose the quantization|pull what suits my processor
download the right quantization for my computer
pull the type that is fastest here|get the fastest version of a model
"""),
        ("It needs to know what is fastest, which tektra models tune finds out.",),
        phrasings("""
Which file should I download?|pull --best?|Can Tektra choose the file for me?|which quant should I pull
best file for my CPU?|How do I download the fastest type?
"""),
    ),
)

"""Chat templates of many families: what is written by one comes back equal when it is read.

`python -m tests.families [FOLDER]` reads all templates of a folder, by default those in the sources of llama.cpp, which
llama-cpp-python's source distribution holds and which are fetched for it.
"""

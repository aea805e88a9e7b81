"""A folder of safetensors → GGUF. Only `folder.py` is light enough for the daemon; the rest runs as a process."""

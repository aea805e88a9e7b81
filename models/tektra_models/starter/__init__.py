"""The built-in model: a very small language model that comes with Tektra, and the recipe by which it was made.

Importing this gives only the place of the file; torch, tokenizers and gguf are imported by the parts that need them.
"""

from pathlib import Path

MODEL_NAME = "tektra-starter"
MODEL_PATH = Path(__file__).with_name(f"{MODEL_NAME}.gguf")

__all__ = ["MODEL_NAME", "MODEL_PATH"]

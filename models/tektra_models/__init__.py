"""An engine for quantized language models that works with and without the daemon."""

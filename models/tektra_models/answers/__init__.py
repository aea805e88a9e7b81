"""How a model writes its answers: learned from its own template, and read while they stream."""

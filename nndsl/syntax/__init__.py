"""Text to tree: the grammar, the parser and the typed syntax nodes."""

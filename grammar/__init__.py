"""The Lark grammar of the language."""

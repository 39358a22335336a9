"""The command line: each command in a file of its own name; `main` finds them, `output` shows what they say."""

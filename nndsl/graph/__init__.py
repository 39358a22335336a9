"""The IR: sizes, types, nodes, the builder, the text form with its parser, the verifier and the NumPy evaluator."""

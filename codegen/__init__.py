"""Code generation: one backend for ONNX, one for NumPy, with the same file names and one protocol."""

"""The ONNX backend: graphs become models of standard operators, and ONNX Runtime runs them."""

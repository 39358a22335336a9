"""Code generation for NumPy: one readable module with explicit backpropagation."""

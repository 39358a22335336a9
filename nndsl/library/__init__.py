"""What a program may name: layers, activations, functions, losses, metrics, optimizers… all built on ops."""

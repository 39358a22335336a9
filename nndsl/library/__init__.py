"""What a program may name: layers, activations, functions, losses, metrics, optimizers, initializers, all built on ops."""

"""From the checked model to the graphs of a training step: lower, differentiate, update, optimise, name."""

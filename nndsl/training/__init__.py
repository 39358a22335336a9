"""Training: the loop, callbacks, history and the run's folder."""

"""A training run and its parts: configuration, sampling, judging, checkpoints, metrics. A recipe is the loop."""

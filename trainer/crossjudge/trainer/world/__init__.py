"""A world that fits a CPU: small tasks, and small base models that get half of them right.

Nothing else of the trainer knows it. What it makes are ordinary problem files, prompt templates and model folders.
"""

"""Policies and how they learn: loading models, advantages, the GRPO loss, an optimiser step. Needs torch.

`advantages` alone is numpy. Nothing here knows what a reply means, or which role it was given for.
"""

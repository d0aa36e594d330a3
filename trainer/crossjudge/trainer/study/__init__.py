"""How good each selector is, measured where the truth is known: in simulated worlds, and on real model output."""

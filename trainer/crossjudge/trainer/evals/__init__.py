"""`crossjudge eval`: how good models are on held-out problems with references, checkpoint by checkpoint."""

"""Code-A1 (2603.15611): a coder, and a tester that sees its code and is rewarded for breaking it."""

"""A recipe of one's own: the coder alone, rewarded by the reference tests of each problem (docs/extending.md)."""

"""What was judged before is not judged again: rows in Redis, by a digest of all that their verdicts depend on."""

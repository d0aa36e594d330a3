"""What problems may be about, where a configuration names nothing else: areas that any course of programming has."""

TOPICS = (
    "numbers and arithmetic", "number theory", "strings", "parsing of text", "regular expressions", "lists", "dictionaries",
    "sets", "tuples and records", "sorting", "searching", "recursion", "dynamic programming", "greedy algorithms",
    "graphs", "trees", "stacks and queues", "heaps", "matrices", "geometry", "dates and times", "bit manipulation",
    "combinatorics", "probability and statistics", "simulation", "state machines", "intervals", "iterators and generators",
    "classes and objects", "error handling", "files in memory (CSV, JSON, INI)", "encoding and compression",
)  # fmt: skip

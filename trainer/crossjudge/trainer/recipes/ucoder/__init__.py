"""UCoder (2512.17385): a coder that learns without any data, from problems, tests and solutions of its own.

`run` puts the stages together, each of which has a module. What a stage made is a file of `records`, kept by
`artefacts`.
"""

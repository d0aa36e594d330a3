"""Tests that need no interpreter: calls with literal arguments, compared with literals.

- `planning` reads a test once, in the process that compiles it, and makes a plan of it or says that there is none;
  `terms` and `constants` read its expressions.
- `answering` runs beside the solution: it evaluates the plan's pieces (calls with their arguments), one by one as they
  are asked for, and hands back plain data.
- `asking` runs in the supervisor: it asks for a piece, has `deciding` say what follows from the answer, asks for the
  next. Nothing of the solution's is believed but the values; nothing of the test's is shown but the arguments.
- `stateless` proves of a solution that it keeps nothing between calls, and of a test that it changes nothing but its
  own; `sharing` then has one process answer to many tests.
- `plain` is the form in which values travel, `functions` what may be done with them.

Where this cannot tell what one interpreter would have said (the solution returned an object of its own, defines its own
`len` …) it says so, and the cell is run in another way.
"""

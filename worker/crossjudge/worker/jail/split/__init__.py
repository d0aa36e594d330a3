"""Split isolation: a cell of two processes, the solution's and the test's, that talk over one socket.

The test sees the solution as if both were in one interpreter, yet what crosses is data, never code:

- `plain`: values that cross by copy, of exact built-in types. `twins` keeps the copies of mutable ones equal.
- `mirrors`: what stands on one side for an object that lives on the other; `describing` says what it has to look like.
- `encoding` turns values into messages, `decoding` turns them back; `named`, `aliases` and `making` know what crosses
  by name, as a type with parameters, and as a class.
- `channel` carries messages; `peer` asks and answers; `conversations` gives each thread a channel, `awaiting` gives
  each side's event loop the other's coroutines.
- `serving` does what the other side asks for; `policy` is what the test's side refuses.
- `surroundings` tells the solution what its test changes around it; `streams` carries what is printed and read.
- `solution_side` and `test_side` are what the two processes run; `naming` is what the test's text says of classes.
- `sharing` has one pair of processes judge many tests, where that is proven to change nothing.

Two rules hold throughout. The solution never learns what the test expects: nothing of the test crosses but the
arguments that it passes, and its functions can be called but not looked into. And the test's side decides what equality
with plain data means: no method of the solution is asked whether its result is the right one.
"""

"""What runs inside the jail: standard library only, imported by nothing outside it.

The worker mounts this folder read-only in the jail, where it is the top-level package `jail`. Who is who:

- `supervisor` (the jail's first process) talks to the worker, holds the tests, and records what it observed of each
  cell. It is the only process in the jail that the worker listens to.
- `zygote` is forked from it before the first request came, so it knows nothing; it has imported what programs usually
  import, and clones one keeper a row.
- `keeper` is the first process of a row's own pid, mount and IPC namespaces: it forks the cell's processes, watches
  their clocks, kills what is left and hands out fresh files. It never runs a line of what a model wrote.
- `cell` is what such a fork becomes: it gives up every right, then runs untrusted code. Nothing it says is believed
  without what the keeper and the supervisor saw themselves.
"""

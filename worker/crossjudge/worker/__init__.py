"""The worker: RQ jobs that judge chunks in nsjail sandboxes. Imports contracts, and nothing else of ours."""

"""The service: HTTP in front of the queue. Imports contracts, and nothing else of ours."""

"""The trainer: learns from passing matrices. Imports contracts and client, and nothing else of ours."""

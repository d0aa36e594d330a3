"""Group rewards for callers that ask for one sample at a time: a barrier in Redis, one batch a group, a reward each."""

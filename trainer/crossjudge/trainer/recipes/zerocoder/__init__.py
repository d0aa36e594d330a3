"""ZeroCoder (2604.07864): a coder and a tester that learn from each other's executions alone."""

"""What a model's reply holds: a solution, or tests. Nothing here raises, whatever the reply is, and each pass is
linear."""

from .calls import StatedCall, StatedCalls, stated_calls
from .solution import solution_of
from .tests import MOST_TESTS, cut_tests

__all__ = ["MOST_TESTS", "StatedCall", "StatedCalls", "cut_tests", "solution_of", "stated_calls"]

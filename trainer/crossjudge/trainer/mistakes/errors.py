"""What can be wrong with a Mistake Book.

CrossjudgeError
└── BadBook            a saved book that cannot be read
"""

from crossjudge.client import CrossjudgeError


class BadBook(CrossjudgeError):
    """A saved book that cannot be read: says where it is and what is wrong with it."""

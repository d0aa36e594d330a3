"""Everything that policies raise.

PolicyError                (a CrossjudgeError: the command line prints it as one line)
├── UnusableModel          a folder that holds no model or tokenizer that could be trained, or the two do not fit
└── UnusableState          a saved state that does not belong to this policy and these settings
"""

from crossjudge.client import CrossjudgeError


class PolicyError(CrossjudgeError):
    """Root of what policies raise."""


class UnusableModel(PolicyError):
    """No model, or no tokenizer, that could be trained; `detail` names the folder, what is wrong and what to do."""


class UnusableState(PolicyError):
    """A saved state that does not belong to this policy and these settings."""

"""Everything that sampling raises. A reply that makes no sense is a reply, never one of these.

GenerationError            (a CrossjudgeError: the command line prints it as one line)
├── PromptTooLong          a prompt and the longest reply do not fit into the model's context
├── GenerationRefused      the server says that the request is wrong (4xx); asking again would not help
├── ServerUnreachable      no answer, or none yet (429, 503), for longer than the patience
├── ServerBroke            any other 5xx, for longer than the patience
└── ServerProtocol         an answer that is not an OpenAI-compatible server's, or one that lacks what training needs
"""

from crossjudge.client import CrossjudgeError


class GenerationError(CrossjudgeError):
    """Root of what sampling raises."""


class PromptTooLong(GenerationError):
    """A prompt and the longest reply do not fit into the model's context."""


class GenerationRefused(GenerationError):
    """The server says that the request is wrong (4xx); `detail` holds its sentence."""


class ServerUnreachable(GenerationError):
    """No answer came, or the server asked to wait, for longer than the patience."""


class ServerBroke(GenerationError):
    """The server failed on this request (5xx) again and again."""


class ServerProtocol(GenerationError):
    """What answered does not speak as an OpenAI-compatible server does, or leaves out what training needs."""

"""Sampling replies from a model: what a generator is, and its backends, each imported by those who use it.

`in_process` runs a Hugging Face model with torch; `openai_server` asks any OpenAI-compatible server over HTTP and needs
no torch. Nothing here knows what a reply is for.
"""

from .errors import (
    GenerationError,
    GenerationRefused,
    PromptTooLong,
    ServerBroke,
    ServerProtocol,
    ServerUnreachable,
)
from .sampling import Completion, Generator, Sampling

__all__ = [
    "Completion",
    "GenerationError",
    "GenerationRefused",
    "Generator",
    "PromptTooLong",
    "Sampling",
    "ServerBroke",
    "ServerProtocol",
    "ServerUnreachable",
]

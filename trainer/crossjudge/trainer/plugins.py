"""Parts of your own: named in a configuration by a dotted path, `package.module:Name`."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from crossjudge.client import CrossjudgeError


class UnknownPart(CrossjudgeError):
    """A dotted path that leads to nothing."""


def is_dotted(name: str) -> bool:
    """Whether a name is a path to a part of the user's own."""
    return ":" in name


def look_here() -> None:
    """Modules in the working folder can be imported from now on, as with `python -m`."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))


def part_at(path: str) -> Any:
    """What a dotted path names. Raises `UnknownPart`."""
    module, _, name = path.partition(":")
    look_here()
    if not module or not name:
        raise UnknownPart(f"{path!r} is no dotted path, such as my_package.my_module:MyClass")
    try:
        found: Any = import_module(module)
        for each in name.split("."):
            found = getattr(found, each)
    except (ImportError, AttributeError) as error:
        raise UnknownPart(f"{path!r} leads to nothing: {error}") from error
    return found

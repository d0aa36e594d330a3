"""Prompt templates: text files with `{prompt}` in them, and `{entry_point}` and `{code}` where they are wanted.

Placeholders are replaced as they stand, in one go: what is put in is not looked at again, and no other brace means
anything. But for one: a word in braces that is none of these is taken for a mistake.
"""

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from .errors import BadTemplate

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")
_REQUIRED, _KNOWN = "prompt", ("prompt", "entry_point", "code")


@dataclass(frozen=True)
class Template:
    """A checked template; `source` says where it is from, for messages."""

    text: str
    source: str = "the template"
    needs_prompt: bool = True
    """False for one that may ask without a task, such as one that asks for a task."""

    def __post_init__(self) -> None:
        found = set(_PLACEHOLDER.findall(self.text))
        for name in sorted(found - set(_KNOWN)):
            known = ", ".join(f"{{{each}}}" for each in _KNOWN)
            raise BadTemplate(f"{self.source}: no placeholder {{{name}}}; there are {known}")
        if self.needs_prompt and _REQUIRED not in found:
            raise BadTemplate(f"{self.source}: {{{_REQUIRED}}} is missing, so that no task would be asked")

    @property
    def shows_code(self) -> bool:
        """Whether it is one of a white box, with a solution in the prompt."""
        return "{code}" in self.text

    def fill(self, *, prompt: str, entry_point: str | None = None, code: str | None = None) -> str:
        """The text for one problem. Raises `BadTemplate` where it names an entry point or code, and there is none."""
        values = {"prompt": prompt, "entry_point": entry_point, "code": code}
        if entry_point is None and "{entry_point}" in self.text:
            raise BadTemplate(f"{self.source}: it has {{entry_point}}, but a problem has no entry_point")
        if code is None and self.shows_code:
            raise BadTemplate(f"{self.source}: it has {{code}}, but no code is shown here: choose a template without")
        return _PLACEHOLDER.sub(lambda match: values[match[1]] or "", self.text)


def load_template(name: str | Path, *, needs_prompt: bool = True) -> Template:
    """A template of this package by its name (`coder`, `tester`, `white_box_tester`, `ucoder_…`), or any by its path
    (with `/` or `.`).

    Raises `BadTemplate` for one that is not there, cannot be read, or has the wrong placeholders.
    """
    if isinstance(name, str) and "/" not in name and "." not in name:
        folder = resources.files(__package__).joinpath("prompts")
        files = {file.name.removesuffix(".txt"): file for file in folder.iterdir()}
        if name not in files:
            known = ", ".join(sorted(files))
            raise BadTemplate(f"no prompt template {name!r}; there are {known}, or give the path of a file")
        return Template(files[name].read_text("utf-8"), f"the template {name!r}", needs_prompt)
    try:
        return Template(Path(name).read_text("utf-8"), str(name), needs_prompt)
    except (OSError, UnicodeDecodeError) as error:
        raise BadTemplate(f"cannot read the prompt template {name}: {error}") from error

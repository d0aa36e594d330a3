"""The fenced blocks of a reply. Knows nothing of Python."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from crossjudge.trainer.python_text import lines_of

_TAGS = ("think", "thinking", "thought", "reasoning")
_WORD = re.compile(r"[\w+#.-]*")
_PYTHON = frozenset({"python", "python3", "py", "py3", "pycon", "python-repl", "doctest"})


def answer_of(reply: str) -> str:
    """A reply without what the model thought aloud. Of thoughts that never end nothing is left but what was before."""
    ends = [at + len(tag) for tag in (f"</{name}>" for name in _TAGS) if (at := reply.rfind(tag)) >= 0]
    answer = reply[max(ends, default=0) :]
    starts = [at for name in _TAGS if (at := answer.find(f"<{name}>")) >= 0]
    return answer[: min(starts, default=len(answer))]


@dataclass
class Block:
    """A fenced block: the word after its fence in lower case, and its lines, without the fence's own indentation."""

    language: str
    lines: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        return "\n".join(self.lines)


def python_blocks(text: str) -> list[str]:
    """The blocks that say they are Python; else those that say nothing; else all. A block may lack its end."""
    blocks = [block for block in _blocks(text) if block.code.strip()]
    for wanted in (_PYTHON, frozenset({""})):
        if found := [block.code for block in blocks if block.language in wanted]:
            return found
    return [block.code for block in blocks]


def _blocks(text: str) -> Iterator[Block]:
    block: Block | None = None
    indent, fence = 0, "```"
    for line in lines_of(text):
        opening = _opening(line)
        if block is None:
            if opening is not None:
                indent, fence, language = opening
                block = Block(language)
        elif opening is not None and opening[1] == fence and opening[2]:
            yield block  # it was never closed, and here is the next
            indent, _, language = opening
            block = Block(language)
        elif line.rstrip().endswith(fence):
            before = line.rstrip()[: -len(fence)].rstrip(fence[0])
            block.lines += [_dedented(before, indent)] if before.strip() else []
            yield block
            block = None
        else:
            block.lines.append(_dedented(line, indent))
    if block is not None:
        yield block


def _opening(line: str) -> tuple[int, str, str] | None:
    """Indentation, fence and language, where a line opens a block; the fence may stand after prose."""
    stripped = line.strip()
    for fence in ("```", "~~~"):
        before, found, word = stripped.rpartition(fence)
        if found and _WORD.fullmatch(word.strip()):
            prose = before.rstrip(fence[0])
            if not prose or (fence == "```" and prose[-1] in " \t:."):
                return len(line) - len(line.lstrip()), fence, word.strip().lower()
    return None


def _dedented(line: str, indent: int) -> str:
    return line[indent:] if not line[:indent].strip() else line.lstrip()

"""Stage 3, the interface synthesizer: imports, signature and docstring of the function, without a body.

A reply may hold a whole solution: its body is dropped. Of several replies the most frequent signature counts.
"""

import ast
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from crossjudge.trainer.data import solution_of
from crossjudge.trainer.python_text import parsed
from crossjudge.trainer.training.rollout import Player

from .artefacts import produced
from .chunks import chunked
from .posed import asked_as
from .randomness import seed_of
from .records import Probed, Skeleton

NUMBER, NAME = 3, "skeletons"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def synthesize(
    folder: Path, player: Player, problems: Sequence[Probed], seed: int, iteration: int, size: int
) -> list[Skeleton]:
    """A skeleton for each problem; left out is one that no reply holds a function for."""

    def work(number: int, some: Sequence[Probed]) -> list[Skeleton]:
        asked = [asked_as(each) for each in some]
        replies = player.replies(asked, seed_of(seed, iteration, NUMBER, number))
        return [
            most_frequent(each, [one.text for one in given.completions])
            for each, given in zip(some, replies, strict=True)
        ]

    return produced(folder / f"{NUMBER}-{NAME}.jsonl", Skeleton, chunked(problems, size), work)


def most_frequent(problem: Probed, replies: Sequence[str]) -> Skeleton:
    """The skeleton that most replies have, of equally many the first."""
    found = [skeleton_of(reply, problem.entry_point, problem.prompt) for reply in replies]
    counts = Counter(each for each in found if each is not None)
    if not counts:
        return Skeleton(id=problem.id, left_out="no reply holds a function")
    (name, code), count = counts.most_common(1)[0]
    return Skeleton(id=problem.id, entry_point=name, code=code, agreed=count / len(replies))


def skeleton_of(reply: str, entry_point: str | None, docstring: str) -> tuple[str, str] | None:
    """The function's name and the text, with `docstring` where the reply has none. None where nothing can be read."""
    source = solution_of(reply, entry_point, prompt=docstring)
    tree = parsed(source) if source else None
    functions = [node for node in tree.body if isinstance(node, _Function)] if tree else []
    wanted = [node for node in functions if entry_point in (None, node.name)]
    if not wanted or tree is None:
        return None
    function = wanted[-1]
    text = ast.get_docstring(function) or docstring
    function.body = [ast.Expr(ast.Constant(text))]
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    try:
        return function.name, ast.unparse(ast.fix_missing_locations(ast.Module([*imports, function], [])))
    except (RecursionError, ValueError):  # nested too deeply to be written
        return None


def statistics(skeletons: Sequence[Skeleton]) -> dict[str, float]:
    """`agreed`: how many of a problem's replies have its signature, mean."""
    kept = [each for each in skeletons if each.left_out is None]
    return {"kept": len(kept), "agreed": fmean(each.agreed for each in kept) if kept else 0.0}

"""Stage 1, problem space probing: a model thinks of problems, topic by topic; near duplicates are left out.

Nothing is given but names of topics. The paper has a title, a description, a signature, an example and a hint asked for
(§2); a model that writes plain text, as that of the small world, is taken at its word.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from statistics import fmean, pstdev

from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.generation import Completion
from crossjudge.trainer.training.rollout import Player

from .artefacts import produced
from .config import ProbingConfig
from .near_duplicates import NearDuplicates, entropy, words_of
from .randomness import seed_of
from .records import Probed

NUMBER, NAME = 1, "probing"
LONGEST_PROBLEM = 8_000
"""Characters; more is no problem but a model that does not stop."""
FEWEST_WORDS = 4
_LABEL = re.compile(r"^[\s#*_]*(title|description|signature|example|hint)[\s*_]*:[\s*_]*", re.IGNORECASE)
_SIGNATURE = re.compile(r"\bdef\s+([A-Za-z_]\w*)\s*\(")


def probe(
    folder: Path, player: Player, config: ProbingConfig, seed: int, iteration: int, taken: Iterable[str]
) -> list[Probed]:
    """Problems for one iteration, those left out too. `taken` are texts that none may be like: problems to be measured
    with, and those of earlier iterations."""
    asked = list(product(range(config.rounds), config.topics))

    def work(number: int, about: tuple[int, str]) -> list[Probed]:
        _, topic = about
        # What is asked about is no problem yet, but stands where one does in a prompt.
        wanted = TrainingProblem(id="topic", prompt=topic)
        [replies] = player.replies([wanted], seed_of(seed, iteration, NUMBER, number))
        name = f"{iteration}/{number}"
        return [_probed(f"{name}/{at}", topic, each) for at, each in enumerate(replies.completions)]

    def finish(probed: list[Probed]) -> list[Probed]:
        return without_duplicates(probed, config.similarity, taken, config.max_problems)

    return produced(folder / f"{NUMBER}-{NAME}.jsonl", Probed, asked, work, finish)


def without_duplicates(probed: Sequence[Probed], similarity: float, taken: Iterable[str], most: int) -> list[Probed]:
    """The same problems, those marked that are like another before them, and those beyond `most`."""
    known = NearDuplicates(similarity)
    for text in taken:
        known.take(text)
    found, left = [], most
    for each in probed:
        if each.left_out is None:
            why = None if known.take(each.prompt) else "a near duplicate"
            why = "enough problems" if why is None and not left else why
            left -= why is None
            each = each.model_copy(update={"left_out": why})
        found.append(each)
    return found


def read_problem(reply: str) -> tuple[str, str | None]:
    """The problem's text and the name of its function: of the labelled parts where there are any, else of all of it."""
    parts: dict[str, list[str]] = {}
    label = ""
    for line in reply.strip().splitlines():
        if match := _LABEL.match(line):
            label, line = match[1].lower(), line[match.end() :]
        parts.setdefault(label, []).append(line)
    texts = {name: "\n".join(lines).strip() for name, lines in parts.items()}
    signature = _SIGNATURE.search(texts.get("signature", ""))
    name = signature[1] if signature else None
    if not texts.get("description"):
        return reply.strip(), name
    shown = [texts.get("title"), texts["description"]]
    shown += [f"{each.title()}: {texts[each]}" for each in ("signature", "example", "hint") if texts.get(each)]
    return "\n\n".join(text for text in shown if text), name


def statistics(probed: Sequence[Probed]) -> dict[str, float]:
    """Lexical entropy in bits is that of a problem's words (mean and deviation, as in the paper), and of all words."""
    kept = [each for each in probed if each.left_out is None]
    duplicates = sum(each.left_out == "a near duplicate" for each in probed)
    of_each = [entropy(words_of(each.prompt)) for each in kept] or [0.0]
    return {
        "replies": len(probed),
        "kept": len(kept),
        "near_duplicates": duplicates / max(1, len(probed)),
        "lexical_entropy": fmean(of_each),
        "lexical_entropy_std": pstdev(of_each),
        "corpus_entropy": entropy(word for each in kept for word in words_of(each.prompt)),
    }


def _probed(id: str, topic: str, reply: Completion) -> Probed:
    prompt, entry_point = read_problem(reply.text)
    why = None
    if reply.is_truncated or len(prompt) > LONGEST_PROBLEM:
        why = "it does not end"
    elif len(words_of(prompt)) < FEWEST_WORDS:
        why = "too short for a problem"
    return Probed(
        id=id,
        prompt=prompt[:LONGEST_PROBLEM],
        topic=topic,
        entry_point=entry_point,
        log_prob=mean_log_prob(reply),
        left_out=why,
    )


def mean_log_prob(reply: Completion) -> float | None:
    """Of a token of the reply, in nats; None where the generator does not tell."""
    return fmean(reply.logprobs) if reply.logprobs else None

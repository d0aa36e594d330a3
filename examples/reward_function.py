"""A reward function that is asked for one completion at a time, as those of many RL trainers are.

Start a stack (`make up`), then: .venv/bin/python examples/reward_function.py
"""

import asyncio
import re

from crossjudge.client import AsyncClient

PROBLEMS = {
    "double": {"entry_point": "double", "tests": ["assert double(2) == 4", "assert double(3) == 6"]},
    "last": {"entry_point": "last", "tests": ["assert last([1, 2]) == 2", "assert last('abc') == 'c'"]},
}
COMPLETIONS = {  # what a policy might have sampled: four completions for each prompt
    "double": [
        "Sure!\n```python\ndef double(x):\n    return 2 * x\n```",
        "```python\ndef double(x):\n    return x * x\n```",
        "```python\ndef double(x):\n    return x + x\n```",
        "I cannot do that.",
    ],
    "last": [
        "```python\ndef last(xs):\n    return xs[-1]\n```",
        "```python\ndef last(xs):\n    return xs.pop()\n```",  # a string has no pop
        "```python\ndef last(xs):\n    while True: pass\n```",
        "```python\ndef last(xs):\n    import os; os._exit(0)\n```",
    ],
}
GROUP_SIZE = 4


def code_of(completion: str) -> str:
    """The last fenced block; what has none is judged as it stands, and does not compile."""
    blocks = re.findall(r"```(?:python)?\n(.*?)```", completion, re.DOTALL)
    return blocks[-1] if blocks else completion


async def reward(judge: AsyncClient, completion: str, *, step: int, prompt: str) -> float | None:
    """None where nothing could be judged: leave such a sample out, it says nothing of the completion."""
    answer = await judge.sample(
        f"step-{step}/{prompt}",  # names the group: all completions of this prompt in this step
        size=GROUP_SIZE,
        solution=code_of(completion),
        problem=PROBLEMS[prompt],
    )
    return answer.reward


async def main() -> None:
    async with AsyncClient(run="reward-function", limits={"cpu_seconds": 1}) as judge:
        asked = [(prompt, completion) for prompt in PROBLEMS for completion in COMPLETIONS[prompt]]
        rewards = await asyncio.gather(*(reward(judge, text, step=1, prompt=prompt) for prompt, text in asked))
    for first, prompt in zip(range(0, len(asked), GROUP_SIZE), PROBLEMS, strict=True):
        print(prompt, rewards[first : first + GROUP_SIZE])


asyncio.run(main())

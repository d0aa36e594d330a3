"""What other programs may want of the trainer without its models is there without torch."""

import subprocess
import sys

import pytest

PACKAGES = [
    "mutation", "data", "rewards", "mistakes", "mistakes.command", "training.command", "evals.command",
    "recipes.code_a1.config", "recipes.ucoder.config", "recipes.ucoder.selection", "processes",
    "generation.openai_server", "training.generation_checks",
]  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_it_does_not_import_torch(package: str) -> None:
    heavy = "{'torch', 'transformers'} & set(sys.modules)"
    program = f"import sys, crossjudge.trainer.{package}; sys.exit(bool({heavy}))"
    subprocess.run([sys.executable, "-c", program], check=True)

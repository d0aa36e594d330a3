"""What goes into the models and what comes out of them: problem files, prompt templates, replies. No torch.

    file = read_problems("problems.jsonl.gz")
    prompt = load_template("coder").fill(prompt=problem.prompt, entry_point=problem.entry_point)
    solution_of(reply, problem.entry_point)  # text, or None
    cut_tests(reply, problem.entry_point)  # tests as the verifier takes them
    stated_calls(reply, problem.entry_point, limit=8)  # tests whose results a reference may correct

What a model wrote never raises; what a person wrote does, with the line and the remedy.
"""

from .errors import BadProblems, BadTemplate, DataError
from .extraction import MOST_TESTS, StatedCall, StatedCalls, cut_tests, solution_of, stated_calls
from .problems import ProblemFile, read_problems
from .templates import Template, load_template
from .training_problem import TrainingProblem

__all__ = [
    "MOST_TESTS",
    "BadProblems",
    "BadTemplate",
    "DataError",
    "ProblemFile",
    "StatedCall",
    "StatedCalls",
    "Template",
    "TrainingProblem",
    "cut_tests",
    "load_template",
    "read_problems",
    "solution_of",
    "stated_calls",
]

"""A sample of a group carries what a batch does, since that is what its group becomes."""

from crossjudge.contracts import Batch, GroupProblem, GroupSample, Problem


def test_a_sample_has_every_field_of_a_batch_but_its_problems() -> None:
    missing = Batch.model_fields.keys() - GroupSample.model_fields.keys() - {"problems"}
    assert not missing
    for name in Batch.model_fields.keys() - {"problems"}:
        assert GroupSample.model_fields[name].default == Batch.model_fields[name].default, name


def test_the_problem_of_a_group_has_every_field_of_a_problem_but_pairs() -> None:
    assert Problem.model_fields.keys() - GroupProblem.model_fields.keys() == {"pairs"}

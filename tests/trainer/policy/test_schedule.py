"""Learning rates are those of transformers' schedulers of the same names."""

import pytest

from crossjudge.trainer.policy.schedule import ScheduleName, rate_factor

torch = pytest.importorskip("torch", reason="the trainer's extra is not installed")
transformers = pytest.importorskip("transformers", reason="the trainer's extra is not installed")


@pytest.mark.parametrize(
    ("name", "theirs"), [("constant", "constant_with_warmup"), ("linear", "linear"), ("cosine", "cosine")]
)
@pytest.mark.parametrize("warmup", [0, 3])
def test_the_rate_is_that_of_transformers(name: ScheduleName, theirs: str, warmup: int) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = transformers.get_scheduler(theirs, optimizer, warmup, 10)
    for step in range(11):
        assert rate_factor(name, step, warmup, 10) == pytest.approx(schedule.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_beyond_its_end_the_rate_stays_at_zero(name: ScheduleName) -> None:
    assert rate_factor(name, 50, 3, 10) == 0.0

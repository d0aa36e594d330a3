"""`sample`: one sample of a group, asked for again and again under one name until the group is judged."""

from collections.abc import Callable
from typing import Any

import pytest

from crossjudge.client import Conflict, GroupProblem, InvalidRequest, SampleAnswer, WaitTimeout
from crossjudge.contracts import SampleState, dump_json
from pretend_service import Canned, PretendService, refusal

Call = Callable[..., Any]
JSON = {"Content-Type": "application/json"}


def said(status: SampleState, came: int = 2, reward: float | None = None) -> Canned:
    answer = SampleAnswer(key="k", run="r", sample="a", status=status, size=2, came=came, reward=reward, row="PF")
    return Canned(200 if status is SampleState.JUDGED else 202, JSON, dump_json(answer))


def test_a_sample_is_sent_again_under_its_name_until_the_group_is_judged(call: Call, service: PretendService) -> None:
    service.script += [
        said(SampleState.WAITING, 1), Canned(drop=True), refusal(503, "no queue", Retry_After="0"),
        said(SampleState.JUDGING), said(SampleState.JUDGED, reward=0.5),
    ]  # fmt: skip

    answer = call("sample", "step 1/p", size=2, solution="PF", problem={"tests": ["1", "2"]})

    assert (answer.reward, answer.row) == (0.5, "PF")
    assert len(service.seen) == 5
    assert {seen.path for seen in service.seen} == {"/v1/groups/step%201%2Fp/samples"}
    assert all(0 < float(seen.query["wait"]) <= 60 for seen in service.seen)
    assert all(seen.body == service.seen[0].body and seen.body["sample"] for seen in service.seen)


def test_what_a_sample_is_made_of_is_what_is_sent(call: Call, service: PretendService) -> None:
    service.script.append(said(SampleState.JUDGED))

    call(
        "sample", "k", size=3, test={"kind": "call", "args": ["\ud800"], "expected": 1}, sample="mine", reward="codet",
        problem=GroupProblem(entry_point="f", solutions=["x"]), deadline_seconds=9, isolation="auto", cache=False,
        settings={"run": "a-run", "limits": {"cpu_seconds": 1}, "detail": "full"},
    )  # fmt: skip

    [seen] = service.seen
    assert seen.body["test"] | {"kind": "call", "args": ["\ud800"], "expected": 1} == seen.body["test"]
    assert (seen.body["size"], seen.body["sample"], seen.body["reward"]) == (3, "mine", "codet")
    assert (seen.body["run"], seen.body["deadline_seconds"], seen.body["isolation"]) == ("a-run", 9, "auto")
    assert seen.body["problem"]["solutions"] == ["x"] and seen.body["limits"]["cpu_seconds"] == 1
    assert len(seen.body["detail"]) == 4 and seen.body["cache"] is False and seen.body["solution"] is None


def test_two_calls_are_two_samples(call: Call, service: PretendService) -> None:
    service.script += [said(SampleState.JUDGED), said(SampleState.JUDGED)]
    for _ in range(2):
        call("sample", "k", size=2, solution="P")
    assert service.seen[0].body["sample"] != service.seen[1].body["sample"]


def test_a_group_that_is_over_is_a_conflict_that_says_how_many_came(call: Call, service: PretendService) -> None:
    service.script.append(refusal(409, "the group is over: 1 of 2 samples came"))
    with pytest.raises(Conflict, match="1 of 2 samples came") as caught:
        call("sample", "k", size=2, solution="P")
    assert caught.value.status == 409 and len(service.seen) == 1


def test_a_call_that_may_not_wait_any_longer_says_how_many_came(call: Call, service: PretendService) -> None:
    service.script.append(said(SampleState.WAITING, 1))
    with pytest.raises(WaitTimeout, match="1 of 2 samples have come"):
        call("sample", "k", size=2, solution="P", timeout=0)
    assert [seen.query for seen in service.seen] == [{"wait": "0"}]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"size": 2}, "$"),
        ({"size": 2, "solution": "P", "test": "1"}, "$"),
        ({"size": 0, "solution": "P"}, "$.size"),
        ({"size": 2, "solution": 3}, "$.solution"),
        ({"size": 2, "solution": "P", "reward": "luck"}, "$.reward"),
        ({"size": 2, "solution": "P", "problem": {"pairs": []}}, "$.problem.pairs"),
        ({"size": 2, "solution": "P", "limits": {"cpu_seconds": -1}}, "$.limits.cpu_seconds"),
        ({"size": 2, "test": {"kind": "stdio"}}, "$.test.stdout"),
        ({"size": 2, "test": {"kind": "call", "expected": object()}}, "$"),
    ],
)  # fmt: skip
def test_a_sample_that_is_none_is_named_before_anything_is_sent(
    call: Call, service: PretendService, given: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        call("sample", "k", **given)
    assert [violation.path for violation in caught.value.violations] == [path]
    assert not service.seen

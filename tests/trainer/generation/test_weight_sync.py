"""Servers that sample from what was learned: adapters through vLLM's routes, all weights through TRL's client."""

import random
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the trainer's extra is not installed")
pytest.importorskip("transformers", reason="the trainer's extra is not installed")
pytest.importorskip("peft", reason="peft is not installed")

from adapter_server import LOAD, UNLOAD, AdapterServer  # noqa: E402
from crossjudge.client import Patience  # noqa: E402
from crossjudge.trainer.generation import GenerationError, GenerationRefused, Sampling  # noqa: E402
from crossjudge.trainer.generation.in_process import InProcessGenerator  # noqa: E402
from crossjudge.trainer.generation.openai_server import OpenAIServerGenerator  # noqa: E402
from crossjudge.trainer.generation.server import Server  # noqa: E402
from crossjudge.trainer.generation.weight_sync import AdapterSync, FullSync, trl_client  # noqa: E402
from crossjudge.trainer.policy.folders import ModelSettings  # noqa: E402
from crossjudge.trainer.policy.layouts import Policies, lora  # noqa: E402
from crossjudge.trainer.policy.lora_settings import LoraSettings  # noqa: E402
from crossjudge.trainer.policy.policy import Policy  # noqa: E402
from crossjudge.trainer.processes import ALONE, Processes  # noqa: E402
from joined_threads import joined  # noqa: E402
from model_server import ModelServer, Scripted  # noqa: E402
from tiny_models import tiny_folder, tiny_policy, words  # noqa: E402

# peft 0.21 asks transformers 5.23 by an old name; theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

PROMPT = words(5, 0)
SAMPLING = Sampling(max_completion_length=8)
QUICK = Patience(busy=5.0, unreachable=5.0, first_pause=0.001, longest_pause=0.01)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("base"))


@pytest.fixture
def server(base: Path) -> Iterator[AdapterServer]:
    with AdapterServer(base) as running:
        yield running


def adapters(base: Path) -> Policies:
    return lora(ModelSettings(model=str(base), device="cpu"), LoraSettings(r=2))


def moved(policy: Policy, seed: int) -> None:
    drawn = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=drawn), alpha=0.5)


def synced(policy: Policy, server: ModelServer, folder: Path) -> tuple[AdapterSync, OpenAIServerGenerator]:
    link = Server(server.url, patience=QUICK)
    generator = OpenAIServerGenerator(link, "base")
    return AdapterSync(policy, link, [generator], folder, ALONE), generator


def same_as_in_process(generator: OpenAIServerGenerator, policy: Policy) -> bool:
    [found] = generator.generate([PROMPT], 6, SAMPLING, 3)
    seed = random.Random("3/0/0").getrandbits(31)
    [expected] = InProcessGenerator(policy).generate([PROMPT], 6, SAMPLING, seed)
    return [reply.token_ids for reply in found] == [reply.token_ids for reply in expected]


def test_after_each_sync_the_server_samples_from_the_adapters_as_they_are(
    base: Path, server: AdapterServer, tmp_path: Path
) -> None:
    policies = adapters(base)
    pairs = [(policy, *synced(policy, server, tmp_path)) for policy in (policies.coder, policies.tester)]
    for turn in range(2):
        for at, (policy, sync, _) in enumerate(pairs):
            moved(policy, 10 * turn + at)
            sync.sync()
        assert all(same_as_in_process(generator, policy) for policy, _, generator in pairs)
        assert not same_as_in_process(pairs[0][2], pairs[1][0]), "or the two could not be told apart"
        served = {generator.model for _, _, generator in pairs}
        assert set(server.adapters) == {each.name for each in tmp_path.iterdir()} == served


def test_no_version_has_the_name_of_another(base: Path, server: AdapterServer, tmp_path: Path) -> None:
    """vLLM keeps what it has made of a prompt by the adapter's name."""
    policy = adapters(base).coder
    for _ in range(2):  # the second time is a run that goes on where one was stopped
        sync, _ = synced(policy, server, tmp_path)
        sync.sync()
        sync.sync()
    loaded = [name for path, name in server.asked if path == LOAD]
    assert len(set(loaded)) == 4
    assert [each.name for each in tmp_path.iterdir()] == [loaded[-1]]


def test_a_server_that_was_restarted_gets_the_next_version(base: Path, server: AdapterServer, tmp_path: Path) -> None:
    policy = adapters(base).coder
    sync, generator = synced(policy, server, tmp_path)
    sync.sync()
    server.adapters.clear()
    with pytest.raises(GenerationRefused, match="does it serve a model named 'coder-"):
        generator.generate([PROMPT], 1, SAMPLING, 0)
    sync.sync()
    assert server.asked[-1][0] == UNLOAD
    assert same_as_in_process(generator, policy)


def test_a_server_that_is_busy_is_waited_for(base: Path, server: AdapterServer, tmp_path: Path) -> None:
    sync, generator = synced(adapters(base).coder, server, tmp_path)
    server.script += [Scripted(503), Scripted(drop=True), Scripted(500)]
    sync.sync()
    assert list(server.adapters) == [generator.model]


def test_a_server_that_loads_no_adapters_is_told_how_to(base: Path, server: AdapterServer, tmp_path: Path) -> None:
    sync, generator = synced(adapters(base).coder, server, tmp_path)
    server.may_load = False
    with pytest.raises(GenerationRefused, match=r"VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 and --enable-lora.*") as raised:
        sync.sync()
    assert str(tmp_path) in str(raised.value)
    assert generator.model == "base"


def test_an_adapter_that_the_server_refuses_is_not_used(base: Path, server: AdapterServer, tmp_path: Path) -> None:
    policy = adapters(base).coder
    sync, generator = synced(policy, server, tmp_path)
    sync.sync()
    before = generator.model
    server.script.append(Scripted(400, '{"error": {"message": "LoRA rank 64 is greater than max_lora_rank 16."}}'))
    with pytest.raises(GenerationRefused, match=r"rank 64 is greater.*--max-lora-rank has to be lora\.r at least"):
        sync.sync()
    assert generator.model == before and same_as_in_process(generator, policy)
    assert [each.name for each in tmp_path.iterdir()] == [before]


def test_an_adapter_that_cannot_be_written_is_named(base: Path, server: AdapterServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sync, _ = synced(adapters(base).coder, server, tmp_path / "file")
    with pytest.raises(GenerationError, match=r"cannot write the adapter to .*file"):
        sync.sync()


def test_of_several_processes_one_loads_and_all_ask_for_the_same(
    base: Path, server: AdapterServer, tmp_path: Path
) -> None:
    policy = adapters(base).coder

    def named(each: Processes) -> str:
        link = Server(server.url, patience=QUICK)
        generator = OpenAIServerGenerator(link, "base")
        AdapterSync(policy, link, [generator], tmp_path, each).sync()
        return generator.model

    assert len(set(joined(3, named))) == 1
    assert len(server.adapters) == 1


class Copier:
    """Gives weights to a model beside it, in place of NCCL between GPUs."""

    def __init__(self, served: Policy) -> None:
        self.served, self.resets = served, 0

    def update_model_params(self, model: Any) -> None:
        self.served.model.load_state_dict(dict(model.named_parameters()), strict=False)

    def reset_prefix_cache(self) -> None:
        self.resets += 1


def test_all_weights_reach_the_server_and_its_cache_is_emptied() -> None:
    policy, client = tiny_policy(), Copier(tiny_policy(seed=1))
    connected: list[Copier] = []

    def connect() -> Copier:
        connected.append(client)
        return client

    sync = FullSync(policy, connect, ALONE)
    with ModelServer(InProcessGenerator(client.served)) as server:
        generator = OpenAIServerGenerator(Server(server.url), "tiny")
        assert not same_as_in_process(generator, policy)
        for turn in range(2):
            moved(policy, turn)
            sync.sync()
            assert same_as_in_process(generator, policy)
    assert client.resets == 2 and len(connected) == 1


def test_weights_that_a_server_does_not_take_are_an_error_of_ours() -> None:
    class Refusing(Copier):
        def update_model_params(self, model: Any) -> None:
            raise Exception("Request failed: 500, no engine")  # as TRL does

    policy = tiny_policy()
    with pytest.raises(GenerationError, match="did not take coder's weights: Request failed: 500, no engine"):
        FullSync(policy, lambda: Refusing(policy), ALONE).sync()


def test_trls_client_is_asked_for_as_it_wants_to_be() -> None:
    """As far as that goes without vLLM: its constructor takes our arguments, and says what is missing."""
    client = pytest.importorskip("trl.generation.vllm_client", reason="TRL is not installed").VLLMClient
    for name in ("init_communicator", "update_model_params", "reset_prefix_cache"):
        assert callable(getattr(client, name))
    if find_spec("vllm") is None:
        with pytest.raises(GenerationError, match=r"needs TRL and vLLM .*crossjudge\[vllm-client\]"):
            trl_client(Server("http://127.0.0.1:9"), 51216, "cpu", 0.0)

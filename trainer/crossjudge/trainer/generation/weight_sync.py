"""How a server that samples gets the weights that were learned.

- `AdapterSync` (layout `lora`): the adapter is written to a folder that the server can read, and loaded through vLLM's
  `/v1/load_lora_adapter`. The server is to be started with `VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 vllm serve BASE
  --enable-lora`.
- `FullSync` (layouts `shared` and `separate`): all weights go from GPU to GPU, by TRL's `VLLMClient`, which keeps up
  with vLLM's changing routes.

A policy sampled in process needs neither.
"""

import shutil
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from crossjudge.trainer.policy.policy import Policy
from crossjudge.trainer.processes import Processes, is_lead

from .errors import GenerationError, GenerationRefused, ServerUnreachable
from .openai_server import OpenAIServerGenerator
from .server import Server


class WeightSync(Protocol):
    """What brings a server up to date."""

    def sync(self) -> None:
        """From now on the server samples from the policy as it is. Raises `GenerationError`."""
        ...


class AdapterSync:
    """Loads each version of an adapter under a name of its own, and unloads the one before.

    Not under one name with `load_inplace`: vLLM's cache of prompts knows an adapter by its name, so that a new version
    would go on from what an old one made of the prompt (vllm-project/vllm#42125). The names are drawn, so that runs
    which share a server do not meet. The folder of a version stays until the next one is loaded: a server may read
    it again.
    """

    def __init__(
        self,
        policy: Policy,
        server: Server,
        generators: Sequence[OpenAIServerGenerator],
        folder: Path,
        processes: Processes,
    ) -> None:
        self._policy, self._server, self._generators = policy, server, generators
        self._folder = folder.absolute()
        self._processes = processes
        self._loaded: str | None = None

    def sync(self) -> None:
        """Raises `GenerationError`, and then the version before is still in use."""
        name = self._replaced() if is_lead(self._processes) else ""
        name = self._processes.gathered(name)[0]
        for generator in self._generators:
            generator.model = name

    def _replaced(self) -> str:
        if self._loaded is None:  # what a run that was stopped has left
            for left in [*self._folder.glob(f"{self._policy.name}-*"), *self._folder.glob(f".{self._policy.name}-*")]:
                shutil.rmtree(left, ignore_errors=True)
        name, before = f"{self._policy.name}-{uuid.uuid4().hex[:12]}", self._loaded
        self._write(name)
        document = {"lora_name": name, "lora_path": str(self._folder / name)}
        try:
            self._server.post("/v1/load_lora_adapter", document, self._hint)
        except GenerationError:
            shutil.rmtree(self._folder / name, ignore_errors=True)
            raise
        self._loaded = name
        if before is not None:
            self._unload(before)
            shutil.rmtree(self._folder / before, ignore_errors=True)
        return name

    def _write(self, name: str) -> None:
        part = self._folder / f".{name}.part"
        try:
            self._policy.save(part).replace(self._folder / name)
            part.rmdir()
        except (OSError, RuntimeError) as error:  # torch raises RuntimeError for a full disk
            shutil.rmtree(part, ignore_errors=True)
            raise GenerationError(f"cannot write the adapter to {self._folder / name}: {error}") from error

    def _unload(self, name: str) -> None:
        try:
            self._server.post("/v1/unload_lora_adapter", {"lora_name": name}, lambda _: "")
        except GenerationRefused as error:
            if error.status != 404:  # a server that was restarted has forgotten it, which is as good
                raise

    def _hint(self, status: int) -> str:
        if status == 404:
            flags = "VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 and --enable-lora"
            return f"; start it with {flags}, where it can read {self._folder}"
        return "; --max-lora-rank has to be lora.r at least" if status == 400 else ""


class WeightClient(Protocol):
    """What `FullSync` needs of TRL's `VLLMClient`."""

    def update_model_params(self, model: Any) -> None: ...

    def reset_prefix_cache(self) -> None: ...


class FullSync:
    """Sends all weights. `connect` is called at the first time, by the lead alone: the group has one sender."""

    def __init__(self, policy: Policy, connect: Callable[[], WeightClient], processes: Processes) -> None:
        self._policy, self._connect, self._processes = policy, connect, processes
        self._client: WeightClient | None = None

    def sync(self) -> None:
        """Raises `GenerationError`."""
        with self._policy.whole():
            if is_lead(self._processes):
                self._send()
            self._processes.gathered(None)

    def _send(self) -> None:
        self._client = self._client or self._connect()
        try:
            self._client.update_model_params(self._policy.model)
            self._client.reset_prefix_cache()
        except Exception as error:  # TRL raises bare ones for what a server answers
            raise GenerationError(f"the server did not take {self._policy.name}'s weights: {error}") from error


def trl_client(server: Server, group_port: int, device: Any, connect_seconds: float) -> WeightClient:
    """TRL's client, in one group with the server's workers; waits for the server for `connect_seconds`.

    Raises `GenerationError` where it or vLLM is not installed, or the server was started without weight transfer.
    """
    try:
        from trl.generation.vllm_client import VLLMClient

        client: Any = VLLMClient(server.root, group_port=group_port, connection_timeout=connect_seconds)
        client.init_communicator(device)
    except ImportError as error:
        what = "sending all weights to a server needs TRL and vLLM beside the trainer"
        raise GenerationError(
            f"{what} ({error}): pip install 'crossjudge[vllm-client]' vllm, or layout=lora"
        ) from error
    except ConnectionError as error:
        raise ServerUnreachable(f"no answer from {server.root} within {connect_seconds:g} s: {error}") from error
    except Exception as error:  # TRL's own are bare
        raise GenerationError(f"{server.root} takes no weights: {error}") from error
    made: WeightClient = client
    return made

"""A policy's weights, gradients and moments shared out among processes (FSDP2), for those that fit on no single GPU.

While a policy learns, a process holds its share of all that and, for a moment, one layer. For what is done with the
weights alone (sampling, saving, sending them) it gets all of them, which is a quarter of what training takes.
Everything here is done by all processes at the same time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any


class Sharding:
    """Of a model, which it changes in place: its parameters become shares. `count` processes take part."""

    def __init__(self, model: Any, count: int) -> None:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import FSDPModule, fully_shard

        self._model = model
        self._names = frozenset(model.state_dict())  # afterwards asking for it would take the model apart
        mesh = init_device_mesh(model.device.type, (count,))
        whole = set(getattr(model, "_no_split_modules", None) or ())
        for module in list(model.modules()):
            if type(module).__name__ in whole:
                fully_shard(module, mesh=mesh)
        fully_shard(model, mesh=mesh, reshard_after_forward=True)
        self._modules: list[Any] = [module for module in model.modules() if isinstance(module, FSDPModule)]

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All weights are here, and forward passes need nobody else. Not for learning."""
        self._set_whole(True)
        try:
            yield
        finally:
            self._set_whole(False)

    def state(self) -> dict[str, Any]:
        """What `state_dict` would say of a model that is whole."""
        named = chain(self._model.named_parameters(), self._model.named_buffers())
        return {name: value.detach() for name, value in named if name in self._names}

    def _set_whole(self, is_whole: bool) -> None:
        for module in self._modules:
            module.set_reshard_after_forward(not is_whole, recurse=False)
            if is_whole:
                module.unshard()
            else:
                module.reshard()


def gathered(value: Any) -> Any:
    """A share's whole, on the CPU; anything else as it is."""
    return value.full_tensor().cpu() if hasattr(value, "full_tensor") else value


def shared_as(value: Any, parameter: Any) -> Any:
    """A whole tensor cut as the parameter is; anything else as it is."""
    if not hasattr(parameter, "device_mesh") or not hasattr(value, "shape") or value.shape != parameter.shape:
        return value
    from torch.distributed.tensor import distribute_tensor  # slow to import, and not in every build of torch

    return distribute_tensor(value.to(parameter.device), parameter.device_mesh, parameter.placements)

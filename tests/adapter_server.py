"""A server that loads adapters while it runs, as vLLM documents it (docs/features/lora.md): vLLM itself needs a GPU.

What it serves is real: transformers' model under peft's adapters, which are read from the folders it is sent.
"""

import json
from pathlib import Path
from typing import Any

from crossjudge.trainer.generation.in_process import InProcessGenerator
from crossjudge.trainer.policy.policy import Policy
from model_server import ModelServer, Scripted

LOAD, UNLOAD = "/v1/load_lora_adapter", "/v1/unload_lora_adapter"


class AdapterServer(ModelServer):
    """`may_load` False is a server that was started without `VLLM_ALLOW_RUNTIME_LORA_UPDATING`."""

    def __init__(self, base: Path, may_load: bool = True) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._base, self.may_load = base, may_load
        self._tokenizer = AutoTokenizer.from_pretrained(base)
        model: Any = AutoModelForCausalLM.from_pretrained(base)
        super().__init__(InProcessGenerator(Policy("base", model.eval(), self._tokenizer)))
        self.adapters: dict[str, InProcessGenerator] = {}
        self.asked: list[tuple[str, str]] = []
        """Each request's path, and the adapter that it names."""

    def answer(self, path: str, request: dict[str, Any]) -> Scripted:
        name = str(request.get("lora_name") or request.get("model"))
        self.asked.append((path, name))
        if path == LOAD and self.may_load:
            return self._loaded(name, Path(request["lora_path"]))
        if path == UNLOAD and self.may_load:
            if self.adapters.pop(name, None) is None:
                return refused(404, f"The lora adapter '{name}' cannot be found.")
            return Scripted(body=f"Success: LoRA adapter '{name}' removed successfully.")
        if path == "/v1/completions" and name in self.adapters:
            return self.completions(self.adapters[name], request)
        return refused(404, f"The model `{name}` does not exist.")

    def _loaded(self, name: str, folder: Path) -> Scripted:
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        if name in self.adapters:
            return refused(400, f"The lora adapter '{name}' has already been loaded.")
        if not (folder / "adapter_model.safetensors").is_file():
            return refused(404, f"Loading lora {name} failed: No adapter found for {folder}")
        base: Any = AutoModelForCausalLM.from_pretrained(self._base)
        model: Any = PeftModel.from_pretrained(base, folder, adapter_name=name).eval()
        self.adapters[name] = InProcessGenerator(Policy(name, model, self._tokenizer, adapter=name))
        return Scripted(body=f"Success: LoRA adapter '{name}' added successfully.")


def refused(status: int, message: str) -> Scripted:
    return Scripted(status, json.dumps({"error": {"message": message, "code": status}}))

"""Writes the weights of SmolLM2 for vLLM: `python -m tests.peers.weights`, in the environment of vLLM (it brings transformers; `pip install gguf` as well)."""

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.peers.servers import SMOL, SMOL_FOLDER


def main() -> None:
    where = {"pretrained_model_name_or_path": str(SMOL.parent), "gguf_file": SMOL.name}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    model = AutoModelForCausalLM.from_pretrained(**where).to(torch.float32)
    # What was unpacked is no longer quantized, whatever its settings remember.
    model.is_quantized, model.hf_quantizer = False, None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(SMOL_FOLDER)
    tokenizer.save_pretrained(SMOL_FOLDER)


main()

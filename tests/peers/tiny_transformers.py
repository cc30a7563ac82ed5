"""A tiny random model where transformers serve looks for models: `python -m tests.peers.tiny_transformers HF_HOME`.

In the environment of transformers. The tokenizer and the template are those of SmolLM2, whose weights would take
a quarter of an hour on two cores; the API of the server is the same.
"""

import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, LlamaConfig

from tests.peers.servers import SMOL_FOLDER

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def main(home: Path) -> None:
    hub = home / "hub" / "models--local--tiny"
    where = hub / "snapshots" / COMMIT
    (hub / "refs").mkdir(parents=True)
    (hub / "refs" / "main").write_text(COMMIT)
    torch.manual_seed(1)
    like = AutoConfig.from_pretrained(SMOL_FOLDER)
    ids = {name: getattr(like, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    config = LlamaConfig(
        vocab_size=like.vocab_size, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=8192, **ids,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(where)
    AutoTokenizer.from_pretrained(SMOL_FOLDER).save_pretrained(where)


main(Path(sys.argv[1]))

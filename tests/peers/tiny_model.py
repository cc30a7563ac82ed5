"""Makes a random llama model of under 1 MB, so that a real engine has something to run.

The model knows bytes and a few pairs. One dimension of the residual stream is held constant, which
turns the first column of the output matrix into a bias for each token: printable text is likely,
control bytes are not, and the end of a turn comes now and then.
"""

import sys
from pathlib import Path

import gguf
import numpy as np

WIDTH, HEADS, LAYERS, INNER, CONTEXT = 64, 4, 2, 128, 8192
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
PAIRS = ("t h", "h e", "i n", "e r", "a n", "r e", "o n", "Ġ t", "Ġ a", "th e", "in g", "an d")
TEMPLATE = (
    "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{{ m['content'] if m['content'] is string else '' }}"
    "{% if m.tool_calls %}{% for c in m.tool_calls %}<tool_call>\n"
    '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}'
    "\n</tool_call>{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_letters() -> dict[int, str]:
    """The printable letter that stands for each byte in byte-level vocabularies."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{b: chr(b) for b in plain}, **{b: chr(256 + n) for n, b in enumerate(others)}}


def build(path: Path) -> Path:
    """Write the model; the same bytes every time."""
    letters = byte_letters()
    printable = {letters[byte] for byte in (*range(32, 127), 10)}
    tokens = [*SPECIAL, *letters.values(), *(pair.replace(" ", "") for pair in PAIRS)]
    source = np.random.default_rng(7)

    def noise(*shape: int, scale: float = 0.06) -> np.ndarray:
        return source.normal(0, scale, shape).astype(np.float32)

    embedding = noise(len(tokens), WIDTH, scale=1.0)
    embedding[:, 0] = 8.0
    output = noise(len(tokens), WIDTH, scale=0.25)
    output[:, 0] = [0.0 if set(token) <= printable else -10.0 for token in tokens]
    output[SPECIAL.index("<|im_end|>")] = 0.0
    output[SPECIAL.index("<|im_end|>"), 0] = 0.3

    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny-random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_merges(list(PAIRS))
    kinds = (gguf.TokenType.NORMAL, gguf.TokenType.CONTROL)
    writer.add_token_types([int(kinds[token in SPECIAL]) for token in tokens])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{norm}.weight", np.ones(WIDTH, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix = noise(WIDTH, WIDTH)
            if name == "attn_output":
                matrix[0] = 0
            writer.add_tensor(f"blk.{layer}.{name}.weight", matrix)
        writer.add_tensor(f"blk.{layer}.ffn_gate.weight", noise(INNER, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", noise(INNER, WIDTH))
        down = noise(WIDTH, INNER)
        down[0] = 0
        writer.add_tensor(f"blk.{layer}.ffn_down.weight", down)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


if __name__ == "__main__":
    print(build(Path(sys.argv[1])).stat().st_size)

"""Events a second of our decoder, of httpx-sse's and of a naive split: `python benchmarks/sse.py`.

Runs for about ten seconds on one core. The three take turns within each round, so that a slow moment
of the machine hits all of them; figures are medians over the rounds, in events a second of processor
time, and the ratio is to httpx-sse.
"""

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

from httpx_sse._decoders import SSEDecoder, SSELineDecoder

sys.path.insert(0, str(Path(__file__).parents[1]))

from wire.sse import Decoder

CHUNK = (
    b'data: {"id":"chatcmpl-%08d","object":"chat.completion.chunk","created":1760000000,'
    b'"model":"gpt-5.5","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,'
    b'"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null,'
    b'"obfuscation":"aB3dE"}\n\n'
)
DELTA = (
    b"event: response.output_text.delta\n"
    b'data: {"type":"response.output_text.delta","item_id":"msg_0123456789abcdef","output_index":0,'
    b'"content_index":0,"delta":" word","sequence_number":%08d,"logprobs":[],"obfuscation":"aB3"}\n\n'
)
ROUNDS = 15
EVENTS = 6000


def ours(reads: Iterable[bytes]) -> int:
    decoder = Decoder()
    count = 0
    for data in reads:
        count += len(decoder.feed(data, 1.0))
    return count + len(decoder.close())


def httpx_sse(reads: Iterable[bytes]) -> int:
    lines, events = SSELineDecoder(), SSEDecoder()
    count = 0
    for data in reads:
        for line in lines.decode(data.decode("utf-8", "ignore")):
            count += events.decode(line.rstrip("\n")) is not None
    return count


def naive(reads: Iterable[bytes]) -> int:
    rest = b""
    count = 0
    for data in reads:
        *blocks, rest = (rest + data).split(b"\n\n")
        count += len([block[6:].decode() for block in blocks])
    return count


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def main() -> None:
    decoders: dict[str, Callable[[Iterable[bytes]], int]] = {
        "wire.sse": ours,
        "httpx-sse": httpx_sse,
        "naive split": naive,
    }
    print(f"{'stream':<10} {'reads':<12} {'decoder':<12} {'events/s':>10} {'ratio':>6}")
    for kind, template in (("chat", CHUNK), ("responses", DELTA)):
        whole = [template % number for number in range(EVENTS)]
        stream = b"".join(whole)
        for label, reads in (
            ("one event", whole),
            ("16 KiB", cut(stream, 16384)),
            ("64 B", cut(stream, 64)),
        ):
            rates: dict[str, list[float]] = {name: [] for name in decoders}
            for _ in range(ROUNDS):
                for name, decode in decoders.items():
                    started = time.process_time()
                    count = decode(reads)
                    rates[name].append(EVENTS / (time.process_time() - started))
                    assert count == EVENTS, (name, label, count)
            base = median(rates["httpx-sse"])
            for name, values in rates.items():
                rate = median(values)
                print(f"{kind:<10} {label:<12} {name:<12} {rate:>10,.0f} {rate / base:>6.2f}")


if __name__ == "__main__":
    main()

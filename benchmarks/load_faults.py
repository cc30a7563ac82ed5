"""Table row 9: every stream fault of the gateway, and the outcome class of all of its streams.

python benchmarks/load_faults.py
"""

from load_ours import ours

CASES = {
    "chat-stream": {
        "chat.stream.cut": "truncated",
        "chat.stream.stops-silently": "truncated",
        "chat.stream.done-missing": "truncated",
        "chat.stream.finish-missing": "truncated",
        "chat.stream.reset": "reset_mid_stream",
        "chat.stream.not-json": "parse_error",
        "chat.stream.content-type": "parse_error",
        "chat.stream.empty-data": "parse_error",
        "chat.stream.usage-missing": "ok",
        "chat.stream.usage-twice": "ok",
        "chat.stream.usage-not-last": "ok",
        "chat.stream.finish-twice": "ok",
        "chat.stream.late-delta": "ok",
        "chat.stream.id-changes": "ok",
        "chat.stream.after-done": "ok",
        "chat.stream.last-line-open": "ok",
        "chat.stream.delta-lost": "ok",
        "chat.stream.delta-twice": "ok",
        "chat.stream.delta-order": "ok",
    },
    "responses-stream": {
        "responses.stream.cut-early": "truncated",
        "responses.stream.cut-before-terminal": "truncated",
        "responses.stream.ended-early": "truncated",
        "responses.stream.reset": "reset_mid_stream",
        "responses.stream.stalled": "timeout_idle",
        "responses.stream.usage-missing": "ok",
        "responses.stream.usage-total-wrong": "ok",
        "responses.stream.delta-lost": "ok",
    },
}


def main() -> None:
    wrong = streams = 0
    for scenario, faults in CASES.items():
        for fault, expected in faults.items():
            arguments = [
                "--scenario",
                scenario,
                "--rate",
                "50",
                "--duration",
                "2",
                "--idle-timeout",
                "2",
            ]
            document = ours(None, *arguments, "--gateway-fault", fault, prompt=False)
            outcomes = {name: n for name, n in document["outcomes"].items() if n}
            streams += document["arrivals"]["happened"]
            wrong += document["arrivals"]["happened"] - outcomes.get(expected, 0)
            print(f"{fault:40} {expected:18} {outcomes} {document['conformance']}")
    print(f"{streams} streams, {wrong} in another class than theirs")


if __name__ == "__main__":
    main()

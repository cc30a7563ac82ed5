"""The command line of a load run, beside Locust's own options."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, Final

from load import scenario
from load.arrivals import KINDS

DEFAULT_FOLDER: Final = Path(__file__).parent.parent / "reports" / "out"


def add_options(parser: ArgumentParser) -> None:
    """Our options. Names in the namespace start with `load_` where Locust might take the plain one."""
    group = parser.add_argument_group("Load against an OpenAI-compatible server")

    def add(name: str, **how: Any) -> None:
        group.add_argument(name, env_var=f"LOAD_{name[2:].replace('-', '_').upper()}", **how)

    add("--scenario", choices=scenario.NAMES, default="chat-stream", help="what is sent")
    add("--mix", default="", metavar="NAME=WEIGHT,…", help="weights of the scenario mix (default: chat-stream=8,chat=1,models=1)")  # fmt: skip
    add("--model", default="", metavar="M", help="model to ask (default: gpt-5.5)")
    add("--max-tokens", type=int, default=None, metavar="N", help="limit of each answer")
    add("--prompts", default="", metavar="FILE", help="JSON Lines with prompt or messages (default: synthetic)")  # fmt: skip
    add("--trace", default="", metavar="FILE", help="times and lengths of real traffic, for --arrivals trace")  # fmt: skip
    add(
        "--trace-stretch",
        type=float,
        default=1.0,
        metavar="F",
        help="factor on the times of a trace",
    )
    add(
        "--input-tokens",
        type=float,
        default=64,
        metavar="N",
        help="mean length of synthetic prompts",
    )
    add("--output-tokens", type=float, default=32, metavar="N", help="mean length of their answers")
    add(
        "--spread",
        type=float,
        default=0.0,
        metavar="F",
        help="spread of both, as a share of the mean",
    )
    add("--shared-prefix", type=int, default=0, metavar="N", help="tokens that all prompts start with; 0 gives each a start of its own")  # fmt: skip
    add("--turns", type=int, default=4, metavar="N", help="requests of an agent session")
    add("--think", type=float, default=0.5, metavar="S", help="pause between the turns of an agent")

    add("--arrivals", choices=KINDS, default="constant", help="when requests arrive")
    add("--rate", type=float, default=1.0, metavar="R", help="arrivals a second, whole fleet")
    add(
        "--duration",
        type=float,
        default=30.0,
        metavar="S",
        help="length of the schedule in seconds",
    )
    add(
        "--warm-up",
        type=float,
        default=0.0,
        metavar="S",
        help="first seconds that no figure counts",
    )
    add(
        "--drain",
        type=float,
        default=60.0,
        metavar="S",
        help="how long to wait for the last answers",
    )
    add("--seed", type=int, default=1, metavar="N", help="of arrivals, lengths and mix")
    add(
        "--shape", type=float, default=0.5, metavar="K", help="of gamma arrivals: below 1 is bursty"
    )
    add("--start-rate", type=float, default=0.0, metavar="R", help="where ramp and steps begin")
    add(
        "--spike-factor",
        type=float,
        default=5.0,
        metavar="F",
        help="height of the spike over the rate",
    )
    add(
        "--concurrency",
        type=int,
        default=1,
        metavar="N",
        help="requests in flight of a closed loop",
    )
    add("--max-in-flight", type=int, default=20_000, metavar="N", help="of one process; more are client_saturated")  # fmt: skip

    add(
        "--ttft-slo",
        type=float,
        default=None,
        metavar="MS",
        help="time to first token of a good request",
    )
    add(
        "--tpot-slo",
        type=float,
        default=None,
        metavar="MS",
        help="time per output token of a good request",
    )
    add(
        "--slo-share",
        type=float,
        default=95.0,
        metavar="PCT",
        help="good requests that search asks for",
    )
    add("--trial", type=float, default=10.0, metavar="S", help="length of one trial of a search")
    add("--gate", action="append", default=[], metavar="METRIC[:PCT]:LIMIT", help="ttft:p99:400ms, error_rate:1%%, goodput:95%%; may be repeated")  # fmt: skip
    add("--max-cost", type=float, default=None, metavar="USD", help="stop before this is passed (default 1.00, no limit on loopback)")  # fmt: skip

    add("--connect-timeout", type=float, default=10.0, metavar="S", help="for a connection")
    add(
        "--first-token-timeout",
        type=float,
        default=120.0,
        metavar="S",
        help="for the first content",
    )
    add("--idle-timeout", type=float, default=60.0, metavar="S", help="for a gap in a stream")
    add("--total-timeout", type=float, default=600.0, metavar="S", help="for a whole request")
    add("--stamps", choices=("auto", "kernel", "app"), default="auto", help="who stamps received bytes; auto takes the kernel's where it can")  # fmt: skip
    add("--report-dir", default=str(DEFAULT_FOLDER), metavar="DIR", help="where the reports go")
    add(
        "--baseline",
        default="",
        metavar="FILE",
        help="load.json of an earlier run, to compare with",
    )
    add("--calibrate", action="store_true", help="first say what this machine can drive")
    add("--gateway-fault", action="append", default=[], metavar="NAME", help="break the reference gateway on purpose")  # fmt: skip
    add(
        "--gateway-ttft-ms",
        type=float,
        default=0.0,
        metavar="N",
        help="its time to the first token",
    )
    add("--gateway-itl-ms", type=float, default=0.0, metavar="N", help="its time between tokens")


def gateway_arguments(options: Namespace) -> list[str]:
    """How to start the reference gateway for this run."""
    arguments = ["--ttft-ms", str(options.gateway_ttft_ms), "--itl-ms", str(options.gateway_itl_ms)]
    if options.gateway_fault:
        arguments += ["--fault", *options.gateway_fault]
    return arguments

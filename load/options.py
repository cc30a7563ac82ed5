"""The command line of a load run, beside Locust's own options."""

import re
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from load.workload import scenario
from load.workload.schedule import KINDS

DEFAULT_FOLDER: Final = Path(__file__).parent.parent / "reports" / "out"
_USER: Final = re.compile(r"//[^/@\s]*@")
_QUERY: Final = re.compile(r"(https?://[^\s?]*)\?\S*")
Add = Callable[..., None]


def add_options(parser: ArgumentParser) -> None:
    """Our options by groups; each may also come from the environment, as LOAD_RATE for --rate."""
    for title, fill in (
        ("Load: what is sent", _requests),
        ("Load: when it is sent", _arrivals),
        ("Load: what is good enough", _targets),
        ("Load: how long to wait", _timeouts),
        ("Load: reports", _reports),
        ("Load: the reference gateway, the target without --host", _gateway),
    ):
        fill(_adder(parser, title))


def _adder(parser: ArgumentParser, title: str) -> Add:
    group = parser.add_argument_group(title)

    def add(name: str, **how: Any) -> None:
        group.add_argument(name, env_var=f"LOAD_{name[2:].replace('-', '_').upper()}", **how)

    return add


# fmt: off
def _requests(add: Add) -> None:
    add("--scenario", choices=scenario.NAMES, default="chat-stream", help="kind of request, or a mix of them (default: chat-stream)")
    add("--mix", default="", metavar="NAME=WEIGHT,…", help="weights of the scenario mix (default: chat-stream=8,chat=1,models=1)")
    add("--model", default="", metavar="M", help="model to ask (default: gpt-5.5)")
    add("--max-tokens", type=int, default=None, metavar="N", help="limit of each answer")
    add("--prompts", default="", metavar="FILE", help="JSON with prompts, messages or conversations (default: synthetic)")
    add("--header", action="append", default=[], metavar="NAME:VALUE", help="sent with each request; may be repeated; its value stands in no report")
    add("--extra-body", action="append", default=[], metavar="[NAME=]JSON", help='further parameters of each request, such as {"ignore_eos": true}; of one scenario where it is named; may be repeated')
    add("--requests", default="", metavar="N|once", help="end after so many; once: each line of --prompts one time")
    add("--stop-after", default=None, metavar="N|NAME=N,…", help="hang up in the middle of a stream, after N chunks with content; by scenario where it is named")
    add("--insecure", action="store_true", help="take any certificate of the target")
    add("--cacert", default="", metavar="FILE", help="certificates (PEM) that the target's must come from")
    add("--input-tokens", type=float, default=64, metavar="N", help="mean length of synthetic prompts (default: 64)")
    add("--output-tokens", type=float, default=32, metavar="N", help="mean length of their answers (default: 32)")
    add("--spread", type=float, default=0.0, metavar="F", help="spread of both, as a share of the mean (default: 0)")
    add("--shared-prefix", type=int, default=0, metavar="N", help="tokens that all prompts start with; 0 gives each a start of its own")
    add("--turns", type=int, default=4, metavar="N", help="requests of an agent session (default: 4)")
    add("--think", type=float, default=0.5, metavar="S", help="pause between the turns of an agent (default: 0.5)")


def _arrivals(add: Add) -> None:
    add("--arrivals", choices=KINDS, default="constant", help="when requests arrive (default: constant)")
    add("--rate", type=float, default=1.0, metavar="R", help="arrivals a second, whole fleet (default: 1)")
    add("--rates", default="", metavar="R,R,…", help="of --arrivals sweep: a stage each, of --duration, with its own warm-up and drain")
    add("--concurrencies", default="", metavar="N,N,…", help="of --arrivals sweep: a stage each, a closed loop")
    add("--duration", type=float, default=None, metavar="S", help="length of the schedule in seconds (default: 30; of a trace, all of it)")
    add("--warm-up", type=float, default=0.0, metavar="S", help="first seconds that no figure counts")
    add("--drain", type=float, default=60.0, metavar="S", help="how long to wait for the last answers (default: 60)")
    add("--concurrency", type=int, default=1, metavar="N", help="requests in flight of a closed loop (default: 1)")
    add("--seed", type=int, default=1, metavar="N", help="of arrivals, lengths and mix (default: 1)")
    add("--shape", type=float, default=0.5, metavar="K", help="of gamma arrivals: below 1 is bursty (default: 0.5)")
    add("--start-rate", type=float, default=0.0, metavar="R", help="where ramp and steps begin")
    add("--spike-factor", type=float, default=5.0, metavar="F", help="height of the spike over the rate (default: 5)")
    add("--trace", default="", metavar="FILE", help="times and lengths of real traffic, for --arrivals trace")
    add("--trace-stretch", type=float, default=1.0, metavar="F", help="factor on the times of a trace (default: 1)")
    add("--max-in-flight", type=int, default=20_000, metavar="N", help="of one process; more are client_saturated (default: 20000)")


def _targets(add: Add) -> None:
    add("--ttft-slo", type=float, default=None, metavar="MS", help="time to first token of a good request")
    add("--tpot-slo", type=float, default=None, metavar="MS", help="time per output token of a good request")
    add("--slo-share", type=float, default=95.0, metavar="PCT", help="good requests that search asks for (default: 95)")
    add("--trial", type=float, default=10.0, metavar="S", help="length of one trial of a search (default: 10)")
    add("--gate", action="append", default=[], metavar="METRIC[:PCT]:LIMIT", help="ttft:p99:400ms, error_rate:1%%, goodput:95%%; may be repeated")
    add("--max-cost", type=float, default=None, metavar="USD", help="stop before this is passed (default 1.00, no limit on loopback)")


def _timeouts(add: Add) -> None:
    add("--connect-timeout", type=float, default=10.0, metavar="S", help="for a connection (default: 10)")
    add("--first-token-timeout", type=float, default=120.0, metavar="S", help="for the first content (default: 120)")
    add("--idle-timeout", type=float, default=60.0, metavar="S", help="for a gap in a stream (default: 60)")
    add("--total-timeout", type=float, default=600.0, metavar="S", help="for a whole request (default: 600)")


def _reports(add: Add) -> None:
    add("--report-dir", default=str(DEFAULT_FOLDER), metavar="DIR", help="where the reports go (default: reports/out)")
    add("--baseline", default="", metavar="FILE", help="load.json of an earlier run, to compare with")
    add("--fail-if-worse", default="", metavar="PCT%", help="than the baseline, in any latency, rate, error rate or goodput, beyond chance: a gate")
    add("--records", action="store_true", help="a line of each request in load-requests.jsonl.gz")
    add("--metrics-port", default="", metavar="[HOST:]PORT", help="OpenMetrics at /metrics while it runs; 0 takes any port")
    add("--scrape", action="append", default=[], metavar="URL", help="Prometheus text of vLLM, SGLang or llama.cpp, read each second beside the run; may be repeated")
    add("--calibrate", action="store_true", help="first say what this machine can drive")
    add("--stamps", choices=("auto", "kernel", "app"), default="auto", help="who stamps received bytes; auto takes the kernel's where it can")


def _gateway(add: Add) -> None:
    add("--gateway-fault", action="append", default=[], metavar="NAME", help="break it on purpose; may be repeated")
    add("--gateway-ttft-ms", type=float, default=0.0, metavar="N", help="its time to the first token")
    add("--gateway-itl-ms", type=float, default=0.0, metavar="N", help="its time between tokens")
# fmt: on


class _Names:
    """Stands in for a parser, to hear what options there are."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add_argument_group(self, _title: str) -> "_Names":
        return self

    def add_argument(self, name: str, **_how: Any) -> None:
        self.names.append(name[2:].replace("-", "_"))


def configuration(options: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of ours with its value, for the report."""
    heard = _Names()
    add_options(heard)  # type: ignore[arg-type]
    return {name: _shown(name, options.get(name)) for name in heard.names}


def _shown(name: str, value: Any) -> Any:
    if name == "header":
        return [_name_of(one) for one in value or []]
    if isinstance(value, list):
        return [_bare(one) if isinstance(one, str) else one for one in value]
    return _bare(value) if isinstance(value, str) else value


def typed(arguments: Sequence[str]) -> str:
    """The command line as it was typed, without what must not be shown: values of headers, users in a URL."""
    shown, before = ["locust"], ""
    for argument in arguments:
        if before == "--header":
            argument = _name_of(argument)  # noqa: PLW2901
        elif argument.startswith("--header="):
            argument = f"--header={_name_of(argument.partition('=')[2])}"  # noqa: PLW2901
        shown.append(_bare(argument))
        before = argument
    return shlex.join(shown)


def _bare(text: str) -> str:
    """URLs without a user, a password and a query."""
    return _QUERY.sub(r"\1", _USER.sub("//", text))


def _name_of(header: str) -> str:
    return f"{header.partition(':')[0]}: [redacted]"


def gateway_arguments(options: Namespace) -> list[str]:
    """How to start the reference gateway for this run."""
    arguments = ["--ttft-ms", str(options.gateway_ttft_ms), "--itl-ms", str(options.gateway_itl_ms)]
    if options.gateway_fault:
        arguments += ["--fault", *options.gateway_fault]
    return arguments

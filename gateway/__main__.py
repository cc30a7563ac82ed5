"""`python -m gateway`: serves the reference gateway on loopback until it is told to stop."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from gateway.accounts.keys import PUBLIC
from gateway.core import Gateway
from gateway.faults.machinery.fault import Fault, Faulty, Handler, all_faults
from gateway.model.tokens import warm
from gateway.server import bind, make_server
from gateway.state import PER_MINUTE


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(argv)
    if options.list_faults:
        return _list_faults(as_json=options.json)
    for name in options.fault:
        if name not in all_faults():
            near = get_close_matches(name, all_faults(), n=1)
            guess = f"did you mean {near[0]}?" if near else "--list-faults has them all"
            parser.error(f"unknown fault: {name}; {guess}")
    gateway = Gateway(
        seed=options.seed,
        ttft_ms=options.ttft_ms,
        itl_ms=options.itl_ms,
        per_minute=options.requests_per_minute,
        ledger=options.ledger,
    )
    faults = tuple(all_faults()[name] for name in options.fault)
    warm()
    handler: Handler = Faulty(gateway, faults) if faults else gateway
    try:
        asyncio.run(_serve(gateway, handler, options.port, options.host, options.with_parent))
    finally:
        gateway.ledger.close()
    return 0


async def _serve(
    gateway: Gateway, handler: Handler, port: int, host: str, with_parent: bool
) -> None:
    sock = bind(port, host)
    server = make_server(handler)
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, server.stop)
    if with_parent:
        # Whoever started us holds the other end; the system closes it however he ends.
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _at_end, server.stop)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await server.ready.wait()
    ready = {
        "base_url": f"http://{host}:{sock.getsockname()[1]}/v1",
        "keys": {name: gateway.keys.secrets[name] for name in PUBLIC},
        "pid": os.getpid(),
    }
    print(json.dumps(ready), flush=True)
    await serving


def _at_end(stop: Callable[[], None]) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop()


def _list_faults(*, as_json: bool) -> int:
    try:
        _print_faults(as_json=as_json)
        sys.stdout.flush()
    except BrokenPipeError:  # `… | head`: who reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _print_faults(*, as_json: bool) -> None:
    faults = sorted(all_faults().values(), key=lambda fault: fault.name)
    if as_json:
        print(json.dumps([_row(fault) for fault in faults], indent=1))
    else:
        for fault in faults:
            print(f"{fault.name:44} {fault.family:10} {fault.says}")


def _row(fault: Fault) -> dict[str, object]:
    return {
        "name": fault.name,
        "breaks": list(fault.breaks),
        "says": fault.says,
        "family": fault.family,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 takes a free port (default)")
    add("--host", default="127.0.0.1")
    add("--ttft-ms", type=float, default=0, metavar="N", help="time to the first token")
    add("--itl-ms", type=float, default=0, metavar="N", help="time between tokens")
    add("--requests-per-minute", type=int, default=PER_MINUTE, metavar="N", help="limit of a key")
    add("--fault", nargs="+", action="extend", default=[], metavar="NAME", help="be wrong so")
    add("--list-faults", action="store_true", help="print the faults and stop")
    add("--json", action="store_true", help="with --list-faults: as JSON")
    add("--ledger", default=":memory:", metavar="FILE", help="SQLite file of balances and charges")
    add("--with-parent", action="store_true", help="stop when standard input ends")
    add("--seed", type=int, default=None, help="makes keys and ids repeatable")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""`python -m conformance init URL`: looks at a server and writes a profile to run with."""

import argparse
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from conformance.judging.profile import KEY_VARIABLES
from conformance.running.budget import Budget
from conformance.running.first_look import FirstLook, first_look
from conformance.running.profiles import FOLDER, key_of, load_profile
from conformance.running.target import BadTarget, Target, normalised, proxy_for
from wire.endpoint import Endpoint

COULD_NOT: Final = 2
MOST_USD: Final = Decimal("0.05")
ABOUT: Final = """\
Asks a server a handful of short questions (its models, one chat, one Responses request, a refusal), and writes
what it saw as a profile: models, what is claimed, prices to fill in. Keys come from the environment, as for a run."""
# Where the built-in profile for servers of others goes on with what every such profile should have.
_REST: Final = "# Levels:"
_WITHOUT: Final = {
    Endpoint.CHAT: ("chat", "chat.*"),
    Endpoint.RESPONSES: ("responses", "responses.*"),
    Endpoint.MODELS: ("models", "models.*"),
}


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "init", help="look at a server and write a profile for it", description=ABOUT
    )
    add = parser.add_argument
    add("url", metavar="URL", help="the server's base URL, with or without /v1")
    add(
        "--model",
        action="append",
        default=[],
        metavar="M",
        help="model to ask, where several are listed",
    )
    add("--output", metavar="FILE", help="write the profile there (default: print it)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look, and write. Exit 0, or 2 when nothing could be seen."""
    out = Path(arguments.output) if arguments.output else None
    if out is not None and out.exists():
        print(f"init: {out} is there already: choose another --output", file=sys.stderr)
        return COULD_NOT
    profile = load_profile("openai")
    try:
        base_url = normalised(arguments.url)
        keys = {kind: key for kind in KEY_VARIABLES if (key := key_of(profile, kind))}
        target = Target(base_url, keys, proxy=proxy_for(base_url))
        look = first_look(
            target, arguments.url, profile, tuple(arguments.model), Budget(profile, MOST_USD)
        )
        text = starter(look, tuple(arguments.model))
        if out is None:
            print(text, end="")
        else:
            out.write_text(text, encoding="utf-8")
            print(
                f"wrote {out}: read it, then run `pytest --base-url {look.base_url} --profile {out}`"
            )
    except (BadTarget, OSError) as reason:
        print(f"init: {reason}", file=sys.stderr)
        return COULD_NOT
    return 0


def starter(look: FirstLook, models: tuple[str, ...]) -> str:
    """A commented profile of what the first look saw, on top of what servers of others are held to."""
    host = urlsplit(look.base_url).hostname or "server"
    chosen = models or look.models
    absent = [name for e in look.offer.absent for name in _WITHOUT.get(e, ())]
    unclaimed = [*load_profile("openai").unclaimed, *absent]
    if look.offer.keyless:
        unclaimed += ["auth", "auth.*"]
    lines = [
        f"# What {look.base_url} claims: read it, correct it, keep it beside your configuration.",
        *(f"# {line}" for line in look.lines()),
        f"name = {_quoted(host)}",
        "# Models that a run asks; --model on the command line wins.",
        f"models = [{', '.join(map(_quoted, chosen[:4]))}]",
        "# Globs of features, as `pytest --list-requirements` names them. What is not claimed is never failed.",
        'claims = ["*"]',
        f"unclaimed = [{', '.join(map(_quoted, unclaimed))}]",
        "# How many requests may be in flight at a time.",
        "concurrency = 4",
        "no_credit_status = [429]",
        'no_credit_code = ["insufficient_quota", "credit_balance_exhausted"]',
        "# Where a key's balance can be read, if anywhere: the path below the base URL, and the member.",
        '# balance_path = "/credits"',
        '# balance_field = "balance_usd"',
        "",
        "# USD for a million tokens, so that the announced cost and --max-cost are right.",
    ]
    for model in chosen[:4]:
        lines += [f"# [prices.{_quoted(model)}]", '# input = ""', '# cached = ""', '# output = ""']
    base = (FOLDER / "openai.toml").read_text(encoding="utf-8")
    return "\n".join([*lines, "", _REST + base.partition(_REST)[2]]).rstrip() + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string; what a server sent may hold anything."""
    safe = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in safe) + '"'

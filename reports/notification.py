"""A run in five lines, for a chat or a mail."""

from reports.answers import answers
from reports.document import Document
from reports.text import one_line
from reports.verdict import verdict

WIDTH = 200


def notification(document: Document) -> str:
    """Verdict, what changed, clients, cost and speed, what to do; one line each, always five."""
    since, clients, cost, _, speed, following = answers(document)
    target = one_line(document.base_url, 80) or "no target"
    models = ", ".join(document.models)
    lines = [
        f"{verdict(document).sentence} [{target}{', ' + models if models else ''}]",
        f"Since last time: {since.text}" + (f" ({since.more})" if document.baseline and since.more else ""),
        f"Clients: {clients.text}" + (f" ({clients.more})" if clients.more else ""),
        f"Cost: {cost.text}; speed: {speed.text}" + (f" ({speed.more})" if document.speed else ""),
        f"Next: {following.text}",
    ]  # fmt: skip
    return "".join(f"{one_line(line, WIDTH)}\n" for line in lines)

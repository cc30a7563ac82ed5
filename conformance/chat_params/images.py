"""Images as clients send them: several, in an earlier turn, of other types, by address.

What a model saw nobody can ask without a model that sees; that an image arrived at all shows in the
prompt's tokens, against the same request without it. All of it belongs to `--depth full`.
"""

from typing import Any, Final

from conformance.chat_params.length import usage_json
from conformance.chat_params.request import PATH
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.refusal import refuses
from conformance.judging.rule import RunRule, rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from conformance.running.probe import Probe, sends
from wire.exchange import Exchange
from wire.usage import Usage

# Eight by eight red points.
PNG: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQ"
    "kAKP8/wc53yE8AAAAASUVORK5CYII="
)
JPEG: Final = (
    "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanG"
    "Qc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk"
    "pKSkpKSkpKSkpKT/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBA"
    "QAAAAAAAAAAAAAAAAAABAb/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCAANSP/9k="
)
WEBP: Final = "data:image/webp;base64,UklGRjwAAABXRUJQVlA4IDAAAADQAQCdASoIAAgAAUAmJaACdLoB+AADsAD+8ut//NgVzXPv9//S4P0uD9Lg/9KQAAA="
GIF: Final = (
    "data:image/gif;base64,R0lGODdhCAAIAIEAAP8AAAAAAAAAAAAAACwAAAAACAAIAAAIDwABCBxIsKDBgwgTKkwYEAA7"
)
# OpenAI's own example of an image by address.
ADDRESS: Final = (
    "https://upload.wikimedia.org/wikipedia/commons/thumb/d/dd/Gfp-wisconsin-madison-the-nature-boardwalk.jpg/"
    "320px-Gfp-wisconsin-madison-the-nature-boardwalk.jpg"
)
_ASKED: Final = "Which colour is this? One word."
_AT: Final = "chat_params.images."


def _image(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def _user(*images: dict[str, Any], text: str = _ASKED) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}, *images]}


def _probe(name: str, *messages: dict[str, Any]) -> Probe:
    return Probe(
        f"{_AT}{name}", sends(PATH, {"messages": list(messages)}), feature="chat.images", per_model=False,
        output_tokens=20, depth="full",
    )  # fmt: skip


_LATER: Final = (
    {"role": "assistant", "content": "Red."},
    {"role": "user", "content": "Count from 1 to 3"},
)
PROBES: Final = (
    _probe("one", _user(_image(PNG))),
    _probe("two", _user(_image(PNG), _image(PNG))),
    _probe("earlier", _user(_image(PNG)), *_LATER),
    _probe("earlier-without", _user(), *_LATER),
    _probe("types", _user(_image(JPEG), _image(WEBP), _image(GIF, detail="low"))),
    _probe("address", _user(_image(ADDRESS, detail="low"))),
)


def prompt_tokens(x: Exchange) -> int | None:
    usage = Usage.of(usage_json(x)) if x.ok else None
    return usage.prompt_tokens if usage else None


def _costs_more(requirement: str, with_it: str, without: str, what: str) -> RunRule:
    @run_rule(requirement, probes=(f"{_AT}{with_it}", f"{_AT}{without}"))
    def check(run: Run) -> Findings:
        more, less = run.one(f"{_AT}{with_it}"), run.one(f"{_AT}{without}")
        high, low = prompt_tokens(more), prompt_tokens(less)
        if high is None or low is None:
            yield Unsure("the answers have no usage")
        elif high <= low:
            said = f"more than {low}, the tokens of the same request without {what}"
            yield Finding("usage.prompt_tokens", said, str(high), exchange=more.id)

    return check


COUNTED: Final = (
    _costs_more("chat.param.images.several", "two", "one", "its second image"),
    _costs_more("chat.param.images.earlier", "earlier", "earlier-without", "the image of an earlier turn"),
)  # fmt: skip


@rule("chat.param.images.types", on=probe(f"{_AT}types"))
def types(x: Exchange) -> Findings:
    if refuses(x):
        yield Finding("status", "200 for images of type JPEG, WebP and GIF", status_line(x))


@rule("chat.param.images.address", on=probe(f"{_AT}address"))
def by_address(x: Exchange) -> Findings:
    if refuses(x):
        said = status_line(x)
        if any(
            word in said.lower() for word in ("download", "fetch", "timeout", "timed out", "reach")
        ):
            yield Unsure(f"the server could not fetch the image: {said}")
        else:
            yield Finding("status", "200 for an image by its https address", said)

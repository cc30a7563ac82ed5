"""Names of models: whether an answer's model is the one that was asked for, under another name."""

import re
from typing import Final
from urllib.parse import urlsplit

from wire.exchange import Exchange

# Names of OpenAI's own: what stands for them is documented.
_OWN: Final = re.compile(r"(gpt|o\d|codex|chatgpt|computer-use|text|davinci|babbage)(-.*)?")
# Names that stand for another model by themselves; what they stand for is the server's choice.
_ALIAS: Final = re.compile(r".*(-latest|-preview|:.*)|ft:.*|chatgpt-.*|auto|default")
# After a name, these are other models; everything else, such as a date, says which edition of it.
_OTHER_MODEL: Final = (
    r"(mini|nano|micro|lite|small|medium|large|turbo|codex|chat|pro|max|flash|air|plus|"
    r"haiku|sonnet|opus|\d+b)"
)
_EDITION: Final = re.compile(rf"[-_@:.]v?(?!{_OTHER_MODEL}\b)[\w.:-]+")
_DEPLOYED: Final = re.compile(
    r"(.+\.)?(openai\.azure\.(com|us|cn)|cognitiveservices\.azure\.(com|us|cn)|"
    r"services\.ai\.azure\.com|inference\.ai\.azure\.com)"
)


def is_deployment(x: Exchange) -> bool:
    """Whether the name that was asked for is a deployment's, which its owner chose freely (Azure)."""
    try:
        host = urlsplit(x.connection.origin).hostname or (x.request.header("host") or "").lower()
    except ValueError:  # no URL
        host = ""
    in_path = "/deployments/" in x.request.path
    return in_path or _DEPLOYED.fullmatch(host.partition(":")[0]) is not None


def is_alias(asked: str) -> bool:
    """Whether a name says by itself that another stands behind it."""
    return _ALIAS.fullmatch(asked) is not None


def same_model(asked: str, given: str) -> bool | None:
    """Whether two names mean one model. None: only the provider, whose names they are, can say.

    A dated snapshot is the same model, and so is a name with and without its provider before it.
    """
    if asked == given:
        return True
    wanted, found = _bare(asked), _bare(given)
    if "/" in given and "/" not in asked and _OWN.fullmatch(wanted):
        return False  # a reseller's prefix, where the client asked for none
    rest = found.removeprefix(wanted)
    if wanted == found or (rest != found and _EDITION.fullmatch(rest)):
        return True
    return False if _OWN.fullmatch(wanted) or _OWN.fullmatch(found) else None


def _bare(name: str) -> str:
    """The name without its provider, in lower case: `openai/gpt-4o` is gpt-4o."""
    return name.rpartition("/")[2].lower()

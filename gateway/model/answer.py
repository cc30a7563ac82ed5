"""What goes into the scripted model and what comes out, in words that belong to no endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.model.usage import Usage
from wire.endpoint import Endpoint


class Role(StrEnum):
    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True)
class Turn:
    """One message.

    A tool's output is a turn of the role TOOL; a call that the assistant made is a turn of the role
    ASSISTANT whose text is the name and the arguments.
    """

    role: Role
    text: str
    images: int = 0
    parts: tuple[str, ...] | None = None
    """The texts of a message of several parts; `text` has each on a line of its own."""
    pictures: tuple[str, ...] = ()
    """The URLs of its images."""
    name: str = ""
    """Who writes it, where the message says so."""

    @property
    def counted(self) -> str:
        """The text as it is counted: parts stand together without anything between them."""
        return self.text if self.parts is None else "".join(self.parts)


@dataclass(frozen=True)
class Conversation:
    turns: tuple[Turn, ...] = ()


class Kind(StrEnum):
    FUNCTION = "function"
    CUSTOM = "custom"


@dataclass(frozen=True)
class Tool:
    """A tool that the model may call. `parameters` is the JSON Schema of a function's arguments."""

    name: str
    kind: Kind = Kind.FUNCTION
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    namespace: str | None = None


class Mode(StrEnum):
    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


@dataclass(frozen=True)
class Choice:
    """tool_choice. `names` limits the callable tools (allowed_tools); `named` is the forced one."""

    mode: Mode = Mode.AUTO
    names: tuple[str, ...] | None = None
    named: str | None = None


class FormatType(StrEnum):
    TEXT = "text"
    JSON_OBJECT = "json_object"
    JSON_SCHEMA = "json_schema"


@dataclass(frozen=True)
class Format:
    type: FormatType = FormatType.TEXT
    schema: Mapping[str, Any] | None = None
    name: str = ""
    description: str = ""


@dataclass(frozen=True)
class Generation:
    """Parameters of a request that the model itself looks at."""

    model: str
    tools: tuple[Tool, ...] = ()
    choice: Choice = field(default_factory=Choice)
    parallel: bool = True
    format: Format = field(default_factory=Format)
    effort: str | None = None
    summary: str | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    max_calls: int | None = None  # of tools that the server runs
    cache_key: str = ""
    temperature: float | None = None
    salt: str = ""
    """Another for each request: what an answer that is sampled depends on."""
    compacts: bool = False
    """Only a compaction of the conversation is asked for."""
    endpoint: Endpoint = Endpoint.CHAT
    """Where it was asked: the same text costs not the same at both."""


@dataclass(frozen=True)
class Reasoning:
    text: str
    summary: tuple[str, ...] = ()


@dataclass(frozen=True)
class Text:
    """`annotations` are in the form of the Responses API (url_citation, flat)."""

    text: str
    annotations: tuple[Mapping[str, Any], ...] = ()
    phase: str | None = None


@dataclass(frozen=True)
class Refusal:
    text: str


@dataclass(frozen=True)
class Call:
    """`arguments` is JSON text of a function call or the plain input of a custom tool."""

    name: str
    arguments: str
    kind: Kind = Kind.FUNCTION
    namespace: str | None = None


@dataclass(frozen=True)
class Hosted:
    """An item of a tool that the server runs itself; `script` is the word of [[script …]]."""

    script: str


Part = Reasoning | Text | Refusal | Call | Hosted


class Finish(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True)
class Answer:
    """What the model says.

    `script` is the word of [[script NAME]] when it changes how the answer is told, not what it says
    (failed, queued, midstream_error …). Paces are None when the defaults hold.
    """

    parts: tuple[Part, ...]
    finish: Finish
    usage: Usage
    scripted_usage: frozenset[str] = frozenset()  # counts that a directive gave
    script: str | None = None
    pace_ms: float | None = None
    ttft_ms: float | None = None

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

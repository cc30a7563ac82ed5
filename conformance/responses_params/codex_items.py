"""What Codex reads of the items of its answers: the phase of messages, the namespace of calls."""

from typing import Final

from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.responses.selectors import final_items
from conformance.responses_params.selectors import SUCCESS, calls_of
from wire.exchange import Exchange

_AT: Final = "responses_params.agent."
_AS_CODEX: Final = SUCCESS.only(
    "as Codex asks",
    lambda x: (
        x.probe is not None
        and (x.probe.startswith(_AT) or x.probe.startswith("responses_params.accept.codex"))
    ),
    f"{_AT}*",
    "responses_params.accept.codex*",
)


@rule("responses.agent.phase", on=_AS_CODEX)
def phase_said(x: Exchange) -> Findings:
    """Codex tells what it says on the way from its answer by the phase of a message."""
    for n, item in enumerate(final_items(x)):
        if item.get("type") == "message" and item.get("phase") not in (
            "commentary",
            "final_answer",
        ):
            found = show(item.get("phase"))
            yield Finding(f"output[{n}].phase", '"commentary" or "final_answer"', found)
            return


def _namespaces(x: Exchange) -> dict[str, str]:
    """The tools that are offered in a namespace: name -> namespace."""
    given = x.request.params.get("tools")
    spaces = [t for t in given if isinstance(t, dict)] if isinstance(given, list) else []
    return {
        str(tool.get("name")): str(space.get("name"))
        for space in spaces if space.get("type") == "namespace"
        for tool in space.get("tools") or () if isinstance(tool, dict)
    }  # fmt: skip


@run_rule("responses.agent.namespace", probes=(f"{_AT}1",))
def namespaces(run: Run) -> Findings:
    """A call of a tool in a namespace names the tool and its namespace, each by itself."""
    x = run.one(f"{_AT}1")
    calls, offered = calls_of(x), _namespaces(x)
    made = [
        c for c in calls if str(c.get("name")).rpartition("__")[2].rpartition(".")[2] in offered
    ]
    if not x.ok or (not made and not run.profile.scripted):
        yield Unsure("no tool in a namespace was called")
    elif not made:
        found = f"calls of {', '.join(str(c.get('name')) for c in calls) or 'nothing'}"
        yield Finding("output", f"a call of {', '.join(offered)}, as told", found, exchange=x.id)
    for call in made:
        right = offered.get(str(call.get("name")))
        if right is None or call.get("namespace") != right:
            name = str(call.get("name")).rpartition("__")[2].rpartition(".")[2]
            said = f'name "{name}" and namespace "{offered[name]}"'
            found = f"name {show(call.get('name'))} and namespace {show(call.get('namespace'))}"
            yield Finding("output[], function_call", said, found, exchange=x.id)

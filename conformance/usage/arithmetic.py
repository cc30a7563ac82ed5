"""Arithmetic inside one usage object: sums, subsets, signs."""

from collections.abc import Callable
from typing import Any

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from conformance.usage.reports import (
    CHAT,
    FINISHED,
    REPORTING,
    RESPONSES,
    Report,
    final,
    reports,
    speaks,
)
from wire.exchange import Exchange


def details(report: Report, *names: str) -> dict[str, Any]:
    """The first of the named detail objects that is there."""
    return next((report.json[n] for n in names if isinstance(report.json.get(n), dict)), {})


def prompt_details(report: Report) -> dict[str, Any]:
    return details(report, "prompt_tokens_details", "input_tokens_details")


def output_details(report: Report) -> dict[str, Any]:
    return details(report, "completion_tokens_details", "output_tokens_details")


def count(holder: dict[str, Any], name: str) -> int:
    """A count, 0 where there is none."""
    value = holder.get(name)
    return value if type(value) is int else 0


@rule("usage.sum.chat", on=CHAT)
def sum_chat(x: Exchange) -> Findings:
    yield from _sums(x)


@rule("usage.sum.responses", on=RESPONSES)
def sum_responses(x: Exchange) -> Findings:
    yield from _sums(x)


def _sums(x: Exchange) -> Findings:
    for where, event, _, usage, _ in reports(x):
        prompt, output, total = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
        if None not in (prompt, output, total) and prompt + output != total:  # type: ignore[operator]
            expected = f"{prompt} + {output} = {prompt + output}"  # type: ignore[operator]
            yield Finding(f"{where}.total_tokens", expected, str(total), event)


@rule("usage.counts", on=REPORTING)
def counts(x: Exchange) -> Findings:
    for report in reports(x):
        yield from _counts(report, report.json, report.where)


def _counts(report: Report, holder: dict[str, Any], where: str) -> Findings:
    for name, value in holder.items():
        if isinstance(value, dict):
            yield from _counts(report, value, f"{where}.{name}")
        elif (
            name.endswith("_tokens") and value is not None and (type(value) is not int or value < 0)
        ):
            yield Finding(f"{where}.{name}", "a whole number, 0 or more", show(value), report.event)


@rule("usage.prompt-positive", on=REPORTING)
def prompt_positive(x: Exchange) -> Findings:
    report = final(x)
    if (
        report
        and report.usage.prompt_tokens == 0
        and (report.usage.completion_tokens or speaks(report))
    ):
        yield Finding(f"{report.where}: prompt tokens", "more than 0", "0", report.event)


@rule("usage.output-positive", on=REPORTING)
def output_positive(x: Exchange) -> Findings:
    report = final(x)
    if report and report.usage.completion_tokens == 0 and speaks(report, x):
        yield Finding(f"{report.where}: output tokens", "more than 0", "0", report.event)


def _told(*names: str) -> Callable[[Exchange, str], bool]:
    """Whether a usage object has one of these counts in its details: nothing else shows how they are kept."""

    def sees(x: Exchange, requirement: str) -> bool:  # noqa: ARG001
        return any(
            type(details.get(name)) is int
            for report in reports(x)
            for details in (prompt_details(report), output_details(report))
            for name in names
        )

    return sees


def _parts_told(x: Exchange, requirement: str) -> bool:  # noqa: ARG001
    return any(prompt_details(r).get("cache_write_tokens_details") for r in reports(x))


@rule("usage.cached-subset", on=REPORTING, sees=_told("cached_tokens"))
def cached_subset(x: Exchange) -> Findings:
    for report in reports(x):
        prompt, cached = report.usage.prompt_tokens, report.usage.cached_tokens
        if prompt is not None and cached is not None and cached > prompt:
            where = f"{report.where}: cached_tokens"
            yield Finding(where, f"at most {prompt}", str(cached), report.event)


@rule("usage.cache-write-subset", on=REPORTING, sees=_told("cache_write_tokens"))
def cache_write_subset(x: Exchange) -> Findings:
    for report in reports(x):
        prompt, written = report.usage.prompt_tokens, report.usage.cache_write_tokens
        both = (written or 0) + (report.usage.cached_tokens or 0)
        # Too many cached tokens alone are the matter of usage.cached-subset.
        if prompt is not None and written and max(written, min(both, prompt + written)) > prompt:
            where = f"{report.where}: cache_write_tokens"
            yield Finding(where, f"with cached tokens at most {prompt}", str(both), report.event)


@rule("usage.reasoning-subset", on=REPORTING, sees=_told("reasoning_tokens"))
def reasoning_subset(x: Exchange) -> Findings:
    for report in reports(x):
        output, reasoning = report.usage.completion_tokens, report.usage.reasoning_tokens
        if "deep-research" in str(report.answer.get("model")):
            continue
        if output is not None and reasoning is not None and reasoning > output:
            where = f"{report.where}: reasoning_tokens"
            yield Finding(where, f"at most {output}", str(reasoning), report.event)


@rule(
    "usage.prediction-subset",
    on=CHAT,
    sees=_told("accepted_prediction_tokens", "rejected_prediction_tokens"),
)
def prediction_subset(x: Exchange) -> Findings:
    for report in reports(x):
        inner = output_details(report)
        both = count(inner, "accepted_prediction_tokens") + count(
            inner, "rejected_prediction_tokens"
        )
        output = report.usage.completion_tokens
        if output is not None and both > output:
            where = f"{report.where}: prediction tokens"
            yield Finding(where, f"at most {output}", str(both), report.event)


@rule("usage.prompt-parts", on=REPORTING, sees=_told("text_tokens", "image_tokens", "audio_tokens"))
def prompt_parts(x: Exchange) -> Findings:
    names = ("text_tokens", "image_tokens", "audio_tokens")
    for report in reports(x):
        inner = prompt_details(report)
        if all(type(inner.get(name)) is int for name in names):
            total = sum(inner[name] for name in names)
            if total != report.usage.prompt_tokens:
                expected = str(report.usage.prompt_tokens)
                yield Finding(
                    f"{report.where}: parts of the prompt", expected, str(total), report.event
                )


@rule("usage.cache-write-parts", on=REPORTING)
def cache_write_parts(x: Exchange) -> Findings:
    for report in reports(x):
        parts = prompt_details(report).get("cache_write_tokens_details")
        if isinstance(parts, dict) and parts:
            total = sum(count(parts, name) for name in parts)
            if total != (report.usage.cache_write_tokens or 0):
                expected = str(report.usage.cache_write_tokens)
                yield Finding(
                    f"{report.where}: cache_write_tokens", expected, str(total), report.event
                )


@rule("usage.details.chat", on=CHAT)
def details_chat(x: Exchange) -> Findings:
    for report in reports(x):
        for name in ("prompt_tokens_details", "completion_tokens_details"):
            if not isinstance(report.json.get(name), dict):
                found = "missing" if name not in report.json else show(report.json[name])
                yield Finding(f"{report.where}.{name}", "an object", found, report.event)


DETAILS = (("input_tokens_details", "cached_tokens"), ("output_tokens_details", "reasoning_tokens"))


@rule("usage.details.responses", on=RESPONSES)
def details_responses(x: Exchange) -> Findings:
    for report in reports(x):
        for name, inner in DETAILS:
            holder = report.json.get(name)
            value = holder.get(inner) if isinstance(holder, dict) else None
            if type(value) is not int and report.answer.get("status") in FINISHED:
                where = f"{report.where}.{name}.{inner}"
                yield Finding(where, "a whole number", show(value), report.event)


@rule("usage.details.cache-write", on=RESPONSES)
def details_cache_write(x: Exchange) -> Findings:
    for report in reports(x):
        inner = prompt_details(report)
        if inner and "cache_write_tokens" not in inner:
            where = f"{report.where}.input_tokens_details.cache_write_tokens"
            yield Finding(where, "a whole number", "missing", report.event)


@rule("usage.short-not-cached", on=REPORTING)
def short_not_cached(x: Exchange) -> Findings:
    for report in reports(x):
        prompt, cached = report.usage.prompt_tokens, report.usage.cached_tokens
        if prompt is not None and prompt < 1024 and cached:
            where = f"{report.where}: cached_tokens"
            yield Finding(where, f"0 for a prompt of {prompt} tokens", str(cached), report.event)

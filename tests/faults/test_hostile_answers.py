"""No rule breaks, whatever stands in a request or comes back for it: junk in random places."""

import json
import random
from dataclasses import replace

import pytest

from conformance.judging.area import catalogue
from conformance.judging.rule import Rule
from conformance.judging.run import Run
from conformance.running.profiles import load_profile
from tests.faults.matrix import matrix
from wire.exchange import Chunk

AREAS = [area.name for area in catalogue().areas if area.rules and area.name != "properties"]
JUNK = (
    None, [], "x", 5, True, 1e308, {}, {"a": {}}, 10**400, -(10**400), [{}], [[5]], {"type": []}, {"type": {}},
    [None, 5, {"type": 5}, {"type": "message", "content": [5, {"type": "output_text", "text": 5}]}],
)  # fmt: skip
BODIES = (b"", b"{", b"null", b"[]", b"<html>", b'"x"')


class Spoiler:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self, value):
        if self.random.random() < 0.12:
            return self.random.choice(JUNK)
        if isinstance(value, dict):
            return {name: self.value(member) for name, member in value.items()}
        return [self.value(member) for member in value] if isinstance(value, list) else value

    def text(self, value):
        return json.dumps(self.value(value), default=str).encode()

    def exchange(self, x):
        request, reply = x.request, x.reply
        if isinstance(request.json, dict):
            request = replace(request, body=self.text(request.json))
        if reply.is_stream:
            body = b"".join(b"data: %s\n\n" % self.text(payload) for payload in reply.payloads)
        else:
            body = self.random.choice(
                [self.random.choice(BODIES), self.text(reply.json), self.text(reply.json)]
            )
        status = self.random.choice([reply.status, reply.status, 200, 400, 500, 0])
        return replace(
            x, request=request, reply=replace(reply, status=status, chunks=(Chunk(1.0, body),))
        )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("area", AREAS)
def test_rules_bear_anything(area, seed):
    spoiler = Spoiler(seed)
    clean = matrix().clean.exchanges
    spoiled = tuple(spoiler.exchange(x) for x in clean)
    run = Run(spoiled, load_profile("reference"), "gpt-5.5")
    judged = 0
    for rule in next(a for a in catalogue().areas if a.name == area).rules:
        if isinstance(rule, Rule):
            for x in filter(rule.on.matches, spoiled):
                list(rule.judge(x))
                judged += 1
        elif all(run.named(name) for name in rule.probes):
            list(rule.judge(run))
            judged += 1
    assert judged > 3

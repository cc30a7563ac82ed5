"""Faults of rate limits, empty credit and spend limits: other statuses, codes and headers."""

from gateway.faults.machinery.error_edits import code_is, codes, fault, flapping, scripted
from gateway.faults.machinery.fault import Family
from gateway.faults.machinery.forged import chat_served
from gateway.faults.machinery.selection import CHAT, both
from gateway.faults.machinery.transform import (
    in_turn,
    on_error,
    on_status,
    put,
    with_header,
    with_status,
)

FAULTS = (
    fault("limit-late",
        "chat.answer.exact-text errors.rate-limit http.limits.falls",
        "One call more than the limit is served.", Family.STATE,
        on_status(429, flapping(chat_served, 2)),
        both(CHAT, lambda request: b"Count from 1 to 2" in request.body)),
    fault("limit-as-503",
        "errors.no-server-error errors.rate-limit errors.rate-limit.scripted",
        "A rate limit is answered with 503.", Family.STATUS,
        code_is("rate_limit_exceeded")(with_status(503))),
    fault("limit-as-403", "errors.rate-limit errors.rate-limit.scripted", "A rate limit is answered with 403.", Family.STATUS,
        code_is("rate_limit_exceeded")(with_status(403))),
    fault("limit-code", "errors.rate-limit errors.rate-limit.scripted", "A rate limit has no code.", Family.VALUE,
        on_error(codes(rate_limit_exceeded=None))),
    fault("limit-type", "errors.rate-limit errors.rate-limit.scripted", "A rate limit is called an invalid request.", Family.VALUE,
        code_is("rate_limit_exceeded")(on_error(put("error.type", "invalid_request_error")))),
    fault("quota-as-limit", "errors.quota http.retry-after.present", "An empty credit looks like a rate limit.", Family.VALUE,
        code_is("insufficient_quota")(in_turn(with_status(429), on_error(codes(insufficient_quota="rate_limit_exceeded"))))),
    fault("quota-as-429", "errors.quota.form", "An empty credit is answered with 429 and its own code, as OpenAI does.", Family.STATUS,
        code_is("insufficient_quota")(with_status(429))),
    fault("quota-type", "errors.quota http.retry-after.present", "An empty credit is a 429 with the type of a rate limit.", Family.VALUE,
        code_is("insufficient_quota")(in_turn(with_status(429), on_error(put("error.type", "requests"))))),
    fault("quota-wordless", "errors.quota", "An empty credit is a 429 without code and type.", Family.VALUE,
        code_is("insufficient_quota")(in_turn(with_status(429), on_error(put("error.type", None)), on_error(put("error.code", None))))),
    fault("quota-as-500", "errors.quota", "An empty credit is a server error.", Family.STATUS,
        code_is("insufficient_quota")(with_status(500))),
    fault("quota-as-503", "errors.quota", "An empty credit is an overload.", Family.STATUS,
        code_is("insufficient_quota")(with_status(503))),
    fault("quota-as-401", "errors.quota", "An empty credit is a wrong key.", Family.STATUS,
        code_is("insufficient_quota")(with_status(401))),
    fault("quota-should-retry", "errors.quota.no-retry-after", "An empty credit asks SDKs to try again.", Family.HEADER,
        code_is("insufficient_quota")(with_header("x-should-retry", "true"))),
    fault("quota-retry-after", "errors.quota.no-retry-after", "An empty credit asks to come back later.", Family.HEADER,
        code_is("insufficient_quota")(with_header("retry-after", "20"))),
    fault("spend-limit-code", "errors.spend-limit", "A spend limit has a code that says nothing.", Family.VALUE,
        on_error(codes(organization_spend_limit_exceeded="limit"))),
    fault("spend-limit-as-403", "errors.spend-limit", "A spend limit is answered with 403.", Family.STATUS,
        with_status(403), scripted("spend_limit")),
    fault("slow-down-as-503", "errors.slow-down", "Slow down is answered with 503.", Family.STATUS,
        code_is("slow_down")(with_status(503))),
)  # fmt: skip

"""Sessions of the test proxy of the Azure SDKs."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.offline.form import Element, Form
from conformance.offline.record import Record, headers_of
from wire.exchange import header


def _records(element: Element) -> Iterator[Record] | None:
    value = element.value
    if not isinstance(value, Mapping) or "RequestUri" not in value or "StatusCode" not in value:
        return None
    return iter(
        [
            Record(
                method=value.get("RequestMethod"),
                url=value["RequestUri"],
                request_headers=value.get("RequestHeaders"),
                request_body=_body(value.get("RequestBody"), value.get("RequestHeaders")),
                status=value["StatusCode"],
                headers=value.get("ResponseHeaders"),
                body=_body(value.get("ResponseBody"), value.get("ResponseHeaders")),
            )
        ]
    )


def _body(body: Any, headers: Any) -> Any:
    """JSON as it is, text in lines, everything else in base64."""
    if isinstance(body, list) and all(isinstance(line, str) for line in body):
        return "".join(body)
    media = header(headers_of(headers), "content-type") or ""
    if isinstance(body, str) and not ("json" in media or media.startswith("text/")):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return body
    return body


FORM = Form("sessions of the Azure SDKs' test proxy", _records, (("Entries",),))

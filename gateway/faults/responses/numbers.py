"""Faults of the numbers in Responses streams: sequence numbers and indexes."""

from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import each_new
from gateway.faults.machinery.response_edits import stream_fault as fault
from gateway.faults.machinery.response_events import ANNOTATION_ADDED
from gateway.faults.machinery.transform import ReplyChange, alter, drop, on_event, on_frames, put


def _numbered(number: Callable[[int], Any]) -> ReplyChange:
    """Each event gets its sequence number from its true one."""
    return on_frames(alter("sequence_number", number))


def _number_faults() -> tuple[Fault, ...]:
    order, shape, value = Family.ORDER, Family.SHAPE, Family.VALUE
    return (
        fault("sequence-missing", "No event has a sequence_number.", shape,
               on_frames(drop("sequence_number"))),
        fault("sequence-from-one", "sequence_number starts at 1.", value,
               _numbered(lambda n: n + 1)),
        fault("sequence-constant", "sequence_number is always 0.", order, _numbered(lambda _: 0)),
        fault("sequence-backwards", "sequence_number counts down.", order,
               _numbered(lambda n: 1000 - n if n else 0)),
        fault("sequence-gap", "sequence_number leaves one out.", order,
               _numbered(lambda n: n + (n > 3))),
        fault("sequence-repeated", "A sequence_number comes twice.", order,
               _numbered(lambda n: n - (n > 3))),
        fault("sequence-string", "sequence_number is a string.", shape, _numbered(str)),
        fault("output-index-constant", "All items have output_index 0.", value,
               on_frames(alter("output_index", lambda _: 0))),
        fault("output-index-from-one", "output_index starts at 1.", value,
               on_frames(alter("output_index", lambda n: n + 1))),
        fault("output-index-string", "output_index is a string.", shape,
               on_frames(alter("output_index", str))),
        fault("content-index-from-one", "content_index starts at 1.", value,
               on_frames(alter("content_index", lambda n: n + 1))),
        fault("content-index-counts-deltas", "content_index counts the deltas.", value,
               each_new("content_index", lambda n: n)),
        fault("summary-index-from-one", "summary_index starts at 1.", value,
               on_frames(alter("summary_index", lambda n: n + 1))),
        fault("summary-index-constant", "All summary parts have summary_index 0.", value,
               on_frames(alter("summary_index", lambda _: 0))),
        fault("annotation-index-constant", "All annotations have annotation_index 0.", value,
               on_event(ANNOTATION_ADDED, put("annotation_index", 0))),
        fault("annotation-index-from-one", "annotation_index starts at 1.", value,
               on_event(ANNOTATION_ADDED, alter("annotation_index", lambda n: n + 1))),
        fault("partial-image-index-constant", "All partial images have index 0.", value,
               on_event("response.image_generation_call.partial_image",
                        put("partial_image_index", 0))),
    )  # fmt: skip


FAULTS: Final = _number_faults()

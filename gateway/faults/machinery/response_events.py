"""Names of the events of a Responses stream that many faults touch."""

from typing import Final

COMPLETED: Final = "response.completed"
ITEM_ADDED: Final = "response.output_item.added"
ITEM_DONE: Final = "response.output_item.done"
PART_ADDED: Final = "response.content_part.added"
PART_DONE: Final = "response.content_part.done"
TEXT_DELTA: Final = "response.output_text.delta"
TEXT_DONE: Final = "response.output_text.done"
ANNOTATION_ADDED: Final = "response.output_text.annotation.added"
CALL_DELTA: Final = "response.function_call_arguments.delta"
CALL_DONE: Final = "response.function_call_arguments.done"

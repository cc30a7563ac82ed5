"""What an answer costs its caller, to be settled once it is known how much of it was sent."""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from gateway.model.usage import Usage


@dataclass(frozen=True)
class Charge:
    """`completion_at[i]` is the number of completion tokens that frames 0..i carry."""

    key: str  # the name of the key, never its secret
    request_id: str
    model: str
    tier: str
    usage: Usage
    completion_at: tuple[int, ...] = ()
    tool_calls: int = 0  # hosted web searches, which cost apart from tokens
    times: Decimal = Decimal(1)
    step: Decimal | None = None
    """The whole charge is rounded to such steps, as `rounding` of `decimal` says."""
    due_at: float | None = None
    """When the work is done that goes on after the answer, in the background; until then it can be called off."""
    rounding: str = ROUND_HALF_UP

    def worked(self, share: float) -> "Charge":
        """The charge for a share of the work: the prompt was read in any case."""
        done = int(self.usage.completion * max(0.0, min(1.0, share)))
        usage = replace(self.usage, completion=done, reasoning=min(self.usage.reasoning, done))
        return replace(self, usage=usage, tool_calls=0, due_at=None)

    def sent(self, frames: int, of: int) -> "Charge":
        """The charge after `frames` of `of` frames went out; the prompt was read in any case."""
        if frames >= of:
            return self
        if self.completion_at:
            done = self.completion_at[frames - 1] if frames else 0
        else:
            done = self.usage.completion * frames // of
        usage = replace(self.usage, completion=done, reasoning=min(self.usage.reasoning, done))
        return replace(self, usage=usage)

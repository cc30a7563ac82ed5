"""Prompts of a file: rows of JSON, each a prompt or a whole conversation, see `load.workload.dialogue`."""

from pathlib import Path

from load.workload.dialogue import Dialogue, dialogues
from load.workload.prompts import Prompt
from load.workload.rows import InputError, json_rows


class FromFile:
    """By number, over and over. The length is that of the rows, or conversations."""

    def __init__(self, path: Path) -> None:
        self._dialogues = dialogues(json_rows(path))
        if not self._dialogues:
            raise InputError(f"{path}:1:1: no prompts")

    def __len__(self) -> int:
        return len(self._dialogues)

    def __call__(self, number: int) -> Prompt:
        """The first thing that is asked."""
        return self._dialogues[number % len(self)].turns[0].prompt

    @property
    def parameters(self) -> set[str]:
        """Names of all that its rows ask for beside messages."""
        prompts = [turn.prompt for one in self._dialogues for turn in one.turns]
        return {name for prompt in prompts for name in prompt.extra or ()}

    def size(self, number: int) -> int:
        """How much a row asks for, roughly in letters, with all that its turns say again."""
        total = said = 0
        for turn in self._dialogues[number].turns:
            prompt = turn.prompt
            said += len(str(prompt.messages)) + len(str(prompt.extra or ""))
            total += said + 4 * (prompt.output_tokens or 0)
        return total

    def dialogue(self, number: int) -> Dialogue | None:
        """The conversation of a row that has more than one turn."""
        one = self._dialogues[number % len(self)]
        return one if len(one.turns) > 1 else None

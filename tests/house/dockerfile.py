"""Reads a Dockerfile as far as its rules are tested: stages of instructions."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continuation lines joined."""

    keyword: str
    text: str

    def exec_form(self) -> list[str]:
        """Return the words of an instruction in exec form, which starts no shell. Raises ValueError for another."""
        words = json.loads(self.text[self.text.index("[") :])
        if not all(isinstance(word, str) for word in words):
            raise ValueError(self.text)
        return list(words)


@dataclass(frozen=True)
class Stage:
    """From one FROM to the next."""

    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, keyword: str) -> list[Instruction]:
        """Return the instructions of one keyword, in order."""
        return [each for each in self.instructions if each.keyword == keyword]

    def last(self, keyword: str) -> Instruction:
        """Return the instruction that holds, where the last one wins."""
        return self.all(keyword)[-1]


def stages(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile."""
    found: list[Stage] = []
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        keyword, _, rest = line.strip().partition(" ")
        if keyword == "FROM":
            found.append(Stage(rest.strip()))
        elif found:
            found[-1].instructions.append(Instruction(keyword, rest.strip()))
    return found

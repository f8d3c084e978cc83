"""ARM paths: matched without regard to case, as ARM does."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Target = TypeVar("Target")


def split_path(path: str) -> list[str]:
    """The segments of a path, without empty ones (ARM ignores doubled and trailing slashes)."""
    return [segment for segment in path.split("/") if segment]


def key_of(resource_id: str) -> str:
    """What two spellings of one ARM id have in common: clients vary the case of every segment."""
    return "/" + "/".join(split_path(resource_id)).lower()


def group_id(subscription: str, group: str) -> str:
    """A resource group's ARM id, as Microsoft.Resources spells it."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


@dataclass
class _Node(Generic[Target]):
    literals: dict[str, "_Node[Target]"] = field(default_factory=dict)
    parameter: "_Node[Target] | None" = None
    methods: dict[str, tuple[Target, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Match(Generic[Target]):
    """A route that was found, with the values of its `{parameters}` as the client spelled them."""

    target: Target
    parameters: dict[str, str]


class PathTable(Generic[Target]):
    """Templates such as `/subscriptions/{subscription}/locations`, by method."""

    def __init__(self) -> None:
        """Start empty."""
        self._root: _Node[Target] = _Node()

    def add(self, method: str, template: str, target: Target) -> None:
        """Register `target`; a second one for the same method and template is a mistake of the program."""
        node = self._root
        names: list[str] = []
        for segment in split_path(template):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment.lower(), _Node())
        if method in node.methods:
            raise ValueError(f"{method} {template} is registered twice")
        node.methods[method] = (target, tuple(names))

    def find(self, method: str, path: str) -> Match[Target] | None:
        """The target for `method` and `path`; a literal segment goes before a parameter."""
        return self._find(self._root, method, split_path(path), [])

    def _find(self, node: _Node[Target], method: str, segments: list[str], values: list[str]) -> Match[Target] | None:
        if not segments:
            found = node.methods.get(method)
            if found is None:
                return None
            target, names = found
            return Match(target, dict(zip(names, values, strict=True)))
        head, rest = segments[0], segments[1:]
        literal = node.literals.get(head.lower())
        if literal is not None:
            match = self._find(literal, method, rest, values)
            if match is not None:
                return match
        if node.parameter is None:
            return None
        return self._find(node.parameter, method, rest, [*values, head])

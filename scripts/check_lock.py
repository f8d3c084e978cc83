"""Says where requirements/*.txt no longer answers to pyproject.toml, and whether it names an address.

Needs no network: each requirement must be met by exactly one pin, for each Python and platform that is promised.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent
PLATFORMS: Final = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64"))
CANDIDATE_MINORS: Final = range(8, 30)

PIN: Final = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][a-z0-9.!+]*)(?: ; (?P<marker>[^\\]+?))?(?: \\)?")
HASH: Final = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}(?: \\)?")


@dataclass(frozen=True)
class Pin:
    """One locked version, and where it holds."""

    name: str
    version: str
    marker: Marker | None
    hashes: int


def read_pins(text: str) -> tuple[list[Pin], list[str]]:
    """Return the pins of a lock file, and each line that is neither a pin nor a hash.

    An address, an option or a comment can only stand in such a line.
    """
    pins: list[Pin] = []
    strange: list[str] = []
    for line in text.splitlines():
        if found := PIN.fullmatch(line):
            marker = found["marker"]
            pins.append(Pin(found["name"], found["version"], Marker(marker) if marker else None, 0))
        elif HASH.fullmatch(line) and pins:
            last = pins[-1]
            pins[-1] = Pin(last.name, last.version, last.marker, last.hashes + 1)
        else:
            strange.append(line)
    return pins, strange


def environments(requires_python: str) -> Iterator[dict[str, str]]:
    """Yield the marker environment of each promised Python on each platform."""
    promised = SpecifierSet(requires_python)
    versions = [f"3.{minor}" for minor in CANDIDATE_MINORS if f"3.{minor}.0" in promised]
    for version, (platform, machine) in product(versions, PLATFORMS):
        yield {
            "python_version": version,
            "python_full_version": f"{version}.0",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "os_name": "posix",
            "sys_platform": platform,
            "platform_system": platform.capitalize(),
            "platform_machine": machine,
        }


def lacks(requirements: Sequence[Requirement], pins: Sequence[Pin], requires_python: str) -> list[str]:
    """Return what no pin answers to, each as a sentence."""
    found: dict[str, None] = {}
    for environment in environments(requires_python):
        here: dict[str, list[str]] = {}
        for pin in pins:
            if pin.marker is None or pin.marker.evaluate(environment):
                here.setdefault(pin.name, []).append(pin.version)
        place = f"Python {environment['python_version']} on {environment['sys_platform']}"
        for name, versions in here.items():
            if len(versions) > 1:
                found[f"{name} is pinned to {' and '.join(versions)} at once ({place})"] = None
        for requirement in requirements:
            if requirement.marker is not None and not requirement.marker.evaluate(environment):
                continue
            versions = here.get(canonicalize_name(requirement.name), [])
            if not versions:
                found[f"{requirement.name} has no pin ({place})"] = None
            elif not requirement.specifier.contains(versions[0], prereleases=True):
                found[f"{requirement.name} is pinned to {versions[0]}, wanted is {requirement.specifier}"] = None
    return list(found)


def group(groups: Mapping[str, Sequence[str | Mapping[str, str]]], name: str) -> list[str]:
    """Return the requirements of a dependency group, with those of the groups that it includes."""
    wanted: list[str] = []
    for entry in groups[name]:
        wanted += [entry] if isinstance(entry, str) else group(groups, entry["include-group"])
    return wanted


def problems(root: Path = ROOT) -> list[str]:
    """Return everything that is wrong with the lock, each as a sentence; nothing when it is fresh."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    metadata, groups = project["project"], project["dependency-groups"]
    runtime = [*metadata["dependencies"], *metadata["optional-dependencies"]["postgresql"]]
    wanted = {
        "runtime": runtime,
        "dev": [*runtime, *group(groups, "dev")],
        "build": [*group(groups, "build"), *project["build-system"]["requires"]],
    }
    found: list[str] = []
    locked: dict[str, list[Pin]] = {}
    for name, requirements in wanted.items():
        pins, strange = read_pins((root / "requirements" / f"{name}.txt").read_text("utf-8"))
        locked[name] = pins
        sentences = [f"neither a pin nor a hash: {line!r}" for line in strange]
        sentences += [f"{pin.name} has no hash" for pin in pins if not pin.hashes]
        sentences += lacks([Requirement(each) for each in requirements], pins, metadata["requires-python"])
        found += [f"requirements/{name}.txt: {sentence}" for sentence in sentences]
    tested = {(pin.name, pin.version) for pin in locked["dev"]}
    found += [
        f"requirements/{name}.txt: {pin.name} {pin.version} is not the version that is tested (requirements/dev.txt)"
        for name in ("runtime", "build")
        for pin in locked[name]
        if (pin.name, pin.version) not in tested
    ]
    return found


def main() -> int:
    """Print what is wrong; 1 when anything is."""
    found = problems()
    for sentence in found:
        print(sentence, file=sys.stderr)
    if found:
        print("Run `make lock`.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())

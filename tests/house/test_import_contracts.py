"""The contracts of .importlinter cover every slice; that they are kept, `make check` says."""

import configparser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What makes a package of app/ a slice: it has one of the rooms of the second contract.
ROOMS = ("router", "workflow", "service")


def contract(name: str) -> configparser.SectionProxy:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    return contracts[f"importlinter:contract:{name}"]


def slices() -> set[str]:
    rooms = [ROOT.glob(f"app/*/{room}{form}") for room in ROOMS for form in (".py", "/__init__.py")]
    return {path.relative_to(ROOT).parts[1] for found in rooms for path in found}


def test_every_slice_stands_in_the_contract_of_slices() -> None:
    listed = {name.removeprefix("app.") for name in contract("slices")["containers"].split()}
    assert slices() <= listed


def test_the_layers_are_exhaustive_so_that_a_new_package_is_given_its_place() -> None:
    assert contract("direction").getboolean("exhaustive")
    assert contract("slices").getboolean("exhaustive")

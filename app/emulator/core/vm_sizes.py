"""Virtual machine sizes that the local Azure offers, in every region."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VmSize:
    """One size. `quota_family` is the name that usages and quota errors have for it."""

    name: str
    cores: int
    memory_gib: int
    quota_family: str
    max_data_disks: int
    arm64: bool = False


_TABLE = """
Standard_B2s|2|4|standardBSFamily|4
Standard_B2ms|2|8|standardBSFamily|4
Standard_B4ms|4|16|standardBSFamily|8
Standard_DS2_v2|2|7|standardDSv2Family|8
Standard_DS3_v2|4|14|standardDSv2Family|16
Standard_DS4_v2|8|28|standardDSv2Family|32
Standard_D2s_v3|2|8|standardDSv3Family|4
Standard_D4s_v3|4|16|standardDSv3Family|8
Standard_D8s_v3|8|32|standardDSv3Family|16
Standard_D2s_v5|2|8|standardDSv5Family|4
Standard_D4s_v5|4|16|standardDSv5Family|8
Standard_D8s_v5|8|32|standardDSv5Family|16
Standard_D16s_v5|16|64|standardDSv5Family|32
Standard_D2ds_v5|2|8|standardDDSv5Family|4
Standard_D4ds_v5|4|16|standardDDSv5Family|8
Standard_D2as_v5|2|8|standardDASv5Family|4
Standard_D4as_v5|4|16|standardDASv5Family|8
Standard_E2s_v5|2|16|standardESv5Family|4
Standard_E4s_v5|4|32|standardESv5Family|8
Standard_E8s_v5|8|64|standardESv5Family|16
Standard_F2s_v2|2|4|standardFSv2Family|4
Standard_F4s_v2|4|8|standardFSv2Family|8
Standard_D2ps_v5|2|8|standardDPSv5Family|4|arm64
Standard_D4ps_v5|4|16|standardDPSv5Family|8|arm64
Standard_NC4as_T4_v3|4|28|standardNCASv3_T4Family|8
Standard_B1s|1|1|standardBSFamily|2
"""


def _parse(line: str) -> VmSize:
    name, cores, memory, family, disks, *rest = line.split("|")
    return VmSize(name, int(cores), int(memory), family, int(disks), arm64=bool(rest))


VM_SIZES = {size.name.lower(): size for size in map(_parse, _TABLE.strip().splitlines())}
CORES_PER_FAMILY = 10_000
"""The quota of each family in each region."""


def find_vm_size(name: object) -> VmSize | None:
    """A size by name, without regard to case."""
    return VM_SIZES.get(name.lower()) if isinstance(name, str) else None

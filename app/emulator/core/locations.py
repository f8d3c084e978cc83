"""Azure's regions, as far as the local Azure has them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Location:
    """One region."""

    name: str
    display_name: str
    geography: str
    geography_group: str
    paired: str
    zones: int
    """How many availability zones; 0 for a region without."""


_TABLE = """
eastus|East US|United States|US|westus|3
eastus2|East US 2|United States|US|centralus|3
centralus|Central US|United States|US|eastus2|3
northcentralus|North Central US|United States|US|southcentralus|0
southcentralus|South Central US|United States|US|northcentralus|3
westcentralus|West Central US|United States|US|westus2|0
westus|West US|United States|US|eastus|0
westus2|West US 2|United States|US|westcentralus|3
westus3|West US 3|United States|US|eastus|3
canadacentral|Canada Central|Canada|Canada|canadaeast|3
canadaeast|Canada East|Canada|Canada|canadacentral|0
brazilsouth|Brazil South|Brazil|South America|southcentralus|3
northeurope|North Europe|Europe|Europe|westeurope|3
westeurope|West Europe|Europe|Europe|northeurope|3
uksouth|UK South|United Kingdom|Europe|ukwest|3
ukwest|UK West|United Kingdom|Europe|uksouth|0
francecentral|France Central|France|Europe|francesouth|3
germanywestcentral|Germany West Central|Germany|Europe|germanynorth|3
norwayeast|Norway East|Norway|Europe|norwaywest|3
swedencentral|Sweden Central|Sweden|Europe|swedensouth|3
switzerlandnorth|Switzerland North|Switzerland|Europe|switzerlandwest|3
italynorth|Italy North|Italy|Europe||3
polandcentral|Poland Central|Poland|Europe||3
spaincentral|Spain Central|Spain|Europe||3
eastasia|East Asia|Asia Pacific|Asia Pacific|southeastasia|3
southeastasia|Southeast Asia|Asia Pacific|Asia Pacific|eastasia|3
japaneast|Japan East|Japan|Asia Pacific|japanwest|3
japanwest|Japan West|Japan|Asia Pacific|japaneast|0
koreacentral|Korea Central|Korea|Asia Pacific|koreasouth|3
koreasouth|Korea South|Korea|Asia Pacific|koreacentral|0
centralindia|Central India|India|Asia Pacific|southindia|3
southindia|South India|India|Asia Pacific|centralindia|0
westindia|West India|India|Asia Pacific|southindia|0
jioindiawest|Jio India West|India|Asia Pacific|jioindiacentral|0
australiaeast|Australia East|Australia|Asia Pacific|australiasoutheast|3
australiasoutheast|Australia Southeast|Australia|Asia Pacific|australiaeast|0
australiacentral|Australia Central|Australia|Asia Pacific|australiacentral2|0
australiacentral2|Australia Central 2|Australia|Asia Pacific|australiacentral|0
southafricanorth|South Africa North|South Africa|Africa|southafricawest|3
uaenorth|UAE North|UAE|Middle East|uaecentral|3
qatarcentral|Qatar Central|Qatar|Middle East||3
israelcentral|Israel Central|Israel|Middle East||3
"""


def _parse(line: str) -> Location:
    name, display_name, geography, group, paired, zones = line.split("|")
    return Location(name, display_name, geography, group, paired, int(zones))


LOCATIONS = {location.name: location for location in map(_parse, _TABLE.strip().splitlines())}


def find_location(text: object) -> Location | None:
    """A region by name or display name: ARM takes `West US 2` for `westus2`."""
    return LOCATIONS.get(text.replace(" ", "").lower()) if isinstance(text, str) else None

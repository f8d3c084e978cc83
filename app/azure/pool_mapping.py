"""Azure's agent pools to ours, and ours to Azure's."""

from collections.abc import Mapping
from typing import Any

from app.azure.fields import Fields
from app.azure.types.agent_pool import AgentPool, AgentPoolSpec
from app.azure.types.pool_defaults import POOL_DEFAULTS
from app.azure.types.pool_properties import UPGRADE_SETTINGS
from app.azure.types.tags import owner_tags_in
from app.core.json import JsonObject, overlay, value_below

NO_STATE = "Unknown"
_SPOT_AT_ANY_PRICE = -1.0
# Labels and taints under this are AKS's own.
_AKS = "kubernetes.azure.com/"


def pool_of(value: object) -> AgentPool:
    """An agent pool from Azure's JSON, where it is a resource of its own."""
    body = Fields(value, "agentPool")
    return pool_in(body, body.part("properties"))


def pool_in(body: Fields, properties: Fields) -> AgentPool:
    """An agent pool whose name and whose properties stand here: in a cluster's JSON both are one object."""
    return AgentPool(
        name=body.text("name"),
        mode=properties.maybe("mode") or "User",
        os_type=properties.maybe("osType") or "Linux",
        vm_size=properties.maybe("vmSize") or "",
        count=properties.number("count") or 0,
        provisioning_state=properties.maybe("provisioningState") or NO_STATE,
        power_state=properties.part("powerState").maybe("code"),
        orchestrator_version=properties.maybe("orchestratorVersion"),
        current_orchestrator_version=properties.maybe("currentOrchestratorVersion"),
        node_image_version=properties.maybe("nodeImageVersion"),
        zones=properties.texts("availabilityZones"),
        max_pods=properties.number("maxPods"),
        os_disk_size_gib=properties.number("osDiskSizeGB"),
        os_sku=properties.maybe("osSKU"),
        max_surge=properties.part("upgradeSettings").maybe("maxSurge"),
        max_unavailable=properties.part("upgradeSettings").maybe("maxUnavailable"),
        undrainable_nodes=properties.part("upgradeSettings").maybe("undrainableNodeBehavior"),
        spot=(properties.maybe("scaleSetPriority") or "").lower() == "spot",
        auto_scaling=properties.flag("enableAutoScaling"),
        min_count=properties.number("minCount"),
        max_count=properties.number("maxCount"),
        id=body.maybe("id"),
        etag=properties.maybe("eTag"),
        subnet_id=properties.maybe("vnetSubnetID"),
        pod_subnet_id=properties.maybe("podSubnetID"),
        fips=properties.flag("enableFIPS"),
        tags=properties.text_map("tags"),
    )


def pool_body(spec: AgentPoolSpec) -> JsonObject:
    """A pool's properties as they are PUT. What the spec leaves open is left out, so that Azure's defaults hold."""
    body: JsonObject = {
        "mode": spec.mode,
        "osType": spec.os_type,
        "vmSize": spec.vm_size,
        "count": spec.count,
        "type": "VirtualMachineScaleSets",
    }
    optional: JsonObject = {
        "orchestratorVersion": spec.orchestrator_version,
        "osSKU": spec.os_sku,
        "availabilityZones": list(spec.zones) or None,
        "nodeLabels": dict(spec.labels) or None,
        "nodeTaints": list(spec.taints) or None,
        "maxPods": spec.max_pods,
        "osDiskSizeGB": spec.os_disk_size_gib,
        "osDiskType": spec.os_disk_type,
        "vnetSubnetID": spec.subnet_id,
        "podSubnetID": spec.pod_subnet_id,
        "nodePublicIPPrefixID": spec.node_public_ip_prefix_id,
        "creationData": None if spec.snapshot_id is None else {"sourceResourceId": spec.snapshot_id},
        "enableNodePublicIP": spec.node_public_ips or None,
        "upgradeSettings": _upgrade_settings(spec) or None,
        "enableFIPS": spec.fips or None,
        "scaleDownMode": spec.scale_down_mode,
        "tags": dict(spec.tags) or None,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    if spec.auto_scaling:
        body |= {"enableAutoScaling": True, "minCount": spec.min_count, "maxCount": spec.max_count}
    if spec.spot_eviction_policy is not None:
        price = _SPOT_AT_ANY_PRICE if spec.spot_max_price is None else spec.spot_max_price
        body |= {
            "scaleSetPriority": "Spot",
            "scaleSetEvictionPolicy": spec.spot_eviction_policy,
            "spotMaxPrice": price,
        }
    return body | spec.more


def _upgrade_settings(spec: AgentPoolSpec) -> JsonObject:
    settings: JsonObject = {azures: getattr(spec, ours) for azures, ours in UPGRADE_SETTINGS.items()}
    return {name: value for name, value in settings.items() if value is not None}


def pool_differences(present: JsonObject, spec: AgentPoolSpec) -> JsonObject:
    """Which properties to send so that the pool comes nearer to what the spec says; empty where it is that already.

    `present`: the pool's properties as Azure has them. What the spec leaves to Azure is no difference, unless it was
    given up: then Azure's own default is wanted. Labels, taints and tags are the spec's whole, but for AKS's and
    Slipway's own. A count and the end of autoscaling do not go together: the count is left for the next time.
    """
    wanted = _with_defaults(pool_body(spec), present, spec)
    if spec.auto_scaling:
        del wanted["count"]
    elif present.get("enableAutoScaling"):
        del wanted["count"]
        wanted |= {"enableAutoScaling": False, "minCount": None, "maxCount": None}
    changed = {name: value for name, value in wanted.items() if not _has(present.get(name), value)}
    labels = {**_of_aks(present.get("nodeLabels") or {}), **spec.labels}
    taints = [*_of_aks(present.get("nodeTaints")), *spec.taints]
    tags = {**owner_tags_in(present.get("tags") or {}), **spec.tags}
    for name, value in (("nodeLabels", labels), ("nodeTaints", taints), ("tags", tags)):
        changed.pop(name, None)
        if (present.get(name) or None) != (value or None):
            changed[name] = value
    return changed


def _with_defaults(body: JsonObject, present: JsonObject, spec: AgentPoolSpec) -> JsonObject:
    """What is wanted, with Azure's default for each setting that was given up; where Azure says nothing, it has it."""
    for ours in spec.resets:
        default = POOL_DEFAULTS[ours]
        spot = spec.spot_eviction_policy is not None and default.of_spot is not None
        wanted: Any = default.of_spot if spot else default.value
        for name in reversed(default.path):
            wanted = {name: wanted}
        if value_below(present, default.path) is not None:
            body = overlay(body, wanted)
    return body


def _of_aks(known: Any) -> Any:
    if isinstance(known, Mapping):
        return {key: value for key, value in known.items() if key.startswith(_AKS)}
    return [taint for taint in known or () if taint.startswith(_AKS)]


def _has(present: object, wanted: object) -> bool:
    """Whether Azure has it; where it is an object (upgrade settings) Azure may have more."""
    if isinstance(wanted, dict) and isinstance(present, Mapping):
        return all(_has(present.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, str) and isinstance(present, str):
        return present.lower() == wanted.lower()
    return (present or None) == (wanted or None)

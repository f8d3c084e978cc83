"""The add-on `omsagent`, and its twin `azureMonitorProfile.containerInsights`, in a cluster's body."""

import re
from dataclasses import dataclass

from app.emulator.core.cloud import Cloud
from app.emulator.core.data_collection import WORKSPACE
from app.emulator.core.documents import Document, section
from app.emulator.core.errors import AzureError
from app.emulator.core.paths import key_of, split_path
from app.emulator.providers.containerservice.errors import flat

OMSAGENT = "omsagent"
_WORKSPACE = "logAnalyticsWorkspaceResourceID"
_BY_IDENTITY = "useAADAuth"
_RESOURCE_ID = re.compile(r"/subscriptions/[^/]+/|/providers/[^/]+/", re.IGNORECASE)


@dataclass(frozen=True)
class Addon:
    """The add-on of a cluster that has it on."""

    workspace_id: str
    by_identity: bool
    """Whether its agents log in as themselves and do what data collection rules say; else they hold the
    workspace's key and send all to it."""


def addon_of(cluster: Document) -> Addon | None:
    """The add-on of a cluster's properties; none where it is off."""
    profile = section(cluster, "addonProfiles", OMSAGENT)
    if not profile.get("enabled"):
        return None
    config = section(profile, "config")
    return Addon(str(config.get(_WORKSPACE) or ""), str(config.get(_BY_IDENTITY)).lower() == "true")


def with_monitoring(before: Document, asked: Document, after: Document) -> Document:
    """`after`, a cluster's properties, with both forms of the add-on saying what the one that was changed says."""
    addons = section(asked, "addonProfiles")
    wanted = next((addons[name] for name in addons if name.lower() == OMSAGENT), None)
    insights = section(asked, "azureMonitorProfile").get("containerInsights")
    known = section(before, "azureMonitorProfile", "containerInsights")
    profile = _taken(wanted) if isinstance(wanted, dict) else None
    if isinstance(insights, dict) and any(insights.get(name) != known.get(name) for name in _SAME):
        profile = profile if profile is not None and profile != _shared(before) else _from_insights(insights)
    if profile is None:
        return after
    others = {name: value for name, value in section(after, "addonProfiles").items() if name.lower() != OMSAGENT}
    identity = section(before, "addonProfiles", OMSAGENT).get("identity")
    shown = {**profile, **({"identity": identity} if identity and profile["enabled"] else {})}
    monitor = section(after, "azureMonitorProfile")
    return {
        **after,
        "addonProfiles": {**others, OMSAGENT: shown},
        "azureMonitorProfile": {**monitor, "containerInsights": _as_insights(profile, monitor)},
    }


_SAME = ("enabled", "logAnalyticsWorkspaceResourceId")


def _shared(before: Document) -> Document | None:
    profile = section(before, "addonProfiles", OMSAGENT)
    return {name: value for name, value in profile.items() if name != "identity"} if profile else None


def _taken(wanted: Document) -> Document:
    """What a PUT says of the add-on: an add-on that is off forgets its configuration."""
    if not wanted.get("enabled"):
        return {"enabled": False, "config": None}
    given = {name: value for name, value in section(wanted, "config").items() if value is not None}
    spelled = {name.lower(): name for name in (_WORKSPACE, _BY_IDENTITY)}
    return {"enabled": True, "config": {spelled.get(name.lower(), name): value for name, value in given.items()}}


def _from_insights(insights: Document) -> Document:
    if not insights.get("enabled"):
        return {"enabled": False, "config": None}
    workspace = insights.get("logAnalyticsWorkspaceResourceId") or ""
    return {"enabled": True, "config": {_WORKSPACE: workspace, _BY_IDENTITY: "true"}}


def _as_insights(profile: Document, monitor: Document) -> Document:
    insights = {**section(monitor, "containerInsights"), "enabled": profile["enabled"]}
    if profile["enabled"]:
        insights["logAnalyticsWorkspaceResourceId"] = section(profile, "config").get(_WORKSPACE, "")
    return insights


def check_addon(cloud: Cloud, cluster: Document) -> None:
    """Refuse any write to a cluster whose add-on names no workspace that is there."""
    addon = addon_of(cluster)
    if addon is None:
        return
    if not _RESOURCE_ID.match(addon.workspace_id):
        raise AzureError(
            400,
            "LinkedInvalidPropertyId",
            f"Property id '{addon.workspace_id}' at path 'properties.addonProfiles.{OMSAGENT}.config.{_WORKSPACE}' is "
            "invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or "
            "'/providers/{resourceProviderNamespace}/'.",
        )
    workspace = cloud.store.get(addon.workspace_id)
    if workspace is None or key_of(workspace.type) != key_of(WORKSPACE):
        raise _no_workspace(addon.workspace_id)


def _no_workspace(workspace_id: str) -> AzureError:
    segments = split_path(workspace_id)
    group = segments[3] if len(segments) > 3 else ""  # noqa: PLR2004 - /subscriptions/s/resourceGroups/g/...
    return flat(
        400,
        "GetLogAnalyticsWorkspaceError",
        f"Unable to get log analytics workspace info. Resource ID: {workspace_id}. Details: Category: ClientError; "
        "Code: GetLogAnalyticsWorkspaceError; SubCode: ResourceNotFound; Message: Unable to retrieve log analytics "
        "workspace. Please resolve the issue below and try again. If resource is intentionally deleted to stop "
        "monitoring, please also disable monitoring addon by following doc: "
        "https://aka.ms/aks-disable-monitoring-addon. If resource is deleted by mistake, please re-create it by "
        "following doc: https://aka.ms/new-log-analytics, and enable new workspace resource id by following doc: "
        f"https://aka.ms/aks-enable-addons. InnerMessage: The Resource '{WORKSPACE}/{segments[-1] if segments else ''}'"
        f" under resource group '{group}' was not found.",
    )

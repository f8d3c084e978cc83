"""Managed clusters of a subscription. Every method is one call, but those that read before they write."""

import base64
from collections.abc import Callable
from datetime import datetime

from azure.core import MatchConditions
from azure.core.rest import AsyncHttpResponse
from azure.mgmt.containerservice.aio import ContainerServiceClient
from azure.mgmt.containerservice.models import (
    ClusterUpgradeSettings,
    ManagedClusterAddonProfile,
    ManagedClusterLoadBalancerProfile,
    ManagedClusterProperties,
    UpgradeOverrideSettings,
)
from azure.mgmt.containerservice.models import ManagedCluster as SdkManagedCluster

from app.azure import errors
from app.azure.clients import operation_of, read_all, settled, whole_answer
from app.azure.cluster_mapping import MONITORING, cluster_body, cluster_of, monitoring_body, outbound_body
from app.azure.cluster_settings import changed, settings_changes
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.cluster import ManagedCluster, ManagedClusterSpec, OutboundProfile, PutAnswer
from app.azure.types.cluster_changes import Change, WantedSettings
from app.azure.types.cluster_fields import Part
from app.azure.types.monitoring import MonitoringAddon
from app.azure.types.operation import Operation
from app.azure.types.secret import Secret

_CREATED = 201
_NO_CONTENT = 204


class ManagedClusters:
    """`Microsoft.ContainerService/managedClusters`."""

    def __init__(self, client: ContainerServiceClient, subscription_id: str) -> None:
        self._clusters = client.managed_clusters
        self._subscription_id = subscription_id

    def id_of(self, group: str, name: str) -> str:
        """The resource id of a cluster of this name; compare ids with `same_id`."""
        return (
            f"/subscriptions/{self._subscription_id}/resourceGroups/{group}"
            f"/providers/Microsoft.ContainerService/managedClusters/{name}"
        )

    async def get(self, group: str, name: str, *, call: Call) -> ManagedCluster | None:
        """The cluster, or None when there is none, or no such group."""
        try:
            model = await self._clusters.get(group, name, slipway_call=call)
        except AzureError as error:
            if error.gone:
                return None
            raise
        return cluster_of(model)

    async def list_(self, *, call: Call) -> tuple[ManagedCluster, ...]:
        """All clusters of the subscription, with their pools."""
        return tuple(await read_all(self._clusters.list(slipway_call=call), cluster_of))

    async def create(self, group: str, name: str, spec: ManagedClusterSpec, *, call: Call) -> PutAnswer:
        """Make the cluster where there is none of this name; a conflict where there is one."""
        return await self._put(group, name, spec, etag="*", condition=MatchConditions.IfMissing, call=call)

    async def put(
        self, group: str, name: str, spec: ManagedClusterSpec, *, call: Call, if_match: str | None = None
    ) -> PutAnswer:
        """Make the cluster, or make it as the spec says. `if_match`: only while it has this ETag."""
        return await self._put(group, name, spec, etag=if_match, condition=_match(if_match), call=call)

    async def _put(
        self,
        group: str,
        name: str,
        spec: ManagedClusterSpec,
        *,
        etag: str | None,
        condition: MatchConditions | None,
        call: Call,
    ) -> PutAnswer:
        answer = await settled(
            self._clusters.begin_create_or_update(
                group,
                name,
                SdkManagedCluster(cluster_body(spec)),
                polling=False,
                cls=whole_answer,
                etag=etag,
                match_condition=condition,
                slipway_call=call,
            )
        )
        return self._put_answer(answer, group, name)

    async def upgrade(self, group: str, name: str, version: str, *, call: Call) -> PutAnswer:
        """Change the control plane's version, and nothing else; see `_put_back`."""

        def change(properties: ManagedClusterProperties) -> None:
            properties.kubernetes_version = version

        return await self._put_back(group, name, change, call)

    async def allow_forced_upgrade(self, group: str, name: str, until: datetime, *, call: Call) -> PutAnswer:
        """Let upgrades begin until then though budgets or the use of old APIs speak against it; see `_put_back`.

        https://learn.microsoft.com/azure/aks/stop-cluster-upgrade-api-breaking-changes
        """

        def change(properties: ManagedClusterProperties) -> None:
            settings = properties.upgrade_settings or ClusterUpgradeSettings()
            settings.override_settings = UpgradeOverrideSettings(force_upgrade=True, until=until)
            properties.upgrade_settings = settings

        return await self._put_back(group, name, change, call)

    async def put_outbound(self, group: str, name: str, outbound: OutboundProfile, *, call: Call) -> PutAnswer:
        """Change by which addresses the nodes reach the internet, and nothing else; see `_put_back`."""

        def change(properties: ManagedClusterProperties) -> None:
            if properties.network_profile is None:
                raise AzureError(errors.MALFORMED, azure_message="the cluster has no network profile")
            known = properties.network_profile.load_balancer_profile or ManagedClusterLoadBalancerProfile()
            # What is not named goes: AKS takes one of the three kinds of address.
            known.managed_outbound_i_ps = known.outbound_i_ps = known.outbound_ip_prefixes = None
            known.update(outbound_body(outbound))
            properties.network_profile.load_balancer_profile = known

        return await self._put_back(group, name, change, call)

    async def put_windows_password(self, group: str, name: str, password: Secret, *, call: Call) -> PutAnswer:
        """Change the password of the Windows nodes' administrator, and nothing else; see `_put_back`.

        Windows pools are upgraded by it: https://learn.microsoft.com/azure/aks/windows-faq
        """

        def change(properties: ManagedClusterProperties) -> None:
            if properties.windows_profile is None:
                raise AzureError(errors.MALFORMED, azure_message="the cluster has no Windows profile")
            properties.windows_profile.admin_password = password.reveal()

        return await self._put_back(group, name, change, call)

    async def put_monitoring(self, group: str, name: str, addon: MonitoringAddon | None, *, call: Call) -> PutAnswer:
        """Switch the monitoring add-on on as given, or off (None), and nothing else; see `_put_back`."""

        def change(properties: ManagedClusterProperties) -> None:
            addons = dict(properties.addon_profiles or {})
            for known in [key for key in addons if key.lower() == MONITORING]:
                del addons[known]
            body = {"enabled": False} if addon is None else monitoring_body(addon)
            addons[MONITORING] = ManagedClusterAddonProfile(body)
            properties.addon_profiles = addons

        return await self._put_back(group, name, change, call)

    async def _put_back(
        self, group: str, name: str, change: Callable[[ManagedClusterProperties], None], call: Call
    ) -> PutAnswer:
        """Read, change, and put the object back as Azure has it.

        What this version of the SDK does not know is kept. `AzureError` (gone) when there is no cluster; a change
        between reading and writing is an ETag mismatch.
        """
        model = await self._clusters.get(group, name, slipway_call=call)
        if model.properties is None:
            raise AzureError(errors.MALFORMED, azure_message="the cluster has no properties")
        etag = cluster_of(model).etag
        change(model.properties)
        return await self._send_back(group, name, model, etag, call)

    async def _send_back(
        self, group: str, name: str, model: SdkManagedCluster, etag: str | None, call: Call
    ) -> PutAnswer:
        # Through the SDK's model: it leaves out what is read-only when it is sent.
        answer = await settled(
            self._clusters.begin_create_or_update(
                group,
                name,
                model,
                polling=False,
                cls=whole_answer,
                etag=etag,
                match_condition=_match(etag),
                slipway_call=call,
            )
        )
        return self._put_answer(answer, group, name)

    async def compare(
        self, group: str, name: str, wanted: WantedSettings, *, call: Call
    ) -> tuple[ManagedCluster, tuple[Change, ...]]:
        """The cluster, and in what it differs. `AzureError` (gone) when there is none."""
        model = await self._clusters.get(group, name, slipway_call=call)
        return cluster_of(model), settings_changes(model.as_dict(), wanted)

    async def put_part(
        self, group: str, name: str, part: Part, wanted: WantedSettings, *, call: Call
    ) -> PutAnswer | None:
        """Send what differs in one part, and nothing else; see `_put_back`. None where nothing does."""
        model = await self._clusters.get(group, name, slipway_call=call)
        changes = [each for each in settings_changes(model.as_dict(), wanted) if each.part is part and not each.fixed]
        if not changes:
            return None
        return await self._send_back(
            group, name, SdkManagedCluster(changed(model.as_dict(), changes)), cluster_of(model).etag, call
        )

    async def put_again(self, group: str, name: str, *, if_match: str | None, call: Call) -> PutAnswer:
        """Send the cluster as it is, while it has this ETag: AKS takes up again what has failed."""
        model = await self._clusters.get(group, name, slipway_call=call)
        return await self._send_back(group, name, model, if_match, call)

    async def delete(self, group: str, name: str, *, call: Call, if_match: str | None = None) -> Operation | None:
        """Begin to remove the cluster; None when there is none, or no such group."""
        try:
            answer = await settled(
                self._clusters.begin_delete(
                    group,
                    name,
                    polling=False,
                    cls=whole_answer,
                    etag=if_match,
                    match_condition=_match(if_match),
                    slipway_call=call,
                )
            )
        except AzureError as error:
            if error.gone:
                return None
            raise
        # 204: there was nothing to remove.
        return None if answer.status_code == _NO_CONTENT else operation_of(answer, self.id_of(group, name))

    async def abort(self, group: str, name: str, *, call: Call) -> Operation | None:
        """Ask Azure to end the cluster's running operation; None when it had ended, or was being ended, already."""
        try:
            answer = await settled(
                self._clusters.begin_abort_latest_operation(
                    group, name, polling=False, cls=whole_answer, slipway_call=call
                )
            )
        except AzureError as error:
            if error.gone or error.row.code == "azure_abort_taken":
                return None
            raise
        return operation_of(answer, self.id_of(group, name))

    async def user_credential(self, group: str, name: str, *, call: Call) -> Secret:
        """The kubeconfig (YAML) of a user, as Azure gives it: to be parsed and rebuilt, never passed through."""
        model = await self._clusters.list_cluster_user_credentials(group, name, slipway_call=call)
        return _kubeconfig(model)

    async def admin_credential(self, group: str, name: str, *, call: Call) -> Secret:
        """The admin's kubeconfig; `azure_local_accounts_disabled` where the cluster has none."""
        model = await self._clusters.list_cluster_admin_credentials(group, name, slipway_call=call)
        return _kubeconfig(model)

    def _put_answer(self, answer: AsyncHttpResponse, group: str, name: str) -> PutAnswer:
        return PutAnswer(
            cluster=cluster_of(answer.json()),
            operation=operation_of(answer, self.id_of(group, name)),
            created=answer.status_code == _CREATED,
        )


def _match(etag: str | None) -> MatchConditions | None:
    return None if etag is None else MatchConditions.IfNotModified


def _kubeconfig(value: object) -> Secret:
    kubeconfigs = Fields(value, "credentials").parts("kubeconfigs")
    if not kubeconfigs:
        raise AzureError(errors.MALFORMED, azure_message="the answer holds no kubeconfig")
    try:
        return Secret.of_bytes(base64.b64decode(kubeconfigs[0].text("value"), validate=True))
    except ValueError:
        # The cause is left out: it may quote the kubeconfig.
        raise AzureError(errors.MALFORMED, azure_message="the kubeconfig is not base64") from None

"""What goes with a cluster, judged without one."""

from dataclasses import replace

from app.clusters.schemas.deletion import Flag
from app.clusters.specs.deletion import Item, world_of
from app.clusters.specs.workloads import workloads_of
from app.kubernetes.types.drain import PlacedPod
from app.kubernetes.types.pod import PodController
from app.kubernetes.types.volume import DISK_DRIVER, FILES_DRIVER, PersistentVolumeState
from app.storage.specs.volumes_that_go import items_of_volumes

DISK = PersistentVolumeState(
    name="pvc-1",
    uid="u1",
    phase="Bound",
    driver=DISK_DRIVER,
    handle="/subscriptions/s/resourceGroups/MC_rg/providers/Microsoft.Compute/disks/pvc-1",
    storage_class="managed-csi",
    reclaim_policy="Retain",
    capacity="8Gi",
    access_modes=("ReadWriteOnce",),
    claim_namespace="shop",
    claim_name="db",
)
FILES = replace(DISK, name="pvc-2", driver=FILES_DRIVER, handle="mc_RG#f3a1#pvc-2###default")


def test_only_volumes_in_the_clusters_own_node_group_go_with_it() -> None:
    elsewhere = replace(DISK, name="kept", handle=str(DISK.handle).replace("MC_rg", "data"))
    assert [item.name for item in items_of_volumes([FILES, elsewhere, DISK], "mc_rg")] == ["pvc-1", "pvc-2"]
    assert {item.flag for item in items_of_volumes([DISK], "mc_rg")} == {Flag.DISKS}
    assert items_of_volumes([DISK], "mc_rg")[0].detail == "8Gi, Bound for shop/db. Nothing keeps it."
    assert items_of_volumes([DISK, FILES], None) == []
    assert items_of_volumes([DISK, FILES], "mc_r") == []


def test_workloads_are_told_by_whom_callers_know_and_akss_own_are_not() -> None:
    def pod(name: str, kind: str | None, keeper: str, namespace: str = "shop", **labels: str) -> PlacedPod:
        controller = None if kind is None else PodController(kind, keeper, "u")
        return PlacedPod(namespace, name, name, "node", ready=True, labels=labels, controller=controller)

    hashed = {"pod-template-hash": "7d9c"}
    found = workloads_of(
        [
            pod("web-1", "ReplicaSet", "web-7d9c", **hashed),
            pod("web-2", "ReplicaSet", "web-7d9c", **hashed),
            pod("old-1", "ReplicaSet", "old"),
            pod("db-0", "StatefulSet", "db"),
            pod("by-hand", None, ""),
            pod("dns", "ReplicaSet", "dns-1", namespace="kube-system"),
            pod("mesh", "ReplicaSet", "mesh-1", namespace="aks-istio-system"),
        ]
    )
    assert [(item.name, item.detail) for item in found] == [
        ("shop/Deployment web", "2 pods"),
        ("shop/Pod by-hand", "1 pod"),
        ("shop/ReplicaSet old", "1 pod"),
        ("shop/StatefulSet db", "1 pod"),
    ]


def test_how_many_pods_run_makes_no_plan_stale_and_what_becomes_of_a_share_does() -> None:
    web = Item("workload", "shop/Deployment web", goes=True, detail="2 pods")
    share = Item("share", "uploads", goes=False, id="shr_1", flag=Flag.SHARES)
    assert world_of([web, share]) == world_of([replace(web, detail="5 pods"), share])
    assert world_of([share]) != world_of([replace(share, goes=True)])

"""Volumes and claims: who gets whom, what stays while it is used, and what pods wait for."""

from tests.emulator.kubernetes.client import node_spec
from tests.emulator.kubernetes.volumes import CLAIMS, CLASSES, PODS, VOLUMES, claim, pod, put, volume
from tests.emulator.kubernetes.workloads import Driver


async def _events(driver: Driver, name: str, namespace: str = "default") -> list[tuple[str, str]]:
    found = await driver.items(f"/api/v1/namespaces/{namespace}/events?fieldSelector=involvedObject.name={name}")
    found.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [(event["reason"], event["message"]) for event in found]


async def _phase(driver: Driver, path: str) -> str:
    return str((await driver.get(path))["status"]["phase"])


async def test_a_claim_gets_the_volume_that_it_names_and_shows_what_that_has(driver: Driver) -> None:
    await put(driver, (VOLUMES, volume(size="10Gi")), (CLAIMS, claim(volumeName="share")))
    bound, held = await driver.get(f"{CLAIMS}/data"), await driver.get(f"{VOLUMES}/share")
    assert bound["status"] == {"phase": "Bound", "accessModes": ["ReadWriteMany"], "capacity": {"storage": "10Gi"}}
    assert bound["metadata"]["annotations"] == {"pv.kubernetes.io/bind-completed": "yes"}
    assert (held["spec"]["claimRef"]["name"], held["status"]["phase"]) == ("data", "Bound")


async def test_a_claim_takes_the_smallest_volume_that_fits(driver: Driver) -> None:
    await put(
        driver,
        (VOLUMES, volume("large", "50Gi")),
        (VOLUMES, volume("fitting", "8Gi")),
        (VOLUMES, volume("small", "1Gi")),
        (VOLUMES, volume("once", "6Gi", accessModes=["ReadWriteOnce"])),
        (VOLUMES, volume("other", "6Gi", storageClassName="other")),
        (CLAIMS, claim()),
    )
    assert (await driver.get(f"{CLAIMS}/data"))["spec"]["volumeName"] == "fitting"
    assert await _phase(driver, f"{VOLUMES}/large") == "Available"


async def test_a_volume_that_is_kept_for_a_claim_goes_to_no_other(driver: Driver) -> None:
    kept = volume("kept", claimRef={"namespace": "default", "name": "later"})
    await put(driver, (VOLUMES, kept), (CLAIMS, claim("data", storageClassName="azurefile-csi")))
    assert await _phase(driver, f"{VOLUMES}/kept") == "Available"
    assert await _phase(driver, f"{CLAIMS}/data") == "Pending"
    await put(driver, (CLAIMS, claim("later")))
    assert (await driver.get(f"{CLAIMS}/later"))["spec"]["volumeName"] == "kept"


async def test_a_volume_of_another_size_or_class_is_refused_to_the_claim_that_names_it(driver: Driver) -> None:
    await put(driver, (VOLUMES, volume(size="1Gi")), (CLAIMS, claim(volumeName="share")))
    assert await _phase(driver, f"{CLAIMS}/data") == "Pending"
    assert ("VolumeMismatch", 'Cannot bind to requested volume "share": requested PV is too small') in await _events(
        driver, "data"
    )


async def test_two_claims_that_name_one_volume_cannot_both_have_it(driver: Driver) -> None:
    await put(
        driver,
        (VOLUMES, volume()),
        (CLAIMS, claim("first", volumeName="share")),
        (CLAIMS, claim("second", volumeName="share")),
    )
    assert [await _phase(driver, f"{CLAIMS}/{name}") for name in ("first", "second")] == ["Bound", "Pending"]
    assert ("FailedBinding", 'volume "share" already bound to a different claim.') in await _events(driver, "second")


async def test_a_claim_says_why_it_waits(driver: Driver) -> None:
    await put(
        driver,
        (CLAIMS, claim("dynamic")),
        (CLAIMS, claim("disk", storageClassName="managed-csi", accessModes=["ReadWriteOnce"])),
        (CLAIMS, claim("none", storageClassName="")),
        (CLAIMS, claim("typo", storageClassName="azurefiel")),
    )
    reasons = {name: (await _events(driver, name))[0] for name in ("dynamic", "disk", "none", "typo")}
    assert reasons["dynamic"][0] == "ExternalProvisioning"
    assert "external provisioner 'file.csi.azure.com' or manually by the system" in reasons["dynamic"][1]
    assert reasons["disk"] == (
        "WaitForFirstConsumer",
        "waiting for first consumer to be created before binding",
    )
    assert reasons["none"] == (
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
    )
    assert reasons["typo"] == ("ProvisioningFailed", 'storageclass.storage.k8s.io "azurefiel" not found')


async def test_a_claim_that_names_no_class_gets_the_default_one(driver: Driver) -> None:
    await put(driver, (CLAIMS, claim(storageClassName=None)))
    assert (await driver.get(f"{CLAIMS}/data"))["spec"]["storageClassName"] == "default"


async def test_a_volume_outlives_its_claim_and_is_free_again_once_its_reference_is_taken(driver: Driver) -> None:
    await put(driver, (VOLUMES, volume()), (CLAIMS, claim(volumeName="share")))
    await driver.client.ask("DELETE", f"{CLAIMS}/data")
    driver.drain()
    assert await _phase(driver, f"{VOLUMES}/share") == "Released"
    await put(driver, (CLAIMS, claim("next")))
    assert await _phase(driver, f"{CLAIMS}/next") == "Pending"
    await driver.merge(f"{VOLUMES}/share", {"spec": {"claimRef": None}})
    driver.drain()
    assert (await driver.get(f"{CLAIMS}/next"))["spec"]["volumeName"] == "share"


async def test_a_volume_that_nobody_can_delete_fails(driver: Driver) -> None:
    await put(driver, (VOLUMES, volume(persistentVolumeReclaimPolicy="Delete")), (CLAIMS, claim(volumeName="share")))
    await driver.client.ask("DELETE", f"{CLAIMS}/data")
    driver.drain()
    assert await _phase(driver, f"{VOLUMES}/share") == "Failed"
    assert (await _events(driver, "share"))[0][0] == "VolumeFailedDelete"


async def test_a_claim_whose_volume_is_taken_away_is_lost(driver: Driver) -> None:
    await put(driver, (VOLUMES, volume()), (CLAIMS, claim(volumeName="share")))
    await driver.client.ask("DELETE", f"{VOLUMES}/share")
    await driver.merge(f"{VOLUMES}/share", {"metadata": {"finalizers": None}})
    driver.drain()
    assert await _phase(driver, f"{CLAIMS}/data") == "Lost"
    said = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
    assert ("ClaimLost", said) in await _events(driver, "data")


async def test_a_volume_stays_while_it_is_bound_and_a_claim_while_a_pod_has_it(driver: Driver) -> None:
    await put(driver, (VOLUMES, volume()), (CLAIMS, claim(volumeName="share")), (PODS, pod()))
    driver.settle()
    for path in (f"{CLAIMS}/data", f"{VOLUMES}/share"):
        gone = await driver.client.ask("DELETE", path)
        assert gone.body["metadata"]["deletionTimestamp"]
    driver.drain()
    assert await _phase(driver, f"{CLAIMS}/data") == "Bound"
    await driver.client.ask("DELETE", f"{PODS}/web")
    driver.settle()
    assert [(await driver.client.ask("GET", path)).status for path in (f"{CLAIMS}/data", f"{VOLUMES}/share")] == [
        404,
        404,
    ]


async def test_a_pod_waits_for_its_claim_and_says_so(driver: Driver) -> None:
    await put(driver, (PODS, pod()))
    nodes = "0/2 nodes are available"
    rest = f"preemption: {nodes}: 2 Preemption is not helpful for scheduling."
    assert await _events(driver, "web") == [
        ("FailedScheduling", f'{nodes}: persistentvolumeclaim "data" not found. {rest}')
    ]
    await put(driver, (CLAIMS, claim()))
    assert (await _events(driver, "web"))[-1] == (
        "FailedScheduling",
        f"{nodes}: pod has unbound immediate PersistentVolumeClaims. {rest}",
    )
    await put(driver, (VOLUMES, volume()))
    driver.settle()
    assert await _phase(driver, f"{PODS}/web") == "Running"


async def test_a_claim_of_a_class_that_waits_is_bound_for_the_node_of_its_first_pod(driver: Driver) -> None:
    waiting = {
        "metadata": {"name": "local"},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    await put(
        driver,
        (CLASSES, waiting),
        (VOLUMES, volume(storageClassName="local")),
        (CLAIMS, claim(storageClassName="local")),
    )
    assert await _phase(driver, f"{CLAIMS}/data") == "Pending"
    await put(driver, (PODS, pod()))
    driver.settle()
    bound, running = await driver.get(f"{CLAIMS}/data"), await driver.get(f"{PODS}/web")
    assert bound["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] == running["spec"]["nodeName"]
    assert (bound["status"]["phase"], running["status"]["phase"]) == ("Bound", "Running")


async def test_a_pod_goes_to_no_node_that_its_volume_is_not_had_on(driver: Driver) -> None:
    elsewhere = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["westeurope-3"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [elsewhere]}]}}
    await put(driver, (VOLUMES, volume(nodeAffinity=affinity)), (CLAIMS, claim()), (PODS, pod()))
    assert "2 node(s) had volume node affinity conflict" in (await _events(driver, "web"))[-1][1]


async def test_a_claim_for_one_pod_is_for_one_pod(driver: Driver) -> None:
    modes = ["ReadWriteOncePod"]
    await put(driver, (VOLUMES, volume(accessModes=modes)), (CLAIMS, claim(accessModes=modes)))
    await put(driver, (PODS, pod()), (PODS, pod("second")))
    driver.settle()
    assert [await _phase(driver, f"{PODS}/{name}") for name in ("web", "second")] == ["Running", "Pending"]
    assert "with the same name and ReadWriteOncePod access mode" in (await _events(driver, "second"))[-1][1]
    await driver.client.ask("DELETE", f"{PODS}/web")
    driver.settle()
    assert await _phase(driver, f"{PODS}/second") == "Running"


async def test_a_pod_that_names_a_missing_secret_or_map_does_not_start(driver: Driver) -> None:
    sources = [{"name": "key", "secret": {"secretName": "word"}}, {"name": "conf", "configMap": {"name": "conf"}}]
    await put(driver, (PODS, {**pod(), "spec": {"containers": [{"name": "w", "image": "i"}], "volumes": sources}}))
    driver.step()
    said = [message for reason, message in await _events(driver, "web") if reason == "FailedMount"]
    assert said == [
        'MountVolume.SetUp failed for volume "key" : secret "word" not found',
        'MountVolume.SetUp failed for volume "conf" : configmap "conf" not found',
    ]
    waiting = (await driver.get(f"{PODS}/web"))["status"]["containerStatuses"][0]["state"]
    assert waiting == {"waiting": {"reason": "ContainerCreating"}}
    await put(
        driver,
        ("/api/v1/namespaces/default/secrets", {"metadata": {"name": "word"}}),
        ("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "conf"}}),
    )
    driver.settle()
    assert await _phase(driver, f"{PODS}/web") == "Running"


async def test_a_pod_cannot_have_two_volumes_of_one_handle(driver: Driver) -> None:
    csi = {"driver": "file.csi.azure.com", "volumeHandle": "one"}
    await put(driver, (VOLUMES, volume("a", csi=csi)), (CLAIMS, claim("a", volumeName="a")))
    await put(driver, (VOLUMES, volume("b", csi=csi)), (CLAIMS, claim("b", volumeName="b")))
    both = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in ("a", "b")]
    await put(driver, (PODS, {**pod(), "spec": {"containers": [{"name": "w", "image": "i"}], "volumes": both}}))
    for _ in range(10):
        driver.step()
    assert await _phase(driver, f"{PODS}/web") == "Pending"
    said = [message for reason, message in await _events(driver, "web") if reason == "FailedMount"]
    assert len(said) == 1
    assert said[0].startswith("Unable to attach or mount volumes: unmounted volumes=[a, b], unattached volumes=[]")


async def test_a_driver_that_a_node_does_not_have_mounts_nothing(driver: Driver) -> None:
    strange = volume(csi={"driver": "nfs.csi.k8s.io", "volumeHandle": "h"})
    await put(driver, (VOLUMES, strange), (CLAIMS, claim()), (PODS, pod()))
    driver.step()
    said = "driver name nfs.csi.k8s.io not found in the list of registered CSI drivers"
    assert said in (await _events(driver, "web"))[-1][1]


async def test_a_new_cluster_has_the_classes_and_drivers_of_aks(driver: Driver) -> None:
    classes = {one["metadata"]["name"]: one for one in await driver.items(CLASSES)}
    assert sorted(classes) == [
        *("azurefile", "azurefile-csi", "azurefile-csi-premium", "azurefile-premium", "default", "managed"),
        *("managed-csi", "managed-csi-premium", "managed-premium"),
    ]
    annotations = classes["default"]["metadata"]["annotations"]
    assert annotations["storageclass.kubernetes.io/is-default-class"] == "true"
    drivers = await driver.items("/apis/storage.k8s.io/v1/csidrivers")
    attach = {one["metadata"]["name"]: one["spec"]["attachRequired"] for one in drivers}
    assert attach == {"disk.csi.azure.com": True, "file.csi.azure.com": False}
    nodes = await driver.items("/apis/storage.k8s.io/v1/csinodes")
    assert [node["metadata"]["name"] for node in nodes] == [node_spec(0).name, node_spec(1).name]
    await driver.set_nodes(node_spec(0))
    driver.drain()
    assert len(await driver.items("/apis/storage.k8s.io/v1/csinodes")) == 1

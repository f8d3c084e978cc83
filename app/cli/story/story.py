"""The demo's two stories, each a table of contents."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from app.cli.client import RequestError
from app.cli.kubectl import KubectlError
from app.cli.story import clusters, monitoring, networks, storage
from app.cli.story.teller import StoryError, Teller


@dataclass(frozen=True, slots=True)
class Told:
    """What the story leaves behind; no `kubeconfig`: the cluster is gone again."""

    cluster: str
    kubeconfig: Path | None
    cluster_seconds: float


async def tell(teller: Teller, story: str) -> Told:
    """Tell a story by its name (`STORIES`). Raises StoryError."""
    try:
        return await STORIES[story](teller)
    except RequestError as error:
        raise StoryError(error.problem) from error
    except KubectlError as error:
        raise StoryError(
            {"code": "kubectl_failed", "title": "kubectl could not talk to the cluster", "detail": str(error)}
        ) from error


async def _first(teller: Teller) -> Told:
    cluster, seconds = await clusters.create(teller, await clusters.free_name(teller), nodes=1)
    clusters.show(teller, cluster)
    await networks.show_infrastructure(teller, cluster)
    kubeconfig = await clusters.take_kubeconfig(teller, cluster)
    await clusters.talk(teller, cluster, kubeconfig)
    await networks.expose(teller, cluster)
    await networks.show_addresses(teller, cluster, services=1)
    return Told(cluster["name"], kubeconfig, seconds)


async def _full(teller: Teller) -> Told:
    await clusters.prepare(teller)
    cluster, seconds = await clusters.create(teller, await clusters.free_name(teller), nodes=2)
    clusters.show(teller, cluster)
    kubeconfig = await clusters.take_kubeconfig(teller, cluster)
    kubectl = await clusters.talk(teller, cluster, kubeconfig)
    await networks.expose(teller, cluster)
    if kubectl is not None:
        await networks.apply_another(teller, kubectl)
    await networks.show_addresses(teller, cluster, services=1 if kubectl is None else 2)
    await storage.bind_volume(teller, cluster, kubectl)
    await monitoring.watch_cluster(teller, cluster)
    teller.screen.chapter("What Azure built for all that")
    await networks.show_infrastructure(teller, cluster)
    teller.screen.chapter("Take all down again")
    await storage.unbind_volume(teller, cluster, kubectl)
    await monitoring.stop_watching(teller, cluster)
    await clusters.delete(teller, cluster)
    return Told(cluster["name"], None, seconds)


STORIES: Mapping[str, Callable[[Teller], Awaitable[Told]]] = MappingProxyType({"first": _first, "full": _full})

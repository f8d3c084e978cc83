"""Services at public addresses, and what Azure built for the cluster, in lines and as a picture."""

from app.cli.kubectl import Kubectl
from app.cli.screen import Json
from app.cli.story.clusters import run
from app.cli.story.teller import Teller

_BUILT = frozenset(
    {
        "virtual_network",
        "subnet",
        "network_security_group",
        "route_table",
        "load_balancer",
        "public_ip",
        "scale_set",
        "machine",
        "identity",
    }
)
_SEEN = frozenset({"load_balancer", "machine"})
"""What must have been seen before it is shown."""
_SHOP = """\
apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  type: LoadBalancer
  selector: {app: shop}
  ports: [{port: 443}]
"""


async def show_infrastructure(teller: Teller, cluster: Json) -> None:
    """What Azure built for the cluster, in lines, and as a picture in a file."""
    path = f"/v1/clusters/{cluster['name']}/infrastructure"
    # Azure lists each by itself, so that one may be seen before the other.
    graph = await teller.seen(path, lambda found: {node["kind"] for node in found["nodes"]} >= _SEEN)
    teller.screen.text("Azure built there:", "dim")
    for node in graph["nodes"]:
        if node["kind"] in _BUILT:
            teller.screen.text(f"  {node['kind'].replace('_', ' '):<24} {node['name']}")
    for finding in [*graph["missing"], *graph["strange"]]:
        teller.screen.text(f"  {finding['title']}. {finding['remedy']}", "yellow")
    picture = f"{path}?format=svg"
    teller.pictures.mkdir(mode=0o700, exist_ok=True)
    file = teller.pictures / f"{cluster['name']}.svg"
    file.write_bytes(await teller.slipway.get_raw(picture))
    teller.screen.text(f"As a picture: GET {picture}")
    teller.screen.text(f"Written to {file}.")


async def expose(teller: Teller, cluster: Json) -> None:
    """Give a Service an address."""
    body = {"name": "web", "namespace": "default", "selector": {"app": "web"}, "ports": [{"port": 80}]}
    teller.screen.chapter("Expose a Service at a public address")
    await teller.do("POST", f"/v1/clusters/{cluster['name']}/exposures", body)


async def apply_another(teller: Teller, kubectl: Kubectl) -> None:
    """A Service of kubectl's on the same load balancer: Slipway sees that one too."""
    teller.screen.text("And a second one that kubectl makes, on the same load balancer:", "dim")
    await run(teller, kubectl, "apply", "-f", "-", document=_SHOP)
    await run(teller, kubectl, "wait", "service/shop", "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=25s")
    await run(teller, kubectl, "get", "services")


async def show_addresses(teller: Teller, cluster: Json, *, services: int) -> None:
    """Whose each address of the load balancer is, once the worker has seen that so many Services are served."""
    path = f"/v1/clusters/{cluster['name']}/load-balancers"
    teller.screen.text(f"GET {path}", "bold")
    found = await teller.seen(path, lambda seen: sum(_serves(one) for one in _frontends(seen)) >= services)
    for frontend in _frontends(found):
        served = ", ".join(f"{one['namespace']}/{one['name']}" for one in frontend["services"])
        teller.screen.text(f"  {frontend['address'] or 'no address yet':<18} {served or frontend['purpose']}")


def _serves(frontend: Json) -> bool:
    return bool(frontend["services"] and frontend["address"])


def _frontends(found: Json) -> list[Json]:
    return [frontend for one in found["items"] for frontend in one["frontends"]]

"""The web application: routers, handlers, middleware, lifespan; nothing else."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from app.api import docs, health
from app.api.draining import Draining
from app.api.middleware import middleware
from app.api.openapi import operation_id, shape_openapi
from app.api.problems import add_problem_handlers
from app.api.services import Services
from app.catalog.router import router as catalog
from app.clusters.router.certificates import router as certificates
from app.clusters.router.clusters import router as clusters
from app.clusters.router.commands import router as commands
from app.clusters.router.ending import router as ending
from app.clusters.router.kubectl import router as kubectl
from app.clusters.router.power import router as power
from app.clusters.router.reconcile import router as reconcile
from app.clusters.router.upgrades import router as upgrades
from app.core.metrics import metrics
from app.credentials.router import router as credentials
from app.infrastructure.router import leftovers_router as leftovers
from app.infrastructure.router import router as infrastructure
from app.jobs.router import router as jobs
from app.load_balancers.router.exposures import router as exposures
from app.load_balancers.router.load_balancers import router as load_balancers
from app.load_balancers.router.outbound import router as outbound
from app.load_balancers.router.public_ips import router as public_ips
from app.monitoring.router.logs import router as logs
from app.monitoring.router.monitoring import router as monitoring
from app.monitoring.router.workspaces import router as workspaces
from app.node_pools.router.nodes import router as nodes
from app.node_pools.router.pools import router as node_pools
from app.node_pools.router.power import router as pool_power
from app.node_pools.router.rotation import router as pool_rotation
from app.node_pools.router.upgrades import router as pool_upgrades
from app.projects import router as projects
from app.storage.router.accounts import router as storage_accounts
from app.storage.router.rotation import router as share_keys
from app.storage.router.shares import cluster_router as cluster_shares
from app.storage.router.shares import router as shares
from app.storage.router.storage_classes import router as storage_classes
from app.storage.router.volumes import router as volumes
from app.subscriptions.router import groups_router, providers_router

ROUTERS: Sequence[APIRouter] = (
    projects.me_router,
    projects.router,
    clusters,
    ending,
    kubectl,
    power,
    certificates,
    commands,
    pool_power,
    upgrades,
    reconcile,
    node_pools,
    pool_rotation,
    pool_upgrades,
    nodes,
    credentials,
    outbound,
    exposures,
    infrastructure,
    leftovers,
    load_balancers,
    public_ips,
    volumes,
    share_keys,
    shares,
    cluster_shares,
    storage_accounts,
    storage_classes,
    jobs,
    catalog,
    monitoring,
    workspaces,
    logs,
    providers_router,
    groups_router,
    health.router,
    docs.router,
)

_SUMMARY = "Provisions and runs Azure Kubernetes Service clusters: each request becomes a tracked, durable job."


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await services.start()
    try:
        yield
    finally:
        await services.close()


def create_app(services: Services, routers: Sequence[APIRouter] = ROUTERS) -> FastAPI:
    """Make the application of these parts; it starts and closes them."""
    app = FastAPI(
        title="Slipway",
        version="1",
        summary=_SUMMARY,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        middleware=middleware(services.settings.http, metrics),
        lifespan=_lifespan,
    )
    app.state.services = services
    app.state.draining = Draining()
    add_problem_handlers(app)
    for router in routers:
        app.include_router(router)
    shape_openapi(app)
    return app

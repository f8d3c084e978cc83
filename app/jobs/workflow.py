"""What the steps of all jobs work with: the gateways, and the context of a call to Azure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from app.azure.gateway import AzureGateway
from app.azure.types.call import Call, CallRecord, Wait
from app.azure.types.secret import Secret
from app.core.json import JsonObject
from app.engine import run, steps, workflows
from app.jobs.specs import CHANGE, ENDED
from app.kubernetes.gateway import KubernetesGateway

_WORTH_TELLING = 5
"""Seconds."""


class SecretSource(Protocol):
    """Where secrets come from at the moment of their use; what they are is in no step's result."""

    async def sealed(self, cluster_id: str, purpose: str) -> Secret | None:
        """A secret that lies sealed until Azure has it; None when it does not."""

    def named(self, reference: JsonObject) -> Secret:
        """The secret that a reference of a request names."""


@dataclass(frozen=True, slots=True)
class Gateways:
    """The ways out of Slipway; only cloud steps get them."""

    azure: AzureGateway
    kubernetes: KubernetesGateway
    secrets: SecretSource


Cloud: TypeAlias = steps.Cloud[Gateways]
JobRun: TypeAlias = run.JobRun[Gateways]
Workflow: TypeAlias = workflows.Workflow[Gateways]


def azure_call(cloud: Cloud) -> Call:
    """The context of this step's calls to Azure: fenced by the lease, limited by the deadline."""
    return Call(
        deadline=cloud.job.deadline_at,
        job_id=cloud.job.id,
        epoch=cloud.job.epoch,
        step=cloud.step,
        before_change=lambda record: cloud.context.keep({**_facts(record), ENDED: False}),
        fence=cloud.context.fence,
        on_unsent=lambda record: cloud.context.note(_facts(record, sent=False)),
        on_answer=lambda record: cloud.context.note(_facts(record)),
        on_wait=_teller_of_waits(cloud),
    )


def _teller_of_waits(cloud: Cloud) -> Callable[[Wait], None]:
    """Shows a wait while it lasts. One for Azure's limits of calls makes the job `waiting`, unless it is over soon."""
    told = False

    def tell(wait: Wait) -> None:
        nonlocal told
        if wait.limited and wait.seconds >= _WORTH_TELLING:
            cloud.context.progress(f"{wait.words} It is asked again in {wait.seconds:.0f} s.", waiting_for="throttling")
            told = True
        elif wait.seconds and not wait.limited:
            cloud.context.progress(wait.words)
            told = True
        elif told and not wait.seconds:
            cloud.context.progress("Azure is asked again.")
            told = False

    return tell


def _facts(record: CallRecord, *, sent: bool = True) -> JsonObject:
    """What a support ticket needs. A call that changes Azure is worth more than the reads around it."""
    kind = CHANGE if record.mutating else "read"
    facts = {
        "method": record.method,
        "path": record.path,
        "status": record.status,
        "client_request_id": record.client_request_id,
        "correlation_id": record.correlation_id,
    }
    return {kind: facts if sent else {**facts, "sent": False}}

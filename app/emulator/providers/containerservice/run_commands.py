"""AKS's `runCommand`: a command that AKS runs in a pod of the cluster, for clusters that nobody outside can reach."""

import base64
import binascii
import io
import uuid
import zipfile
from datetime import datetime

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.operations import Operation
from app.emulator.core.registry import Route, Transition
from app.emulator.core.store import Resource
from app.emulator.kubernetes import kubectl
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice import access
from app.emulator.providers.containerservice.errors import flat, invalid_parameter, not_found
from app.emulator.providers.containerservice.names import CLUSTER, JSON, NAMESPACE

TRANSITION = "command.run"
RUN_SECONDS = 8
LONGEST_LOG = 512 * 1024
_LARGEST_CONTEXT = 4 * 1024 * 1024


class RunCommands:
    """The two operations, and what their end does."""

    def __init__(self, host: ClusterHost) -> None:
        """`host` holds the clusters' objects."""
        self._host = host

    def routes(self) -> list[Route]:
        """The operations of this file."""
        results = f"{CLUSTER}/commandResults/{{command}}"
        return [
            Route("POST", f"{CLUSTER}/runCommand", "ManagedClusters_RunCommand", self._run, NAMESPACE, 1),
            Route("GET", results, "ManagedClusters_GetCommandResult", self._result, NAMESPACE, 0.3),
        ]

    def transitions(self) -> dict[str, Transition]:
        """By the name that plans refer to."""
        return {TRANSITION: Transition(self._finished, _nothing, _nothing)}

    async def _run(self, cloud: Cloud, call: Call) -> Answer:
        cluster = access.require_cluster(cloud, call)
        document = call.document()
        command, context = document.get("command"), document.get("context") or ""
        if not isinstance(command, str) or not command.strip():
            raise invalid_parameter("command", "a command is needed")
        if not isinstance(context, str):
            raise invalid_parameter("context", "a base64 encoded zip file was expected")
        _files(context)
        self._refuse(cluster)
        plan = Plan(TRANSITION, f"{cluster.id}/commandResults", cluster.body["location"], RUN_SECONDS)
        arguments: Document = {"cluster": cluster.id, "command": command, "context": context}
        operation = cloud.begin(call, plan, arguments=arguments)
        call.effect = "updated"
        return Answer(202, headers=_location(call, cluster, operation), content_type=None)

    def _refuse(self, cluster: Resource) -> None:
        if section(cluster.body, "properties", "apiServerAccessProfile").get("disableRunCommand"):
            raise flat(400, "BadRequest", "Run command is disabled for this managed cluster.")
        if self._host.serving(cluster.key) is None:
            state = cluster.body["properties"]["powerState"]["code"]
            raise flat(
                409, "OperationNotAllowed", f"Operation is not allowed: the managed cluster is not running ({state})."
            )

    async def _result(self, cloud: Cloud, call: Call) -> Answer:
        cluster = access.require_cluster(cloud, call)
        operation = cloud.operations.get(_operation_id(call.parameter("command")))
        if operation is None or operation.transition != TRANSITION or operation.arguments["cluster"] != cluster.id:
            said = f"Could not find the command result {call.parameter('command')}."
            raise not_found("Command", said, "GetCommandResult_NotFound")
        if operation.running:
            # az reads the state from the body of a 202, too.
            return Answer(202, _running(operation), _location(call, cluster, operation), JSON)
        return Answer(200, _shown(operation), content_type=JSON)

    async def _finished(self, cloud: Cloud, operation: Operation) -> None:
        cluster = cloud.store.get(operation.arguments["cluster"])
        store = self._host.serving(cluster.key) if cluster is not None else None
        context = operation.arguments.pop("context", "")
        if cluster is None or store is None:
            operation.arguments["reason"] = "the managed cluster is not running"
            return
        version = cluster.body["properties"]["currentKubernetesVersion"]
        output = kubectl.run(store, version, operation.arguments["command"], _files(context))
        # AKS keeps no more than that of what a command wrote.
        kept = output.text.encode()[:LONGEST_LOG].decode(errors="ignore")
        operation.arguments["output"] = {"exitCode": output.code, "logs": kept}


async def _nothing(_cloud: Cloud, operation: Operation) -> None:
    operation.arguments.pop("context", None)


def _files(context: str) -> dict[str, bytes]:
    """The files of a zip in base64. Raises AKS's refusal for what is none."""
    if not context:
        return {}
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(context, validate=True))) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > _LARGEST_CONTEXT:
                raise invalid_parameter("context", "the files are too large")
            return {member.filename: archive.read(member) for member in members}
    except (binascii.Error, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise invalid_parameter("context", "a base64 encoded zip file was expected") from error


def _command_id(operation: Operation) -> str:
    """32 digits: az finds no other id in a Location."""
    return operation.id.replace("-", "")


def _operation_id(command: str) -> str:
    try:
        return str(uuid.UUID(command))
    except ValueError:
        return command


def _location(call: Call, cluster: Resource, operation: Operation) -> dict[str, str]:
    results = f"{call.base_url}{cluster.id}/commandResults"
    return {"Location": f"{results}/{_command_id(operation)}?api-version={call.api_version}"}


def _running(operation: Operation) -> Document:
    properties = {"provisioningState": "Running", "startedAt": _stamp(operation.started)}
    return {"id": _command_id(operation), "properties": properties}


def _shown(operation: Operation) -> Document:
    output = operation.arguments.get("output")
    properties: Document = {
        "provisioningState": "Succeeded" if output is not None else "Failed",
        "startedAt": _stamp(operation.started),
        "finishedAt": _stamp(operation.ended or operation.started),
    }
    if output is not None:
        properties.update(output)
    else:
        error = operation.error or {}
        properties["reason"] = operation.arguments.get("reason") or error.get("message") or operation.status
    return {"id": _command_id(operation), "properties": properties}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

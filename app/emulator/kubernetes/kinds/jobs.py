"""Jobs and cron jobs: stored, and never run, since no containers run here."""

import uuid
from collections.abc import Iterator
from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at, parse_timestamp
from app.emulator.kubernetes.kinds.cells import selector_text, template_columns
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, age, field_cell
from app.emulator.kubernetes.kinds.pod_defaults import pod_causes, set_pod_defaults
from app.emulator.kubernetes.status import Cause

_CONTROLLER, _NAME = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_NESTED = "spec.jobTemplate.spec"


def _fill_job(spec: Object) -> None:
    set_pod_defaults(spec.setdefault("template", {}).setdefault("spec", {}))
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)


def _prepare_job(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    _fill_job(spec)
    if previous is not None:
        return
    document["status"] = {}
    if spec["manualSelector"]:
        return
    # The selector holds an id of the job: kube-apiserver takes its uid, which the store has yet to give.
    own = {_CONTROLLER: str(uuid.uuid4()), _NAME: document["metadata"]["name"]}
    spec["selector"] = {"matchLabels": {_CONTROLLER: own[_CONTROLLER]}}
    template = spec["template"].setdefault("metadata", {})
    template["labels"] = {**(template.get("labels") or {}), **own}


def _prepare_cron_job(document: Object, previous: Object | None) -> None:
    spec = document.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    nested = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    set_pod_defaults(nested.setdefault("template", {}).setdefault("spec", {}))
    if previous is None:
        document["status"] = {}


def _restart_causes(spec: Object, path: str) -> Iterator[Cause]:
    policy = spec.get("restartPolicy")
    if policy == "Always":
        said = 'Required value: valid values: "OnFailure", "Never"'
        yield Cause("FieldValueRequired", said, f"{path}.restartPolicy")


def _validate_job(document: Object, previous: Object | None) -> list[Cause]:
    spec = document["spec"]["template"]["spec"]
    causes = [*pod_causes(spec, "spec.template.spec"), *_restart_causes(spec, "spec.template.spec")]
    if previous and document["spec"]["template"] != previous["spec"]["template"]:
        causes.append(Cause("FieldValueInvalid", "Invalid value: field is immutable", "spec.template"))
    return causes


def _validate_cron_job(document: Object, _previous: Object | None) -> list[Cause]:
    spec, path = at(document, f"{_NESTED}.template.spec"), f"{_NESTED}.template.spec"
    causes = [*pod_causes(spec, path), *_restart_causes(spec, path)]
    schedule = document["spec"].get("schedule")
    if not schedule:
        causes.append(Cause("FieldValueRequired", "Required value", "spec.schedule"))
    elif len(schedule.split()) != 5 and not schedule.startswith("@"):  # noqa: PLR2004 (cron's five fields)
        said = f'Invalid value: "{schedule}": expected exactly 5 fields, found {len(schedule.split())}: [{schedule}]'
        causes.append(Cause("FieldValueInvalid", said, "spec.schedule"))
    return causes


def _job_status(document: Object, _now: datetime) -> JSON:
    for condition in at(document, "status.conditions", ()):
        if condition.get("status") == "True":
            return {"Failed": "Failed", "Complete": "Complete", "Suspended": "Suspended"}.get(
                condition["type"], "Running"
            )
    return "Suspended" if at(document, "spec.suspend") else "Running"


def _completions(document: Object, _now: datetime) -> JSON:
    done, spec = at(document, "status.succeeded", 0), document["spec"]
    return f"{done}/{spec['completions']}" if "completions" in spec else f"{done}/1 of {spec['parallelism']}"


def _duration(document: Object, now: datetime) -> JSON:
    started, ended = (at(document, f"status.{name}") for name in ("startTime", "completionTime"))
    return age(started, parse_timestamp(ended) if ended else now) if started else ""


def _last_schedule(document: Object, now: datetime) -> JSON:
    last = at(document, "status.lastScheduleTime")
    return age(last, now) if last else "<none>"


def _active(document: Object, _now: datetime) -> JSON:
    return len(at(document, "status.active", ()))


def _cron_selector(document: Object, _now: datetime) -> JSON:
    return selector_text(at(document, f"{_NESTED}.selector"))


JOBS = Kind(
    kind="Job",
    plural="jobs",
    singular="job",
    namespaced=True,
    group="batch",
    categories=("all",),
    selectable=("status.successful",),
    has_status=True,
    has_generation=True,
    columns=(
        NAME,
        Column("Status", _job_status),
        Column("Completions", _completions),
        Column("Duration", _duration),
        AGE,
        *template_columns(),
    ),
    prepare=_prepare_job,
    validate=_validate_job,
)

CRON_JOBS = Kind(
    kind="CronJob",
    plural="cronjobs",
    singular="cronjob",
    namespaced=True,
    group="batch",
    short_names=("cj",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    columns=(
        NAME,
        Column("Schedule", field_cell("spec.schedule")),
        Column("Timezone", field_cell("spec.timeZone", "<none>")),
        Column("Suspend", field_cell("spec.suspend", False), type="boolean"),
        Column("Active", _active, type="integer"),
        Column("Last Schedule", _last_schedule),
        AGE,
        *template_columns("spec.jobTemplate.spec.template", selector=None),
        Column("Selector", _cron_selector, priority=1),
    ),
    prepare=_prepare_cron_job,
    validate=_validate_cron_job,
)

"""deploy/compose.yaml fits the image, the commands and the settings; no container engine is needed to see that."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from app.cli import main
from app.core.settings import HttpSettings, Settings, WorkerSettings
from tests.house.dockerfile import stages

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "database"}
DATABASE = SERVICES["database"]
IMAGE = stages((ROOT / "Dockerfile").read_text("utf-8"))[-1]
VARIABLE = re.compile(r"\$\{(\w+)(:[-?])?([^}]*)\}")
# What the Compose specification names; a word that is none of these would be refused, or do nothing.
ELEMENTS = {"name", "services", "networks", "volumes", "secrets", "configs", "include"}
SERVICE_ELEMENTS = {
    *("image", "build", "user", "command", "environment", "ports", "depends_on", "healthcheck", "restart", "secrets"),
    *("read_only", "cap_drop", "security_opt", "tmpfs", "networks", "volumes", "stop_signal", "stop_grace_period"),
}
HEALTHCHECK_ELEMENTS = {"test", "interval", "timeout", "retries", "start_period", "disable"}


def seconds(duration: str) -> float:
    return float(duration.removesuffix("s"))


def test_it_has_only_elements_of_the_specification() -> None:
    assert {name for name in COMPOSE if not name.startswith("x-")} <= ELEMENTS
    for service in SERVICES.values():
        assert set(service) <= SERVICE_ELEMENTS
        assert set(service.get("healthcheck", {})) <= HEALTHCHECK_ELEMENTS
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
    assert set(SERVICES) == {"api", "worker", "migrate", "database"}


def test_every_command_is_one_of_slipways_own() -> None:
    assert isinstance(main, click.Group)
    assert [service["command"] for service in OURS.values()] == [["serve"], ["worker"], ["migrate"]]
    context = click.Context(main)
    assert {word for service in OURS.values() for word in service["command"]} <= set(main.list_commands(context))
    told = re.search(r"docker compose run --rm migrate (\w+) (\w+) ", TEXT)
    assert told is not None
    group = main.get_command(context, told[1])
    assert isinstance(group, click.Group)
    assert told[2] in group.commands


def test_every_variable_of_slipway_is_a_setting_and_together_they_are_good(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"SLIPWAY_POSTGRES_PASSWORD": "0" * 48, "SLIPWAY_AZURE__SUBSCRIPTION_ID": "a-subscription"}
    for service in OURS.values():
        for name, text in service["environment"].items():
            value = given.get(name) if text is None else VARIABLE.sub(lambda m: given.get(m[1], m[3]), text)
            if value is not None:
                monkeypatch.setenv(name, value)
            _, section, field = re.split(r"^SLIPWAY_|__", name)
            nested = Settings.model_fields[section.lower()].annotation
            assert nested is not None
            assert field.lower() in nested.model_fields
    settings = Settings()
    assert settings.database.url.get_secret_value() == f"postgresql://slipway:{'0' * 48}@database/slipway"
    assert settings.azure.subscription_id == "a-subscription"


def test_no_secret_stands_in_it() -> None:
    """A value is taken from outside, or it is none that has to be kept."""
    found = {name: value for service in SERVICES.values() for name, value in service["environment"].items() if value}
    secret = {name: value for name, value in found.items() if re.search(r"PASSWORD|SECRET|TOKEN|KEY|URL", name)}
    assert secret.keys() == {"SLIPWAY_DATABASE__URL", "POSTGRES_PASSWORD_FILE"}
    assert "${SLIPWAY_POSTGRES_PASSWORD:?" in secret["SLIPWAY_DATABASE__URL"]
    assert secret["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    assert COMPOSE["secrets"] == {"postgres_password": {"environment": "SLIPWAY_POSTGRES_PASSWORD"}}


@pytest.mark.parametrize("name", SERVICES)
def test_each_runs_without_root_on_a_root_that_is_read_only(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_slipways_containers_fit_the_image() -> None:
    for service in OURS.values():
        assert service["user"] == IMAGE.last("USER").text
        writable = [path.partition(":")[0] for path in service["tmpfs"]]
        assert writable == ["/tmp", IMAGE.last("VOLUME").text]  # noqa: S108 - a mount point
        assert "volumes" not in service
        assert (ROOT / "deploy" / service["build"] / "Dockerfile").exists()
    (port,) = SERVICES["api"]["ports"]
    assert port.rpartition(":")[2] == IMAGE.last("EXPOSE").text
    # Where it asks is told by a variable of the image's own.
    assert "SLIPWAY_HTTP__PORT" not in SERVICES["api"]["environment"]


def test_only_the_api_is_published_and_on_loopback_unless_told_otherwise() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    assert SERVICES["api"]["ports"] == ["${SLIPWAY_PUBLISH:-127.0.0.1:8080}:8080"]
    assert DATABASE["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_others_wait_for_the_migration_and_that_for_the_database() -> None:
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    done = {"migrate": {"condition": "service_completed_successfully"}}
    assert waits == {
        "api": done,
        "worker": done,
        "migrate": {"database": {"condition": "service_healthy"}},
        "database": {},
    }
    assert SERVICES["migrate"]["restart"] == "no"


def test_health_is_checked_where_something_answers() -> None:
    """The API has the image's own check; a worker and the migration answer nobody."""
    assert "healthcheck" not in SERVICES["api"]
    assert "/livez" in IMAGE.last("HEALTHCHECK").text
    assert SERVICES["worker"]["healthcheck"] == SERVICES["migrate"]["healthcheck"] == {"disable": True}
    assert DATABASE["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]


def test_each_is_given_the_time_to_end_that_it_takes() -> None:
    assert seconds(SERVICES["api"]["stop_grace_period"]) > HttpSettings().drain_seconds
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > WorkerSettings().drain_seconds

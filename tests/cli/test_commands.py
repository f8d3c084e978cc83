"""The commands besides dev and demo."""

import asyncio
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.cli.running import slipway

SERVER_SIDE = {"fastapi", "starlette", "sqlalchemy", "dbos", "azure.core", "app.emulator"}


Run = Callable[..., tuple[int, str]]

REPORT = """
import json, sys
from app.cli import main
try:
    main(sys.argv[1:], prog_name="slipway")
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["dev", "--help"], ["demo", "--help"]])
async def test_a_client_command_imports_no_server(arguments: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", REPORT, *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    imported = set(json.loads(output.decode().splitlines()[-1]))
    assert "app.cli" in imported
    assert imported & SERVER_SIDE == set()


async def test_config_prints_settings_and_hides_secrets(tmp_path: Path) -> None:
    code, output = await slipway(
        "config",
        home=tmp_path,
        SLIPWAY_DATABASE__URL="postgresql://planted:hunter2@db.example/slipway",
        SLIPWAY_AZURE__SUBSCRIPTION_ID="0d5a1f3e-7c2b-4e8a-9f60-51c9a2b7d401",
    )
    assert code == 0
    assert json.loads(output)["azure"]["subscription_id"] == "0d5a1f3e-7c2b-4e8a-9f60-51c9a2b7d401"
    assert "hunter2" not in output


@pytest.mark.parametrize("command", ["config", "migrate"])
async def test_a_wrong_setting_is_named_without_its_value(tmp_path: Path, command: str) -> None:
    code, output = await slipway(command, home=tmp_path, SLIPWAY_HTTP__PORT="hunter2")
    assert code == 1
    assert "SLIPWAY_HTTP__PORT" in output
    assert "hunter2" not in output
    assert "Traceback" not in output


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process, with a database of its own."""
    # The log's settings hold for the whole process, which is that of all tests.
    monkeypatch.setattr("app.cli.environment.configure_logging", lambda settings, process: None)
    monkeypatch.setenv("SLIPWAY_DATABASE__URL", f"sqlite:///{tmp_path / 'slipway.sqlite3'}")

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, arguments, prog_name="slipway")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return run


def test_keys_and_projects_are_made_straight_in_the_database(run: Run) -> None:
    code, output = run("migrate")
    assert code == 0, output
    assert "The database is at" in output
    code, project_id = run("projects", "create", "shop")
    assert code == 0, project_id
    assert project_id.startswith("prj_")
    code, output = run("projects", "create", "shop")
    assert code == 1
    assert output.startswith("Error: ")
    code, output = run("projects", "list")
    assert (code, output.split()) == (0, [project_id.strip(), "shop", "-"])

    code, key = run("keys", "create", "--name", "bot", "--role", "operator", "--project", "shop")
    assert code == 0, key
    assert key.startswith("slw_")
    assert run("keys", "revoke", f"key_{key.split('_')[1]}") == (0, "")
    assert run("keys", "revoke", "key_unknown") == (1, "Error: There is no such key.\n")
    code, output = run("keys", "create", "--name", "bot", "--role", "operator", "--project", "nowhere")
    assert (code, output) == (1, "Error: There is no such project.\n")
    code, output = run("keys", "create", "--name", "bot", "--role", "operator")
    assert code == 2
    assert "every other key has one" in output


def test_the_bootstrap_key_is_private_and_kept_while_it_works(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "api_key"
    bootstrap = ("keys", "bootstrap", "--file", str(file))
    assert run("migrate")[0] == 0
    assert run(*bootstrap) == (0, "")
    first = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(*bootstrap) == (0, "")
    assert file.read_text() == first
    file.write_text("slw_wrong_key\n")
    assert run(*bootstrap) == (0, "")
    assert file.read_text() not in {first, "slw_wrong_key\n"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_openapi_is_written_and_a_stale_file_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert run("openapi", "--output", str(file)) == (0, "")
    assert "/v1/clusters" in json.loads(file.read_text())["paths"]
    assert run("openapi", "--check", str(file)) == (0, "")
    file.write_text("{}")
    code, output = run("openapi", "--check", str(file))
    assert code == 1
    assert "run `make openapi`" in output

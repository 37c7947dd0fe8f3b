"""`lepton up` for real: both servers, the deployments, a run that Prefect's API starts, and `lepton down`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows.recipe import load_recipe, recipe_names
from infra.servers.control import down, status, up
from infra.servers.detached import family
from infra.servers.records import read_records
from infra.servers.server import Server
from infra.settings.home import HomeSettings
from infra.stores.lock import home_lock
from infra.stores.tracking import artifact_location, connect

MODULE = "flows.deployments"
RECIPE = {
    "name": "tiny",
    "ingest": {
        "columns": {"label": "label"},
        "contract": [{"name": "x", "type": "number"}, {"name": "colour"}, {"name": "label"}],
    },
    "clean": {"engine": "polars"},
    "train": {"task": "tabular_classification", "numeric": ["x"], "categorical": ["colour"], "epochs": 1},
    "evaluate": {
        "latency_queries": 20,
        "other_threads": 0,
        "explain": {"rows": 0},
        "robustness": {"methods": ["missing"]},
    },
    "gate": {"primary_metric": "accuracy", "thresholds": [{"metric": "accuracy", "bound": 0.0}]},
}


@dataclass(frozen=True)
class Servers:
    """What `up` returned, and how to ask Prefect."""

    prefect: Server
    mlflow: Server
    deployments: Server

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """Prefect's answer to a GET, or to a POST of `body`.

        While its database is locked it answers 503, has written nothing, and wants to be asked again, as its own
        client does.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.prefect.address}/api{path}", data, headers, method=method)

        def answer() -> tuple[Any] | None:
            try:
                with urllib.request.urlopen(request, timeout=20) as given:
                    return (json.loads(given.read() or b"null"),)
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                return None

        return wait_for(answer, 30)[0]


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    kept = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "MLFLOW_", "LEPTON_CONNECTED"))]:
        del os.environ[name]
    prefect_port, mlflow_port = free_ports(2)
    os.environ["LEPTON_HOME"] = str(tmp_path_factory.mktemp("home"))
    os.environ["LEPTON_PREFECT_PORT"], os.environ["LEPTON_MLFLOW_PORT"] = str(prefect_port), str(mlflow_port)
    try:
        yield Servers(*up(MODULE))
    finally:
        down()
        os.environ.clear()
        os.environ.update(kept)


def wait_for(look: Callable[[], Any], seconds: float) -> Any:
    end = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < end, f"nothing after {seconds} s"
        time.sleep(0.3)
    return found


def page(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def test_both_answer_with_their_pages(servers: Servers) -> None:
    assert {server.state for server in status()} == {"running"}
    assert "<title>Prefect Server</title>" in page(servers.prefect.address)
    assert "<title>MLflow</title>" in page(servers.mlflow.address)
    settings = json.loads(page(f"{servers.prefect.address}/ui-settings"))
    assert settings["api_url"] == f"{servers.prefect.address}/api", "the page must ask this server, not the default one"
    assert {server.log.exists() for server in (servers.prefect, servers.mlflow, servers.deployments)} == {True}


def test_a_second_up_starts_nothing(servers: Servers) -> None:
    assert Servers(*up(MODULE)) == servers


def test_up_is_not_kept_waiting_by_a_run_on_its_servers(servers: Servers) -> None:
    with home_lock("a deployed run"):
        assert Servers(*up(MODULE)) == servers


def test_other_pages_may_not_use_the_api(servers: Servers) -> None:
    port = servers.prefect.address.rpartition(":")[2]
    allowed = {}
    for origin in (servers.prefect.address, f"http://localhost:{port}", "https://elsewhere.example"):
        request = urllib.request.Request(f"{servers.prefect.address}/api/health", headers={"Origin": origin})
        with urllib.request.urlopen(request, timeout=10) as answer:
            allowed[origin] = answer.headers["Access-Control-Allow-Origin"] in (origin, "*")
    assert list(allowed.values()) == [True, True, False]


def test_every_recipe_is_a_deployment_with_a_typed_form_and_a_schedule_that_waits(servers: Servers) -> None:
    def served() -> list[dict[str, Any]] | None:
        found: list[dict[str, Any]] = servers.ask("/deployments/filter", {})
        return found if {each["status"] for each in found} == {"READY"} else None

    found = wait_for(served, 20)
    searches = [each for each in found if "tune" in each["tags"]]
    assert [each["name"] for each in searches] == [name for name in recipe_names() if load_recipe(name).tune.space]
    assert {"trials", "parallel", "minutes"} <= set(searches[0]["parameter_openapi_schema"]["properties"])
    compressions = [each for each in found if "compress" in each["tags"]]
    assert [each["name"] for each in compressions] == recipe_names()
    assert {"model", "target", "minutes"} <= set(compressions[0]["parameter_openapi_schema"]["properties"])
    found = [each for each in found if each not in (*searches, *compressions)]
    assert [each["name"] for each in found] == recipe_names()
    times = [each["schedules"][0]["schedule"]["cron"] for each in found]
    assert len(set(times)) == len(times)
    for each in found:
        assert not each["paused"], "a paused deployment could not be started by hand"
        assert [schedule["active"] for schedule in each["schedules"]] == [False]
        assert each["parameters"]["recipe"]["name"] == each["name"]
        assert each["description"]
    schema = found[0]["parameter_openapi_schema"]
    train = schema["definitions"]["TrainOptions"]["properties"]
    assert schema["definitions"]["Recipe"]["properties"]["train"]["$ref"] == "#/definitions/TrainOptions"
    assert train["task"]["enum"][0] == "text_classification"
    assert train["epochs"]["description"] == "Passes over the training rows."


def test_a_form_with_a_mistake_is_refused(servers: Servers) -> None:
    deployment = servers.ask("/deployments/name/pipeline/income")
    wrong = {"recipe": {**RECIPE, "train": {**RECIPE["train"], "epochs": "many"}}}  # type: ignore[dict-item]
    with pytest.raises(urllib.error.HTTPError) as raised:
        servers.ask(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": wrong})
    assert raised.value.code == 409
    assert "epochs" in raised.value.read().decode()


def test_a_run_that_the_api_starts_ends_in_a_registered_model(servers: Servers, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    rows = [f"{number},{'red' if number % 3 else 'blue'},{'high' if number > 100 else 'low'}" for number in range(200)]
    file.write_text("\n".join(["x,colour,label", *rows]))
    recipe = {**RECIPE, "ingest": {**RECIPE["ingest"], "path": str(file)}}  # type: ignore[dict-item]
    deployment = servers.ask("/deployments/name/pipeline/income")
    run = servers.ask(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": {"recipe": recipe}})

    def ended() -> dict[str, Any] | None:
        state: dict[str, Any] = servers.ask(f"/flow_runs/{run['id']}")["state"]
        return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED") else None

    state = wait_for(ended, 150)
    assert state["type"] == "COMPLETED", f"{state['message']}: {servers.deployments.log.read_text()[-3000:]}"
    question = f"{servers.mlflow.address}/api/2.0/mlflow/registered-models/alias?name=tiny&alias=champion"
    assert json.loads(page(question))["model_version"]["name"] == "tiny"
    assert servers.ask("/logs/filter", {"logs": {"flow_run_id": {"any_": [run["id"]]}}}), "the page shows a run's log"


def test_a_run_is_the_same_with_the_server_and_without(servers: Servers, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    connect()
    assert os.environ["MLFLOW_TRACKING_URI"] == servers.mlflow.address
    uris = (servers.mlflow.address, f"sqlite:///{HomeSettings().root}/mlflow/mlflow.db")
    for number, (writer, reader) in enumerate((uris, reversed(uris))):
        client = MlflowClient(writer)
        name = f"roundtrip-{number}"
        run_id = client.create_run(client.create_experiment(name, artifact_location(name))).info.run_id
        client.log_metric(run_id, "accuracy", 0.5)
        client.log_text(run_id, "a table", "report.txt")
        assert MlflowClient(reader).get_run(run_id).data.metrics == {"accuracy": 0.5}
        file = MlflowClient(reader).download_artifacts(run_id, "report.txt", str(tmp_path))
        assert Path(file).read_text() == "a table"
        shown = f"{servers.mlflow.address}/get-artifact?path=report.txt&run_uuid={run_id}"
        assert page(shown) == "a table", "its page shows files too"


def test_after_a_kill_up_puts_all_right(servers: Servers) -> None:
    deployment = servers.ask("/deployments/name/pipeline/news")
    schedule = deployment["schedules"][0]
    servers.ask(f"/deployments/{deployment['id']}/schedules/{schedule['id']}", {"active": True}, method="PATCH")
    running = {"type": "RUNNING", "message": "its process is about to be killed"}
    body = {"flow_id": deployment["flow_id"], "deployment_id": deployment["id"], "state": running}
    orphan = servers.ask("/flow_runs/", body)

    psutil.Process(servers.mlflow.pid).kill()
    wait_for(lambda: [each for each in status() if each.state == "died"] or None, 5)
    again = Servers(*up(MODULE))

    assert {server.state for server in status()} == {"running"}
    assert again.prefect == servers.prefect
    assert again.mlflow.address == servers.mlflow.address
    assert again.mlflow.pid != servers.mlflow.pid
    assert json.loads(
        page(f"{again.mlflow.address}/api/2.0/mlflow/experiments/get-by-name?experiment_name=roundtrip-1")
    )
    assert servers.ask(f"/flow_runs/{orphan['id']}")["state"]["type"] == "CRASHED"
    kept = servers.ask("/deployments/name/pipeline/news")["schedules"]
    assert [each["active"] for each in kept] == [True], "what a person set in the page stays"


def test_up_closes_runs_whose_process_is_gone(servers: Servers) -> None:
    deployment = servers.ask("/deployments/name/pipeline/news")
    running = {"type": "RUNNING", "message": "its process is about to be killed"}
    body = {"flow_id": deployment["flow_id"], "deployment_id": deployment["id"], "state": running}
    orphan = servers.ask("/flow_runs/", body)
    for process in family(read_records(HomeSettings())["deployments"]):
        process.kill()  # so that it can't close the run itself on its way out
    down()

    again = Servers(*up(MODULE))

    assert again.ask(f"/flow_runs/{orphan['id']}")["state"]["type"] == "CRASHED"


def test_down_stops_all_of_it_and_only_that(servers: Servers) -> None:
    records = list(read_records(HomeSettings()).values())
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert [server.name for server in down()] == ["deployments", "mlflow", "prefect"]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert [family(record) for record in records] == [[], [], []]
    assert {server.state for server in status()} == {"stopped"}
    assert down() == []
    connect()
    assert os.environ["MLFLOW_TRACKING_URI"].startswith("sqlite:///")
    assert "PREFECT_API_URL" not in os.environ


def test_ctrl_c_stops_what_up_began_in_one_line(home: Path) -> None:
    prefect_port, mlflow_port = free_ports(2)
    ports = {"LEPTON_PREFECT_PORT": str(prefect_port), "LEPTON_MLFLOW_PORT": str(mlflow_port)}
    command = [sys.executable, "-m", "flows.cli", "up", "--json"]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **ports}
    )
    records = wait_for(lambda: list(read_records(HomeSettings()).values()) or None, 30)
    started.send_signal(signal.SIGINT)
    assert started.communicate(timeout=60) == ("", "lepton: stopped; the same command goes on from here\n")
    assert started.returncode == 130
    assert [family(record) for record in records] == [[] for _ in records]
    assert read_records(HomeSettings()) == {}

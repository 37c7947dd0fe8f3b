"""Serve every recipe as a deployment of the flows `pipeline` and `compress`, and of `tune` if it has a space to search.

For `lepton up` and for docker-compose.yml.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flows.compress import compress
from flows.pipeline import pipeline
from flows.recipe import load_recipe, recipe_names
from flows.tune import tune
from infra.environment import configure
from infra.errors import BusyError, LeptonError
from infra.servers.deployments import is_started_by_up, mark_ready
from infra.stores.lock import home_lock

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.deployments.runner import RunnerDeployment
    from prefect.runner import Runner

FIRST_HOUR = 2  # schedules begin at 02:00 UTC and keep half an hour between them
POLL_SECONDS = 2.0  # a person who presses Run should not wait for long


async def serve() -> None:
    """Register the deployments, then run what the server hands out, one run at a time, until told to stop."""
    from prefect import get_client
    from prefect.runner import Runner

    runner = Runner(name="lepton", limit=1, query_seconds=POLL_SECONDS, pause_on_shutdown=False)
    async with get_client() as client:
        if is_started_by_up():
            await close_orphans(client)
        for place, name in enumerate(recipe_names()):
            await runner.aadd_deployment(await deployment(client, name, place))
            await runner.aadd_deployment(await compression_deployment(name))
            if load_recipe(name).tune.space:
                await runner.aadd_deployment(await search_deployment(name))
    await _run_until_told(runner)
    async with get_client() as client:
        if is_started_by_up():
            await close_orphans(client)  # the run that our end cut off


async def _run_until_told(runner: Runner) -> None:
    """Run it until SIGTERM cancels it, so that it leaves by its own clean-up."""
    serving = asyncio.create_task(runner.start())
    await asyncio.sleep(0)  # it sets a handler that never awaits the runner's own stop; ours comes after that
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    mark_ready()
    with suppress(asyncio.CancelledError):
        await serving


async def deployment(client: PrefectClient, name: str, place: int) -> RunnerDeployment:
    """One recipe's deployment; its schedule differs from those of the recipes at other places."""
    from prefect.types.entrypoint import EntrypointType

    recipe = load_recipe(name)
    return await pipeline.ato_deployment(
        name=name,
        parameters={"recipe": recipe.model_dump(mode="json")},
        description=recipe.description,
        tags=["lepton", recipe.train.task],
        schedules=await _schedules(client, name, place),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


async def search_deployment(name: str) -> RunnerDeployment:
    """The search for better options of a recipe; its form asks how many trials, and for how long."""
    from prefect.types.entrypoint import EntrypointType

    recipe = load_recipe(name)
    return await tune.ato_deployment(
        name=name,
        parameters={"recipe": recipe.model_dump(mode="json")},
        description=f"Search for better options. {recipe.description}",
        tags=["lepton", "tune", recipe.train.task],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


async def compression_deployment(name: str) -> RunnerDeployment:
    """The search for a small model of a recipe; its form asks for the target."""
    from prefect.types.entrypoint import EntrypointType

    recipe = load_recipe(name)
    return await compress.ato_deployment(
        name=name,
        parameters={"model": f"models:/{name}@champion"},
        description=f"Search for a small model. {recipe.description}",
        tags=["lepton", "compress", recipe.train.task],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


async def close_orphans(client: PrefectClient) -> None:
    """Mark runs as crashed whose process was killed: nobody else would, and they would run for ever.

    Whoever runs one of our flows holds the home's lock, so while we hold it every run in progress is such a one.
    """
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterState
    from prefect.client.schemas.filters import FlowRunFilterStateType as OfType
    from prefect.client.schemas.objects import State, StateType
    from prefect.states import Crashed

    active = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    try:
        with home_lock("deployments"):
            orphans = await client.read_flow_runs(
                flow_filter=FlowFilter(name=FlowFilterName(any_=[pipeline.name, tune.name, compress.name])),
                flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=OfType(any_=active))),
            )
            for orphan in orphans:
                state: State[None] = Crashed(message="Its process is gone: killed, or the machine was stopped.")
                await client.set_flow_run_state(orphan.id, state, force=True)
    except BusyError:
        return


async def _schedules(client: PrefectClient, name: str, place: int) -> list[Any]:
    """What a person set in the UI, or at first a daily schedule that is not active."""
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.exceptions import ObjectNotFound

    try:
        kept = (await client.read_deployment_by_name(f"{pipeline.name}/{name}")).schedules
    except ObjectNotFound:
        hours, minutes = divmod(30 * place, 60)
        daily = CronSchedule(cron=f"{minutes} {FIRST_HOUR + hours} * * *", timezone="UTC")
        return [DeploymentScheduleCreate(schedule=daily, active=False, slug="daily")]
    return [
        DeploymentScheduleCreate(
            schedule=each.schedule, active=each.active, slug=each.slug, parameters=each.parameters or {}
        )
        for each in kept
    ]


def main() -> None:
    """Entry point of `python -m flows.deployments`."""
    configure()
    try:
        asyncio.run(serve())
    except LeptonError as error:
        print(f"lepton: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

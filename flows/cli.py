"""The `lepton` command: a thin skin over flows and servers. Heavy libraries load inside the commands only."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from flows.commands.bench import bench
from flows.commands.card import card
from flows.commands.compress import compress
from flows.commands.contract import contract
from flows.commands.doctor import doctor
from flows.commands.explain import explain
from flows.commands.export import export
from flows.commands.gate import gate
from flows.commands.label import label
from flows.commands.lineage import lineage
from flows.commands.privacy import privacy
from flows.commands.promotion import promotion
from flows.commands.tune import tune

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it

app = typer.Typer(
    name="lepton",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="`--debug` anywhere shows the traceback of an error. "
    "Everything is written below LEPTON_HOME (.lepton beside the code unless set). "
    "Exit codes: 10 recipe, 11 source, 12 data, 13 machine, 14 busy, 15 training, 16 gate, 17 server, 18 not found, "
    "19 target, 20 budget, 21 role, 22 promotion conflict.",
)

app.add_typer(bench)
app.add_typer(card)
app.add_typer(compress)
app.add_typer(contract)
app.add_typer(doctor)
app.add_typer(explain)
app.add_typer(export)
app.add_typer(gate)
app.add_typer(label)
app.add_typer(lineage)
app.add_typer(privacy)
app.add_typer(promotion)
app.add_typer(tune)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="OPTION=VALUE", help="Override an option of the recipe; may be repeated."),
]
RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe, or the path of a .yaml file.")]


@app.command()
def run(recipe: RecipeName, overrides: Overrides = None, as_json: Json = False) -> None:
    """Run a recipe from raw data to the promotion gate.

    Examples: `lepton run support`, `lepton run income --set clean.engine=polars`,
    `lepton run support --set ingest.path=mine.csv --set ingest.columns.text=body --set ingest.columns.label=topic`.
    A stage whose inputs, options and code are unchanged is not run again; a killed run goes on where it was.
    """
    from flows.local_run import run_here
    from flows.recipe import load_recipe
    from flows.terminal import print_summary, showing_progress

    loaded = load_recipe(recipe, overrides or [])
    with showing_progress(enabled=not as_json):
        summary, failure = run_here(loaded)
    if as_json:
        print(summary.model_dump_json())
    else:
        print_summary(summary)
    if failure:
        raise failure


@app.command()
def recipes(
    name: Annotated[str, typer.Argument(metavar="[RECIPE]", help="Show this one's options.")] = "",
    as_json: Json = False,
) -> None:
    """List the recipes, or show all options of one."""
    from flows.recipe import load_recipe, recipe_names
    from flows.terminal import print_options, print_recipes

    if name:
        recipe = load_recipe(name)
        print(recipe.model_dump_json(indent=2)) if as_json else print_options(recipe)
        return
    print_recipes([load_recipe(each) for each in recipe_names()], as_json)


@app.command()
def models(as_json: Json = False) -> None:
    """List the registered models with their aliases."""
    from flows.models import registered_models
    from flows.terminal import print_models

    print_models(registered_models(), as_json)


@app.command()
def up(as_json: Json = False) -> None:
    """Start Prefect and MLflow with their UIs, and serve every recipe as a deployment (schedules paused)."""
    from flows.terminal import print_servers, showing_progress
    from infra.servers.control import up as start

    with showing_progress(enabled=not as_json):
        servers = start("flows.deployments")
    print_servers(servers, as_json)


@app.command()
def down(as_json: Json = False) -> None:
    """Stop what `lepton up` started, and only that."""
    from flows.terminal import print_servers
    from infra.servers.control import down as stop

    print_servers(stop(), as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Say which servers of this home run, and where."""
    from flows.terminal import print_servers
    from infra.servers.control import status as look

    print_servers(look(), as_json)


@app.callback()
def prepare() -> None:
    """From raw data to a promoted model: runs pipelines here, or on the servers that `lepton up` starts."""
    # Not in main: `lepton --help` needs no settings, and loading them would double its time.
    from infra.environment import configure

    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    configure()


def main() -> None:
    """Entry point: expected errors become one line and an exit code of their own."""
    from infra.errors import LeptonError

    debug = "--debug" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--debug"]
    try:
        app()
    except LeptonError as error:
        if debug:
            raise
        print(f"lepton: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # Typer turns Ctrl-C into it, and says nothing
            print("lepton: stopped; the same command goes on from here", file=sys.stderr)
        raise
    except Exception as error:
        if debug:
            raise
        print(
            f"lepton: internal error: {type(error).__name__}: {error}. Run with --debug to see where.", file=sys.stderr
        )
        sys.exit(70)


if __name__ == "__main__":
    main()

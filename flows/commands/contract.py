"""`lepton contract`: propose what must hold for a file, hold a file against it, compare two versions of a file."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pydantic import ValidationError

    from infra.errors import RecipeError
    from tasks.ingest.config import IngestOptions
    from tasks.ingest.contract.proposal import Proposal

contract = typer.Typer(
    name="contract",
    no_args_is_help=True,
    help="Contracts of data: propose one from a file, check a file against one, see what drifted between versions.",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="File, directory, glob or URL: csv, jsonl or Parquet.")]


def _one_character(text: str) -> str:
    from infra.errors import RecipeError

    if len(text) > 1:
        raise RecipeError("--delimiter", found=repr(text), allowed="one character", action="Name one.")
    return text


Delimiter = Annotated[
    str,
    typer.Option(callback=_one_character, help="What separates values in csv files; if not given, a comma."),
]
Given = Annotated[
    str, typer.Option("--contract", metavar="NAME", help="A recipe's name, a recipe's .yaml, or what `infer` wrote.")
]
_SINGLE = ("delimiter", "format", "columns", "contract", "unique_together", "checks", "drift", "max_bad_share")


@contract.command()
def infer(
    file: File,
    out: Annotated[Path | None, typer.Option(help="Write the YAML here instead of printing it.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="Look at the first so many rows; 0: at all.")] = 5_000_000,
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE=COLUMN", help="What a column is for, as in ingest.columns; repeatable."),
    ] = None,
    delimiter: Delimiter = "",
    as_json: Json = False,
) -> None:
    """Propose a contract: types, missing marks, ranges, allowed values, patterns, lengths, uniqueness.

    Reads the file once, a batch at a time. The rows it looks at keep the contract that it writes; judge each line
    before you use it, since it knows only what it saw. Paste the YAML below `ingest:` in a recipe.

    Examples: `lepton contract infer customers.csv`,
    `lepton contract infer big.parquet --rows 100000 --role text=body --role label=topic --out big.yaml`.
    """
    from flows.terminal import showing_progress
    from tasks.ingest.contract import infer as core
    from tasks.ingest.contract.proposal import with_roles

    delimiter = delimiter or ","
    with showing_progress(enabled=not as_json):
        found = core.infer(core.locate_file(file, delimiter), delimiter, rows)
    found = with_roles(found, dict(role.partition("=")[::2] for role in roles or ()))
    text = _yaml(file, delimiter, found)
    if out:
        _write(out, text)
    if as_json:
        typer.echo(json.dumps(_summary(file, found)))
    elif out:
        typer.echo(f"{out}: {len(found.contract)} columns from {found.rows:,} rows")
    else:
        typer.echo(text, nl=False)


@contract.command()
def check(file: File, given: Given, as_json: Json = False) -> None:
    """Check every row of a file against a contract, and show examples of those that break it.

    Nothing is written. Exit code 12 if more rows break it than `max_bad_share` allows, as in a run.

    Examples: `lepton contract check new.csv --contract customers.yaml`,
    `lepton contract check mine.csv --contract income`.
    """
    from flows.terminal import showing_progress
    from tasks.ingest.contract.check import check as core
    from tasks.ingest.contract.contract import Contract
    from tasks.ingest.contract.failures import failures
    from tasks.ingest.sources.sources import resolve
    from tasks.ingest.tally import check_bad_share

    options = _options(given, file)
    contract = Contract(options, options.columns)
    with showing_progress(enabled=not as_json):
        tally = core(options, resolve(options), contract)
    found = failures(tally, contract)
    typer.echo(found.model_dump_json()) if as_json else _print_table(found.title, found.table())
    check_bad_share(tally, options)


@contract.command()
def drift(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A file, or the folder of a data set version.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same, later.")],
    given: Given = "",
    delimiter: Delimiter = "",
    as_json: Json = False,
) -> None:
    """Compare the columns of two files or versions: new, gone, retyped; PSI; missing values; new categories.

    PSI is the population stability index over deciles or values; below 0.1 is taken for no change, above 0.2 for a
    large one. With `--contract` the bounds are those of its `drift`, the delimiter is its own too unless one is given,
    and what it says to stop on exits with 12.

    Examples: `lepton contract drift may.csv june.csv`,
    `lepton contract drift .lepton/datasets/income-raw/1f0c.../ june.csv --contract income`.
    """
    from flows.terminal import showing_progress
    from tasks.ingest.drift.drift import DriftOptions, compare
    from tasks.ingest.drift.profiling import profile_of

    options = _options(given, new) if given else None
    bounds = options.drift if options else DriftOptions()
    delimiter = delimiter or (options.delimiter if options else ",")
    with showing_progress(enabled=not as_json):
        before, after = profile_of(old, delimiter), profile_of(new, delimiter)
    found = compare(before, after, bounds)
    typer.echo(found.model_dump_json()) if as_json else _print_table(found.title, found.table())
    found.refuse(new)


def _options(given: str, file: str) -> IngestOptions:
    """The options of a recipe or of an inferred contract, for this file alone."""
    from pydantic import ValidationError

    from tasks.ingest.config import IngestOptions

    content = _content(given)
    try:
        return IngestOptions.model_validate({**content, "path": file})
    except ValidationError as error:
        raise _explained(given, error) from None


def _content(given: str) -> dict[str, Any]:
    import yaml

    from flows.recipe import load_recipe, recipe_names
    from flows.yaml_text import read_yaml
    from infra.errors import RecipeError

    loaded = None
    if given not in recipe_names() and Path(given).is_file():
        with suppress(yaml.YAMLError, UnicodeDecodeError):  # loading it as a recipe tells of them
            loaded = read_yaml(Path(given).read_text(encoding="utf-8"))
    if isinstance(loaded, dict) and "ingest" not in loaded:
        unknown = sorted(loaded.keys() - set(_SINGLE))
        if unknown or "contract" not in loaded:
            raise RecipeError(
                f"contract {given}",
                found=f"the names {', '.join(map(str, unknown))}" if unknown else "no list `contract`",
                allowed=", ".join(_SINGLE),
                action="`lepton contract infer FILE --out contract.yaml` writes one.",
            )
        return loaded
    return load_recipe(given).ingest.model_dump(include=set(_SINGLE))


def _explained(given: str, error: ValidationError) -> RecipeError:
    from infra.errors import RecipeError

    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    return RecipeError(
        f"contract {given}" + (f", {field}" if field else ""),
        found=repr(first["input"])[:100],
        allowed=first["msg"].removeprefix("Value error, "),
        action="Mend the contract.",
    )


def _yaml(file: str, delimiter: str, found: Proposal) -> str:
    import yaml

    from tasks.ingest.sources.sources import without_userinfo

    scope = "all" if found.is_whole else "the first"
    header = [
        f"# Proposed from {scope} {found.rows:,} rows of {without_userinfo(file)}; goes below `ingest:` in a recipe."
    ]
    header += [f"# Left out: {name!r}, {why}." for name, why in found.left_out.items()]
    header += [f"# Could not be read: {count:,} rows, {reason}." for reason, count in found.unreadable.items()]
    content = {**({"delimiter": delimiter} if delimiter != "," else {}), **found.options()}
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    return "\n".join(header) + "\n" + body


def _write(out: Path, text: str) -> None:
    from infra.errors import MachineError

    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise MachineError(
            str(out), found=found, allowed="a file that can be written", action="Change --out."
        ) from None


def _summary(file: str, found: Proposal) -> dict[str, Any]:
    about = {"file": file, "rows": found.rows, "is_whole": found.is_whole, "left_out": dict(found.left_out)}
    about["unreadable"] = dict(found.unreadable)
    return {**about, **found.options()}


def _print_table(title: str, rows: list[dict[str, str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    out = Console()
    out.print(f"[bold]{escape(title)}[/]")
    if rows:
        table = Table(*rows[0], box=None, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*map(escape, row.values()))
        out.print(table)

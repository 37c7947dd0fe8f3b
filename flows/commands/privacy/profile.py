"""`lepton privacy profile`: what a data set holds, told with noise."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.errors import RecipeError

if TYPE_CHECKING:
    from flows.profiling import Outcome
    from tasks.dp.statistics.bounds import Bounds
    from tasks.private.profile.profile import Profile, Statistic

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]
_PREFIXES = {"quantiles": "quantile "}
_BOUNDS, _CATEGORIES, _TOP = "--bounds COLUMN=LOW:HIGH", "--categories COLUMN=A,B", "--top COLUMN=10"


def run(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="A recipe, or a version by path or digest.")],
    epsilon: Annotated[float, typer.Option(help="What all answers may cost together.")],
    delta: Annotated[
        float, typer.Option(help="Needed by --top and by Gaussian noise, otherwise not spent; below 1 / rows.")
    ] = 1e-6,
    bounds: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=LOW:HIGH", help="A number column, and where its numbers may lie."),
    ] = None,
    categories: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=A,B", help="A column, and all categories it may have.")
    ] = None,
    top: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=N", help="A column whose N most common categories are to be found."),
    ] = None,
    mechanism: Annotated[Literal["laplace", "gaussian"], typer.Option(help="Distribution of the noise.")] = "laplace",
    split: Annotated[Literal["train", "test", "all"], typer.Option(help="Rows to tell of.")] = "train",
    key: Annotated[str, typer.Option(metavar="COLUMN", help="Whose a row is: protects people, not rows.")] = "",
    cap: Annotated[int, typer.Option(help="Rows of a person that are looked at, picked by chance.")] = 1,
    bins: Annotated[int, typer.Option(help="Bins of a histogram.")] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")
    ] = False,
) -> None:
    """Tell counts, means, histograms, quantiles and categories of a data set with noise, and pay for it.

    Of number columns with their bounds, of category columns with their categories, or with a number of them to be
    found. Bounds and categories are what you know without looking. Every answer gets the same share of epsilon, and
    each run spends its own: a run that would overspend the data's budget does not start.

    Examples: `lepton privacy profile income --epsilon 1 --bounds age=17:90 --top education=8`,
    `lepton privacy profile 6ea8a87baacb6bc7 --epsilon 0.5 --categories sex=Male,Female --json`.
    """
    from flows.profiling import profile_dataset
    from tasks.private.profile.request import Request

    request = Request(
        epsilon=epsilon,
        delta=delta,
        mechanism=mechanism,
        split="" if split == "all" else split,
        bounds={name: _bounds(name, text) for name, text in _named(bounds, _BOUNDS)},
        categories={name: next(csv.reader([text])) for name, text in _named(categories, _CATEGORIES)},
        top={name: _number(name, text) for name, text in _named(top, _TOP)},
        bins=bins,
        key=key,
        cap=cap,
    )
    outcome = profile_dataset(dataset, request)
    if as_json:
        typer.echo(outcome.model_dump_json())
    else:
        _show(outcome)


def _named(words: Sequence[str] | None, form: str) -> list[tuple[str, str]]:
    """Columns with what is said of each.

    Raises:
        RecipeError: nothing is said of one, or more than once.
    """
    option, _, wanted = form.partition(" ")
    pairs = [(name, text) for name, _, text in (word.partition("=") for word in words or ())]
    for name, text in pairs:
        if not (name and text) or [other for other, _ in pairs].count(name) > 1:
            raise RecipeError(
                f"{option} {name}",
                found="no column" if not name else "it twice" if text else "the column alone",
                allowed=wanted,
                action=f"Say what you know of it without the data: {form.replace('COLUMN', name or 'COLUMN')}.",
            )
    return pairs


def _bounds(name: str, text: str) -> Bounds:
    from tasks.dp.statistics.bounds import Bounds

    low, _, high = text.partition(":")
    try:
        return Bounds(float(low), float(high))
    except ValueError:
        raise RecipeError(
            f"--bounds {name}", found=text, allowed="LOW:HIGH", action=f"Such as --bounds {name}=0:100."
        ) from None


def _number(name: str, text: str) -> int:
    if not text.isdecimal():
        raise RecipeError(f"--top {name}", found=text, allowed="a number", action=f"Such as --top {name}=10.")
    return int(text)


def _show(outcome: Outcome) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    out, profile = Console(), outcome.profile
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in ("column", "what"):
        table.add_column(head)
    for head in ("value", "low", "high", "noise", "cost"):
        table.add_column(head, justify="right")
    for statistic in profile.statistics:
        for place, value in enumerate(statistic.values):
            about = (f"{statistic.scale:.3g}", _cost(statistic)) if place == 0 else ("", "")
            head = escape(statistic.column) if place == 0 else ""
            figures = [_figure(each, statistic.kind) for each in (value.value, value.low, value.high)]
            table.add_row(head, escape(_PREFIXES.get(statistic.kind, "") + value.name), *figures, *about)
    out.print(table)
    typer.echo("low to high: where the number lies without the noise, 95 of 100 times, each taken for itself")
    typer.echo(f"cost together: epsilon {profile.epsilon:g}, delta {profile.delta:g}, of a {_unit(profile)}")
    typer.echo(f"kept in {outcome.files['answers']}, drawn in {outcome.files['picture']}")
    if outcome.unseen:
        typer.echo(f"not asked for: {', '.join(outcome.unseen)}")


def _figure(value: float, kind: str) -> str:
    if kind in ("mean", "quantiles"):
        return f"{value:,.4g}"
    return f"{round(value):,}"


def _cost(statistic: Statistic) -> str:
    from tasks.dp.accounting.mechanisms import Gaussian

    spent = statistic.spent
    if isinstance(spent, Gaussian):
        return f"sigma {spent.noise:.3g}"
    return f"{spent.epsilon:.3g}" + (f", {spent.delta:.1e}" if spent.delta else "")


def _unit(profile: Profile) -> str:
    return f"person ({profile.key}, {profile.cap} rows at most)" if profile.unit == "person" else "row"

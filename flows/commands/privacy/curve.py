"""`lepton privacy curve`: utility against epsilon."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import RecipeError

if TYPE_CHECKING:
    from flows.curve import CurveSummary
    from tasks.private.curve.curve import UtilityCurve

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")]


def run(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe, or the path of a .yaml file.")],
    epsilons: Annotated[
        str, typer.Option(metavar="E,E,...", help="What a training may spend; each is trained for.")
    ] = "0.5,1,2,4,8",
    seeds: Annotated[
        int, typer.Option(min=1, max=50, help="Trainings at each epsilon: train.seed and those after it.")
    ] = 3,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="Override an option of the recipe; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train a recipe at several epsilons with several seeds, and draw what is reached against what is spent.

    Every model is measured on the test split as in the pipeline; none is registered. Of public data the same options
    are trained without privacy too, and all is free. On data with a budget each training spends of it: all of them
    are reserved before the first, or the curve is refused. Data of which nothing is said is refused.

    With n seeds the median of all seeds lies between lowest and highest with probability 1 - 2/2^n: 75 % of 3 seeds,
    97 % of 6. The same command goes on where it was killed; more epsilons or seeds later train only these.

    Examples: `lepton privacy curve income --set train.privacy.preprocessing=public`,
    `lepton privacy curve income --epsilons 0.3,1,3 --seeds 6 --set train.privacy.preprocessing=public --json`.
    """
    wanted = parse_epsilons(epsilons)
    from flows.local_run import serving
    from flows.recipe import load_recipe
    from flows.terminal import showing_progress

    loaded = load_recipe(recipe, [*(overrides or []), f"train.privacy.target_epsilon={wanted[0]!r}"])
    with showing_progress(enabled=not as_json), serving(loaded.name):
        from flows.curve import curve

        found = curve(loaded, wanted, seeds)
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        show(found)


def parse_epsilons(text: str) -> list[float]:
    """The numbers of a list with commas, the smallest first.

    Raises:
        RecipeError: one is no epsilon to train for, comes twice, or there are too many.
    """
    from flows.curve import MOST_EPSILON, MOST_EPSILONS

    words = [word.strip() for word in text.split(",")]
    found = [_number(word) for word in words]
    wrong = [word for word, number in zip(words, found, strict=True) if not 0 < number <= MOST_EPSILON]
    twice = [word for place, word in enumerate(words) if found[place] in found[:place]]
    if wrong or twice or len(found) > MOST_EPSILONS:
        raise RecipeError(
            "--epsilons",
            found=repr(wrong[0]) if wrong else f"{twice[0]} twice" if twice else f"{len(found)} numbers",
            allowed=f"up to {MOST_EPSILONS} different numbers above 0 and up to {MOST_EPSILON:g}",
            action="Such as --epsilons 0.5,1,2,4,8.",
        )
    return sorted(found)


def show(summary: CurveSummary) -> None:
    """Print medians with lowest and highest at each epsilon, then where all lies."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    out, found = Console(), summary.curve
    table = Table("epsilon", *found.metrics, box=None, header_style="bold", pad_edge=False)
    for row in rows(found):
        table.add_row(*row)
    out.print(table)
    count = found.points[0].runs
    if count > 1:
        typer.echo(f"median of {count} seeds (lowest to highest), on {found.runs[0].test_rows:,} test rows")
    else:
        typer.echo(f"one seed, on {found.runs[0].test_rows:,} test rows: --seeds 3 tells how far seeds lie apart")
    for name, place in {**summary.files, **summary.links}.items():
        out.print(f"[bold]{name}[/] {escape(place)}", highlight=False, soft_wrap=True)


def rows(found: UtilityCurve) -> list[list[str]]:
    """A line for each epsilon, and one for none."""
    targets = list(dict.fromkeys(point.epsilon for point in found.points))
    told = {(point.epsilon, point.metric): point for point in found.points}
    return [
        [
            "without privacy" if target is None else f"{target:g}",
            *(
                f"{one.median:.4f} ({one.low:.4f} to {one.high:.4f})"
                for one in (told[target, metric] for metric in found.metrics)
            ),
        ]
        for target in sorted(targets, key=lambda target: math.inf if target is None else target)
    ]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan

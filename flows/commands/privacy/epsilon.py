"""`lepton privacy epsilon`: what a private training would spend, or which noise a target needs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def run(
    rows: Annotated[int, typer.Option(min=1, help="Rows that are learned from (or persons, with --group).")],
    batch: Annotated[int, typer.Option(min=1, help="Rows that a step has on average.")],
    epochs: Annotated[float, typer.Option(min=0, help="How often a row is seen on average.")],
    delta: Annotated[float, typer.Option(help="Below 1 / rows.")],
    noise: Annotated[
        float, typer.Option(min=0, help="Standard deviation of the noise over the clip norm; 0 with --target.")
    ] = 0.0,
    target: Annotated[float, typer.Option(help="Find the noise that spends this epsilon.")] = 0.0,
    count_noise: Annotated[
        float, typer.Option(min=0, help="Standard deviation of the noise on adaptive clipping's count; 0: none.")
    ] = 0.0,
    group: Annotated[int, typer.Option(min=1, help="Rows of one person, each sampled on its own.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, on stdout.")
    ] = False,
) -> None:
    """Say what DP-SGD with Poisson sampling spends: epsilon by PLD, and by RDP beside it.

    Nothing is read and nothing is spent. Neighbours differ by one row more or less, or one person's rows.

    Examples: `lepton privacy epsilon --rows 60000 --batch 256 --noise 1.12 --epochs 60 --delta 1e-5`,
    `lepton privacy epsilon --rows 60000 --batch 256 --target 3 --epochs 60 --delta 1e-5 --json`.
    """
    from infra.errors import RecipeError
    from tasks.dp.accounting.mechanisms import PrivateTraining
    from tasks.dp.accounting.noise import noise_for
    from tasks.dp.accounting.spent import check_delta, epsilon

    if bool(noise) == bool(target):
        raise RecipeError(
            "--noise, --target",
            found="both" if noise else "neither, or 0",
            allowed="one of them, above 0",
            action="Without noise nothing is private: epsilon is infinite.",
        )
    check_delta(delta, rows)
    rate = min(1.0, batch / rows)
    steps = round(epochs / rate)
    noise = noise or noise_for(target, delta, rate, steps, count_noise, group)
    training = PrivateTraining(rate, steps, noise, count_noise, group)
    spent = epsilon(training, delta)
    if as_json:
        typer.echo(json.dumps({**asdict(spent), **asdict(training)}))
        return
    typer.echo(f"epsilon {spent.pld:.4g} at delta {delta:g} (by RDP {spent.rdp:.4g})")
    typer.echo(f"{steps:,} steps, each row in a step with probability {rate:.4g}, noise multiplier {noise:.5g}")

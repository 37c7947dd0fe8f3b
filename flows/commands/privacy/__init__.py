"""`lepton privacy`: what private training spends, budgets of data, noisy statistics, audits."""

from __future__ import annotations

import typer

privacy = typer.Typer(
    name="privacy",
    no_args_is_help=True,
    help="Differential privacy: what training spends, budgets of data, statistics with noise, audits.",
)

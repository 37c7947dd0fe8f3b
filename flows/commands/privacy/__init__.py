"""`lepton privacy`: what private training spends, budgets of data, noisy statistics, audits, curves."""

from __future__ import annotations

import typer

from flows.commands.privacy.audit import run as audit
from flows.commands.privacy.budget import budget
from flows.commands.privacy.curve import run as curve
from flows.commands.privacy.epsilon import run as epsilon
from flows.commands.privacy.profile import run as profile
from flows.commands.privacy.spend import spend

privacy = typer.Typer(
    name="privacy",
    no_args_is_help=True,
    help="Differential privacy: what training spends, budgets of data, statistics with noise, audits, curves.",
)

privacy.command("audit")(audit)
privacy.command("curve")(curve)
privacy.command("profile")(profile)
privacy.command("epsilon")(epsilon)
privacy.add_typer(budget)
privacy.add_typer(spend)

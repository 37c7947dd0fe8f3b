"""A small recipe on a user's own file, and the `lepton` command as a user starts it."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.settings.home import checkout

RECIPE = """
name: loans
description: Whether a loan is paid back, by a rule that is easy to learn.
ingest:
  path: {data}
  columns: {{label: paid}}
  contract:
    - {{name: label, allowed: ["yes", "no"]}}
    - {{name: amount, type: number, minimum: 0}}
    - {{name: purpose}}
clean:
  engine: polars
  rules: [trim, lower]
  options:
    lower: {{columns: [purpose]}}
train:
  task: tabular_classification
  numeric: [amount]
  categorical: [purpose]
  epochs: 4
  batch_size: 64
  optimizer: {{learning_rate: 0.01}}
  checkpoint_steps: 5
evaluate:
  latency_queries: 20
  other_threads: 0
  explain: {{methods: [gradients], rows: 3}}
  robustness: {{methods: [missing], rows: 20}}
  intervals: {{resamples: 100}}
gate:
  primary_metric: accuracy
  max_loss_to_parent: 0.05
  max_loss_to_champion: 0.05
  thresholds:
    - {{metric: accuracy, bound: 0.9}}
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """The one object on stdout."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    @property
    def ran(self) -> list[str]:
        """Names of the stages that were not skipped."""
        return [stage["name"] for stage in self.summary["stages"] if not stage["cached"]]


def write_loans(folder: Path, rows: int = 1500) -> Path:
    """The recipe and its data: small loans are paid back, and all for a house."""
    chance = random.Random(7)
    data = folder / "loans.csv"
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["amount", "purpose", "paid"])
        for _ in range(rows):
            amount, purpose = round(chance.uniform(0, 100), 3), chance.choice(["House", " car", "boat"])
            writer.writerow([amount, purpose, "yes" if amount < 40 or purpose == "House" else "no"])
    recipe = folder / "loans.yaml"
    recipe.write_text(RECIPE.format(data=data))
    return recipe


def start(home: Path, *words: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    """Start `lepton` with nothing of this process's servers or homes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "MLFLOW", "LEPTON"))}
    environment = kept | {"LEPTON_HOME": str(home), "LEPTON_CACHE": os.environ["LEPTON_CACHE"]}
    environment["PYTHONPATH"] = str(checkout())
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *words],
        env=environment,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lepton(home: Path, *words: str, cwd: Path | None = None, seconds: float = 280) -> Ended:
    """Run `lepton` to its end."""
    process = start(home, *words, cwd=cwd)
    out, err = process.communicate(timeout=seconds)
    return Ended(process.returncode, out, err)

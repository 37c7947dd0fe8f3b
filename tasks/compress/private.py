"""Compression of a model whose training was private: no step may look at the rows, for nobody would account for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.errors import RecipeError
from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.dp.record import PRIVACY

WITHOUT_ROWS: Mapping[Method, str] = {
    "drop_layers": "",
    "fold_tables": "",
    "prune_heads": "with heads.score l1 or l2",
    "prune_neurons": "with neurons.score l1 or l2",
    "prune": "with prune.tuning.epochs 0",
    "prune_2_of_4": "with two_of_four.epochs 0",
    "cluster": "with cluster.tuning.epochs 0",
    "quantise_aware": "with quantise_aware.tuning.epochs 0",
    "float32": "",
    "float16": "",
    "dynamic_range": "",
    "int8": "",
}
"""Steps that go by the weights alone, and the options with which they do. Those that are not here look at rows."""


def steps_on_rows(options: CompressOptions) -> Sequence[Method]:
    """The steps of a chain that look at train rows."""
    by_weights = {
        "prune_heads": options.heads.score != "taylor",
        "prune_neurons": options.neurons.score != "taylor",
        "prune": not options.prune.tuning.epochs,
        "prune_2_of_4": not options.two_of_four.epochs,
        "cluster": not options.cluster.tuning.epochs,
        "quantise_aware": not options.quantise_aware.tuning.epochs,
    }
    return [step for step in options.steps if step not in WITHOUT_ROWS or not by_weights.get(step, True)]


def refusal(options: CompressOptions) -> tuple[str, str]:
    """What is found of a chain that looks at rows, and what may be done in its place; empty where it looks at none."""
    steps = steps_on_rows(options)
    if not steps:
        return "", ""
    free = ", ".join(f"{step} {how}".strip() for step, how in WITHOUT_ROWS.items())
    return f"{', '.join(steps)} of a private model, which would learn from the rows again at no account", free


def check_private(package: Path, options: CompressOptions) -> None:
    """Refuse a chain that looks at the rows of a private model.

    Raises:
        RecipeError: so it is.
    """
    found, free = refusal(options) if (package / PRIVACY).exists() else ("", "")
    if found:
        raise RecipeError("compress.steps", found=found, allowed=free, action="Take other steps, or other options.")

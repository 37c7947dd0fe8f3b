"""The model card, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.data.references import DatasetRef, VersionRef
from tasks.dp.record import PrivacyRecord
from tasks.dp.statement import statement
from tasks.register.gate import Verdict


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers get four significant digits."""
    lines = [header, ["---"] * len(header), *[[_cell(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def model_card(
    version: VersionRef,
    parent: VersionRef,
    dataset: DatasetRef,
    metrics: Mapping[str, float],
    parent_metrics: Mapping[str, float],
    verdict: Verdict,
    privacy: PrivacyRecord | None = None,
) -> str:
    """What the model is, what it was made from, how good it is, and why it was or was not promoted."""
    names = [name for name in metrics if name in parent_metrics]
    return "\n\n".join(
        [
            f"# {version.name}, version {version.version}",
            f"Compressed from version {parent.version}. "
            f"**{'Passed' if verdict.passed else 'Failed'}** the gate."
            + ("" if verdict.passed else f" Fell short: {verdict.failures()}."),
            "## Data",
            _data(dataset),
            "## Metrics on the test split",
            table(
                ["metric", "this version", f"version {parent.version}"],
                [[name, metrics[name], parent_metrics[name]] for name in sorted(names)],
            ),
            *(["## Privacy", "\n".join(f"- {sentence}" for sentence in statement(privacy))] if privacy else []),
            "## Gate",
            gate_table(verdict),
        ]
    )


def _data(dataset: DatasetRef) -> str:
    kept = f"{dataset.rows_out:,} to learn from and test on, {dataset.quarantined:,} in quarantine"
    return f"Data set version `{dataset.digest}`: {dataset.rows_in:,} rows read, {kept}."


def gate_table(verdict: Verdict) -> str:
    """The checks as a Markdown table."""
    return table(
        ["check", "value", "bound", "passed"],
        [
            [
                c.name,
                "not measured" if c.value is None else c.value,
                f"{c.kind} {c.bound:g}",
                "yes" if c.passed else "no",
            ]
            for c in verdict.checks
        ],
    )


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")

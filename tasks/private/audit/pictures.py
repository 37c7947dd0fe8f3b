"""Pictures of an audit, as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.private.audit.one_run import Scores
from tasks.private.audit.report import AuditReport
from tasks.private.audit.roc import Roc

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 120
_BLUE, _ORANGE, _GREEN, _GREY = "#2f6db3", "#d9822b", "#3a8f5c", "#8a929b"
_BINS = 50
_LEAST_RATE = 1e-4


def draw_canaries(scores: Scores, included: NDArray[np.bool_], report: AuditReport, file: Path) -> None:
    """How the scores of canaries that were in lie beside those of canaries that were out, and what was guessed."""
    figure, axes = _canvas(7.0, 4.2)
    low, high = np.quantile(scores, [0.005, 0.995])
    bins = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    for chosen, name, colour in ((~included, "left out", _ORANGE), (included, "learned from", _BLUE)):
        shown = np.clip(scores[chosen], bins[0], bins[-1])
        axes.hist(shown, bins, color=colour, alpha=0.55, label=f"{name}, {chosen.sum():,}")
    for share, side in ((report.inside, 1 - report.inside), (report.outside, report.outside)):
        if share:
            axes.axvline(
                np.clip(np.quantile(scores, side), bins[0], bins[-1]), color=_GREY, linestyle="--", linewidth=1
            )
    axes.set_xlabel("how much the loss of the canary fell, over the mean of its class")
    axes.set_ylabel("canaries")
    axes.legend(fontsize=8, title=f"guessed beyond the lines:\n{report.correct} of {report.guesses} correct")
    axes.set_title(f"{_bound(report)}\n{_claim(report)}")
    _save(figure, axes, file)


def draw_attacks(attacks: Sequence[Roc], file: Path) -> None:
    """What share of members stands out at which share of false alarms, on scales that show the small ones."""
    figure, axes = _canvas(6.0, 5.4)
    ends = [_LEAST_RATE, 1.0]
    axes.plot(ends, ends, color=_GREY, linestyle="--", linewidth=1, label="by chance")
    for attack, colour in zip(attacks, (_BLUE, _ORANGE, _GREEN), strict=False):
        false, true = np.maximum(np.array(attack.curve).T, _LEAST_RATE)
        label = f"{attack.attack}\nAUC {attack.auc:.3f} ({attack.auc_low:.3f} to {attack.auc_high:.3f})"
        axes.step(false, true, where="post", color=colour, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.set_xlabel("share of other rows held for members")
    axes.set_ylabel("share of members found")
    axes.set_title("Who was in the training")
    axes.legend(fontsize=8, loc="upper left")
    _save(figure, axes, file)


def _bound(report: AuditReport) -> str:
    return (
        f"Epsilon is at least {report.epsilon_lower:.2f} (confidence {report.confidence:.0%}, delta {report.delta:.1e})"
    )


def _claim(report: AuditReport) -> str:
    if report.claimed is None:
        return "The training was not private and claims nothing"
    return f"The training claims {report.claimed:.2f}: {'not refuted' if report.passed else 'refuted'}"


def _canvas(width: float, height: float) -> tuple[Figure, Any]:
    """A figure of its own, without pyplot's global state and windows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _save(figure: Figure, axes: Any, file: Path) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=_DOTS_PER_INCH)

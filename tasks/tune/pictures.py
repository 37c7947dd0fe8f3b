"""Pictures of a study, as PNG: how the best value came about, which options count, which values go together."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.extras import import_extra

if TYPE_CHECKING:
    from optuna import Study

log = logging.getLogger(__name__)
_DOTS_PER_INCH = 120
_INCHES = (9.0, 5.0)


def draw_study(study: Study, metric: str, seed: int, folder: Path) -> list[Path]:
    """Draw what the trials allow into `folder`: importance needs two that ended and differ."""
    optuna = import_extra("optuna", "tune")
    import matplotlib as mpl

    mpl.use("agg")
    plots = optuna.visualization.matplotlib
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    drawn = {
        "history": lambda: plots.plot_optimization_history(study, target_name=metric),
        "importance": lambda: plots.plot_param_importances(study, evaluator=evaluator, target_name=metric),
        "parallel_coordinates": lambda: plots.plot_parallel_coordinate(study, target_name=metric),
    }
    folder.mkdir(parents=True, exist_ok=True)
    return [file for name, draw in drawn.items() if _draw(draw, file := folder / f"{name}.png")]


def _draw(draw: Callable[[], Any], file: Path) -> bool:
    import matplotlib.pyplot as plt

    file.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            axes = draw()
            figure = axes.figure
            figure.set_size_inches(*_INCHES)
            figure.savefig(file, dpi=_DOTS_PER_INCH, bbox_inches="tight")
        except (ValueError, RuntimeError) as error:  # too few trials, or all alike
            log.info("no picture %s: %s", file.name, error)
            return False
        finally:
            plt.close("all")
    return True

"""SHAP: what a part adds, averaged over the orders in which parts may come (Lundberg and Lee 2017)."""

from __future__ import annotations

import numpy as np

from infra.extras import import_extra
from tasks.evaluate.explain.game import Attribution, Game, Values

_SEED = 20_261_130
_FEWEST = 4  # coalitions a part; a regression on fewer tells noise


def shapley(game: Game, evaluations: int) -> Attribution:
    """Shapley values of a game by the `shap` package's KernelExplainer.

    They solve a weighted regression over coalitions under the constraint that base and weights add up to the output,
    and are exact where all 2^p coalitions are asked about; else those of all sizes from both ends that fit, and some
    by chance. Its permutation explainer would do as well, but compiles for seconds in every process.

    Args:
        evaluations: coalitions to ask about, at least; with many parts four for each.

    Raises:
        MachineError: the extra `explain` is not installed.
    """
    shap = import_extra("shap", "explain")
    parts = len(game.parts)
    if not parts:
        return Attribution(game.output, np.zeros(0))

    def worth(presence: Values) -> Values:
        return game.worth(presence > 0.5)

    np.random.seed(_SEED)  # the package draws by it
    explainer = shap.KernelExplainer(worth, np.zeros((1, parts)))
    weights = explainer.shap_values(
        np.ones(parts), nsamples=max(evaluations, _FEWEST * parts), l1_reg=False, silent=True
    )
    return Attribution(float(explainer.expected_value), np.asarray(weights, np.float64).reshape(-1))

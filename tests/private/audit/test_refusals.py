from __future__ import annotations

import pytest

from infra.errors import RecipeError
from tasks.lessons.config import TrainOptions
from tasks.private.audit.config import AuditOptions
from tasks.private.audit.refusals import check_auditable
from tests.train.conftest import tabular

COLUMNS = {"task": "tabular_classification", "categorical": ["job"]}
SPENT = {"target_epsilon": 1, "preprocessing": "spent", "classes": ["a", "b"]}


@pytest.mark.parametrize(
    ("options", "shadows", "message"),
    [
        ({"task": "text_retrieval"}, 0, r"train\.task: found text_retrieval; allowed: tabular_classification"),
        ({"task": "item_ranking"}, 0, r"train\.task: found item_ranking"),
        ({"task": "text_classification", "few_shot": {"enabled": True}}, 0, r"train\.few_shot: found enabled"),
        ({"task": "rating_prediction"}, 8, r"--shadows: found 8 with rating_prediction; allowed: tabular"),
        (
            {**COLUMNS, "privacy": SPENT},
            0,
            r"train\.privacy\.preprocessing: found spent; allowed: public: an audit's canaries",
        ),
    ],
)
def test_trainings_in_which_rows_have_no_loss_of_their_own_are_refused(
    options: dict[str, object], shadows: int, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        check_auditable(AuditOptions(shadows=shadows), TrainOptions.model_validate(options))


def test_a_training_on_columns_can_be_audited_with_shadow_models() -> None:
    check_auditable(AuditOptions(shadows=8), tabular())

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tasks.compress.config import CompressOptions


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (
            ["quantise_aware", "prune_heads"],
            r"found quantise_aware before prune_heads; prune_heads changes which",
        ),
        (["int8", "prune"], r"found int8 before prune; int8 writes a TFLite file, which ends a chain"),
        (["cluster", "prune"], r"found cluster before prune; prune would undo what cluster did; put it first"),
        (["quantise_aware", "cluster"], r"cluster would undo what quantise_aware did"),
        (["prune", "prune_2_of_4"], r"both choose which weights are zero; take one of them"),
        (["prune", "prune"], r"found prune twice; once is enough"),
        (["quantise_aware", "float16"], r"float16 keeps no int8"),
        (["prune", "prune_vocabulary"], r"prune_vocabulary changes which weights there are"),
        ([], r"at least 1 item"),
        (["factorise"], r"factorise: found neither dense_share nor embedding_rank"),
    ],
)
def test_chains_that_make_no_sense(steps: list[str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        CompressOptions.model_validate({"steps": steps})


@pytest.mark.parametrize(
    "steps",
    [
        ["int8"],
        ["fine_tune", "distil", "fine_tune"],
        ["prune_vocabulary", "drop_layers", "prune_heads", "prune_neurons", "distil", "prune", "int8"],
        ["prune", "cluster", "quantise_aware", "int8"],
        ["prune_2_of_4", "fine_tune", "float16"],
    ],
)
def test_chains_that_do(steps: list[str]) -> None:
    assert CompressOptions.model_validate({"steps": steps}).steps == steps

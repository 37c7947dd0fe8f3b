"""The chains that a search tries unless it is told others: a table for each kind of model, from gentle to strong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.options import Task

Spelled = Mapping[str, Any]
"""A chain as a plan's file has it."""

_SMALL_VOCABULARY = ["prune_vocabulary"]
_SHALLOW = ["prune_vocabulary", "drop_layers", "distil"]
_NARROW = [*_SHALLOW, "prune_neurons", "distil"]

TEXT: Sequence[Spelled] = (
    {"name": "int8", "steps": ["int8"]},
    {"name": "vocabulary", "steps": [*_SMALL_VOCABULARY, "int8"], "after": "int8"},
    {
        "name": "narrow",
        "steps": [*_SMALL_VOCABULARY, "prune_neurons", "distil", "int8"],
        "after": "vocabulary",
    },
    {"name": "three-layers", "steps": [*_SHALLOW, "int8"], "after": "vocabulary"},
    {"name": "three-narrow", "steps": [*_NARROW, "int8"], "after": "three-layers"},
    {"name": "three-pruned", "steps": [*_NARROW, "prune", "int8"], "after": "three-narrow"},
    {
        "name": "two-layers",
        "steps": [*_SHALLOW, "int8"],
        "layers": {"keep": 2},
        "after": "three-layers",
    },
)
"""Most of a text model's bytes are words that the domain never uses; most of its time goes to its layers."""

TABULAR: Sequence[Spelled] = (
    {"name": "int8", "steps": ["int8"]},
    {"name": "clustered", "steps": ["cluster", "int8"], "after": "int8"},
    {"name": "half", "steps": ["prune_neurons", "fine_tune", "int8"], "after": "int8"},
    {
        "name": "quarter",
        "steps": ["prune_neurons", "fine_tune", "int8"],
        "neurons": {"share": 0.75},
        "after": "half",
    },
    {
        "name": "quarter-folded",
        "steps": ["prune_neurons", "fine_tune", "fold_tables", "cluster", "int8"],
        "neurons": {"share": 0.75},
        "after": "quarter",
    },
    {"name": "half-pruned", "steps": ["prune_neurons", "fine_tune", "prune", "int8"], "after": "half"},
    {
        "name": "half-clustered",
        "steps": ["prune_neurons", "fine_tune", "prune", "cluster", "int8"],
        "after": "half-pruned",
    },
)
"""Layers are small, so fewer neurons come first; one look-up is for time, zeros and shared values are for gzip."""

PAIRS: Sequence[Spelled] = (
    {"name": "int8", "steps": ["int8"]},
    {"name": "clustered", "steps": ["cluster", "int8"], "after": "int8"},
    {
        "name": "rank-16",
        "steps": ["factorise", "fine_tune", "int8"],
        "factorise": {"embedding_rank": 16},
        "after": "int8",
    },
    {
        "name": "rank-8",
        "steps": ["factorise", "fine_tune", "int8"],
        "factorise": {"embedding_rank": 8},
        "after": "rank-16",
    },
)
"""Models of users and items are tables of embeddings and little else."""

PRIVATE: Sequence[Spelled] = (
    {"name": "int8", "steps": ["int8"]},
    {"name": "clustered", "steps": ["cluster", "int8"], "cluster": {"tuning": {"epochs": 0}}, "after": "int8"},
    {"name": "narrow", "steps": ["prune_neurons", "int8"], "neurons": {"share": 0.25, "score": "l2"}, "after": "int8"},
)
"""Of a model whose training was private, whatever its kind: what goes by the weights alone, and trains no more."""

PLANS: Mapping[Task, Sequence[Spelled]] = {
    "text_classification": TEXT,
    "text_heads": TEXT,
    "text_retrieval": TEXT,
    "tabular_classification": TABULAR,
    "rating_prediction": PAIRS,
    "item_ranking": PAIRS,
}

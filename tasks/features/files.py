"""Fitted features in a folder: `features.json`, and the tokeniser where there is one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from tasks.features.columns import ColumnType
from tasks.features.interactions import InteractionFeatures
from tasks.features.tabular import TabularFeatures
from tasks.features.text import TOKENIZER, TextFeatures

FEATURES = "features.json"
Features = TextFeatures | TabularFeatures | InteractionFeatures
_ADAPTER: TypeAdapter[Features] = TypeAdapter(Annotated[Features, Field(discriminator="kind")])


def save_features(features: Features, folder: Path) -> None:
    """Write what `load_features` reads."""
    (folder / FEATURES).write_text(features.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if isinstance(features, TextFeatures):
        shutil.copyfile(features.folder / TOKENIZER, folder / TOKENIZER)


def input_columns(package: Path) -> dict[str, ColumnType]:
    """The columns that the model of a package reads, with their types."""
    return load_features(package).columns


def load_features(folder: Path) -> Features:
    """The features saved in `folder`, ready to encode."""
    features = _ADAPTER.validate_json((folder / FEATURES).read_text(encoding="utf-8"))
    return features.at(folder) if isinstance(features, TextFeatures) else features

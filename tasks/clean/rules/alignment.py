"""The rule on texts with a tag for each word."""

from __future__ import annotations

import pyarrow as pa
from pydantic import Field

from tasks.clean.rules.columns import batch_texts
from tasks.clean.rules.refusal import refuse_in
from tasks.features.truth import misfit
from tasks.options import Options


class AlignmentOptions(Options):
    """Which column has the tags of which text."""

    text: str = Field(default="text", description="String column of texts, whose words are parted by whitespace.")
    tags: str = Field(default="tags", description="String column with a BIO tag for each of their words.")


def drop_misaligned(batch: pa.Table, options: AlignmentOptions) -> pa.Table:
    """Refuse rows with more or fewer tags than words, or a tag that is not O, B-name or I-name; none is no error."""
    text, tags = batch_texts(batch, [options.text, options.tags])
    pairs = zip(batch[tags].to_pylist(), batch[text].to_pylist(), strict=True)
    wrong = pa.array([bool(misfit(*pair)) for pair in pairs], pa.bool_())
    return refuse_in(batch, pa.chunked_array([wrong]), "drop_misaligned")

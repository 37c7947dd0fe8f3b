"""The rule on text that was decoded with the wrong character set."""

from __future__ import annotations

import pyarrow as pa

from tasks.clean.rules.columns import TextOptions, batch_texts
from tasks.clean.rules.mapping import map_texts


def fix_mojibake(batch: pa.Table, options: TextOptions) -> pa.Table:
    """Mend text that was decoded with the wrong character set, such as cafÃ© for café.

    By ftfy (Speer 2019), which changes a text only where the sequence is unlikely in any language. Its other repairs
    (quotes, ligatures, entities) are left to the rules of that name.
    """
    from ftfy import fix_encoding

    return map_texts(batch, batch_texts(batch, options.columns), fix_encoding, r"[^\x00-\x7f]")

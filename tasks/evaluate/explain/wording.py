"""Explanations in words and colours, the same in the terminal, on pages and in pictures."""

from __future__ import annotations

from tasks.reports.explanation import Faithfulness

_FOR, _AGAINST = (47, 109, 179), (200, 85, 61)
_DEEPEST = 0.65  # of a colour behind words, which must stay readable


def faithful_words(found: Faithfulness | None) -> str:
    """Whether an explanation is to be believed, in a line."""
    if found is None:
        return "too few parts to tell whether this is faithful"
    gain = f"without its first parts the output falls {found.gain} further than by chance"
    if found.is_faithful:
        return f"faithful: {gain}"
    if found.gain.low is None:
        return "too few rows to tell whether this is faithful"
    return f"NOT faithful, it explains nothing: {gain}"


def shade(weight: float, most: float) -> str:
    """The colour behind a part: blue for, red against, the deeper the more it adds; white for nothing."""
    share = _DEEPEST * min(1.0, abs(weight) / most) if most > 0 else 0.0
    colour = _FOR if weight > 0 else _AGAINST
    return "#" + "".join(f"{round(255 - share * (255 - part)):02x}" for part in colour)

"""Rules on the language of a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from tasks.clean.columns import frame_columns
from tasks.clean.engines import Engine
from tasks.clean.rules.columns import TextOptions, batch_texts, text_columns
from tasks.clean.rules.mapping import map_values
from tasks.clean.rules.refusal import counted, refuse_in

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_JUDGED_CHARACTERS = 2_000  # more of a text tells no more of its language
_NO_WORDS = re.compile(r"\S*[@#$/\\]\S*|[^\w'\u2019]+|[\d_]+")  # addresses, tags, signs and digits have no language


class LanguageOptions(TextOptions):
    """When the language of a text counts as known."""

    minimum_probability: float = Field(default=0.95, gt=0, le=1, description="Less certain texts stay.")
    minimum_characters: int = Field(
        default=40, ge=1, description="Texts with fewer in their words are not judged, and stay."
    )


class OtherLanguageOptions(LanguageOptions):
    """Which languages stay."""

    languages: list[str] = Field(default=["en"], min_length=1, description="Languages that stay, as ISO 639-1: en, de.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        wrong = [name for name in self.languages if not (len(name) == 2 and name.isascii() and name.islower())]
        if wrong:
            raise ValueError(
                f"languages: found {', '.join(wrong)}; allowed: two small letters of ISO 639-1, such as en"
            )
        return self


def drop_other_languages(batch: pa.Table, options: OtherLanguageOptions) -> pa.Table:
    """Refuse rows with a text that is surely in none of the languages named."""
    return _drop_others(batch, options, batch_texts(batch, options.columns), options.languages, "drop_other_languages")


def drop_minority_languages(frame: nw.LazyFrame[Any], options: LanguageOptions, engine: Engine) -> nw.LazyFrame[Any]:
    """Refuse rows with a text that is surely in another language than most texts for training.

    Texts are counted in all columns together, and by the first of two passes over the data.
    """
    names = text_columns(frame, options.columns)
    columns = frame_columns(frame)
    counts = sum(engine.map_parts(frame, partial(_count, options, names)), Counter[str]())
    if not counts:
        return frame
    most = min(counts, key=lambda language: (-counts[language], language))
    drop = partial(_drop_others, options=options, names=names, kept=[most], rule="drop_minority_languages")
    return engine.map_batches(frame, drop, columns)


def language(text: str, options: LanguageOptions) -> str | None:
    """The language that a text is surely in (py3langid: Lui and Baldwin 2012), if its words are enough to tell."""
    words = _NO_WORDS.sub(" ", text[: 4 * _JUDGED_CHARACTERS]).strip()[:_JUDGED_CHARACTERS]
    if len(words) < options.minimum_characters:
        return None
    name, probability = _identifier().classify(words)
    return str(name) if probability >= options.minimum_probability else None


def _count(options: LanguageOptions, names: Sequence[str], _: str, batches: Iterable[pa.Table]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for batch in map(counted, batches):
        for name in names:
            found = map_values(batch[name], partial(language, options=options), pa.string())
            counts.update(found.drop_null().to_pylist())
    return counts


def _drop_others(
    batch: pa.Table, options: LanguageOptions, names: Sequence[str], kept: Sequence[str], rule: str
) -> pa.Table:
    for name in names:
        found = map_values(batch[name], partial(language, options=options), pa.string())
        others = pc.invert(pc.is_in(found, pa.array(kept, pa.string())))
        batch = refuse_in(batch, pc.and_(pc.is_valid(found), others), rule)
    return batch


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)

"""Texts as token ids, by the tokeniser of the pretrained encoder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PrivateAttr

from infra.errors import NotFoundError
from tasks.features.columns import ColumnType, column, texts
from tasks.features.words import Places, first_tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"
ANSWER = "answer_"  # before the names of the arrays of an answer that is learned beside its question
WRONG = "wrong_"  # the same of wrong answers to it, several a question
SECOND = "second_"  # the same of a text that is paired with another
Tokens = list[NDArray[np.int32]]


class TextFeatures(BaseModel):
    """`input_ids` and `attention_mask`, int32 (b, t), where t is the longest text of the batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["text"] = "text"
    column: str = "text"
    max_tokens: int
    _folder: Path = PrivateAttr(default=Path())

    def at(self, folder: Path) -> TextFeatures:
        """These features with the tokeniser that lies in `folder`."""
        copy = TextFeatures(max_tokens=self.max_tokens, column=self.column)
        copy._folder = folder
        return copy

    @property
    def folder(self) -> Path:
        """Where the tokeniser lies."""
        return self._folder

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokeniser, cutting at `max_tokens` and padding nothing."""
        from tokenizers import Tokenizer

        file = self._folder / TOKENIZER
        if not file.is_file():
            raise NotFoundError(
                "tokeniser", found=f"no {file}", allowed=f"a folder with {TOKENIZER}", action="Fetch the weights again."
            )
        tokenizer = Tokenizer.from_file(str(file))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    @property
    def columns(self) -> dict[str, ColumnType]:
        """The columns that `encode` reads."""
        return {self.column: "string"}

    def encode(self, rows: pa.Table) -> dict[str, NDArray[np.int32]]:
        """The arrays of a batch of rows."""
        return pad(self.tokens(texts(column(rows, self.column))))

    def tokens(self, lines: Sequence[str]) -> Tokens:
        """The token ids of each text, begin and end included."""
        encodings = self.tokenizer.encode_batch_fast(list(lines))
        return [np.array(encoding.ids, np.int32) for encoding in encodings]

    def word_tokens(self, lines: Sequence[str]) -> tuple[Tokens, list[Places]]:
        """The token ids of each text, and the places of its words' first tokens, as `first_tokens` has them."""
        encodings = self.tokenizer.encode_batch(list(lines))  # slower: it keeps where tokens come from
        firsts = [first_tokens(line, encoding.offsets) for line, encoding in zip(lines, encodings, strict=True)]
        return [np.array(encoding.ids, np.int32) for encoding in encodings], firsts


def text_features(folder: Path, max_tokens: int, column: str = "text") -> TextFeatures:
    """Features that tokenise with `tokenizer.json` in `folder`."""
    return TextFeatures(max_tokens=max_tokens, column=column).at(folder)


def pad(tokens: Tokens) -> dict[str, NDArray[np.int32]]:
    """Token ids of several lengths as one array, and a mask that is 1 where a token is."""
    longest = max((len(ids) for ids in tokens), default=0)
    input_ids = np.zeros((len(tokens), longest), np.int32)
    for row, ids in enumerate(tokens):
        input_ids[row, : len(ids)] = ids
    lengths = np.array([len(ids) for ids in tokens], np.int32)
    return {"input_ids": input_ids, "attention_mask": (np.arange(longest) < lengths[:, None]).astype(np.int32)}

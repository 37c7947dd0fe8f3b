"""A tokeniser with fewer tokens: `tokenizer.json` of the tokenizers library, rewritten.

What a text falls into does not change if all its tokens stay: WordPiece takes the longest token that fits, and those
that are gone were not; a BPE merge that took part in a token's making stays with it; of Unigram's ways through a
word the best one is still there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from infra.errors import RecipeError

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")
_PADDING = 0  # what `pad` fills with, whatever it stands for
_Json = dict[str, Any]


def lasting_tokens(content: str, used: Collection[int] | None = None) -> set[int]:
    """The numbers of tokens that have to stay: special ones, and letters, so that any word falls into known ones.

    Args:
        used: tokens whose letters stay, beside those of ASCII; words with others are then unknown. None: all stay. Of
            BPE all stay in any case: its letters may be bytes, of which any letter is made.

    Raises:
        RecipeError: the tokeniser is of an unknown kind.
    """
    whole = json.loads(content)
    model, numbers = whole["model"], _numbers(whole["model"])
    unknown = [numbers[model["unk_token"]]] if model.get("unk_token") in numbers else []
    if isinstance(model.get("unk_id"), int):
        unknown.append(model["unk_id"])
    added = [each["id"] for each in whole.get("added_tokens") or []]
    letters = _letters(model, numbers, None if model.get("type") == "BPE" else used)
    return {_PADDING, *letters, *added, *unknown, *_processed(whole.get("post_processor"))}


def _letters(model: _Json, numbers: dict[str, int], used: Collection[int] | None) -> Iterator[int]:
    """The tokens of single letters, at the beginning of a word and within it, and of single bytes."""
    prefix = model.get("continuing_subword_prefix") or ""
    seen = {letter for token, number in numbers.items() if used is not None and number in used for letter in token}
    for token, number in numbers.items():
        letter = token.removeprefix(prefix)
        stays = used is None or letter.isascii() or letter in seen
        if _BYTE.fullmatch(token) or (len(letter) <= 1 and stays):
            yield number


def keep_tokens(content: str, kept: Collection[int]) -> tuple[str, list[int]]:
    """The tokeniser with these tokens alone, and those that its merges need; and for each new number the old one.

    Raises:
        RecipeError: the tokeniser is of an unknown kind.
    """
    whole = json.loads(content)
    numbers = _numbers(whole["model"])
    stays = set(kept) | _ancestors(whole["model"], numbers, kept)
    old = sorted(stays)
    new = {number: place for place, number in enumerate(old)}
    model = _smaller(whole["model"], new, {token for token, number in numbers.items() if number in new})
    added = [{**each, "id": new[each["id"]]} for each in whole.get("added_tokens") or []]
    processor = _renumbered(whole.get("post_processor"), new)
    changed = {"model": model, "added_tokens": added, "post_processor": processor, "padding": None, "truncation": None}
    return json.dumps({**whole, **changed}, ensure_ascii=False, indent=1) + "\n", old


def _numbers(model: _Json) -> dict[str, int]:
    """Each token's number."""
    match model.get("type", "WordPiece"):
        case "WordPiece" | "WordLevel" | "BPE":
            return dict(model["vocab"])
        case "Unigram":
            return {token: number for number, (token, _) in enumerate(model["vocab"])}
        case kind:
            raise RecipeError(
                "compress.steps: prune_vocabulary",
                found=f"a tokeniser of type {kind}",
                allowed="WordPiece, WordLevel, BPE or Unigram",
                action="Leave the step out.",
            )


def _ancestors(model: _Json, numbers: dict[str, int], kept: Collection[int]) -> set[int]:
    """What BPE makes these tokens of, by any of its merges, down to what no merge makes."""
    parts: dict[str, set[str]] = {}
    for left, right, made in _merges(model):
        parts.setdefault(made, set()).update((left, right))
    waiting, found = [token for token, number in numbers.items() if number in kept], set[str]()
    while waiting:
        token = waiting.pop()
        new = parts.get(token, set()) - found
        found |= new
        waiting.extend(new)
    return {numbers[token] for token in found}


def _merges(model: _Json) -> Iterator[tuple[str, str, str]]:
    """Two tokens and what they make; older files have both in one string."""
    prefix = model.get("continuing_subword_prefix") or ""
    for merge in model.get("merges") or []:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        yield left, right, left + right.removeprefix(prefix)


def _smaller(model: _Json, new: dict[int, int], tokens: set[str]) -> _Json:
    if model.get("type") == "Unigram":
        vocabulary = [model["vocab"][number] for number in new if number < len(model["vocab"])]
        unknown = model.get("unk_id")
        return {**model, "vocab": vocabulary, "unk_id": None if unknown is None else new[unknown]}
    numbers = sorted((new[number], token) for token, number in model["vocab"].items() if token in tokens)
    changed: _Json = {"vocab": {token: number for number, token in numbers}}
    if "merges" in model:
        changed["merges"] = [merge[:2] for merge in _merges(model) if set(merge) <= tokens]
    return {**model, **changed}


def _processed(processor: Any) -> Iterator[int]:
    """The numbers that a post-processor puts before and after a text."""
    if not processor:
        return
    for name in ("cls", "sep"):
        if name in processor:
            yield processor[name][1]
    for token in (processor.get("special_tokens") or {}).values():
        yield from token["ids"]
    for part in processor.get("processors") or []:
        yield from _processed(part)


def _renumbered(processor: Any, new: dict[int, int]) -> Any:
    if not processor:
        return processor
    changed: _Json = {
        name: [processor[name][0], new[processor[name][1]]] for name in ("cls", "sep") if name in processor
    }
    if "special_tokens" in processor:
        changed["special_tokens"] = {
            name: {**token, "ids": [new[number] for number in token["ids"]]}
            for name, token in processor["special_tokens"].items()
        }
    if "processors" in processor:
        changed["processors"] = [_renumbered(part, new) for part in processor["processors"]]
    return {**processor, **changed}

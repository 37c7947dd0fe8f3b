"""Translation there and back (Sennrich et al. 2016), by whatever translator the recipe names."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from infra.errors import LeptonError, RecipeError
from tasks.augment.config import TranslatorOptions


class Translator(Protocol):
    """What a recipe's `package.module:object` must be: an object with this method, or a class of such."""

    def translate(self, texts: Sequence[str], source: str, target: str) -> Sequence[str]:
        """Each text, in the same order, from one language to another."""


def find_translator(name: str) -> Translator:
    """The translator of a name `package.module:object`; a class is made into an object.

    Raises:
        RecipeError: there is none, or it has no method `translate`.
    """
    module, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # an installed command has no working directory on its path
        sys.path.append(here)
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
        translator: Any = found() if inspect.isclass(found) else found
    except Exception as error:  # a translator is anybody's code
        raise _broken(name, f"{type(error).__name__}: {error}") from error
    if not callable(getattr(translator, "translate", None)):
        raise _broken(name, f"{type(translator).__name__} without a method translate")
    return cast("Translator", translator)


def there_and_back(
    translator: Translator, options: TranslatorOptions, pivot: str, texts: Sequence[str]
) -> Sequence[str]:
    """Each text as it comes back from the language `pivot`.

    Raises:
        RecipeError: the translator fails, or gives other than one text for each.
    """
    there = _translate(translator, options.name, texts, options.source, pivot)
    return _translate(translator, options.name, there, pivot, options.source)


def _translate(translator: Translator, name: str, texts: Sequence[str], source: str, target: str) -> Sequence[str]:
    try:
        translated = list(translator.translate(texts, source, target))
    except LeptonError:
        raise
    except Exception as error:
        raise _broken(name, f"{type(error).__name__}: {error} (from {source} to {target})") from error
    if len(translated) != len(texts) or not all(isinstance(text, str) for text in translated):
        raise _broken(name, f"{len(translated)} results for {len(texts)} texts, or some that are no text")
    return translated


def _broken(name: str, found: str) -> RecipeError:
    return RecipeError(
        f"translator {name!r}",
        found=found,
        allowed="an object with translate(texts, source, target) that gives a text for each",
        action="Correct augment.translator.name, or mend the translator.",
    )

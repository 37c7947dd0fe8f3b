"""What a cleaning rule is: a function, of a kind that its first annotation tells."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

from infra.errors import RecipeError
from tasks.options import Options


@dataclass(frozen=True)
class Rule:
    """A rule as the engines need it.

    Attributes:
        kind: `frame` takes and gives a narwhals LazyFrame, `batch` a pyarrow Table of some of the rows.
        options: the type of its second argument.
    """

    name: str
    function: Callable[[Any, Any], Any]
    kind: Literal["frame", "batch"]
    options: type[Options]

    @property
    def summary(self) -> str:
        """First line of its docstring."""
        return (self.function.__doc__ or self.name).strip().splitlines()[0]


def describe(function: Callable[[Any, Any], Any], name: str = "") -> Rule:
    """Read a rule's kind and options off its signature.

    Raises:
        RecipeError: the signature is no rule's.
    """
    name = name or function.__name__
    parameters = list(inspect.signature(function).parameters.values())
    annotations = [_spelled(parameter.annotation) for parameter in parameters]
    kinds: dict[str, Literal["frame", "batch"]] = {"LazyFrame": "frame", "Table": "batch"}
    kind = kinds.get(_class_name(annotations[0])) if annotations else None
    options = _resolve(function, parameters[1].annotation) if len(parameters) == 2 else None
    if kind is None or not (isinstance(options, type) and issubclass(options, Options)):
        raise RecipeError(
            f"cleaning rule {name!r}",
            found=f"the arguments ({', '.join(annotations)})",
            allowed="(frame: nw.LazyFrame, options: SomeOptions) or (batch: pa.Table, options: SomeOptions)",
            action="Annotate both arguments; the options' class is one of tasks.options.Options.",
        )
    return Rule(name, function, kind, options)


def _spelled(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else str(getattr(annotation, "__name__", annotation))


def _class_name(annotation: str) -> str:
    """`LazyFrame` of `nw.LazyFrame[Any]`."""
    return annotation.partition("[")[0].rpartition(".")[2]


def _resolve(function: Callable[..., Any], annotation: Any) -> Any:
    """The class behind an annotation, without evaluating the other one: its library may not be imported yet."""
    if not isinstance(annotation, str):
        return annotation
    first, *rest = annotation.split(".")
    scope: dict[str, Any] = getattr(function, "__globals__", {})
    return reduce(lambda owner, part: getattr(owner, part, None), rest, scope.get(first))

"""What a cleaning rule is: a function, of a kind that its first annotation tells."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

from infra.errors import RecipeError
from tasks.options import Options

Kind = Literal["rows", "batch", "frame", "engine"]
_KINDS: dict[tuple[str, ...], Kind] = {
    ("DataFrame",): "rows",
    ("Table",): "batch",
    ("LazyFrame",): "frame",
    ("LazyFrame", "Engine"): "engine",
}


@dataclass(frozen=True)
class Rule:
    """A rule as the engines need it.

    Attributes:
        kind: `rows` takes and gives a narwhals DataFrame of some of the rows, `batch` a pyarrow Table of some of them,
            `frame` a narwhals LazyFrame of all, and `engine` a LazyFrame too, beside the engine that runs it.
        options: the type of its second argument.
    """

    name: str
    function: Callable[..., Any]
    kind: Kind
    options: type[Options]

    @property
    def summary(self) -> str:
        """First line of its docstring."""
        return (self.function.__doc__ or self.name).strip().splitlines()[0]


def describe(function: Callable[..., Any], name: str = "") -> Rule:
    """Read a rule's kind and options off its signature.

    Raises:
        RecipeError: the signature is no rule's.
    """
    name = name or function.__name__
    parameters = list(inspect.signature(function).parameters.values())
    annotations = [_spelled(parameter.annotation) for parameter in parameters]
    kind = _KINDS.get((_class_name(annotations[0]), *map(_class_name, annotations[2:]))) if annotations else None
    options = _resolve(function, parameters[1].annotation) if len(parameters) > 1 else None
    if kind is None or not (isinstance(options, type) and issubclass(options, Options)):
        raise RecipeError(
            f"cleaning rule {name!r}",
            found=f"the arguments ({', '.join(annotations)})",
            allowed="(rows: nw.DataFrame, options: SomeOptions), the same of batch: pa.Table or frame: nw.LazyFrame, "
            "or (frame: nw.LazyFrame, options: SomeOptions, engine: Engine)",
            action="Annotate the arguments; the options' class is one of tasks.options.Options.",
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

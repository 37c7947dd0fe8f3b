"""What a search for a small model ends with."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from flows.compressing.child import figures
from flows.compressing.pareto import Entrant, front, pick
from flows.compressing.plan import PARENT
from flows.compressing.root import Root
from flows.compressing.target import Target
from flows.compressing.walk import Outcome, State
from flows.summary import Frozen
from infra.errors import GateFailed, TargetMissed


class ChildSummary(Frozen):
    """A model of the search: the float one it began with, or a child of it.

    Attributes:
        uri: of the registered version; empty: the chain came to no child.
        value: of the gate's primary metric.
        loss: by how much that is worse than the parent's.
        worst_class: the class that lost the most recall, and how much.
        missed: bounds of the target that are not kept.
        on_front: whether no other one is as good in everything and better in something.
    """

    name: str
    steps: list[str]
    state: State
    uri: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)
    value: float | None = None
    loss: float | None = None
    worst_class: str = ""
    worst_class_loss: float | None = None
    missed: list[str] = Field(default_factory=list)
    on_front: bool = False
    passed_gate: bool = False
    gate_failures: str = ""
    note: str = ""


class CompressSummary(Frozen):
    """The search as a whole; `lepton compress --json` prints just this.

    Attributes:
        model: the float model that it began with.
        metric: the gate's primary one.
        target: as it was asked for.
        finished: whether every chain was tried or ruled out; else the same command goes on.
        picked: the name of the child that is promoted, or of the one that comes closest; empty: there is none.
        met: whether that one keeps the target.
        alias: of the picked child now; empty: nothing was promoted.
    """

    model: str
    metric: str
    higher_is_better: bool
    target: str
    finished: bool
    seconds: float
    parent: ChildSummary
    children: list[ChildSummary]
    picked: str
    met: bool
    alias: str
    files: dict[str, str]
    links: dict[str, str]

    def pick(self) -> ChildSummary | None:
        """The picked child."""
        return next((each for each in self.children if each.name == self.picked), None)

    def rows(self) -> list[dict[str, str]]:
        """Parent and children as a table."""
        return [self._row(each) for each in (self.parent, *self.children)]

    def _row(self, one: ChildSummary) -> dict[str, str]:
        if one.state != "measured":
            return {"model": one.name, "steps": ", ".join(one.steps), "note": f"{one.state}: {one.note}"}
        is_parent = one.name == PARENT
        notes = [*one.missed, *([f"gate: {one.gate_failures}"] if one.gate_failures else [])]
        return {
            "model": one.name,
            "steps": ", ".join(one.steps),
            "gzip MB": f"{one.metrics['gzip_mb']:.3f}",
            "file MB": f"{one.metrics['size_mb']:.3f}",
            "p50 ms": f"{one.metrics['latency_p50_ms']:.3f}",
            self.metric: "-" if one.value is None else f"{one.value:.4f}",
            "lost": "" if is_parent or one.loss is None else f"{one.loss:+.4f}",
            "class lost": "" if one.worst_class_loss is None else f"{one.worst_class_loss:+.4f}",
            "worst class": one.worst_class,
            "front": "yes" if one.on_front else "",
            "gate": "" if is_parent else "passed" if one.passed_gate else "failed",
            "version": one.uri.rpartition("/")[2],
            "note": "; ".join(notes),
        }


class TargetNotMet(TargetMissed):
    """The search went to its end, and none of its children is what was asked for."""

    def __init__(self, summary: CompressSummary) -> None:
        self.summary, closest = summary, summary.pick()
        reasons = "; ".join(f"{each.name} {each.state}: {each.note}" for each in summary.children)
        super().__init__(
            f"target of {summary.model}",
            found=f"as the closest {closest.name} ({closest.uri}) with {', '.join(closest.missed)}"
            if closest
            else f"no child ({reasons})",
            allowed=summary.target or "a child that could be measured",
            action="Nothing was promoted; ask for less, or "
            + (
                "name stronger chains by --chains."
                if summary.finished
                else "give more --minutes: it goes on from here."
            ),
        )

    def __reduce__(self) -> tuple[object, ...]:
        return TargetNotMet, (self.summary,)


class PickShortOfGate(GateFailed):
    """Children keep the target, and none of them passed the gate."""

    def __init__(self, summary: CompressSummary) -> None:
        self.summary, best = summary, summary.pick()
        assert best is not None
        super().__init__(
            f"gate of {best.uri}",
            found=f"{best.gate_failures} for the child {best.name}, the best within the target",
            allowed="every check within its bound",
            action="Nothing was promoted; bound the loss by --target, or judge by another recipe with --recipe.",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return PickShortOfGate, (self.summary,)


def summarize_parent(root: Root, metrics: dict[str, float]) -> ChildSummary:
    """The float model among its children."""
    metric = root.terms.gate.primary_metric
    return ChildSummary(
        name=PARENT,
        steps=[],
        state="measured",
        uri=root.version.uri,
        metrics=metrics,
        value=metrics.get(metric),
        loss=0.0,
    )


def summarize_children(
    root: Root, parent: dict[str, float], outcomes: Sequence[Outcome], target: Target
) -> tuple[ChildSummary, list[ChildSummary]]:
    """The parent and what became of each chain; which of all are on the front."""
    own = figures(root.terms, parent, parent, None)
    points = [own, *(each.child.figures for each in outcomes if each.child)]
    on_front = iter(front([point.objectives() for point in points]))
    first = summarize_parent(root, parent).model_copy(update={"on_front": next(on_front)})
    return first, [_summary(each, root, target, bool(each.child) and next(on_front)) for each in outcomes]


def picked(outcomes: Sequence[Outcome], target: Target) -> Outcome | None:
    """The chain whose child is taken, or comes closest."""
    by_name = {each.chain.name: each for each in outcomes}
    entrants = [
        Entrant(name, each.child.figures, each.child.judged.verdict.passed)
        for name, each in by_name.items()
        if each.child
    ]
    found = pick(entrants, target)
    return by_name[found.name] if found else None


def _summary(outcome: Outcome, root: Root, target: Target, on_front: bool) -> ChildSummary:
    chain, child = outcome.chain, outcome.child
    if child is None:
        return ChildSummary(name=chain.name, steps=list(chain.steps), state=outcome.state, note=outcome.note)
    return ChildSummary(
        name=chain.name,
        steps=list(chain.steps),
        state=outcome.state,
        uri=child.version.uri,
        metrics=dict(child.metrics),
        value=child.metrics.get(root.terms.gate.primary_metric),
        loss=child.figures.loss,
        worst_class=str(child.worst or ""),
        worst_class_loss=child.figures.class_loss,
        missed=target.missed(child.figures),
        on_front=on_front,
        passed_gate=child.judged.verdict.passed,
        gate_failures=child.judged.verdict.failures(),
    )

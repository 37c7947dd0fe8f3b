"""Where children are made: each step of a chain as a stage, then its measurement, registration and judgement."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from flows.comparing import compared
from flows.compressing.child import Child, figures
from flows.compressing.classes import worst_class
from flows.compressing.plan import PARENT, Chain
from flows.compressing.root import Root
from flows.compressing.walk import TimeIsUp
from flows.stages import Stages
from flows.terms import deltas
from infra.errors import LeptonError
from infra.progress import Progress, report
from tasks.compress.groups import only
from tasks.compress.steps import compress
from tasks.data.references import EvaluationRef, ModelRef, VersionRef
from tasks.evaluate.steps import evaluate
from tasks.register.evidence import Evidence
from tasks.register.steps.card import publish_card
from tasks.register.steps.gate import Prediction, ask, champion_of, judge
from tasks.register.steps.register import register
from tasks.register.steps.versions import note_compression, version_exists


class Workshop:
    """Makes children of a root, which is measured first.

    Args:
        deadline: of `time.monotonic`; no step of a child begins after it.
    """

    def __init__(self, root: Root, deadline: float) -> None:
        self.root, self.deadline, self.stages = root, deadline, Stages()
        asked = root.version.name, root.terms.evaluate, root.model, root.dataset
        self.parent: EvaluationRef = self.stages.run(f"{PARENT} evaluate", evaluate, *asked)
        self._reached: dict[tuple[str, ...], ModelRef] = {}

    def make(self, chain: Chain) -> Child:
        """The child at the end of a chain.

        Raises:
            TimeIsUp: the deadline passed.
            LeptonError: the one that a step met.
        """
        root, name = self.root, self.root.version.name
        model = self._compressed(chain)
        measured: EvaluationRef = self._run(chain, "evaluate", evaluate, name, root.terms.evaluate, model, root.dataset)
        registered = (name, model, measured, root.dataset, root.version)
        version: VersionRef = self._run(chain, "register", register, *registered, valid=version_exists)
        answer: Prediction = self._run(chain, "ask", ask, version, measured, valid=lambda kept: bool(kept.row))
        return self._judged(chain, model, version, measured, answer)

    def _compressed(self, chain: Chain) -> ModelRef:
        """The package at the end of a chain. Steps that an earlier chain took are not taken again."""
        model = self.root.model
        path: tuple[str, ...] = ()
        for method in chain.steps:
            options = only(chain, [method])
            teacher = [self.root.model] if path else []
            path = (*path, options.model_dump_json())
            if path not in self._reached:
                asked = self.root.version.name, options, model, self.root.dataset, *teacher
                self._reached[path] = self._run(chain, method, compress, *asked)
            model = self._reached[path]
        return model

    def _judged(
        self, chain: Chain, model: ModelRef, version: VersionRef, measured: EvaluationRef, answer: Prediction
    ) -> Child:
        root, terms, parent = self.root, self.root.terms, self.parent
        worst = worst_class(Path(parent.path), Path(measured.path))
        changes = deltas(terms, parent.metrics, measured.metrics)
        if worst:
            changes["worst_class_recall"] = -worst.loss
        used = only(chain, chain.steps).model_dump_json(exclude_unset=True)
        note_compression(version, root.version, used, changes)
        rival = champion_of(version.name, version)
        comparison = compared(version.name, terms.evaluate, model, rival, root.dataset, self.stages)
        evidence = Evidence(measured=measured, parent_measured=parent, comparison=comparison)
        judged = judge(terms.gate, version, root.version, root.dataset, evidence, rival, answer)
        publish_card(version, root.dataset, evidence)
        found = figures(terms, parent.metrics, measured.metrics, worst)
        return Child(version, measured.metrics, found, worst, judged, rival)

    def _run(self, chain: Chain, what: str, step: Any, *args: Any, valid: Any = None) -> Any:
        if time.monotonic() > self.deadline:
            raise TimeIsUp
        try:
            return self.stages.run(what, step, *args, valid=valid)
        except LeptonError:
            report(Progress(what, 1, 1, f"refused for {chain.name}"))
            raise

"""The child process that audits: `python -m tasks.private.audit.worker SPEC`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from infra.environment import configure
from infra.processes import Event, child_main
from tasks.data.version import read_rows
from tasks.dp.plan import PrivatePlan, automatic_delta
from tasks.dp.record import PrivacyRecord
from tasks.lessons.material import learned_rows, read_train_rows
from tasks.model.network import Network
from tasks.private.audit.answers import Answers
from tasks.private.audit.attacked import PACKAGED, answers_of_network, answers_of_package
from tasks.private.audit.attacks import Places, confidences, shadow_attack, single_model_attacks
from tasks.private.audit.costs import half_plan, planted_plan, shadow_pool
from tasks.private.audit.learning import Course, Told, learn
from tasks.private.audit.one_run import Audited, Scores, audit, provable
from tasks.private.audit.part import part
from tasks.private.audit.pictures import draw_attacks, draw_canaries
from tasks.private.audit.planting import Planted, plant, unmeasured
from tasks.private.audit.report import AuditReport, save_report
from tasks.private.audit.roc import Roc
from tasks.private.audit.spec import AuditSpec
from tasks.private.audit.traces import traces

_ATTACKED_ROWS = 20_000  # of a side, at most: figures get no better by more


def run(spec: AuditSpec) -> AuditReport:
    """Train with canaries, look for them, and for rows; writes report and pictures."""
    began = time.perf_counter()
    random = np.random.default_rng()  # from the operating system: coins that somebody could know would prove nothing
    planted = plant(spec.train, spec.dataset, spec.weights, spec.options.canaries, random)
    told = Told(trainings=1 + (1 + spec.options.shadows if spec.options.shadows else 0))
    course = _course(spec, planted, planted_plan, planted.rows, planted.persons, spec.options.canaries)
    spec.began.touch()
    network, record, scores = _traced(course, planted, told)
    delta = record.delta if record else automatic_delta(planted.persons)
    found = audit(scores, planted.included, delta, spec.options.confidence)
    attacked, attacks = _attacked(spec, planted, network, random)
    if spec.options.shadows:
        attacks.append(_shadowed(spec, planted, told, random))
    report = _report(spec, planted, found, delta, record, attacked, attacks, time.perf_counter() - began)
    save_report(report, spec.into)
    draw_canaries(scores, planted.included, report, spec.into / "canaries.png")
    if attacks:
        draw_attacks(attacks, spec.into / "attacks.png")
    return report


def _course(spec: AuditSpec, planted: Planted, plan: Callable[..., PrivatePlan], *numbers: int) -> Course:
    """By the plan on so many rows, if training is private."""
    private = plan(spec.train, *numbers) if spec.train.privacy.is_on else None
    return Course(unmeasured(spec.train), planted.lesson, private, spec.dataset.digest)


def _traced(course: Course, planted: Planted, told: Told) -> tuple[Network, PrivacyRecord | None, Scores]:
    """The network after training, what it claims, and how much better it knows each canary than before."""
    canaries, before = planted.canaries, list[Answers]()
    network, record = learn(
        course,
        planted.learned,
        begun=lambda new: before.append(answers_of_network(new, planted.lesson, canaries)),
        on_step=told.training("with canaries"),
    )
    after = answers_of_network(network, planted.lesson, canaries)
    return network, record, traces(before[0].losses, after.losses, canaries.targets(np.arange(len(canaries))))


def _attacked(
    spec: AuditSpec, planted: Planted, network: Network, random: np.random.Generator
) -> tuple[str, list[Roc]]:
    """Whose rows were looked for, and how well they were found: in the package, or else by the audit's own network."""
    test = read_rows(spec.dataset, "test")
    test = test.slice(0, min(_ATTACKED_ROWS, test.num_rows))
    chosen = np.sort(random.permutation(planted.rows)[:_ATTACKED_ROWS])
    if not test.num_rows:
        return "no model: there is no test split to compare with", []
    if spec.package and spec.train.task in PACKAGED:
        rows = learned_rows(spec.train, read_train_rows(spec.train, spec.dataset)).take(chosen)
        sides = answers_of_package(spec.package, rows), answers_of_package(spec.package, test)
        name = "the model"
    else:
        learned, others = part(planted.examples, chosen), planted.lesson.examples(test)
        sides = (
            answers_of_network(network, planted.lesson, learned),
            answers_of_network(network, planted.lesson, others),
        )
        name = "the model of the audit, which learned from the canaries too"
    return name, single_model_attacks(*sides, seed=spec.train.seed)


def _shadowed(spec: AuditSpec, planted: Planted, told: Told, random: np.random.Generator) -> Roc:
    """The likelihood-ratio attack, on models that learn from half of the rows each."""
    size = shadow_pool(spec.options, planted.rows)
    pool = np.sort(random.permutation(planted.rows)[:size])
    examples, course = part(planted.examples, pool), _course(spec, planted, half_plan, size)

    def confidence(places: Places) -> Scores:
        network, _ = learn(course, part(examples, places), on_step=told.training("of half of the rows"))
        return confidences(answers_of_network(network, planted.lesson, examples), examples)

    return shadow_attack(confidence, len(pool), spec.options.shadows, random)


def _report(
    spec: AuditSpec,
    planted: Planted,
    found: Audited,
    delta: float,
    record: PrivacyRecord | None,
    attacked: str,
    attacks: list[Roc],
    seconds: float,
) -> AuditReport:
    return AuditReport(
        epsilon_lower=found.epsilon_lower,
        provable=provable(found.canaries, delta, spec.options.confidence),
        claimed=record.epsilon if record else None,
        delta=delta,
        confidence=spec.options.confidence,
        canaries=found.canaries,
        included=found.included,
        guesses=found.guesses,
        correct=found.correct,
        inside=found.plan.inside,
        outside=found.plan.outside,
        rows=planted.rows,
        seeded_noise=bool(record and record.seeded_noise),
        attacked=attacked,
        attacks=tuple(attacks),
        seconds=round(seconds, 1),
    )


def work(spec: str) -> Event:
    """`{"passed": ...}` for an AuditSpec in JSON; all else is in the files."""
    configure()
    return {"passed": run(AuditSpec.model_validate_json(spec)).passed}


if __name__ == "__main__":
    child_main(work)

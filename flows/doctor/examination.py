"""All looks at the machine, at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from flows.doctor import extras, machine, services, training
from flows.doctor.finding import Finding
from infra.errors import MachineError

LOOKS = (machine.look, training.look, services.look, extras.look)


def examine() -> list[Finding]:
    """What was found, in the order of LOOKS."""
    with ThreadPoolExecutor(len(LOOKS)) as pool:
        return [finding for findings in pool.map(lambda look: look(), LOOKS) for finding in findings]


def refuse(findings: Sequence[Finding]) -> None:
    """Raises MachineError where something is broken that every run needs."""
    broken = [finding for finding in findings if finding.state == "broken"]
    if broken:
        raise MachineError(
            f"this machine: {', '.join(finding.what for finding in broken)}",
            found="; ".join(finding.found for finding in broken),
            allowed="every line of `lepton doctor` ok, or with advice",
            action=" ".join(finding.action for finding in broken),
        )

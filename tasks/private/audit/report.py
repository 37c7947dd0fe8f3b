"""What an audit found."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.private.audit.roc import Roc

REPORT = "audit.json"


class AuditReport(BaseModel):
    """The bound on one training's epsilon, and how well attacks find its rows.

    Attributes:
        epsilon_lower: what the training spent at least, at `confidence` and `delta`.
        provable: the most that could have been proved with so many canaries, had all been told rightly.
        claimed: the epsilon that it says it spent; None: it was not private, and says nothing.
        guesses: canaries of which was said whether they were in, `correct` of them rightly.
        inside, outside: shares of the canaries that were said to be in and out.
        rows: that were learned from beside the canaries.
        seeded_noise: whether the noise could be computed again, so that no bound means anything.
        attacked: whose rows the attacks look for.
    """

    model_config = ConfigDict(frozen=True)

    epsilon_lower: float
    provable: float
    claimed: float | None
    delta: float
    confidence: float
    canaries: int
    included: int
    guesses: int
    correct: int
    inside: float
    outside: float
    rows: int
    seeded_noise: bool
    attacked: str
    attacks: tuple[Roc, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing refutes the claim."""
        return self.claimed is None or self.epsilon_lower <= self.claimed

    def figures(self) -> dict[str, float]:
        """Its numbers by name, as MLflow keeps them."""
        told = {
            "audit_epsilon_lower": self.epsilon_lower,
            "canaries_guessed": self.guesses,
            "canaries_told": self.correct,
        }
        if self.claimed is not None:
            told["epsilon"] = self.claimed
        for attack in self.attacks:
            name = attack.attack.partition(",")[0].replace(" ", "_")
            told[f"{name}_auc"] = attack.auc
            told |= {f"{name}_found_at_{rate.false_positive_rate:g}": rate.true_positive_rate for rate in attack.rates}
        return told

    def lines(self) -> list[str]:
        """The bound and the claim, in words."""
        said = f"{self.correct:,} of {self.guesses:,} guesses about {self.canaries:,} canaries were correct"
        bound = (
            f"epsilon is at least {self.epsilon_lower:.3g} at delta {self.delta:.2g}, confidence {self.confidence:.0%}"
        )
        if self.claimed is None:
            claim = "the training was not private and claims nothing"
        else:
            claim = f"the training claims {self.claimed:.3g}, which is {'not refuted' if self.passed else 'refuted'}"
        seeded = ["its noise can be computed again from the seed: it is not private, whatever it claims"]
        few = [f"so many canaries can prove {self.provable:.3g} at most: take more of them to test this claim"]
        is_untested = self.claimed is not None and self.provable <= self.claimed
        return [said, bound, claim, *(few if is_untested else []), *(seeded if self.seeded_noise else [])]


def save_report(report: AuditReport, folder: Path) -> None:
    """Write what `load_report` reads."""
    (folder / REPORT).write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_report(folder: Path) -> AuditReport:
    """The report in a folder."""
    return AuditReport.model_validate_json((folder / REPORT).read_text(encoding="utf-8"))

"""What a model is, what it is for, what it is not for, and how to get it back."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.register.card.dossier import Dossier
from tasks.register.card.page import Block, Command, Items, Paragraph, Section, Table
from tasks.register.card.standing import Standing

_NOT_SAID = "The recipe does not say"
_SURE, _MOST_SLICES = 0.05, 5


def lead(standing: Standing) -> tuple[Block, ...]:
    """Where the version stands, in a sentence each."""
    aliases = f"It is {' and '.join(standing.aliases)}." if standing.aliases else "No alias points at it."
    made = f"Made from version {standing.parent}." if standing.parent else "Made from no other version."
    return (*_verdict(standing), Paragraph(f"{made} {aliases} Registered {standing.made} as {standing.uri}."))


def _verdict(standing: Standing) -> Iterator[Paragraph]:
    verdict, override = standing.verdict, standing.override
    if verdict is None:
        yield Paragraph("No gate has judged it.", "bad")
    elif verdict.passed:
        yield Paragraph("Passed the gate.", "good")
    else:
        yield Paragraph(f"Failed the gate. Fell short: {verdict.failures()}.", "bad")
    if override and override.reason_invalid:
        yield Paragraph(f"An override of the gate is NOT valid: {override.reason_invalid}.", "bad")
    elif override:
        yield Paragraph(f"The gate was overridden by {override.who} on {override.when}: {override.reason}", "bad")


def purpose(dossier: Dossier, standing: Standing) -> Section:
    """What it is for, and who answers for it."""
    said = dossier.background
    rows = (
        ("Purpose", said.purpose or f"{_NOT_SAID} (option description)."),
        ("Intended use", said.intended_use or f"{_NOT_SAID} (option intended_use)."),
        ("Owner", said.owner or f"{_NOT_SAID} (option owner)."),
        ("Recipe", said.recipe or "not known"),
        ("Format", standing.format or "not known"),
    )
    return Section("Purpose and owner", (Table("What the recipe says", ("question", "answer"), rows),))


def limits(dossier: Dossier, standing: Standing) -> Section:
    """What it is not for: what the recipe says, and what was found."""
    said = dossier.background.limits
    first: Block = Items(said) if said else Paragraph(f"{_NOT_SAID} what the model is not for (option limits).")
    found = tuple(_found(dossier, standing))
    told = (Paragraph("What measurements and gate show:"), Items(found)) if found else ()
    return Section("Limits", (first, *told))


def _found(dossier: Dossier, standing: Standing) -> Iterator[str]:
    measured = dossier.measured
    if rows := measured.metrics.get("rows"):
        yield f"All figures come from one test split of {rows:,.0f} rows; on other data they may be others."
    if measured.quality is None:
        yield "How sure the figures are was not measured."
    yield from _worse_slices(dossier)
    yield from _unfair(dossier)
    if dossier.explanation:
        for one in dossier.explanation.globals:
            if not one.faithfulness.is_faithful:
                yield f"The explanation by {one.method} was not found faithful: do not rely on it."
    if standing.privacy is None:
        yield "Not trained with differential privacy: it may tell of single rows that it learned from."
    elif standing.privacy.seeded_noise:
        yield "The noise of its private training came from a seed: nothing is private."
    yield from standing.missing_links


def _worse_slices(dossier: Dossier) -> Iterator[str]:
    report = dossier.measured.slices
    if report is None:
        return
    worse = [one for one in report.slices if one.p_value is not None and one.p_value < _SURE and not one.is_small]
    for one in worse[:_MOST_SLICES]:
        yield f"Worse for rows with {one.name}: {report.metric} {one.metric}, {one.rest:.4g} for the others."
    if len(worse) > _MOST_SLICES:
        yield f"Worse for the rows of {len(worse) - _MOST_SLICES} more slices, which the section on slices tells."


def _unfair(dossier: Dossier) -> Iterator[str]:
    report = dossier.measured.fairness
    if report is None:
        yield "Whether groups of persons are treated alike was not measured."
        return
    if report.learned_from:
        yield f"Protected columns are among its inputs: {', '.join(report.learned_from)}."
    for one in report.protected:
        small = [group.name for group in one.groups if group.is_small]
        if small:
            yield f"By {one.name}, too few rows to conclude from: {', '.join(small)}."
        if one.reason:
            yield f"By {one.name} no disparity is told: {one.reason}."


def serving(standing: Standing) -> Section:
    """How to take it from service, or bring it back."""
    name, version = standing.name, standing.version
    if "champion" not in standing.aliases:
        return Section(
            "How to roll back",
            (
                Paragraph("This version does not serve. If it served before, this brings it back in one step:"),
                Command(f"lepton rollback {name} --to {version}"),
            ),
        )
    back = f"version {standing.previous}" if standing.previous else "no version: none served before it"
    return Section(
        "How to roll back",
        (
            Paragraph(f"This version serves. To go back to {back}; whoever loads by alias gets it at the next load:"),
            Command(f"lepton rollback {name}"),
        ),
    )


def reproduction(dossier: Dossier, standing: Standing) -> Section:
    """What it takes to make it again."""
    rows = (
        ("Data set version", dossier.sheet.last.digest),
        ("Options of the recipe", standing.recipe_hash or "not noted"),
        ("Code", standing.code_hash or "not noted"),
        ("Model package", standing.package_digest or "not noted"),
        ("MLflow run", standing.run_id or "not noted"),
    )
    command = (
        f"mlflow artifacts download --run-id {standing.run_id} --artifact-path card/recipe.yaml --dst-path .\n"
        "lepton run recipe.yaml"
    )
    return Section(
        "How to reproduce",
        (
            Table("SHA-256 of what it was made of and by", ("what", "digest"), rows),
            Paragraph(
                "The options without the places of sources are in the run; with MLFLOW_TRACKING_URI set to where it is "
                "recorded, and the same code and sources, this makes the same data set version and trains as it was:"
            ),
            Command(command),
        ),
    )

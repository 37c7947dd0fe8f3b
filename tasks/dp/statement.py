"""What a model card says of a private training, in sentences that are true as they stand."""

from __future__ import annotations

from tasks.dp.record import PrivacyRecord


def statement(record: PrivacyRecord) -> tuple[str, ...]:
    """Sentences: the guarantee, the mechanisms, the sampling, and what is not covered."""
    guarantee = f"({record.epsilon:.4g}, {record.delta:.3g})-differential privacy"
    if record.seeded_noise:
        first = (
            "**Not private.** Noise and samples came from a seed, as in tests: who has it takes the noise off again. "
            f"By noise that nobody can foretell it would have {guarantee}."
        )
    else:
        first = f"Trained with {guarantee}; by Rényi divergence epsilon is {record.epsilon_rdp:.4g}."
    return (
        *(first, _neighbours(record), _delta(record), *_preprocessing(record)),
        *(_mechanism(record), _sampling(record), _not_covered(record)),
    )


def _neighbours(record: PrivacyRecord) -> str:
    if record.unit == "example":
        unit = "a row: who has several rows is protected less"
    else:
        rows = "one row counts" if record.rows_per_user == 1 else f"{record.rows_per_user} rows count"
        unit = f"a person, told by the column {record.user}, of whom at most {rows}"
    return f"Neighbouring data sets: {record.neighbours}. What is protected is {unit}."


def _delta(record: PrivacyRecord) -> str:
    n, units = record.persons, "rows" if record.unit == "example" else "persons"
    return f"Delta is {record.delta * n:.2g} times 1/n; n, {n:,} {units}, is itself taken as known."


def _preprocessing(record: PrivacyRecord) -> tuple[str, ...]:
    if not record.preprocessing:
        return ()
    said = (
        f"Preprocessing: categories, bins and scales come from {len(record.preprocessing)} statistics with Laplace "
        f"noise. By themselves they spend epsilon {record.spent_on_preprocessing:.4g}; the epsilon told is that of "
        "these and of all steps together. Classes and the bounds of numbers were declared, not read from the rows."
    )
    return (said,)


def _mechanism(record: PrivacyRecord) -> str:
    ran, many = record.mechanism, len(record.clip) > 1
    norms = f"{len(record.clip)} norms, one for each part of the network" if many else f"{record.clip[0]:.4g}"
    if record.adaptive_quantile:
        norms += (
            f", found on the way as the {record.adaptive_quantile:g} quantile of their norms by counts with noise of "
            f"{ran.count_noise:.4g}, which epsilon includes"
        )
    return (
        f"Mechanism: DP-SGD in {ran.steps:,} steps. Each row's gradient was clipped to {norms}; Gaussian noise with "
        f"{ran.noise_multiplier:.4g} clip norms as standard deviation was added to their sum."
    )


def _sampling(record: PrivacyRecord) -> str:
    return (
        f"Sampling: Poisson. Each row was in a step with probability {record.mechanism.sampling_rate:.4g}, whatever "
        "the others; the accountants were told the steps that ran."
    )


def _not_covered(record: PrivacyRecord) -> str:
    return f"Not covered: {'; '.join(record.not_covered)}."

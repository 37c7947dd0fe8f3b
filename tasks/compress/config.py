"""How to compress."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.compress.chain import Method, check_order
from tasks.options import Options


class TuneOptions(Options):
    """A training that makes good what a change of the model has cost."""

    epochs: int = Field(default=2, ge=0, description="Passes over the training rows; 0: none.")
    learning_rate_share: float = Field(
        default=0.3, gt=0, description="Peak learning rates, as a share of those that the model was trained with."
    )
    batch_size: int = Field(default=0, ge=0, description="Rows a step; 0: as the model was trained with.")


class DistilOptions(Options):
    """A training towards what the model at the chain's beginning gives (Hinton, Vinyals and Dean 2015)."""

    epochs: int = Field(default=6, ge=1, description="Passes over the training rows.")
    learning_rate_share: float = Field(
        default=1.0, gt=0, description="Peak learning rates, as a share of those that the model was trained with."
    )
    batch_size: int = Field(default=0, ge=0, description="Rows a step; 0: as the model was trained with.")
    temperature: float = Field(default=2.0, gt=0, description="By which the logits of both are divided.")
    logits: float = Field(
        default=0.9, ge=0, le=1, description="Weight of the teacher's outputs; the truth has the rest."
    )
    hidden: float = Field(
        default=0.0, ge=0, description="Weight of the mean squared difference of the layers' outputs; 0: not compared."
    )
    attention: float = Field(
        default=0.0, ge=0, description="Weight of the difference of the layers' attention; 0: not compared."
    )
    copies: int = Field(
        default=0,
        ge=0,
        description="Edited copies of each text to learn from too, of text_classification; an epoch is so much longer.",
    )
    edited_share: float = Field(
        default=0.15, gt=0, le=1, description="Share of a copy's words that are gone or replaced by other texts' words."
    )


class VocabularyOptions(Options):
    """Which rows of a text encoder's table of words are left."""

    minimum_count: int = Field(
        default=1, ge=1, description="Train texts hold a token so often, or it goes. Letters and special tokens stay."
    )
    letters: Literal["all", "seen"] = Field(
        default="all",
        description="Letters that stay: all that the tokeniser knows, or those of the tokens left and of ASCII; a word "
        "with another is then unknown. Thousands are of scripts that few texts mix.",
    )


class LayerOptions(Options):
    """Which layers of a text encoder are left."""

    keep: int = Field(default=3, ge=1, description="How many: evenly spaced, the lowest and the highest among them.")


class UnitOptions(Options):
    """Which units (attention heads, neurons, filters) are left."""

    share: float = Field(default=0.5, gt=0, lt=1, description="Share of the units of each layer that goes.")
    score: Literal["l1", "l2", "taylor"] = Field(
        default="taylor",
        description="What tells their worth: the sum of their weights' sizes, the root of their squares, or the "
        "change of the loss without them, to first order, on train rows (Michel et al. 2019).",
    )
    rows: int = Field(default=256, ge=1, description="Train rows that taylor looks at.")
    multiple: int = Field(default=1, ge=1, description="Units left are a multiple of so many, as fast kernels like it.")


class FactoriseOptions(Options):
    """Large matrices as products of two narrow ones, by their singular values on train rows (Chen et al. 2021)."""

    dense_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Rank of dense layers, as a share of that at which nothing is saved; 0: none.",
    )
    embedding_rank: int = Field(default=0, ge=0, description="Rank of tables of embeddings; 0: they stay as they are.")
    rows: int = Field(
        default=256, ge=1, description="Train rows whose outputs of each layer are to change as little as can be."
    )


class PruneOptions(Options):
    """Weights set to zero, the smallest first, more and more of them (Zhu and Gupta 2017)."""

    sparsity: float = Field(default=0.5, gt=0, lt=1, description="Share of each matrix that is zero at the end.")
    schedule: Literal["polynomial", "constant"] = Field(
        default="polynomial", description="How sparsity rises: by a cubic curve over the first half, or at once."
    )
    tuning: TuneOptions = Field(default=TuneOptions(), description="The training meanwhile and after it.")


class ClusterOptions(Options):
    """Weights of a matrix that share a few values (Han, Mao and Dally 2016). Zeros stay zeros."""

    clusters: int = Field(default=16, ge=2, le=256, description="Distinct values of each matrix.")
    tuning: TuneOptions = Field(default=TuneOptions(epochs=1), description="The training of the shared values.")


class QuantiseAwareOptions(Options):
    """A training in which weights and activations are rounded as int8 rounds them (Jacob et al. 2018)."""

    towards: Literal["int8", "dynamic_range", "full_int8"] = Field(
        default="int8",
        description="The conversion whose rounding is learned. int8 has a step for each output of a dense layer, the "
        "others one for all; full_int8 has one range of activations for all rows, the others one for each.",
    )
    tuning: TuneOptions = Field(default=TuneOptions(epochs=1), description="The training.")


class CalibrationOptions(Options):
    """From which rows full int8 learns how large activations are."""

    rows: int = Field(default=256, ge=1, description="Train rows, spread evenly.")


class CompressOptions(Options):
    """From a trained model to a small one."""

    steps: list[Method] = Field(default=["int8"], min_length=1, description="What is done, in order.")
    vocabulary: VocabularyOptions = Field(default=VocabularyOptions(), description="Of prune_vocabulary.")
    layers: LayerOptions = Field(default=LayerOptions(), description="Of drop_layers.")
    heads: UnitOptions = Field(default=UnitOptions(), description="Of prune_heads.")
    neurons: UnitOptions = Field(default=UnitOptions(), description="Of prune_neurons.")
    factorise: FactoriseOptions = Field(default=FactoriseOptions(), description="Of factorise.")
    fine_tune: TuneOptions = Field(default=TuneOptions(), description="Of fine_tune.")
    distil: DistilOptions = Field(default=DistilOptions(), description="Of distil.")
    prune: PruneOptions = Field(default=PruneOptions(), description="Of prune.")
    two_of_four: TuneOptions = Field(default=TuneOptions(), description="Of prune_2_of_4: the training after it.")
    cluster: ClusterOptions = Field(default=ClusterOptions(), description="Of cluster.")
    quantise_aware: QuantiseAwareOptions = Field(default=QuantiseAwareOptions(), description="Of quantise_aware.")
    calibration: CalibrationOptions = Field(default=CalibrationOptions(), description="Of full_int8.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_order(self.steps)
        last, towards = self.steps[-1], self.quantise_aware.towards
        if "quantise_aware" in self.steps and last in ("int8", "dynamic_range", "full_int8") and last != towards:
            raise ValueError(f"quantise_aware.towards: found {towards} in a chain to {last}; set it to {last}")
        if "factorise" in self.steps and not (self.factorise.dense_share or self.factorise.embedding_rank):
            raise ValueError("factorise: found neither dense_share nor embedding_rank; set one of them")
        return self

"""How to train."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.dp.config import PrivacyOptions
from tasks.fit.config import LOSSES, LossOptions, OptimizerOptions, SpeedOptions, StoppingOptions
from tasks.lessons.kinds import FewShotOptions, HeadStartOptions, RetrievalOptions
from tasks.lessons.mitigation.config import Method, MitigationOptions
from tasks.lessons.mitigation.refusals import check_mitigation
from tasks.lessons.privacy import check_private
from tasks.model.config import EncoderOptions
from tasks.options import LEARNED_COLUMNS, HeadKind, Options, Task


class HeadOptions(Options):
    """One thing that a text model with several heads tells."""

    column: str = Field(min_length=1, description="Column of the truth. Rows where it is missing teach other heads.")
    kind: HeadKind = Field(
        description="One class; labels with a semicolon between them; a number; or a BIO tag for each word, as "
        "whitespace parts them."
    )
    weight: float = Field(default=1.0, gt=0, description="How much its loss counts beside those of the others.")
    loss: LossOptions = Field(default=LossOptions(), description="What is made small.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.loss.check_for(self.kind)
        if self.loss.consistency:
            raise ValueError("loss.consistency: found in one of several heads; only text_classification has it")
        return self


class TrainOptions(Options):
    """One training: what kind of model, how long, on how many processes."""

    task: Task = Field(description="What is learned.")
    epochs: int = Field(default=3, ge=1, description="Passes over the training rows.")
    batch_size: int = Field(default=32, ge=1, description="Rows a step, over all workers together.")
    seed: int = Field(default=7, ge=0, description="Seed of the initial weights, the order of rows and dropout.")
    validation_share: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the train rows, by key, that are not learned from but measured after each epoch.",
    )
    optimizer: OptimizerOptions = Field(default=OptimizerOptions(), description="How weights move.")
    loss: LossOptions = Field(default=LossOptions(), description="What is made small.")
    stopping: StoppingOptions = Field(default=StoppingOptions(), description="When training ends early.")
    privacy: PrivacyOptions = Field(default=PrivacyOptions(), description="What the model may tell of single rows.")
    mitigation: MitigationOptions = Field(
        default=MitigationOptions(), description="What is done against differences between groups of persons."
    )
    speed: SpeedOptions = Field(default=SpeedOptions(), description="What makes a step fast.")
    strategy: Literal["single", "multi_worker", "parameter_server"] = Field(
        default="multi_worker",
        description="One process; workers that share each batch and wait for each other; or workers that take whole "
        "batches and do not wait.",
    )
    workers: int = Field(default=1, ge=0, description="Processes that learn; 0: one a core, at most two.")
    max_restarts: int = Field(default=2, ge=0, description="Times that dead or stuck workers are started again.")
    deadline_minutes: float = Field(default=0.0, ge=0, description="Time after which training is given up; 0: never.")
    checkpoint_steps: int = Field(
        default=0, ge=0, description="Steps between two checkpoints; 0: a twentieth of an epoch."
    )
    keep_checkpoints: int = Field(default=2, ge=1, description="Checkpoints kept, besides the best one.")
    encoder: EncoderOptions = Field(default=EncoderOptions(), description="The pretrained encoder of a text model.")
    start_from: str = Field(
        default="",
        description="Model to go on from: models:/NAME/VERSION, models:/NAME@ALIAS, or a package's folder; "
        "empty: pretrained weights, or new ones.",
    )
    head_start: HeadStartOptions = Field(default=HeadStartOptions(), description="Where a new head begins.")
    few_shot: FewShotOptions = Field(default=FewShotOptions(), description="Classes of texts from few rows.")
    retrieval: RetrievalOptions = Field(default=RetrievalOptions(), description="Wrong answers to learn from.")
    heads: list[HeadOptions] = Field(default=[], description="What a model of text_heads tells, each by a head.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Share of activations dropped in training.")
    weight: str = Field(
        default="", description="Number column that says how much a row counts in the loss; empty: all rows alike."
    )
    numeric: list[str] = Field(default=[], description="Number columns of a tabular model.")
    categorical: list[str] = Field(default=[], description="Category columns of a tabular model.")
    numeric_encoding: Literal["bins", "standard"] = Field(
        default="bins",
        description="Numbers of a tabular model: standardised, or so and in bins between quantiles of the train split.",
    )
    rare_rows: int = Field(
        default=1,
        ge=1,
        description="Categories with fewer train rows share the place of unknown ones, which so learns.",
    )
    hidden_units: list[int] = Field(default=[128, 64], description="Widths of a tabular model's layers.")
    embedding_size: int = Field(default=32, ge=1, description="Factors of a rating or ranking model.")
    negatives: int = Field(
        default=4, ge=1, description="Items not taken that a ranking model holds against each that was."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.task == "tabular_classification" and not (self.numeric or self.categorical):
            raise ValueError("numeric, categorical: found neither; a tabular model needs a feature column")
        twice = set(self.numeric) & set(self.categorical)
        if twice:
            raise ValueError(f"numeric, categorical: found {sorted(twice)} in both; name each once")
        if self.strategy == "single" and self.workers > 1:
            raise ValueError(f"workers: found {self.workers} with strategy single; take 1, or strategy multi_worker")
        if self.strategy == "parameter_server":
            self._check_asynchronous()
        self._check_fit()
        self._check_start()
        self._check_heads()
        if self.privacy.is_on:
            check_private(self)
        if self.mitigation.is_on:
            check_mitigation(self)
        return self

    def mitigated_by(self, method: Method) -> TrainOptions:
        """The same training with another mitigation."""
        return self.model_copy(update={"mitigation": self.mitigation.model_copy(update={"method": method})})

    @property
    def learned_columns(self) -> tuple[str, ...]:
        """Columns that are read of the data, besides who a row is and how much it counts."""
        heads = [head.column for head in self.heads]
        protected = self.mitigation.protected if self.mitigation.is_on else []
        read = [*LEARNED_COLUMNS[self.task], *heads, *self.numeric, *self.categorical, *protected]
        return tuple(dict.fromkeys(read))

    def _check_heads(self) -> None:
        if bool(self.heads) != (self.task == "text_heads"):
            found = f"{len(self.heads)} heads with {self.task}" if self.heads else "none"
            raise ValueError(f"heads: found {found}; the task text_heads has one or more, and no other task has any")
        columns = [head.column for head in self.heads]
        told = ["text", *columns, *(f"{column}_score" for column in columns)]
        twice = sorted({column for column in told if told.count(column) > 1})
        if twice:
            raise ValueError(f"heads: found the column {twice[0]} twice; each is read once, and told with its _score")
        if self.heads and self.loss != LossOptions():
            raise ValueError("loss: found one with text_heads; give each of heads its own")

    def _check_start(self) -> None:
        if (self.encoder.weights or self.encoder.lora.rank) and not self.task.startswith("text"):
            raise ValueError(f"encoder.weights, encoder.lora: found with {self.task}; only text tasks have an encoder")
        if self.few_shot.enabled and (self.loss.name or self.loss.label_smoothing):
            raise ValueError("few_shot.enabled: found with a loss; pairs have few_shot.loss, set name or smoothing not")
        if self.retrieval.refresh == "epoch" and not self.retrieval.hard_negatives:
            raise ValueError("retrieval.refresh: found epoch and no hard_negatives; say how many")
        if self.start_from and self.encoder.weights:
            raise ValueError("start_from, encoder.weights: found both; a model brings its own encoder, leave one out")
        if self.few_shot.enabled and (self.task != "text_classification" or self.weight):
            found = f"with weight {self.weight!r}" if self.weight else f"with {self.task}"
            raise ValueError(f"few_shot.enabled: found {found}; only text_classification without weights has it")
        if self.head_start.enabled and (self.task != "text_classification" or self.few_shot.enabled or self.start_from):
            beside = "few_shot" if self.few_shot.enabled else "start_from" if self.start_from else self.task
            raise ValueError(f"head_start.enabled: found with {beside}; only a new text_classification has it")
        if self.retrieval.hard_negatives and self.task != "text_retrieval":
            raise ValueError(f"retrieval.hard_negatives: found with {self.task}; only text_retrieval has them")

    def _check_asynchronous(self) -> None:
        """What needs all weights to move at once, or a process that computes steps itself, is not there."""
        if self.optimizer.average_decay:
            raise ValueError(
                f"optimizer.average_decay: found {self.optimizer.average_decay} with strategy parameter_server, whose "
                "weights move at any time; take optimizer.average_epochs, or strategy multi_worker"
            )
        if self.speed.precision != "float32":
            raise ValueError(
                f"speed.precision: found {self.speed.precision} with strategy parameter_server; allowed: float32"
            )
        if self.speed.xla == "on":
            raise ValueError("speed.xla: found on with strategy parameter_server; allowed: auto, off")

    def _check_fit(self) -> None:
        if self.task in LOSSES:
            self.loss.check_for(self.task)
        if self.loss.consistency and (self.task != "text_classification" or self.few_shot.enabled):
            beside = "few_shot" if self.few_shot.enabled else self.task
            raise ValueError(f"loss.consistency: found with {beside}; only text_classification has it")
        if self.stopping.patience and not self.validation_share:
            raise ValueError(
                f"stopping.patience: found {self.stopping.patience} and no rows to measure; set validation_share too"
            )
        if self.stopping.patience and self.optimizer.average_epochs:
            raise ValueError("optimizer.average_epochs: found with stopping.patience; set one, or use average_decay")
        if self.optimizer.layer_decay < 1 and not self.task.startswith("text"):
            raise ValueError(f"optimizer.layer_decay: found with {self.task}; only text tasks have an encoder's layers")
        self._check_pairs()

    def _check_pairs(self) -> None:
        """What pairs of texts can't have: a batch in parts, and one length for all."""
        told_apart = self.task == "text_retrieval" or (self.few_shot.enabled and self.few_shot.loss == "contrastive")
        if self.optimizer.accumulate_steps > 1 and told_apart:
            raise ValueError(
                "optimizer.accumulate_steps: found where rows of a batch are each other's wrong answers; "
                "lower batch_size in its place"
            )
        if self.speed.xla == "on" and (self.task == "text_retrieval" or self.few_shot.enabled):
            raise ValueError("speed.xla: found on where texts come in pairs, each of its own length; leave it at auto")

"""A folder of weights as they are published: `config.json`, `model.safetensors` and `tokenizer.json`.

Tensors are named as in Hugging Face's BertModel, whatever stands before. RoBERTa and its kin are the same model, but
count positions from one after the padding token's id. Others (ALBERT shares layers, MPNet and T5 have relative
positions, DistilBERT and DeBERTa other layers) are refused. Nothing is loaded here but the headers of files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open

from infra.errors import SourceError
from tasks.model.config import Pooling
from tasks.model.sizes import EncoderConfig

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
PICKLES = ("pytorch_model.bin", "model.pt", "model.pkl")
OFFSET_FAMILIES = ("roberta", "xlm-roberta", "camembert")  # positions begin after the padding token's id
SUPPORTED: Mapping[str, tuple[str, ...]] = {
    "model_type": ("bert", *OFFSET_FAMILIES),
    "hidden_act": ("gelu",),
    "position_embedding_type": ("absolute",),
    "is_decoder": ("False",),
}
FLOATS = ("F32", "F16")
_ANCHOR = "embeddings.word_embeddings.weight"
_OLD_NAMES = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}

Shape = tuple[int, ...]


class PublishedConfig(BaseModel):
    """What of `config.json` decides the sizes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model_type: str = "bert"
    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    layer_norm_eps: float = 1e-12
    type_vocab_size: int = 2
    pad_token_id: int | None = 0

    @property
    def first_position(self) -> int:
        """Rows of the table of positions that no token of a text has."""
        return (self.pad_token_id or 0) + 1 if self.model_type in OFFSET_FAMILIES else 0


@dataclass(frozen=True)
class Published:
    """A folder that was checked.

    Attributes:
        names: for each tensor's name in BertModel, its name in the file.
    """

    folder: Path
    config: PublishedConfig
    names: dict[str, str]

    def sizes(self, pooling: Pooling) -> EncoderConfig:
        """What `build_encoder` builds for these weights."""
        fields = {name: getattr(self.config, name) for name in EncoderConfig.model_fields if name != "pooling"}
        fields["max_position_embeddings"] -= self.config.first_position
        return EncoderConfig(**fields, pooling=pooling)

    def digest(self) -> str:
        """SHA-256 over the three files; where they lie, and what lies beside them, does not count."""
        total = hashlib.sha256()
        for name in (CONFIG, WEIGHTS, TOKENIZER):
            with (self.folder / name).open("rb") as content:
                total.update(hashlib.file_digest(content, "sha256").digest())
        return total.hexdigest()


def open_published(folder: Path) -> Published:
    """The weights in `folder`, if they are of a kind that the encoder computes, and whole.

    Raises:
        SourceError: they are not; it says what is in the way.
    """
    _check_files(folder)
    config = _read_config(folder)
    shapes = _read_shapes(folder)
    names = _names(folder, config, shapes)
    _check_tokenizer(folder, config)
    return Published(folder, config, names)


def refused(folder: Path, found: str, allowed: str) -> SourceError:
    """The error for weights that can't be used."""
    return SourceError(
        f"encoder weights in {folder}",
        found=found,
        allowed=allowed,
        action="Give another folder in train.encoder.weights; if Lepton fetched it, delete the folder: it comes anew.",
    )


def _check_files(folder: Path) -> None:
    allowed = f"a folder with {CONFIG}, {WEIGHTS} and {TOKENIZER}"
    if not folder.is_dir():
        raise refused(folder, "no folder of that name", allowed)
    absent = [name for name in (CONFIG, WEIGHTS, TOKENIZER) if not (folder / name).is_file()]
    if not absent:
        return
    pickles = [name for name in PICKLES if (folder / name).exists()]
    if WEIGHTS in absent and pickles:
        found = f"{pickles[0]}, a pickle, which can run any code when it is read, and no {WEIGHTS}"
        raise refused(folder, found, f"{allowed}; convert the pickle where you trust it")
    links = [name for name in absent if (folder / name).is_symlink()]
    raise refused(folder, f"a link {links[0]} to nowhere" if links else f"no {', '.join(absent)}", allowed)


def _read_config(folder: Path) -> PublishedConfig:
    try:
        raw: dict[str, Any] = dict(json.loads((folder / CONFIG).read_text(encoding="utf-8")))
        for name, allowed in SUPPORTED.items():
            if name in raw and str(raw[name]) not in allowed:
                raise refused(folder, f"{name} {raw[name]!r} in {CONFIG}", " or ".join(allowed))
        config = PublishedConfig.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise refused(folder, f"{CONFIG} with {first['loc'][0]}: {first['msg']}", "the sizes of a BERT") from None
    except (ValueError, TypeError) as error:
        raise refused(folder, f"{CONFIG} that can't be read ({error})", "a JSON object") from None
    if config.hidden_size % config.num_attention_heads:
        found = f"hidden_size {config.hidden_size} and num_attention_heads {config.num_attention_heads} in {CONFIG}"
        raise refused(folder, found, "a size that the heads divide")
    return config


def _read_shapes(folder: Path) -> dict[str, tuple[str, Shape]]:
    try:
        with safe_open(folder / WEIGHTS, "numpy") as content:
            slices = {name: content.get_slice(name) for name in content.keys()}  # noqa: SIM118 - no mapping
            return {name: (part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()}
    except (OSError, SafetensorError) as error:
        raise refused(folder, f"{WEIGHTS} that is no whole safetensors file ({error})", "a whole file") from None


def _names(folder: Path, config: PublishedConfig, there: Mapping[str, tuple[str, Shape]]) -> dict[str, str]:
    """Where each tensor lies: names may begin with `bert.` or the like, and norms be called as in TensorFlow."""
    prefixes = [name.removesuffix(_ANCHOR) for name in there if name.endswith(_ANCHOR)]
    if len(prefixes) != 1:
        raise refused(folder, f"{len(prefixes)} tensors that end in {_ANCHOR}", "one, with or without a prefix")
    found: dict[str, str] = {}
    for name, shape in _shapes(config).items():
        module, last = name.rsplit(".", 2)[0], ".".join(name.rsplit(".", 2)[1:])
        spellings = (prefixes[0] + name, f"{prefixes[0]}{module}.{_OLD_NAMES.get(last, last)}")
        spelled = next((spelling for spelling in spellings if spelling in there), None)
        if spelled is None:
            raise refused(folder, f"no tensor {spellings[0]} in {WEIGHTS}", f"the tensors that {CONFIG} asks for")
        kind, size = there[spelled]
        if size != shape or kind not in FLOATS:
            raise refused(folder, f"{spelled} of {kind} {size}", f"{' or '.join(FLOATS)} {shape}, by {CONFIG}")
        found[name] = spelled
    return found


def _shapes(config: PublishedConfig) -> dict[str, Shape]:
    """The tensors of BertModel with their shapes; a dense layer's weight is (out, in)."""
    size, wide = config.hidden_size, config.intermediate_size
    tables = {
        "word": config.vocab_size,
        "position": config.max_position_embeddings,
        "token_type": config.type_vocab_size,
    }
    shapes: dict[str, Shape] = {f"embeddings.{name}_embeddings.weight": (rows, size) for name, rows in tables.items()}
    norms, dense = ["embeddings"], dict[str, Shape]()
    for layer in range(config.num_hidden_layers):
        prefix = f"encoder.layer.{layer}"
        dense |= {f"{prefix}.attention.self.{part}": (size, size) for part in ("query", "key", "value")}
        dense[f"{prefix}.attention.output.dense"] = (size, size)
        dense |= {f"{prefix}.intermediate.dense": (wide, size), f"{prefix}.output.dense": (size, wide)}
        norms += [f"{prefix}.attention.output", f"{prefix}.output"]
    for name, shape in dense.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    for name in norms:
        shapes |= {f"{name}.LayerNorm.{part}": (size,) for part in ("weight", "bias")}
    return shapes


def _check_tokenizer(folder: Path, config: PublishedConfig) -> None:
    from tokenizers import Tokenizer

    try:
        words = Tokenizer.from_file(str(folder / TOKENIZER)).get_vocab_size()
    except Exception as error:  # tokenizers raises bare Exception
        raise refused(folder, f"{TOKENIZER} that can't be read ({error})", "a tokeniser of tokenizers") from None
    if words > config.vocab_size:
        raise refused(folder, f"{words} words in {TOKENIZER}", f"up to {config.vocab_size}, the vocab_size of {CONFIG}")

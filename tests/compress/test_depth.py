from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from infra.errors import RecipeError
from tasks.compress.config import LayerOptions
from tasks.compress.depth import drop_layers, encoder_layers, evenly
from tasks.compress.subject import Subject
from tasks.compress.wiring import Wiring
from tasks.model.encoder import build_encoder
from tasks.model.names import named_weights, set_named_weights
from tasks.model.sizes import EncoderConfig
from tests.compress.subjects import outputs, parameters, tabular_subject, text_subject


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return text_subject(tmp_path_factory.mktemp("texts"), num_hidden_layers=4)


@pytest.mark.parametrize(
    ("count", "keep", "places"),
    [(6, 3, [0, 2, 5]), (6, 2, [0, 5]), (12, 6, [0, 2, 4, 7, 9, 11]), (12, 4, [0, 4, 7, 11]), (3, 1, [0])],
)
def test_layers_are_kept_evenly_from_the_lowest_to_the_highest(count: int, keep: int, places: list[int]) -> None:
    assert evenly(count, keep) == places


def test_layers_that_stay_are_as_they_were_under_their_names(texts: Subject) -> None:
    small = drop_layers(texts, LayerOptions(keep=2))
    before, after = named_weights(texts.network.exported), named_weights(small.network.exported)
    dropped = [name for name in before if name.startswith(("layer1_", "layer2_"))]
    assert set(after) == set(before) - set(dropped)
    assert all(np.array_equal(after[name], before[name]) for name in after)
    assert encoder_layers(Wiring(small.network).layers) == [0, 3]
    lost = sum(int(np.prod(before[name].shape)) for name in dropped)
    assert lost == 2 * (4 * 16 * 16 + 4 * 16 + 2 * 16 * 24 + 24 + 16 + 4 * 16)
    assert parameters(small.network) == parameters(texts.network) - lost
    assert [weight.shape for weight in small.network.head] == [weight.shape for weight in texts.network.head]


def test_it_gives_what_an_encoder_of_these_layers_gives(texts: Subject) -> None:
    """Against a shallow encoder, built as such, with the weights of the layers 0 and 3."""
    small = drop_layers(texts, LayerOptions(keep=2))
    shallow = build_encoder(
        EncoderConfig(
            vocab_size=8,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=24,
            max_position_embeddings=16,
            layer_norm_eps=1e-12,
        )
    )
    weights = named_weights(small.network.exported.get_layer("encoder"))
    set_named_weights(shallow, {name.replace("layer3_", "layer1_"): value.numpy() for name, value in weights.items()})
    arrays = texts.material.learned.inputs(np.arange(20))
    expected = shallow(arrays).numpy()
    assert small.network.exported.get_layer("encoder")(arrays).numpy() == pytest.approx(expected, abs=1e-5)
    assert np.abs(outputs(texts, small.network) - outputs(texts, texts.network)).max() > 1e-3


def test_there_must_be_layers_to_drop(texts: Subject, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"layers\.keep: found 4; allowed: fewer than the encoder's 4 layers"):
        drop_layers(texts, LayerOptions(keep=4))
    with pytest.raises(RecipeError, match=r"layers\.keep: found 1; allowed: fewer than the encoder's 1 layers"):
        drop_layers(text_subject(tmp_path, num_hidden_layers=1), LayerOptions(keep=1))
    with pytest.raises(RecipeError, match=r"drop_layers: found a model of tabular_classification without an encoder"):
        drop_layers(tabular_subject([4]), LayerOptions(keep=1))

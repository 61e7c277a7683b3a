"""Sentence networks for training (PyTorch; needs the `train` extra): the encoder with pooling, and a static table."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.encoder.network import WordEncoder, mean_vectors
from models.encoder.words import ROWS, SPECIALS, WORD_BUCKETS
from models.sentence.lexical import SHARE

_SIF = 1e-3


class SentenceNetwork(nn.Module):
    """What both networks share: the last step, in which what tells languages apart is taken out of the vectors.

    `center` and `directions` are set once after training (Yang et al. 2021, LIR): the mean of the languages' mean vectors,
    and the directions in which these lie apart. Until then they are zeros and change nothing.
    """

    def __init__(self, width: int, languages: int = 3) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("center", torch.zeros(width))
        self.register_buffer("directions", torch.zeros(languages - 1, width))

    def finish(self, vectors: Tensor) -> Tensor:
        """Return unit vectors without the languages' directions."""
        centred = vectors - self.get_buffer("center")
        across = self.get_buffer("directions")
        return functional.normalize(centred - centred @ across.T @ across, dim=-1)

    def neutralise(self, means: Tensor) -> None:
        """Take out the directions in which the languages' means `[languages, width]` lie apart."""
        center = means.mean(0)
        _, _, directions = torch.linalg.svd(means - center, full_matrices=False)
        self.get_buffer("center").copy_(center)
        self.get_buffer("directions").copy_(directions[: len(means) - 1])


class EncoderNetwork(SentenceNetwork):
    """The pretrained encoder, its words' mean as the sentence's vector."""

    def __init__(self, encoder: WordEncoder) -> None:
        super().__init__(encoder.shape.width)
        self.encoder = encoder

    def forward(self, ids: Tensor, weights: Tensor, places: Tensor) -> Tensor:
        return self.finish(mean_vectors(self.encoder(ids, weights, places), places))

    def from_vectors(self, vectors: Tensor, places: Tensor) -> Tensor:
        """Return sentence vectors from word vectors; this is what is exported."""
        return self.finish(mean_vectors(self.encoder.contextualise(vectors, places), places))


class StaticNetwork(SentenceNetwork):
    """A table of hashed words alone; frequent words count less by fixed weights (SIF, Arora et al. 2017)."""

    def __init__(self, table: Tensor, frequencies: NDArray[np.float64]) -> None:
        super().__init__(table.shape[1])
        self.table = nn.Embedding(ROWS, table.shape[1])
        with torch.no_grad():
            self.table.weight.copy_(table)
        shares = frequencies / max(1.0, frequencies.sum())
        self.register_buffer("bucket_weights", torch.from_numpy((_SIF / (_SIF + shares)).astype(np.float32)))

    def forward(self, ids: Tensor, weights: Tensor, places: Tensor) -> Tensor:
        composed = functional.embedding_bag(ids, self.table.weight, per_sample_weights=weights, mode="sum")
        buckets = (ids[:, 0] - SPECIALS) % WORD_BUCKETS  # the first row of a word is its own, the others are its n-grams'
        composed = composed * self.get_buffer("bucket_weights")[buckets].unsqueeze(1)
        rows = torch.cat([composed.new_zeros(SPECIALS, self.width), composed])
        return self.finish(functional.normalize(functional.embedding_bag(places, rows, mode="sum"), dim=-1))


def join_parts(meaning: Tensor, lexical: Tensor) -> Tensor:
    """Return what `models.sentence.lexical.join` returns, for training."""
    return functional.normalize(torch.cat([meaning, SHARE**0.5 * lexical], dim=1), dim=-1)


def contrast_both_ways(first: Tensor, second: Tensor, same: Tensor, temperature: float) -> Tensor:
    """Return InfoNCE both ways, row by row the same meaning; the other sentences of the own language are wrong answers too.

    `same` `[pairs, pairs]`: which rows are one sentence on either side, and are no wrong answers for each other.
    """
    own = torch.eye(len(first), dtype=torch.bool)
    across = (first @ second.T / temperature).masked_fill(same & ~own, -1e4)
    beside_first = (first @ first.T / temperature).masked_fill(same | own, -1e4)
    beside_second = (second @ second.T / temperature).masked_fill(same | own, -1e4)
    right = torch.arange(len(first))
    forth = functional.cross_entropy(torch.cat([across, beside_first], 1), right)
    back = functional.cross_entropy(torch.cat([across.T, beside_second], 1), right)
    return (forth + back) / 2

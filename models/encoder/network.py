"""The encoder's network (PyTorch; needs the `train` extra): hashed words, a projection, the layers of a small BERT.

The layers are PyTorch's own `TransformerEncoderLayer` in post-norm order, which is BERT's, so that the weights of
all-MiniLM-L6-v2 (Wang et al. 2020; Reimers & Gurevych 2019) fit in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.encoder.words import PAD, ROWS, SPECIALS, Batch


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """Sizes of an encoder. `embedding`: width of the word table, projected to `width`."""

    embedding: int = 192
    width: int = 384
    layers: int = 4
    heads: int = 12
    inner: int = 1536
    positions: int = 256
    rows: int = ROWS

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


class WordEncoder(nn.Module):
    """Texts to vectors: `[texts, length, width]`, special words included, padding not attended to."""

    def __init__(self, shape: EncoderShape, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape = shape
        self.table = nn.Embedding(shape.rows, shape.embedding)
        self.up = nn.Linear(shape.embedding, shape.width)
        self.position = nn.Embedding(shape.positions, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                shape.width, shape.heads, shape.inner, dropout, activation="gelu", layer_norm_eps=1e-12, batch_first=True
            )
            for _ in range(shape.layers)
        )
        nn.init.normal_(self.table.weight, std=0.05)

    def compose(self, ids: Tensor, weights: Tensor) -> Tensor:
        """Return word vectors `[unique, embedding]`: the weighted mean of each word's rows of the table."""
        if self.training:  # the same sum without the intermediate `[unique, ids, embedding]`
            bags: Tensor = functional.embedding_bag(ids, self.table.weight, per_sample_weights=weights, mode="sum")
            return bags
        means: Tensor = (self.table(ids) * weights.unsqueeze(-1)).sum(1)
        return means

    def forward(self, ids: Tensor, weights: Tensor, places: Tensor, extra: Tensor | None = None) -> Tensor:
        """Return the words' vectors in their context; `extra` `[texts, length, width]` is added before the layers."""
        return self.contextualise(torch.cat([self.table.weight[:SPECIALS], self.compose(ids, weights)]), places, extra)

    def contextualise(self, vectors: Tensor, places: Tensor, extra: Tensor | None = None) -> Tensor:
        """Run the layers over texts whose words' vectors `[special rows + unique words, embedding]` are known already."""
        where = torch.arange(places.shape[1], device=places.device)
        raised = self.up(functional.embedding(places, vectors)) + self.position(where)
        hidden = self.dropout(self.norm(raised if extra is None else raised + extra))
        padding = places == PAD
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=padding)
        contextual: Tensor = hidden
        return contextual


def as_tensors(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Return the three inputs of `WordEncoder.forward`."""
    return torch.from_numpy(batch.ids), torch.from_numpy(batch.weights), torch.from_numpy(batch.places)


def mean_vectors(hidden: Tensor, places: Tensor) -> Tensor:
    """Return one unit vector a text: the mean over its words, special words left out."""
    words = (places >= SPECIALS).unsqueeze(-1).to(hidden.dtype)
    summed = (hidden * words).sum(1) / words.sum(1).clamp(min=1)
    return functional.normalize(summed.float(), dim=-1)


def adopt_layers(encoder: WordEncoder, bert: dict[str, Tensor], take: tuple[int, ...]) -> None:
    """Copy positions, normalisation and the layers `take` of a BERT of the same width into the encoder."""
    state: dict[str, Any] = {
        "position.weight": bert["embeddings.position_embeddings.weight"][: encoder.shape.positions]
        + bert["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": bert["embeddings.LayerNorm.weight"],
        "norm.bias": bert["embeddings.LayerNorm.bias"],
    }
    for to, of in enumerate(take):
        source, target = f"encoder.layer.{of}.", f"layers.{to}."
        for kind in ("weight", "bias"):
            parts = [bert[f"{source}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            state[f"{target}self_attn.in_proj_{kind}"] = torch.cat(parts)
            for ours, theirs in _LAYER_PARTS.items():
                state[f"{target}{ours}.{kind}"] = bert[f"{source}{theirs}.{kind}"]
    missing = encoder.load_state_dict(state, strict=False).unexpected_keys
    if missing:
        raise ValueError(f"the encoder has no {missing[0]}")


_LAYER_PARTS = {
    "self_attn.out_proj": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "linear1": "intermediate.dense",
    "linear2": "output.dense",
    "norm2": "output.LayerNorm",
}

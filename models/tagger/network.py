"""The tagger's network (PyTorch; needs the `train` extra)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.encoder.network import WordEncoder
from models.encoder.words import SPECIALS
from models.tagger.examples import SEVERITIES, STANCES, Labels


@dataclass(frozen=True, slots=True)
class TaggerOutput:
    """Logits: narratives `[texts, N]`, evidence `[texts, N, length]`, stances `[texts, N, stances]`, sense, targets,
    severity `[texts, SEVERITIES - 1]` (at least 1, at least 2 …), offence and hate `[texts]`."""

    narratives: Tensor
    evidence: Tensor
    stances: Tensor
    sense: Tensor
    targets: Tensor
    severity: Tensor
    offence: Tensor
    hate: Tensor


class TaggerNetwork(nn.Module):
    """An encoder with heads. Every narrative attends to the passage with a query of its own (Yang et al. 2016); where it
    looks is its evidence, and what it finds there tells presence and stance."""

    def __init__(self, encoder: WordEncoder, labels: Labels, dropout: float = 0.2) -> None:
        super().__init__()
        width, count = encoder.shape.width, len(labels.narratives)
        self.encoder = encoder
        self.part = nn.Embedding(2, width)
        self.queries = nn.Parameter(torch.randn(count, width) * 0.02)
        self.keys = nn.Linear(width, width)
        self.lean = nn.Parameter(torch.zeros(count))
        self.presence = nn.Linear(2 * width, count)
        self.stance = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, len(STANCES)))
        self.label = nn.Parameter(torch.zeros(count, width))
        self.sense = nn.Linear(width, len(labels.senses))
        self.targets = nn.Linear(2 * width, len(labels.targets))
        self.severity = nn.Linear(2 * width, 1)
        self.steps = nn.Parameter(torch.linspace(1.0, -3.0, SEVERITIES - 1))
        self.public = nn.Linear(2 * width, 2)
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.part.weight)

    def forward(self, ids: Tensor, weights: Tensor, places: Tensor, starts: Tensor) -> TaggerOutput:
        """Tag texts; `starts` `[texts]`: the place in each text where the passage begins (1 without context)."""
        return self.tag(torch.cat([self.encoder.table.weight[:SPECIALS], self.encoder.compose(ids, weights)]), places, starts)

    def tag(self, vectors: Tensor, places: Tensor, starts: Tensor) -> TaggerOutput:
        """Tag texts whose words' vectors `[special rows + unique words, embedding]` are known already."""
        where = torch.arange(places.shape[1], device=places.device)
        inside = (where >= starts.unsqueeze(1)) & (places >= SPECIALS)
        hidden = self.encoder.contextualise(vectors, places, self.part(inside.long()))
        words = inside.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * words).sum(1) / words.sum(1).clamp(min=1)
        top = hidden.masked_fill(~inside.unsqueeze(-1), -1e4).amax(1)
        whole = self.dropout(torch.cat([mean, top], -1))
        every = (places >= SPECIALS).unsqueeze(-1).to(hidden.dtype)
        around = (hidden * every).sum(1) / every.sum(1).clamp(min=1)
        evidence = torch.einsum("btw,nw->bnt", self.keys(hidden), self.queries) + self.lean.unsqueeze(-1)
        looks = evidence.masked_fill(~inside.unsqueeze(1), -1e4).softmax(-1)
        found = self.dropout(torch.einsum("bnt,btw->bnw", looks, hidden))
        both = torch.cat([found, mean.unsqueeze(1).expand_as(found)], -1)
        return TaggerOutput(
            narratives=(both * self.presence.weight).sum(-1) + self.presence.bias,
            evidence=evidence,
            stances=self.stance(both + torch.cat([self.label, self.label], -1)),
            sense=self.sense(self.dropout(around)),
            targets=self.targets(whole),
            severity=self.severity(whole) + self.steps,
            offence=self.public(whole)[:, 0],
            hate=self.public(whole)[:, 1],
        )

"""The tagger's network (PyTorch; needs the `train` extra): heads over words' vectors, and the small encoder that feeds them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.encoder.network import WordEncoder, as_tensors
from models.encoder.words import SPECIALS, to_batch
from models.tagger.examples import SEVERITIES, STANCES, Example, Labels, inputs_of


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


class Loose(NamedTuple):
    """How loosely training reads: chances that a word comes mistyped, and that a passage comes without its context."""

    draw: random.Random
    mistyped: float
    without_context: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A batch as a network takes it. `spans`: where on the outputs' last axis each passage's own words stand; what lies
    beyond the words that a network can read is missing there."""

    tensors: tuple[Tensor, ...]
    spans: list[tuple[int, int]]


class TaggerHeads(nn.Module):
    """Heads over the vectors of words. Every narrative attends to the passage with a query of its own (Yang et al. 2016);
    where it looks is its evidence, and what it finds there tells presence and stance.

    A subclass brings an `encoder`, reads examples with `read` and runs them with `forward(*reading.tensors)`.
    """

    encoder: nn.Module

    def __init__(self, width: int, labels: Labels, dropout: float = 0.2) -> None:
        super().__init__()
        count = len(labels.narratives)
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

    def read(self, examples: Sequence[Example], loose: Loose | None = None) -> Reading:
        """Put examples into a batch; with `loose`, as training reads them."""
        raise NotImplementedError

    def judge(self, hidden: Tensor, inside: Tensor, every: Tensor) -> TaggerOutput:
        """Tag texts by their words' vectors `[texts, words, width]`; `inside`: the passage's own words, `every`: these and
        its context's."""
        words = inside.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * words).sum(1) / words.sum(1).clamp(min=1)
        top = hidden.masked_fill(~inside.unsqueeze(-1), -1e4).amax(1)
        whole = self.dropout(torch.cat([mean, top], -1))
        seen = every.unsqueeze(-1).to(hidden.dtype)
        around = (hidden * seen).sum(1) / seen.sum(1).clamp(min=1)
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


class TaggerNetwork(TaggerHeads):
    """The heads over the small encoder, which is told which words are the passage's own."""

    encoder: WordEncoder

    def __init__(self, encoder: WordEncoder, labels: Labels, dropout: float = 0.2) -> None:
        super().__init__(encoder.shape.width, labels, dropout)
        self.encoder = encoder
        self.part = nn.Embedding(2, encoder.shape.width)
        nn.init.zeros_(self.part.weight)

    def read(self, examples: Sequence[Example], loose: Loose | None = None) -> Reading:
        """Put examples into a batch of `forward`'s four inputs."""
        draw, *chances = loose or (None, 0.0, 0.0)
        given = [inputs_of(one, draw, mistyped=chances[0], without_context=chances[1]) for one in examples]
        starts = [1 + first for _, first in given]
        tensors = (*as_tensors(to_batch([words for words, _ in given])), torch.tensor(starts))
        return Reading(tensors, [(start, start + len(one.words)) for start, one in zip(starts, examples, strict=True)])

    def forward(self, ids: Tensor, weights: Tensor, places: Tensor, starts: Tensor) -> TaggerOutput:
        """Tag texts; `starts` `[texts]`: the place in each text where the passage begins (1 without context)."""
        return self.tag(torch.cat([self.encoder.table.weight[:SPECIALS], self.encoder.compose(ids, weights)]), places, starts)

    def tag(self, vectors: Tensor, places: Tensor, starts: Tensor) -> TaggerOutput:
        """Tag texts whose words' vectors `[special rows + unique words, embedding]` are known already."""
        where = torch.arange(places.shape[1], device=places.device)
        every = places >= SPECIALS
        inside = (where >= starts.unsqueeze(1)) & every
        hidden = self.encoder.contextualise(vectors, places, self.part(inside.long()))
        return self.judge(hidden, inside, every)

"""Trains the tagger: all heads together, over labelled passages, ordinary text and public sets."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.encoder.network import WordEncoder, as_tensors
from models.encoder.words import to_batch
from models.tagger.examples import SEVERITIES, Example, Labels, inputs_of
from models.tagger.network import TaggerNetwork, TaggerOutput

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TaggerOptions:
    """How the tagger is trained; the defaults are those of the shipped one."""

    epochs: int = 8
    batch: int = 32
    encoder_rate: float = 1.5e-4
    head_rate: float = 1e-3
    mistyped: float = 0.06
    without_context: float = 0.3
    masked: float = 0.05
    focus: float = 1.0  # exponent of the asymmetric loss on negatives (Ridnik et al. 2021)
    seed: int = 11


@dataclass(frozen=True)
class Scores:
    """Raw scores of examples, in order: logits as arrays, evidence as one `[narratives, words]` array an example."""

    narratives: NDArray[np.float32]
    stances: NDArray[np.float32]
    sense: NDArray[np.float32]
    targets: NDArray[np.float32]
    severity: NDArray[np.float32]
    offence: NDArray[np.float32]
    hate: NDArray[np.float32]
    evidence: list[NDArray[np.float32]]


def train_tagger(
    encoder: WordEncoder, examples: Sequence[Example], labels: Labels, options: TaggerOptions, say: Say
) -> TaggerNetwork:
    """Fit a tagger; the same inputs and options give the same weights on one machine."""
    torch.manual_seed(options.seed)
    draw = random.Random(options.seed)
    network = TaggerNetwork(encoder, labels)
    with torch.no_grad():
        network.presence.bias.fill_(-4.0)
    ours = list(encoder.parameters())
    heads = [one for name, one in network.named_parameters() if not name.startswith("encoder.")]
    optimiser = torch.optim.AdamW(
        [{"params": ours, "lr": options.encoder_rate}, {"params": heads, "lr": options.head_rate}], weight_decay=0.01, fused=True
    )
    batches = math.ceil(len(examples) / options.batch)
    total, step = batches * options.epochs, 0
    network.train()
    for epoch in range(options.epochs):
        started, losses = time.monotonic(), []
        for chosen in _shuffled(examples, options.batch, draw):
            with torch.autocast("cpu", dtype=torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
                output, offsets = _forward(network, chosen, options, draw)
            loss = _loss(output, chosen, offsets, options)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            for group, rate in zip(optimiser.param_groups, (options.encoder_rate, options.head_rate), strict=True):
                group["lr"] = rate * _share(step, total)
            optimiser.step()
            optimiser.zero_grad()
            step += 1
            losses.append(loss.item())
        say(f"epoch {epoch + 1} of {options.epochs}: loss {np.mean(losses):.4f}, {time.monotonic() - started:.0f} s")
    return network.eval()


def _share(step: int, total: int) -> float:
    """Return the share of the full rate: a rise over the first tenth, then a cosine down to nothing."""
    rise = max(1, total // 10)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))


def _shuffled(examples: Sequence[Example], size: int, draw: random.Random) -> list[list[Example]]:
    """Return batches of texts of about the same length, in random order."""
    order = sorted(examples, key=lambda one: len(one.words) + len(one.context) + draw.random() * 8)
    batches = [order[at : at + size] for at in range(0, len(order), size)]
    draw.shuffle(batches)
    return batches


def _forward(
    network: TaggerNetwork, chosen: Sequence[Example], options: TaggerOptions | None, draw: random.Random | None
) -> tuple[TaggerOutput, list[int]]:
    loose = (options.mistyped, options.without_context) if options else (0.0, 0.0)
    given = [inputs_of(one, draw, mistyped=loose[0], without_context=loose[1]) for one in chosen]
    batch = to_batch([words for words, _ in given])
    starts = torch.tensor([1 + start for _, start in given])
    return network(*as_tensors(batch), starts), [1 + start for _, start in given]


def _loss(output: TaggerOutput, chosen: Sequence[Example], offsets: Sequence[int], options: TaggerOptions) -> Tensor:
    weights = torch.tensor([one.weight for one in chosen])
    total = torch.zeros(())
    rows = [at for at, one in enumerate(chosen) if one.narratives is not None]
    if rows:
        mine = [chosen[at] for at in rows]
        truth = torch.from_numpy(np.stack([one.narratives for one in mine if one.narratives is not None]))
        total = total + _asymmetric(output.narratives[rows].float(), truth, weights[rows], options.focus)
        total = total + 0.5 * _evidence_loss(output, chosen, rows, offsets)
        stances = torch.from_numpy(np.stack([one.stances for one in mine if one.stances is not None]))
        if (stances >= 0).any():
            total = total + 0.5 * functional.cross_entropy(
                output.stances[rows].float().flatten(0, 1), stances.flatten(), ignore_index=-1
            )
        targets = torch.from_numpy(np.stack([one.targets for one in mine if one.targets is not None]))
        total = total + functional.binary_cross_entropy_with_logits(output.targets[rows].float(), targets)
    sense = torch.tensor([one.sense for one in chosen])
    if (sense >= 0).any():
        total = total + 0.3 * functional.cross_entropy(output.sense.float(), sense, ignore_index=-1)
    severity = torch.tensor([one.severity for one in chosen])
    if (severity >= 0).any():
        some = severity >= 0
        reached = (severity[some].unsqueeze(1) >= torch.arange(1, SEVERITIES)).float()
        total = total + 0.3 * functional.binary_cross_entropy_with_logits(output.severity[some].float(), reached)
    for name in ("offence", "hate"):
        truth = torch.tensor([float(getattr(one, name)) for one in chosen])
        if (truth >= 0).any():
            some = truth >= 0
            total = total + 0.5 * functional.binary_cross_entropy_with_logits(getattr(output, name)[some].float(), truth[some])
    return total


def _asymmetric(logits: Tensor, truth: Tensor, weights: Tensor, focus: float) -> Tensor:
    """Binary cross-entropy, summed over narratives, in which negatives that are already told apart count little."""
    plain = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    factor = torch.where(truth > 0.5, torch.ones_like(logits), logits.sigmoid() ** focus)
    return (plain * factor.detach() * weights.unsqueeze(1)).sum(1).mean()


def _evidence_loss(output: TaggerOutput, chosen: Sequence[Example], rows: Sequence[int], offsets: Sequence[int]) -> Tensor:
    losses = []
    for at in rows:
        one = chosen[at]
        if one.evidence is None or one.told is None:
            continue
        known = np.flatnonzero(one.told)
        if len(known):
            logits = output.evidence[at][known, offsets[at] : offsets[at] + len(one.words)].float()
            losses.append(functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(one.evidence[known])))
    return torch.stack(losses).mean() if losses else torch.zeros(())


def score(network: TaggerNetwork, examples: Sequence[Example], batch: int = 64) -> Scores:
    """Run a tagger over examples; results come back in their order."""
    order = sorted(range(len(examples)), key=lambda at: len(examples[at].words) + len(examples[at].context))
    found: dict[str, list[NDArray[np.float32]]] = {name: [] for name in Scores.__dataclass_fields__ if name != "evidence"}
    evidence: list[NDArray[np.float32]] = [np.zeros((0, 0), np.float32)] * len(examples)
    network.eval()
    with torch.inference_mode():
        for first in range(0, len(order), batch):
            places = order[first : first + batch]
            output, offsets = _forward(network, [examples[at] for at in places], None, None)
            for name, parts in found.items():
                parts.append(getattr(output, name).float().numpy())
            for row, (at, offset) in enumerate(zip(places, offsets, strict=True)):
                evidence[at] = output.evidence[row, :, offset : offset + len(examples[at].words)].float().numpy()
    back = np.argsort(order)
    return Scores(**{name: np.concatenate(parts)[back] for name, parts in found.items()}, evidence=evidence)

"""Trains the tagger: all heads together, over labelled passages, ordinary text and public sets."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.checkpoints import load_checkpoint, save_checkpoint
from models.encoder.network import WordEncoder
from models.tagger.body import TaggerBody, as_body
from models.tagger.examples import SEVERITIES, Example, Labels
from models.tagger.network import Loose, TaggerHeads, TaggerOutput

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
    focus: float = 1.0  # exponent of the asymmetric loss on negatives (Ridnik et al. 2021)
    evidence_weight: float = 1.0  # of the evidence loss, beside 1 of the narratives'
    seed: int = 11
    frozen_words: bool = True  # the word table stays as pretrained: a third of the time, and one table for all shipped networks
    accumulate: int = 1  # batches before the weights move: a large batch on a card with little memory


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


def pick_device() -> torch.device:
    """Return the graphics card where there is one that PyTorch can use, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train_tagger(
    encoder: WordEncoder | TaggerBody,
    examples: Sequence[Example],
    labels: Labels,
    options: TaggerOptions,
    say: Say,
    titles: Mapping[str, str] | None = None,
    state: Path | None = None,
) -> TaggerHeads:
    """Fit a tagger; the same inputs and options give the same weights on one machine.

    `titles`: text of a passage -> its headline as published, which examples hold folded only. `state`: a file written
    after every epoch, from which a run that was cut goes on; it is removed at the end.
    """
    torch.manual_seed(options.seed)
    device = pick_device()
    network = as_body(encoder).network(labels, titles or {})
    with torch.no_grad():
        network.presence.bias.fill_(-4.0)
    if options.frozen_words and isinstance(network.encoder, WordEncoder):
        network.encoder.table.weight.requires_grad_(False)
    network.to(device).train()
    optimiser = _optimiser(network, options)
    done = int(load_checkpoint(state, network, optimiser).get("epoch", 0)) if state is not None else 0
    for epoch in range(done, options.epochs):
        started = time.monotonic()
        loss = _epoch(network, examples, optimiser, options, epoch)
        if state is not None:
            save_checkpoint(state, network, optimiser, {"epoch": str(epoch + 1)})
        say(f"epoch {epoch + 1} of {options.epochs}: loss {loss:.4f}, {time.monotonic() - started:.0f} s")
    if state is not None:
        state.unlink(missing_ok=True)
    return network.cpu().eval()


def _epoch(
    network: TaggerHeads,
    examples: Sequence[Example],
    optimiser: torch.optim.Optimizer,
    options: TaggerOptions,
    epoch: int,
) -> float:
    """See every example once; return the mean loss. Every epoch draws for itself, so that it can be run anew."""
    torch.manual_seed(options.seed + epoch)
    loose = Loose(random.Random(options.seed + epoch), options.mistyped, options.without_context)
    batches = math.ceil(len(examples) / options.batch)
    total, losses = math.ceil(batches / options.accumulate) * options.epochs, []
    step = total // options.epochs * epoch
    for at, chosen in enumerate(_shuffled(examples, options.batch, loose.draw), start=1):
        losses.append(_backward(network, chosen, options, loose))
        if at % options.accumulate and at < batches:
            continue
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group, rate in zip(optimiser.param_groups, (options.encoder_rate, options.head_rate), strict=True):
            group["lr"] = rate * _share(step, total)
        optimiser.step()
        optimiser.zero_grad()
        step += 1
    return float(np.mean(losses))


def _optimiser(network: TaggerHeads, options: TaggerOptions) -> torch.optim.Optimizer:
    heads = [one for name, one in network.named_parameters() if not name.startswith("encoder.")]
    groups = [
        {"params": [one for one in network.encoder.parameters() if one.requires_grad], "lr": options.encoder_rate},
        {"params": heads, "lr": options.head_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)


def _backward(network: TaggerHeads, chosen: Sequence[Example], options: TaggerOptions, loose: Loose) -> float:
    """Add the gradients of one batch; return its loss."""
    reading = network.read(chosen, loose)
    with _half(network):
        output = network(*_to(reading.tensors, network))
    loss = _loss(output, chosen, reading.spans, options)
    (loss / options.accumulate).backward()
    return loss.item()


def _to(tensors: Sequence[Tensor], network: TaggerHeads) -> tuple[Tensor, ...]:
    device = network.queries.device
    return tuple(tensor.to(device, non_blocking=True) for tensor in tensors)


@contextmanager
def _half(network: TaggerHeads) -> Iterator[None]:
    """Compute in bfloat16."""
    kind = network.queries.device.type
    with torch.autocast(kind, dtype=torch.bfloat16):
        if kind == "cpu":
            with sdpa_kernel(SDPBackend.MATH):  # the fused kernel is slower backwards on short texts
                yield
        else:
            yield


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


def _loss(output: TaggerOutput, chosen: Sequence[Example], spans: Sequence[tuple[int, int]], options: TaggerOptions) -> Tensor:
    device = output.narratives.device
    weights = torch.tensor([one.weight for one in chosen], device=device)
    total = torch.zeros((), device=device)
    rows = [at for at, one in enumerate(chosen) if one.narratives is not None]
    if rows:
        mine = [chosen[at] for at in rows]
        truth = torch.from_numpy(np.stack([one.narratives for one in mine if one.narratives is not None])).to(device)
        total = total + _asymmetric(output.narratives[rows].float(), truth, weights[rows], options.focus)
        total = total + options.evidence_weight * _evidence_loss(output, chosen, rows, spans)
        stances = torch.from_numpy(np.stack([one.stances for one in mine if one.stances is not None])).to(device)
        if (stances >= 0).any():
            total = total + 0.5 * functional.cross_entropy(
                output.stances[rows].float().flatten(0, 1), stances.flatten(), ignore_index=-1
            )
        targets = torch.from_numpy(np.stack([one.targets for one in mine if one.targets is not None])).to(device)
        total = total + functional.binary_cross_entropy_with_logits(output.targets[rows].float(), targets)
    sense = torch.tensor([one.sense for one in chosen], device=device)
    if (sense >= 0).any():
        total = total + 0.3 * functional.cross_entropy(output.sense.float(), sense, ignore_index=-1)
    severity = torch.tensor([one.severity for one in chosen], device=device)
    if (severity >= 0).any():
        some = severity >= 0
        reached = (severity[some].unsqueeze(1) >= torch.arange(1, SEVERITIES, device=device)).float()
        total = total + 0.3 * functional.binary_cross_entropy_with_logits(output.severity[some].float(), reached)
    for name in ("offence", "hate"):
        truth = torch.tensor([float(getattr(one, name)) for one in chosen], device=device)
        if (truth >= 0).any():
            some = truth >= 0
            total = total + 0.5 * functional.binary_cross_entropy_with_logits(getattr(output, name)[some].float(), truth[some])
    return total


def _asymmetric(logits: Tensor, truth: Tensor, weights: Tensor, focus: float) -> Tensor:
    """Binary cross-entropy, summed over narratives, in which negatives that are already told apart count little."""
    plain = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    factor = torch.where(truth > 0.5, torch.ones_like(logits), logits.sigmoid() ** focus)
    return (plain * factor.detach() * weights.unsqueeze(1)).sum(1).mean()


def _evidence_loss(
    output: TaggerOutput, chosen: Sequence[Example], rows: Sequence[int], spans: Sequence[tuple[int, int]]
) -> Tensor:
    losses = []
    for at in rows:
        one, (first, last) = chosen[at], spans[at]
        if one.evidence is None or one.told is None or last == first:
            continue
        known = np.flatnonzero(one.told)
        if len(known):
            logits = output.evidence[at][known, first:last].float()
            truth = torch.from_numpy(one.evidence[known, : last - first]).to(logits.device)
            losses.append(functional.binary_cross_entropy_with_logits(logits, truth))
    return torch.stack(losses).mean() if losses else torch.zeros((), device=output.evidence.device)


def score(network: TaggerHeads, examples: Sequence[Example], batch: int = 64) -> Scores:
    """Run a tagger over examples; results come back in their order."""
    order = sorted(range(len(examples)), key=lambda at: len(examples[at].words) + len(examples[at].context))
    found: dict[str, list[NDArray[np.float32]]] = {name: [] for name in Scores.__dataclass_fields__ if name != "evidence"}
    evidence: list[NDArray[np.float32]] = [np.zeros((0, 0), np.float32)] * len(examples)
    network.eval()
    with torch.inference_mode():
        for first in range(0, len(order), batch):
            places = order[first : first + batch]
            reading = network.read([examples[at] for at in places])
            output = network(*_to(reading.tensors, network))
            for name, parts in found.items():
                parts.append(getattr(output, name).float().cpu().numpy())
            for row, (at, (begin, end)) in enumerate(zip(places, reading.spans, strict=True)):
                evidence[at] = output.evidence[row, :, begin:end].float().cpu().numpy()
    back = np.argsort(order)
    return Scores(**{name: np.concatenate(parts)[back] for name, parts in found.items()}, evidence=evidence)

"""Pretraining of the encoder: masked words on text, and sentence vectors taught by an English model on translations.

Masked words as in BERT (Devlin et al. 2019), whole words at 15 %. Translations as in Reimers & Gurevych 2020: a sentence's
vector is drawn to the teacher's vector of its English translation, and told from the other sentences of the batch
(InfoNCE); Albanian and Serbian versions of one sentence are drawn to each other the same way. Words begin with the
teacher's vectors of their dictionary translations (Minixhofer et al. 2022, WECHSEL), spread over their n-grams by regression.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from eho.folding import fold_text
from models.checkpoints import load_checkpoint, save_checkpoint
from models.encoder.network import EncoderShape, WordEncoder, adopt_layers, as_tensors, mean_vectors
from models.encoder.sets import Translation, read_dictionary, read_texts, read_translations, vocabulary
from models.encoder.teacher import encode_english, english_words, teacher_weights
from models.encoder.words import MASK, folded_words, id_matrix, to_batch

Say = Callable[[str], None]
T = TypeVar("T")
_TEACHER_LAYERS = 6
_STATE = "checkpoint.safetensors"


@dataclass(frozen=True, slots=True)
class PretrainOptions:
    """How long and how fast; `words_a_step` of text and as many of translations go into each step."""

    steps: int = 1500
    words_a_step: int = 4096
    rate: float = 4e-4
    warmup: float = 0.05
    masked: float = 0.15
    temperature: float = 0.05
    vocabulary: int = 24_000
    fit_steps: int = 1200
    seed: int = 7
    checkpoint_every: int = 100
    text_weight: float = 1.0
    pair_weight: float = 2.0


class MaskedWordHead(nn.Module):
    """Guesses a masked word among the frequent ones; thrown away after pretraining."""

    def __init__(self, shape: EncoderShape, words: int) -> None:
        super().__init__()
        self.down = nn.Linear(shape.width, shape.embedding)
        self.norm = nn.LayerNorm(shape.embedding)
        self.words = nn.Linear(shape.embedding, words)

    def forward(self, hidden: Tensor) -> Tensor:
        scores: Tensor = self.words(self.norm(functional.gelu(self.down(hidden))))
        return scores


def new_encoder(
    shape: EncoderShape, dictionary: Sequence[tuple[str, list[str]]], options: PretrainOptions, say: Say
) -> WordEncoder:
    """Return an encoder with the teacher's layers (spread evenly) and words that begin with their translations' vectors."""
    torch.manual_seed(options.seed)
    encoder = WordEncoder(shape, dropout=0.0)
    take = tuple(round(at * (_TEACHER_LAYERS - 1) / max(1, shape.layers - 1)) for at in range(shape.layers))
    adopt_layers(encoder, teacher_weights(), take)
    fit_words(encoder, dictionary, options, say)
    return encoder


def fit_words(encoder: WordEncoder, dictionary: Sequence[tuple[str, list[str]]], options: PretrainOptions, say: Say) -> None:
    """Set the projection to the teacher's principal directions, and regress the table on the words that have translations."""
    known, vectors = english_words()
    mean = vectors.mean(0)
    _, _, directions = torch.linalg.svd(vectors - mean, full_matrices=False)
    directions = directions[: encoder.shape.embedding]
    flat = (vectors - mean) @ directions.T
    entries = [(form, rows) for form, english in dictionary if (rows := [known[word] for word in english if word in known])]
    entries += [(word, [row]) for word, row in known.items() if len(word) > 3]
    targets = torch.stack([flat[rows].mean(0) for _, rows in entries])
    ids, weights = (torch.from_numpy(part) for part in id_matrix(form for form, _ in entries))
    with torch.no_grad():
        encoder.up.weight.copy_(directions.T)
        encoder.up.bias.copy_(mean)
        encoder.table.weight.normal_(std=float(targets.std()) * 0.5)
    optimiser = torch.optim.Adam([encoder.table.weight], lr=2e-2)
    for step in range(options.fit_steps):
        some = torch.randint(len(entries), (2048,))
        loss = functional.mse_loss(encoder.compose(ids[some], weights[some]), targets[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for group in optimiser.param_groups:
            group["lr"] = 2e-2 * (1 - step / options.fit_steps)
        if step % 300 == 0:
            say(f"words fitted to translations: step {step}, error {loss.item() / float(targets.var()):.3f} of the variance")


class TextBatches:
    """Endless batches of masked text: words, places and the vocabulary rows to guess."""

    def __init__(self, texts: Sequence[Sequence[str]], known: Sequence[str], options: PretrainOptions) -> None:
        self._texts, self._options = texts, options
        self._row = {word: at for at, word in enumerate(known)}

    def __call__(self, step: int) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor, Tensor]:
        draw = random.Random(self._options.seed * 1_000_003 + step)
        start = [self._texts[draw.randrange(len(self._texts))] for _ in range(self._options.words_a_step // 6)]
        length = len(draw.choice(start))
        near = sorted(start, key=lambda words: abs(len(words) - length))
        chosen = near[: max(4, self._options.words_a_step // (length + 2))]
        batch = to_batch(chosen)
        places, answers = batch.places.copy(), np.full(batch.places.shape, -100, np.int64)
        for row, words in enumerate(chosen):
            for column, word in enumerate(words, start=1):
                if (answer := self._row.get(word)) is not None and draw.random() < self._options.masked:
                    answers[row, column] = answer
                    if draw.random() < 0.9:
                        places[row, column] = MASK
        ids, weights, _ = as_tensors(batch)
        flat = torch.from_numpy(answers).flatten()
        where = (flat != -100).nonzero().squeeze(1)
        return (ids, weights, torch.from_numpy(places)), where, flat[where]


class PairBatches:
    """Endless batches of sentences with the teacher's vectors, and of Albanian sentences with their Serbian versions."""

    def __init__(self, translations: Sequence[Translation], taught: NDArray[np.float32], options: PretrainOptions) -> None:
        self._options, self._taught = options, taught
        folded = [
            {lang: folded_words(fold_text(getattr(one, lang)), most=64) for lang in ("sq", "sr", "en")} for one in translations
        ]
        self._english = [
            (one[lang], at) for at, one in enumerate(folded) for lang in ("sq", "sr") if one["en"] and len(one[lang]) > 1
        ]
        self._english += [(one["en"], at) for at, one in enumerate(folded) if at % 3 == 0 and len(one["en"]) > 1]
        self._pairs = [(one["sq"], one["sr"]) for one in folded if min(len(one["sq"]), len(one["sr"])) > 1]

    def __call__(self, step: int) -> tuple[tuple[Tensor, Tensor, Tensor], int, Tensor]:
        """Return the inputs, how many texts are pairs (Albanian first, then Serbian), and the teacher's vectors of the rest."""
        draw = random.Random(self._options.seed * 7_919 + step)
        half = self._options.words_a_step // 2
        pairs = self._fill(draw, self._pairs, half, lambda pair: len(pair[0]) + len(pair[1]))
        rest = self._fill(draw, self._english, half, lambda one: len(one[0]))
        texts = [sq for sq, _ in pairs] + [sr for _, sr in pairs] + [words for words, _ in rest]
        return as_tensors(to_batch(texts)), len(pairs), torch.from_numpy(self._taught[[at for _, at in rest]])

    @staticmethod
    def _fill(draw: random.Random, rows: Sequence[T], most: int, size: Callable[[T], int]) -> list[T]:
        start = [rows[draw.randrange(len(rows))] for _ in range(most // 4)]
        middle = size(draw.choice(start))
        chosen: list[T] = []
        words = 0
        for row in sorted(start, key=lambda row: abs(size(row) - middle)):
            words += size(row) + 2
            if words > most and len(chosen) > 8:
                break
            chosen.append(row)
        return chosen


def pretrain(
    encoder: WordEncoder,
    texts: TextBatches,
    pairs: PairBatches | None,
    head: MaskedWordHead,
    out: Path,
    options: PretrainOptions,
    say: Say,
) -> WordEncoder:
    """Train until `options.steps`, from `out/checkpoint.safetensors` where there is one. Writes `out/encoder.safetensors`."""
    both = nn.ModuleDict({"encoder": encoder, "head": head})
    decayed = [one for one in both.parameters() if one.ndim > 1]
    plain = [one for one in both.parameters() if one.ndim < 2]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
        lr=options.rate,
        betas=(0.9, 0.98),
        fused=True,
    )
    step = int(load_checkpoint(out / _STATE, both, optimiser).get("step", 0))
    say(f"pretraining from step {step} to {options.steps}")
    encoder.train()
    seen, started, losses = 0, time.monotonic(), []
    while step < options.steps:
        torch.manual_seed(options.seed + step)
        losses.append(_one_step(encoder, head, texts, pairs, step, options))
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = options.rate * _rate(step, options)
        optimiser.step()
        optimiser.zero_grad()
        step += 1
        seen += options.words_a_step * (1 if pairs is None else 2)
        if step % 20 == 0:
            means = ", ".join(f"{name} {np.mean([one[name] for one in losses]):.3f}" for name in losses[0])
            say(f"step {step}: {means}; {seen / (time.monotonic() - started):.0f} words/s")
            losses = []
        if step % options.checkpoint_every == 0 or step == options.steps:
            _checkpoint(both, optimiser, step, out, options)
    return encoder.eval()


def pretrain_on(
    data: Path, out: Path, shape: EncoderShape, options: PretrainOptions, translated: Path | None, say: Say
) -> WordEncoder:
    """Pretrain on the sets below `data` whose licences let the weights be passed on, and on translations of corpus rows.

    A run that was stopped goes on from `out`. Raises InputError where the teacher's package is missing.
    """
    texts = read_texts(data)
    known = vocabulary(texts, options.vocabulary)
    translations = read_translations(data, extra=sorted(translated.glob("*.jsonl")) if translated else ())
    say(f"{len(texts)} texts of {sum(map(len, texts))} words, {len(translations)} translations")
    taught = np.zeros((len(translations), shape.width), np.float32)
    english = [at for at, one in enumerate(translations) if one.en]
    taught[english] = encode_english([translations[at].en for at in english])
    encoder = new_encoder(shape, read_dictionary(data), options, say)
    head = MaskedWordHead(shape, len(known))
    ids, weights = (torch.from_numpy(part) for part in id_matrix(known))
    with torch.no_grad():
        head.words.weight.copy_(encoder.compose(ids, weights) * 0.2)
        head.words.bias.zero_()
    batches = TextBatches(texts, known, options), PairBatches(translations, taught, options)
    return pretrain(encoder, *batches, head, out, options, say)


def _rate(step: int, options: PretrainOptions) -> float:
    warm = max(1, int(options.steps * options.warmup))
    if step < warm:
        return (step + 1) / warm
    return max(0.02, 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, options.steps - warm))))


def _one_step(
    encoder: WordEncoder, head: MaskedWordHead, texts: TextBatches, pairs: PairBatches | None, step: int, options: PretrainOptions
) -> dict[str, float]:
    inputs, where, answers = texts(step)
    with torch.autocast("cpu", dtype=torch.bfloat16), sdpa_kernel(SDPBackend.MATH):  # flash is slower backwards on short texts
        hidden = encoder(*inputs)
        masked = functional.cross_entropy(head(hidden.flatten(0, 1)[where]).float(), answers)
    (masked * options.text_weight).backward()
    told = {"masked": masked.item()}
    if pairs is not None:
        inputs, count, taught = pairs(step)
        with torch.autocast("cpu", dtype=torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            hidden = encoder(*inputs)
        vectors = mean_vectors(hidden, inputs[2])
        across = contrast(vectors[:count], vectors[count : 2 * count], options.temperature)
        taught_loss = (
            contrast(vectors[2 * count :], taught, options.temperature) + 4 * (1 - (vectors[2 * count :] * taught).sum(1)).mean()
        )
        ((across + taught_loss) * options.pair_weight * 0.5).backward()
        told |= {"across": across.item(), "taught": taught_loss.item()}
    return told


def contrast(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Return InfoNCE both ways between two lists of unit vectors, row by row the same meaning."""
    scores = first @ second.T / temperature
    right = torch.arange(len(first))
    return (functional.cross_entropy(scores, right) + functional.cross_entropy(scores.T, right)) / 2


def _checkpoint(both: nn.ModuleDict, optimiser: torch.optim.Optimizer, step: int, out: Path, options: PretrainOptions) -> None:
    save_checkpoint(out / _STATE, both, optimiser, {"step": str(step), "options": json.dumps(asdict(options))})
    encoder = cast(WordEncoder, both["encoder"])
    save_file({name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}, out / "encoder.safetensors")
    (out / "encoder.json").write_text(
        json.dumps({"shape": encoder.shape.to_dict(), "steps": step}, indent=1) + "\n", encoding="utf-8"
    )


def load_encoder(folder: Path) -> WordEncoder:
    """Read an encoder written by `pretrain`."""
    shape = EncoderShape(**json.loads((folder / "encoder.json").read_text(encoding="utf-8"))["shape"])
    encoder = WordEncoder(shape, dropout=0.0)
    encoder.load_state_dict(load_file(folder / "encoder.safetensors"))
    return encoder.eval()

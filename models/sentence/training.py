"""Trains a sentence encoder on translations: contrast alone (InfoNCE), from the pretrained text encoder.

    python -m models.sentence.training --encoder FOLDER --data FOLDER --out FOLDER [--static] [--translations FOLDER]

Each batch holds one pair of languages; a sentence is told from all other sentences of the batch in both languages (van den
Oord et al. 2018; Reimers & Gurevych 2020), and part of a batch are sentences that the present model mistakes for each
other (mined hard negatives, Xiong et al. 2021). Script and spelling need no variants: text is folded first.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from eho.errors import InputError
from eho.folding import fold_text
from models.corpus import bundled, json_lines
from models.encoder.network import as_tensors
from models.encoder.pretraining import load_encoder
from models.encoder.sets import PAIRS, Translation, read_translations
from models.encoder.words import SPECIALS, WORD_BUCKETS, to_batch, word_ids
from models.registry import ModelCard, require_new, write_card
from models.sentence.batches import SHARES, Pairs, Sentence, batch, mine, read_pairs, same_sentences
from models.sentence.export import write_encoder
from models.sentence.lexical import LexicalSketch, join, rarity_of
from models.sentence.loading import NETWORK_FORMAT, STATIC_FORMAT, load_sentence_encoder
from models.sentence.network import EncoderNetwork, StaticNetwork, contrast_both_ways, join_parts
from models.training import set_facts

Say = Callable[[str], None]
Network = EncoderNetwork | StaticNetwork
_HELD_OUT = 40  # one translation in so many is kept to measure; of the few news passages one in four
_HELD_OUT_NEWS = 4
_ENCODED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class SentenceOptions:
    """How long and how fast. `rate` None: 1e-4 for the network, 3e-3 for the table. `layers` None: all of the encoder's.

    `news`: with the bundled news passages and their Albanian versions.
    """

    static: bool = False
    steps: int = 300
    words_a_step: int = 4096
    rate: float | None = None
    warmup: float = 0.06
    temperature: float = 0.05
    hard: float = 0.5
    mine_every: int = 100
    pool: int = 3000
    layers: int | None = None
    neutralise: bool = True
    news: bool = True
    seed: int = 7

    @property
    def learning_rate(self) -> float:
        """Return the rate that is used."""
        return self.rate if self.rate is not None else (3e-3 if self.static else 1e-4)


def train_sentence(
    encoder: Path,
    data: Path,
    translations: Path | None,
    out: Path,
    *,
    name: str,
    version: str,
    options: SentenceOptions | None = None,
    made_on: date | None = None,
    say: Say = lambda line: None,
) -> ModelCard:
    """Train on the parallel sets below `data` that may ship and on translated corpus rows; write folder and card.

    `encoder`: a pretrained encoder's folder. Raises InputError where a folder is missing, ModelError where `out` holds a model.
    """
    chosen = options or SentenceOptions()
    require_new(out)
    if not (encoder / "encoder.json").is_file():
        raise InputError(f"{encoder} holds no pretrained encoder; make one with eho models train encoder.")
    extra = sorted(translations.glob("*.jsonl")) if translations is not None else []
    kept, measured_on = split(read_translations(data, extra=extra))
    news, news_measured_on = split(read_news() if chosen.news else [], one_in=_HELD_OUT_NEWS)
    pairs = read_pairs([*kept, *news], often=frozenset(news))
    say("; ".join(f"{'-'.join(languages)} {len(rows.rows)}" for languages, rows in pairs.items()) + " pairs to learn from")
    network = new_network(encoder, pairs, chosen)
    rarity = rarity_of([side for rows in pairs.values() for row in rows.rows for side in row])
    train(network, pairs, rarity, chosen, say)
    kind = STATIC_FORMAT if chosen.static else NETWORK_FORMAT
    write_encoder(out, network, rarity, {"name": name, "version": version, "format": kind})
    counts = {path.name.split(".")[0]: _count(path) for path in _files(data, extra)}
    card = _card(name, version, kind, made_on or datetime.now(UTC).date(), chosen, counts)
    write_card(out, card)  # the folder can be loaded from here on, so that what is measured is what was written
    measured = {
        "how": "one translation in forty was left out here, but the encoder's pretraining saw it; "
        "one news passage in four was never seen beside its translation",
        "held_out": _measure(out, read_pairs(measured_on)),
        "held_out_news": _measure(out, read_pairs(news_measured_on)),
    }
    say(str(measured))
    return write_card(out, ModelCard(**{**asdict(card), "measured": measured}))


def read_news() -> list[Translation]:
    """Return the bundled news passages of SETimes with their Albanian versions."""
    sides = ({row["id"]: row["text"] for _, row in json_lines(bundled(f"news_{lang}.jsonl"))} for lang in ("sq", "sr"))
    sq, sr = sides
    return [Translation(sq=sq[at], sr=sr[at]) for at in sq if at in sr]


def split(translations: Sequence[Translation], *, one_in: int = _HELD_OUT) -> tuple[list[Translation], list[Translation]]:
    """Return translations to learn from and one in so many to measure on, by hash; no sentence is on both sides."""

    def folded(one: Translation) -> list[str]:
        return [fold_text(side) for side in (one.sq, one.sr, one.en) if side]

    apart = [one for one in translations if zlib.crc32("\n".join(folded(one)).encode()) % one_in == 0]
    known = {side for one in apart for side in folded(one)}
    return [one for one in translations if known.isdisjoint(folded(one))], apart


def new_network(encoder: Path, pairs: Mapping[tuple[str, str], Pairs], options: SentenceOptions) -> Network:
    """Return a network that begins with the pretrained encoder's weights, or a table that begins with its words."""
    torch.manual_seed(options.seed)
    body = load_encoder(encoder)
    if options.static:
        sentences = (side for rows in pairs.values() for row in rows.rows for side in row)
        return StaticNetwork(body.table.weight.detach(), _frequencies(sentences))
    if options.layers is not None:
        take = {round(at * (len(body.layers) - 1) / max(1, options.layers - 1)) for at in range(options.layers)}
        body.layers = nn.ModuleList(layer for at, layer in enumerate(body.layers) if at in take)
    return EncoderNetwork(body)


def train(
    network: Network, pairs: Mapping[tuple[str, str], Pairs], rarity: NDArray[np.float32], options: SentenceOptions, say: Say
) -> Network:
    """Train for `options.steps`; the same seed gives the same weights."""
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=options.learning_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    languages = [one for one in SHARES if one in pairs]
    lexical = LexicalSketch(rarity)
    started, losses = time.monotonic(), []
    network.train()
    for step in range(options.steps):
        draw = random.Random(options.seed * 1_000_003 + step)
        if options.hard > 0 and step % options.mine_every == 0:
            for one in languages:
                mine(pairs[one], lambda texts: join(encode(network, texts), lexical.sketch(texts)), draw, pool=options.pool)
            network.train()
        chosen = pairs[draw.choices(languages, weights=[SHARES[one] for one in languages])[0]]
        rows = batch(chosen, draw, words=options.words_a_step, hard=options.hard)
        texts = [first for first, _ in rows] + [second for _, second in rows]
        inputs = as_tensors(to_batch(texts))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not options.static), sdpa_kernel(SDPBackend.MATH):
            vectors = network(*inputs).float()
        vectors = join_parts(vectors, torch.from_numpy(lexical.sketch(texts)))
        loss = contrast_both_ways(vectors[: len(rows)], vectors[len(rows) :], same_sentences(rows), options.temperature)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * _rate(step, options)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
        if (step + 1) % 20 == 0:
            say(f"step {step + 1}: loss {np.mean(losses):.3f}, {len(rows)} pairs; {time.monotonic() - started:.0f} s")
            losses = []
    if options.neutralise:
        network.neutralise(_language_means(network, pairs, options))
    return network.eval()


def encode(network: Network, texts: Sequence[Sentence]) -> NDArray[np.float32]:
    """Return the network's vectors of folded sentences."""
    network.eval()
    found = np.zeros((len(texts), network.width), np.float32)
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=isinstance(network, EncoderNetwork)):
        for start in range(0, len(order), _ENCODED_AT_ONCE):
            chosen = order[start : start + _ENCODED_AT_ONCE]
            found[chosen] = network(*as_tensors(to_batch([texts[at] for at in chosen]))).float().numpy()
    return found


def _language_means(network: Network, pairs: Mapping[tuple[str, str], Pairs], options: SentenceOptions) -> torch.Tensor:
    """Return the mean vector of each language over sentences that mean the same in pairs, so that topic does not differ."""
    draw = random.Random(options.seed)
    sums: dict[str, list[NDArray[np.float32]]] = {}
    for languages, rows in pairs.items():
        chosen = sorted(set(rows.draw(draw, 1000)))
        for side, lang in enumerate(languages):
            sums.setdefault(lang, []).append(encode(network, [rows.rows[at][side] for at in chosen]).mean(0))
    means = np.stack([np.mean(found, axis=0) for found in sums.values()])
    wanted = network.get_buffer("directions").shape[0] + 1
    rest = np.repeat(means.mean(0, keepdims=True), max(0, wanted - len(means)), axis=0)
    return torch.from_numpy(np.concatenate([means, rest]).astype(np.float32))


def _rate(step: int, options: SentenceOptions) -> float:
    warm = max(1, int(options.steps * options.warmup))
    return min((step + 1) / warm, 0.5 * (1 + math.cos(math.pi * max(0, step - warm) / max(1, options.steps - warm))) + 0.02)


def _frequencies(sentences: Any) -> NDArray[np.float64]:
    counts = np.zeros(WORD_BUCKETS)
    for sentence in sentences:
        np.add.at(counts, [(word_ids(form)[0] - SPECIALS) % WORD_BUCKETS for form in sentence], 1)
    return counts


def _measure(folder: Path, pairs: Mapping[tuple[str, str], Pairs]) -> dict[str, Any]:
    model = load_sentence_encoder(str(folder))
    found: dict[str, Any] = {}
    for languages, rows in pairs.items():
        first, second = (model.encode([" ".join(row[side]) for row in rows.rows]) for side in (0, 1))
        right = (first @ second.T).argmax(1) == np.arange(len(first))
        found["-".join(languages)] = {"pairs": len(right), "first_answer_right": round(float(right.mean()), 3)}
    return found


def _files(data: Path, extra: Sequence[Path]) -> list[Path]:
    return [path for name in PAIRS if (path := data / "parallel" / f"{name}.jsonl.gz").is_file()] + list(extra)


def _count(path: Path) -> int:
    return sum(1 for _ in json_lines(path))


def _card(name: str, version: str, kind: str, made_on: date, options: SentenceOptions, counts: Mapping[str, int]) -> ModelCard:
    public = tuple({"name": one, **set_facts(one), "rows": counts[one]} for one in PAIRS if one in counts)
    news = {"name": "news_sq, news_sr", **set_facts("news_sq"), "rows": len(read_news()) if options.news else 0}
    corpus = {
        "name": "corpus translations",
        "origin": "Eho narrative corpus, written for this project (synthetic), and its translations",
        "licence": "CC BY 4.0",
        "rows": sum(rows for one, rows in counts.items() if one not in PAIRS),
    }
    return ModelCard(
        name=name,
        version=version,
        format=kind,
        codebook="",
        made_on=made_on.isoformat(),
        intended_use="Search across Albanian, Serbian and English, and finding versions of one story. Vectors say what a text is "
        "about, not what it says of it: they are no features for narratives or stance.",
        limits=(
            "A denial lies near what it denies; numbers of equal length are one word.",
            "Trained on interface strings, parenting advice, everyday sentences and written passages; "
            "of news only some hundred passages of 2002–2012 (SETimes).",
            "Words after the 2,048th of a text are not read.",
        ),
        data=(*public, news, corpus, {"name": "options", "use": asdict(options)}),
        measured={},
        licence="AGPL-3.0-or-later",
    )


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="folder of a pretrained encoder")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets (EHO_DATA)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--translations", type=Path, help="folder of translated corpus rows")
    parser.add_argument("--name", help="the folder's name by default")
    parser.add_argument("--version", default="1")
    parser.add_argument("--static", action="store_true", help="a table alone instead of the network")
    defaults = SentenceOptions()
    for field in ("steps", "words_a_step", "temperature", "hard", "mine_every", "pool", "seed"):
        value = getattr(defaults, field)
        parser.add_argument(f"--{field.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--layers", type=int)
    given = vars(parser.parse_args())
    places = {key: given.pop(key) for key in ("encoder", "data", "translations", "out", "version")}
    name = given.pop("name") or places["out"].resolve().name
    train_sentence(**places, name=name, options=SentenceOptions(**given), say=_say)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()

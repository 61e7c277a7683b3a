"""`eho models train ner`: from entity sets to a model folder with its card."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from spacy.language import Language as SpacyLanguage
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from models.entities.recogniser import FORMAT, EntityShape, new_pipeline, save_pipeline
from models.entities.sets import NamedText, joined, read_silver, renamed, respelled, to_folded, training_rows
from models.registry import ModelCard, write_card
from models.training import set_facts

Say = Callable[[str], None]
SILVER = "silver: annotated by machine for this project, no native speaker has checked it"


@dataclass(frozen=True)
class EntityOptions:
    """How to train: the same seed and rows give the same weights."""

    shape: EntityShape = field(default_factory=EntityShape)
    epochs: int = 12
    seed: int = 20261121
    dropout: float = 0.25
    batch_words: int = 1200
    rate: float = 0.002
    silver_times: int = 3  # how often an Albanian passage comes in an epoch; there are thirty times as many others


def train_entities(
    data: Path,
    out: Path,
    *,
    name: str,
    version: str | None = None,
    made_on: date | None = None,
    options: EntityOptions | None = None,
    rows: Sequence[NamedText] | None = None,
    say: Say = lambda line: None,
) -> ModelCard:
    """Train on the sets below `data` (or on `rows`) and write the model to `out`; return its card.

    Raises InputError where there is no set to learn from.
    """
    options = options or EntityOptions()
    rows = training_rows(data, read_silver()) if rows is None else rows
    made_on = made_on or datetime.now(UTC).date()
    version = version or made_on.strftime("%Y.%m.%d")
    pipeline = fit(rows, options, say)
    save_pipeline(out, pipeline, options.shape, name=name, version=version)
    card = ModelCard(
        name=name,
        version=version,
        format=FORMAT,
        codebook="any",
        made_on=made_on.isoformat(),
        intended_use="Finds names so that public bodies and places can be searched; never to collect persons.",
        limits=(
            "Serbian and Croatian news of 2003 to 2013 and tweets: newer names and other kinds of text are found less well.",
            "Albanian is learnt from silver made by machine; its figures are agreement with that silver, not with people.",
            "Text in lower case only is read with many misses.",
            "Names of persons are found so that they can be left out: only those beside a public role are ever given out.",
        ),
        data=tuple(_data_row(source, mine) for source, mine in _by_source(rows)),
        measured={"how": "eho evaluate run --set entities; see docs/entities.md"},
        licence="CC BY-SA 4.0",
    )
    return write_card(out, card)


def fit(
    rows: Sequence[NamedText],
    options: EntityOptions,
    say: Say = lambda line: None,
) -> SpacyLanguage:
    """Train a fresh pipeline; averaged weights are what it keeps."""
    fix_random_seed(options.seed)
    draw = random.Random(options.seed)
    kinds = sorted({kind for row in rows for _, _, kind in row.spans})
    counts = dict.fromkeys(kinds, 1)
    labels = {"0": {"": 1}, "1": counts, "2": counts, "3": counts, "4": counts, "5": {"": 1}}
    pipeline = new_pipeline(options.shape, labels)
    optimizer = Adam(options.rate, L2=0.01, grad_clip=1.0, use_averages=True, L2_is_weight_decay=True)
    for epoch in range(options.epochs):
        optimizer.learn_rate = options.rate * (1 - 0.9 * epoch / options.epochs)
        losses: dict[str, float] = {}
        for batch in _batches(pipeline, rows, options, draw):
            pipeline.update(batch, drop=options.dropout, sgd=optimizer, losses=losses)
        say(f"epoch {epoch + 1} of {options.epochs}: loss {losses.get('ner', 0.0):.0f}")
    pipeline.use_params(optimizer.averages).__enter__()  # the averages stay for good
    return pipeline


def _batches(
    pipeline: SpacyLanguage, rows: Sequence[NamedText], options: EntityOptions, draw: random.Random
) -> Iterator[list[Example]]:
    """Yield an epoch's examples, newly joined and respelled, in batches of about equal numbers of words."""
    silver = [row for row in rows if row.lang == "sq"]
    gold = [row for row in rows if row.lang != "sq"]
    texts = [*joined(gold, draw), *(silver * options.silver_times)]
    draw.shuffle(texts)
    batch: list[Example] = []
    words = 0
    for row in texts:
        text, spans = respelled(*renamed(*to_folded(row), draw), draw)
        doc = pipeline.make_doc(text)
        if len(doc) == 0:
            continue
        batch.append(_example(doc, spans))
        words += len(doc)
        if words >= options.batch_words:
            yield batch
            batch, words = [], 0
    if batch:
        yield batch


def _example(doc: Any, spans: Sequence[tuple[int, int, str]]) -> Example:
    reference = doc.copy()
    found = [reference.char_span(start, end, label=kind, alignment_mode="expand") for start, end, kind in spans]
    reference.set_ents(list(_disjoint(found)))
    return Example(doc, reference)


def _disjoint(spans: Sequence[Any]) -> Iterator[Any]:
    last = 0
    for span in spans:
        if span is not None and span.start >= last:
            last = span.end
            yield span


def _by_source(rows: Sequence[NamedText]) -> list[tuple[str, list[NamedText]]]:
    groups: dict[str, list[NamedText]] = {}
    for row in rows:
        groups.setdefault(row.source, []).append(row)
    return sorted(groups.items())


def _data_row(source: str, rows: Sequence[NamedText]) -> dict[str, Any]:
    facts = {"origin": f"names in news_sq, {SILVER}", "licence": "CC BY-SA 4.0"} if source == "entities_sq" else FACTS.get(source)
    return {
        "name": source,
        **(facts or set_facts(source)),
        "rows": len(rows),
        "names": dict(sorted(Counter(kind for row in rows for _, _, kind in row.spans).items())),
    }


FACTS = {
    "sr_set_train": {"origin": "UniversalNER/UNER_Serbian-SET (SETimes news)", "licence": "CC BY-SA 4.0"},
    "hr_set_train": {"origin": "UniversalNER/UNER_Croatian-SET (SETimes news)", "licence": "CC BY-SA 4.0"},
    "hr500k_part": {"origin": "clarinsi/babushka-bench (hr500k web and press)", "licence": "CC BY-SA 4.0"},
    "sr_tweets": {"origin": "clarinsi/babushka-bench (ReLDI-NormTagNER-sr, users masked)", "licence": "CC BY-SA 4.0"},
    "hr_tweets": {"origin": "clarinsi/babushka-bench (ReLDI-NormTagNER-hr, users masked)", "licence": "CC BY-SA 4.0"},
}

"""`eho models train ner`: from entity sets and dictionaries to a model folder with its card."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from eho.errors import InputError
from models.entities.chain import Chain
from models.entities.features import remembered, token_features
from models.entities.lexicon import Lexicon
from models.entities.recogniser import FORMAT, new_tokenizer, save_recogniser
from models.entities.sets import NamedText, Spans, joined, read_silver, respelled, to_folded, training_rows
from models.entities.word_lists import TEXTS, LexiconOptions, build_lexicon
from models.registry import ModelCard, write_card
from models.training import set_facts

Say = Callable[[str], None]
Tagged = tuple[list[str], list[str]]  # words and tags of a text
SILVER = "silver: annotated by machine for this project, no native speaker has checked it"


@dataclass(frozen=True)
class EntityOptions:
    """How to train: the same seed and rows give the same weights."""

    lexicon: LexiconOptions = field(default_factory=LexiconOptions)
    iterations: int = 70
    l1: float = 0.15
    l2: float = 0.02
    least_count: int = 2
    alone: float = 0.3  # share of documents whose texts are read without each other, as a comment is
    seed: int = 20261121
    silver_times: int = 3  # how often an Albanian passage is seen; there are fifty times as many others


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

    Raises InputError where there is no set to learn from, or the training library is not installed.
    """
    options = options or EntityOptions()
    rows = training_rows(data, read_silver()) if rows is None else rows
    made_on = made_on or datetime.now(UTC).date()
    version = version or made_on.strftime("%Y.%m.%d")
    lexicon = build_lexicon(data, (row.text for row in rows), options.lexicon, say)
    save_recogniser(out, fit(rows, lexicon, options, say), name=name, version=version)
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
        data=(*(_data_row(source, mine) for source, mine in _by_source(rows)), *_unlabelled_rows(data)),
        measured={"how": "eho evaluate run --set entities; see docs/entities.md"},
        licence="CC BY-SA 4.0",
    )
    return write_card(out, card)


def fit(rows: Sequence[NamedText], lexicon: Lexicon, options: EntityOptions, say: Say = lambda line: None) -> Chain:
    """Train a conditional random field with CRFsuite (Okazaki 2007) and take its weights out of it."""
    try:
        import pycrfsuite
    except ImportError as error:
        raise InputError("Training names needs python-crfsuite; install it with pip install 'eho[train]'.") from error
    settings = {
        "c1": options.l1,
        "c2": options.l2,
        "max_iterations": options.iterations,
        "feature.minfreq": options.least_count,
    }
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=settings, verbose=False)
    draw = random.Random(options.seed + 1)
    texts = 0
    for document in _documents(rows, options):
        alone = draw.random() < options.alone
        memory = remembered([words for words, _ in document], lexicon)
        for words, tags in document:
            near = remembered([words], lexicon) if alone else memory
            trainer.append([[str(key) for key in row] for row in token_features(words, lexicon, near)], tags)
            texts += 1
    say(f"{texts} texts; {options.iterations} iterations at most")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "chain.crfsuite")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        info = tagger.info()
        tagger.close()
    return _chain(info, lexicon)


def _chain(info: Any, lexicon: Lexicon) -> Chain:
    tags = tuple(sorted(info.labels))
    column = {tag: at for at, tag in enumerate(tags)}
    keys = sorted({int(key) for key, _ in info.state_features})
    row = {key: at for at, key in enumerate(keys)}
    states = np.zeros((len(keys), len(tags)), np.float32)
    for (key, tag), weight in info.state_features.items():
        states[row[int(key)], column[tag]] = weight
    steps = np.zeros((len(tags), len(tags)), np.float32)
    for (before, tag), weight in info.transitions.items():
        steps[column[before], column[tag]] = weight
    return Chain(tags, np.array(keys, np.uint32), states, steps, lexicon)


def _documents(rows: Sequence[NamedText], options: EntityOptions) -> Iterator[list[Tagged]]:
    """Yield words and tags of the texts of each document, joined and respelled by chance."""
    draw = random.Random(options.seed)
    silver = [row for row in rows if row.lang == "sq"]
    gold = [row for row in rows if row.lang != "sq"]
    pipeline = new_tokenizer()
    texts = [*joined(gold, draw), *(silver * options.silver_times)]
    for _, document in groupby(texts, lambda row: row.group):
        made = []
        for row in document:
            text, spans = respelled(*to_folded(row), draw)
            if text.strip():
                made.append(_tagged(pipeline.make_doc(text), spans))
        yield made


def _tagged(doc: Any, spans: Spans) -> Tagged:
    tags = ["O"] * len(doc)
    for start, end, kind in spans:
        covered = doc.char_span(start, end, alignment_mode="expand")
        for at in range(covered.start, covered.end) if covered is not None else ():
            tags[at] = f"{'B' if at == covered.start else 'I'}-{kind}"
    return [token.text for token in doc], tags


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


def _unlabelled_rows(data: Path) -> Iterator[dict[str, Any]]:
    """Yield the texts and dictionaries that capitals, clusters and kinds of names come from."""
    for path, most in TEXTS:
        name = path.rpartition("/")[2]
        if (data / f"{path}.jsonl.gz").is_file():
            yield {"name": name, **set_facts(name), "rows": "all" if most is None else f"the first {most}", "use": "unlabelled"}
    if (data / "lexica").is_dir():
        yield {"name": "dictionaries", **set_facts("dictionaries"), "rows": "proper names", "use": "classes of words"}


FACTS = {
    "sr_set_train": {"origin": "UniversalNER/UNER_Serbian-SET (SETimes news)", "licence": "CC BY-SA 4.0"},
    "hr_set_train": {"origin": "UniversalNER/UNER_Croatian-SET (SETimes news)", "licence": "CC BY-SA 4.0"},
    "hr500k_part": {"origin": "clarinsi/babushka-bench (hr500k web and press)", "licence": "CC BY-SA 4.0"},
    "sr_tweets": {"origin": "clarinsi/babushka-bench (ReLDI-NormTagNER-sr, users masked)", "licence": "CC BY-SA 4.0"},
    "hr_tweets": {"origin": "clarinsi/babushka-bench (ReLDI-NormTagNER-hr, users masked)", "licence": "CC BY-SA 4.0"},
}

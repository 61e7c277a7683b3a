"""Does the mirror pair what belongs together, and nothing else? Beside vectors alone, entities alone, a plain rule and words.

`python -m evaluation.benchmarks.mirror_pairs [--real N]`: the pairs of the demonstration outlets.
With EHO_DATA set also real articles of both languages, each taken for one of the same three days: they are of different
places and years, so nearly every pair is a false one; the surest are printed to be read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from eho.annotation import AnnotatedDocument
from eho.codebook import Codebook
from eho.document import Document
from evaluation.bootstrap import wilson
from evaluation.figures import Figure
from evaluation.miniweb.content import load_articles, load_outlets
from evaluation.mirror_pairs import (
    Pair,
    Scores,
    at_threshold,
    frequencies,
    held_out,
    lowest_threshold,
    pairs_of,
    read_events,
    recall_by_event,
    scores,
    to_document,
)
from index.embedding import Embedder, document_vectors
from index.same_event import THRESHOLD, combined, entity_cosine, entity_ids, rarity_of
from models.registry import load_model
from models.sentence.loading import load_sentence_encoder
from nlp.pipeline import Pipeline

_PRECISION = 0.95
_TRIED = (0.4, 0.44, 0.46, 0.48, 0.5, 0.55, 0.6)
_REAL = 400  # articles of each language
_READ = 15


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=int, default=_REAL)
    asked = parser.parse_args()
    encoder = load_sentence_encoder()
    codebook = Codebook.load()
    pipeline = Pipeline(codebook, load_model("baseline", codebook_tag=codebook.tag))
    articles = [article for article in load_articles() if article.outlet in load_outlets()]
    tagged = list(pipeline.tag(to_document(article) for article in articles))
    pairs = pairs_of(articles, read_events())
    _demonstration(pairs, scores(tagged, pairs, encoder))
    if data := os.environ.get("EHO_DATA"):
        _real(Path(data), pipeline, encoder, asked.real)


def _demonstration(pairs: Sequence[Pair], found: dict[str, Scores]) -> None:
    right = np.array([pair.is_right for pair in pairs])
    wanted = sum(pair.is_wanted for pair in pairs)
    _say(f"{len(pairs)} pairs within 72 hours, {int(right.sum())} right, {wanted} of them wanted")
    for name, values in found.items():
        best = lowest_threshold(pairs, values, _PRECISION)
        row = at_threshold(pairs, values, best)
        precision = average_precision_score(right, values)
        _say(f"{name:28} AP {precision:.2f}  at best {best:.2f}: {_shown(row.precision)} right, {_shown(row.recall)} found")
        moved = at_threshold(pairs, held_out(pairs, values, _PRECISION), 0.0)
        _say(f"{'':28} threshold of the other events: {_shown(moved.precision)} right, {_shown(moved.recall)} found")
    _say("mirror by threshold")
    for threshold in _TRIED:
        row = at_threshold(pairs, found["mirror"], threshold)
        _say(f"{threshold:.2f}  {row.shown:3} shown: {_shown(row.precision)} right, {_shown(row.recall)} found")
    by_event = recall_by_event(pairs, found["mirror"], THRESHOLD)
    _say("found by event: " + ", ".join(f"{event} {hit}/{count}" for event, (hit, count) in sorted(by_event.items())))
    plain = at_threshold(pairs, found["same day, entities shared"], 1.0)
    _say(f"same day and any shared entity: {plain.shown} shown, {_shown(plain.precision)} right, {_shown(plain.recall)} found")


def _real(data: Path, pipeline: Pipeline, encoder: Embedder, most: int) -> None:
    sides = {name: list(pipeline.tag(_documents(data / "text" / f"news_{name}.jsonl.gz", most))) for name in ("sq", "sr")}
    both = [*sides["sq"], *sides["sr"]]
    rarity = rarity_of(frequencies(both))
    vectors = {name: document_vectors(encoder, [one.document for one in side]) for name, side in sides.items()}
    cosines = vectors["sq"] @ vectors["sr"].T
    named = {name: [entity_ids(one) for one in side] for name, side in sides.items()}
    totals = np.array(
        [
            [combined(float(cosines[sq, sr]), entity_cosine(one, other, rarity)).total for sr, other in enumerate(named["sr"])]
            for sq, one in enumerate(named["sq"])
        ]
    )
    _say(f"real articles: {len(sides['sq'])} Albanian × {len(sides['sr'])} Serbian, all as if of the same three days")
    for threshold in _TRIED:
        paired = int((totals >= threshold).any(axis=1).sum())
        _say(
            f"{threshold:.2f}  {_shown(wilson(paired, len(totals)))} of the Albanian articles get a partner, "
            f"{int((totals >= threshold).sum())} pairs of {totals.size}"
        )
    for place in np.argsort(-totals, axis=None)[:_READ]:
        sq, sr = np.unravel_index(place, totals.shape)
        shared = sorted(named["sq"][sq] & named["sr"][sr])
        _say(f"{totals[sq, sr]:.2f}  {_title(sides['sq'][sq])}  |  {_title(sides['sr'][sr])}  |  {', '.join(shared)}")


def _documents(path: Path, most: int) -> list[Document]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    step = max(1, len(rows) // most)
    return [Document(id=str(row["id"]), source="real", title=row.get("title"), text=row["text"]) for row in rows[::step][:most]]


def _title(one: AnnotatedDocument) -> str:
    return (one.document.title or one.document.text)[:90]


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    interval = "" if figure.low is None or figure.high is None else f" [{figure.low:.2f}, {figure.high:.2f}]"
    return f"{figure.value:.2f}{interval} of {figure.n}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

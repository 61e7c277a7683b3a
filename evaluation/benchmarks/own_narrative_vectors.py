"""Whether sentence vectors help a user's own narrative: in what its tagger finds, and in what is suggested to label next.

    python -m evaluation.benchmarks.own_narrative_vectors [--part tag|suggest] [--narrative ID]… [--seeds 3]

`tag`: 20, 40 and 100 labels of one language, two in five present; average precision on the dev rows of that language and of
the other, n-grams alone beside n-grams with vectors of several lengths and beside vectors alone, on the same labels.
`suggest`: 20 and 40 labels of one language; how many of twenty suggestions from the other language, or from both, carry it.
Intervals: batches of dev rows (`tag`), narratives (`suggest`), drawn again with replacement; differences are paired.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from eho.codebook import Codebook
from evaluation.benchmarks.own_narrative import carries, example_of, in_language
from evaluation.bootstrap import Resampling
from evaluation.figures import Figure
from models.corpus import LabelledPassage, read_corpus
from models.own.examples import key_of
from models.own.features import Counted, fit_present
from models.own.selection import suggest
from models.own.training import ordinary_texts
from models.sentence.encoder import SentenceEncoder
from models.sentence.loading import load_sentence_encoder

Scores = NDArray[np.float64]
_CORPUS = Path(__file__).resolve().parents[1] / "corpus"
_NARRATIVES = (
    "returnee_rejection",
    "ethnic_collective_guilt",
    "stigma_counterspeech",
    "returnee_security_threat",
    "demographic_replacement",
    "interethnic_solidarity",
)
_LANGUAGES = ("sq", "sr")
_SIZES = {20: 8, 40: 16, 100: 40}  # labels, and how many of them carry the narrative
_MOST = max(_SIZES)
_NONE, _ALONE = "n-grams", "vectors"
_LENGTHS = {_NONE: 0.0, "n-grams + 0.5 vectors": 0.5, "n-grams + vectors": 1.0, _ALONE: 1.0}
_STARTS = {20: 5, 40: 16}  # likewise; what a user brings before anything was suggested
_SUGGESTED = 20
_EVERY = 3  # of the ordinary passages; with all of them the fits take three times as long
_REPLICATES = 500


def main() -> None:
    """Measure and print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("tag", "suggest"), action="append")
    parser.add_argument("--narrative", action="append")
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    narratives = chosen.narrative or _NARRATIVES
    train, encoder = read_corpus(_CORPUS / "train"), load_sentence_encoder()
    for part in chosen.part or ("tag", "suggest"):
        found = (
            tag(narratives, train, read_corpus(_CORPUS / "dev"), encoder, chosen.seeds)
            if part == "tag"
            else suggestions(narratives, train, encoder, chosen.seeds)
        )
        for row in found:
            sys.stdout.write(json.dumps({"part": part, **row}, ensure_ascii=False) + "\n")
            sys.stdout.flush()


def tag(
    narratives: Sequence[str],
    train: Sequence[LabelledPassage],
    dev: Sequence[LabelledPassage],
    encoder: SentenceEncoder,
    seeds: int,
) -> Iterator[dict[str, Any]]:
    """Yield one row for each language of labels, number of labels, language of test and kind of features."""
    for lang in _LANGUAGES:
        scored: dict[tuple[int, str], list[tuple[str, Scores]]] = {}
        for narrative in narratives:
            for labels, kind, scores in _scores(narrative, in_language(train, lang), dev, encoder, seeds):
                scored.setdefault((labels, kind), []).append((narrative, scores))
        for tested, labels in product(_LANGUAGES, _SIZES):
            asked = np.array([row.lang.split("-")[0] == tested for row in dev])
            drawn = Resampling([row.batch for row in in_language(dev, tested)], replicates=_REPLICATES)
            kinds = {kind: _mean_ap(scored[labels, kind], dev, asked, drawn.row_weights()) for kind in _LENGTHS}
            for kind, values in kinds.items():
                yield {
                    "labelled": lang,
                    "tested": tested,
                    "labels": labels,
                    "features": kind,
                    "ap": _said(drawn.figure(values, asked.sum())),
                    "against_ngrams": _said(drawn.figure(values - kinds[_NONE], asked.sum())),
                    "runs": len(scored[labels, kind]),
                }


def _scores(
    narrative: str, rows: Sequence[LabelledPassage], dev: Sequence[LabelledPassage], encoder: SentenceEncoder, seeds: int
) -> Iterator[tuple[int, str, Scores]]:
    """Yield the scores of dev rows for each number of labels and kind of features, seed after seed.

    N-grams of all seeds' labels are counted at once; those that a draw's own labels lack weigh nothing in its run.
    """
    draws = [_draw(rows, narrative, seed) for seed in range(seeds)]
    known = {row.text: carries(row, narrative) for draw in draws for row in draw}
    keys = {key_of(text) for text in known}
    others = [text for text in ordinary_texts()[::_EVERY] if key_of(text) not in keys]
    texts = [*others, *(row.text for row in dev)]
    counted = Counted(list(known), texts)  # dev texts are counted beside the ordinary ones, never trained on
    vectors = encoder.encode([*known, *texts])
    at, carried = {text: number for number, text in enumerate(known)}, np.array(list(known.values()), dtype=np.int8)
    ordinary = np.arange(len(known), len(known) + len(others))
    for seed, draw in enumerate(draws):
        for labels, present in _SIZES.items():
            rest = draw[_SIZES[_MOST] :]
            labelled = np.array([at[row.text] for row in (*draw[:present], *rest[: labels - present])])
            chosen = np.concatenate([labelled, ordinary])
            truth = np.concatenate([carried[labelled], np.zeros(len(ordinary), np.int8)])
            grams = counted.matrix(counted.weigh(labelled, ordinary))
            for kind, length in _LENGTHS.items():
                matrix = _beside(None if kind == _ALONE else grams, vectors * length)
                weights, bias = fit_present(matrix[chosen], truth, np.arange(len(chosen)) < labels, seed)
                yield labels, kind, np.asarray(matrix[len(known) + len(others) :] @ weights + bias)


def _draw(rows: Sequence[LabelledPassage], narrative: str, seed: int) -> list[LabelledPassage]:
    """Return the labels of the largest set, the present ones first; the absent ones are of the same batches."""
    draw = random.Random(seed)  # noqa: S311 - a draw, no secret
    present = [row for row in rows if carries(row, narrative)]
    batches = {row.batch for row in present}
    absent = [row for row in rows if row.batch in batches and not carries(row, narrative)]
    return [*draw.sample(present, _SIZES[_MOST]), *draw.sample(absent, _MOST - _SIZES[_MOST])]


def _beside(grams: csr_matrix | None, vectors: NDArray[np.float32]) -> csr_matrix:
    blocks = ([] if grams is None else [grams]) + ([csr_matrix(vectors)] if vectors.any() else [])
    return csr_matrix(hstack(blocks), dtype=np.float32)


def _mean_ap(
    runs: Sequence[tuple[str, Scores]],
    dev: Sequence[LabelledPassage],
    asked: NDArray[np.bool_],
    weights: NDArray[np.float32],
) -> Scores:
    """Return the mean average precision over narratives and seeds in every replicate."""
    truths = {narrative: np.array([carries(row, narrative) for row in dev])[asked] for narrative, _ in runs}
    values = [_average_precisions(truths[narrative], scores[asked], weights) for narrative, scores in runs]
    return np.asarray(np.mean(values, axis=0))


def _average_precisions(truth: NDArray[np.bool_], scores: Scores, weights: NDArray[np.float32]) -> Scores:
    """Return scikit-learn's average precision for every row of weights; NaN where no row of the truth is drawn."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # of each run of equal scores
    hits = np.cumsum((weights * truth)[:, order], axis=1, dtype=np.float64)[:, last]
    listed = np.cumsum(weights[:, order], axis=1, dtype=np.float64)[:, last]
    gained = np.diff(hits, prepend=0.0, axis=1) * hits / np.maximum(listed, 1e-12)
    return np.asarray(gained.sum(axis=1) / np.where(hits[:, -1] > 0, hits[:, -1], np.nan))


def suggestions(
    narratives: Sequence[str], train: Sequence[LabelledPassage], encoder: SentenceEncoder, seeds: int
) -> Iterator[dict[str, Any]]:
    """Yield one row for each language of labels, number of labels, pool and way: how many of twenty suggestions carry it."""
    codebook, ordinary = Codebook.load(), ordinary_texts()[::4]
    for pool, lang, labels in product(("other", "both"), _LANGUAGES, _STARTS):
        found: dict[str, list[list[int]]] = {way: [] for way in ("n-grams", "with vectors")}
        for narrative in narratives:
            definition = codebook.narrative(narrative)
            words = " ".join([*definition.labels.values(), *definition.definition.values()])
            counts: dict[str, list[int]] = {way: [] for way in found}
            for seed in range(seeds):
                known = _start(in_language(train, lang), narrative, labels, seed)
                open_rows = [row for row in train if row not in known and (pool == "both" or row.lang.split("-")[0] != lang)]
                texts, examples = [row.text for row in open_rows], [example_of(row, narrative) for row in known]
                for way in found:
                    chosen = suggest(
                        texts,
                        examples,
                        words,
                        n=_SUGGESTED,
                        ordinary=ordinary,
                        encoder=None if way == "n-grams" else encoder,
                        seed=seed,
                    )
                    counts[way].append(sum(carries(open_rows[one.at], narrative) for one in chosen))
            for way in found:
                found[way].append(counts[way])
        drawn = Resampling(list(narratives), replicates=_REPLICATES)
        sums = {way: drawn.totals(np.array(counts).mean(axis=1)) / len(narratives) for way, counts in found.items()}
        for way, values in sums.items():
            yield {
                "labelled": lang,
                "labels": labels,
                "pool": pool,
                "way": way,
                "carry_it_of_20": _said(drawn.figure(values, len(narratives))),
                "against_ngrams": _said(drawn.figure(values - sums["n-grams"], len(narratives))),
                "runs": len(narratives) * seeds,
            }


def _start(rows: Sequence[LabelledPassage], narrative: str, labels: int, seed: int) -> list[LabelledPassage]:
    draw = random.Random(seed)  # noqa: S311 - a draw, no secret
    present = [row for row in rows if carries(row, narrative)]
    absent = [row for row in rows if not carries(row, narrative)]
    return [*draw.sample(present, _STARTS[labels]), *draw.sample(absent, labels - _STARTS[labels])]


def _said(figure: Figure) -> list[float | None]:
    """Return value, low and high."""
    return [None if one is None else round(one, 3) for one in (figure.value, figure.low, figure.high)]


if __name__ == "__main__":
    main()

"""Probes of the narrative corpus: are passages copied inside or across splits, and can a label be told without reading?

A corpus written to a plan may give labels away by length, punctuation, casing or voice. A classifier that sees nothing else,
tested on batches it was not trained on, must come out near chance (area under the ROC curve 0.5); one that reads words is
measured beside it. Intervals draw whole batches.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from eho.folding import fold_text
from evaluation.bootstrap import Resampling
from evaluation.corpus_schema import CorpusRow, PlacedRow
from evaluation.figures import Figure
from evaluation.near_duplicates import NEAR, NGRAM, near_duplicates, shared_ngrams
from evaluation.statistics import VOICES, markdown_table

_FOLDS = 5
_REPLICATES = 300
_FEW = 100
_LANGS = ("sq", "sr-Latn", "sr-Cyrl")
_MARKS = {
    "period": ".",
    "comma": ",",
    "question": "?",
    "exclamation": "!",
    "colon": ":;",
    "quote": "\"'“”„«»‘’",
    "dash": "-–—",
    "ellipsis": "…",
    "bracket": "()",
}
_WORD = re.compile(r"\w+")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Copies:
    """Pairs of passages that are nearly the same, or share a stretch of words, by where the two stand."""

    near: dict[str, int]
    shared: dict[str, int]
    examples: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How well something can be told, by a classifier that sees `sees` only."""

    question: str
    sees: str
    classifier: str
    auc: Figure


def copies(rows: Sequence[PlacedRow], examples: int = 20) -> Copies:
    """Count near-duplicates and shared stretches inside batches, between batches of a split, and across splits."""
    texts = [placed.row.text for placed in rows]
    near = near_duplicates(texts)
    shared = shared_ngrams(texts)
    shown = [
        {"kind": "near-duplicate", "first": rows[p.first].row.id, "second": rows[p.second].row.id, "what": f"{p.similarity:.2f}"}
        for p in near
    ]
    shown += [
        {"kind": f"{NGRAM} words", "first": rows[first].row.id, "second": rows[second].row.id, "what": stretch}
        for first, second, stretch in shared
    ]
    return Copies(
        near=_by_place(rows, [(pair.first, pair.second) for pair in near]),
        shared=_by_place(rows, [(first, second) for first, second, _ in shared]),
        examples=tuple(shown[:examples]),
    )


def _by_place(rows: Sequence[PlacedRow], pairs: Sequence[tuple[int, int]]) -> dict[str, int]:
    counts = Counter(_place(rows[first], rows[second]) for first, second in pairs)
    return {name: counts[name] for name in ("inside a batch", "between batches of a split", "across splits")}


def _place(first: PlacedRow, second: PlacedRow) -> str:
    if first.split != second.split:
        return "across splits"
    return "inside a batch" if first.row.batch == second.row.batch else "between batches of a split"


_QUESTIONS: dict[str, Callable[[CorpusRow], bool]] = {
    "carries a narrative": lambda row: bool(row.annotations),
    "shares a narrative in its own voice": lambda row: any(one.stance.counts_in_prevalence for one in row.annotations),
}
_VIEWS: dict[str, Callable[[CorpusRow], list[float]]] = {
    "length": lambda row: _length(row.text),
    "punctuation": lambda row: _punctuation(row.text),
    "casing": lambda row: _casing(row.text),
    "voice": lambda row: [float(row.voice == voice) for voice in VOICES],
    "language": lambda row: [float(row.lang == lang) for lang in _LANGS],
}


def shortcuts(rows: Sequence[CorpusRow]) -> list[Shortcut]:
    """Measure each view alone, all of them together, and words as comparison, for every question.

    Needs two batches at least, and rows that answer the question either way; without them the list is empty.
    """
    groups = [row.batch for row in rows]
    folds = min(_FOLDS, len(set(groups)))
    if folds < 2:
        return []
    sampling = Resampling(groups, replicates=_REPLICATES)
    views = {name: np.array([view(row) for row in rows]) for name, view in _VIEWS.items()}
    everything = np.hstack(list(views.values()))
    texts = [fold_text(row.text) for row in rows]
    found: list[Shortcut] = []
    for question, answer in _QUESTIONS.items():
        truth = np.array([answer(row) for row in rows])
        judge = _Judge(truth, groups, folds, sampling)
        if not judge.can_be_asked:
            continue
        linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, class_weight="balanced"))
        for name, values in views.items():
            found.append(Shortcut(question, name, "logistic regression", judge.auc(linear, values)))
        found.append(Shortcut(question, "all five", "logistic regression", judge.auc(linear, everything)))
        trees = ExtraTreesClassifier(200, min_samples_leaf=5, class_weight="balanced", random_state=0)
        found.append(Shortcut(question, "all five", "randomised trees", judge.auc(trees, everything)))
        found.append(Shortcut(question, "words and letters", "character n-grams, linear", judge.auc(_reader(len(rows)), texts)))
    return found


@dataclass(frozen=True)
class _Judge:
    truth: NDArray[np.bool_]
    groups: Sequence[str]
    folds: int
    sampling: Resampling

    @property
    def can_be_asked(self) -> bool:
        """True where the batches trained on answer the question either way in every fold."""
        folds = GroupKFold(self.folds).split(self.truth, groups=self.groups)
        return all(len(np.unique(self.truth[train])) == 2 for train, _ in folds)

    def auc(self, model: Any, values: Any) -> Figure:
        """Score every row by a model trained on other batches; return the area with its interval."""
        method = "decision_function" if hasattr(model, "decision_function") else "predict_proba"
        scores = cross_val_predict(model, values, self.truth, groups=self.groups, cv=GroupKFold(self.folds), method=method)
        scores = scores if scores.ndim == 1 else scores[:, 1]
        return self.sampling.figure(weighted_areas(self.truth, scores, self.sampling.row_weights()), len(scores))


def _reader(rows: int) -> Any:
    least = 3 if rows >= _FEW else 1
    ngrams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=least, sublinear_tf=True, dtype=np.float32)
    return make_pipeline(ngrams, LinearSVC(class_weight="balanced"))


def tells(rows: Sequence[CorpusRow]) -> list[dict[str, Any]]:
    """Say for every voice which single measure tells best whether a passage carries a narrative, and its typical values.

    No classifier: the area under the curve of the measure itself, 0.5 where it tells nothing, turned so that it is above.
    """
    found: list[dict[str, Any]] = []
    for voice in VOICES:
        mine = [row for row in rows if row.voice == voice]
        truth = np.array([bool(row.annotations) for row in mine])
        if len(set(truth.tolist())) < 2:
            continue
        values = np.array([[*_length(row.text), *_punctuation(row.text), *_casing(row.text)] for row in mine])
        areas = [float(roc_auc_score(truth, column)) for column in values.T]
        best = max(range(len(areas)), key=lambda at: abs(areas[at] - 0.5))
        means = {"labelled": values[truth, best].mean(), "without a label": values[~truth, best].mean()}
        rounded = {name: round(float(mean), 3) for name, mean in means.items()}
        area = max(areas[best], 1 - areas[best])
        found.append({"voice": voice, "passages": len(mine), "measure": _MEASURES[best], "auc": round(area, 3), **rounded})
    return found


def weighted_areas(truth: NDArray[np.bool_], scores: Array, weights: NDArray[np.float32]) -> Array:
    """Return the area under the ROC curve for every row of weights at once: the share of pairs in the right order, ties half.

    It is scikit-learn's `roc_auc_score`, which takes one sample at a time; the tests hold both equal.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    positive, negative = (np.add.reduceat(weights[:, order] * side[order], starts, axis=1) for side in (truth, ~truth))
    below = np.cumsum(negative, axis=1, dtype=np.float64) - negative
    pairs = positive.sum(axis=1, dtype=np.float64) * negative.sum(axis=1, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((positive * (below + negative / 2)).sum(axis=1, dtype=np.float64) / pairs)


def _length(text: str) -> list[float]:
    words = _WORD.findall(text)
    return [len(text), len(words), sum(map(len, words)) / max(1, len(words)), text.count("\n")]


def _punctuation(text: str) -> list[float]:
    counts = [sum(map(text.count, marks)) for marks in _MARKS.values()]
    ends = [float(text[-1:] in marks) for marks in _MARKS.values()]
    return [*map(float, counts), *(count / max(1, len(text)) for count in counts), *ends, float(any(map(str.isdigit, text)))]


def _casing(text: str) -> list[float]:
    words = _WORD.findall(text)
    capitals = sum(word[:1].isupper() for word in words)
    whole = sum(len(word) > 1 and word.isupper() for word in words)
    return [float(text[:1].isupper()), capitals / max(1, len(words)), whole / max(1, len(words)), float(text.islower())]


_MEASURES = (
    *("characters", "words", "length of words", "line breaks"),
    *(f"{name} marks" for name in _MARKS),
    *(f"{name} marks per character" for name in _MARKS),
    *(f"ends with {name}" for name in _MARKS),
    *("has digits", "starts with a capital", "share of capitalised words", "share of words in capitals", "has no capitals"),
)


def to_mapping(found: Copies, measured: Sequence[Shortcut], best: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the probes found as JSON."""
    return {
        "near_duplicates": {"least_similarity": NEAR, **found.near},
        "shared_stretches": {"words": NGRAM, **found.shared},
        "examples": list(found.examples),
        "shortcuts": [
            {"question": one.question, "sees": one.sees, "classifier": one.classifier, "auc": one.auc.to_mapping()}
            for one in measured
        ],
        "tells": list(best),
    }


def to_markdown(rows: int, found: Copies, measured: Sequence[Shortcut], best: Sequence[dict[str, Any]]) -> str:
    """Return what the probes found as the page docs/corpus-probes.md."""
    places = list(found.near)
    copied = [{"what": f"at least {NEAR} alike", **found.near}, {"what": f"{NGRAM} words in a row shared", **found.shared}]
    areas = [
        {"question": one.question, "sees": one.sees, "classifier": one.classifier, "AUC": _interval(one.auc)} for one in measured
    ]
    lines = [
        "# Probes of the narrative corpus",
        "",
        f"{rows:,} passages. Written by `eho evaluate probes --out docs/corpus-probes.md`.",
        "",
        "## Copies (pairs of passages)",
        "",
        *markdown_table(copied, ("what", *places)),
        "",
        "## Can a label be told without reading?",
        "",
        "Area under the ROC curve, trained and tested on different batches, 95 % interval over batches. 0.5 is chance; a corpus",
        "that gives nothing away has every line but the last of a question near it.",
        "",
        *markdown_table(areas, ("question", "sees", "classifier", "AUC")),
        "",
        "## The one measure that tells most, by voice",
        "",
        *markdown_table(best, ("voice", "passages", "measure", "auc", "labelled", "without a label")),
    ]
    return "\n".join(lines) + "\n"


def _interval(figure: Figure) -> str:
    interval = "" if figure.low is None or figure.high is None else f" ({figure.low:.2f} to {figure.high:.2f})"
    return "" if figure.value is None else f"{figure.value:.2f}{interval}"

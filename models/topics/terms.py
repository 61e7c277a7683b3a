"""Terms that set a topic apart, per language: class-based TF-IDF (Grootendorst 2022) over the terms of its documents."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from models.topics.grouping import OUTLIER

_STEM = 5  # letters that two forms of one word share: qeveria, qeverise; vlada, vlade are shorter and may stand twice
Ranked = dict[int, dict[str, list[tuple[str, float]]]]


def rank_terms(
    terms: Sequence[Sequence[str]], topics: Sequence[int], languages: Sequence[str], *, most: int = 30, fewest_documents: int = 2
) -> Ranked:
    """Return for each topic and language its terms with scores, best first.

    `terms`: of each document, phrases with their words joined by "_". Outliers count as a topic of their own, so that what
    they say is common does not mark others. A term in fewer than `fewest_documents` documents of the topic is left out.
    """
    ranked: Ranked = {topic: {} for topic in sorted(set(topics) - {OUTLIER})}
    for language in sorted(set(languages)):
        chosen = [at for at, code in enumerate(languages) if code == language]
        for topic, found in _rank([terms[at] for at in chosen], [topics[at] for at in chosen], most, fewest_documents).items():
            ranked[topic][language] = found
    return ranked


def _rank(
    terms: Sequence[Sequence[str]], topics: Sequence[int], most: int, fewest_documents: int
) -> dict[int, list[tuple[str, float]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # see models.topics.grouping
        from bertopic.vectorizers import ClassTfidfTransformer
    classes = sorted(set(topics))
    counts: list[Counter[str]] = [Counter() for _ in classes]
    documents: list[Counter[str]] = [Counter() for _ in classes]
    for found, topic in zip(terms, topics, strict=True):
        place = classes.index(topic)
        counts[place].update(found)
        documents[place].update(set(found))
    vocabulary = sorted({term for row in documents for term, number in row.items() if number >= fewest_documents})
    if not vocabulary:
        return {}
    column = {term: at for at, term in enumerate(vocabulary)}
    entries = [
        (row, column[term], number) for row, counted in enumerate(counts) for term, number in counted.items() if term in column
    ]
    rows, columns, values = zip(*entries, strict=True)
    matrix = csr_matrix((values, (rows, columns)), shape=(len(classes), len(vocabulary)), dtype=np.float64)
    scores = ClassTfidfTransformer(reduce_frequent_words=True).fit_transform(matrix).tocsr()
    return {
        topic: _best(scores[row], vocabulary, documents[row], most, fewest_documents)
        for row, topic in enumerate(classes)
        if topic != OUTLIER
    }


def _best(
    scores: csr_matrix, vocabulary: Sequence[str], documents: Counter[str], most: int, fewest_documents: int
) -> list[tuple[str, float]]:
    order = sorted(zip(scores.indices, scores.data, strict=True), key=lambda pair: (-pair[1], vocabulary[pair[0]]))
    return [(vocabulary[at], float(score)) for at, score in order if documents[vocabulary[at]] >= fewest_documents][:most]


def distinct(terms: Sequence[tuple[str, float]], most: int) -> list[tuple[str, float]]:
    """Return the first terms that bring a word of their own: no other form, and no part, of one chosen before."""
    seen: set[str] = set()
    kept: list[tuple[str, float]] = []
    for term, score in terms:
        stems = {word[:_STEM] for word in term.split("_")}
        if stems & seen:
            continue
        seen |= stems
        kept.append((term, score))
        if len(kept) == most:
            break
    return kept

"""Word vectors from character n-grams: what words are like each other, learnt from text without labels.

16,000 labelled sentences teach few of the names that the news holds; the vectors know which unseen word is built and used
like a surname. Counts of neighbours, weighed and reduced, then fitted as sums of hashed n-grams in spaCy's floret form: two
minutes on one core, where training floret itself (Bojanowski et al. 2017) took over twenty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.linalg import lsqr
from sklearn.decomposition import TruncatedSVD
from spacy.strings import StringStore
from spacy.vectors import BaseVectors, Vectors

from eho.errors import InputError
from eho.folding import fold_text
from models.corpus import json_lines

Floats = NDArray[np.float32]
# Sets that may train weights that ship, with the most texts taken of each (None: all).
TEXTS: tuple[tuple[str, int | None], ...] = (
    ("text/wiki_sr", None), ("text/wiki_sq", None), ("text/court_sq", 25_000), ("text/novels_sr", 22_000),
    ("text/tweets_sr", None), ("text/tweets_hr", None), ("text/hr500k_hr", None), ("text/commonvoice_sr", None),
    ("text/leipzig_lid", None), ("parallel/parenting_xk_sq_sr", None), ("parallel/trust_xk", None),
    ("labeled/parlasent_bcs", None),
)  # fmt: skip
_FIELDS = ("text", "sq", "sr")
_WORD = re.compile(r"\w+(?:-\w+)*|[^\w\s]")
_PLACES = (-2, -1, 1, 2)
_SETTINGS = {"minn": 3, "maxn": 5, "hash_count": 2, "hash_seed": 2166136261, "bow": "<", "eow": ">"}
_MOST_KEPT = 100_000  # words whose vectors stay in memory; working one out takes as long as the network on it


@dataclass(frozen=True, slots=True)
class VectorOptions:
    """How vectors are trained: the words that are counted, the neighbours they are counted by, and the size of the table."""

    dimensions: int = 64
    buckets: int = 32_000
    words: int = 60_000
    neighbours: int = 4_000
    least_count: int = 3
    damp: float = 0.5
    seed: int = 20261121


@dataclass(frozen=True)
class HashedVectors:
    """A floret table with what is needed to look a word up."""

    table: Floats
    settings: dict[str, Any]

    def to_spacy(self, strings: StringStore) -> KeptVectors:
        """Return the vectors for a spaCy vocabulary."""
        return KeptVectors(Vectors(strings=strings, data=self.table, mode="floret", **self.settings), strings)


class KeptVectors(BaseVectors):  # type: ignore[misc]
    """Vectors of words, worked out once for each word; spaCy's floret vectors work them out anew in every batch."""

    def __init__(self, inner: Vectors, strings: StringStore) -> None:
        self._inner = inner
        self._kept: dict[int, Floats] = {}
        self.strings = strings

    @property
    def shape(self) -> tuple[int, int]:
        return (int(self._inner.shape[0]), int(self._inner.shape[1]))

    @property
    def vectors_length(self) -> int:
        return self.shape[1]

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    def __len__(self) -> int:
        return self.shape[0]

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: int) -> Floats:
        return np.asarray(self.get_batch([key])[0], dtype=np.float32)

    def get_batch(self, keys: Sequence[int]) -> Floats:
        """Return one row for each word."""
        numbers = [int(key) for key in keys]
        kept = self._kept
        missing = sorted({key for key in numbers if key not in kept})
        if missing:
            if len(kept) > _MOST_KEPT:
                self._kept = kept = {}
                missing = sorted(set(numbers))
            rows = self._inner.get_batch(missing)
            kept.update(zip(missing, rows, strict=True))
        return np.asarray(np.stack([kept[key] for key in numbers]), dtype=np.float32)

    def to_ops(self, ops: Any) -> None:
        """Stay where they are: this pipeline runs on the processor only."""


def train_vectors(texts: Iterable[str], options: VectorOptions) -> HashedVectors:
    """Train vectors on texts; the same texts and options give the same vectors. Raises InputError for too little text."""
    sentences = [_WORD.findall(fold_text(text, keep_case=True)) for text in texts]
    counts = Counter(word for sentence in sentences for word in sentence)
    ranked = sorted((word for word, count in counts.items() if count >= options.least_count), key=lambda one: (-counts[one], one))
    known = ranked[: options.words]
    if len(known) <= 2 * options.dimensions:
        raise InputError(f"There are {len(known)} words that occur {options.least_count} times; vectors need more text.")
    table = _positive_information(_neighbours(sentences, known, options.neighbours))
    svd = TruncatedSVD(options.dimensions, n_iter=4, random_state=options.seed)
    wanted = svd.fit_transform(table) / np.sqrt(np.maximum(svd.singular_values_, 1e-9))
    wanted /= np.maximum(np.linalg.norm(wanted, axis=1, keepdims=True), 1e-9) / np.sqrt(options.dimensions)
    weights = np.sqrt(np.log1p([counts[word] for word in known]))
    return _as_ngrams(known, wanted, weights, options)


def _neighbours(sentences: Sequence[Sequence[str]], known: Sequence[str], most: int) -> csr_matrix:
    """Count each known word's neighbours, up to two to the left and the right, each place apart."""
    number = {word: at for at, word in enumerate(known)}
    gap = (-1,) * len(_PLACES)
    flat = np.fromiter((at for row in sentences for at in (*(number.get(word, -1) for word in row), *gap)), dtype=np.int64)
    counts = csr_matrix((len(known), most * len(_PLACES)), dtype=np.float64)
    for place, shift in enumerate(_PLACES):
        beside = np.roll(flat, -shift)
        kept = (flat >= 0) & (beside >= 0) & (beside < most)
        pairs = (flat[kept], beside[kept] + place * most)
        counts = counts + coo_matrix((np.ones(len(pairs[0])), pairs), shape=counts.shape).tocsr()
    return counts


def _positive_information(counts: csr_matrix) -> csr_matrix:
    """Weigh counts by positive pointwise mutual information, neighbours smoothed (Levy, Goldberg & Dagan 2015)."""
    total = counts.sum()
    per_word = np.asarray(counts.sum(axis=1)).ravel()
    per_neighbour = np.asarray(counts.sum(axis=0)).ravel() ** 0.75
    per_neighbour *= total / max(per_neighbour.sum(), 1.0)
    pairs = counts.tocoo()
    information = np.log(pairs.data * total / (per_word[pairs.row] * per_neighbour[pairs.col]))
    kept = information > 0
    return coo_matrix((information[kept], (pairs.row[kept], pairs.col[kept])), shape=counts.shape).tocsr()


def _as_ngrams(known: Sequence[str], wanted: Floats, weights: Floats, options: VectorOptions) -> HashedVectors:
    """Fit the rows of hashed n-grams whose mean is each word's vector, by least squares (Zhao et al. 2018)."""
    empty = np.zeros((options.buckets, options.dimensions), dtype=np.float32)
    lookup = Vectors(strings=StringStore(), data=empty, mode="floret", **_SETTINGS)
    rows, columns, values = [], [], []
    for at, word in enumerate(known):
        hashed = [one % options.buckets for ngram in lookup._get_ngrams(word) for one in lookup._get_ngram_hashes(ngram)]
        rows += [at] * len(hashed)
        columns += hashed
        values += [weights[at] / len(hashed)] * len(hashed)
    made_of = coo_matrix((values, (rows, columns)), shape=(len(known), options.buckets)).tocsr()
    targets = wanted * weights[:, None]
    solved = [lsqr(made_of, targets[:, one], damp=options.damp, iter_lim=40)[0] for one in range(options.dimensions)]
    table = np.stack(solved, axis=1).astype(np.float16).astype(np.float32)  # as they are saved
    return HashedVectors(table, dict(_SETTINGS))


def unlabelled_texts(data: Path) -> Iterator[str]:
    """Yield the texts below `data` that vectors are learnt from."""
    for name, most in TEXTS:
        path = data / f"{name}.jsonl.gz"
        if not path.is_file():
            continue
        for at, (_, row) in enumerate(json_lines(path)):
            if most is not None and at >= most:
                break
            yield from (row[field] for field in _FIELDS if isinstance(row.get(field), str))

"""Groups documents by meaning: sentence vectors, centred per language, through BERTopic (UMAP, HDBSCAN; Grootendorst 2022)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from eho.errors import ModelError
from models.vectors import Floats, unit

OUTLIER = -1
_SHRINK = 20  # documents at which a language's mean counts half; a handful of documents says little about a language


@dataclass(frozen=True, slots=True)
class GroupingOptions:
    """How finely topics are cut. Without `smallest` it grows with the root of the number of documents."""

    smallest: int | None = None
    neighbours: int = 15
    dimensions: int = 5
    centre: bool = True
    seed: int = 13

    def smallest_of(self, documents: int) -> int:
        """Return the fewest documents that make a topic."""
        return self.smallest or max(5, round(documents**0.5 / 4))

    def to_mapping(self, documents: int) -> dict[str, Any]:
        """Return the options as a method box shows them."""
        return {**asdict(self), "smallest": self.smallest_of(documents)}


@dataclass(frozen=True, slots=True)
class Groups:
    """The topic of each document, `OUTLIER` for none; topic 0 is the largest. `centroids` and `closeness` are cosines' own."""

    topics: list[int]
    centroids: Floats
    closeness: Floats  # of each document to its topic's centroid, 0 for outliers


def require_libraries() -> None:
    """Raise ModelError in one line where a library that topics need is not installed."""
    for name in ("bertopic", "umap", "hdbscan"):
        if find_spec(name) is None:
            raise ModelError(f"Topics need {name}, which is not installed; run: pip install 'eho[train]'.")


def group(texts: Sequence[str], vectors: Floats, languages: Sequence[str], options: GroupingOptions | None = None) -> Groups:
    """Group documents by their vectors `[documents, width]`; `texts` are terms parted by spaces, for BERTopic's own words.

    The same input gives the same groups on one machine: every random choice is seeded, and UMAP runs on one thread.
    Raises ModelError where the libraries are not installed.
    """
    options = options or GroupingOptions()
    placed = centred(vectors, languages) if options.centre else vectors
    topics = _cluster(texts, placed, options)
    return _with_centroids(topics, placed)


def centred(vectors: Floats, languages: Sequence[str]) -> Floats:
    """Take each language's mean off its vectors, so that meaning and not language tells documents apart.

    The mean of a language with few documents is drawn towards the mean of all. Rows of zeros stay.
    """
    codes = np.array(languages)
    whole = vectors.mean(axis=0)
    moved = vectors.copy()
    for language in sorted(set(languages)):
        rows = codes == language
        weight = rows.sum() / (rows.sum() + _SHRINK)
        moved[rows] -= weight * vectors[rows].mean(axis=0) + (1 - weight) * whole
    moved[~vectors.any(axis=1)] = 0
    return unit(moved)


def _cluster(texts: Sequence[str], vectors: Floats, options: GroupingOptions) -> list[int]:
    require_libraries()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries about each other: TensorFlow not there, invalid escapes, …
        from bertopic import BERTopic
        from hdbscan import HDBSCAN
        from sklearn.feature_extraction.text import CountVectorizer
        from umap import UMAP

        count = len(texts)
        model = BERTopic(
            language="multilingual",  # "english" would drop every letter outside ASCII
            embedding_model=None,
            umap_model=UMAP(
                n_neighbors=min(options.neighbours, count - 1),
                n_components=min(options.dimensions, count - 2),
                min_dist=0.0,
                metric="cosine",
                init="pca",  # spectral fails on graphs that fall apart, as small corpora's do
                random_state=options.seed,
                n_jobs=1,
            ),
            hdbscan_model=HDBSCAN(
                min_cluster_size=options.smallest_of(count), min_samples=5, cluster_selection_method="eom", core_dist_n_jobs=1
            ),
            vectorizer_model=CountVectorizer(analyzer=str.split),
        )
        topics, _ = model.fit_transform(list(texts), embeddings=vectors)
    return [int(topic) for topic in topics]


def _with_centroids(topics: list[int], vectors: Floats) -> Groups:
    rows = np.array(topics)
    number = max(topics, default=OUTLIER) + 1
    centroids = np.zeros((number, vectors.shape[1]), np.float32)
    closeness = np.zeros(len(topics), np.float32)
    for topic in range(number):
        members = rows == topic
        centroids[topic] = unit(vectors[members].mean(axis=0, keepdims=True))[0]
        closeness[members] = vectors[members] @ centroids[topic]
    return Groups(topics, centroids, closeness)

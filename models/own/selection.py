"""Active learning: which passages a person should label next."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import TfidfVectorizer

from eho.folding import fold_text
from models.own.examples import Example, key_of
from models.own.features import fit_present
from models.sentence.encoder import SentenceEncoder

LIKELY, UNCERTAIN, DIFFERENT = "likely", "uncertain", "different"
_TURNS = (LIKELY, UNCERTAIN, DIFFERENT)  # dealt in turn: positives are rare, and without them nothing is learned
_LEAST_TO_FIT = 3  # of each label; before that, likeness to the definition and to what is present must do
_TOO_ALIKE = 0.6  # cosine to a labelled or chosen passage from which a candidate would teach nothing new


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A passage to label: its place among the candidates, how likely it carries the narrative, and why it was picked."""

    at: int
    score: float
    why: str


def suggest(
    candidates: Sequence[str],
    examples: Sequence[Example],
    definition: str,
    *,
    n: int,
    ordinary: Sequence[str] = (),
    leave_out: Collection[str] = (),
    encoder: SentenceEncoder | None = None,
    seed: int = 20261121,
) -> list[Suggestion]:
    """Pick up to `n` candidates: in turn the likeliest, the most uncertain and the least like anything seen.

    Candidates that are labelled, in `leave_out` (keys of passages), or nearly the same as a labelled or picked one are passed
    over. `score` orders candidates; it is a probability of no calibrated kind. With an encoder, labels in one language find
    candidates in the other too.
    """
    taken = {key_of(example.text) for example in examples} | set(leave_out)
    open_at: list[int] = []
    for at, text in enumerate(candidates):
        if (key := key_of(text)) not in taken:
            taken.add(key)
            open_at.append(at)
    if not open_at or n < 1:
        return []
    texts = [candidates[at] for at in open_at]
    known = [example.text for example in examples]
    matrix = _space([*texts, *known, definition, *ordinary], encoder)
    own, labelled = matrix[: len(texts)], matrix[len(texts) : len(texts) + len(known)]
    scores = _scores(matrix, len(texts), examples, seed)
    return [Suggestion(open_at[at], round(float(scores[at]), 4), why) for at, why in _deal(own, labelled, scores, n)]


def _space(texts: Sequence[str], encoder: SentenceEncoder | None) -> csr_matrix:
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, lowercase=False, max_features=60_000, dtype=np.float32
    )
    grams = characters.fit_transform([fold_text(text) for text in texts])
    if encoder is None:
        return csr_matrix(grams)
    return csr_matrix(hstack([grams, csr_matrix(encoder.encode(texts))]), dtype=np.float32)  # both of length 1, the best of four


def _scores(matrix: csr_matrix, candidates: int, examples: Sequence[Example], seed: int) -> NDArray[np.float64]:
    """Return a score from 0 to 1 for every candidate."""
    own, present = matrix[:candidates], np.array([example.is_present for example in examples], dtype=bool)
    labelled = matrix[candidates : candidates + len(examples)]
    definition, ordinary = matrix[candidates + len(examples)], matrix[candidates + len(examples) + 1 :]
    if min(present.sum(), (~present).sum()) >= _LEAST_TO_FIT:
        rows = vstack([labelled, ordinary]).tocsr()
        truth = np.concatenate([present, np.zeros(ordinary.shape[0], dtype=bool)]).astype(np.int8)
        weights, bias = fit_present(rows, truth, np.arange(len(truth)) < len(present), seed)
        return np.asarray(1 / (1 + np.exp(-np.clip(own @ weights + bias, -30, 30))))
    likeness = (own @ definition.T).toarray().ravel()
    if present.any():
        likeness = np.maximum(likeness, (own @ labelled[present].T).toarray().max(axis=1))
    return np.asarray(np.maximum(likeness, 0) / max(float(likeness.max()), 1e-9))  # vectors may point away from each other


def _deal(own: csr_matrix, labelled: csr_matrix, scores: NDArray[np.float64], n: int) -> list[tuple[int, str]]:
    """Pick in turn by each reason, keeping away from what is known."""
    nearest = (own @ labelled.T).max(axis=1).toarray().ravel() if labelled.shape[0] else np.zeros(own.shape[0])
    widths = np.sqrt(np.asarray(own.multiply(own).sum(axis=1)).ravel())
    nearest = nearest / np.maximum(widths, 1e-9) ** 2
    is_open = nearest < _TOO_ALIKE
    picked: list[tuple[int, str]] = []
    wanted = {LIKELY: scores, UNCERTAIN: -np.abs(scores - 0.5), DIFFERENT: scores * 0.2}
    while len(picked) < n and is_open.any():
        why = _TURNS[len(picked) % len(_TURNS)]
        worth = wanted[why] - nearest if why == DIFFERENT else wanted[why] - 0.1 * nearest
        at = int(np.where(is_open, worth, -np.inf).argmax())
        picked.append((at, why))
        alike = (own @ own[at].T).toarray().ravel() / np.maximum(widths * widths[at], 1e-9)
        nearest = np.maximum(nearest, alike)
        is_open &= nearest < _TOO_ALIKE
        is_open[at] = False
    return picked

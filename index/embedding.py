"""One vector for each document, made with the encoder that an index is handed: this layer knows no model.

The vector has two halves: the opening (title and lead) and the passages of the text (the encoder cuts a long text and takes
the mean of its pieces). A dot product is thus the mean of two cosines: a headline counts as much as all that follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eho.document import Document
from index.tokens import unmasked

Floats = NDArray[np.float32]


class Embedder(Protocol):
    """Texts to unit vectors of one space; zeros for a text without words. Safe to call from several threads."""

    @property
    def space(self) -> str:
        """Return name and version of the encoder: vectors of two spaces are never compared."""

    @property
    def width(self) -> int:
        """Return the numbers of one text's vector; a document has twice as many."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return `[texts, width]`."""


def document_vectors(embedder: Embedder, documents: Sequence[Document]) -> Floats:
    """Return `[documents, 2 * width]`, unit length; masked details leave no trace in it."""
    openings = embedder.encode([unmasked(opening(document)) for document in documents])
    bodies = embedder.encode([unmasked(document.text) for document in documents])
    return _joined(openings, bodies)


def text_vector(embedder: Embedder, text: str) -> Floats:
    """Return the vector of a text that stands alone: it is compared with openings and passages alike."""
    found = embedder.encode([unmasked(text)])
    return np.asarray(_joined(found, found)[0], np.float32)


def opening(document: Document) -> str:
    """Return title and lead; a lead that only repeats the text's beginning counts once, with the text."""
    lead = document.lead or ""
    return "\n".join(part for part in (document.title, "" if document.text.startswith(lead) else lead) if part)


def content_of(document: Document) -> str:
    """Return what a vector is made of: while it stays the same, so does the vector."""
    return f"{opening(document)}\x1f{document.text}"


def _joined(openings: Floats, bodies: Floats) -> Floats:
    """Put both halves side by side; where one has no words the other stands for it."""
    empty, lone = (np.abs(half).sum(axis=1, keepdims=True) == 0 for half in (openings, bodies))
    openings = np.where(empty, bodies, openings)
    bodies = np.where(lone, openings, bodies)
    return np.asarray(np.concatenate([openings, bodies], axis=1) / np.sqrt(2), np.float32)

"""The text fields of every engine: each part of a document as folded, as spelt and as stems, and what of them a query asks.

Words are cut, folded and stemmed here, so engines only split at spaces and both find the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from eho.document import Document
from index.nodes import Phrase, Term, TextLeaf
from index.stemming import stem_languages, stem_tokens
from index.tokens import exact_words, folded_words

PARTS = ("title", "lead", "text")  # apart, so that no phrase runs from one into the next
EXACT, STEMS = "_exact", "_stem"
TEXT_FIELDS = tuple(f"{part}{suffix}" for suffix in ("", EXACT, STEMS) for part in PARTS)

TITLE_BOOST = 2.0
# A document with the word as typed gets AS_TYPED once for each such word beside its score; the score by stems is scaled to stay
# below it: a term's BM25 is at most 2.2 × ln(1 + documents), so at 10 million documents 2.2 × 16.1 × (2 + 1 + 1) × 0.007 = 0.99.
AS_TYPED = 1.0
BY_STEM = 0.007


def text_values(document: Document, lang: str | None) -> Iterator[tuple[str, str]]:
    """Yield field and words; a text whose language nobody knows has two values of stems, one in each language."""
    for part, text in zip(PARTS, (document.title, document.lead, document.text), strict=True):
        if not text:
            continue
        words = folded_words(text)
        yield part, " ".join(words)
        yield f"{part}{EXACT}", " ".join(exact_words(text))
        for language in stem_languages(lang):
            yield f"{part}{STEMS}", " ".join(stem_tokens(words, language))


def parts_of(leaf: TextLeaf) -> tuple[str, ...]:
    """Return the parts of a document that a leaf is searched in."""
    if leaf.field == "any":
        return PARTS
    return ("title",) if leaf.field == "title" else ("lead", "text")


def rows_of_stems(leaf: TextLeaf) -> list[tuple[str, ...]]:
    """Return what stands for a leaf's other forms in the stem fields: one row of tokens for each language, none without forms."""
    if isinstance(leaf, Term):
        return [stem_tokens((leaf.text,), language) for language in leaf.forms_in]
    if isinstance(leaf, Phrase):
        return [stem_tokens(leaf.words, language) for language in leaf.forms_in]
    return []

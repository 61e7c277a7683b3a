"""Sentences and passages: where a document is cut before a model reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import spacy
from spacy.language import Language as SpacyLanguage

from eho.annotation import FieldName
from eho.document import Document
from nlp.lexicon import words

_TARGET_WORDS = 70  # passages grow to about this size …
_MOST_CHARACTERS = 1200  # … and never beyond this, whatever the punctuation
_PARAGRAPH = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+")
# No sentence ends after these, folded by hand: titles, common abbreviations, initials and ordinals before a lower-case word.
_ABBREVIATIONS = frozenset(words("abbreviations")["no_sentence_end"])
_ENDS_IN_SHORT_FORM = re.compile(r"(?:^|[\s(„“\"'])([\w.]{1,6})\.\s*$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch `[start, end)` of one field, a few sentences long; `paragraph` counts from 0 within the field."""

    text: str
    start: int
    end: int
    field: FieldName
    paragraph: int


@lru_cache(maxsize=1)
def _sentencizer() -> SpacyLanguage:
    pipeline = spacy.blank("sr")  # its tokenizer keeps the abbreviations of both scripts; boundaries come from punctuation alone
    pipeline.add_pipe("sentencizer", config={"punct_chars": [".", "!", "?", "…", "‽"]})
    pipeline.max_length = 10_000_000
    return pipeline


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the sentences of a text as `[start, end)`, blank edges trimmed; abbreviations and ordinals do not end one."""
    return [
        span for paragraph in _PARAGRAPH.finditer(text) for span in _paragraph_sentences(paragraph.group(), paragraph.start())
    ]


def _paragraph_sentences(paragraph: str, offset: int) -> list[tuple[int, int]]:
    if len(paragraph) > 100_000:  # one endless word or a data dump: no sentence structure worth the tokenizer's time
        return [(offset, offset + len(paragraph))]
    ends = [sentence.end_char for sentence in _sentencizer()(paragraph).sents]
    spans: list[tuple[int, int]] = []
    start = 0
    for end in ends:
        if end < len(paragraph) and _runs_on(paragraph[start:end], paragraph[end:]):
            continue
        spans.append((start, end))
        start = end
    if start < len(paragraph):
        spans.append((start, len(paragraph)))
    return [trimmed for span in spans if (trimmed := _trim(paragraph, *span, offset)) is not None]


def _runs_on(before: str, after: str) -> bool:
    """True where a full stop does not end a sentence: abbreviation, initial, ordinal or a lower-case continuation."""
    following = after.lstrip(" \u00a0\"'“”„»«’)")
    short = _ENDS_IN_SHORT_FORM.search(before)
    if short is None:
        return following[:1].islower() and before.rstrip()[-1:] in ".…"
    form = short.group(1)
    if form.lower() in _ABBREVIATIONS or (len(form) == 1 and form.isupper()):
        return True
    return following[:1].islower()


def _trim(paragraph: str, start: int, end: int, offset: int) -> tuple[int, int] | None:
    piece = paragraph[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    return None if right <= left else (offset + start + left, offset + start + right)


def passages(document: Document) -> list[Passage]:
    """Cut title, lead and text into passages of whole sentences, at most about 70 words, never across paragraphs."""
    found: list[Passage] = []
    for field in ("title", "lead", "text"):
        value: str | None = getattr(document, field)
        if value:
            found.extend(_field_passages(value, field))
    return found


def _field_passages(text: str, field: FieldName) -> Iterator[Passage]:
    for number, paragraph in enumerate(_PARAGRAPH.finditer(text)):
        spans = _paragraph_sentences(paragraph.group(), paragraph.start())
        for start, end in _grouped(text, spans):
            for piece_start, piece_end in _pieces(text, start, end):
                yield Passage(text[piece_start:piece_end], piece_start, piece_end, field, number)


def _grouped(text: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start: int | None = None
    count, last = 0, 0
    for begin, end in spans:
        size = len(_WORD.findall(text, begin, end)) if end - begin < 20_000 else _TARGET_WORDS
        if start is not None and count + size > _TARGET_WORDS:
            yield start, last
            start, count = None, 0
        start = begin if start is None else start
        count, last = count + size, end
    if start is not None:
        yield start, last


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut what is still too long at blanks, or hard where there are none."""
    while end - start > _MOST_CHARACTERS:
        cut = text.rfind(" ", start + _MOST_CHARACTERS // 2, start + _MOST_CHARACTERS)
        cut = start + _MOST_CHARACTERS if cut < 0 else cut
        yield start, cut
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end

"""What the recogniser learns from: entity sets in IOB2 and Albanian silver, as texts with spans, in folded spelling."""

from __future__ import annotations

import hashlib
import random
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eho.errors import InputError
from eho.folding import fold, fold_text
from models.corpus import bundled, json_lines, sentences

TRAIN = ("sr_set_train", "hr_set_train", "hr500k_part", "sr_tweets", "hr_tweets")
_GLUED = re.compile(r"\s+(?=[.,;:!?)\]}%”“]+(?:\s|$))|(?<=[(\[{„])\s+")
_HELD_OUT_SHARE = 9  # every ninth silver passage is kept for the evaluation
_SHARED_GRAMS = 4  # sentences that share so many runs of five words with the evaluation are its copies

Spans = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class NamedText:
    """A text as published with its names as spans; `group` is the document that never straddles train and evaluation."""

    text: str
    spans: Spans
    lang: str
    source: str
    group: str


def read_iob2(path: Path, lang: str) -> list[NamedText]:
    """Read an IOB2 file (token and tag in the second and third column), one text a sentence. Raises InputError."""
    name = path.name.split(".")[0]
    rows: list[NamedText] = []
    group = None
    for one in sentences(path):
        if one.document is not None:
            group = f"{name}:{one.document}"
        for number, columns in one.rows:
            if len(columns) < 3 or columns[2][:1] not in ("B", "I", "O"):
                raise InputError(f"{path} line {number}: {' '.join(columns)[:60]!r} is no row of an IOB2 file.")
        if one.rows:
            tokens = [(columns[1], columns[2]) for _, columns in one.rows]
            rows.append(_sentence(tokens, one.text, lang, name, group or f"{name}:{one.number}"))  # no documents: each alone
    return rows


def _sentence(tokens: Sequence[tuple[str, str]], text: str | None, lang: str, name: str, group: str) -> NamedText:
    words = [token for token, _ in tokens]
    plain = " ".join(words)
    text, placed = next((one, found) for one in (text, _GLUED.sub("", plain), plain) if (found := _place(words, one)) is not None)
    spans: list[tuple[int, int, str]] = []
    for (start, end), (_, tag) in zip(placed, tokens, strict=True):
        if tag.startswith("B-") or (tag.startswith("I-") and not spans):
            spans.append((start, end, tag[2:]))
        elif tag.startswith("I-"):
            spans[-1] = (spans[-1][0], end, spans[-1][2])
    return NamedText(text or plain, tuple(spans), lang, name, group)


def _place(tokens: Sequence[str], text: str | None) -> list[tuple[int, int]] | None:
    if text is None:
        return None
    places, at = [], 0
    for token in tokens:
        start = text.find(token, at)
        if start < 0 or text[at:start].strip():
            return None
        at = start + len(token)
        places.append((start, at))
    return places


def read_silver(names: Path | None = None) -> list[NamedText]:
    """Read the Albanian silver (`entities_sq.jsonl` beside `news_sq.jsonl`): names by order of occurrence, put into offsets."""
    texts = {row["id"]: row["text"] for _, row in json_lines(bundled("news_sq.jsonl"))}
    path = names or bundled("entities_sq.jsonl")
    rows = []
    for number, row in json_lines(path):
        text, at, spans = texts[row["id"]], 0, []
        for entity in row["entities"]:
            start = text.find(entity["text"], at)
            if start < 0:
                raise InputError(f"{path} line {number}: {entity['text']!r} does not stand in {row['id']} after position {at}.")
            at = start + len(entity["text"])
            spans.append((start, at, entity["type"]))
        rows.append(NamedText(text, tuple(spans), "sq", "entities_sq", row["id"]))
    return rows


def is_held_out(identifier: str) -> bool:
    """True for silver that is kept for the evaluation, by hash of its id."""
    return int(hashlib.sha256(identifier.encode()).hexdigest(), 16) % _HELD_OUT_SHARE == 0


def training_rows(data: Path, silver: Sequence[NamedText]) -> list[NamedText]:
    """Return all sets to learn from below `data`, without copies of SET dev, and the silver that is not held out."""
    rows: list[NamedText] = []
    for name in TRAIN:
        path = data / "ner" / f"{name}.iob2.gz"
        if path.is_file():
            rows += read_iob2(path, name[:2])
    if not rows:
        raise InputError(f"There is no entity set below {data / 'ner'}; --data names the folder of the public sets.")
    dev = data / "ner" / "sr_set_dev.iob2.gz"
    kept = without_copies(rows, read_iob2(dev, "sr") if dev.is_file() else [])
    return kept + [row for row in silver if not is_held_out(row.group)]


def without_copies(rows: Sequence[NamedText], held_out: Sequence[NamedText]) -> list[NamedText]:
    """Leave out the rows that are near copies of a held-out sentence."""
    known = Counter(gram for row in held_out for gram in _grams(row.text))
    return [row for row in rows if sum(gram in known for gram in _grams(row.text)) < _SHARED_GRAMS]


def _grams(text: str) -> set[tuple[str, ...]]:
    words = fold_text(text).split()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def joined(rows: Sequence[NamedText], draw: random.Random) -> Iterator[NamedText]:
    """Join one to three neighbouring sentences of a document: the recogniser reads passages, not single sentences."""
    at = 0
    while at < len(rows):
        wanted = draw.choice((1, 1, 2, 3))
        one = rows[at]
        text, spans, at = one.text, list(one.spans), at + 1
        while wanted > 1 and at < len(rows) and rows[at].group == one.group and one.source != "entities_sq":
            shift = len(text) + 1
            text = f"{text} {rows[at].text}"
            spans += [(start + shift, end + shift, kind) for start, end, kind in rows[at].spans]
            wanted, at = wanted - 1, at + 1
        yield NamedText(text, tuple(spans), one.lang, one.source, one.group)


def to_folded(row: NamedText) -> tuple[str, Spans]:
    """Return the folded text with capitals kept, and its spans."""
    folded = fold(row.text, keep_case=True)
    return folded.text, tuple((*folded.to_folded(start, end), kind) for start, end, kind in row.spans)


def respelled(text: str, spans: Spans, draw: random.Random) -> tuple[str, Spans]:
    """Write a folded text as loose typing would: a tenth in lower case, some in capitals, some with d for đ."""
    chance = draw.random()
    if chance < 0.10:
        return text.lower(), spans
    if chance < 0.14:
        return text.upper(), spans
    if chance < 0.17:
        return text.title(), spans
    if chance < 0.24:
        return _without_j(text, spans)
    return text, spans


def _without_j(text: str, spans: Spans) -> tuple[str, Spans]:
    """Write d for dj: the one letter that people who type without diacritics leave out in two ways."""
    gone = [match.end() - 1 for match in re.finditer(r"[Dd][Jj]", text)]
    moved = tuple((start - bisect_left(gone, start), end - bisect_left(gone, end), kind) for start, end, kind in spans)
    return re.sub(r"([Dd])[Jj]", r"\1", text), moved

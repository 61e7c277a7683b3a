"""Draws passages of real text for labelling: stratified by what a passage mentions, with the weight of every row kept.

The text stays where it is: a row names data set, document, field and offsets, with a hash of the passage.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eho.codebook import Codebook
from eho.document import Document
from eho.folding import fold_text
from models.corpus import json_lines
from nlp.lexicon import pattern
from nlp.segmentation import Passage, passages

LEAST_WORDS = 4
STRATA = ("cue", "people", "other")


@dataclass(frozen=True, slots=True)
class Corpus:
    """One data set below EHO_DATA: its path, the kind and language of its texts, and how many passages to draw a stratum."""

    path: str
    kind: str
    lang: str
    draw: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DrawnPassage:
    """One drawn passage; `weight` is how many passages of its stratum it stands for. Text and context are not to be stored."""

    id: str
    dataset: str
    document: str
    field: str
    start: int
    end: int
    sha256: str
    kind: str
    lang: str
    stratum: str
    weight: float
    text: str
    title: str | None
    before: str

    def to_stored(self) -> dict[str, object]:
        """Return the row without its text, title and context."""
        return {name: getattr(self, name) for name in self.__slots__ if name not in ("text", "title", "before")}


class Strata:
    """Sorts passages: with a cue of the codebook, with a people, faith or returnee mentioned, without either."""

    def __init__(self, codebook: Codebook) -> None:
        cues = {fold_text(cue.text) for narrative in codebook.narratives for cue in (*narrative.cues.sq, *narrative.cues.sr)}
        self._cues = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(cues, key=len, reverse=True))) + ")")

    def of(self, text: str) -> str:
        """Return the name of the passage's stratum."""
        folded = fold_text(text)
        if self._cues.search(folded):
            return "cue"
        return "people" if pattern("hints", "people").search(folded) else "other"


def draw(data: Path, corpora: Sequence[Corpus], codebook: Codebook, seed: int) -> list[DrawnPassage]:
    """Draw without replacement from every stratum of every data set, at most one passage a document and stratum.

    The weight of a row is the number of passages in its stratum divided by the number drawn from it.
    """
    strata = Strata(codebook)
    drawn: list[DrawnPassage] = []
    for corpus in corpora:
        pools = _pools(data / corpus.path, strata)
        for stratum in STRATA:
            pool = pools.get(stratum, [])
            # seeded by what is drawn from, so that another data set more leaves these rows as they are
            rng = random.Random(f"{seed}|{corpus.path}|{stratum}")  # noqa: S311 - sampling, not secrecy
            rng.shuffle(pool)
            chosen = _one_a_document(pool)[: corpus.draw.get(stratum, 0)]
            weight = round(len(pool) / len(chosen), 4) if chosen else 0.0
            drawn.extend(_row(corpus, stratum, weight, item) for item in chosen)
    return drawn


_Item = tuple[Document, Passage, str]


def _pools(path: Path, strata: Strata) -> dict[str, list[_Item]]:
    pools: dict[str, list[_Item]] = defaultdict(list)
    for document in _documents(path):
        before = ""
        for passage in passages(document):
            if passage.field == "text" and len(passage.text.split()) >= LEAST_WORDS:
                pools[strata.of(passage.text)].append((document, passage, before))
            before = passage.text
    return pools


def _documents(path: Path) -> Iterator[Document]:
    for _, row in json_lines(path):
        if row.get("text", "").strip():
            yield Document(id=row["id"], source=path.name.split(".")[0], text=row["text"], title=row.get("title"))


def _one_a_document(pool: Sequence[_Item]) -> list[_Item]:
    """Keep the first passage of every document, in the order drawn."""
    first: dict[str, _Item] = {}
    for item in pool:
        first.setdefault(item[0].id, item)
    return list(first.values())


def _row(corpus: Corpus, stratum: str, weight: float, item: _Item) -> DrawnPassage:
    document, passage, before = item
    digest = hashlib.sha256(passage.text.encode()).hexdigest()
    key = hashlib.sha256(f"{corpus.path}|{document.id}|{passage.start}|{passage.end}".encode()).hexdigest()[:12]
    return DrawnPassage(
        id=f"real-{key}",
        dataset=document.source,
        document=document.id,
        field=passage.field,
        start=passage.start,
        end=passage.end,
        sha256=digest,
        kind=corpus.kind,
        lang=corpus.lang,
        stratum=stratum,
        weight=weight,
        text=passage.text,
        title=document.title,
        before=before,
    )

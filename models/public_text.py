"""Public text beside the written corpus: ordinary language, and the passages of it that were read and labelled.

The text stays where EHO_DATA points; the project keeps only the labels (`data/read_passages.jsonl`: id, digest of the text,
spans). A fifth of all groups is held out by hash: it sets thresholds and measures, and is never trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.corpus import LabelledAnnotation, LabelledPassage, bundled, is_usable, json_lines, sentence_pairs
from models.encoder.sets import group_of, is_held_out

OFFENCE, HATE = "offense_sq", "hate_sr"
COMMENTS = frozenset({OFFENCE, HATE, "tweets_sr", "tweets_hr"})  # all else is edited text
UNKNOWN = -1
_ETHNIC = frozenset({"1", "1a", "1b", "1c", "2"})
_BUNDLED = "news_sq"


@dataclass(frozen=True, slots=True)
class PublicSet:
    """Where a set lies below the data folder, its language, and how many of its texts serve as ordinary language."""

    name: str
    folder: str
    lang: str
    most: int


SETS = (
    PublicSet("wiki_sq", "text", "sq", 500),
    PublicSet("court_sq", "text", "sq", 500),
    PublicSet("exams_sq", "text", "sq", 200),
    PublicSet("wiki_sr", "text", "sr", 500),
    PublicSet("novels_sr", "text", "sr", 400),
    PublicSet("commonvoice_sr", "text", "sr", 300),
    PublicSet("tweets_sr", "text", "sr", 1200),
    PublicSet("tweets_hr", "text", "sr", 400),
    PublicSet("hr500k_hr", "text", "sr", 1200),
    PublicSet("parlasent_bcs", "labeled", "sr", 1000),
    PublicSet(OFFENCE, "labeled", "sq", 4000),
    PublicSet(HATE, "labeled", "sr", 2500),
    PublicSet("sr_set_train", "ner", "sr", 1700),
    PublicSet("hr_set_train", "ner", "sr", 1000),
    PublicSet("hr500k_part", "ner", "sr", 1200),
    PublicSet(_BUNDLED, "", "sq", 1000),
)


@dataclass(frozen=True, slots=True)
class PublicText:
    """One text. `read`: its labels, where somebody read it. `is_known`: whether it may count as carrying nothing else.

    `offence`, `hate`: 0 or 1 where its set says so, else -1.
    """

    id: str
    set: str
    lang: str
    group: str
    text: str
    read: LabelledPassage | None = None
    is_known: bool = True
    offence: int = UNKNOWN
    hate: int = UNKNOWN

    @property
    def is_held_out(self) -> bool:
        """True for the fifth that is never trained on."""
        return is_held_out(self.group)


def public_texts(data: Path | None) -> Iterator[PublicText]:
    """Yield the texts of all sets that are here, in a fixed order; without `data` only what comes with Eho."""
    labels = _labels()
    for one in SETS:
        for id, row in _rows(one, data):
            if is_usable(row):
                yield _public_text(one, id, row, labels.get((one.name, id)))


def texts_by_set(data: Path | None) -> dict[str, list[PublicText]]:
    """Return the texts of every set, in the order of `SETS`; an empty list for a set that is not here."""
    found: dict[str, list[PublicText]] = {one.name: [] for one in SETS}
    for text in public_texts(data):
        found[text.set].append(text)
    return found


def _rows(one: PublicSet, data: Path | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if one.name == _BUNDLED:
        for _, row in json_lines(bundled(f"{_BUNDLED}.jsonl")):
            yield row["id"], row
    elif data is not None and one.folder == "ner":
        for number, (_, row) in enumerate(sentence_pairs(data / "ner" / f"{one.name}.iob2.gz")):
            yield f"{one.name}-{number}", row
    elif data is not None:
        for _, row in json_lines(data / one.folder / f"{one.name}.jsonl.gz"):
            yield str(row["id"]), row


def _public_text(one: PublicSet, id: str, row: Mapping[str, Any], label: Mapping[str, Any] | None) -> PublicText:
    text = row["text"]
    offence, hate, known = UNKNOWN, UNKNOWN, True
    if one.name == OFFENCE:
        offence = int(row["label"])
    elif one.name == HATE:
        hate = int(bool(hate_codes(row) & _ETHNIC))
        known = not hate  # hatred of a people often carries a narrative; unless read, it counts neither way
    read = None
    if label is not None and label["sha"] == hashlib.sha256(text.encode()).hexdigest()[:12]:
        known = not label.get("unsure", False)
        read = _labelled(one, id, text, label) if known else None
    # the SETimes sets mirror each other, text by text
    group = f"news-{id.rpartition('-')[2]}" if one.folder == "ner" else group_of({**row, "id": id})
    return PublicText(id, one.name, one.lang, group, text, read, known, offence, hate)


def hate_codes(row: Mapping[str, Any]) -> set[str]:
    """Return the codes of a row of hate_sr, which names several in one field."""
    return set(str(row["codes"]).replace(";", ",").replace(" ", "").split(","))


def _labelled(one: PublicSet, id: str, text: str, label: Mapping[str, Any]) -> LabelledPassage:
    annotations = tuple(
        LabelledAnnotation(
            item["narrative"],
            item["stance"],
            tuple(item["target_groups"]),
            tuple((start, end) for start, end in item["spans"]),
        )
        for item in label["annotations"]
    )
    return LabelledPassage(id, f"read-{one.name}", one.lang, text, None, label["sense"], label["severity"], annotations)


def _labels() -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(row["set"], row["id"]): row for _, row in json_lines(bundled("read_passages.jsonl"))}

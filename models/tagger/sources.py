"""What the tagger learns from: the written corpus, its translations, ordinary text, and public sets of offence and hate."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.corpus import LabelledPassage, json_lines
from models.tagger.examples import UNKNOWN, Example, Labels, background, from_passage

ORDINARY: tuple[tuple[str, str, int], ...] = (
    ("wiki_sq", "sq", 600), ("court_sq", "sq", 600), ("wiki_sr", "sr", 600), ("novels_sr", "sr", 600), ("tweets_sr", "sr", 600),
    ("hr500k_hr", "sr", 1600), ("commonvoice_sr", "sr", 400),
)  # fmt: skip
OFFENCE, HATE = "offense_sq", "hate_sr"
_ETHNIC = frozenset({"1", "1a", "1b", "1c", "2"})
_SHORTEST, _LONGEST = 15, 900
_HELD_OUT = 4  # every fourth ordinary text is kept for the thresholds
_TRANSLATED = 0.7
_MOST_PUBLIC = 2500  # of each public set: more takes time without helping the narratives


@dataclass(frozen=True)
class Material:
    """Examples to learn from; ordinary text kept for the thresholds; public rows kept to measure the auxiliary heads."""

    examples: list[Example]
    held_out: list[Example]
    public: list[Example]
    counts: dict[str, int]


def gather(
    rows: Sequence[LabelledPassage],
    labels: Labels,
    data: Path | None,
    translations: Path | None,
    *,
    seed: int,
    public: bool = True,
) -> Material:
    """Collect everything. Without `data` (EHO_DATA) there is the corpus alone; the same seed gives the same rows."""
    examples = [from_passage(row, labels) for row in rows]
    counts = {"corpus": len(examples)}
    translated = _translated(rows, labels, translations) if translations is not None and translations.is_dir() else []
    counts["translated"] = len(translated)
    held_out: list[Example] = []
    tested: list[Example] = []
    if data is not None:
        draw = random.Random(seed)
        for name, lang, most in ORDINARY:
            mine = _ordinary(data / "text" / f"{name}.jsonl.gz", labels, name, lang, most, draw)
            held_out += mine[::_HELD_OUT]
            kept = [one for at, one in enumerate(mine) if at % _HELD_OUT]
            examples += kept
            counts[name] = len(kept)
        if public:
            for mine in (_offence(data, labels, draw), _hate(data, labels, draw)):
                tested += [one for one in mine if is_held_out(one.group)]
                kept = [one for one in mine if not is_held_out(one.group)]
                examples += draw.sample(kept, min(len(kept), _MOST_PUBLIC))
            counts |= {OFFENCE: sum(one.offence >= 0 for one in examples), HATE: sum(one.hate >= 0 for one in examples)}
    return Material(examples + translated, held_out, tested, counts)


def is_held_out(group: str) -> bool:
    """True for a fifth of the groups of the public sets, by hash: these rows only measure."""
    return zlib.crc32(group.encode()) % 5 == 0


def _translated(rows: Sequence[LabelledPassage], labels: Labels, folder: Path) -> list[Example]:
    """Return the corpus rows in the other language; their evidence is not marked there."""
    known = {row.id: row for row in rows}
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for _, line in json_lines(path):
            if (row := known.get(line["id"])) is not None:
                bare = tuple(replace(one, evidence=()) for one in row.annotations)
                lang = "sr" if line["written_in"] == "sq" else "sq"
                other = replace(row, text=line[lang], title=None, lang=lang, annotations=bare)
                found.append(from_passage(other, labels, _TRANSLATED))
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in json_lines(path) if _SHORTEST <= len(row["text"]) <= _LONGEST]


def _ordinary(path: Path, labels: Labels, name: str, lang: str, most: int, draw: random.Random) -> list[Example]:
    """Return texts of a set; every third is cut to the length of a headline."""
    rows = _rows(path)
    draw.shuffle(rows)
    texts = [row["text"] for row in rows[:most]]
    cut = [" ".join(text.split()[: 5 + at % 8]) if at % 3 == 0 else text for at, text in enumerate(texts)]
    return [background(text, labels, name, lang, 1.0) for text in cut]


def _offence(data: Path, labels: Labels, draw: random.Random) -> list[Example]:
    rows = _rows(data / "labeled" / f"{OFFENCE}.jsonl.gz")
    return [_public(row["text"], "sq", row["id"], labels, draw, offence=int(row["label"])) for row in rows]


def _hate(data: Path, labels: Labels, draw: random.Random) -> list[Example]:
    found = []
    for row in _rows(data / "labeled" / f"{HATE}.jsonl.gz"):
        codes = set(str(row["codes"]).replace(";", ",").replace(" ", "").split(","))
        one = _public(row["text"], "sr", f"hate-{row['text_id']}", labels, draw, hate=int(bool(codes & _ETHNIC)))
        found.append(one)
    return found


def _public(
    text: str, lang: str, group: str, labels: Labels, draw: random.Random, *, offence: int = UNKNOWN, hate: int = UNKNOWN
) -> Example:
    """Return a public row. Half of those without offence serve as ordinary text too; in the others narratives are not known."""
    one = replace(background(text, labels, group, lang, 1.0), offence=offence, hate=hate)
    if max(offence, hate) == 0 and draw.random() < 0.5:
        return one
    return replace(one, narratives=None, stances=None, evidence=None, told=None, targets=None, sense=UNKNOWN)

"""What the encoder is pretrained on: text, translations and dictionaries whose licences let the weights be passed on."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eho.folding import fold_text
from models.corpus import json_lines, read_background
from models.encoder.words import folded_words

TEXTS = (
    "wiki_sq", "court_sq", "exams_sq", "wiki_sr", "tweets_sr", "tweets_hr", "hr500k_hr", "commonvoice_sr", "exams_sr",
    "novels_sr",
)  # fmt: skip
PAIRS = (
    "ui_sq_sr_en", "ui_sq_en", "ui_sr_en", "parenting_xk_sq_sr", "trust_xk", "tatoeba_sq_en", "tatoeba_sr_en",
    "tatoeba_pivot_sq_sr", "subs_sr_en", "www_l10n_sq_sr",
)  # fmt: skip
LOOSE = ("offense_sq", "hate_sr", "parlasent_bcs", "emotion_xed_hbs")  # comments, posts, speeches, subtitles; their text alone
NEWS = ("sr_set_train", "hr_set_train", "hr500k_part")
_LOOSE_TIMES = 2  # short and typed as people type: each comes twice
_LEAST_QUALITY = {"parenting_xk_sq_sr": 0.35, "trust_xk": 0.2}
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-ZČĆŠŽĐËÇА-Я\"„“])")
_LEAST_WORDS, _MOST_WORDS = 4, 96


@dataclass(frozen=True, slots=True)
class Translation:
    """One meaning in up to three languages; a missing one is empty."""

    sq: str = ""
    sr: str = ""
    en: str = ""


def read_texts(
    data: Path,
    names: Sequence[str] = TEXTS,
    novels_every: int = 3,
    *,
    loose: Sequence[str] = LOOSE,
    news: Sequence[str] = NEWS,
    extra: Sequence[Path] = (),
) -> list[list[str]]:
    """Return passages as folded words, 4 to 96 words each; of the old novels every third paragraph only.

    Rows of the public sets that only measure (`is_held_out`) are left out. `extra`: JSON lines with a field `text`.
    """
    found: list[list[str]] = []
    for name in names:
        for number, (_, row) in enumerate(json_lines(data / "text" / f"{name}.jsonl.gz")):
            if name == "novels_sr" and number % novels_every:
                continue
            found.extend(_passages(row["text"]))
    for name in loose:
        for _, row in json_lines(data / "labeled" / f"{name}.jsonl.gz"):
            if not is_held_out(group_of(row)) and row.get("split", "train") == "train":
                found.extend(list(_passages(row["text"])) * _LOOSE_TIMES)
    for text in read_background([data / "ner" / f"{name}.iob2.gz" for name in news], most=100_000):
        found.extend(_passages(text))
    for path in extra:
        for _, row in json_lines(path):
            found.extend(_passages(row["text"]))
    return found


def group_of(row: Mapping[str, Any]) -> str:
    """Return the group of a public row, which never straddles training and measuring: its text of origin, or itself."""
    return f"hate-{row['text_id']}" if "text_id" in row else str(row["id"])


def is_held_out(group: str) -> bool:
    """True for a fifth of the groups of the public sets, by hash: these rows only measure."""
    return zlib.crc32(group.encode()) % 5 == 0


def _passages(text: str) -> Iterator[list[str]]:
    held: list[str] = []
    for sentence in _SENTENCES.split(text):
        words = folded_words(fold_text(sentence), most=_MOST_WORDS)
        if held and len(held) + len(words) > _MOST_WORDS:
            yield held
            held = []
        held = held + words
    if len(held) >= _LEAST_WORDS:
        yield held


def read_translations(data: Path, names: Sequence[str] = PAIRS, extra: Sequence[Path] = ()) -> list[Translation]:
    """Return the translations that may be trained on, each once, without those set apart for evaluation."""
    found: dict[Translation, None] = {}
    for path in [data / "parallel" / f"{name}.jsonl.gz" for name in names] + list(extra):
        name = path.name.split(".")[0]
        for _, row in json_lines(path):
            if row.get("split") in ("laser_eval", "near_eval") or (row.get("q") or 0.5) < _LEAST_QUALITY.get(name, 0):
                continue
            one = Translation(*(_clean(row.get(lang)) for lang in ("sq", "sr", "en")))
            if sum(bool(side) for side in (one.sq, one.sr, one.en)) >= 2:
                found[one] = None
    return list(found)


def _clean(text: str | None) -> str:
    return " ".join((text or "").split())


def read_dictionary(data: Path) -> list[tuple[str, list[str]]]:
    """Return folded sq and sr words with English translations (single words), inflected forms included."""
    found: list[tuple[str, list[str]]] = []
    for row in _table(data, "dict_sq_en_wiktionary"):
        english = _english(row["en"])
        found.extend((form, english) for form in [row["sq"], *(row["forms"] or "").split("|")] if form)
    found.extend((row["hbs"], _english(row["en"])) for row in _table(data, "dict_hbs_en"))
    for row in _table(data, "synsets_sq_hbs"):
        english = _english(row["en"] or "")
        found.extend((form.strip(), english) for side in ("sq", "hbs") for form in (row[side] or "").split(";"))
    folded = ((fold_text(form), english) for form, english in found if english)
    return [(form, english) for form, english in folded if form.isalpha()]


def _table(data: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(data / "lexica" / f"{name}.tsv.gz", "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def _english(glosses: str) -> list[str]:
    plain = re.sub(r"\([^)]*\)", " ", glosses.lower())
    senses = [re.sub(r"^(to|a|an|the) ", "", sense.strip()) for sense in re.split(r"[;,]", plain)]
    return [sense for sense in senses if sense.isalpha()][:4]


def vocabulary(texts: Sequence[Sequence[str]], most: int) -> list[str]:
    """Return the most frequent words, the ones that masked words are guessed among."""
    counts = Counter(word for words in texts for word in words)
    return [word for word, _ in counts.most_common(most)]

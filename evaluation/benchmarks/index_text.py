"""Documents for the benchmark of the index: real sentences shuffled into new texts, which are nobody's articles.

Word frequencies, spellings and sentence lengths are those of real text; what is next to what, and how documents resemble each
other, is not. Sources, dates and tags are drawn.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eho.annotation import AnnotatedDocument, Annotation, Language, ModelVersion, Span, Speaker, Stance, Tags
from eho.document import Document

FILES = {"sq": ("news_sq", "wiki_sq"), "sr-Latn": ("news_sr", "politika_sr", "wiki_sr")}
NARRATIVES = ("returnee_rejection", "returnee_security_threat", "second_chance_accountability", "reintegration_success")

_CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "train"
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_WORDS = 150  # of a text, as in docs/architecture.md
_MOST_SENTENCES = 80_000
_SOURCES = 24
_DAYS = 3 * 365
_MODEL = ModelVersion(name="benchmark", version="1", codebook="1.0+000000000000")


def sentences(eho_data: Path | None) -> dict[str, list[str]]:
    """Return real sentences by language: of the public news and encyclopedia where they are at hand, else of the corpus."""
    found = _bundled() if eho_data is None else _public(eho_data)
    for lang, rows in found.items():
        if len(rows) < 1000:
            raise SystemExit(f"{len(rows)} sentences of {lang} are too few to shuffle; check the data folder.")
    return found


def make(found: dict[str, list[str]], first: int, last: int, *, version: int = 0) -> Iterator[AnnotatedDocument]:
    """Yield documents number `first` to before `last`; the same number and version give the same document in every process."""
    langs = sorted(found)
    for number in range(first, last):
        draw = random.Random(f"{number} {version}")  # noqa: S311 - seeded on purpose
        lang = langs[number % len(langs)]
        rows = found[lang]
        title, chosen = rows[draw.randrange(len(rows))], []
        words = 0
        while words < _WORDS:
            chosen.append(rows[draw.randrange(len(rows))])
            words += chosen[-1].count(" ") + 1
        document = Document(
            id=f"document-{number:08d}",
            source=f"outlet-{draw.randrange(_SOURCES)}",
            url=f"https://outlet.test/{number}",
            title=" ".join(title.split()[:10]),
            text=" ".join(chosen),
            lang=lang,
            published_at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(_DAYS * 1440)),
        )
        yield AnnotatedDocument(document=document, tags=_tags(lang, draw))


def _tags(lang: str, draw: random.Random) -> Tags:
    annotations = [
        Annotation(
            narrative=draw.choice(NARRATIVES),
            stance=draw.choice(list(Stance)),
            score=0.9,
            spans=(Span(start=0, end=20),),
            needs_review=draw.random() < 0.3,
            speaker=Speaker(type=draw.choice(["politician", "journalist", "unknown"])),
        )
        for _ in range(draw.choice([0] * 18 + [1, 2]))
    ]
    return Tags(language=Language(code=lang, confidence=0.99), annotations=tuple(annotations), model=_MODEL)


def _public(eho_data: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for lang, names in FILES.items():
        rows = found.setdefault(lang, [])
        for name in names:
            path = eho_data / "text" / f"{name}.jsonl.gz"
            if path.exists() and len(rows) < _MOST_SENTENCES:
                with gzip.open(path, "rt", encoding="utf-8") as lines:
                    for line in lines:
                        rows += _cut(str(json.loads(line).get("text") or ""))
                        if len(rows) >= _MOST_SENTENCES:
                            break
        del rows[_MOST_SENTENCES:]
    return found


def _bundled() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {lang: [] for lang in FILES}
    for path in sorted(_CORPUS.rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            lang = "sq" if str(row.get("lang", "")).startswith("sq") else "sr-Latn"
            found[lang] += _cut(str(row.get("text") or ""))
    return found


def _cut(text: str) -> Sequence[str]:
    return [row for row in _SENTENCE.split(" ".join(text.split())) if 4 <= row.count(" ") < 60]

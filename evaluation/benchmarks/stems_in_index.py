"""What stems cost and bring in the embedded index: size, building time, query time and hits, with and without them in one run.

    python -m evaluation.benchmarks.stems_in_index --eho-data PATH

Over the public news articles in both languages; the queries are words of their headlines, drawn by a fixed seed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from unittest.mock import patch

from eho.annotation import AnnotatedDocument
from eho.document import Document
from index import text_fields
from index.answers import SearchOptions
from index.embedded import EmbeddedIndex
from index.query import parse
from index.tokens import folded_words

_SETS = (("news_sq", "sq"), ("news_sr", "sr-Latn"))
_QUERIES = 200
_LEADING = ("*ratnik", "*shtet", "*ovanje", "*imi")


def read_documents(data: Path) -> Iterator[AnnotatedDocument]:
    """Yield the articles of both languages."""
    for name, lang in _SETS:
        with gzip.open(data / "text" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                document = Document(id=f"{name}-{row['id']}", source=name, lang=lang, title=row.get("title"), text=row["text"])
                yield AnnotatedDocument(document=document)


def words_of(documents: Sequence[AnnotatedDocument]) -> list[str]:
    """Return words of headlines (of first sentences where there is none), each of four letters or more."""
    generator = random.Random(7)  # noqa: S311 - a fixed draw, no secret
    chosen: list[str] = []
    while len(chosen) < _QUERIES:
        document = generator.choice(documents).document
        words = [word for word in folded_words(document.title or document.text[:120]) if len(word) >= 4 and word.isalpha()]
        if words:
            chosen.append(generator.choice(words))
    return chosen


def build(folder: Path, documents: Sequence[AnnotatedDocument]) -> dict[str, object]:
    """Build an index and return its size and rate."""
    with EmbeddedIndex(folder) as index:
        started = time.process_time()
        index.rebuild(documents, sequence=1)
        seconds = time.process_time() - started
        return {"documents_per_cpu_s": round(len(documents) / seconds), "megabytes": round(index.status().size_bytes / 1e6, 1)}


def ask(index: EmbeddedIndex, queries: Sequence[str], *, stems: bool) -> dict[str, object]:
    """Return processor milliseconds of a query and its hits, medians."""
    times, totals = [], []
    for query in queries:
        parsed = parse(query, stems=stems)
        started = time.process_time()
        totals.append(index.search(parsed, SearchOptions(limit=20)).total)
        times.append(1000 * (time.process_time() - started))
    return {"cpu_ms_median": round(median(times), 2), "cpu_ms_most": round(max(times), 1), "hits_median": median(totals)}


def main() -> None:
    """Print one JSON line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eho-data", type=Path, required=True, help="folder of the public data sets")
    documents = list(read_documents(parser.parse_args().eho_data))
    with tempfile.TemporaryDirectory() as folder:
        with patch.object(text_fields, "stem_languages", lambda _lang: ()):  # the fields stay empty
            _print(build=build(Path(folder) / "without", documents), stems=False, documents=len(documents))
        _print(build=build(Path(folder) / "with", documents), stems=True, documents=len(documents))
        with EmbeddedIndex(Path(folder) / "with") as index:
            words = words_of(documents)
            for stems in (False, True, False, True):  # the second round is warm
                _print(queries=ask(index, words, stems=stems), stems=stems)
            _print(leading_stars=ask(index, _LEADING, stems=True))
            _print(four_leading_stars=ask(index, [" OR ".join(_LEADING)], stems=True))


def _print(**row: object) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

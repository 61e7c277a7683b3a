"""Folding beside a bare `str.translate` with the same table: characters per second and the ratio, in one run.

    python -m evaluation.benchmarks.folding_speed [FILE.jsonl[.gz] …]

Without files it folds the invented outlets' articles.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from eho.folding import fold

_ARTICLES = Path(__file__).resolve().parents[1] / "miniweb" / "content" / "articles"
_ROUNDS = 5
_AIM_CHARACTERS = 3_000_000


def read_texts(path: Path) -> list[str]:
    """Return the texts of a JSON-lines file (`text`, or `paragraphs` joined)."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["text"] if "text" in row else "\n".join(row["paragraphs"]) for row in rows]


def plain_table(texts: Sequence[str]) -> dict[int, str]:
    """Return the peer's table: what every character of the texts folds to on its own."""
    return {ord(char): fold(char).text for char in set("".join(texts))}


def best_seconds(function: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return the shortest of several rounds over all texts."""
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        for text in texts:
            function(text)
        best = min(best, time.perf_counter() - start)
    return best


def measure(path: Path) -> dict[str, object]:
    """Compare `fold` with `str.translate` on one file; speeds in characters a second."""
    texts = read_texts(path)
    texts = texts * max(1, _AIM_CHARACTERS // max(1, sum(map(len, texts))))
    size, table = sum(map(len, texts)), plain_table(texts)
    translate, folding = best_seconds(lambda text: text.translate(table), texts), best_seconds(fold, texts)
    mapped = best_seconds(lambda text: fold(text).to_original(0, 0), texts)
    return {
        "file": path.name,
        "characters": size,
        "translate_per_s": round(size / translate),
        "fold_per_s": round(size / folding),
        "fold_over_translate": round(folding / translate, 2),
        "fold_and_map_over_translate": round(mapped / translate, 2),
    }


def main() -> None:
    """Print one JSON line a file."""
    for path in [Path(name) for name in sys.argv[1:]] or sorted(_ARTICLES.glob("*.jsonl")):
        sys.stdout.write(json.dumps(measure(path)) + "\n")


if __name__ == "__main__":
    main()

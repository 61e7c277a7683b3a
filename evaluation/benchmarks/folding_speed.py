"""Folding beside a bare `str.translate` with the same table: characters per second and the ratio, in one run.

    python -m evaluation.benchmarks.folding_speed [--eho-data PATH]

Without the public data sets it folds the invented outlets' articles.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from eho.folding import fold
from models.corpus import json_lines

_ARTICLES = Path(__file__).resolve().parents[1] / "miniweb" / "content" / "articles"
_NEWS = ("news_sq", "news_sr", "politika_sr")
_ROUNDS = 5
_AIM_CHARACTERS = 3_000_000


def read_texts(path: Path) -> list[str]:
    """Return the texts of a JSON-lines file (`text`, or `paragraphs` joined)."""
    return [row["text"] if "text" in row else "\n".join(row["paragraphs"]) for _, row in json_lines(path)]


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eho-data", type=Path, help="folder of the public data sets")
    data = parser.parse_args().eho_data
    paths = sorted(_ARTICLES.glob("*.jsonl")) if data is None else [data / "text" / f"{name}.jsonl.gz" for name in _NEWS]
    for path in paths:
        sys.stdout.write(json.dumps(measure(path)) + "\n")


if __name__ == "__main__":
    main()

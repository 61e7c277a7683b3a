"""Groups of copies at size: memory, bytes and documents a second, beside datasketch's own index in memory on the same texts.

`python -m evaluation.benchmarks.cluster_scale --eho-data "$EHO_DATA" [--documents 10000 100000] [--beside 10000]`. Texts are
sentences of real articles drawn anew (about 150 words); every twentieth is a copy of an earlier one with a sentence dropped.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

from datasketch import MinHash, MinHashLSH

from eho.document import Document
from nlp.clusters import ClusterIndex
from nlp.shingles import compared_words

_FILES = ("text/news_sr.jsonl.gz", "text/news_sq.jsonl.gz")
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_COPY_EVERY = 20
_BATCH = 64
_REMEMBERED = 1000


def sentences(data: Path) -> list[list[str]]:
    """Return the distinct sentences of 6 to 40 words of each language's articles."""
    pools = []
    for name in _FILES:
        with gzip.open(data / name, "rt", encoding="utf-8") as lines:
            texts = (json.loads(line)["text"] for line in lines)
            found = {one.strip() for text in texts for one in re.split(r"(?<=[.!?])\s+", text)}
        pools.append(sorted(one for one in found if 6 <= len(one.split()) <= 40))
    return pools


def documents(pools: Sequence[Sequence[str]], seed: int = 1) -> Iterator[tuple[Document, str | None]]:
    """Yield documents without end, each with the id of the one it copies."""
    random, number = Random(seed), 0  # noqa: S311 - seeded, no secret
    remembered: list[tuple[str, list[str]]] = []
    while True:
        original = None
        if number % _COPY_EVERY == _COPY_EVERY - 1:
            original, body = random.choice(remembered)
            dropped = random.randrange(len(body))
            body = [sentence for at, sentence in enumerate(body) if at != dropped]
        else:
            body = random.sample(pools[number % len(pools)], random.randint(5, 11))
            remembered = [*remembered[-_REMEMBERED:], (f"{number:064x}", body)] if number % 7 == 0 else remembered
        yield (
            Document(id=f"{number:064x}", source="s", text="\n".join(body), published_at=_FIRST + timedelta(seconds=number)),
            original,
        )
        number += 1


def run(pools: Sequence[Sequence[str]], sizes: Sequence[int], folder: Path) -> None:
    """Add documents up to each size and say what it took; sizes grow in one file."""
    path, done, wanted, found = folder / "clusters.sqlite", 0, 0, 0
    rows = documents(pools)
    with ClusterIndex(path) as clusters:
        for size in sizes:
            began, worked = time.monotonic(), time.process_time()
            lasted = 0.0
            coming = islice(rows, size - done)
            while batch := list(islice(coming, _BATCH)):
                at = time.process_time()
                changed = dict(clusters.add_all(document for document, _ in batch))
                clusters.saved(changed)
                lasted += time.process_time() - at
                wanted += sum(original is not None for _, original in batch)
                found += sum(original is not None and changed[one.id].id == original for one, original in batch)
            added, done = size - done, size
            bytes_ = sum(file.stat().st_size for file in folder.iterdir())
            _say(
                f"{size:>9,} documents: {added / (time.monotonic() - began):,.0f}/s, {added / lasted:,.0f} a second of processor"
                f" time, {bytes_ / size:,.0f} bytes a document, peak memory {_peak_mb():,.0f} MB, copies found {found:,} of"
                f" {wanted:,} (texts made in {time.process_time() - worked - lasted:.0f} s)"
            )


def beside(pools: Sequence[Sequence[str]], size: int) -> None:
    """Do the same with datasketch's index in memory, on the same folded words: Jaccard 0.7, no containment, no file."""
    lsh, wanted, found, before, worked = MinHashLSH(threshold=0.7, num_perm=128), 0, 0, _peak_mb(), time.process_time()
    for document, original in islice(documents(pools), size):
        words = compared_words(document.text)
        hashed = MinHash(num_perm=128, seed=1)
        hashed.update_batch([" ".join(words[at : at + 3]).encode() for at in range(len(words) - 2)])
        near = lsh.query(hashed)
        wanted += original is not None
        found += original in near
        lsh.insert(document.id, hashed)
    _say(
        f"{size:>9,} documents by datasketch in memory: {size / (time.process_time() - worked):,.0f} a second of processor time,"
        f" {(_peak_mb() - before) * 2**20 / size:,.0f} bytes of memory a document, copies found {found:,} of {wanted:,}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.benchmarks.cluster_scale", description=__doc__)
    parser.add_argument("--eho-data", type=Path, default=os.environ.get("EHO_DATA"), required="EHO_DATA" not in os.environ)
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000, 100_000], metavar="N")
    parser.add_argument("--beside", type=int, default=10_000, metavar="N", help="documents for datasketch in memory; 0: none")
    chosen = parser.parse_args(arguments)
    pools = sentences(chosen.eho_data)
    _say(f"{' + '.join(f'{len(pool):,}' for pool in pools)} sentences, memory before {_peak_mb():,.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        run(pools, sorted(chosen.documents), Path(folder))
    if chosen.beside:
        beside(pools, chosen.beside)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

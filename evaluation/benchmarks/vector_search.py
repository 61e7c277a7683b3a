"""How long does the nearest document take? The index's exact search over 8-bit vectors, beside a graph (usearch) in the same run.

`python -m evaluation.benchmarks.vector_search [--documents N]…`: random unit vectors around a thousand centres, of the width
that the shipped encoder's documents have. Times are those of the processor, so that a busy machine does not lengthen them.
usearch is measured where it is installed; recall is against 32-bit vectors.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from index.embedded.vectors import VectorManifest, Vectors, to_codes
from index.embedding import Floats

_WIDTH, _CENTRES, _QUESTIONS, _NEAREST, _BLOCK = 768, 1000, 50, 100, 10_000


def main() -> None:
    """Print one line for each size and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, action="append")
    for number in parser.parse_args().documents or [10_000, 50_000, 200_000]:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), number)


def _measure(folder: Path, number: int) -> None:
    generator = np.random.default_rng(11)
    centres = generator.standard_normal((_CENTRES, _WIDTH), dtype=np.float32)
    manifest = VectorManifest("benchmark", _WIDTH, (("vectors-000001", number),))
    questions = _vectors(generator, centres, _QUESTIONS)
    truth = _write(folder, number, centres, questions)
    vectors = Vectors(folder, manifest)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6

    def exact(question: Floats) -> set[int]:
        return set(np.argpartition(-vectors.cosines(question), _NEAREST)[:_NEAREST].tolist())

    _say(number, f"exact, 8 bit, {size:.0f} MB", exact, questions, truth)
    if find_spec("usearch") is None:
        sys.stdout.write("usearch is not installed; pip install usearch measures it too.\n")
        return
    from usearch.index import Index  # type: ignore[import-not-found, unused-ignore]

    graph = Index(ndim=_WIDTH, metric="ip", dtype="i8")
    started = time.process_time()
    for start in range(0, number, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, number))
        codes = vectors.column("codes", rows).astype(np.float32) * vectors.column("scales", rows)[:, None]
        graph.add(rows, codes, threads=1)
    built = time.process_time() - started
    _say(
        number,
        f"usearch graph, built in {built:.0f} s, {graph.memory_usage / 1e6:.0f} MB",
        lambda question: set(graph.search(question, _NEAREST, threads=1).keys.tolist()),
        questions,
        truth,
    )


def _vectors(generator: np.random.Generator, centres: Floats, number: int) -> Floats:
    found = centres[generator.integers(0, len(centres), number)] + 1.5 * generator.standard_normal(
        (number, _WIDTH), dtype=np.float32
    )
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def _write(folder: Path, number: int, centres: Floats, questions: Floats) -> list[set[int]]:
    """Write the files block by block; return the true neighbours by vectors that were never rounded."""
    generator = np.random.default_rng(12)
    best: list[list[tuple[float, int]]] = [[] for _ in questions]
    with (
        (folder / "vectors-000001.keys").open("wb") as keys,
        (folder / "vectors-000001.digests").open("wb") as digests,
        (folder / "vectors-000001.scales").open("wb") as scales,
        (folder / "vectors-000001.codes").open("wb") as codes,
    ):
        for start in range(0, number, _BLOCK):
            block = _vectors(generator, centres, min(_BLOCK, number - start))
            rounded, scale = to_codes(block)
            names = np.arange(start, start + len(block), dtype=np.int64)
            for file, values in ((keys, names), (digests, names), (scales, scale), (codes, rounded)):
                file.write(values.tobytes())
            for rest, cosines in zip(best, (block @ questions.T).T, strict=True):
                top = np.argpartition(-cosines, min(_NEAREST, len(cosines) - 1))[:_NEAREST]
                rest.extend((float(cosines[at]), start + int(at)) for at in top)
    return [{at for _, at in sorted(rest, reverse=True)[:_NEAREST]} for rest in best]


def _say(number: int, name: str, find: Callable[[Floats], set[int]], questions: Floats, truth: list[set[int]]) -> None:
    find(questions[0])
    times, hits = [], 0
    for question, wanted in zip(questions, truth, strict=True):
        started = time.process_time()
        found = find(question)
        times.append(1000 * (time.process_time() - started))
        hits += len(found & wanted)
    p50, p95 = np.percentile(times, [50, 95])
    recall = hits / (_NEAREST * len(questions))
    sys.stdout.write(f"{number:8,}  {name:44} CPU p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  recall@100 {recall:.3f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Copies found and missed, kind by kind, beside exact hashing, datasketch and SimHash on the same pairs in the same run.

`python -m evaluation.benchmarks.sameness [--split dev|test] [--similarity 0.6]`. Each kind has an index of its own with all its
texts, so that a copy can also go to a wrong original.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from datasketch import MinHash, MinHashLSH, MinHashLSHEnsemble
from numpy.typing import NDArray

from eho.document import Document
from eho.settings import Settings
from evaluation.bootstrap import Resampling, wilson
from evaluation.figures import Figure
from evaluation.sameness_pairs import TextPair, pairs
from nlp.clusters import ClusterIndex
from nlp.shingles import compared_words

System = Callable[[Sequence[TextPair]], list[bool]]


def by_eho(similarity: float) -> System:
    """Return the shipped index: is the second text a copy of the first?"""

    def decide(chosen: Sequence[TextPair]) -> list[bool]:
        with tempfile.TemporaryDirectory() as folder, ClusterIndex(Path(folder) / "clusters.sqlite", similarity) as clusters:
            texts = dict.fromkeys(text for pair in chosen for text in (pair.first, pair.second))
            ids = {text: f"{at:05}" for at, text in enumerate(texts)}
            clusters.add_all(Document(id=id, source="s", text=text) for text, id in ids.items())
            group = {text: clusters.membership(id).id for text, id in ids.items()}
            return [group[pair.first] == group[pair.second] for pair in chosen]

    return decide


def by_hash(read: Callable[[str], str]) -> System:
    """Return exact hashing of what `read` makes of a text."""

    def digest(text: str) -> str:
        return hashlib.sha256(read(text).encode()).hexdigest()

    return lambda chosen: [digest(pair.first) == digest(pair.second) for pair in chosen]


def by_lsh(words_of: Callable[[str], list[str]], threshold: float = 0.7) -> System:
    """Return datasketch's MinHashLSH over word triples, as its documentation shows it."""

    def decide(chosen: Sequence[TextPair]) -> list[bool]:
        index, first = MinHashLSH(threshold=threshold, num_perm=128), list(dict.fromkeys(pair.first for pair in chosen))
        for text in first:
            index.insert(text, _minhash(words_of(text)))
        return [pair.first in index.query(_minhash(words_of(pair.second))) for pair in chosen]

    return decide


def by_ensemble(chosen: Sequence[TextPair], threshold: float = 0.8) -> list[bool]:
    """Ask datasketch's LSH Ensemble for containment of the second in the first, and of the first in the second."""

    def asked(swapped: bool) -> list[bool]:
        sides = [(pair.second, pair.first) if swapped else (pair.first, pair.second) for pair in chosen]
        index = MinHashLSHEnsemble(threshold=threshold, num_perm=128, num_part=8)
        held = list(dict.fromkeys(first for first, _ in sides))
        index.index([(text, _minhash(compared_words(text)), len(_triples(compared_words(text)))) for text in held])
        found = []
        for first, second in sides:
            words = compared_words(second)
            found.append(first in set(index.query(_minhash(words), len(_triples(words)))))
        return found

    return [one or other for one, other in zip(asked(False), asked(True), strict=True)]


def by_simhash(chosen: Sequence[TextPair], most_bits: int = 3) -> list[bool]:
    """Compare 64-bit SimHashes of folded word triples (Charikar 2002), at most three bits apart (Manku et al. 2007)."""

    def simhash(text: str) -> NDArray[np.bool_]:
        hashes = [hashlib.blake2b(one, digest_size=8).digest() for one in _triples(compared_words(text))]
        bits = np.unpackbits(np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 8), axis=1)
        return np.asarray(bits.mean(axis=0) >= 0.5)

    return [int((simhash(pair.first) != simhash(pair.second)).sum()) <= most_bits for pair in chosen]


def measured(chosen: Sequence[TextPair], systems: Mapping[str, System]) -> dict[str, dict[str, list[bool]]]:
    """Return each system's decisions by kind."""
    kinds: dict[str, list[TextPair]] = defaultdict(list)
    for pair in chosen:
        kinds[pair.kind].append(pair)
    return {name: {kind: decide(rows) for kind, rows in kinds.items()} for name, decide in systems.items()}


def summary(chosen: Sequence[TextPair], decisions: Mapping[str, Sequence[bool]]) -> tuple[Figure, Figure]:
    """Return precision and recall over all pairs, each kind counting alike within copies and within others."""
    kinds: dict[str, list[TextPair]] = defaultdict(list)
    for pair in chosen:
        kinds[pair.kind].append(pair)
    rows = [(pair, said) for kind, of_kind in kinds.items() for pair, said in zip(of_kind, decisions[kind], strict=True)]
    drawn = Resampling([pair.base for pair, _ in rows])
    totals = drawn.totals(np.array([[said and pair.is_copy, said, pair.is_copy] for pair, said in rows], dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = totals[:, 0] / totals[:, 1], totals[:, 0] / totals[:, 2]
    return drawn.share(precision, totals[0, 1]), drawn.share(recall, totals[0, 2])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.benchmarks.sameness", description=__doc__)
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--similarity", type=float, nargs="+", default=[Settings().tag.near_duplicate_similarity])
    options = parser.parse_args(arguments)
    systems: dict[str, System] = {f"Eho {one:g}": by_eho(one) for one in options.similarity}
    systems |= {
        "exact": by_hash(str),
        "exact, folded": by_hash(lambda text: " ".join(compared_words(text))),
        "datasketch 0.7": by_lsh(_plain_words),
        "datasketch 0.7, folded": by_lsh(compared_words),
        "LSH Ensemble 0.8, folded": by_ensemble,
        "SimHash, folded": by_simhash,
    }
    chosen = pairs(options.split)
    decisions = measured(chosen, systems)
    truth = {pair.kind: pair.is_copy for pair in chosen}
    for is_copy, title in ((True, "copies found"), (False, "others wrongly joined")):
        _say(f"\n| {title} | n | {' | '.join(systems)} |\n|---|---|{'---|' * len(systems)}")
        for kind in (kind for kind, said in truth.items() if said is is_copy):
            shown = [_shown(wilson(sum(row[kind]), len(row[kind]))) for row in decisions.values()]
            _say(f"| {kind} | {len(decisions['exact'][kind])} | {' | '.join(shown)} |")
    _say("\n| all | precision | recall |\n|---|---|---|")
    for name, row in decisions.items():
        _say("| {} | {} | {} |".format(name, *(_shown(figure) for figure in summary(chosen, row))))


def _plain_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _triples(words: Sequence[str]) -> list[bytes]:
    return sorted({" ".join(words[at : at + 3]).encode() for at in range(max(1, len(words) - 2))})


def _minhash(words: Sequence[str]) -> MinHash:
    hashed = MinHash(num_perm=128, seed=1)
    hashed.update_batch(_triples(words))
    return hashed


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    return f"{figure.value:.2f}" + ("" if figure.low is None else f" ({figure.low:.2f}–{figure.high:.2f})")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

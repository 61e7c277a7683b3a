"""Stems on treebanks: which share of a lemma's forms come together, and how often words of different lemmas do, beside peers.

    python -m evaluation.benchmarks.stemming --eho-data PATH

Peers in the same run: nothing (folded words), the first letters as a wildcard takes them, the Snowball stemmer for Serbian,
and the forms that the Hunspell dictionaries list. Content words only; the rules are learned from other data, and chosen on the
sets named "choice".
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import snowballstemmer

from eho.folding import fold_text
from evaluation.stem_rules import DICTIONARIES, expanded
from evaluation.variants import to_cyrillic
from index.stemming import STEM_LANGUAGES, StemLanguage, stem

Stemmer: TypeAlias = Callable[[str], str]

_CONTENT = frozenset({"NOUN", "PROPN", "ADJ", "VERB", "ADV"})
_RESAMPLES = 1000
_BLOCK = 10  # neighbouring sentences, of one text as a rule, go to one half together


@dataclass(frozen=True, slots=True)
class Treebank:
    """A set of words with lemmas; `half` takes every other block of sentences."""

    name: str
    language: StemLanguage
    files: tuple[str, ...]
    half: int | None = None
    is_cyrillic: bool = False


SETS = (
    Treebank("sq choice: kote dev, STAF train", "sq", ("sq_kote-dev", "sq_staf-ud-train")),
    Treebank(
        "sq test: kote test, TSA, STAF dev and test",
        "sq",
        ("sq_kote-test", "sq_tsa-ud-test", "sq_staf-ud-dev", "sq_staf-ud-test"),
    ),
    Treebank("sq Gheg: GPS", "sq", ("aln_gps-ud-test",)),
    Treebank("sr choice: SET dev, first half", "sr", ("sr_set-ud-dev",), half=0),
    Treebank("sr test: SET dev, second half", "sr", ("sr_set-ud-dev",), half=1),
    Treebank("sr test in Cyrillic", "sr", ("sr_set-ud-dev",), half=1, is_cyrillic=True),
)


class Forms:
    """The distinct folded forms of a treebank with their lemmas."""

    def __init__(self, rows: Iterator[tuple[str, str]]) -> None:
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for form, lemma in rows:
            counts[form][lemma] += 1
        self.lemmas = {form: frozenset(found) for form, found in counts.items()}
        self.chief = {form: found.most_common(1)[0][0] for form, found in counts.items()}

    def same(self) -> dict[str, list[tuple[str, str]]]:
        """Return the pairs of different forms of each lemma."""
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for form, lemmas in sorted(self.lemmas.items()):
            for lemma in lemmas:
                groups[lemma].append(form)
        return {lemma: list(combinations(forms, 2)) for lemma, forms in groups.items() if len(forms) > 1}

    def conflated(self, stemmer: Stemmer) -> Iterator[tuple[str, str]]:
        """Yield the pairs of different forms with one key."""
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for form in sorted(self.lemmas):
            groups[stemmer(form)].append(form)
        for forms in groups.values():
            yield from combinations(forms, 2)


def read_words(data: Path, treebank: Treebank) -> Iterator[tuple[str, str]]:
    """Yield folded form and lemma of the content words of a treebank."""
    for name in treebank.files:
        with gzip.open(data / "ud" / f"{name}.conllu.gz", "rt", encoding="utf-8") as lines:
            sentence = 0
            for line in lines:
                fields = line.rstrip("\n").split("\t")
                sentence += not line.strip()
                is_asked = treebank.half is None or sentence // _BLOCK % 2 == treebank.half
                if is_asked and len(fields) > 3 and fields[0].isdigit() and fields[3] in _CONTENT:
                    # GPS marks long vowels with a colon, which no newspaper writes
                    form, lemma = (_folded(field.replace(":", ""), treebank) for field in fields[1:3])
                    if form.isalpha() and lemma.isalpha():
                        yield form, lemma


def _folded(word: str, treebank: Treebank) -> str:
    return fold_text(to_cyrillic(word) if treebank.is_cyrillic else word)


def stemmers(language: StemLanguage, listed: Mapping[str, str]) -> dict[str, Stemmer]:
    """Return the ways to bring forms together, by name; `listed` are the bases that a dictionary gives."""
    found: dict[str, Stemmer] = {"nothing": lambda word: word}
    for size in (4, 5, 6):
        found[f"first {size} letters*"] = lambda word, size=size: word[:size]  # type: ignore[misc]
    found["Hunspell forms"] = lambda word: listed.get(word, word)
    if language == "sr":
        snowball = snowballstemmer.stemmer("serbian")
        found["Snowball"] = lambda word: fold_text(snowball.stemWord(word))
    found["eho"] = lambda word: stem(word, language)
    return found


def bases_of(forms: Collection[str], language: StemLanguage, data: Path) -> Mapping[str, str]:
    """Return form -> its base in the spelling dictionary, the first of the alphabet where there are more."""
    bases: dict[str, str] = {}
    wanted = frozenset(forms)
    for base, made in expanded(data / "lexica", DICTIONARIES[language]):
        for form in made & wanted:
            bases[form] = min(bases.get(form, base), base)
    return bases


def measure(forms: Forms, stemmer: Stemmer, *, seed: int = 0) -> dict[str, object]:
    """Return shares with 95 % intervals, lemmas drawn anew with their forms."""
    same = forms.same()
    place = {lemma: at for at, lemma in enumerate(sorted(set(forms.chief.values()) | set(same)))}
    joined = Counter({lemma: sum(stemmer(a) == stemmer(b) for a, b in pairs) for lemma, pairs in same.items()})
    wrong = [(forms.chief[a], forms.chief[b]) for a, b in forms.conflated(stemmer) if not forms.lemmas[a] & forms.lemmas[b]]
    pairs_at = _vector(place, {lemma: len(pairs) for lemma, pairs in same.items()})
    joined_at = _vector(place, joined)
    left, right = (np.array([place[pair[side]] for pair in wrong], dtype=np.int64) for side in (0, 1))
    different = len(forms.lemmas) * (len(forms.lemmas) - 1) // 2 - int(pairs_at.sum())

    def shares(drawn: npt.NDArray[np.float64]) -> tuple[float, float]:
        hits, errors = float(drawn @ joined_at), float((drawn[left] * drawn[right]).sum())
        return hits / float(drawn @ pairs_at), errors / (hits + errors) if hits + errors else 0.0

    generator = np.random.default_rng(seed)
    drawn = [
        shares(generator.multinomial(len(place), [1 / len(place)] * len(place)).astype(np.float64)) for _ in range(_RESAMPLES)
    ]
    together, mistaken = shares(np.ones(len(place)))
    return {
        "forms": len(forms.lemmas),
        "lemmas_with_several": len(same),
        "pairs_of_one_lemma": int(pairs_at.sum()),
        "together": round(together, 3),
        "together_95": _interval([one[0] for one in drawn]),
        "wrong_among_joined": round(mistaken, 3),
        "wrong_among_joined_95": _interval([one[1] for one in drawn]),
        "wrong_per_million_pairs": round(1e6 * len(wrong) / different, 1),
    }


def _vector(place: Mapping[str, int], values: Mapping[str, int]) -> npt.NDArray[np.float64]:
    vector = np.zeros(len(place))
    for lemma, value in values.items():
        vector[place[lemma]] = value
    return vector


def _interval(values: Sequence[float]) -> list[float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return [round(float(low), 3), round(float(high), 3)]


def main() -> None:
    """Print one JSON line for each set and way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eho-data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--language", choices=STEM_LANGUAGES, action="append", help="only this one")
    given = parser.parse_args()
    for language in given.language or STEM_LANGUAGES:
        sets = {one.name: Forms(read_words(given.eho_data, one)) for one in SETS if one.language == language}
        listed = bases_of({form for forms in sets.values() for form in forms.lemmas}, language, given.eho_data)
        for set_name, forms in sets.items():
            for name, stemmer in stemmers(language, listed).items():
                sys.stdout.write(json.dumps({"set": set_name, "way": name, **measure(forms, stemmer)}) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Makes the recogniser's lexicon: names of dictionaries with all their forms, and from unlabelled text capitals and clusters."""

from __future__ import annotations

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD

from eho.folding import fold_text
from models.corpus import json_lines
from models.entities.lexicon import Lexicon

Say = Callable[[str], None]
# Sets that may train weights that ship, with the most texts taken of each (None: all).
TEXTS: tuple[tuple[str, int | None], ...] = (("text/wiki_sr", 20_000), ("text/wiki_sq", 12_000), ("text/hr500k_hr", None))
_LONGEST_ENDING = 2  # letters that a form is longer than its entry; beyond are possessives, half of all forms
_FLAGS = 200  # the most frequent inflection classes of the Serbian dictionary have a number each
_OTHER, _ALBANIAN, _MALE, _FEMALE, _PLACE, _NAME = range(_FLAGS + 1, _FLAGS + 7)
_SEXES = {"male": _MALE, "female": _FEMALE}
_ALBANIAN_ENDINGS = {True: ("", "a", "es", "en", "s", "n", "ja"), False: ("", "i", "it", "in", "u", "ut", "un")}
_TOKEN = re.compile(r"\w+(?:-\w+)*|[^\w\s]")
_BREAK = frozenset(".!?:\"'([-…")
_CASES = (0.02, 0.15, 0.6, 0.95)  # shares of capitals between "never", "rarely", "at times", "mostly" and "always"


@dataclass(frozen=True, slots=True)
class LexiconOptions:
    """Sizes of what is learnt from unlabelled text."""

    words: int = 25_000
    least_count: int = 4
    neighbours: int = 2_000
    dimensions: int = 50
    fine: int = 400
    coarse: int = 60
    seed: int = 20261121


def build_lexicon(data: Path, labelled: Iterable[str], options: LexiconOptions, say: Say = lambda line: None) -> Lexicon:
    """Read dictionaries and texts below `data`, and the texts of the labelled sets; what is not there is left out."""
    names = dictionary_names(data / "lexica")
    texts = [_TOKEN.findall(fold_text(text, keep_case=True)) for text in (*unlabelled(data), *labelled)]
    counts = Counter(word.lower() for words in texts for word in words if word[0].isalpha())
    known = [word for word, count in counts.most_common(options.words) if count >= options.least_count]
    say(f"{len(names)} forms of names from dictionaries; {len(known)} words from {sum(map(len, texts))} words of text")
    if len(known) <= options.fine:
        return Lexicon.from_words(names, {}, [0])
    cases = capital_habits(texts)
    fine, coarse = clusters(texts, known, options)
    return Lexicon.from_words(names, {word: (cases.get(word, 0), at) for word, at in zip(known, fine, strict=True)}, coarse)


def unlabelled(data: Path) -> Iterator[str]:
    """Yield the texts below `data` that capitals and clusters are learnt from."""
    for name, most in TEXTS:
        path = data / f"{name}.jsonl.gz"
        if not path.is_file():
            continue
        for at, (_, row) in enumerate(json_lines(path)):
            if most is not None and at >= most:
                break
            yield str(row["text"])


def dictionary_names(lexica: Path) -> dict[str, int]:
    """Return folded forms of names with a number for how they are inflected: surnames, first names and towns differ in it."""
    names: dict[str, int] = {}
    for lists in (_first_names(lexica), _places(lexica), _serbian(lexica), _plain(lexica)):
        for form, number in lists:
            names.setdefault(fold_text(form), number)
    return names


def _first_names(lexica: Path) -> Iterator[tuple[str, int]]:
    for row in _rows(lexica / "names_sq.tsv.gz"):
        if len(row) > 1 and (number := _SEXES.get(row[1])):
            name = fold_text(row[0])
            open_end = name.endswith(("a", "e"))
            stem = name[:-1] if open_end else name
            yield from ((form, number) for form in (name, *(stem + ending for ending in _ALBANIAN_ENDINGS[open_end] if ending)))


def _places(lexica: Path) -> Iterator[tuple[str, int]]:
    for row in _rows(lexica / "places_xk_sq_sr.tsv.gz"):
        yield from ((name, _PLACE) for name in row[:2] if " " not in name)


def _serbian(lexica: Path) -> Iterator[tuple[str, int]]:
    entries = [line.partition("/")[::2] for line in _lines(lexica / "sr-Latn.dic.gz") if _is_name(line)]
    flags = [flag for flag, _ in Counter(flag for _, flag in entries).most_common(_FLAGS)]
    numbers = {flag: at for at, flag in enumerate(flags, 1)}
    endings = _endings(lexica / "sr-Latn.aff.gz")
    for word, flag in entries:
        number = numbers.get(flag, _OTHER)
        yield word, number
        for one in flag.split(","):
            for strip, added in endings.get(one, ()):
                if word.endswith(strip) and len(added) <= len(strip) + _LONGEST_ENDING:
                    yield word[: len(word) - len(strip)] + added, number


def _endings(path: Path) -> dict[str, list[tuple[str, str]]]:
    endings: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in _lines(path):
        parts = line.split()
        if len(parts) >= 4 and parts[0] == "SFX" and not (len(parts) == 4 and parts[2] in "YN" and parts[3].isdigit()):
            endings[parts[1]].append(("" if parts[2] == "0" else parts[2], parts[3]))
    return endings


def _plain(lexica: Path) -> Iterator[tuple[str, int]]:
    for line in _lines(lexica / "sq_AL.dic.gz"):
        if _is_name(line):
            yield line.partition("/")[0], _ALBANIAN
    for row in _rows(lexica / "dict_hbs_en.tsv.gz"):
        if len(row) > 2 and row[2] == "np" and " " not in row[0]:
            yield row[0], _NAME
    for row in _rows(lexica / "dict_sq_en_wiktionary.tsv.gz"):
        if len(row) > 2 and row[2] == "name":
            yield from ((form, _ALBANIAN) for form in (row[0], *row[1].split("|")) if form and " " not in form)


def _is_name(entry: str) -> bool:
    return entry[:1].isupper() and entry[1:2].islower()


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [line.strip() for line in lines]


def _rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in _lines(path)]


def capital_habits(texts: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return for each word met thrice inside sentences how often it has a capital there: 1 never … 5 always."""
    met: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for words in texts:
        for before, word in pairwise(words):
            if before not in _BREAK and word[0].isalpha():
                met[word.lower()] += 1
                capital[word.lower()] += word[0].isupper()
    return {word: int(np.searchsorted(_CASES, capital[word] / count)) + 1 for word, count in met.items() if count >= 3}


def clusters(texts: Sequence[Sequence[str]], known: Sequence[str], options: LexiconOptions) -> tuple[list[int], list[int]]:
    """Group words by their neighbours; return the fine cluster of each word, from 1, and the coarse one of each fine one."""
    vectors = _vectors(_neighbours(texts, known, options), options)
    fine = MiniBatchKMeans(options.fine, random_state=options.seed, batch_size=4096, n_init=1, max_iter=30).fit(vectors)
    coarse = MiniBatchKMeans(options.coarse, random_state=options.seed, n_init=3).fit(fine.cluster_centers_)
    return [int(at) + 1 for at in fine.labels_], [0, *(int(at) + 1 for at in coarse.labels_)]


def _neighbours(texts: Sequence[Sequence[str]], known: Sequence[str], options: LexiconOptions) -> csr_matrix:
    """Count for each word which frequent words and marks stand just before and just after it."""
    row = {word: at for at, word in enumerate(known)}
    frequent = Counter(word.lower() for words in texts for word in words)
    column = {word: at for at, (word, _) in enumerate(frequent.most_common(options.neighbours))}
    pairs: Counter[tuple[int, int]] = Counter()
    for words in texts:
        lowered = [word.lower() for word in words]
        for before, after in pairwise(lowered):
            if (at := row.get(after)) is not None and (beside := column.get(before)) is not None:
                pairs[at, beside] += 1
            if (at := row.get(before)) is not None and (beside := column.get(after)) is not None:
                pairs[at, beside + len(column)] += 1
    places = np.array(list(pairs), np.int64)
    return coo_matrix((list(pairs.values()), places.T), (len(row), 2 * len(column)), dtype=np.float32).tocsr()


def _vectors(counts: csr_matrix, options: LexiconOptions) -> NDArray[np.float32]:
    """Weigh counts by positive mutual information and reduce them (Levy & Goldberg 2014); return unit vectors."""
    total = counts.sum()
    of_row, of_column = (np.asarray(counts.sum(axis)).ravel() for axis in (1, 0))
    entries = counts.tocoo()
    information = np.log(entries.data * total / (of_row[entries.row] * of_column[entries.col] ** 0.75 * total**0.25))
    weighed = coo_matrix((np.maximum(information, 0), (entries.row, entries.col)), counts.shape).tocsr()
    vectors = TruncatedSVD(options.dimensions, random_state=options.seed).fit_transform(weighed)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)

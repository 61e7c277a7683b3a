"""Learns the suffix rules of `index/data/suffixes_*.tsv` from paradigms, never from the treebanks that they are measured on.

    python -m evaluation.stem_rules sq --eho-data PATH [--out index/data/suffixes_sq.tsv]

Each form of a lemma is an example of the change that leads from it to the lemma less its last vowels. The longest suffix of a
word decides; a longer suffix gets a rule of its own only where it is right for more words than the shorter one's, weighted by
how often they stand in running text (ripple-down rules by suffix, as in Juršič, Mozetič, Erjavec and Lavrač 2010, "LemmaGen").
A suffix that begins with ^ is a whole word.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from eho.folding import fold_text
from index.stemming import RULES, WORD_START, StemLanguage
from index.tokens import folded_words

Change: TypeAlias = tuple[int, str]  # letters that go, letters that come
Paradigms: TypeAlias = Mapping[str, set[str]]

LONGEST_SUFFIX = 5
GAIN = 5.0  # weight by which a longer suffix must be better; a word seen 31 times weighs 5
LONGEST_ADDED = 2
UNSEEN = 0.1  # weight of a form that the running text lacks
COMMON_FORMS = {"sq": 3, "sr": 2}  # a spelling dictionary's word counts where so many of its forms stand in running text
TEXTS = {"sq": ("wiki_sq", "court_sq", "exams_sq"), "sr": ("wiki_sr", "tweets_sr", "commonvoice_sr")}
DICTIONARIES = {"sq": "sq_AL", "sr": "sr-Latn"}

_LAST_SOUNDS = re.compile(r"(?<=\w)[aeiou]+(?:ti)?$")  # vladati and vlada are one; no Albanian lemma ends so

# Words of the subject whose forms the dictionaries also know as rare other words; the first is the stem.
_OF_THE_SUBJECT = {
    "sq": ("bomb bombe bomba bomben bombes bombave bombat",),
    "sr": (
        "srbin srbi srba srbe srbima srbina srbinu srbine srbinom",
        "sel selo sela selu selom selima",
        "vlad vlada vlade vladi vladu vladom vladama",
    ),
}

# An Albanian participle is declined like an adjective and a noun (i kthyer, të kthyerit): it stands apart from its verb.
_PARTICIPLE = re.compile(r"\w{2,}(?:ur|uar|yer|ier|uer)")
_PARTICIPLE_ENDINGS = ("i", "it", "in", "t", "te", "a", "at", "ve", "e", "es", "en", "et", "ish", "sh")


def learn(examples: Iterable[tuple[str, Change, float]]) -> dict[str, Change]:
    """Return the rules: suffix -> change."""
    votes: defaultdict[str, defaultdict[Change, float]] = defaultdict(lambda: defaultdict(float))
    for word, (stripped, added), weight in examples:
        change = (stripped, added) if len(added) <= LONGEST_ADDED else (0, "")
        whole = WORD_START + word
        for size in range(change[0], min(LONGEST_SUFFIX, len(word)) + 1):
            votes[whole[len(whole) - size :]][change] += weight
        votes[whole][change] += weight
    rules: dict[str, Change] = {"": (0, "")}
    for suffix in sorted(votes, key=lambda suffix: (len(suffix), suffix)):
        inherited = next(rules[suffix[at:]] for at in range(1, len(suffix) + 1) if suffix[at:] in rules) if suffix else (0, "")
        best = max(votes[suffix], key=lambda change: (votes[suffix][change], change))
        if suffix and best != inherited and votes[suffix][best] - votes[suffix][inherited] >= GAIN:
            rules[suffix] = best
    del rules[""]
    return rules


def examples(paradigms: Paradigms, counts: Mapping[str, int]) -> Iterator[tuple[str, Change, float]]:
    """Yield form, change to the stem, and weight; a form of several lemmas counts for each as their own forms are common."""
    holders = Counter(form for forms in paradigms.values() for form in forms)
    mass = {lemma: 1 + sum(counts.get(form, 0) for form in forms if holders[form] == 1) for lemma, forms in paradigms.items()}
    shared_mass: Counter[str] = Counter()
    for lemma, forms in paradigms.items():
        shared_mass.update(dict.fromkeys(forms, mass[lemma]))
    for lemma in sorted(paradigms):
        stem = _LAST_SOUNDS.sub("", lemma) if len(lemma) > 4 else lemma
        for form in sorted(paradigms[lemma]) if len(stem) >= 2 and len(paradigms[lemma]) > 1 else ():
            shared = _shared(form, stem)
            if shared >= 2:
                weight = (UNSEEN + math.log2(1 + counts.get(form, 0))) * mass[lemma] / shared_mass[form]
                yield form, (len(form) - shared, stem[shared:]), weight


def _shared(first: str, second: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))


def _of_the_subject(language: StemLanguage) -> dict[str, Change]:
    """Return whole-word rules for the words that the paradigms get wrong."""
    rows = [row.split() for row in _OF_THE_SUBJECT[language]]
    shared = [(form, row[0], _shared(form, row[0])) for row in rows for form in row]
    return {WORD_START + form: (len(form) - size, stem[size:]) for form, stem, size in shared}


def paradigms_of(language: StemLanguage, data: Path, counts: Mapping[str, int]) -> dict[str, set[str]]:
    """Return lemma -> forms, folded, from all word lists of a language."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for lemma, form in _tables(data / "lexica") if language == "sq" else ():
        is_participle = form != lemma and len(form) > 4 and _PARTICIPLE.fullmatch(form)
        found[form if is_participle else lemma] |= {form, *(form + end for end in _PARTICIPLE_ENDINGS if is_participle)}
        found[lemma].add(lemma)
    for lemma, forms in expanded(data / "lexica", DICTIONARIES[language]):
        if sum(form in counts for form in forms) >= COMMON_FORMS[language]:
            found[lemma] |= forms
    return dict(found)


def _tables(lexica: Path) -> Iterator[tuple[str, str]]:
    """Yield lemma and form of UniMorph's and Wiktionary's Albanian paradigms."""
    rows = [line.split("\t") for line in _lines(lexica / "unimorph_sqi.tsv.gz")]
    pairs = [(row[0], row[1]) for row in rows if len(row) >= 3]
    for row in (line.split("\t") for line in islice(_lines(lexica / "dict_sq_en_wiktionary.tsv.gz"), 1, None)):
        if len(row) > 2 and row[2] in ("noun", "verb", "adj", "name"):
            pairs += [(row[0], form) for form in row[1].split("|")]
    for lemma, form in pairs:
        folded = fold_text(lemma), fold_text(form)
        if all(one.isalpha() for one in folded):
            yield folded


def expanded(lexica: Path, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the words of a Hunspell dictionary with all forms that their suffix flags make."""
    rules: defaultdict[str, list[tuple[str, str, re.Pattern[str]]]] = defaultdict(list)
    has_numbers = False
    for fields in (line.split() for line in _lines(lexica / f"{name}.aff.gz")):
        has_numbers = has_numbers or fields[:2] == ["FLAG", "num"]
        if len(fields) >= 4 and fields[0] == "SFX" and fields[2:3] != ["Y"]:
            stripped, added = ("" if field == "0" else field.partition("/")[0] for field in fields[2:4])
            rules[fields[1]].append((stripped, added, re.compile(f"(?:{fields[4] if len(fields) > 4 else stripped})$")))
    for line in islice(_lines(lexica / f"{name}.dic.gz"), 1, None):
        word, _, rest = line.partition("/")
        flags = (rest.split() or [""])[0]
        forms = {
            fold_text(word[: len(word) - len(stripped)] + added)
            for flag in (flags.split(",") if has_numbers else flags)
            for stripped, added, condition in rules.get(flag, ())
            if condition.search(word)
        }
        if forms and fold_text(word).isalpha():
            yield fold_text(word), {fold_text(word), *(form for form in forms if form.isalpha())}


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\r\n")


def count_words(data: Path, names: Iterable[str]) -> Counter[str]:
    """Count the folded words of running text."""
    counts: Counter[str] = Counter()
    for name in names:
        for line in _lines(data / "text" / f"{name}.jsonl.gz"):
            counts.update(folded_words(json.loads(line)["text"]))
    return counts


def to_table(rules: Mapping[str, Change], language: StemLanguage) -> str:
    """Write the rules as the file that `index.stemming` reads."""
    sources = {
        "sq": "the Albanian Hunspell dictionary (Luan Kelmendi, GPL-2.0-or-later), UniMorph sqi and Wiktionary (CC BY-SA)",
        "sr": "the Serbian Hunspell dictionary of LibreOffice (LGPL-2.1-or-later, MPL, GPL)",
    }
    head = [
        f"# Suffix rules of the {language} stemmer, made by evaluation/stem_rules.py; do not edit. The longest suffix decides.",
        f"# Learned from {sources[language]},",
        f"# weighted by words of {', '.join(TEXTS[language])}. A suffix that begins with {WORD_START} is a whole word.",
        "# suffix, letters that go, letters that come",
    ]
    return "\n".join([*head, *(f"{suffix}\t{stripped}\t{added}" for suffix, (stripped, added) in sorted(rules.items()))]) + "\n"


def main(write: Callable[[str], object] = sys.stdout.write) -> None:
    """Learn and write one language's table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=sorted(DICTIONARIES))
    parser.add_argument("--eho-data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--out", type=Path, help="the file to write; the one in use by default")
    given = parser.parse_args()
    language: StemLanguage = given.language
    counts = count_words(given.eho_data, TEXTS[language])
    rules = learn(examples(paradigms_of(language, given.eho_data, counts), counts)) | _of_the_subject(language)
    out = given.out or Path(str(RULES[language]))
    out.write_text(to_table(rules, language), encoding="utf-8", newline="\n")
    write(f"{len(rules)} rules in {out}\n")


if __name__ == "__main__":
    main()

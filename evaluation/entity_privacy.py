"""Private names put into sentences without any public role: how often the step gives a part of one out. No name is kept."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from evaluation.bootstrap import Resampling
from evaluation.figures import Figure, Table, TableRow
from evaluation.metrics import ratio
from evaluation.variants import to_cyrillic, without_diacritics
from nlp.entities import EntityStep
from nlp.segmentation import Passage

_NAMES = ("lexica", "candidates_xk.tsv.gz")
_EVERY = 3  # of 3,449 names: a second of reading for each hundred
_SENTENCES = {
    "sq": (
        "{} jeton në këtë fshat me familjen e vet.",
        "Dje në mbrëmje {} u kthye në shtëpi.",
        "Shtëpia ku jeton {} u dogj gjatë luftës.",
        "Këtë e tha për gazetën {} nga Prishtina.",
        "Në Prizren e takuam edhe {} në rrugë.",
    ),
    "sr": (
        "{} živi u ovom selu sa svojom porodicom.",
        "Juče uveče se {} vratio kući.",
        "Kuća u kojoj živi {} izgorela je tokom rata.",
        "To je za list rekao {} iz Prištine.",
        "U Prizrenu smo sreli i {} na ulici.",
    ),
}
Rewrite = Callable[[str], str]
_SPELLINGS: tuple[tuple[str, str, str, Rewrite], ...] = (
    ("sq", "Albanian", "sq", str),
    ("sq-plain", "Albanian without diacritics", "sq", without_diacritics),
    ("sr-Latn", "Serbian Latin", "sr-Latn", str),
    ("sr-Cyrl", "Serbian Cyrillic", "sr-Cyrl", to_cyrillic),
)


def privacy_table(step: EntityStep, data: Path) -> Table | None:
    """Measure which share of private names is given out, in whole or in part; None where the list of names is not below `data`.

    The names are of real people, candidates for assemblies, taken as anybody's: the sentences name no role.
    """
    path = data.joinpath(*_NAMES)
    if not path.is_file():
        return None
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        names = [line.split("\t")[0].strip() for line in lines][1::_EVERY]
    private = [name for name in names if not any(one.type == "PER" for one in step.known(name, "sq"))]  # no office holders
    rows = [_row(key, label, lang, private, rewrite, step) for key, label, lang, rewrite in _SPELLINGS]
    note = "Names without a public role that are given out, as any type, in whole or in part; 0 is wanted."
    return Table("entity-privacy", "Private names given out", note, {"given_out": "Given out"}, rows)


def _row(key: str, label: str, lang: str, names: Sequence[str], rewrite: Rewrite, step: EntityStep) -> TableRow:
    sentences = _SENTENCES[lang[:2]]
    given = [_given_out(step, rewrite(sentences[at % len(sentences)]), rewrite(name), lang) for at, name in enumerate(names)]
    sampling = Resampling([str(at) for at in range(len(names))])
    totals = sampling.totals(np.array([[one, 1] for one in given], dtype=np.float64))
    figures: dict[str, Figure] = {"given_out": sampling.share(ratio(totals[:, 0], totals[:, 1]), len(names))}
    return TableRow(key, label, figures, len(names))


def _given_out(step: EntityStep, sentence: str, name: str, lang: str) -> bool:
    start = sentence.index("{}")
    text, end = sentence.replace("{}", name), start + len(name)
    found = step.find([Passage(text, 0, len(text), "text", 0)], lang)
    return any(one.start < end and start < one.end for one in found)

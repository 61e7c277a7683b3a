"""What the lexicon is made of: forms of dictionary names by their endings, habits of capitals, words grouped by their neighbours."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from models.entities.word_lists import LexiconOptions, build_lexicon, capital_habits, clusters, dictionary_names, unlabelled


def _gz(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.write(text)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one dictionary of each kind and a text."""
    _gz(tmp_path / "lexica" / "sr-Latn.dic.gz", "4\nPetrović/437\nJović/437\nNiš/8\nsto/3\n")
    _gz(
        tmp_path / "lexica" / "sr-Latn.aff.gz", "SFX 437 Y 3\nSFX 437 ć ć\nSFX 437 ć ća\nSFX 437 ć ćevima\nSFX 8 Y 1\nSFX 8 0 u\n"
    )
    _gz(tmp_path / "lexica" / "names_sq.tsv.gz", "name\tgender\nDrita\tfemale\nAgim\tmale\n")
    _gz(tmp_path / "lexica" / "places_xk_sq_sr.tsv.gz", "Prizren\tPrizren\t\t\tmunicipality\nFushë Kosovë\tKosovo Polje\t\t\t\n")
    rows = [{"text": f"Juče je {name} došao u {place}."} for name in ("Marko", "Petar") for place in ("Niš", "Bor")] * 3
    _gz(tmp_path / "text" / "wiki_sr.jsonl.gz", "".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_names_have_their_forms_and_a_number_for_their_kind(data: Path) -> None:
    names = dictionary_names(data / "lexica")
    assert names["petrovic"] == names["petrovica"] == names["jovica"] != names["nisu"]
    assert names["drites"] != names["agimit"]
    assert {"prizren", "nisu"} <= set(names)
    assert not {"sto", "petrovicevima", "fushe kosove", "name"} & set(names)


def test_capitals_are_counted_inside_sentences_only() -> None:
    texts = [["Dan", "je", "u", "Nisu", "."], ["Dan", "u", "Nisu", "dan", "."], ["dan", "dan", "Nisu", "dan"]]
    habits = capital_habits(texts)
    assert habits["nisu"] == 5
    assert habits["dan"] == 1
    assert "je" not in habits


def test_words_with_the_same_neighbours_are_grouped() -> None:
    texts = [f"juce je {name} dosao u {place} .".split() for name in ("marko", "petar") for place in ("nis", "bor")] * 4
    known = ["marko", "petar", "nis", "bor"]
    fine, coarse = clusters(texts, known, LexiconOptions(neighbours=20, dimensions=2, fine=2, coarse=2))
    assert fine[0] == fine[1] != fine[2] == fine[3]
    assert len(coarse) == 3


def test_the_lexicon_holds_what_the_folder_holds(data: Path, tmp_path: Path) -> None:
    options = LexiconOptions(least_count=2, neighbours=10, dimensions=2, fine=3, coarse=2)
    assert len(list(unlabelled(data))) == 12
    facts = build_lexicon(data, (), options).look_up(["petrovica", "marko", "dosao"])
    assert facts["petrovica"].paradigm
    assert facts["marko"].case == 5
    assert facts["dosao"].fine
    bare = build_lexicon(tmp_path / "none", ["Niš."], options).look_up(["nis"])
    assert not bare["nis"].fine

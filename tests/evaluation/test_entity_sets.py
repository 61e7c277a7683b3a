"""Names measured on a small set in the published form: counts by hand, spans that move with the spelling."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from evaluation.entity_privacy import privacy_table
from evaluation.entity_sets import evaluate_entities, rewritten
from evaluation.labelled import MissingSetError
from evaluation.variants import to_cyrillic
from models.entities.lexicon import Lexicon
from models.entities.recogniser import EntityRecogniser
from models.entities.sets import NamedText, read_iob2
from models.entities.training import EntityOptions, fit
from nlp.entities import EntityStep

ROWS = """# newdoc id = set.sr.1
# text = U Prištini je Zvrčko.
1\tU\tO\tO\t-
2\tPrištini\tB-LOC\tB-LOC\t-
3\tje\tO\tO\t-
4\tZvrčko\tB-OTH\tB-OTH\t-
5\t.\tO\tO\t-

# newdoc id = set.sr.2
# text = Ljubav u Nišu.
1\tLjubav\tO\tO\t-
2\tu\tO\tO\t-
3\tNišu\tB-LOC\tB-LOC\t-
4\t.\tO\tO\t-
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two sentences as SET dev and as a training set."""
    (tmp_path / "ner").mkdir()
    for name in ("sr_set_dev", "hr_tweets"):
        with gzip.open(tmp_path / "ner" / f"{name}.iob2.gz", "wt", encoding="utf-8") as lines:
            lines.write(ROWS)
    return tmp_path


def test_the_gazetteer_alone_and_what_it_knows(data: Path) -> None:
    rows = read_iob2(data / "ner" / "hr_tweets.iob2.gz", "hr")
    chain = fit(rows, Lexicon.empty(), EntityOptions(iterations=5, least_count=1))
    result = evaluate_entities(data, recogniser=EntityRecogniser(chain, {"name": "small", "version": "1"}))
    recall, precision = (result.figure(f"entities/sr-gazetteer/{name}") for name in ("recall", "precision"))
    assert recall is not None
    assert recall.value == pytest.approx(2 / 3)
    assert precision is not None
    assert precision.value == 1.0
    known = result.figure("entity-novelty/gazetteer/recall")
    assert known is not None
    assert known.n == 2
    assert result.figure("entities/sr-Cyrl/f1") is not None
    assert any("silver" in note for note in result.notes)


def test_private_names_are_counted_where_a_part_of_them_is_given_out(tmp_path: Path) -> None:
    names = ["name\tgender", "Zvrko Zvrkić", "-", "-", "Aleksandar Vučić", "-", "-", "Zvrko Beograd"]
    (tmp_path / "lexica").mkdir()
    with gzip.open(tmp_path / "lexica" / "candidates_xk.tsv.gz", "wt", encoding="utf-8") as lines:
        lines.write("\n".join(names))
    table = privacy_table(EntityStep(), tmp_path)
    assert table is not None
    shares = {row.key: row.figures["given_out"].value for row in table.rows}
    assert shares == dict.fromkeys(("sq", "sq-plain", "sr-Latn", "sr-Cyrl"), 0.5)  # who holds office is not counted
    assert privacy_table(EntityStep(), tmp_path / "none") is None


def test_spans_move_with_the_letters() -> None:
    row = NamedText("Ljubljana i Niš", ((0, 9, "LOC"), (12, 15, "LOC")), "sr", "x", "x")
    moved = rewritten(row, to_cyrillic)
    assert [moved.text[start:end] for start, end, _ in moved.spans] == ["Љубљана", "Ниш"]


@pytest.mark.parametrize("place", [None, Path("nowhere")], ids=["no EHO_DATA", "no set"])
def test_without_the_set_it_says_so(place: Path | None) -> None:
    with pytest.raises(MissingSetError, match="EHO_DATA"):
        evaluate_entities(place)

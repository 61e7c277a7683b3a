"""Training of the recogniser: the same digest twice, sets read as published, no copy of the evaluation learnt, broken folders refused."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from eho.errors import InputError, ModelError
from models.entities.sets import is_held_out, read_iob2, read_silver, respelled, to_folded, without_copies
from models.entities.store import open_recogniser, shipped_recogniser
from models.entities.training import EntityOptions, train_entities
from models.entities.word_lists import LexiconOptions
from models.registry import ModelCard, read_card, shipped_folder

SENTENCES = [
    (["Ministar", "Petrović", "je", "u", "Prizrenu", "."], ["O", "B-PER", "O", "O", "B-LOC", "O"]),
    (["Vlada", "Kosova", "zaseda", "u", "Prištini", "."], ["B-ORG", "I-ORG", "O", "O", "B-LOC", "O"]),
    (["Jović", "živi", "u", "Nišu", "."], ["B-PER", "O", "O", "B-LOC", "O"]),
]
SMALL = EntityOptions(LexiconOptions(least_count=2, neighbours=10, dimensions=4, fine=6, coarse=2), iterations=30)


def _write(data: Path, name: str = "sr_set_train", times: int = 6) -> Path:
    folder = data / "ner"
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(times):
        for words, tags in SENTENCES:
            lines += [f"# newdoc id = d{number}", f"# text = {' '.join(words[:-1])}."]
            lines += [f"{at}\t{word}\t{tag}\t{tag}\t-" for at, (word, tag) in enumerate(zip(words, tags, strict=True), 1)]
            lines.append("")
    path = folder / f"{name}.iob2.gz"
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.write("\n".join(lines))
    return path


def _train(data: Path, out: Path, options: EntityOptions = SMALL) -> ModelCard:
    return train_entities(data, out, name="small", version="1", options=options, rows=read_iob2(_write(data), "sr"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of three sentences, as the command makes it."""
    folder = tmp_path_factory.mktemp("entities")
    _train(folder / "data", folder / "model")
    return folder / "model"


def test_the_same_run_gives_the_same_digest(tmp_path: Path) -> None:
    first, second = (_train(tmp_path / "data", tmp_path / name) for name in ("a", "b"))
    assert first.digests == second.digests
    assert open_recogniser(tmp_path / "a").version == "1"


def test_what_was_learnt_is_found_in_either_script_and_in_words_never_met(trained: Path) -> None:
    texts = ["Ministar Petrović je u Prizrenu.", "Министар Петровић је у Призрену.", "Perović živi u Leskovcu."]
    found = open_recogniser(trained).find(texts)
    for text, spans in zip(texts[:2], found, strict=False):
        assert [(text[one.start : one.end], one.type) for one in spans] == [(text[9:17], "PER"), (text[23:31], "LOC")]
    assert ("PER", 0, 7) in {(one.type, one.start, one.end) for one in found[2]}


def test_no_word_of_the_training_text_is_kept(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {"card.json", "model.json", "weights.safetensors"}
    kept = b"".join(path.read_bytes() for path in trained.iterdir())
    assert b"Petrovi" not in kept
    assert b"Jovi" not in kept


def test_iob2_is_read_with_spans_of_the_published_text(tmp_path: Path) -> None:
    row = read_iob2(_write(tmp_path, times=1), "sr")[1]
    assert row.text == "Vlada Kosova zaseda u Prištini."
    assert [(row.text[start:end], kind) for start, end, kind in row.spans] == [("Vlada Kosova", "ORG"), ("Prištini", "LOC")]


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.iob2"
    path.write_text("1\tword\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.iob2 line 1: '1 word' is no row"):
        read_iob2(path, "sr")


def test_no_set_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no entity set below"):
        train_entities(tmp_path, tmp_path / "out", name="x")


def test_silver_stands_in_its_texts_and_a_part_is_held_out() -> None:
    rows = read_silver()
    assert len(rows) >= 300
    assert sum(is_held_out(row.group) for row in rows) >= 60
    assert {kind for row in rows for _, _, kind in row.spans} == {"PER", "LOC", "ORG", "OTH"}


def test_copies_of_the_evaluation_are_not_learnt(tmp_path: Path) -> None:
    long = "Predsednik vlade je juče u Prištini razgovarao sa poslanicima o novom zakonu."
    row = read_iob2(_write(tmp_path, times=1), "sr")[0]
    copy = type(row)(long, (), "sr", "x", "x")
    assert without_copies([copy, row], [copy]) == [row]


class _Draw:
    """A draw that always falls on the share in question."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


@pytest.mark.parametrize(("chance", "expected"), [(0.01, "u djakovici"), (0.11, "U DJAKOVICI"), (0.2, "u Dakovici")])
def test_respelling_moves_the_spans_along(tmp_path: Path, chance: float, expected: str) -> None:
    row = type(read_silver()[0])("u Đakovici", ((2, 10, "LOC"),), "sr", "x", "x")
    text, spans = respelled(*to_folded(row), _Draw(chance))  # type: ignore[arg-type]
    assert text == expected
    assert text[slice(*spans[0][:2])].lower() in ("djakovici", "dakovici")


def test_the_shipped_folder_is_small_and_says_what_it_is() -> None:
    folder = shipped_folder() / "entities"
    if not folder.is_dir():
        pytest.skip("this checkout ships no entity model")
    card = read_card(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8_000_000
    assert any("silver" in row["origin"] for row in card.data)
    assert all(row["licence"] for row in card.data)
    recogniser = shipped_recogniser()
    assert recogniser is not None
    [found] = recogniser.find(["Ministar odbrane Bratislav Gašić stigao je u Beograd."])
    assert {one.type for one in found} == {"PER", "LOC"}


@pytest.mark.parametrize("harm", ["pickle", "changed", "other format", "cut", "a tag too many"])
def test_a_folder_that_is_not_as_it_should_be_is_refused(trained: Path, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(trained, folder)
    card = json.loads((folder / "card.json").read_text("utf-8"))
    if harm == "pickle":
        (folder / "extra.pkl").write_bytes(b"\x80\x04.")
    elif harm == "changed":
        (folder / "weights.safetensors").write_bytes(b"x")
    elif harm == "other format":
        (folder / "card.json").write_text(json.dumps({**card, "format": "eho-linear-1"}), "utf-8")
    elif harm == "a tag too many":
        config = json.loads((folder / "model.json").read_text("utf-8"))
        (folder / "model.json").write_text(json.dumps({**config, "tags": [*config["tags"], "B-X"]}), "utf-8")
        (folder / "card.json").write_text(json.dumps({**card, "digests": {}}), "utf-8")
    else:
        (folder / "weights.safetensors").write_bytes(b"x")
        (folder / "card.json").write_text(json.dumps({**card, "digests": {}}), "utf-8")
    with pytest.raises(ModelError) as refused:
        open_recogniser(folder)
    assert "\n" not in str(refused.value)

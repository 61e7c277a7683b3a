"""The sentence encoder in small: it learns, spelling cannot move a vector, long texts follow the rule, bad folders are refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from eho.errors import InputError, ModelError
from evaluation.variants import to_cyrillic, typed_plainly
from models.encoder.network import EncoderShape, WordEncoder
from models.encoder.sets import Translation
from models.registry import list_models, read_card
from models.sentence.batches import Pairs, batch, mine, read_pairs, same_sentences
from models.sentence.encoder import MOST_READ, MOST_WORDS, cut, in_pieces
from models.sentence.lexical import BUCKETS, LexicalSketch, join
from models.sentence.loading import load_sentence_encoder
from models.sentence.network import contrast_both_ways
from models.sentence.training import SentenceOptions, read_news, split, train_sentence

_SHAPE = EncoderShape(embedding=16, width=32, layers=1, heads=4, inner=64, positions=256)
_NOUNS = {"shkolla": "škola", "komuna": "opština", "ministri": "ministar", "lumi": "reka", "qyteti": "grad", "fëmija": "dete"}
_VERBS = {"hapet": "otvara se", "pret": "čeka", "flet": "govori", "kthehet": "vraća se", "punon": "radi", "bie": "pada"}
_DAYS = {"sot": "danas", "nesër": "sutra", "të hënën": "u ponedeljak", "në mëngjes": "ujutru"}
_PAIRS = [
    (f"{noun} {verb} {day} në fshat", f"{sr_noun} {sr_verb} {sr_day} u selu")
    for noun, sr_noun in _NOUNS.items()
    for verb, sr_verb in _VERBS.items()
    for day, sr_day in _DAYS.items()
]
_OPTIONS = SentenceOptions(steps=100, words_a_step=512, rate=5e-3, mine_every=40, pool=60, news=False)


@pytest.fixture(scope="session")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretrained")
    torch.manual_seed(1)
    encoder = WordEncoder(_SHAPE, dropout=0.0)
    with torch.no_grad():  # words outweigh places, as after pretraining; a table of random rows would be lost beside them
        encoder.position.weight.mul_(0.02)
        encoder.table.weight.mul_(20)
    save_file({name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}, folder / "encoder.safetensors")
    (folder / "encoder.json").write_text(json.dumps({"shape": _SHAPE.to_dict(), "steps": 0}))
    return folder


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as EHO_DATA is, with one set under the name of one that ships; the others are empty."""
    from models.encoder.sets import PAIRS

    folder = tmp_path_factory.mktemp("data")
    (folder / "parallel").mkdir()
    for name in PAIRS:
        rows = [{"sq": sq, "sr": sr, "q": 1.0} for sq, sr in _PAIRS] if name == "ui_sq_sr_en" else []
        with gzip.open(folder / "parallel" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return folder


def _train(pretrained: Path, data: Path, out: Path, options: SentenceOptions = _OPTIONS) -> Path:
    train_sentence(pretrained, data, None, out, name=out.name, version="1", options=options, made_on=date(2026, 1, 2))
    return out


@pytest.fixture(scope="session", params=["network", "static"])
def folder(request: pytest.FixtureRequest, pretrained: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    static = request.param == "static"
    options = replace(_OPTIONS, static=static, rate=2e-2 if static else _OPTIONS.rate)
    return _train(pretrained, data, tmp_path_factory.mktemp("models") / request.param, options)


def _first_right(folder: Path) -> float:
    model = load_sentence_encoder(str(folder))
    first, second = (model.encode([pair[side] for pair in _PAIRS]) for side in (0, 1))
    return float(((first @ second.T).argmax(1) == np.arange(len(_PAIRS))).mean())


def test_translations_lie_near_each_other_after_training(folder: Path) -> None:
    assert _first_right(folder) > 0.6  # untrained, below


def test_untrained_vectors_do_not_find_translations(pretrained: Path, data: Path, tmp_path: Path) -> None:
    untrained = _train(pretrained, data, tmp_path / "untrained", SentenceOptions(steps=0, pool=60, news=False))
    assert _first_right(untrained) < 0.3


def test_a_saved_encoder_has_vectors_of_unit_length_and_a_card(folder: Path) -> None:
    model = load_sentence_encoder(folder.name, folders=[folder.parent])
    vectors = model.encode(["Shkolla u hap.", "Škola je otvorena.", "x"])
    assert vectors.shape == (3, model.width)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    card = read_card(folder)
    assert card.format in ("eho-sentence-1", "eho-sentence-static-1")
    assert {row["name"] for row in card.data} >= {"ui_sq_sr_en", "news_sq, news_sr", "corpus translations"}
    assert card.measured["held_out"]["sq-sr"]["pairs"] > 0
    assert card.measured["held_out_news"] == {}
    assert card.name in {one.name for one in list_models([folder.parent])}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Đorđe će sutra u Čačku čuvati njihovu džepnu knjigu, ženu i dete.", id="sr"),
        pytest.param("Povratnici iz Sirije stižu 12. maja 2019. u Prištinu.", id="sr-numbers"),
    ],
)
def test_the_script_of_serbian_does_not_move_a_vector(folder: Path, text: str) -> None:
    model = load_sentence_encoder(str(folder))
    latin, cyrillic, plain, capitals = model.encode([text, to_cyrillic(text), typed_plainly(text, "sr"), text.upper()])
    assert latin @ cyrillic > 1 - 1e-5
    assert latin @ plain > 1 - 1e-5
    assert latin @ capitals > 1 - 1e-5


def test_missing_diacritics_do_not_move_an_albanian_vector(folder: Path) -> None:
    model = load_sentence_encoder(str(folder))
    written, typed = model.encode(
        ["Të kthyerit nga Siria në Deçan, çështje përçarëse", "Te kthyerit nga Siria ne Decan, ceshtje percarese"]
    )
    assert written @ typed > 1 - 1e-5


@pytest.mark.parametrize(
    "text", ["🙂🙂🙂", "a" * 1_000_000, "<b>Повратници</b> & të kthyerit \x00\x01", "שלום עולם זה מבחן", "... !!! ???", "fjalë " * 50_000],
    ids=["emoji", "one word of 1 MB", "mixed with control characters", "other script", "marks", "50,000 words"],
)  # fmt: skip
def test_any_text_gets_a_vector(folder: Path, text: str) -> None:
    vector = load_sentence_encoder(str(folder)).encode([text])[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_text_without_words_is_like_nothing(folder: Path) -> None:
    model = load_sentence_encoder(str(folder))
    empty, full = model.encode(["  \n ", "Shkolla u hap."])
    assert not empty.any()
    assert full.any()
    assert model.encode([]).shape == (0, model.width)


def test_the_other_texts_of_a_call_do_not_matter(folder: Path) -> None:
    model = load_sentence_encoder(str(folder))
    texts = ["Shkolla u hap.", "Opština je otvorila školu. " * 40, "Një fjali më e gjatë për komunën dhe për shkollën."]
    together = model.encode(texts)
    alone = np.concatenate([model.encode([text]) for text in texts])
    assert (together * alone).sum(1) == pytest.approx(1, abs=0.01)  # activations are quantised by batch


@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        pytest.param(0, [], id="no words"),
        pytest.param(MOST_WORDS, [(0, 96)], id="just one piece"),
        pytest.param(MOST_WORDS + 1, [(0, 48), (48, 97)], id="halves, not a rest of one word"),
        pytest.param(300, [(0, 75), (75, 150), (150, 225), (225, 300)], id="quarters"),
    ],
)
def test_long_texts_are_cut_evenly(words: int, pieces: list[tuple[int, int]]) -> None:
    assert cut(words) == pieces


def test_words_after_the_last_that_is_read_are_left_out() -> None:
    assert cut(10**6) == cut(MOST_READ)
    assert cut(MOST_READ)[-1][1] == MOST_READ


def test_a_long_text_is_the_mean_of_its_pieces_by_words() -> None:
    pieces = np.array([[1, 0], [0, 1]], np.float32)
    vector = in_pieces([97], lambda asked: pieces[: len(asked)], 2)[0]
    assert vector == pytest.approx(np.array([48, 49]) / np.hypot(48, 49))


def test_a_long_text_lies_near_its_own_parts(folder: Path) -> None:
    model = load_sentence_encoder(str(folder))
    story = "Škola se otvara danas u selu. " * 30
    vectors = model.encode([story, "Škola se otvara danas u selu.", "Reka pada ujutru."])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_the_same_seed_gives_the_same_files_twice(pretrained: Path, data: Path, tmp_path: Path) -> None:
    options = SentenceOptions(steps=4, words_a_step=256, mine_every=2, pool=60)
    digests = []
    for name in ("a", "b"):
        out = _train(pretrained, data, tmp_path / name / "same", options)
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()})
    assert digests[0] == digests[1]
    assert len(digests[0]) == 5
    assert read_card(tmp_path / "a" / "same").measured["held_out_news"]["sq-sr"]["pairs"] > 100


def test_names_and_numbers_make_a_difference() -> None:
    sketch = LexicalSketch(np.ones(BUCKETS, np.float32)).sketch
    one, same, other = sketch([["thaci", "2019"], ["2019", "thaci", "."], ["vucic", "2020"]])
    assert one @ same == pytest.approx(1, abs=1e-5)
    assert abs(one @ other) < 0.3
    meaning = np.eye(2, dtype=np.float32)
    joined = join(np.repeat(meaning[:1], 3, axis=0), np.stack([one, same, other]))
    assert joined[0] @ joined[1] > joined[0] @ joined[2] + 0.1


def test_sentences_that_share_a_side_are_no_wrong_answers_for_each_other() -> None:
    rows = [(("a",), ("x",)), (("a",), ("y",)), (("b",), ("z",))]
    same = same_sentences(rows)
    assert same.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    first = torch.eye(3)[[0, 0, 1]]
    assert contrast_both_ways(first, first, same, 0.05) < 0.01 < contrast_both_ways(first, first, torch.eye(3).bool(), 0.05)


def test_mined_neighbours_come_into_one_batch() -> None:
    rows = [((f"f{at}", "x", "y"), (f"s{at}", "x", "y")) for at in range(40)]
    pairs = Pairs(rows, [1] * 40)

    def encode(texts: list[tuple[str, ...]]) -> np.ndarray:  # type: ignore[type-arg]
        at = [int(text[0][1:]) for text in texts]
        angle = np.array([(one // 2) * 0.3 + (one % 2) * 0.26 for one in at])
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)

    mine(pairs, encode, random.Random(1), pool=2000)
    assert sorted(pairs.near) == list(range(40))
    assert all(at not in near for at, near in pairs.near.items())
    assert 11 in pairs.near[10] or 9 in pairs.near[10]
    chosen = batch(pairs, random.Random(2), words=200, hard=1.0)
    assert len(chosen) == len(set(chosen)) > 8


def test_no_sentence_is_both_learnt_and_measured_on() -> None:
    translations = [Translation(sq=f"fjala {at}", sr=f"reč {at // 3}") for at in range(600)]
    kept, apart = split(translations)
    assert apart
    assert {one.sr for one in kept}.isdisjoint({one.sr for one in apart})


def test_pairs_are_folded_long_enough_and_once() -> None:
    found = read_pairs(
        [
            Translation("Çelni derën tani", "Отворите врата одмах"),
            Translation("Celni deren tani", "Otvorite vrata odmah"),
            Translation("Po", "Da"),
        ]
    )
    assert found["sq", "sr"].rows == [(("celni", "deren", "tani"), ("otvorite", "vrata", "odmah"))]


def test_the_bundled_news_comes_in_both_languages() -> None:
    news = read_news()
    assert len(news) > 500
    assert all(one.sq and one.sr for one in news)


def _copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def test_a_changed_file_is_refused(folder: Path, tmp_path: Path) -> None:
    broken = _copied(folder, tmp_path / "broken")
    (broken / "words.safetensors").write_bytes(b"no table")
    with pytest.raises(ModelError, match=r"words\.safetensors is not the file that its card names"):
        load_sentence_encoder(str(broken))
    card = json.loads((broken / "card.json").read_text())
    (broken / "card.json").write_text(json.dumps({**card, "digests": {}}))
    with pytest.raises(ModelError, match="cannot be read"):
        load_sentence_encoder(str(broken))


def test_a_pickle_beside_the_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    broken = _copied(folder, tmp_path / "pickled")
    (broken / "extra.pkl").write_bytes(b"")
    with pytest.raises(ModelError, match=r"extra\.pkl, which may run code"):
        load_sentence_encoder(str(broken))


def test_a_tagger_is_no_sentence_encoder() -> None:
    with pytest.raises(ModelError, match="is no sentence encoder"):
        load_sentence_encoder("baseline")


def test_an_unknown_name_is_refused_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(ModelError, match=f"no sentence encoder 'nothing'; there .*{folder.name}"):
        load_sentence_encoder("nothing", folders=[folder.parent])


def test_training_refuses_what_is_no_encoder_and_what_holds_a_model(
    pretrained: Path, data: Path, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="holds no pretrained encoder"):
        _train(tmp_path, data, tmp_path / "out")
    with pytest.raises(ModelError, match="holds a model already"):
        _train(pretrained, data, folder)

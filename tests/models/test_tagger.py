"""The tagger in small: it learns, its ONNX form answers as PyTorch does, and bad input meets an answer or one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch

from eho.codebook import Codebook
from eho.errors import ModelError
from models.calibration import pick_thresholds
from models.corpus import LabelledAnnotation, LabelledPassage, read_corpus
from models.encoder.network import EncoderShape, WordEncoder, as_tensors
from models.encoder.words import SEPARATOR, split_words, to_batch
from models.linear import LinearModel, load_linear, save_linear
from models.linear_training import LinearOptions, train_linear
from models.passages import PassageInput, Thresholds
from models.registry import load_model, read_card
from models.tagger.assembly import TaggerPlan, train_and_save, write_model
from models.tagger.body import as_body
from models.tagger.examples import MOST_WORDS, STANCES, UNKNOWN, Labels, from_passage, inputs_of, loosened
from models.tagger.network import TaggerNetwork
from models.tagger.onnx_model import OnnxTagger
from models.tagger.partner import Partner, Shares
from models.tagger.training import TaggerOptions, score, train_tagger

_SHAPE = EncoderShape(embedding=32, width=48, layers=1, heads=4, inner=96, positions=256)
_LABELS = Labels(("returnee_security_threat", "interethnic_solidarity"), ("none", "conflict_zone"), ("returnee_families",))


def _row(text: str, narrative: str | None, evidence: str = "") -> LabelledPassage:
    start = text.find(evidence)
    found = (
        (LabelledAnnotation(narrative, "endorse", ("returnee_families",), ((start, start + len(evidence)),)),)
        if narrative
        else ()
    )
    return LabelledPassage("r", "b", "sq", text, None, "conflict_zone" if narrative else None, 2 if narrative else 0, found)


def test_evidence_becomes_words() -> None:
    one = from_passage(_row("Të kthyerit janë bombë me sahat për ne.", "returnee_security_threat", "bombë me sahat"), _LABELS)
    assert one.evidence is not None
    assert [form for form, mark in zip(one.words, one.evidence[0], strict=True) if mark] == ["bombe", "me", "sahat"]
    assert one.stances is not None
    assert list(one.stances) == [0, UNKNOWN]


def test_context_stands_before_the_passage() -> None:
    row = LabelledPassage("r", "b", "sq", "Fjala e tij.", "Titulli këtu", None, 0, ())
    words, first = inputs_of(from_passage(row, _LABELS), None)
    assert words[:3] == ["titulli", "ketu", SEPARATOR]
    assert words[first] == "fjala"


def test_loosened_words_stay_near() -> None:
    import random

    draw = random.Random(1)
    assert all(abs(len(loosened("povratnici", draw)) - 10) <= 1 for _ in range(50))
    assert loosened("1999", draw) == "1999"


def test_a_tagger_learns_what_it_is_shown() -> None:
    threat = [
        _row(f"te kthyerit e fshatit {word} jane bombe me sahat", "returnee_security_threat", "bombe me sahat")
        for word in "abcdefgh"
    ]
    calm = [_row(f"te kthyerit e fshatit {word} hapen nje dyqan te vogel", None) for word in "abcdefgh"]
    examples = [from_passage(row, _LABELS) for row in threat + calm] * 4
    torch.manual_seed(0)
    options = TaggerOptions(epochs=12, batch=16, encoder_rate=3e-3, head_rate=3e-3, mistyped=0.0)
    network = train_tagger(WordEncoder(_SHAPE), examples, _LABELS, options, lambda line: None)
    found = score(network, [from_passage(threat[0], _LABELS), from_passage(calm[0], _LABELS)])
    assert found.narratives[0, 0] > found.narratives[1, 0] + 2
    assert found.stances[0, 0].argmax() == 0
    inside = from_passage(threat[0], _LABELS).evidence
    assert inside is not None
    marked = inside[0] > 0
    assert found.evidence[0][0][marked].mean() > found.evidence[0][0][~marked].mean()


def test_a_training_that_was_cut_goes_on_from_its_last_epoch(tmp_path: Path) -> None:
    examples = [from_passage(_row(f"Fjalia e {at} flet për shkollën.", None), _LABELS) for at in range(6)]
    examples += [
        from_passage(_row(f"Të kthyerit {at} janë bombë.", "returnee_security_threat", "bombë"), _LABELS) for at in range(6)
    ]
    options = TaggerOptions(epochs=3, batch=4)

    def train(say: Callable[[str], None], state: Path | None) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        return train_tagger(WordEncoder(_SHAPE), examples, _LABELS, options, say, state=state).state_dict()

    def cut(line: str) -> None:
        if line.startswith("epoch 2"):
            raise KeyboardInterrupt

    whole = train(lambda line: None, None)
    state = tmp_path / "checkpoint.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train(cut, state)
    said: list[str] = []
    resumed = train(said.append, state)
    assert [line.split(":")[0] for line in said] == ["epoch 3 of 3"]
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert not state.exists()


def test_a_trained_state_gives_the_numbers_it_gave_before_the_heads_were_split_off() -> None:
    """The parameters' names and the expected logits were noted from the network of version 0.1.0, one class then."""
    network = TaggerNetwork(WordEncoder(_SHAPE), _LABELS).eval()
    assert {name.split(".")[0] for name in network.state_dict()} == {
        "encoder", "part", "queries", "keys", "lean", "presence", "stance", "label", "sense", "targets", "severity", "steps", "public",
    }  # fmt: skip
    with torch.no_grad():
        for name, weights in network.named_parameters():
            ramp = torch.arange(weights.numel(), dtype=torch.float64)
            weights.copy_((torch.sin(ramp * 0.7 + len(name)) * 0.3).reshape(weights.shape))
    batch = to_batch([["titulli", SEPARATOR, "te", "kthyerit", "jane", "bombe"], ["jedna", "rec"]])
    with torch.inference_mode():
        output = network(*as_tensors(batch), torch.tensor([3, 1]))
    assert output.narratives.flatten().tolist() == pytest.approx([-0.03401, 2.14292, -0.03416, 2.1411], abs=1e-4)
    assert output.evidence.flatten()[:4].tolist() == pytest.approx([-1.37006, -1.37327, -1.3749, -1.37158], abs=1e-4)
    assert output.severity[0, :4].tolist() == pytest.approx([-0.32456, -0.20208, -0.00191, 0.18181], abs=1e-4)
    totals = {name: float(getattr(output, name).sum()) for name in ("stances", "sense", "targets", "offence", "hate")}
    expected = {"stances": -2.186, "sense": -0.0413, "targets": 2.7487, "offence": 3.0388, "hate": -2.9209}
    assert totals == pytest.approx(expected, abs=1e-3)


@pytest.fixture(scope="module")
def folder(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "tiny"
    families = {narrative.id: narrative.family for narrative in Codebook.load().narratives}
    torch.manual_seed(0)
    plan = TaggerPlan(small_corpus, small_corpus, least=2, options=TaggerOptions(epochs=2))
    encoder = WordEncoder(_SHAPE)
    train_and_save(
        encoder, plan, families, codebook=Codebook.load().tag, out=out, name="tiny", version="1", made_on=date(2026, 1, 2)
    )
    return out


def test_a_saved_tagger_loads_with_its_card(folder: Path) -> None:
    card = read_card(folder)
    assert (card.format, card.made_on) == ("eho-tagger-1", "2026-01-02")
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".json", ".onnx", ".safetensors"]
    assert load_model(str(folder)).name == "tiny"


def test_quantised_answers_are_near_those_of_pytorch(small_corpus: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    body = as_body(WordEncoder(_SHAPE))
    network = body.network(_LABELS, {}).eval()
    config = {
        "narratives": list(_LABELS.narratives), "families": dict.fromkeys(_LABELS.narratives, "x"), "stances": ["endorse", "amplify_uncritical", "report_neutral", "counter", "unclear"],
        "senses": list(_LABELS.senses), "targets": list(_LABELS.targets), "calibration": {}, "evidence_at": 0.0,
        "thresholds": {name: [0.0, 0.5] for name in _LABELS.narratives}, "name": "x", "version": "1", "codebook": "1",
    }  # fmt: skip
    write_model(tmp_path / "x", network, config, body)
    model = body.load(tmp_path / "x")
    rows = [replace(row, sense=None) for row in read_corpus(small_corpus)[:12]]
    answers = model.predict([PassageInput(row.text, row.title or "") for row in rows])
    logits = score(network, [from_passage(row, _LABELS) for row in rows]).narratives
    expected = 1 / (1 + np.exp(-logits))
    found = np.array([[answer.narratives[name] for name in _LABELS.narratives] for answer in answers])
    assert np.abs(found - expected).max() < 0.05
    for row, answer in zip(rows, answers, strict=True):
        assert set(answer.stances) == set(_LABELS.narratives)
        assert all(0 <= start < end <= len(row.text) for spans in answer.evidence.values() for start, end in spans)


@pytest.mark.parametrize(
    "text", ["", "🙂🙂🙂", "a" * 1_000_000, "<b>Повратници</b> & të kthyerit \x00\x01", "שלום עולם זה מבחן", "... !!! ???"]
)
def test_any_text_gets_an_answer(folder: Path, text: str) -> None:
    model = load_model(str(folder))
    answer = model.predict([PassageInput(text)])[0]
    assert set(answer.narratives) and all(0 <= value <= 1 for value in answer.narratives.values())
    assert sum(model.predict_sense([text])[0].values()) == pytest.approx(1, abs=1e-3)


def test_script_diacritics_and_case_do_not_move_a_score(folder: Path) -> None:
    model = load_model(str(folder))
    one, other = model.predict(
        [
            PassageInput("Povratnici iz Sirije su tempirana bomba, ČUVAJTE decu"),
            PassageInput("повратници из Сирије су темпирана бомба, чувајте децу"),
        ]
    )
    assert one.narratives == pytest.approx(other.narratives, abs=1e-5)


def test_the_order_of_a_batch_does_not_matter(folder: Path) -> None:
    model = load_model(str(folder))
    texts = [
        "Shkolla u hap.",
        "Një fjali shumë më e gjatë për komunën dhe për shkollën e fshatit tonë të vogël.",
        "Opština je otvorila školu.",
    ]
    alone = [model.predict([PassageInput(text)])[0].narratives for text in texts]
    together = [answer.narratives for answer in model.predict([PassageInput(text) for text in texts])]
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=0.02)


def test_a_broken_folder_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "tagger.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="is not the file that its card names"):
        load_model(str(broken))
    card = json.loads((broken / "card.json").read_text())
    card["digests"] = {}
    (broken / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(str(broken))


def test_a_model_for_another_codebook_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="was trained for codebook"):
        load_model(str(folder), codebook_tag="9.9+000000000000")


def test_the_tagger_is_a_passage_model(folder: Path) -> None:
    model = load_model(str(folder))
    assert isinstance(model, OnnxTagger)
    assert model.calibrated
    assert model.thresholds("no_such_narrative").show_at == 1.0


@pytest.fixture(scope="module")
def beside(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> LinearModel:
    families = {narrative.id: narrative.family for narrative in Codebook.load().narratives}
    options = LinearOptions(least_positives=2)
    training = train_linear(read_corpus(small_corpus), [], families, codebook="1", name="n", version="1", options=options)
    folder = tmp_path_factory.mktemp("beside")
    save_linear(folder, training.config, training.features, training.heads)
    return load_linear(folder)


def test_the_partner_speaks_by_its_shares(small_corpus: Path, beside: LinearModel) -> None:
    row = next(row for row in read_corpus(small_corpus) if row.annotations)
    narrative = row.annotations[0].narrative
    words = split_words(row.text, most=MOST_WORDS)
    silent, loud = Partner(beside, Shares()), Partner(beside, Shares(narratives=2.0, evidence=1.0, stances=1.0, sense=1.0))
    features = loud.features([row.text])
    own = np.ones((1, 1), np.float32)
    alone = beside.narrative_scores(features, [narrative])
    assert silent.add_to_narratives(own, features, [narrative]) == own
    assert loud.add_to_narratives(own, features, [narrative]) == pytest.approx(own + 2 * alone)
    even = np.full((1, len(STANCES)), 1 / len(STANCES), np.float32)
    assert (silent.mix_stances(even, features[0], [narrative], STANCES) == even).all()
    said = beside.stances(features[0], [narrative])[narrative]
    assert loud.mix_stances(even, features[0], [narrative], STANCES)[0] == pytest.approx([said.get(one, 0.0) for one in STANCES])
    senses = list(beside.predict_sense([row.text])[0])
    nobody = np.zeros((1, len(senses)), np.float32)
    assert loud.mix_sense(nobody, features, senses)[0] == pytest.approx(list(beside.predict_sense([row.text])[0].values()))
    flat = np.zeros(len(words.forms), np.float32)
    assert (silent.add_to_evidence(flat, row.text, words, narrative) == flat).all()
    marked = loud.add_to_evidence(flat, row.text, words, narrative)
    assert marked.sum() == pytest.approx(0, abs=1e-3)
    assert marked.max() > marked.min()


def test_a_narrative_that_the_partner_does_not_know_is_left_to_the_network(beside: LinearModel) -> None:
    partner = Partner(beside, Shares(narratives=2.0, evidence=1.0, stances=1.0, sense=1.0))
    text = "Një fjali krejt e zakonshme për motin."
    features, words = partner.features([text]), split_words(text, most=MOST_WORDS)
    own = np.array([[0.1, 0.2, 0.3, 0.2, 0.2]], np.float32)
    assert (partner.mix_stances(own, features[0], ["unheard_of"], STANCES) == own).all()
    assert partner.add_to_narratives(own[:, :1], features, ["unheard_of"]) == own[:, :1]
    assert not partner.add_to_evidence(np.zeros(len(words.forms), np.float32), text, words, "unheard_of").any()


def test_articles_may_need_more_than_comments_to_show_a_narrative() -> None:
    truth = np.array([[1], [1], [1], [0], [0], [0]], np.int8)
    probabilities = np.array([[0.9], [0.8], [0.4], [0.7], [0.3], [0.1]])
    found = pick_thresholds(
        probabilities, truth, np.array([1, 1, 1, 0, 1, 1.0]), ["a"], {"a": "f"}, 0.9, np.array([1, 1, 1, 5, 1, 1.0])
    )["a"]
    assert (found.show_in("comment"), found.show_in("post"), found.show_in("article")) == (0.4, 0.4, 0.8)
    assert Thresholds(0.2, 0.5).show_in("article") == 0.5

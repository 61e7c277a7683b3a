"""Taggers on Hugging Face encoders in small: trained, exported, run without PyTorch, in every script; what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from eho.codebook import Codebook
from eho.errors import InputError, ModelError
from models.corpus import read_corpus
from models.encoder.words import split_words
from models.passages import PassageInput
from models.registry import load_model, read_card
from models.tagger.assembly import TaggerPlan, train_and_save
from models.tagger.examples import STANCES, Example, Labels, from_passage
from models.tagger.onnx_model import OnnxTagger
from models.tagger.training import TaggerOptions, score, train_tagger
from models.transformer.loading import load_body
from models.transformer.onnx_model import load_transformer
from models.transformer.pieces import PieceCutter
from models.transformer.spelling import other_script, respelled
from tests.models.tiny_encoders import make_bert, make_xlmr

TEXTS = {
    "sq": "Të kthyerit nga Siria janë bombë me sahat për vendin, shkroi dje një portal.",
    "sr-Latn": "Povratnici iz Sirije su tempirana bomba, čuvajte decu od njih.",
    "sr-Cyrl": "Повратници из Сирије су темпирана бомба, чувајте децу од њих.",
    "ascii": "Povratnici iz Sirije su tempirana bomba, cuvajte decu od njih.",
}
_LABELS = Labels(("returnee_security_threat", "interethnic_solidarity"), ("none", "conflict_zone"), ("returnee_families",))
_MAKERS: dict[str, Callable[[Path], Path]] = {"xlm-roberta": make_xlmr, "bert": make_bert}
_SAY = [].append


@pytest.fixture(scope="module", params=list(_MAKERS))
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny encoder as save_pretrained writes it."""
    return _MAKERS[request.param](tmp_path_factory.mktemp("encoders") / request.param)


@pytest.fixture(scope="module")
def xlmr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_xlmr(tmp_path_factory.mktemp("encoders") / "xlmr")


@pytest.fixture(scope="module")
def folder(encoder: Path, small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger trained for one epoch on the encoder."""
    out = tmp_path_factory.mktemp("taggers") / "tiny"
    families = {narrative.id: narrative.family for narrative in Codebook.load().narratives}
    plan = TaggerPlan(small_corpus, small_corpus, least=2, options=TaggerOptions(epochs=1))
    train_and_save(
        load_body(str(encoder)), plan, families, codebook=Codebook.load().tag, out=out, name="tiny", version="1", made_on=date(2026, 1, 2)
    )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def examples(small_corpus: Path) -> list[Example]:
    return [from_passage(replace(row, sense=None), _LABELS) for row in read_corpus(small_corpus)[::6]]


# -- trained, saved, loaded ---------------------------------------------------------------------------------------


def test_its_card_names_the_encoder_and_its_limits(folder: Path, encoder: Path) -> None:
    card = read_card(folder)
    assert card.format == "eho-transformer-1"
    assert card.data[0]["name"] == encoder.name and set(card.data[0]["sha256"]) == {"model.safetensors"}
    assert any("pieces of its tokenizer" in limit for limit in card.limits) and encoder.name in card.licence
    assert {path.name for path in folder.iterdir()} == {
        "card.json", "model.json", "pieces.safetensors", "tagger.onnx", "tokenizer.json",
    }  # fmt: skip


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_it_tags_every_script_with_evidence_of_whole_words(folder: Path, text: str) -> None:
    model = load_model(str(folder), codebook_tag=Codebook.load().tag)
    assert isinstance(model, OnnxTagger) and model.calibrated
    config = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    config["thresholds"] = {name: [0.0, 1.0] for name in config["narratives"]}
    everything = OnnxTagger(config, model._reader, model._session)
    answer = everything.predict([PassageInput(text, "Titull · Наслов")])[0]
    starts, ends = zip(*split_words(text, most=1000).spans, strict=True)
    assert len(answer.evidence) == len(config["narratives"]) > 10
    for ((start, end),) in answer.evidence.values():
        assert start in starts and end in ends and start < end
    assert all(0 <= value <= 1 for value in answer.narratives.values())
    assert sum(model.predict_sense([text])[0].values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "text", ["", "🙂🙂🙂", "a" * 1_000_000, "<b>Повратници</b> & të kthyerit \x00\x01", "שלום עולם זה מבחן", "... !!! ???", "fjala " * 900]
)  # fmt: skip
def test_any_text_gets_an_answer(folder: Path, text: str) -> None:
    model = load_model(str(folder))
    answer = model.predict([PassageInput(text, "Titulli"), PassageInput("Fjalë.")])[0]
    assert set(answer.narratives) and all(0 <= value <= 1 for value in answer.narratives.values())
    assert all(0 <= start <= end <= len(text) for spans in answer.evidence.values() for start, end in spans)


def test_the_order_of_a_batch_does_not_matter(folder: Path) -> None:
    model = load_model(str(folder))
    alone = [model.predict([PassageInput(text)])[0].narratives for text in TEXTS.values()]
    together = [answer.narratives for answer in model.predict([PassageInput(text) for text in TEXTS.values()])]
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=0.02)


def test_float_answers_are_those_of_pytorch_and_8_bit_ones_are_near(
    encoder: Path, examples: list[Example], small_corpus: Path, tmp_path: Path
) -> None:
    body = load_body(str(encoder))
    rows = read_corpus(small_corpus)[::6]
    titles = {row.text: row.title for row in rows if row.title}
    network = train_tagger(body, examples, _LABELS, TaggerOptions(epochs=1, encoder_rate=1e-3), _SAY, titles)
    expected = score(network, examples)
    config = {
        "narratives": list(_LABELS.narratives), "families": dict.fromkeys(_LABELS.narratives, "x"), "stances": STANCES,
        "senses": _LABELS.senses,
        "targets": [], "calibration": {}, "evidence_at": 0.0, "thresholds": {}, "name": "x", "version": "1", "codebook": "1", **body.config,
    }  # fmt: skip
    most = {}
    for name, quantise in (("float", False), ("int8", True)):
        body.save(network, tmp_path / name, quantise=quantise)
        (tmp_path / name / "model.json").write_text(json.dumps(config), encoding="utf-8")
        found = load_transformer(tmp_path / name).raw([PassageInput(row.text, row.title or "") for row in rows])
        most[name] = np.abs(found.narratives - expected.narratives).max()
        for mine, theirs in zip(found.evidence, expected.evidence, strict=True):
            assert mine.shape == theirs.shape
            most[f"{name} evidence"] = max(most.get(f"{name} evidence", 0), np.abs(mine - theirs).max())
    assert max(most["float"], most["float evidence"]) < 1e-3, most
    assert max(most["int8"], most["int8 evidence"]) < 0.3, most
    sizes = {name: sum(path.stat().st_size for path in (tmp_path / name).glob("pieces.*")) for name in ("float", "int8")}
    assert sizes["int8"] < 0.4 * sizes["float"]


def test_the_same_seed_gives_the_same_files(xlmr: Path, examples: list[Example], tmp_path: Path) -> None:
    options = TaggerOptions(epochs=1, accumulate=2)
    for name in ("one", "other"):
        body = load_body(str(xlmr))
        body.save(train_tagger(body, examples, _LABELS, options, _SAY), tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes(), path.name


def test_tagging_needs_no_pytorch(folder: Path) -> None:
    code = (
        "import sys; from models.registry import load_model; from models.passages import PassageInput; "
        f"load_model({str(folder)!r}).predict([PassageInput('Të kthyerit janë këtu.')]); "
        "print(sorted({'torch', 'transformers', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- pieces and words ---------------------------------------------------------------------------------------------


def _cutter(encoder: Path, most: int) -> PieceCutter:
    return PieceCutter(Tokenizer.from_file(str(encoder / "tokenizer.json")), most=most, pad=0)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_every_word_is_read_off_a_piece_of_its_own(encoder: Path, text: str) -> None:
    cut = _cutter(encoder, 128).cut(text, "Titulli i lajmit")
    assert cut.words == split_words(text, most=1000)
    own = cut.firsts[: len(cut.words.forms)]
    assert own == sorted(own) and len(set(own)) == len(own)
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    offsets = tokenizer.encode(text).offsets
    assert all(offsets[at][0] <= end and offsets[at][1] > start for at, (start, end) in zip(own, cut.words.spans, strict=True))
    assert len(cut.firsts) == len(own) + 3 and min(cut.firsts[-3:]) > max(own)


@pytest.mark.parametrize("most", [8, 20, 40])
def test_words_beyond_the_pieces_are_dropped_and_the_others_keep_their_spans(encoder: Path, most: int) -> None:
    text = " ".join(TEXTS.values())
    cut = _cutter(encoder, most).cut(text, "Titulli")
    whole = split_words(text, most=1000)
    count = len(cut.words.forms)
    assert len(cut.ids) <= most and 0 < count < len(whole.forms)
    assert cut.words.spans == whole.spans[:count]


def test_case_and_script_reach_the_encoder_as_typed(encoder: Path) -> None:
    cutter = _cutter(encoder, 128)
    assert (
        len({tuple(cutter.cut(text).ids) for text in ("povratnici iz Sirije", "повратници из Сирије", "Povratnici iz Sirije")})
        == 3
    )


def test_evidence_stays_on_its_words_when_training_respells_them(xlmr: Path, examples: list[Example]) -> None:
    import random

    from models.transformer import network as module

    draw = random.Random(4)
    seen = set()
    for one in [replace(example, lang="sr-Latn") for example in examples] * 3:
        text, words = module._retyped(*module._as_published(one), one.lang, draw, 0.1)
        seen.add(text)
        assert len(words.spans) == len(one.words)
        assert all(0 <= start < end <= len(text) for start, end in words.spans)
        assert all(text[end:start].strip() == "" for (_, end), (start, _) in zip(words.spans, words.spans[1:], strict=False))
    assert len(seen) > len(examples)


def test_serbian_goes_over_into_the_other_script_and_back() -> None:
    assert other_script("Ljubav") == "Љубав" and other_script("DŽEP") == "ЏЕП" and other_script("ђак") == "đak"
    words = ["Neka", "ostanu", "tamo", "gde", "su", "ratovali", "njihova", "džamija", "đaci", "čuvajte", "ŽENE"]
    assert [other_script(other_script(word)) for word in words] == words
    assert other_script("shqiptarë") == "shqiptarë" and other_script("Wagner") == "Wagner"


def test_albanian_is_never_put_into_cyrillic() -> None:
    import random

    spelled = {respelled("sq", random.Random(seed))("Kosovë") for seed in range(60)}
    assert spelled == {"Kosovë", "Kosove"}


# -- what is refused ----------------------------------------------------------------------------------------------


def _copy(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target))


def _pickles_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _broken_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)


def _cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-400])


def _broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": 1}', encoding="utf-8")


def _fewer_weights(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    arrays = {name: array for name, array in load_file(folder / "model.safetensors").items() if "layer.1." not in name}
    save_file(arrays, folder / "model.safetensors", {"format": "pt"})


def _own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "of-our-own", "auto_map": {"AutoModel": "code.Model", "AutoConfig": "code.Config"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "code.py").write_text("raise SystemExit('code of the model ran')", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_pickles_only, r"pytorch_model\.bin, which may run code"),
        (_no_config, r"config\.json is missing"),
        (_no_tokenizer, r"no tokenizer\.json; save its tokenizer as a fast one"),
        (_broken_weights, "cannot be read"),
        (_cut_weights, "cannot be read"),
        (_broken_tokenizer, "cannot be read"),
        (_fewer_weights, r"lacks \d+ weights of its encoder"),
        (_own_code, "brings code of its own"),
    ],
)
def test_an_encoder_that_is_unsafe_or_broken_is_refused_in_one_line(
    encoder: Path, tmp_path: Path, change: Callable[[Path], None], told: str
) -> None:
    folder = _copy(encoder, tmp_path / "copy")
    change(folder)
    with pytest.raises(ModelError, match=told) as error:
        load_body(str(folder))
    assert "\n" not in str(error.value)


def test_a_pickle_beside_safe_weights_is_left_unread(xlmr: Path, tmp_path: Path) -> None:
    folder = _copy(xlmr, tmp_path / "copy")
    (folder / "pytorch_model.bin").write_bytes(b"never read")
    assert load_body(str(folder)).config["most_pieces"] == 128


def test_a_file_and_a_path_that_is_not_there_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "weights.ckpt").write_bytes(b"")
    with pytest.raises(ModelError, match="is a pickle"):
        load_body(str(tmp_path / "weights.ckpt"))
    with pytest.raises(InputError, match="does not exist"):
        load_body(str(tmp_path / "nothing"))


def test_a_bare_encoder_is_no_tagger(xlmr: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="eho models train tagger --encoder"):
        load_model(str(xlmr))
    folder = _copy(xlmr, tmp_path / "copy")
    (folder / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin, which may run code"):
        load_model(str(folder))


@pytest.mark.parametrize("name", ["tagger.onnx", "pieces.safetensors", "tokenizer.json", "model.json"])
def test_a_changed_or_broken_file_of_a_tagger_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    broken = _copy(folder, tmp_path / "broken")
    (broken / name).write_bytes(b"broken")
    with pytest.raises(ModelError, match="is not the file that its card names"):
        load_model(str(broken))
    with pytest.raises(ModelError, match="cannot be read") as error:
        load_transformer(broken)
    assert "\n" not in str(error.value)

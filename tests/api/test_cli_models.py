"""`eho models train --encoder` and `eho models use`: an encoder of Hugging Face's form becomes the model that tags."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from api import cli
from api.model_choice import write_setting
from eho.codebook import Codebook
from eho.errors import SettingsError
from eho.home import Home
from eho.settings import load_settings
from models.registry import shipped_folder
from tests.models.tiny_encoders import make_xlmr

ROOT = Path(__file__).parents[2]
ROWS = {
    "sq": "Të kthyerit nga Siria janë bombë me sahat për vendin, shkroi dje një portal në Prishtinë.",
    "sr-Latn": "Povratnici iz Sirije zaslužuju drugu šansu, rekla je psihološkinja na skupu u Novom Pazaru.",
    "sr-Cyrl": "Општинско веће усвојило је буџет за следећу годину, а човек чека нови пут до села и школе.",
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_xlmr(tmp_path_factory.mktemp("encoders") / "xlmr")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "few.jsonl"
    rows = [(ROOT / f"evaluation/corpus/train/{name}.jsonl").read_text(encoding="utf-8").splitlines() for name in ("b01", "b14")]
    path.write_text("\n".join(line for lines in rows for line in lines[::2]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tagger(encoder: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `eho models train tagger --encoder FOLDER` wrote, outside any data folder."""
    out = tmp_path_factory.mktemp("taggers") / "hub-small"
    arguments = ["models", "train", "tagger", "--encoder", encoder, "--corpus", corpus, "--dev", corpus, "--out", out]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EHO_DATA", raising=False)
        patch.setenv("EHO_HOME", str(out.parent / "home"))
        assert cli.run([str(one) for one in (*arguments, "--epochs", "1", "--batch", "16", "--accumulate", "2")]) == 0
    return out


@pytest.fixture
def home(eho, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    assert eho("init", home=folder).status == 0
    return folder


def _model(home: Path) -> str:
    return load_settings(Home(home).config, {}).tag.model


# -- training and tagging -----------------------------------------------------------------------------------------


def test_a_tagger_on_an_encoder_tags_from_its_folder(eho, tagger: Path, home: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"id": lang, "text": text}) + "\n" for lang, text in ROWS.items()), encoding="utf-8")
    ran = eho("tag", rows, "--model", tagger, home=home)
    assert ran.status == 0, ran.err
    assert [row["id"] for row in ran.lines] == list(ROWS)
    for row in ran.lines:
        assert row["tags"]["model"]["name"] == "hub-small" and row["tags"]["language"]["code"] == row["id"]
        for annotation in row["tags"]["annotations"]:
            assert all(row["text"][span["start"] : span["end"]].strip() for span in annotation["spans"])


def test_the_options_stand_on_the_card(eho, tagger: Path, home: Path) -> None:
    card = eho("models", "show", tagger, "--json", home=home).json
    options = next(row["use"] for row in card["data"] if row["name"] == "options")
    assert (options["batch"], options["accumulate"], options["encoder_rate"]) == (16, 2, 2e-5)
    assert card["data"][0]["use"] == "pretrained encoder" and "xlmr" in card["licence"]


# -- use ----------------------------------------------------------------------------------------------------------


def test_use_keeps_comments_and_other_settings(eho, tagger: Path, home: Path) -> None:
    config = Home(home).config
    before = config.read_text(encoding="utf-8").replace("# delay_s = 1.0", "delay_s = 2.5  # our host asked for it")
    config.write_text(before, encoding="utf-8")
    ran = eho("models", "use", tagger, "--json", home=home)
    assert ran.status == 0, ran.err
    answer = ran.json
    assert answer["name"] == "hub-small" and answer["before"] == "tagger" and answer["retag"] and not answer["remarks"]
    assert _model(home) == answer["setting"] == str(tagger.resolve())
    after = config.read_text(encoding="utf-8").splitlines()
    assert [line for line in after if not line.startswith("model = ")] == before.splitlines()
    assert load_settings(config, {}).crawl.delay_s == 2.5
    rows = {row["name"]: row for row in eho("settings", "--json", home=home).lines}
    assert rows["tag.model"]["origin"] == str(config)


def test_a_model_of_the_data_folder_is_used_by_its_name_and_the_shipped_one_again(eho, tagger: Path, home: Path) -> None:
    shutil.copytree(tagger, Home(home).models / "ours")
    assert eho("models", "use", "ours", "--json", home=home).json["setting"] == "ours"
    assert eho("models", "use", "baseline", "--json", home=home).json["before"] == "ours"
    assert _model(home) == "baseline"
    config = Home(home).config.read_text(encoding="utf-8")
    assert config.count("\nmodel = ") == 1


def test_documents_are_tagged_anew_by_the_model_in_use(eho, tagger: Path, rows_file: Path, home: Path) -> None:
    assert eho("import", rows_file, "--platform", "jsonl", home=home).status == 0
    ran = eho("models", "use", tagger, home=home)
    assert "tags the 3 stored documents anew" in ran.out and "eho serve" in ran.out
    assert eho("import", rows_file, "--platform", "jsonl", home=home).status == 0
    shown = eho("show", "sq-1", "--json", home=home)
    assert shown.status == 0, shown.err
    assert shown.json["tags"]["model"]["name"] == "hub-small"


def test_other_weights_under_the_same_name_are_remarked(eho, tagger: Path, home: Path, tmp_path: Path) -> None:
    eho("models", "use", tagger, home=home)
    again = eho("models", "use", tagger, "--json", home=home).json
    assert not again["retag"] and not again["remarks"]
    other = Path(shutil.copytree(tagger, tmp_path / "other"))
    card = json.loads((other / "card.json").read_text(encoding="utf-8"))
    del card["digests"]["model.json"]
    (other / "card.json").write_text(json.dumps(card), encoding="utf-8")
    answer = eho("models", "use", other, "--json", home=home).json
    assert not answer["retag"] and "other weights" in answer["remarks"][0]


def test_a_variable_that_goes_before_the_file_is_named(eho, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EHO_TAG__MODEL", "baseline")
    ran = eho("models", "use", "baseline", home=home)
    assert ran.status == 0 and "EHO_TAG__MODEL is set to 'baseline'" in ran.out


def test_use_without_a_data_folder_says_what_to_do(eho, tmp_path: Path) -> None:
    ran = eho("models", "use", "baseline", home=tmp_path / "none")
    assert ran.status == 2 and "eho init" in ran.err


# -- refusals: one line, exit 2, and the model that tagged goes on ------------------------------------------------


def _altered(source: Path, target: Path, name: str, content: bytes) -> Path:
    folder = Path(shutil.copytree(source, target))
    (folder / name).write_bytes(content)
    return folder


def _refused(ran, told: str, home: Path) -> None:
    assert ran.status == 2 and ran.out == ""
    (line,) = ran.err.splitlines()
    assert told in line
    assert _model(home) == "tagger"


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "net.pt", "model.pkl", "last.ckpt"])
def test_use_refuses_pickles(eho, tagger: Path, home: Path, tmp_path: Path, pickle: str) -> None:
    _refused(eho("models", "use", _altered(tagger, tmp_path / "x", pickle, b"\x80\x04N."), home=home), pickle, home)


@pytest.mark.parametrize("name", ["tagger.onnx", "pieces.safetensors"])
def test_use_refuses_corrupt_weights(eho, tagger: Path, home: Path, tmp_path: Path, name: str) -> None:
    folder = _altered(tagger, tmp_path / "x", name, b"corrupt")
    _refused(eho("models", "use", folder, home=home), f"{name} is not the file that its card names", home)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, "digests": {}}), encoding="utf-8")
    _refused(eho("models", "use", folder, home=home), "cannot be read", home)


def test_use_refuses_another_codebook_a_missing_tokenizer_and_an_unknown_name(
    eho, tagger: Path, home: Path, tmp_path: Path
) -> None:
    card = json.loads((tagger / "card.json").read_text(encoding="utf-8"))
    other = json.dumps({**card, "codebook": "9.9+000000000000"}).encode()
    _refused(eho("models", "use", _altered(tagger, tmp_path / "a", "card.json", other), home=home), Codebook.load().tag, home)
    (bare := Path(shutil.copytree(tagger, tmp_path / "b"))).joinpath("tokenizer.json").unlink()
    _refused(eho("models", "use", bare, home=home), "tokenizer.json", home)
    _refused(eho("models", "use", "no-such-model", home=home), "There is no model 'no-such-model'", home)


def test_use_refuses_files_that_do_not_belong_together(eho, tagger: Path, home: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = Path(shutil.copytree(tagger, tmp_path / "x"))
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    arrays = load_file(folder / "pieces.safetensors")
    save_file({**arrays, "rows": arrays["rows"][:, :-1].copy()}, folder / "pieces.safetensors")
    (folder / "card.json").write_text(json.dumps({**card, "digests": {}}), encoding="utf-8")
    _refused(eho("models", "use", folder, home=home), "loads but cannot tag", home)


def test_use_refuses_a_bare_encoder(eho, encoder: Path, home: Path) -> None:
    _refused(eho("models", "use", encoder, home=home), f"eho models train tagger --encoder {encoder}", home)


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "net.pt", "model.pkl", "last.ckpt"])
def test_training_refuses_an_encoder_in_a_pickle(
    eho, encoder: Path, corpus: Path, home: Path, tmp_path: Path, pickle: str
) -> None:
    folder = Path(shutil.copytree(encoder, tmp_path / "x"))
    (folder / "model.safetensors").rename(folder / pickle)
    train = ("models", "train", "tagger", "--corpus", corpus, "--dev", corpus, "--out", tmp_path / "out", "--encoder")
    _refused(eho(*train, folder, home=home), f"{pickle}, which may run code", home)
    _refused(eho(*train, folder / pickle, home=home), "is a pickle", home)
    assert not (tmp_path / "out").exists()


def test_training_without_a_network_says_what_to_do(eho_process, corpus: Path, home: Path, tmp_path: Path) -> None:
    train = ("models", "train", "tagger", "--corpus", corpus, "--dev", corpus, "--out", tmp_path / "out", "--encoder")
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hf")}
    ran = eho_process(*train, "xlm-roberta-base", home=home, **nowhere)
    _refused(ran, "The hub cannot be reached for 'xlm-roberta-base'", home)
    assert "give that folder's path" in ran.err and "HF_HUB_OFFLINE" in ran.err and "shipped model goes on" in ran.err


# -- the settings file --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "[tag]\n", '[tag]\nmodel = "a"  # mine\n', '[serve]\nport = 1\n\n[tag]\n# x\n\n[index]\nengine = "embedded"\n', 'tag.model = "a"\n', "tag = {model = 'a'}\n"],
    ids=["empty", "section", "set", "between", "dotted", "inline"],
)  # fmt: skip
def test_a_setting_is_written_into_any_form_of_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    before = tomllib.loads(text)
    value = r"C:\Modelet\ë 'ж' \"x\""
    write_setting(path, "tag", "model", value)
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {**before, "tag": {"model": value}}
    assert all(line.partition("#")[2] in path.read_text(encoding="utf-8") for line in text.splitlines() if "#" in line)
    assert [one.name for one in tmp_path.iterdir()] == ["config.toml"]


def test_a_settings_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[tag\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"by hand"):
        write_setting(path, "tag", "model", "x")
    assert path.read_text(encoding="utf-8") == "[tag\n"


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"[tag]\r\n# name\r\n\r\n[serve]\r\nport = 1\r\n")
    write_setting(path, "tag", "model", "x")
    assert b"[serve]\r\nport = 1\r\n" in path.read_bytes()


def test_the_shipped_models_can_be_chosen(eho, home: Path) -> None:
    for card in sorted(shipped_folder().glob("*/card.json")):
        if json.loads(card.read_text(encoding="utf-8"))["format"] == "eho-linear-1":
            assert eho("models", "use", card.parent.name, home=home).status == 0

"""`eho topics`, /v1/topics and the pages on real documents: one answer everywhere, ids that last, clear refusals, growth."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from safetensors.torch import save_file
from starlette.testclient import TestClient

from api import http_schemas as schemas
from api.http import create_app
from api.imports import read_documents
from api.service import Service
from api.topic_growth import Periods, growth, weekly
from eho.document import Document
from eho.home import Home
from eho.outcome import OutcomeRecord
from models.encoder.network import EncoderShape, WordEncoder
from models.encoder.sets import PAIRS
from models.sentence.training import SentenceOptions, train_sentence

_SUBJECTS = {
    "sq": (
        "shkolla e re pret nxënësit dhe mësuesit në klasë, drejtori premton libra për nxënësit",
        "buxheti i komunës rritet, tatimi dhe taksat shkojnë për rrugë, kuvendi votoi buxhetin",
        "vërshimi përmbyti fushat, shiu rriti lumin dhe zjarrfikësit ndihmuan fshatarët",
    ),
    "sr": (
        "nova škola čeka učenike i nastavnike u učionici, direktor obećava knjige za učenike",
        "budžet opštine raste, porez i takse idu za puteve, skupština je usvojila budžet",
        "poplava je prekrila polja, kiša je podigla reku i vatrogasci su pomogli seljanima",
    ),
}
_FIRST = date(2026, 6, 1)


def _rows(each: int, mark: str = "") -> list[dict[str, Any]]:
    rows = []
    for language, said in _SUBJECTS.items():
        for subject, words in enumerate(said):
            for number in range(each):
                day = _FIRST + timedelta(days=(7 * number + subject) % 80)
                extra = ("sot", "dje", "nesër", "mbrëmë") if language == "sq" else ("danas", "juče", "sutra", "sinoć")
                mixed = words.split()
                random.Random(f"{language}{subject}{number}{mark}").shuffle(mixed)  # in one order they would be copies
                text = f"{' '.join(mixed)}. Numri {number}{mark}: {extra[number % 4]} {' '.join(mixed[number % 5 :])}."
                rows.append(
                    {
                        "id": f"{language}-{subject}-{number}{mark}",
                        "source": f"provë-{language}",
                        "published_at": day.isoformat(),
                        "title": " ".join(words.split()[:4]).capitalize(),
                        "text": text if number else f"{text} Arben Kelmendi, ⟦phone⟧.",
                    }
                )
    return rows


def _documents(each: int, mark: str = "") -> Iterator[Document | OutcomeRecord]:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(each, mark))
    return read_documents(io.BytesIO(lines.encode()), "jsonl", name="rows.jsonl")


def _make_encoder(folder: Path, out: Path) -> None:
    """An untrained static encoder: random vectors of words, enough to tell texts of other words apart."""
    shape = EncoderShape(embedding=16, width=32, layers=1, heads=4, inner=64, positions=256)
    torch.manual_seed(1)
    encoder = WordEncoder(shape, dropout=0.0)
    save_file({name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}, folder / "encoder.safetensors")
    (folder / "encoder.json").write_text(json.dumps({"shape": shape.to_dict(), "steps": 0}))
    (folder / "parallel").mkdir()
    for name in PAIRS:
        pairs = [{"sq": f"shkolla {at} hapet", "sr": f"škola {at} radi", "q": 1.0} for at in range(80)]
        with gzip.open(folder / "parallel" / f"{name}.jsonl.gz", "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in (pairs if name == "ui_sq_sr_en" else []))
    options = SentenceOptions(steps=0, static=True, pool=60, news=False)
    train_sentence(folder, folder, None, out, name="sentence", version="1", options=options, made_on=date(2026, 1, 2))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("topics-home")
    with Service.open(Home(folder), create=True) as service:
        service.import_documents(_documents(10))
    _make_encoder(tmp_path_factory.mktemp("encoder"), folder / "models" / "sentence")
    return folder


@pytest.fixture(scope="module")
def answer(home: Path) -> dict[str, Any]:
    with Service.open(Home(home)) as service:
        return service.topics()


def test_the_answer_has_the_described_shape(answer: dict[str, Any]) -> None:
    TypeAdapter(schemas.TopicAnswer).validate_python(answer)
    assert answer["topics"]
    assert answer["method"]["documents"] == 60
    assert sum(topic["size"] for topic in answer["topics"]) + answer["outliers"] <= 60


def test_every_topic_is_of_five_documents_or_more_and_counts_add_up(answer: dict[str, Any]) -> None:
    for topic in answer["topics"]:
        assert topic["size"] >= 5
        assert sum(point["count"] for point in topic["points"]) == topic["size"]
        assert sum(topic["languages"].values()) == pytest.approx(1, abs=1e-3)
        assert 0 <= topic["language_entropy"] <= 1


def test_no_phrase_shows_a_name_or_marker(answer: dict[str, Any]) -> None:
    said = json.dumps([(topic["label"], topic["phrases"]) for topic in answer["topics"]], ensure_ascii=False).lower()
    for hidden in ("arben", "kelmendi", "phone", "⟦"):
        assert hidden not in said


def test_labels_are_spelt_as_readers_spell(answer: dict[str, Any]) -> None:
    said = {word for topic in answer["topics"] for phrase in topic["phrases"] for word in phrase["text"].split()}
    assert said & {"nxënësit", "vërshimi", "mësuesit", "zjarrfikësit", "fshatarët"}
    assert said & {"škola", "učenike", "budžet", "opštine", "skupština", "kiša", "učionici"}


def test_command_rest_and_pages_give_the_same(answer: dict[str, Any], home: Path, eho: Any) -> None:
    printed = eho("topics", "--json", home=home)
    assert printed.status == 0
    assert printed.json == json.loads(json.dumps(answer))
    csv = eho("topics", "--csv", home=home)
    assert csv.out.startswith("\ufeff# query:")
    with Service.open(Home(home)) as service, TestClient(create_app(service, hosts=["testserver"])) as client:
        assert client.get("/v1/topics").json() == printed.json
        assert client.get("/topics").status_code == 200
        assert answer["topics"][0]["id"] in client.get("/topics?q=").text
        page = client.get(f"/topics/{answer['topics'][0]['id']}?ui=en").text
        assert f"/documents/{answer['topics'][0]['documents'][0]['id']}" in page
        assert client.get("/topics/t999").status_code == 404
        assert client.get("/topics/..%2Fknown").status_code == 404
        refused = client.get("/v1/topics?q=shkolla+AND+budžet").json()["error"]
        assert "at least 20" in refused["message"]


def test_ids_last_as_documents_are_added(answer: dict[str, Any], home: Path) -> None:
    with Service.open(Home(home)) as service:
        service.import_documents(_documents(4, "b"))
        later = service.topics()
    assert later["snapshot"] != answer["snapshot"]
    before = {topic["id"]: {document["id"] for document in topic["documents"]} for topic in answer["topics"]}
    kept = [topic for topic in later["topics"] if topic["id"] in before]
    assert kept
    for topic in kept:
        members = {document["id"] for document in topic["documents"]}
        assert len(members & before[topic["id"]]) > len(before[topic["id"]]) / 2
    assert all(int(topic["id"][1:]) > len(before) for topic in later["topics"] if topic["id"] not in before)


def test_without_the_libraries_one_line_says_what_to_install(home: Path, eho: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.topics.grouping.find_spec", lambda name: None)
    ran = eho("topics", home=home)
    assert ran.status == 2
    assert ran.err.strip() == "Topics need bertopic, which is not installed; run: pip install 'eho[train]'."


@pytest.mark.parametrize("wrong", [("--limit", "0"), ("--recent", "13"), ("--from", "yesterday")], ids=["limit", "recent", "day"])
def test_bad_values_are_refused_in_one_line(home: Path, eho: Any, wrong: tuple[str, str]) -> None:
    ran = eho("topics", *wrong, home=home)
    assert (ran.status, ran.out, len(ran.err.strip().splitlines())) == (2, "", 1)
    assert wrong[1] in ran.err


def _days(*counts: int) -> list[date]:
    """So many documents on the Monday of each week."""
    return [date(2026, 6, 1) + timedelta(weeks=week) for week, count in enumerate(counts) for _ in range(count)]


def test_growth_is_the_ratio_of_shares_and_its_interval_holds_it() -> None:
    everything = _days(*[100] * 10)
    periods = Periods.until(max(everything), 2)
    grown = growth(_days(0, 0, 5, 5, 5, 5, 5, 5, 20, 20), everything, periods)
    assert grown.ratio == pytest.approx((40 / 200) / (30 / 800))
    assert grown.low is not None
    assert grown.high is not None
    assert 1 < grown.low < grown.ratio < grown.high
    assert grown.flags == ()


def test_more_crawling_is_no_growth() -> None:
    everything = _days(*[100] * 8, 400, 400)
    grown = growth(_days(*[5] * 8, 20, 20), everything, Periods.until(max(everything), 2))
    assert grown.ratio == pytest.approx(1)


@pytest.mark.parametrize(
    ("counts", "flags"),
    [((0,) * 8 + (6, 6), {"new"}), ((0,) * 8 + (1, 1), {"new", "small_n"}), ((0,) * 10, {"small_n", "gap"})],
    ids=["new", "few", "none"],
)
def test_flags_say_why_a_ratio_is_not_to_be_trusted(counts: tuple[int, ...], flags: set[str]) -> None:
    everything = _days(*[50] * 10)
    grown = growth(_days(*counts), everything, Periods.until(max(everything), 2))
    assert set(grown.flags) == flags
    assert grown.ratio is None


def test_weeks_without_a_document_count_nothing() -> None:
    assert [point["count"] for point in weekly(_days(2, 0, 1), _days(2, 1, 1, 1))] == [2, 0, 1, 0]

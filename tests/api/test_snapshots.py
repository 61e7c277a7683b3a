from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.home_files import make_home
from api.model_choice import write_setting
from api.service import Service
from api.wiring import Parts
from eho.annotation import Language, Tags
from eho.codebook import Codebook
from eho.document import Cluster, Document
from eho.errors import InputError
from eho.home import Home
from models.own.library import OwnNarrative
from models.registry import shipped_folder
from tests.index.conftest import annotation

NARRATIVES = ("returnee_rejection", "returnee_security_threat", "second_chance_accountability")
WORDS = {
    "sq": ("të kthyerit nga Siria", "bombë me sahat", "përplasje në veri", "drejtësi për fëmijët"),
    "sr-Latn": ("povratnici iz Sirije", "čovek čeka put", "druga šansa za decu", "sukob na severu"),
    "sr-Cyrl": ("повратници из Сирије", "човек чека пут", "друга шанса за децу", "сукоб на северу"),
}
QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("search", {"q": "povratnici"}),
    ("search", {"q": "povratni* OR kthyer* OR covek", "sort": "date", "limit": 3}),
    ("search", {"q": "narrative:returnee_rejection stance:endorse", "language": "sr-Cyrl", "collapse": True}),
    ("search", {"q": "", "lang": ["sq"], "include_needs_review": True}),
    ("trends", {"q": "", "narrative": list(NARRATIVES[:2]), "by": "week"}),
    (
        "trends",
        {"q": "kthyer* OR povratni*", "of": "", "by": "month", "split": "language", "copies": "include", "language": "sq"},
    ),
)
Given = list[tuple[str, dict[str, Any], str]]


def make(number: int, draw: random.Random) -> Document:
    lang = draw.choice(list(WORDS))
    return Document(
        id=f"d{number}",
        source=draw.choice(["vala", "odjek"]),
        title=draw.choice(WORDS[lang]),
        text=". ".join(draw.choices(WORDS[lang], k=draw.randint(1, 6))),
        lang=lang,
        published_at=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=draw.randint(0, 60)),
    )


def make_tags(parts: Parts, document: Document, draw: random.Random) -> Tags:
    chosen = draw.sample(NARRATIVES, draw.randint(0, 2))
    annotations = tuple(annotation(one, draw.choice(["endorse", "counter"]), needs_review=draw.random() < 0.2) for one in chosen)
    language = Language(code=document.lang or "und", confidence=0.9)
    return Tags(language=language, annotations=annotations, model=parts.model_version)


class Newsroom:
    """A data folder that is worked on; what a process reads once, such as the codebook, makes it open anew."""

    def __init__(self, path: Path, seed: int, **index_settings: int) -> None:
        self.home = Home(path)
        self.draw = random.Random(seed)
        self.made = 0
        make_home(self.home)
        for name, value in index_settings.items():
            write_setting(self.home.config, "index", name, value)  # type: ignore[arg-type]
        self.parts = Parts(self.home)

    @property
    def service(self) -> Service:
        return Service(self.parts)

    def reopen(self) -> None:
        self.parts.close()
        self.parts = Parts(self.home)

    def work(self, job: Callable[[Parts], object]) -> None:
        job(self.parts)
        self.service.index_update()

    def ids(self, parts: Parts) -> list[str]:
        return [item.document.id for item in parts.store().documents()]

    def add(self, parts: Parts) -> None:
        documents = [make(self.made + number, self.draw) for number in range(self.draw.randint(1, 5))]
        self.made += len(documents)
        parts.store().put_all(documents)
        parts.store().put_all_tags((one.id, make_tags(parts, one, self.draw)) for one in documents)

    def change_text(self, parts: Parts) -> None:
        chosen = self.draw.choice(self.ids(parts))
        parts.store().put(make(int(chosen[1:]), self.draw))

    def retag(self, parts: Parts) -> None:
        found = [item.document for item in parts.store().documents()]
        parts.store().put_all_tags((one.id, make_tags(parts, one, self.draw)) for one in found)

    def cluster(self, parts: Parts) -> None:
        first, *others = self.draw.sample(self.ids(parts), 3)
        rows = [(first, Cluster(id=first, role="original", similarity=1.0))]
        parts.store().put_clusters([*rows, *((one, Cluster(id=first, role="copy", similarity=0.9)) for one in others)])

    def change_codebook(self, parts: Parts) -> None:
        data = Codebook.load(self.home.codebook).model_dump(mode="json")
        term = next(one for one in data["narratives"] if one["id"] == NARRATIVES[0])
        term["labels"]["en"] += " (reworded)"
        term["labels"]["sq"] += " (e ndryshuar)"
        self.home.codebook.write_text(json.dumps(data), encoding="utf-8")
        self.reopen()

    def change_model(self, parts: Parts) -> None:
        card = json.loads((shipped_folder() / "baseline" / "card.json").read_text(encoding="utf-8"))
        name = f"other{self.draw.randint(0, 10**9)}"
        folder = self.home.models / name
        folder.mkdir()
        (folder / "card.json").write_text(json.dumps({**card, "name": name, "version": "7"}), encoding="utf-8")
        write_setting(self.home.config, "tag", "model", name)
        self.reopen()

    def add_own_narrative(self, parts: Parts) -> None:
        number = len(parts.own.ids())
        parts.own.add(OwnNarrative(f"mine_{number}", {"en": "Mine"}, "Of my own.", "2026-11-21"), set())
        self.reopen()

    def build_anew(self, parts: Parts) -> None:
        self.service.index_build()

    def ask(self, snapshot: str | None = None) -> Given:
        then = self.service.at(snapshot)
        return [(kind, asked, json.dumps(getattr(then, kind)(**asked), sort_keys=True)) for kind, asked in QUESTIONS]


Rooms = Callable[..., Newsroom]


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Rooms]:
    rooms: list[Newsroom] = []

    def make_room(seed: int, **index_settings: int) -> Newsroom:
        rooms.append(Newsroom(tmp_path / "home", seed, **index_settings))
        return rooms[-1]

    yield make_room
    for room in rooms:
        room.parts.close()


def snapshot_of(given: Given) -> str:
    found = {json.loads(answer)["snapshot"] for _, _, answer in given}
    assert len(found) == 1
    return found.pop()


def without_scores(given: Given) -> list[Any]:
    """Leave out the scores and the order by them, which belong to the index and not to the documents."""
    result = []
    for kind, asked, answer in given:
        row = json.loads(answer)
        if kind == "search" and asked.get("sort") != "date":
            row["hits"] = sorted(({**hit, "score": None} for hit in row["hits"]), key=lambda hit: hit["id"])
        result.append((kind, asked, row))
    return result


@pytest.mark.parametrize("seed", [1, 2])
def test_every_answer_can_be_given_again_after_any_change(newsroom: Rooms, seed: int) -> None:
    room = newsroom(seed, snapshots_kept=100)
    jobs = [
        room.add,
        room.change_text,
        room.retag,
        room.cluster,
        room.change_codebook,
        room.change_model,
        room.add_own_narrative,
        room.build_anew,
    ]
    room.draw.shuffle(jobs)
    room.work(room.add)
    room.work(room.add)
    given: dict[str, Given] = {}
    for job in [room.add, *jobs, room.retag, room.add]:
        room.work(job)
        answers = room.ask()
        given.setdefault(snapshot_of(answers), answers)
    assert len(given) >= 7
    for snapshot, answers in given.items():
        assert room.ask(snapshot) == answers
    shutil.rmtree(room.home.path / "snapshots")
    for snapshot, answers in given.items():
        assert without_scores(room.ask(snapshot)) == without_scores(answers)


def test_a_new_index_gives_the_same_scores_where_nothing_was_replaced(newsroom: Rooms, tmp_path: Path) -> None:
    room = newsroom(5)
    room.work(room.add)
    given = room.ask()
    room.work(room.add)
    room.work(room.retag)
    shutil.rmtree(room.home.path / "snapshots")
    assert room.ask(snapshot_of(given)) == given


def test_removed_documents_leave_snapshots_and_the_answer_says_how_many(newsroom: Rooms, tmp_path: Path) -> None:
    room = newsroom(6)
    secret = make(99, room.draw).model_copy(update={"id": "an-unmistakable-id"})
    room.work(lambda parts: parts.store().put_all([make(number, random.Random(number)) for number in range(8)] + [secret]))
    given = room.ask()
    snapshot = snapshot_of(given)
    room.service.snapshots.create("for the report")
    before = room.service.search("", limit=100)
    room.work(lambda parts: parts.store().remove([secret.id], "erased"))
    room.work(lambda parts: parts.store().remove(["d3"], "expired"))
    service = room.service
    then = service.at(snapshot)
    answer = then.search("", limit=100)
    assert answer["removed_since"] == {"erased": 1, "expired": 1}
    assert answer["snapshot"] == snapshot
    assert answer["total"] == before["total"] - 2
    assert {hit["id"] for hit in answer["hits"]} == {hit["id"] for hit in before["hits"]} - {secret.id, "d3"}
    assert then.trends("")["removed_since"] == answer["removed_since"]
    assert then.document(secret.id) is None
    assert service.snapshots.show(snapshot)["removed_since"] == answer["removed_since"]
    now = service.search("")
    assert "removed_since" not in now and now["total"] == before["total"] - 2
    kept = b"".join(
        path.read_bytes() for name in ("index", "snapshots") for path in (room.home.path / name).rglob("*") if path.is_file()
    )
    assert secret.id.encode() not in kept


def test_a_removal_counts_before_the_index_is_brought_up(newsroom: Rooms, tmp_path: Path) -> None:
    room = newsroom(7)
    room.work(lambda parts: parts.store().put_all([make(number, random.Random(number)) for number in range(5)]))
    snapshot = snapshot_of(room.ask())
    room.parts.store().remove(["d1"], "erased")
    assert room.service.at(snapshot).search("")["total"] == 4
    assert room.service.at(snapshot).search("")["removed_since"] == {"erased": 1}


def test_a_document_is_shown_and_reported_as_it_was(newsroom: Rooms, tmp_path: Path) -> None:
    room = newsroom(8)
    room.work(
        lambda parts: parts.store().put(Document(id="d1", source="vala", text="Stari tekst", published_at="2026-03-10T12:00:00Z"))
    )
    snapshot = snapshot_of(room.ask())
    room.work(
        lambda parts: parts.store().put(Document(id="d1", source="vala", text="Novi tekst", published_at="2026-04-10T12:00:00Z"))
    )
    service = room.service
    row = service.at(snapshot).document("d1")
    assert row is not None and row["text"] == "Stari tekst" and snapshot in row["citation"]
    service.at(snapshot).report(out=tmp_path / "then.html")
    service.report(out=tmp_path / "now.html")
    pages = ((tmp_path / name).read_text(encoding="utf-8") for name in ("then.html", "now.html"))
    then, now = (re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL) for page in pages)  # an axis begins before its first day
    assert snapshot in then and snapshot not in now
    assert "March" in then and "March" not in now


def test_kept_states_are_bounded_and_created_ones_stay(newsroom: Rooms, tmp_path: Path) -> None:
    room = newsroom(9, snapshots_kept=2)
    room.work(room.add)
    service = room.service
    created = service.snapshots.create("keep")
    for _ in range(5):
        room.work(room.add)
    folders = {path.name for path in (room.home.path / "snapshots").glob("s*")}
    assert len(folders) == 3 and f"s{created['sequence']}" in folders
    service = room.service
    [row] = service.snapshots.list()
    assert (row["id"], row["note"], row["at_hand"], row["is_current"]) == (created["id"], "keep", True, False)
    everything = service.snapshots.list(all_given=True)
    assert len(everything) == 6
    assert [one["sequence"] for one in everything] == sorted((one["sequence"] for one in everything), reverse=True)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        pytest.param(lambda id: id[:-1] + ("0" if id[-1] != "0" else "1"), "did you mean s", id="one-letter-wrong"),
        pytest.param(lambda id: "s" + str(10**9) + id[id.index("-") :], "no answer was given", id="not-yet"),
        pytest.param(lambda id: "s1", "no answer was given", id="no-model"),
        pytest.param(lambda id: "yesterday", "looks like", id="no-id"),
        pytest.param(lambda id: "", "looks like", id="empty"),
        pytest.param(lambda id: "../../etc", "looks like", id="path"),
        pytest.param(lambda id: "с10-база@1-0123", "looks like", id="cyrillic"),
        pytest.param(lambda id: "x" * 10_000, "looks like", id="long"),
    ],
)
def test_an_unknown_snapshot_is_refused_in_one_line(small_service: Service, damage: Callable[[str], str], why: str) -> None:
    wrong = damage(small_service.search("")["snapshot"])
    with pytest.raises(InputError, match=why) as caught:
        small_service.at(wrong)
    assert "\n" not in str(caught.value) and caught.value.field == "snapshot" and len(str(caught.value)) < 400

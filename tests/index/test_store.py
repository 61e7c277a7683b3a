from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from eho.annotation import Annotation, Language, ModelVersion, Span, Stance, Tags
from eho.document import Cluster, Document, Provenance
from eho.errors import InputError, StoreError
from eho.outcome import Outcome, OutcomeRecord
from index.store import CoverageRow, Store

MODEL = ModelVersion(name="baseline", version="1", codebook="abc")


def make(number: int, text: str = "Povratnici iz Sirije", **values: object) -> Document:
    return Document.model_validate(
        {"id": f"d{number}", "source": "vala", "text": text, "url": f"http://vala.test/{number}", **values}
    )


def make_tags(model: ModelVersion = MODEL, *, narrative: str = "returnee_rejection") -> Tags:
    annotation = Annotation(narrative=narrative, stance=Stance.ENDORSE, score=0.9, spans=(Span(start=0, end=3),))
    return Tags(language=Language(code="sr-Latn", confidence=1), annotations=(annotation,), model=model)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{(tmp_path / 'folder' / 'eho.sqlite').as_posix()}"


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with Store.open(address) as opened:
        yield opened


def test_put_says_stored_unchanged_or_new_version(store: Store) -> None:
    assert store.put(make(1)) is Outcome.STORED
    assert store.put(make(1, fetched_at=datetime(2026, 1, 1, tzinfo=UTC))) is Outcome.UNCHANGED
    assert store.sequence() == 1
    assert store.put(make(1, text="Изменен текст")) is Outcome.NEW_VERSION
    assert store.count() == 1
    assert [document.text for document in store.versions("d1")] == ["Povratnici iz Sirije", "Изменен текст"]
    found = store.get("d1")
    assert found is not None
    assert found.document.text == "Изменен текст"
    assert found.tags is None


def test_documents_come_back_as_they_were_put(store: Store) -> None:
    document = make(
        1,
        text="E kthyera “nga” Siria, ђак\u0000 🙂",
        title="Përplasje",
        lead="Të kthyerit",
        lang="sq",
        authors=["A"],
        published_at=datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        published_at_precision="minute",
        provenance=Provenance(requested_url="http://vala.test/r", extractor="trafilatura 2.3"),
        extra={"tags": {"x": [1]}},
    )
    store.put(document)
    found = store.get("d1")
    assert found is not None
    assert found.document == document
    assert store.get("unknown") is None
    assert set(store.get_all(["d1", "unknown"])) == {"d1"}


def test_one_batch_may_hold_two_versions_of_a_document(store: Store) -> None:
    outcomes = store.put_all([make(1), make(2), make(1), make(1, text="b"), make(1, text="c")])
    assert outcomes == [Outcome.STORED, Outcome.STORED, Outcome.UNCHANGED, Outcome.NEW_VERSION, Outcome.NEW_VERSION]
    assert [document.text for document in store.versions("d1")] == ["Povratnici iz Sirije", "b", "c"]


def test_every_change_takes_the_next_number_and_readers_get_what_came_after(store: Store) -> None:
    store.put_all(make(number) for number in range(1200))
    before = store.sequence()
    assert before == 1200
    store.put_tags("d7", make_tags())
    store.put_clusters([("d3", Cluster(id="d3", role="original", similarity=1.0))])
    store.put(make(9, text="drugačije"))
    assert [row.document.id for row in store.documents(since_seq=before)] == ["d7", "d3", "d9"]
    assert len(list(store.documents())) == 1200
    store.put_tags("d7", make_tags())
    store.put_clusters([("d3", Cluster(id="d3", role="original", similarity=1.0))])
    assert store.sequence() == before + 3


def test_an_earlier_original_changes_the_membership(store: Store) -> None:
    store.put_all([make(1), make(2)])
    store.put_clusters([("d1", Cluster(id="c", role="original", similarity=1.0))])
    changed = store.put_clusters(
        [("d1", Cluster(id="c", role="copy", similarity=0.9)), ("d2", Cluster(id="c", role="original", similarity=1.0))]
    )
    assert changed == 2
    found = store.get("d1")
    assert found is not None
    assert found.document.cluster == Cluster(id="c", role="copy", similarity=0.9)
    store.put(make(1, text="nova verzija"))
    after = store.get("d1")
    assert after is not None
    assert after.document.cluster is not None


def test_untagged_lists_documents_without_tags_of_this_model(store: Store) -> None:
    store.put_all(make(number) for number in range(1100))
    store.put_all_tags((f"d{number}", make_tags()) for number in range(1000))
    assert {document.id for document in store.untagged(MODEL)} == {f"d{number}" for number in range(1000, 1100)}
    newer = MODEL.model_copy(update={"codebook": "def"})
    seen = 0
    for document in store.untagged(newer):
        store.put_tags(document.id, make_tags(newer))
        seen += 1
    assert seen == 1100
    assert list(store.untagged(newer)) == []


def test_tags_for_an_unknown_document_are_refused(store: Store) -> None:
    with pytest.raises(InputError, match="'d5' is not in the store"):
        store.put_tags("d5", make_tags())


def test_addresses_asked_for_and_reached_are_known(store: Store) -> None:
    store.put(make(1, provenance={"requested_url": "http://vala.test/short", "final_url": "http://vala.test/long"}))
    store.record(OutcomeRecord(outcome=Outcome.REDIRECTED, url="http://vala.test/old", source="vala", document_id="d1"))
    store.record(OutcomeRecord(outcome=Outcome.TIMEOUT, url="http://vala.test/slow", source="vala"))
    known = {name: store.is_known_url(f"http://vala.test/{name}") for name in ("1", "short", "long", "old", "slow", "other")}
    assert known == {"1": True, "short": True, "long": True, "old": True, "slow": False, "other": False}


def test_a_second_run_does_not_count_twice(store: Store) -> None:
    at = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # the 29th in Belgrade

    def record(outcome: Outcome, name: str) -> None:
        store.record(OutcomeRecord(outcome=outcome, url=f"http://vala.test/{name}", source="vala", at=at))

    for _ in range(2):
        record(Outcome.STORED, "a")
        record(Outcome.TIMEOUT, "b")
        record(Outcome.HTTP_ERROR, "c")
    record(Outcome.STORED, "b")  # mended by a second run
    record(Outcome.UNCHANGED, "a")  # does not hide that it was stored
    record(Outcome.NEW_VERSION, "a")
    day = date(2026, 3, 29)
    assert store.coverage() == [
        CoverageRow("vala", Outcome.HTTP_ERROR, day, 1),
        CoverageRow("vala", Outcome.NEW_VERSION, day, 1),
        CoverageRow("vala", Outcome.STORED, day, 1),
    ]
    assert [row.url for row in store.outcomes("vala")] == [f"http://vala.test/{name}" for name in "abc"]
    assert [row.url for row in store.outcomes(outcome=Outcome.HTTP_ERROR)] == ["http://vala.test/c"]


def test_outcomes_are_read_page_by_page(store: Store) -> None:
    for number in range(1003):
        source = "vala" if number % 2 else None
        store.record(OutcomeRecord(outcome=Outcome.SKIPPED, url=f"http://x.test/{number}", source=source, reason="section page"))
    assert len({row.url for row in store.outcomes()}) == 1003
    assert len(list(store.outcomes("vala"))) == 501


def test_threads_write_and_read_at_once(store: Store) -> None:
    results: list[Outcome] = []

    def write(first: int) -> None:
        results.extend(store.put(make(number)) for number in range(first, first + 20))

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 10, 20)]
    for thread in threads:
        thread.start()
    seen = [store.count() for _ in range(20)]
    for thread in threads:
        thread.join()
    assert seen == sorted(seen)
    assert results.count(Outcome.STORED) == 40
    assert results.count(Outcome.UNCHANGED) == 20
    assert [row.document.id for row in store.documents()] != []
    assert store.sequence() == 40


WRITER = """
import os, signal, sys
from eho.document import Document
from index.store import Store
store = Store.open(sys.argv[1])
for number in range(1000000):
    store.put(Document(id=f"d{number}", source="vala", text="tekst"))
    print(number, flush=True)
"""


def test_a_reader_in_another_process_and_a_killed_writer(address: str) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, address], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(25):
            writer.stdout.readline()
        with Store.open(address) as reader:
            assert reader.count() >= 25
            assert len(list(reader.documents())) >= 25
        writer.kill()
        acknowledged = [int(line) for line in writer.stdout if line.strip()]
    with Store.open(address) as store:
        assert store.count() > max(acknowledged, default=24)
        assert store.sequence() == store.count()
        assert store.put(make(0, text="tekst")) is Outcome.UNCHANGED


def test_a_file_that_is_no_store_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "eho.sqlite"
    path.write_bytes(b"not a database " * 400)
    with pytest.raises(StoreError, match="file is not a database") as caught:
        Store.open(f"sqlite:///{path.as_posix()}")
    assert "\n" not in str(caught.value)


def test_an_address_that_cannot_be_used_is_said_in_one_line() -> None:
    with pytest.raises(StoreError, match="nonsense"):
        Store.open("nonsense")
    with pytest.raises(StoreError, match="oracel"):
        Store.open("oracel://x/y")


def test_a_store_of_a_later_layout_is_refused(address: str) -> None:
    import sqlalchemy

    with Store.open(address):
        pass
    engine = sqlalchemy.create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE store_info SET value = 99 WHERE name = 'schema'")
    engine.dispose()
    with pytest.raises(StoreError, match="layout 99"):
        Store.open(address)


def test_days_on_which_every_fetch_of_a_source_failed(tmp_path: Path) -> None:
    def record(number: int, outcome: Outcome, day: int, source: str = "vala") -> OutcomeRecord:
        at = datetime(2026, 3, day, 22, 30, tzinfo=UTC)  # half past eleven in Belgrade
        return OutcomeRecord(outcome=outcome, url=f"http://x.test/{number}", source=source, at=at)

    rows = [
        record(1, Outcome.TIMEOUT, 3),
        record(2, Outcome.HTTP_ERROR, 3),
        record(3, Outcome.TIMEOUT, 4),
        record(4, Outcome.STORED, 4),
        record(5, Outcome.DISALLOWED, 5),
        record(6, Outcome.TIMEOUT, 6, "other"),
    ]
    with Store.open(f"sqlite:///{tmp_path / 's.sqlite'}") as store:
        for row in rows:
            store.record(row)
        assert store.failed_days(["vala", "nobody"]) == {"vala": frozenset({date(2026, 3, 3)})}
        assert store.failed_days([]) == {}

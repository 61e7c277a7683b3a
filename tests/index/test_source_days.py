"""What the store counts by source and day: outcomes, runs and documents, also of a store that an earlier Eho made."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from eho.annotation import Language, ModelVersion, Tags
from eho.document import Document
from eho.outcome import Outcome, OutcomeRecord
from index.source_days import CrawlRun
from index.store import Store

DAY, NEXT = date(2026, 3, 3), date(2026, 3, 4)
NOON = datetime(2026, 3, 3, 11, tzinfo=UTC)
LISTS = {"vala": ["http://vala.test/feed"]}


def record(name: str, outcome: Outcome, *, days: int = 0) -> OutcomeRecord:
    return OutcomeRecord(outcome=outcome, url=f"http://vala.test/{name}", source="vala", at=NOON + timedelta(days=days))


def make(number: int, text: str = "Povratnici iz Sirije", *, published_at: datetime | None = NOON) -> Document:
    return Document(id=f"d{number}", source="vala", text=text, published_at=published_at, fetched_at=NOON)


def test_addresses_count_on_the_day_they_were_found_under_what_they_came_to(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 's.sqlite'}") as store:
        store.record(record("1", Outcome.STORED))
        store.record(record("2", Outcome.TIMEOUT))
        store.record(record("3", Outcome.PAYWALLED))
        store.record(record("feed", Outcome.BAD_FEED))
        store.record(record("2", Outcome.STORED, days=1))  # it came the next day
        store.record(record("4", Outcome.HTTP_ERROR, days=1))
        days = store.source_days(DAY, NEXT, LISTS)
    found = days["vala", DAY]
    assert (found.found, found.fetched, found.extracted, found.dropped) == (3, 3, 2, {Outcome.PAYWALLED: 1})
    assert (days["vala", NEXT].found, days["vala", NEXT].dropped) == (1, {Outcome.HTTP_ERROR: 1})


def test_documents_count_by_date_length_and_language(tmp_path: Path) -> None:
    tags = Tags(language=Language(code="sq", confidence=1), model=ModelVersion(name="m", version="1", codebook="c"))
    early = NOON - timedelta(days=9)
    with Store.open(f"sqlite:///{tmp_path / 's.sqlite'}") as store:
        store.put_all([make(1), make(2, "Kthim", published_at=early), make(3, "x", published_at=None)])
        store.put_all([make(2, "Kthimi i dytë", published_at=early)])
        store.put_all_tags([("d1", tags), ("d2", tags)])
        days = store.source_days(DAY - timedelta(days=20), NEXT, {})
        stored = days["vala", DAY]
        assert (stored.stored, stored.dates, stored.moments, stored.undated, stored.dated_on) == (3, 2, 2, 1, DAY)
        assert (stored.characters, stored.characters_squared) == (20 + 13 + 1, 400.0 + 169 + 1)
        assert stored.languages == {"sq": 2}
        assert (stored.published, days["vala", early.date()].published) == (2, 1)  # the undated one counts when it was stored
        assert store.remove(["d1"], "erased") == 1
        assert store.source_days(DAY, NEXT, {})["vala", DAY].stored == 2


def test_runs_add_up_and_the_last_one_says_which_feeds_failed(tmp_path: Path) -> None:
    runs = [
        CrawlRun("vala", NOON, NOON + timedelta(minutes=1), 5, {Outcome.STORED: 2}, {"http://vala.test/feed": "gone"}),
        CrawlRun("vala", NOON + timedelta(hours=2), NOON + timedelta(hours=3), 7, {Outcome.TIMEOUT: 1}),
        CrawlRun("rrufeja", NOON, NOON, 0, {}),
    ]
    with Store.open(f"sqlite:///{tmp_path / 's.sqlite'}") as store:
        store.add_runs(runs)
        store.add_runs(runs[:1])  # told twice, counted once
        day = store.source_days(DAY, DAY, LISTS)["vala", DAY]
        assert (day.runs, day.known, dict(day.asked)) == (2, 12, {Outcome.STORED: 2, Outcome.TIMEOUT: 1})
        assert day.lists_failed == {}
        assert store.last_runs() == {"vala": runs[1], "rrufeja": runs[2]}
        assert store.crawled_days() == ({"vala": DAY, "rrufeja": DAY}, {"vala": DAY, "rrufeja": DAY})


def test_a_store_of_the_second_layout_is_brought_up_with_its_counts(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store.open(f"sqlite:///{path}") as store:
        store.put_all([make(1), make(2, "Kthim", published_at=None)])
        store.record(record("1", Outcome.STORED))
        store.record(record("2", Outcome.TIMEOUT))
        before = store.source_days(DAY, NEXT, LISTS)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "DROP TABLE document_facts; DROP TABLE crawl_runs; DROP INDEX outcomes_by_first_day;"
            "ALTER TABLE outcomes DROP COLUMN first_day; UPDATE store_info SET value = 2 WHERE name = 'schema';"
        )
    for _ in range(2):
        with Store.open(f"sqlite:///{path}") as store:
            assert store.source_days(DAY, NEXT, LISTS) == before
            assert store.put(make(1)) is Outcome.UNCHANGED
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT value FROM store_info WHERE name = 'schema'").fetchone() == (3,)
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert "outcomes_by_first_day" in names

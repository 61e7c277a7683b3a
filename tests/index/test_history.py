from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eho.annotation import AnnotatedDocument, Language, ModelVersion, Tags
from eho.document import Cluster, Document
from eho.errors import StoreError
from index.store import Store
from tests.index.conftest import annotation

TEXTS = (
    pytest.param("Të kthyerit nga Siria, përplasje", id="sq"),
    pytest.param("Povratnici iz Sirije, čovek", id="sr-Latn"),
    pytest.param("Повратници из Сирије, човек", id="sr-Cyrl"),
)
IDS = ("a", "b", "c")
State = dict[str, AnnotatedDocument]


def make(id: str, text: str) -> Document:
    return Document(id=id, source="vala", text=text)


def tags(version: str, *narratives: str, codebook: str = "1.0+abc") -> Tags:
    model = ModelVersion(name="baseline", version=version, codebook=codebook)
    annotations = tuple(annotation(narrative) for narrative in narratives)
    return Tags(language=Language(code="sr-Latn", confidence=1), annotations=annotations, model=model)


def state(store: Store) -> State:
    return {item.document.id: item for item in store.documents()}


@pytest.mark.parametrize("text", TEXTS)
def test_a_changed_text_retagged_and_clustered_document_is_read_as_it_was(tmp_path: Path, text: str) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'eho.sqlite'}") as store:
        seen: list[tuple[int, State]] = [(store.sequence(), {})]
        steps: list[Callable[[], object]] = [
            lambda: store.put(make("a", text)),
            lambda: store.put_clusters([("a", Cluster(id="a", role="original", similarity=1.0))]),
            lambda: store.put_tags("a", tags("1", "x")),
            lambda: store.put_tags("a", tags("2", "y", codebook="2.0+def")),
            lambda: store.put_clusters([("a", Cluster(id="b", role="copy", similarity=0.8))]),
            lambda: store.put(make("a", text + " nova")),
            lambda: store.put_tags("a", tags("2", "z")),
            lambda: store.put(make("b", text)),
        ]
        for step in steps:
            step()
            seen.append((store.sequence(), state(store)))
        assert len({sequence for sequence, _ in seen}) == len(steps) + 1
        for sequence, expected in seen:
            then = store.at(sequence)
            assert state(then) == expected
            assert then.get("a") == expected.get("a")
            assert then.get_all(["a", "b", "unknown"]) == expected
            assert (then.count(), then.sequence()) == (len(expected), sequence)
        assert [document.text for document in store.at(seen[3][0]).versions("a")] == [text]
        assert [document.text for document in store.at(store.sequence()).versions("a")] == [text, text + " nova"]
        assert store.at(seen[1][0]).history.changed_since() == {"new": 1, "text": 1, "tags": 0}
        assert store.at(seen[6][0]).history.changed_since() == {"new": 1, "text": 0, "tags": 1}


OPERATION = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(IDS), st.sampled_from(["jedan", "два", "tre"])),
    st.tuples(st.just("tag"), st.sampled_from(IDS), st.sampled_from(["1", "2"])),
    st.tuples(st.just("cluster"), st.sampled_from(IDS), st.sampled_from(IDS)),
    st.tuples(st.just("remove"), st.sampled_from(IDS), st.sampled_from(["erased", "expired"])),
)


def apply(store: Store, kind: str, id: str, value: str) -> None:
    if kind == "put":
        store.put(make(id, value))
    elif kind == "remove":
        store.remove([id], value)  # type: ignore[arg-type]
    elif store.get(id) is not None and kind == "tag":
        store.put_tags(id, tags(value, value))
    elif store.get(id) is not None:
        store.put_clusters([(id, Cluster(id=value, role="original" if id == value else "copy", similarity=0.9))])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OPERATION, min_size=1, max_size=25))
def test_every_state_can_be_read_again_without_what_was_removed_since(operations: list[tuple[str, str, str]]) -> None:
    with Store.open("sqlite:///:memory:") as store:
        seen: list[tuple[int, State, set[str]]] = [(0, {}, set())]
        for kind, id, value in operations:
            apply(store, kind, id, value)
            if kind == "remove":
                for _, earlier, gone in seen:
                    gone |= {id} & earlier.keys()
            if store.sequence() > seen[-1][0]:
                seen.append((store.sequence(), state(store), set()))
        for sequence, expected, gone in seen:
            then = store.at(sequence)
            assert state(then) == {id: item for id, item in expected.items() if id not in gone}
            assert then.count() == len(expected.keys() - gone)
            assert sum(then.history.removed_since().values()) == len(gone)
        for earlier, later in pairwise(seen):
            updated = {**state(store.at(earlier[0])), **{one.document.id: one for one in _changed(store, earlier[0], later[0])}}
            assert updated == state(store.at(later[0]))


def _changed(store: Store, since: int, until: int) -> list[AnnotatedDocument]:
    return list(store.at(until).documents(since_seq=since))


def test_reading_an_earlier_state_meets_no_change_made_meanwhile(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'eho.sqlite'}") as store:
        store.put_all([make(f"d{number:04}", "prvi") for number in range(1200)])
        then = store.at(store.sequence())
        reading = then.documents()
        first = [next(reading) for _ in range(10)]
        store.put_all([make(f"d{number:04}", "drugi") for number in range(0, 1200, 2)])
        store.put(make("new", "drugi"))
        found = {item.document.id: item.document.text for item in [*first, *reading]}
        assert found == {f"d{number:04}": "prvi" for number in range(1200)}
        assert then.count() == 1200


def test_removal_leaves_nothing_of_a_document_behind(tmp_path: Path) -> None:
    path = tmp_path / "eho.sqlite"
    with Store.open(f"sqlite:///{path}") as store:
        store.put(make("a", "prvi tajni"))
        store.put_tags("a", tags("1", "tajna"))
        store.put(make("a", "drugi tajni"))
        assert store.last_removal() == 0
        assert store.remove(["a", "unknown"], "erased") == 1
        assert store.remove(["a"], "erased") == 0
        assert store.last_removal() == store.sequence()
        assert (store.get("a"), store.versions("a"), store.count()) == (None, [], 0)
        assert store.at(2).history.removed_since() == {"erased": 1}
        store.put(make("a", "opet"))
        assert [document.text for document in store.versions("a")] == ["opet"]
        assert store.at(2).get("a") is None
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        tables = sqlalchemy.MetaData()
        tables.reflect(connection)
        rows = [row for table in tables.tables.values() for row in connection.execute(table.select())]
    engine.dispose()
    assert "tajn" not in str(rows)


def test_a_store_of_the_first_layout_is_brought_up_and_its_history_begins_then(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'eho.sqlite'}"
    with Store.open(address) as store:
        store.put(make("a", "prvi"))
        store.put_tags("a", tags("1", "x"))
        store.put(make("a", "drugi"))
        store.put_tags("a", tags("1", "y"))
        before = state(store)
    engine = sqlalchemy.create_engine(address)
    added = {
        "documents": ("text_seq", "tags_seq", "cluster_seq"),
        "superseded_documents": ("from_seq",),
        "superseded_tags": ("from_seq",),
    }
    with engine.begin() as connection:
        for table, columns in added.items():
            for column in columns:
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.exec_driver_sql("DROP INDEX outcomes_by_first_day")
        connection.exec_driver_sql("ALTER TABLE outcomes DROP COLUMN first_day")
        later = ("superseded_clusters", "removed_documents", "snapshots", "snapshot_contexts", "document_facts", "crawl_runs")
        for table in later:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("DELETE FROM store_info WHERE name = 'history'")
        connection.exec_driver_sql("UPDATE store_info SET value = 1 WHERE name = 'schema'")
    engine.dispose()
    with Store.open(address) as store:
        assert store.history_begins() == store.sequence() == 4
        store.put(make("a", "treći"))
        assert state(store.at(4)) == before
        assert [document.text for document in store.versions("a")] == ["prvi", "drugi", "treći"]
    with Store.open(address) as store:
        assert store.history_begins() == 4


def test_a_store_of_an_unknown_earlier_layout_is_refused(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'eho.sqlite'}"
    with Store.open(address):
        pass
    engine = sqlalchemy.create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE store_info SET value = 0 WHERE name = 'schema'")
    engine.dispose()
    with pytest.raises(StoreError, match="layout 0"):
        Store.open(address)

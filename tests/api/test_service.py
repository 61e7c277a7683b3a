"""The service: what pages and REST rely on beside the answers that the command line's tests cover."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from api.home_files import source_id
from api.service import Service
from eho.document import Cluster
from eho.errors import InputError, SourceError
from eho.home import Home
from tests.api.conftest import copy_home


def test_invented_sources_are_known_as_such(demo_service: Service, small_service: Service) -> None:
    assert demo_service.has_invented_sources and not small_service.has_invented_sources


def test_snapshot_names_sequence_model_and_codebook(small_service: Service) -> None:
    version = small_service.model_version
    assert version is not None
    expected = f"s{small_service.store_sequence()}-{version.name}@{version.version}-{small_service.codebook.digest[:12]}"
    assert small_service.snapshot_id == expected == small_service.search()["snapshot"]


def test_threads_read_the_same(demo_service: Service) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: demo_service.search("povratni*", limit=50), range(24)))
    assert answers[0]["total"] > 5 and all(answer == answers[0] for answer in answers)


def test_a_sense_filter_holds(demo_service: Service) -> None:
    hits = demo_service.search(sense=["conflict_zone"], limit=100)["hits"]
    senses = {demo_service.document(hit["id"])["tags"]["returnee_sense"]["value"] for hit in hits}  # type: ignore[index]
    assert senses == {"conflict_zone"}


@pytest.mark.parametrize(
    "options",
    [{"sort": "size"}, {"language": "de"}, {"sense": ["nope"]}, {"start": date(2026, 2, 1), "end": date(2026, 1, 1)}],
    ids=str,
)
def test_wrong_options_are_input_errors(demo_service: Service, options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        demo_service.search(**options)  # type: ignore[arg-type]


def test_an_unknown_document_is_none(demo_service: Service) -> None:
    assert demo_service.document("nope") is None


def test_the_index_follows_the_store_after_each_stage(small_home: Path, tmp_path: Path) -> None:
    copy_home(small_home, tmp_path / "home")
    with Service.open(Home(tmp_path / "home")) as service:
        store = service._parts.store()
        document = store.get("sr-1")
        assert document is not None
        store.put(document.document.model_copy(update={"id": "sr-9", "text": document.document.text + " Dodatak."}))
        assert service.search("Dodatak")["total"] == 0  # as after a kill between storing and tagging
        assert service.tag_new().counts == {"tagged": 1}
        assert service.index_update().written >= 1
        assert service.search("Dodatak")["total"] == 1
        copy = service.document("sr-9")
        assert copy is not None and copy["cluster"] == {"id": "sr-1", "role": "original", "similarity": 1.0} | copy["cluster"]
        assert service.tag_new().counts == {} and service.index_update().written == 0


def test_clusters_of_documents_that_the_store_lost_do_no_harm(small_home: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    copy_home(small_home, home.path)
    with Service.open(home) as service:
        kept = service._parts.store().get("sr-1")
    assert kept is not None
    for path in home.path.glob("eho.sqlite*"):
        path.unlink()
    with Service.open(home) as service:
        service._parts.store().put(kept.document.model_copy(update={"id": "sr-8", "cluster": None}))
        assert service.tag_new().counts == {"tagged": 1}
        found = service._parts.store().get("sr-8")
        assert found is not None and isinstance(found.document.cluster, Cluster)


def test_a_broken_index_is_built_anew_by_the_next_update(small_home: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    copy_home(small_home, home.path)
    for path in home.index.rglob("*"):
        if path.is_file() and path.suffix not in (".lock", ""):
            path.write_bytes(b"")
    with Service.open(home) as service:
        assert service.index_update().documents == 3
        assert service.search("Povratnici")["total"] == 1


def test_crawling_without_sources_says_so(tmp_path: Path) -> None:
    with Service.open(Home(tmp_path), create=True) as service, pytest.raises(SourceError, match="No enabled source"):
        service.crawl()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vala-e-re", "vala-e-re"),
        ("demo_src", "demo_src"),
        ("Koha.net", "koha.net"),
        ("Gazeta Shqip", "gazeta-shqip"),
        ("Përmbledhje", "permbledhje"),
        ("Политика", "politika"),
        ("日本", "source-"),
    ],
    ids=ascii,
)
def test_a_source_known_by_name_gets_an_id(name: str, expected: str) -> None:
    assert source_id(name).startswith(expected)
    assert source_id(source_id(name)) == source_id(name)

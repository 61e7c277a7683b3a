"""What only a server can do: be away, be killed, lose a part, refuse a document, and be migrated under way."""

from __future__ import annotations

import http.server
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from eho.annotation import AnnotatedDocument
from eho.errors import EngineAwayError, EngineError
from eho.settings import IndexSettings
from evaluation.elasticsearch_server import Server, free_port, unpacked
from index.answers import NearestOptions, SearchOptions
from index.elasticsearch import ElasticsearchIndex, connection
from index.embedded import EmbeddedIndex
from index.embedding import Floats, text_vector
from index.query import parse
from tests.elasticsearch_node import ON_ONE_WORKER, require_server, settings_for, temporary_index
from tests.index.conftest import annotated, annotation

pytestmark = ON_ONE_WORKER

TEXTS = ("Të kthyerit nga Siria", "Povratnici iz Sirije", "Повратници из Сирије")


def documents(count: int, word: str = "povratnici") -> list[AnnotatedDocument]:
    return [annotated(f"d{n}", f"{TEXTS[n % 3]} {word} {n}", annotation("x")) for n in range(count)]


@pytest.fixture
def settings(elasticsearch_server: Server) -> IndexSettings:
    return settings_for(elasticsearch_server.url)


@pytest.fixture
def index(settings: IndexSettings, tmp_path: Path) -> Iterator[ElasticsearchIndex]:
    with temporary_index(settings, tmp_path) as found:
        yield found


@pytest.fixture
def client(elasticsearch_server: Server) -> Iterator[Elasticsearch]:
    with Elasticsearch(elasticsearch_server.url) as found:
        yield found


def total(index: ElasticsearchIndex, text: str = "") -> int:
    return index.search(parse(text), SearchOptions(limit=1, facets=False)).total


def away(settings: IndexSettings, folder: Path, **options: object) -> ElasticsearchIndex:
    """The same index by an address at which nothing listens, with the same spool."""
    changed = settings.model_copy(update={"url": f"http://127.0.0.1:{free_port()}"})
    return ElasticsearchIndex(changed, spool=folder / "spool", **options)  # type: ignore[arg-type]


# -- versions -----------------------------------------------------------------------------------------------------


def test_no_search_fails_while_the_index_is_built_anew(index: ElasticsearchIndex) -> None:
    index.rebuild(documents(60), sequence=1)
    seen: list[int] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def search_all_the_while() -> None:
        while not done.is_set():
            try:
                answer = index.search(parse("povratnici"), SearchOptions(limit=5))
                assert len(answer.hits) == 5
                seen.append(answer.total)
            except BaseException as error:  # noqa: BLE001 - the test fails with whatever it is
                failures.append(error)
                return

    threads = [threading.Thread(target=search_all_the_while) for _ in range(2)]
    for thread in threads:
        thread.start()
    for build in range(1, 5):
        index.rebuild(documents(60 + build), sequence=1 + build)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(seen) > 5 and set(seen) <= set(range(60, 65)) and len(set(seen)) > 1


def test_one_version_stays_behind_the_alias_and_its_mapping_is_strict(
    index: ElasticsearchIndex, client: Elasticsearch, settings: IndexSettings
) -> None:
    for sequence in (1, 2):
        index.rebuild(documents(3), sequence=sequence)
    found = client.indices.get(index=f"{settings.name}-v*").body
    assert list(found) == [f"{settings.name}-v000002"]
    [row] = found.values()
    assert set(row["aliases"]) == {settings.name}
    assert row["mappings"]["dynamic"] == "strict"
    assert row["mappings"]["properties"]["annotations"]["type"] == "nested"
    template = client.indices.get_index_template(name=f"{settings.name}-versions").body["index_templates"][0]["index_template"]
    assert template["index_patterns"] == [f"{settings.name}-v*"]


def test_an_index_of_another_layout_or_of_somebody_else_is_refused(
    index: ElasticsearchIndex, client: Elasticsearch, settings: IndexSettings
) -> None:
    index.rebuild(documents(1), sequence=1)
    client.indices.put_mapping(index=settings.name, meta={"layout": 99})
    with pytest.raises(EngineError, match=r"layout 99.*Run eho index build"):
        index.status()
    index.rebuild(documents(2), sequence=2)
    assert total(index) == 2


def test_shards_and_refresh_are_set(elasticsearch_server: Server, client: Elasticsearch, tmp_path: Path) -> None:
    settings = settings_for(elasticsearch_server.url, shards=2, replicas=1, refresh_s=30)
    with temporary_index(settings, tmp_path) as index:
        index.rebuild(documents(40), sequence=1)
        [row] = client.indices.get_settings(index=settings.name).body.values()
        found = row["settings"]["index"]
        assert (found["number_of_shards"], found["number_of_replicas"], found["refresh_interval"]) == ("2", "1", "30000ms")
        seen: list[str] = []
        cursor = None
        while len(seen) < 40:
            answer = index.search(parse("povratnici"), SearchOptions(limit=7, cursor=cursor))
            assert answer.total == 40
            seen += [hit.id for hit in answer.hits]
            cursor = answer.next
        assert cursor is None and len(set(seen)) == 40


def test_an_answer_of_part_of_the_shards_is_refused(
    elasticsearch_server: Server, client: Elasticsearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_RETRIES", 0)  # the server heals itself within seconds, and our retries would wait for it
    settings = settings_for(elasticsearch_server.url, shards=2)
    with temporary_index(settings, tmp_path) as index:
        index.rebuild(documents(40), sequence=1)
        [version] = client.indices.get(index=settings.name).body
        client.indices.put_settings(index=version, settings={"index.routing.allocation.enable": "none"})
        [node] = client.nodes.info(node_id="_local").body["nodes"]
        cancel = {"cancel": {"index": version, "shard": 1, "node": node, "allow_primary": True}}
        client.cluster.reroute(commands=[cancel], metric="none")
        partial = client.search(index=version, query={"match_all": {}})
        assert partial["_shards"]["failed"] == 1 and partial["hits"]["total"]["value"] < 40  # what the server would answer
        with pytest.raises(EngineAwayError, match="cannot answer now") as caught:
            total(index)
        assert "\n" not in str(caught.value)


# -- writing ------------------------------------------------------------------------------------------------------


def test_a_refused_document_has_an_outcome_and_the_others_stand(index: ElasticsearchIndex) -> None:
    index.rebuild(documents(3), sequence=1)
    stats = index.update([annotated("bad", "tekst", source="s" * 40_000), annotated("good", "dobro")], sequence=2)
    assert [(row["id"], row["outcome"]) for row in stats.failures] == [("bad", "not_indexed")]
    assert "immense term" in stats.failures[0]["reason"]
    assert (stats.written, total(index, "dobro"), total(index)) == (1, 1, 4)


def test_what_cannot_be_written_waits_and_is_written_in_order(settings: IndexSettings, tmp_path: Path) -> None:
    with temporary_index(settings, tmp_path) as index:
        index.rebuild(documents(5), sequence=1)
        with away(settings, tmp_path) as lost:
            first = lost.update([annotated("d1", "prvo čekanje"), annotated("new", "prvo čekanje")], sequence=2)
            second = lost.update([annotated("d1", "drugo čekanje")], sequence=3)
            assert (first.spooled, second.spooled, first.documents) == (2, 1, 0)
            with pytest.raises(EngineAwayError) as caught:
                lost.status()
            assert caught.value.sequence == 3
        assert index.status().extra["spooled"] == 3
        stats = index.update([annotated("last", "treće čekanje")], sequence=4)
        assert (stats.documents, stats.spooled, index.status().sequence) == (7, 0, 4)
        assert index.status().extra["spooled"] == 0
        assert [total(index, word) for word in ("prvo", "drugo", "treće", "čekanje")] == [1, 1, 1, 3]


def test_a_build_leaves_nothing_waiting(settings: IndexSettings, tmp_path: Path) -> None:
    with temporary_index(settings, tmp_path) as index:
        index.rebuild(documents(1), sequence=1)
        with away(settings, tmp_path) as lost:
            lost.update([annotated("secret", "tajna")], sequence=2)
            with pytest.raises(EngineAwayError):
                lost.rebuild(documents(1), sequence=3)
        assert not list((tmp_path / "spool").glob("*.jsonl"))


def test_without_a_server_every_question_says_so_in_one_line(settings: IndexSettings, tmp_path: Path) -> None:
    with away(settings, tmp_path) as lost:
        for call in (lambda: total(lost), lost.status, lambda: lost.update([], sequence=1), lambda: lost.rebuild([], sequence=1)):
            with pytest.raises(EngineAwayError, match=r"http://127\.0\.0\.1:\d+ does not answer\. Start it") as caught:
                call()
            assert "\n" not in str(caught.value)


def test_a_server_killed_while_it_is_written_to_loses_no_document(tmp_path: Path) -> None:
    require_server()
    with Server(heap_mb=256) as server:
        settings = settings_for(server.url, timeout_s=20)
        with ElasticsearchIndex(settings, spool=tmp_path / "spool") as index:
            index.rebuild(documents(300), sequence=1)
            changed = documents(900, "izmenjeno")

            def until_the_kill() -> Iterator[AnnotatedDocument]:
                for number, one in enumerate(changed):
                    if number == 600:
                        server.kill()
                    yield one

            stats = index.update(until_the_kill(), sequence=2)
            assert stats.spooled > 0
            assert stats.written + stats.spooled >= 900
            with pytest.raises(EngineAwayError):
                total(index)
            server.start()
            after = index.update([], sequence=2)
            assert (after.documents, after.spooled) == (900, 0)
            assert total(index, "izmenjeno") == 900
            assert index.check(lambda sequence: changed).is_sound


# -- keys, certificates, rights -----------------------------------------------------------------------------------


def test_the_api_key_goes_along_with_every_request(elasticsearch_server: Server, tmp_path: Path) -> None:
    with _recording_proxy(elasticsearch_server.url) as (url, seen):
        settings = settings_for(url, api_key="cHJvYmE6cHJvYmE=")
        with temporary_index(settings, tmp_path) as index:
            index.rebuild(documents(2), sequence=1)
            before = len(seen)
            assert total(index) == 2
    assert before > 3 and set(seen[:before]) == {"ApiKey cHJvYmE6cHJvYmE="}


ROLE = """
eho:
  cluster: [ "monitor", "manage_index_templates" ]
  indices:
    - names: [ "eho-test", "eho-test-v*" ]
      privileges: [ "read", "write", "create_index", "manage" ]
"""


def test_certificate_and_least_rights_are_enough(tmp_path: Path) -> None:
    require_server()
    certificate, fingerprint = _certificate(tmp_path)
    files = {"roles.yml": ROLE.encode(), "node.crt": certificate[0], "node.key": certificate[1]}
    security = {
        "xpack.security.enabled": "true",
        "xpack.security.http.ssl.enabled": "true",
        "xpack.security.http.ssl.certificate": "node.crt",
        "xpack.security.http.ssl.key": "node.key",
        "xpack.security.transport.ssl.enabled": "false",
    }
    server = Server(heap_mb=256, settings=security, config=files, scheme="https")
    server.prepare()
    for name in ("eho", "stranger"):
        command = [str(unpacked() / "bin" / "elasticsearch-users"), "useradd", name, "-p", "proba-proba"]
        command += ["-r", "eho"] if name == "eho" else []
        subprocess.run(command, check=True, capture_output=True, **server.process_options())
    with server:
        settings = settings_for(server.url, user="eho", password="proba-proba", ca_fingerprint=fingerprint)
        settings = settings.model_copy(update={"name": "eho-test"})
        with ElasticsearchIndex(settings, spool=tmp_path / "spool") as index:
            index.rebuild(documents(3), sequence=1)
            index.update(documents(5), sequence=2)
            index.rebuild(documents(6), sequence=3)
            assert total(index, "povratnici") == 6
            assert index.status().sequence == 3
        wrong = {"user": "stranger"}, {"ca_fingerprint": "ab" * 32}, {"ca_fingerprint": None}, {"name": "other"}
        for change, says in zip(wrong, ("refuses us", "not trusted", "not trusted", "refuses us"), strict=True):
            with ElasticsearchIndex(settings.model_copy(update=change), spool=tmp_path / "spool") as index:
                with pytest.raises(EngineAwayError, match=says) as caught:
                    total(index)
                assert "\n" not in str(caught.value) and "proba-proba" not in str(caught.value)


# -- vectors ------------------------------------------------------------------------------------------------------


class Encoder:
    """A small exact encoder that counts what it is given."""

    space, width = "letters 1", 8

    def __init__(self) -> None:
        self.made = 0

    def encode(self, texts: list[str]) -> Floats:
        self.made += len(texts)
        rows = np.zeros((len(texts), self.width), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for letter in text.lower():
                row[ord(letter) % self.width] += 1
        return rows / np.maximum(1e-9, np.linalg.norm(rows, axis=1, keepdims=True))


def test_the_nearest_documents_are_those_of_the_embedded_engine(settings: IndexSettings, tmp_path: Path) -> None:
    encoder = Encoder()
    rows = [annotated(f"d{n}", f"{TEXTS[n % 3]} {chr(97 + n % 23) * (n % 7 + 1)}", source=f"s{n % 2}") for n in range(80)]
    rows.append(annotated("empty", "…"))
    with (
        temporary_index(settings, tmp_path, embedder=encoder) as index,
        EmbeddedIndex(tmp_path / "embedded", embedder=encoder, writer_memory_mb=15) as embedded,
    ):
        for engine in (index, embedded):
            engine.rebuild(rows, sequence=1)
        vector = text_vector(encoder, "Повратници ccc")
        ours, theirs = (engine.nearest(vector, NearestOptions(encoder.space, limit=81)) for engine in (embedded, index))
        cosines = {near.id: near.cosine for near in ours}
        assert cosines.keys() == {near.id for near in theirs}
        assert max(abs(near.cosine - cosines[near.id]) for near in theirs) < 0.01
        assert [near.cosine for near in theirs] == sorted((near.cosine for near in theirs), reverse=True)
        assert index.status().vectors == 81 and index.status().vector_space == encoder.space


def test_a_vector_is_made_once_for_a_content(settings: IndexSettings, tmp_path: Path) -> None:
    encoder = Encoder()
    with temporary_index(settings, tmp_path, embedder=encoder) as index:
        index.rebuild(documents(5), sequence=1)
        made = encoder.made
        index.rebuild(documents(5), sequence=2)
        index.update([annotated("d0", documents(5)[0].document.text, annotation("y"))], sequence=3)
        assert encoder.made == made
        index.update([annotated("d0", "novi tekst")], sequence=4)
        assert encoder.made == made + 2
    with (
        ElasticsearchIndex(settings, spool=tmp_path / "other") as plain,
        pytest.raises(EngineError, match=r"no search index|Run eho index build"),
    ):
        plain.nearest(np.zeros(16, np.float32), NearestOptions("other 2"))


@contextmanager
def _recording_proxy(target: str) -> Iterator[tuple[str, list[str]]]:
    """Hand requests on to a server and write down with which key they came."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {name: value for name, value in self.headers.items() if name.lower() in ("content-type", "accept")}
            request = urllib.request.Request(target + self.path, data=body or None, headers=kept, method=self.command)
            try:
                with urllib.request.urlopen(request) as answer:
                    status, headers, content = answer.status, answer.headers, answer.read()
            except urllib.error.HTTPError as error:
                status, headers, content = error.code, error.headers, error.read()
            self.send_response(status)
            for name in ("Content-Type", "X-Elastic-Product"):
                if headers.get(name):
                    self.send_header(name, headers[name])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        proxy.daemon_threads = True
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}", seen
        proxy.shutdown()
        thread.join()


def _certificate(folder: Path) -> tuple[tuple[bytes, bytes], str]:
    """Make a certificate that is its own authority; return it with its key, and its fingerprint."""
    crt, key = folder / "node.crt", folder / "node.key"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", str(key), "-out", str(crt)]
    subprocess.run([*make, *subject], check=True, capture_output=True)
    said = subprocess.run(
        ["openssl", "x509", "-in", str(crt), "-noout", "-fingerprint", "-sha256"], check=True, capture_output=True, text=True
    )
    return (crt.read_bytes(), key.read_bytes()), said.stdout.strip().partition("=")[2]

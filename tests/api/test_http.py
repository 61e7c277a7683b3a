"""REST: the command line's JSON under /v1, one error body for everything, and nothing that leaks."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import TypeAdapter

from api import http_schemas as schemas
from api import http_source_schemas as source_schemas
from api.http import create_app
from api.server import listen
from api.service import Service
from eho.source import Source


@contextmanager
def serving(service: Service, *hosts: str) -> Iterator[httpx.Client]:
    """Serve in a thread as `eho serve` does, and give a client of it."""
    with listen("127.0.0.1", 0) as listening:
        app = create_app(service, hosts=hosts)
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="critical", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def client(demo_service: Service) -> Iterator[httpx.Client]:
    with serving(demo_service, "127.0.0.1") as browser:
        yield browser


ANSWERS: dict[str, Any] = {
    "/v1/search?q=povratni*&limit=3": schemas.SearchAnswer,
    "/v1/search?from=2026-09-01&to=2026-09-30&lang=sr&source=glasnik-dana&sort=date": schemas.SearchAnswer,
    "/v1/trends?narrative=reintegration_success&by=month&split=language&as=count": schemas.TrendAnswer,
    "/v1/trends?narrative=reintegration_success&changes=true&copies=include": schemas.TrendAnswer,
    "/v1/compare?a=sq&b=sr": schemas.Comparison,
    "/v1/sources": list[Source],
    "/v1/sources?lang=sr-Cyrl": list[Source],
    "/v1/sources/check": schemas.SourcesChecked,
    "/v1/sources/coverage?source=vala-e-re&from=2026-09-01&to=2026-09-10": list[source_schemas.CoverageDay],
    "/v1/sources/coverage": list[source_schemas.CoverageDay],
    "/v1/models": list[dict[str, Any]],
    "/v1/codebook": dict[str, Any],
    "/v1/health": schemas.Health,
}


@pytest.mark.parametrize(("path", "shape"), ANSWERS.items(), ids=ANSWERS)
def test_every_answer_has_the_described_shape(client: httpx.Client, path: str, shape: Any) -> None:
    response = client.get(path)
    assert response.status_code == 200, response.text
    TypeAdapter(shape).validate_python(response.json())


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/v1/search?q=Klin*&limit=4&lang=sr&lang=sq", ["search", "Klin*", "--limit", "4", "--lang", "sr", "--lang", "sq"]),
        (
            "/v1/trends?q=Siri*&by=month&of=sense:conflict_zone",
            ["trends", "Siri*", "--by", "month", "--of", "sense:conflict_zone"],
        ),
        ("/v1/compare?a=sq&b=sr&q=Siri*", ["compare", "sq", "sr", "--query", "Siri*"]),
        ("/v1/codebook", ["codebook", "show"]),
    ],
    ids=["search", "trends", "compare", "codebook"],
)
def test_the_answer_is_the_command_lines(client: httpx.Client, eho, demo_home: Path, path: str, arguments: list[str]) -> None:
    assert client.get(path).json() == eho(*arguments, "--json", home=demo_home).json


def test_a_document_by_its_id(client: httpx.Client) -> None:
    hit = client.get("/v1/search?q=Al-Hol&limit=1").json()["hits"][0]
    row = client.get(f"/v1/documents/{hit['id']}").json()
    schemas.DocumentAnswer.model_validate(row)
    assert (row["id"], row["title"]) == (hit["id"], hit["title"])


ERRORS = {
    "query": ("GET", "/v1/search?q=a AND (", 422, "query_syntax", "q"),
    "narrative": ("GET", "/v1/search?narrative=nope", 422, "query_syntax", "q"),
    "limit": ("GET", "/v1/search?limit=0", 422, "input", "limit"),
    "limit is no number": ("GET", "/v1/search?limit=x", 422, "input", "limit"),
    "day": ("GET", "/v1/search?from=yesterday", 422, "input", "from"),
    "period": ("GET", "/v1/search?from=2026-10-01&to=2026-09-01", 422, "input", "from"),
    "sort": ("GET", "/v1/search?sort=size", 422, "input", "sort"),
    "cursor": ("GET", "/v1/search?cursor=zzz", 422, "input", "cursor"),
    "trend query": ("GET", "/v1/trends?q=((", 422, "query_syntax", "q"),
    "trend narrative": ("GET", "/v1/trends?narrative=nope", 422, "codebook", None),
    "trend period": ("GET", "/v1/trends?by=year", 422, "input", "by"),
    "comparison": ("GET", "/v1/compare?a=sq", 422, "input", "b"),
    "comparison overlap": ("GET", "/v1/compare?a=sq&b=sq", 422, "input", "b"),
    "document": ("GET", "/v1/documents/nope", 404, "not_found", None),
    "versions": ("GET", "/v1/documents/nope/versions", 422, "input", "id"),
    "path": ("GET", "/v1/nothing", 404, "not_found", None),
    "root path": ("GET", "/nothing.html", 404, "not_found", None),
    "method": ("DELETE", "/v1/search", 405, "method_not_allowed", None),
    "method codebook": ("POST", "/v1/codebook", 405, "method_not_allowed", None),
    "method sources": ("PUT", "/v1/sources", 405, "method_not_allowed", None),
    "method coverage": ("POST", "/v1/sources/coverage", 405, "method_not_allowed", None),
    "coverage of nobody": ("GET", "/v1/sources/coverage?source=nobody", 422, "input", "source"),
    "method models": ("POST", "/v1/models", 405, "method_not_allowed", None),
    "method health": ("POST", "/v1/health", 405, "method_not_allowed", None),
    "method tag": ("GET", "/v1/tag", 405, "method_not_allowed", None),
    "tag nothing": ("POST", "/v1/tag", 422, "input", "body"),
}


@pytest.mark.parametrize(("method", "path", "status", "code", "field"), ERRORS.values(), ids=ERRORS)
def test_every_error_has_the_one_body(
    client: httpx.Client, method: str, path: str, status: int, code: str, field: str | None
) -> None:
    response = client.request(method, path)
    assert response.status_code == status, response.text
    error = schemas.ErrorBody.model_validate(response.json()).error
    assert (error.code, error.field) == (code, field)
    assert error.request_id == response.headers["x-request-id"] and len(error.request_id) == 32
    assert "Traceback" not in response.text and error.message


def test_a_query_error_has_position_and_hint(client: httpx.Client) -> None:
    error = client.get("/v1/search", params={"q": "narrative:returnee_rejecton"}).json()["error"]
    assert error["position"] == 10 and "returnee_rejection" in error["hint"]


def test_a_defect_is_told_without_its_traceback(small_service: Service, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(small_service, "search", fail)
    with serving(small_service) as browser, caplog.at_level(logging.INFO, "eho.http"):
        response = browser.get("/v1/search?q=hidden-words")
    error = schemas.ErrorBody.model_validate(response.json()).error
    assert (response.status_code, error.code) == (500, "internal")
    assert "secret" not in response.text and "Content-Security-Policy" in response.headers
    assert error.request_id in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_folder_without_index_says_what_to_do(tmp_path: Path) -> None:
    from eho.home import Home

    with Service.open(Home(tmp_path), create=True) as service, serving(service) as browser:
        response = browser.get("/v1/search")
        assert (response.status_code, response.json()["error"]["code"]) == (503, "engine")
        assert "eho index build" in response.json()["error"]["message"]
        assert browser.get("/v1/health").json()["status"] == "no_index"


@pytest.mark.parametrize("path", ["/v1/search", "/v1/nothing", "/v1/search?limit=x", "/v1/openapi.json"])
def test_every_response_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert "server" not in headers


def test_no_query_reaches_the_log(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "eho"):
        client.get("/v1/search?q=tajnarec")
        client.get("/v1/search?q=tajnarec AND (")
    assert "/v1/search 200" in caplog.text and "/v1/search 422" in caplog.text
    assert "tajnarec" not in caplog.text


def test_a_foreign_name_is_refused(client: httpx.Client) -> None:
    response = client.get("/v1/search", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert schemas.ErrorBody.model_validate(response.json()).error.field == "Host"


def test_long_answers_are_compressed(client: httpx.Client) -> None:
    assert client.get("/v1/codebook", headers={"accept-encoding": "gzip"}).headers["content-encoding"] == "gzip"


def test_openapi_describes_every_answer_and_error(client: httpx.Client) -> None:
    document = client.get("/v1/openapi.json").json()
    operations = {(path, method): row for path, rows in document["paths"].items() for method, row in rows.items()}
    assert {path for path, _ in operations} == {
        "/v1/search",
        "/v1/trends",
        "/v1/compare",
        "/v1/topics",
        "/v1/documents/{document_id}",
        "/v1/documents/{document_id}/versions",
        "/v1/codebook",
        "/v1/sources",
        "/v1/sources/check",
        "/v1/sources/coverage",
        "/v1/models",
        "/v1/context",
        "/v1/explain",
        "/v1/mirror",
        "/v1/similar",
        "/v1/snapshot",
        "/v1/snapshot/{snapshot_id}",
        "/v1/terms",
        "/v1/health",
        "/v1/tag",
    }
    for operation in operations.values():
        assert operation["responses"]["200"]["content"]["application/json"]["schema"]
        for status in ("404", "405", "422", "500", "503"):
            assert operation["responses"][status]["content"]["application/json"]["schema"]["$ref"].endswith("ErrorBody")
    assert "HTTPValidationError" not in document["components"]["schemas"]


SQ = "Të kthyerit nga Siria janë bombë me sahat për sigurinë e vendit."


def test_tag_answers_in_the_form_of_the_question(client: httpx.Client) -> None:
    one = client.post("/v1/tag", json={"id": "1", "text": SQ, "mine": 7}).json()
    many = client.post("/v1/tag", json=[{"id": "1", "text": SQ}, {"id": "2"}, 3]).json()
    lines = f'{{"id": "1", "text": "{SQ}"}}\nnonsense\n'.encode()
    streamed = client.post("/v1/tag", content=lines, headers={"content-type": "application/x-ndjson"})
    assert one["text"] == SQ and one["mine"] == 7 and one["extra"] == {"mine": 7}
    assert one["tags"]["language"]["code"] == "sq"
    assert [row.get("outcome") for row in many] == [None, "bad_input", "bad_input"]
    assert many[0]["tags"] == one["tags"]
    answers = [json.loads(line) for line in streamed.content.splitlines()]
    assert answers[0]["tags"] == one["tags"] and answers[1]["outcome"] == "bad_input"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 422), (b"\xff", 422), (b"[" * 100_000, 422), (b'{"id": "1"}', 422), (b" " * 20_000_001, 413)],
    ids=["cut", "no utf-8", "nested", "no text", "too large"],
)
def test_tag_refuses_what_it_cannot_read(client: httpx.Client, body: bytes, status: int) -> None:
    response = client.post("/v1/tag", content=body, headers={"content-type": "application/json"})
    assert response.status_code == status
    schemas.ErrorBody.model_validate(response.json())


def test_tag_limits_the_rows(client: httpx.Client) -> None:
    response = client.post("/v1/tag", json=[{"text": "x"}] * 1001)
    assert response.status_code == 422 and "1001 rows" in response.json()["error"]["message"]


def test_the_first_page_is_served(client: httpx.Client) -> None:
    response = client.get("/", headers={"accept-encoding": "gzip"})
    assert response.status_code == 200 and response.headers["content-type"].startswith("text/html")

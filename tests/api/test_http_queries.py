"""Queries over HTTP: whatever is sent gets an answer or the one error body, never a 5xx."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.http_schemas import ErrorBody, ExplainAnswer, SearchAnswer, TermListAnswer
from api.service import Service
from eho.home import Home
from tests.api.test_http import serving
from tests.index.embedded.test_hostile_queries import QUERIES


@pytest.fixture(scope="module")
def client(small_home) -> Iterator[httpx.Client]:
    with Service.open(Home(small_home)) as service, serving(service) as made:
        yield made


@pytest.mark.parametrize(
    ("parameters", "status", "says"),
    [
        pytest.param({"q": "a" * 10_000}, 422, "10,000 characters", id="ten-kilobytes"),
        pytest.param({"q": 'a "b'}, 422, "not closed", id="open-quote"),
        pytest.param({"q": "(" * 200 + "a" + ")" * 200}, 422, "nested too deep", id="deep"),
        pytest.param({"q": "(a+)+$ *"}, 422, "no letters or digits", id="regex-bomb"),
        pytest.param({"q": "a\x00b"}, 200, "", id="nul"),
        pytest.param({"q": "\u202eשלום"}, 200, "", id="right-to-left"),
        pytest.param({"q": "date:2026-02-31"}, 422, "no day", id="no-such-day"),
        pytest.param({"q": "date:[2026-02 TO 2026-01]"}, 422, "ends before", id="days-swapped"),
        pytest.param({"q": "naslov:a"}, 422, "no field", id="unknown-field"),
        pytest.param({"q": "narrative:nema"}, 422, "no narrative", id="unknown-narrative"),
        pytest.param({"q": "~~xyzxyz"}, 422, "no pair", id="no-pair"),
        pytest.param({"from": "2026-02-31"}, 422, "2026-02-31", id="no-such-day-beside"),
        pytest.param({"from": "2026-02-02", "to": "2026-02-01"}, 422, "swap both days", id="days-swapped-beside"),
        pytest.param({"narrative": "nema"}, 422, "no narrative", id="unknown-narrative-beside"),
        pytest.param({"stems": "maybe"}, 422, "stems", id="no-switch"),
    ],
)
def test_bad_input_gets_the_one_error_body(client: httpx.Client, parameters: dict[str, str], status: int, says: str) -> None:
    answer = client.get("/v1/search", params=parameters)
    assert answer.status_code == status, answer.text
    if status == 200:
        SearchAnswer.model_validate(answer.json())
        return
    error = ErrorBody.model_validate(answer.json()).error
    assert says in error.message
    assert "\n" not in error.message
    if error.code == "query_syntax" and parameters.get("q"):
        assert error.position is not None and error.hint


@given(QUERIES, st.sampled_from(["/v1/search", "/v1/trends", "/v1/explain", "/"]), st.sampled_from(["true", "false"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_answered_or_refused(client: httpx.Client, text: str, path: str, stems: str) -> None:
    encoded = quote_from_bytes(text.encode("utf-8", "surrogatepass"))  # lone surrogates too, as a broken client sends them
    answer = client.get(f"{path}?q={encoded}&stems={stems}")
    assert answer.status_code in (200, 400, 422), answer.text
    assert "Traceback" not in answer.text


def test_explain_and_terms_answer_as_the_command_line(client: httpx.Client) -> None:
    explained = ExplainAnswer.model_validate(client.get("/v1/explain", params={"q": "~~povratnici"}).json())
    listed = TermListAnswer.model_validate(client.get("/v1/terms", params={"term": "повратника"}).json())
    assert listed.term_list in explained.explained["sr-Cyrl"]
    assert listed.pairs[0].sq == ["të kthyerit", "i kthyer"]
    assert len(TermListAnswer.model_validate(client.get("/v1/terms").json()).pairs) >= 300


def test_stems_are_a_switch(client: httpx.Client) -> None:
    def total(**parameters: str) -> int:
        return int(client.get("/v1/search", params={"q": "повратника", **parameters}).json()["total"])

    assert (total(), total(stems="true"), total(stems="false")) == (1, 1, 0)

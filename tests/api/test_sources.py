"""`eho sources` and its routes: choose, check, add from a home page; a source that is not enabled is not crawled in silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from api import http_schemas as schemas
from api import sources as registry
from api.http_routes import router
from api.service import Service
from eho.errors import InputError
from eho.home import Home
from eho.settings import load_settings
from eho.source import Source, load_source
from evaluation.miniweb import MiniWeb


@pytest.fixture(scope="module")
def web() -> Iterator[MiniWeb]:
    with MiniWeb(hostile=False, delay_scale=0.05) as running:
        yield running


@pytest.fixture
def home(eho, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    assert eho("init", home=folder).status == 0
    return folder


@pytest.fixture
def loopback(web: MiniWeb, monkeypatch: pytest.MonkeyPatch) -> MiniWeb:
    for name, value in (("PROXY", web.proxy_url), ("DELAY_S", "0"), ("AUTOTHROTTLE", "false")):
        monkeypatch.setenv(f"EHO_CRAWL__{name}", value)
    return web


# -- list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "inside", "outside"),
    [
        pytest.param(["--country", "xk"], "koha.net", "rts.rs", id="country"),
        pytest.param(["--country", "XK", "--lang", "sr-Latn"], "kossev.info", "koha.net", id="country-and-script"),
        pytest.param(["--lang", "sq"], "bujanoci.net", "kossev.info", id="sq"),
        pytest.param(["--lang", "sr-Cyrl"], "politika.rs", "danas.rs", id="sr-Cyrl"),
        pytest.param(["--lang", "sr"], "politika.rs", "koha.net", id="sr-is-both-scripts"),
        pytest.param(["--medium", "agency", "--medium", "fact_checker"], "tanjug.rs", "blic.rs", id="media"),
        pytest.param(["--kind", "article"], "blic.rs", "", id="kind"),
    ],
)
def test_list_chooses(eho, home: Path, options: list[str], inside: str, outside: str) -> None:
    ids = {row["id"] for row in eho("sources", "list", "--json", *options, home=home).lines}
    assert inside in ids and outside not in ids


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--country", "Kosovo"], ["country 'KOSOVO'", "XK"]),
        (["--lang", "serbian"], ["lang 'serbian'", "sr-Latn"]),
        (["--kind", "post"], ["kind 'post'", "article"]),
        (["--medium", "tv"], ["medium 'tv'", "broadcaster"]),
    ],
    ids=["country", "lang", "kind", "medium"],
)
def test_a_value_that_no_source_has_is_one_line(eho, home: Path, options: list[str], parts: list[str]) -> None:
    ran = eho("sources", "list", *options, home=home)
    assert ran.status == 2 and len(ran.err.splitlines()) == 1 and all(part in ran.err for part in parts)


# -- check --------------------------------------------------------------------------------------------------------


def test_check_of_the_registry_as_it_ships(eho, home: Path) -> None:
    ran = eho("sources", "check", "--json", home=home)
    assert ran.status == 0 and ran.json["sources"] >= 80 and ran.json["live"] is False
    assert not [found for found in ran.json["findings"] if found["level"] == "error"]
    schemas.SourcesChecked.model_validate(ran.json)


def test_check_of_a_file_that_somebody_sends(eho, home: Path, tmp_path: Path) -> None:
    sent = tmp_path / "koha-2.yaml"
    sent.write_text("id: koha-2\nname: Koha\nhome: https://koha.net/\nlanguages: [sq]\nowner: N. N.\n", encoding="utf-8")
    ran = eho("sources", "check", sent, home=home)
    assert ran.status == 2 and "owner must be null without it" in ran.out and "errors: 1" in ran.err
    sent.write_text("id: koha-2\nname: Koha\nhome: https://koha.net/\nlanguages: [sq]\nenabled: false\n", encoding="utf-8")
    ran = eho("sources", "check", sent, "--json", home=home)
    assert ran.status == 2
    errors = [found for found in ran.json["findings"] if found["level"] == "error"]
    assert [(found["source"], found["field"]) for found in errors] == [("koha-2", "home")] and "koha.net" in errors[0]["message"]
    assert eho("sources", "check", tmp_path / "nothing.yaml", home=home).status == 2


def test_check_names_every_broken_file_of_the_data_folder(eho, home: Path) -> None:
    for name, text in (("a", "id: a\n"), ("b", "id: [\n")):
        (Home(home).sources / f"{name}.yaml").write_text(text, encoding="utf-8")
    ran = eho("sources", "check", "--json", home=home)
    assert ran.status == 2 and len([found for found in ran.json["findings"] if found["level"] == "error"]) == 2


def test_live_is_refused_until_live_crawling_is_allowed(eho, home: Path) -> None:
    ran = eho("sources", "check", "--live", home=home)
    assert ran.status == 2 and len(ran.err.splitlines()) == 1 and "live crawling is off" in ran.err


def test_schema_describes_every_field(eho, home: Path) -> None:
    schema = eho("sources", "check", "--schema", home=home).json
    assert schema["properties"].keys() == Source.model_fields.keys() and schema["additionalProperties"] is False


# -- add ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["vala-e-re", "puls-portal", "glasnik-dana"], ids=["sq", "sr-Latn", "sr-Cyrl"])
def test_add_finds_what_the_outlets_own_file_says(eho, home: Path, loopback: MiniWeb, id: str) -> None:
    known = next(source for source in loopback.sources if source.id == id)
    ran = eho("sources", "add", known.home or "", "--json", home=home)
    assert ran.status == 0, ran.err
    source = load_source(Path(ran.json["file"]))
    assert (source.name, source.languages, source.feeds, source.sitemaps) == (
        known.name,
        known.languages,
        known.feeds,
        known.sitemaps,
    )
    assert source.names == {known.languages[0]: known.name}
    assert source.id == f"{id}.test" and not source.enabled and source.invented
    assert source.owner is source.ownership is source.country is source.audience is None
    assert source.status.value == "working" and source.first_seen_on == source.status.checked_on is not None


def test_an_added_and_enabled_outlet_is_crawled(eho, home: Path, loopback: MiniWeb) -> None:
    assert eho("sources", "add", "http://rrufeja.test", "--enable", home=home).status == 0
    ran = eho("crawl", "--source", "rrufeja.test", "--max-pages", "2", "--json", home=home)
    assert ran.status == 0, ran.err
    again = eho("sources", "add", "http://www.rrufeja.test/", home=home)
    assert again.status == 2 and "'rrufeja.test' already" in again.err


def test_dry_run_writes_nothing_and_says_what_is_for_a_person(eho, home: Path, loopback: MiniWeb) -> None:
    ran = eho("sources", "add", "http://sever-danas.test/", "--dry-run", home=home)
    assert ran.status == 0 and "Nothing was written" in ran.out and "medium, country, ownership" in ran.out
    assert not list(Home(home).sources.glob("*.yaml"))


def test_a_bundled_outlet_is_copied_without_asking_anybody(eho, home: Path) -> None:
    ran = eho("sources", "add", "koha.net", home=home)
    assert ran.status == 0 and "not enabled yet" in ran.out
    written = yaml.safe_load((Home(home).sources / "koha.net.yaml").read_text(encoding="utf-8"))
    assert written["names"]["sr-Cyrl"] == "Коха диторе" and written["enabled"] is False


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://vala.example/", "live crawling is off"),
        ("http://169.254.169.254/", "outside this machine"),
        ("http://[::1", "is no address"),
        ("file:///etc/passwd", "is no address"),
        ("https://user:secret@vala.example/", "user name or password"),
        ("", "is no address"),
    ],
    ids=["outside", "link-local", "broken", "file", "password", "empty"],
)
def test_add_refuses_in_one_line(eho, home: Path, url: str, says: str) -> None:
    ran = eho("sources", "add", url, home=home)
    assert ran.status == 2 and says in ran.err and len(ran.err.splitlines()) == 1 and "secret" not in ran.err
    assert not list(Home(home).sources.glob("*.yaml"))


def test_add_needs_a_data_folder(eho, tmp_path: Path) -> None:
    ran = eho("sources", "add", "koha.net", home=tmp_path / "nothing")
    assert ran.status == 2 and "eho init" in ran.err


# -- crawl --------------------------------------------------------------------------------------------------------


def test_crawl_of_a_source_that_is_not_enabled_says_so(eho, home: Path) -> None:
    ran = eho("crawl", "--source", "koha.net", home=home)
    assert ran.status == 2 and len(ran.err.splitlines()) == 1
    assert "'koha.net' is not enabled" in ran.err and "crawl.allow_live" in ran.err


def test_an_enabled_outlet_outside_is_still_refused(eho, home: Path) -> None:
    assert eho("sources", "add", "koha.net", "--enable", home=home).status == 0
    ran = eho("crawl", home=home)
    assert ran.status == 2 and "live crawling is off" in ran.err


def test_an_unknown_source_gets_a_suggestion(eho, home: Path) -> None:
    ran = eho("crawl", "--source", "koha.nt", home=home)
    assert ran.status == 2 and "koha.net" in ran.err and len(ran.err) < 250


def test_nothing_enabled_is_one_line(eho, home: Path) -> None:
    ran = eho("crawl", home=home)
    assert ran.status == 2 and "No enabled source" in ran.err


# -- over HTTP ----------------------------------------------------------------------------------------------------


@pytest.fixture
def client(home: Path) -> Iterator[Any]:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    with Service.open(Home(home)) as service:
        app = FastAPI()
        app.include_router(router(service))
        with TestClient(app) as browser:
            yield browser


def test_http_gives_the_command_lines_answers(eho, home: Path, client: Any) -> None:
    listed = client.get("/v1/sources", params={"country": "XK", "lang": "sr-Cyrl"}).json()
    assert listed == eho("sources", "list", "--country", "XK", "--lang", "sr-Cyrl", "--json", home=home).lines
    checked = client.get("/v1/sources/check").json()
    assert checked == eho("sources", "check", "--json", home=home).json


# -- by itself ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("sq-AL", "sq"), ("SQ", "sq"), ("sr", "sr"), ("sr-RS", "sr"), ("sr-Latn-RS", "sr-Latn"), ("sr_RS@latin", "sr-Latn"),
        ("sr-Cyrl", "sr-Cyrl"), ("sr@cyrillic", "sr-Cyrl"), ("de-CH", None), ("", None),
    ],
)  # fmt: skip
def test_declared_languages(declared: str, code: str | None) -> None:
    assert registry._known(declared) == code


def test_a_check_of_no_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no file"):
        registry.check(Home(tmp_path), [tmp_path], live=load_settings(None, {}))

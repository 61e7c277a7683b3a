"""The check of the registry's files: what is an error, what a warning, and that one broken file hides no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from crawlers.registry_checks import check_files, check_live
from eho.errors import CrawlError, SourceError
from eho.settings import CrawlSettings
from eho.source import Source, load_source
from evaluation.miniweb import MiniWeb

TODAY = date(2026, 11, 21)
GOOD: dict[str, Any] = {
    "id": "vala.example",
    "name": "Vala",
    "names": {"sq": "Vala"},
    "home": "https://vala.example/",
    "languages": ["sq"],
    "feeds": ["https://www.vala.example/feed/"],
    "status": {"value": "listed", "checked_on": "2026-11-01", "evidence": "a list"},
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(name: str | None = None, **fields: Any) -> Path:
        row = GOOD | fields
        path = tmp_path / (name or f"{row['id']}.yaml")
        path.write_text(yaml.safe_dump(row, allow_unicode=True), encoding="utf-8")
        return path

    return make


def test_a_good_file_has_no_findings(write: Write) -> None:
    sources, findings = check_files([write()], today=TODAY)
    assert [source.id for source in sources] == ["vala.example"] and findings == []


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        pytest.param({"feeds": [], "enabled": True}, "enabled", "neither feed nor sitemap", id="nothing-to-crawl"),
        pytest.param(
            {"feeds": [], "enabled": False, "expect": {"min": 4}}, "expect.min", "no address", id="expects-the-impossible"
        ),
        pytest.param({"feeds": ["https://vala.example/rss"] * 2}, "feeds", "stands there twice", id="address-twice"),
        pytest.param({"feeds": ["https://other.example/rss"]}, "feeds", "of another site", id="other-site"),
        pytest.param({"languages": ["sr"]}, "languages", "sr-Latn or sr-Cyrl", id="script-left-open"),
        pytest.param({"languages": ["sq", "sr-Cyrl"]}, "names", "none for sr-Cyrl", id="name-missing-sr-Cyrl"),
        pytest.param({"languages": ["sr-Latn"]}, "names", "none for sr-Latn", id="name-missing-sr-Latn"),
        pytest.param({"languages": ["sq"], "names": {}}, "names", "none for sq", id="name-missing-sq"),
        pytest.param({"languages": []}, "languages", "is empty", id="no-language"),
        pytest.param({"status": {"value": "working"}}, "status", "without day or evidence", id="status-without-evidence"),
        pytest.param(
            {"status": {"value": "listed", "checked_on": "2024-01-01", "evidence": "a list"}},
            "status.checked_on",
            "more than a year ago",
            id="stale-status",
        ),
    ],
)
def test_what_can_do_nothing_is_a_warning(write: Write, fields: dict[str, Any], field: str, says: str) -> None:
    _, findings = check_files([write(**fields)], today=TODAY)
    assert [(found.level, found.source, found.field) for found in findings] == [("warning", "vala.example", field)]
    assert says in findings[0].message and "\n" not in findings[0].message


def test_an_old_domain_of_its_own_is_no_other_site(write: Write) -> None:
    path = write(other_domains=["vala-old.example"], feeds=["https://vala-old.example/rss"])
    assert check_files([path], today=TODAY)[1] == []


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        pytest.param({"owner": "N. N."}, ["ownership_source", "owner must be null without it"], id="owner-without-source"),
        pytest.param({"ownership": "private"}, ["ownership_source", "ownership must be null"], id="type-without-source"),
        pytest.param({"ownership": "privat", "ownership_source": "x"}, ["ownership", "'privat'"], id="unknown-ownership"),
        pytest.param({"unverified": ["https://vala.example/x"]}, ["unverified", "none of its feeds"], id="unverified-stranger"),
        pytest.param({"expect": {"min": 5, "max": 2}}, ["expect.max", "below min"], id="max-below-min"),
        pytest.param({"languages": ["Serbian"]}, ["languages.0", "'Serbian'"], id="no-language-code"),
        pytest.param({"country": "Kosovo"}, ["country", "'Kosovo'"], id="no-country-code"),
        pytest.param({"home": "vala.example"}, ["home", "no http(s) address"], id="home-without-scheme"),
        pytest.param({"feed": "x"}, ["feed is no field", "feeds is"], id="misspelt-field"),
        pytest.param({"status": {"checked_on": "soon"}}, ["status.checked_on", "'soon'"], id="no-day"),
    ],
)
def test_what_breaks_the_schema_is_one_line(write: Write, fields: dict[str, Any], parts: list[str]) -> None:
    path = write(**fields)
    with pytest.raises(SourceError) as caught:
        load_source(path)
    message = str(caught.value)
    assert path.name in message and "\n" not in message and all(part in message for part in parts)


def test_a_broken_file_does_not_hide_the_next_one(write: Write) -> None:
    paths = [write("a.yaml", id="a.example", feed="x"), write("b.yaml", id="b.example", owner="N. N."), write()]
    sources, findings = check_files(paths, today=TODAY)
    assert [source.id for source in sources] == ["vala.example"]
    assert [found.file for found in findings if found.level == "error"] == ["a.yaml", "b.yaml"]


def test_ids_and_domains_given_twice(write: Write) -> None:
    paths = [
        write(),
        write("copy.yaml"),
        write(id="vala", name="Vala 2"),
        write(id="old", home="https://x.example/", other_domains=["www.vala.example"]),
    ]
    errors = [(found.source, found.field) for found in check_files(paths, today=TODAY)[1] if found.level == "error"]
    assert errors == [("vala.example", "id"), ("vala", "home"), ("old", "home")]


def test_a_file_may_replace_a_known_source_but_not_take_its_domain(write: Write) -> None:
    known = [Source.model_validate(GOOD)]
    assert check_files([write()], known, today=TODAY)[1] == []
    taken = check_files([write(id="vala-2")], known, today=TODAY)[1]
    assert [(found.level, found.source) for found in taken] == [("error", "vala-2")]


def test_an_owner_disclosed_once_is_disclosed_everywhere(write: Write) -> None:
    owned = {"owner": "BIRN Kosovo", "ownership_source": "its imprint"}
    first = write(**owned, belongs_to_user="BIRN")
    second = write(
        id="b.example", home="https://b.example/", feeds=["https://b.example/rss"], **owned | {"owner": "BIRN Albania"}
    )
    errors = [found for found in check_files([first, second], today=TODAY)[1] if found.level == "error"]
    assert [(found.source, found.field) for found in errors] == [("b.example", "belongs_to_user")]


def test_live_asks_every_feed_and_says_what_is_wrong(web: MiniWeb) -> None:
    chosen = [source for source in web.sources if source.id in ("vala-e-re", "glasnik-dana", "puls-portal")]
    dead = chosen[0].model_copy(update={"sitemaps": [f"{chosen[0].home}nothing.xml"]})
    findings = check_live([dead, *chosen[1:]], CrawlSettings(proxy=web.proxy_url, delay_s=0, autothrottle=False))
    assert [(found.source, found.field) for found in findings] == [("vala-e-re", "sitemaps")]
    assert "nothing.xml" in findings[0].message and "404" in findings[0].message


def test_live_refuses_outlets_outside_before_any_request(web: MiniWeb) -> None:
    asked = len(web.log)
    with pytest.raises(CrawlError, match=r"vala\.example.*live crawling is off"):
        check_live([Source.model_validate(GOOD)], CrawlSettings(proxy=web.proxy_url))
    assert len(web.log) == asked

"""The files that ship: each valid, each outlet once, owners only with a source, disclosed where a likely user owns it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from crawlers.registry import bundled_folder, bundled_sources, load_registry
from crawlers.registry_checks import check_files, domains
from eho.source import Source, load_source

GUIDE = Path(__file__).parents[2] / "docs" / "sources.md"
FILES = sorted(bundled_folder().glob("*.yaml"))
SOURCES = bundled_sources()
# Outlets of shared lists that every count of the region's media needs; one that goes missing is an error, not a tidy-up.
NEEDED = (
    "telegrafi.com", "koha.net", "gazetaexpress.com", "kallxo.com", "evropaelire.org", "rtklive.com", "klankosova.tv",
    "kossev.info", "radiokim.net", "kosovo-online.com", "gorazdevac.com", "rts.rs", "rtv.rs", "n1info.rs", "danas.rs",
    "blic.rs", "kurir.rs", "informer.rs", "novosti.rs", "politika.rs", "tanjug.rs", "beta.rs", "krik.rs", "vreme.com",
    "sputnikportal.rs", "bujanoci.net", "balkanweb.com", "reporter.al", "rtsh.al", "top-channel.tv", "portalb.mk",
    "tetovasot.com", "vijesti.me", "cdm.me",
)  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_is_valid_and_named_after_its_id(path: Path) -> None:
    source = load_source(path)
    assert path.stem == source.id
    assert source.home and urlsplit(source.home).hostname in (source.id, f"www.{source.id}")
    assert source.languages and source.medium and source.audience


def test_there_are_enough_and_no_outlet_of_the_lists_is_missing() -> None:
    assert len(SOURCES) >= 80 and set(NEEDED) <= SOURCES.keys()
    countries = [source.country for source in SOURCES.values()]
    assert all(countries.count(country) >= 10 for country in ("XK", "RS", "AL", "MK", "ME"))


def test_the_check_finds_no_error() -> None:
    sources, findings = check_files(FILES, today=date(2026, 11, 22))
    assert len(sources) == len(FILES) and findings == []


def test_every_domain_belongs_to_one_outlet() -> None:
    held = [domain for source in SOURCES.values() for domain in domains(source)]
    assert sorted(held) == sorted(set(held))


def test_none_is_crawled_unless_somebody_enables_it() -> None:
    assert not any(source.enabled or source.invented for source in SOURCES.values())


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_owners_are_claimed_with_a_named_source_only(source: Source) -> None:
    claimed = source.owner is not None or source.ownership is not None
    assert claimed == (source.ownership_source is not None)
    if claimed:  # a law, register, report or statement: something a reader can look up
        assert re.search(
            r"Law|Gesetz|Regulation|Charter|Act|Monitor|[Aa]nnouncement|Statement|Association|\w+\.(com|org)",
            source.ownership_source or "",
        )


@pytest.mark.parametrize(
    "id", ["kallxo.com", "reporter.al", "prishtinainsight.com", "balkaninsight.com", "birn.rs", "detektor.ba", "prizma.mk"]
)
def test_outlets_of_a_likely_user_are_disclosed(id: str) -> None:
    assert SOURCES[id].belongs_to_user == "BIRN"


def test_whoever_names_birn_as_owner_discloses_it() -> None:
    for source in SOURCES.values():
        if re.search(r"BIRN|Balkan Investigative Reporting Network", source.owner or ""):
            assert source.belongs_to_user == "BIRN", source.id


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_names_stand_in_every_language_it_publishes_in(source: Source) -> None:
    wanted = {"sq"} & set(source.languages) | (
        {"sr-Latn", "sr-Cyrl"} if {"sr-Latn", "sr-Cyrl"} & set(source.languages) else set()
    )
    assert wanted <= source.names.keys()
    if "sr-Cyrl" in source.names and source.id not in ("021.rs", "serbiantimes.info"):  # a number; an English name
        assert re.search(r"[А-Яа-яЂ-џ]", source.names["sr-Cyrl"])
    if "sr-Latn" in source.names:
        assert not re.search(r"[Ѐ-ӿ]", source.names["sr-Latn"])


@pytest.mark.parametrize(
    ("id", "sq", "latin", "cyrillic"),
    [
        ("rtklive.com", "Radio Televizioni i Kosovës", "Radio-televizija Kosova", "Радио-телевизија Косова"),
        ("rts.rs", "Radio Televizioni i Serbisë", "Radio-televizija Srbije", "Радио-телевизија Србије"),
        ("rtcg.me", "Radio Televizioni i Malit të Zi", "Radio-televizija Crne Gore", "Радио-телевизија Црне Горе"),
        ("evropaelire.org", "Radio Evropa e Lirë", "Radio Slobodna Evropa", "Радио Слободна Европа"),
        ("koha.net", "Koha Ditore", "Koha ditore", "Коха диторе"),
        ("novosti.rs", "Veçernje Novosti", "Večernje novosti", "Вечерње новости"),
    ],
)
def test_outlets_known_in_both_languages_have_both_names(id: str, sq: str, latin: str, cyrillic: str) -> None:
    names = SOURCES[id].names
    assert (names["sq"], names["sr-Latn"], names["sr-Cyrl"]) == (sq, latin, cyrillic)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_status_says_when_and_how_it_is_known(source: Source) -> None:
    assert source.status.checked_on is not None
    assert source.status.evidence is not None and "not checked live" in source.status.evidence
    if source.status.value == "working":
        assert "published lists" in source.status.evidence
    if "general knowledge" in source.status.evidence:  # nobody has seen its addresses: a CMS's usual one at most
        assert set(source.feeds) <= set(source.unverified) and not source.sitemaps


def test_a_folder_of_invented_outlets_has_no_real_ones(tmp_path: Path) -> None:
    assert len(load_registry(tmp_path)) == len(SOURCES)
    (tmp_path / "vala.yaml").write_text("id: vala\nname: Vala\ninvented: true\n", encoding="utf-8")
    assert list(load_registry(tmp_path)) == ["vala"]


def test_a_file_of_the_data_folder_takes_the_place_of_a_bundled_one(tmp_path: Path) -> None:
    (tmp_path / "koha.net.yaml").write_text("id: koha.net\nname: Koha\nenabled: true\n", encoding="utf-8")
    registry = load_registry(tmp_path)
    assert registry["koha.net"].name == "Koha" and registry["koha.net"].enabled and len(registry) == len(SOURCES)


def test_the_guide_says_what_the_files_say() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    statuses = Counter(source.status.value for source in SOURCES.values())
    for value, count in statuses.items():
        assert f"| `{value}` | {count} |" in guide
    addressed = sum(bool(source.feeds or source.sitemaps) for source in SOURCES.values())
    owned = sum(source.ownership is not None for source in SOURCES.values())
    assert f"{addressed} of {len(SOURCES)} have a feed" in guide and f"{owned} of {len(SOURCES)} have one" in guide
    assert sum(bool(source.unverified) for source in SOURCES.values()) == 10 and "Those of ten outlets" in guide
    assert {source.audience for source in SOURCES.values()} <= set(re.findall(r"`(\w+)`", guide))
    for source in SOURCES.values():
        assert source.belongs_to_user is None or f"`{source.id}`" in guide


def test_the_guides_file_is_valid_and_has_every_field() -> None:
    block = re.search(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    row = yaml.safe_load(block[1])
    source = Source.from_mapping(row, "the guide")
    assert set(row) == Source.model_fields.keys() - {"kind", "invented"}
    assert source.names["sr-Cyrl"] == SOURCES[source.id].names["sr-Cyrl"]

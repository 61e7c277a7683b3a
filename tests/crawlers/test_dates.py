"""Dates: written for machines and for people, in every spelling of the region; unbelievable ones are left out."""

from datetime import UTC, date, datetime

import pytest

from crawlers.dates import Stamp, all_dates, choose, find_date, parse_stamp, url_stamp

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
AFTERNOON = datetime(2026, 11, 12, 13, 30, tzinfo=UTC)  # 14.30 in Prishtina and Belgrade
MIDNIGHT = datetime(2026, 11, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at", "precision"),
    [
        pytest.param("12 nëntor 2026, 14:30", AFTERNOON, "minute", id="sq"),
        pytest.param("E enjte, 12 Nëntor 2026 - ora 14:30", AFTERNOON, "minute", id="sq-weekday-ora"),
        pytest.param("Publikuar më 12 nëntorit 2026 në orën 14:30", AFTERNOON, "minute", id="sq-definite"),
        pytest.param("12 nentor 2026 14:30", AFTERNOON, "minute", id="sq-ascii"),
        pytest.param("14:30, 12 nëntor 2026", AFTERNOON, "minute", id="sq-clock-first"),
        pytest.param("12. novembar 2026. 14:30", AFTERNOON, "minute", id="latn"),
        pytest.param("Objavljeno: 12. novembra 2026. u 14:30h", AFTERNOON, "minute", id="latn-genitive"),
        pytest.param("12. nov 2026. | 14:30", AFTERNOON, "minute", id="latn-abbreviated"),
        pytest.param("четвртак, 12. новембар 2026. у 14:30", AFTERNOON, "minute", id="cyrl"),
        pytest.param("12. новембра 2026. 14.30", AFTERNOON, "minute", id="cyrl-dot-in-clock"),
        pytest.param("četvrtak, 12. novembar 2026. u 14:30 časova", AFTERNOON, "minute", id="latn-weekday"),
        pytest.param("nedjelja, 15.11.2026. 08:05", datetime(2026, 11, 15, 7, 5, tzinfo=UTC), "minute", id="ijekavian-weekday"),
        pytest.param("12. studenoga 2026. 14:30", AFTERNOON, "minute", id="hr"),
        pytest.param("12.11.2026. 14:30:15", AFTERNOON.replace(second=15), "second", id="numbers-seconds"),
        pytest.param("12/11/2026 14:30", AFTERNOON, "minute", id="numbers-slashes"),
        pytest.param("12. 11. 2026.", MIDNIGHT, "day", id="numbers-blanks"),
        pytest.param("2026-11-12 14:30", AFTERNOON, "minute", id="year-first"),
        pytest.param("1. maja 2026.", datetime(2026, 4, 30, 22, tzinfo=UTC), "day", id="summer-time-day"),
        pytest.param("3 gusht 2026, 09:00", datetime(2026, 8, 3, 7, tzinfo=UTC), "minute", id="summer-time-minute"),
    ],
)
def test_dates_for_people(text: str, at: datetime, precision: str) -> None:
    assert find_date(text) == Stamp(at, precision, "text")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("31. novembar 2026.", id="no-such-day"),
        pytest.param("12.13.2026.", id="no-such-month"),
        pytest.param("novembar 2026", id="month-only"),
        pytest.param("telefon 038 12 11 20", id="telephone"),
        pytest.param("rezultat 3:2", id="score"),
        pytest.param("12 nëntorë", id="no-year"),
        pytest.param("", id="empty"),
    ],
)
def test_no_date(text: str) -> None:
    assert find_date(text) is None


@pytest.mark.parametrize(
    ("text", "at", "precision"),
    [
        pytest.param("2026-11-12T14:30:00+01:00", AFTERNOON, "second", id="iso"),
        pytest.param("2026-11-12T13:30:00Z", AFTERNOON, "second", id="iso-z"),
        pytest.param("2026-11-12T14:30+0100", AFTERNOON, "minute", id="iso-offset-without-colon"),
        pytest.param("2026-11-12T14:30:00", AFTERNOON, "second", id="iso-without-zone-is-local"),
        pytest.param("2026-11-12", MIDNIGHT, "day", id="day"),
        pytest.param("Thu, 12 Nov 2026 14:30:00 +0100", AFTERNOON, "second", id="rfc"),
        pytest.param("Thu, 12 Nov 2026 13:30:00 GMT", AFTERNOON, "second", id="rfc-gmt"),
        pytest.param("12 nëntor 2026, 14:30", AFTERNOON, "minute", id="for-people"),
    ],
)
def test_stamps_for_machines(text: str, at: datetime, precision: str) -> None:
    assert parse_stamp(text, "meta") == Stamp(at, precision, "meta")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [None, "", "soon", "0000-00-00", "9999-99-99T00:00:00Z"])
def test_unreadable_stamp(text: str | None) -> None:
    assert parse_stamp(text, "meta") is None


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("http://zeri.test/2026/11/12/nje-lajm/", MIDNIGHT),
        ("http://zeri.test/2026/11/nje-lajm/", None),
        ("http://zeri.test/2026/13/12/x", None),
        ("http://zeri.test/lajm/20261112", None),
    ],
)
def test_day_in_the_address(url: str, day: datetime | None) -> None:
    assert url_stamp(url) == (None if day is None else Stamp(day, "day", "url"))


@pytest.mark.parametrize(
    "line", ["Ažurirano: 12.11.2026.", "Ажурирано 12.11.2026.", "Përditësuar më 12 nëntor 2026", "Izmijenjeno 12.11.2026."]
)
def test_line_of_an_update(line: str) -> None:
    [(stamp, is_update)] = all_dates([line])
    assert (stamp.on, is_update) == (date(2026, 11, 12), True)
    [(_, is_update)] = all_dates(["Objavljeno 12.11.2026."])
    assert not is_update


@pytest.mark.parametrize(
    "line",
    [
        "Objavljeno: 19.11.2026. 18:10h   Ažurirano: 19.11.2026. 20:02h",
        "Објављено 19. новембра 2026. 18:10, ажурирано 19. новембра 2026. 20:02",
        "Publikuar më 19 nëntor 2026, 18:10 | Përditësuar më 19 nëntor 2026, 20:02",
        "19.11.2026. 18:10 -> 20:02",
        "четвртак, 19. нов 2026, 18:10 >> 20:02",
    ],
)
def test_line_of_a_publication_and_an_update(line: str) -> None:
    found = [(stamp.at.hour, stamp.at.minute, is_update) for stamp, is_update in all_dates([line])]
    assert found == [(17, 10, False), (19, 2, True)]


def stamp(text: str, origin: str) -> Stamp:
    found = parse_stamp(text, origin)
    assert found is not None
    return found


def test_order_of_origins() -> None:
    chosen, rejected = choose(
        [stamp("2026-11-10", "feed"), stamp("2026-11-11T08:00", "time"), stamp("2026-11-12T14:30", "json-ld")], NOW
    )
    assert (chosen and chosen.origin, rejected) == ("json-ld", None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("2026-11-23T12:00:01Z", "after the page was fetched", id="future"),
        pytest.param("1994-12-31", "before 1995", id="past"),
        pytest.param("1970-01-01T00:00:00Z", "before 1995", id="epoch"),
    ],
)
def test_unbelievable_stamp_gives_way_to_the_next_origin(text: str, reason: str) -> None:
    chosen, rejected = choose([stamp(text, "json-ld"), stamp("2026-11-12", "feed")], NOW)
    assert chosen is not None and chosen.origin == "feed"
    assert rejected is not None and reason in rejected.to_mapping()["reason"] and rejected.to_mapping()["from"] == "json-ld"


def test_a_clock_running_ahead_by_hours_is_believed() -> None:
    chosen, rejected = choose([stamp("2026-11-22T11:00:00Z", "meta")], NOW)
    assert chosen is not None and rejected is None


def test_the_hour_of_the_same_day_is_taken_from_the_next_origin() -> None:
    same, other = stamp("12.11.2026. 14:30", "text"), stamp("13.11.2026. 14:30", "text")
    assert choose([stamp("2026-11-12", "url"), same], NOW)[0] == same
    assert choose([stamp("2026-11-12", "url"), other], NOW)[0] == stamp("2026-11-12", "url")

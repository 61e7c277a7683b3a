"""When a page was published: stamps of machines and dates written for people, with precision and origin.

htmldate, which trafilatura brings, gives the day alone, without time or origin, and guesses one for pages without a
date; a wrong day moves a document on every chart. So stamps are read here, in a fixed order of origins, and a page on
which none stands stays undated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from eho.document import Precision, to_utc_text
from eho.folding import fold_text

BELGRADE = ZoneInfo("Europe/Belgrade")  # the same clock as Prishtina, Tirana, Podgorica and Skopje
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # no outlet of the region was online before
_ORIGINS = ("selector", "json-ld", "meta", "time", "url", "text", "feed")
_FINENESS: dict[Precision, int] = {"second": 2, "minute": 1, "day": 0}

# Folded month names (one Latin spelling for both scripts, no diacritics): Serbian and Montenegrin, Albanian, Croatian.
# Nominative and genitive or definite forms; abbreviations of three letters where no other month shares them.
_MONTHS: dict[str, int] = {
    name: month
    for month, names in {
        1: "januar januara jan janar janari janarit sijecanj sijecnja",
        2: "februar februara feb shkurt shkurti shkurtit veljaca veljace",
        3: "mart marta mar mars marsi marsit ozujak ozujka",
        4: "april aprila apr prill prilli prillit pri travanj travnja",
        5: "maj maja maji majit svibanj svibnja",
        6: "jun juna juni qershor qershori qershorit qer lipanj lipnja",
        7: "jul jula juli korrik korriku korrikut kor srpanj srpnja",
        8: "avgust avgusta avg august augusta aug gusht gushti gushtit gus kolovoz kolovoza",
        9: "septembar septembra sep sept shtator shtatori shtatorit sht rujan rujna",
        10: "oktobar oktobra okt tetor tetori tetorit tet listopad listopada",
        11: "novembar novembra nov nentor nentori nentorit nen studeni studenog studenoga",
        12: "decembar decembra dec dhjetor dhjetori dhjetorit dhj prosinac prosinca",
    }.items()
    for name in names.split()
}
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_CLOCK = (
    r"(?:[\s,.;|/@–-]{0,4}(?:(?:u|ne|na|at|ora|oren|ore|h|ca)\s+){0,2}[\s,|]{0,2}"
    r"(?P<hour>[01]?\d|2[0-3])[:.](?P<minute>[0-5]\d)(?:[:.](?P<second>[0-5]\d))?(?!\d|[.:]\d))?"
)
_WORDED = re.compile(rf"(?<!\d)(?P<day>[0-3]?\d)\.?\s{{0,2}}(?P<name>{_NAMES})\b\.?,?\s{{0,2}}(?P<year>\d{{4}})\b\.?{_CLOCK}")
_DOTTED = re.compile(rf"(?<![\d.])(?P<day>[0-3]?\d)([./-])\s?(?P<month>[01]?\d)\2\s?(?P<year>\d{{4}})\b\.?{_CLOCK}")
_YEAR_FIRST = re.compile(rf"(?<!\d)(?P<year>\d{{4}})-(?P<month>[01]\d)-(?P<day>[0-3]\d)\b(?:t(?=\d))?{_CLOCK}")
_CLOCK_FIRST = re.compile(
    rf"(?<!\d)(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?:\s?h)?[\s,|–-]{{1,4}}"
    rf"(?:(?P<day>[0-3]?\d)\.?\s?(?P<name>{_NAMES})\b\.?,?\s?(?P<year>\d{{4}})"
    rf"|(?P<day2>[0-3]?\d)[./](?P<month>[01]?\d)[./](?P<year2>\d{{4}}))"
)
_UPDATED = re.compile(
    r"\b(?:azurirano|osvezeno|dopunjeno|izmenjeno|izmijenjeno|(?:poslednja|posljednja|zadnja) (?:izmena"
    r"|izmjena|promena)|perditesuar|perditesimi|ndryshuar|modified"
    r"|updated)\b"
)
_LATER_CLOCK = re.compile(r"^\s*(?:h\b)?\s*(?:->|>+|→|/)\s*(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?![\d.])")
_URL_DAY = re.compile(r"/(?P<year>(?:19|20)\d\d)[/-](?P<month>0?[1-9]|1[0-2])[/-](?P<day>0?[1-9]|[12]\d|3[01])(?=[/_.-]|$)")
_DATE_ONLY = re.compile(r"\d{4}-?\d\d-?\d\d\Z")
_HAS_SECONDS = re.compile(r"\d\d:\d\d:\d\d|T\d{6}")
_OFFSET_WITHOUT_COLON = re.compile(r"([+-]\d\d)(\d\d)\Z")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment as written somewhere: UTC, how fine it is, and where it was read."""

    at: datetime
    precision: Precision
    origin: str = "feed"

    @property
    def on(self) -> date:
        """The calendar day of the region's readers."""
        return self.at.astimezone(BELGRADE).date()


@dataclass(frozen=True, slots=True)
class RejectedStamp:
    """A stamp that is not believed, and why."""

    stamp: Stamp
    reason: str

    def to_mapping(self) -> dict[str, str]:
        """Return the JSON object that stands in a document's `extra.date_rejected`."""
        return {"value": to_utc_text(self.stamp.at), "from": self.stamp.origin, "reason": self.reason}


def parse_stamp(text: str | None, origin: str) -> Stamp | None:
    """Read a stamp written for machines (ISO 8601, RFC 5322), else a date written for people; None where there is none.

    Stamps without a zone are Europe/Belgrade; a day alone is its local midnight.
    """
    if not text or not (text := text.strip()):
        return None
    moment = _from_iso(text)
    if moment is None:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return find_date(text, origin)
    if _DATE_ONLY.match(text):
        return _stamp(moment, "day", origin)
    return _stamp(moment, "second" if _HAS_SECONDS.search(text) else "minute", origin)


def find_date(text: str, origin: str = "text") -> Stamp | None:
    """Find the first date written for people in a short text, in any language, script or spelling of the region."""
    folded = fold_text(text)
    for pattern in (_CLOCK_FIRST, _WORDED, _DOTTED, _YEAR_FIRST):
        for match in pattern.finditer(folded):
            if (stamp := _from_match(match, origin)) is not None:
                return stamp
    return None


def url_stamp(url: str) -> Stamp | None:
    """Read a day from an address such as /2026/11/12/slug."""
    match = _URL_DAY.search(url)
    return None if match is None else _from_match(match, "url")


def choose(candidates: Iterable[Stamp], fetched_at: datetime) -> tuple[Stamp | None, RejectedStamp | None]:
    """Choose by origin: the first believable stamp, made finer where another origin gives the hour of the same day.

    More than a day after the fetch or before 1995 is not believed; the first such stamp is returned beside the choice.
    """
    rejected: RejectedStamp | None = None
    chosen: Stamp | None = None
    for stamp in sorted(candidates, key=lambda stamp: _ORIGINS.index(stamp.origin)):
        if (reason := _doubt(stamp, fetched_at)) is not None:
            rejected = rejected or RejectedStamp(stamp, reason)
        elif chosen is None or (
            chosen.precision == "day" and _FINENESS[stamp.precision] > 0 and stamp.on == chosen.on and stamp.origin != "feed"
        ):
            chosen = stamp
    return chosen, rejected


def _doubt(stamp: Stamp, fetched_at: datetime) -> str | None:
    if stamp.at > fetched_at + timedelta(days=1):
        return "more than a day after the page was fetched"
    return "before 1995" if stamp.at < EARLIEST else None


def _from_iso(text: str) -> datetime | None:
    text = text.replace("Z", "+00:00") if text.endswith("Z") else text
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(_OFFSET_WITHOUT_COLON.sub(r"\1:\2", text.replace(" +", "+")))
    except ValueError:
        return None


def _stamp(moment: datetime, precision: Precision, origin: str) -> Stamp | None:
    local = moment.replace(tzinfo=BELGRADE) if moment.tzinfo is None else moment
    try:
        return Stamp(local.astimezone(UTC), precision, origin)
    except (OverflowError, ValueError):
        return None


def _from_match(match: re.Match[str], origin: str) -> Stamp | None:
    parts = match.groupdict()
    month = _MONTHS[parts["name"]] if parts.get("name") else int(parts["month"])
    day, year = int(parts["day"] or parts["day2"]), int(parts["year"] or parts["year2"])
    precision: Precision = "day"
    clock = (0, 0, 0)
    if parts.get("hour"):
        precision = "second" if parts.get("second") else "minute"
        clock = (int(parts["hour"]), int(parts["minute"]), int(parts.get("second") or 0))
    try:
        return _stamp(datetime(year, month, day, *clock, tzinfo=BELGRADE), precision, origin)
    except ValueError:
        return None  # 31 November, month 13


def all_dates(lines: Iterable[str]) -> Iterator[tuple[Stamp, bool]]:
    """Yield the dates of the lines, each with whether it is of an update: `Objavljeno: … Ažurirano: …` holds one of each."""
    for line in lines:
        folded, end = fold_text(line), 0
        for match in _dates_of(folded):
            stamp = _from_match(match, "text")
            if stamp is None:
                continue
            yield stamp, _UPDATED.search(folded, end, match.start()) is not None
            end = match.end()
            if (later := _LATER_CLOCK.match(folded[end:])) is not None and stamp.precision != "day":
                local = stamp.at.astimezone(BELGRADE).replace(hour=int(later["hour"]), minute=int(later["minute"]), second=0)
                yield Stamp(local.astimezone(UTC), "minute", "text"), True


def _dates_of(folded: str) -> Iterator[re.Match[str]]:
    """Yield the matches of all patterns, in the text's order, none over another; the pattern tried first goes first."""
    taken: list[re.Match[str]] = []
    for pattern in (_CLOCK_FIRST, _WORDED, _DOTTED, _YEAR_FIRST):
        taken += [
            match
            for match in pattern.finditer(folded)
            if all(match.end() <= other.start() or match.start() >= other.end() for other in taken)
        ]
    yield from sorted(taken, key=lambda match: match.start())

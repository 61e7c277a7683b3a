"""Any corpus as outlets: JSON lines become articles of invented hosts, so that a crawl of real text can be checked."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from eho.errors import InputError
from eho.folding import fold_text
from evaluation.miniweb.content import LAYOUTS, Article, FeedPlan, Outlet

OUTLETS_PER_LANGUAGE = 4
PARAGRAPH_LENGTH = 350
_BELGRADE = ZoneInfo("Europe/Belgrade")
_FIRST_DAY = date(2018, 1, 1)  # texts without a date are spread over two years from here
_DAYS = 730
_DATE_FIELDS = ("published_at", "published_on", "date")
_SENTENCE_END = re.compile(r"[.!?…][\"'”“»’)]*\s+(?=[\"'„“«‘(]*\w)")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def load_corpus(paths: Sequence[Path]) -> tuple[list[Outlet], list[Article]]:
    """Read JSON lines (`id`, `lang`, `title`, `text`, a date where there is one) and share the texts out over outlets.

    Every file and language gets OUTLETS_PER_LANGUAGE hosts, `<file>-1.test` on. Raises InputError with file and line.
    """
    outlets: list[Outlet] = []
    articles: list[Article] = []
    seen: set[str] = set()
    for path in paths:
        stem = re.sub(r"[^a-z0-9]+", "-", path.name.partition(".")[0].lower()).strip("-") or "corpus"
        hosts: dict[str, list[Outlet]] = {}
        for number, row in enumerate(_rows(path), start=1):
            language = _language(row)
            if language not in hosts:
                first = 1 + sum(map(len, hosts.values()))
                hosts[language] = [
                    _outlet(f"{stem}-{place}", language, LAYOUTS[(len(outlets) + place) % len(LAYOUTS)])
                    for place in range(first, first + OUTLETS_PER_LANGUAGE)
                ]
            article = _article(row, number, language, hosts[language][number % OUTLETS_PER_LANGUAGE].id)
            if article.id in seen:
                raise InputError(
                    f"{path}, line {number}: id {article.id!r} is taken by an earlier line; give every text its own id."
                )
            seen.add(article.id)
            articles.append(article)
        outlets += [outlet for group in hosts.values() for outlet in group]
    return outlets, articles


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Cut a text into paragraphs at sentence ends; joined by blanks they give the text with its blanks collapsed."""
    paragraphs, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if match.end() - start >= PARAGRAPH_LENGTH and not text[match.end()].islower():
            paragraphs.append(text[start : match.end()])
            start = match.end()
    paragraphs.append(text[start:])
    return tuple(collapsed for part in paragraphs if (collapsed := " ".join(part.split())))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _row(path, number, line)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}. Give JSON lines in UTF-8, plain or .gz.") from error


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {number}: not JSON ({error.msg} at column {error.colno}); write one object a line."
        ) from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not row["text"].strip():
        raise InputError(f'{path}, line {number}: no text; every line needs an object with a non-empty string "text".')
    row.setdefault("id", f"{path.name.partition('.')[0]}-{number}")
    return row


def _language(row: dict[str, Any]) -> str:
    named = str(row.get("lang") or "")
    cyrillic = len(_CYRILLIC.findall(row["text"])) > len(row["text"]) / 3
    return ("sr-Cyrl" if cyrillic else "sr-Latn") if named in ("sr", "") else named


def _outlet(name: str, language: str, layout: Any) -> Outlet:
    return Outlet(
        id=name,
        name=f"Portal {name}",
        languages=[language],
        layout=layout,
        address="/{section}/{slug}",
        feed=FeedPlan(kind="none"),
        sitemap="index",
        dates=("meta",),
        authored=False,
    )


def _article(row: dict[str, Any], number: int, language: str, outlet: str) -> Article:
    key = str(row["id"])
    paragraphs = split_paragraphs(row["text"])
    title = " ".join(str(row.get("title") or "").split()) or " ".join(paragraphs[0].split()[:8])
    slug = re.sub(r"[^a-z0-9]+", "-", fold_text(title))[:60].strip("-")
    return Article(
        id=key,
        outlet=outlet,
        slug=f"{slug or 'tekst'}-{number}",
        lang=language,
        section="lajme" if language == "sq" else "vesti",
        title=title,
        paragraphs=paragraphs,
        published_at=_published_at(row, key),
    )


def _published_at(row: dict[str, Any], key: str) -> datetime:
    """Return the text's own date, or one that follows from its id; a day without a time gets an hour of the day."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    hour = time(6 + digest % 16, digest // 16 % 60)
    for field in _DATE_FIELDS:
        if (value := row.get(field)) is None:
            continue
        try:
            if len(str(value)) == len("2026-11-05"):
                return datetime.combine(date.fromisoformat(str(value)), hour, _BELGRADE)
            at = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise InputError(f"Text {key!r}: {field} is {value!r}; write YYYY-MM-DD or an ISO time.") from error
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.combine(_FIRST_DAY + timedelta(days=digest // 1_000 % _DAYS), hour, _BELGRADE)

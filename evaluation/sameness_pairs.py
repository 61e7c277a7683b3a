"""Pairs of texts of which it is known whether one copies the other: made by seed from the demonstration outlets' articles.

Copies are made by what outlets do to a text (cut, extend, transliterate, reword); pairs that are no copies are what misleads:
two authors on one event, templates filled again, match reports, columns with a fixed frame, digests, a shared statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any, Literal

import yaml

from evaluation.miniweb.content import Article, load_originals
from evaluation.miniweb.script import replace_words, to_cyrillic
from evaluation.mirror_pairs import read_events

TEXTS = Path(__file__).parent / "sameness" / "texts.yaml"
Split = Literal["dev", "test"]
_REWRITTEN = (10, 20, 30, 50)
_FILLINGS = 8  # of each template
_SLOT = re.compile(r"\{(xx:)?([^{}]+)\}")
_RANGE = re.compile(r"(\d+)-(\d+)")

Paragraphs = Sequence[str]
Change = Callable[[Paragraphs, Random, Mapping[str, Any]], Paragraphs]


@dataclass(frozen=True, slots=True)
class TextPair:
    """Two texts, how the second was made, and whether it is a copy of the first; `base` is what pairs share."""

    kind: str
    lang: str
    base: str
    first: str
    second: str
    is_copy: bool


@cache
def wording() -> Mapping[str, Mapping[str, Any]]:
    """Read templates, boilerplate and word lists by language."""
    read: Mapping[str, Mapping[str, Any]] = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    return read


def pairs(split: Split, seed: int = 20261121) -> list[TextPair]:
    """Return the pairs of a split; an article that is copied, an event and a template with numbers is of one split only."""
    articles = [one for at, one in enumerate(load_originals()) if at % 2 == (split == "test") and len(one.text.split()) >= 60]
    return [*_copies(articles, seed), *_others(articles, split, seed)]


def _copies(articles: Sequence[Article], seed: int) -> Iterator[TextPair]:
    for kind, change in CHANGES.items():
        for article in articles:
            if article.lang != "sr" and kind in _SERBIAN_ONLY:
                continue
            random = Random(f"{seed}/{kind}/{article.id}")  # noqa: S311 - seeded, no secret
            second = "\n".join(change(article.paragraphs, random, wording()[article.lang]))
            if second != article.text or kind == "exact":
                yield TextPair(kind, article.lang, article.id, article.text, second, True)


def _others(articles: Sequence[Article], split: Split, seed: int) -> Iterator[TextPair]:
    texts = {article.id: article for article in load_originals()}
    for number, event in enumerate(read_events()):
        if number % 2 != (split == "test"):
            continue
        for one, other in combinations(sorted(event.same | event.follow_up), 2):
            first, second = texts.get(one), texts.get(other)
            if first is not None and second is not None and first.lang == second.lang:
                yield TextPair("same event", first.lang, event.id, first.text, second.text, False)
    for lang, words in wording().items():
        random = Random(f"{seed}/{split}/{lang}")  # noqa: S311 - seeded, no secret
        for number, template in enumerate(words["templates"]):
            kind = "template" if re.search(r"\d-\d", template) else "template without numbers"
            if number % 2 == (split == "test") or kind != "template":
                filled = dict.fromkeys(_fill(template, random) for _ in range(_FILLINGS))
                for first_text, second_text in combinations(filled, 2):
                    yield TextPair(kind, lang, f"template-{lang}-{number}", first_text, second_text, False)
        yield from _match_reports(lang, words, random)
        yield from _frames(lang, words, [one for one in articles if one.lang == lang])


def _match_reports(lang: str, words: Mapping[str, Any], random: Random) -> Iterator[TextPair]:
    reports = [" ".join(_fill(random.choice(sentences), random) for sentences in words["matches"]) for _ in range(24)]
    for first, second in zip(reports[::2], reports[1::2], strict=True):
        yield TextPair("match report", lang, f"match-{lang}", first, second, False)


def _frames(lang: str, words: Mapping[str, Any], articles: Sequence[Article]) -> Iterator[TextPair]:
    """Two texts in one frame: a column, a statement that both quote, a digest and what it holds."""
    opening, closing = words["column"]["opening"], words["column"]["closing"]
    for one, other in zip(articles[::2], articles[1::2], strict=False):
        first, second = ("\n".join((opening, *article.paragraphs[:3], closing)) for article in (one, other))
        yield TextPair("column", lang, one.id, first, second, False)
        first, second = (
            "\n".join((*article.paragraphs[:2], words["quotation"], *article.paragraphs[2:])) for article in (one, other)
        )
        yield TextPair("shared statement", lang, one.id, first, second, False)
    for one, *others in zip(articles[::4], articles[1::4], articles[2::4], articles[3::4], strict=False):
        digest = "\n".join((words["digest"], *(article.text for article in (*others, one))))
        yield TextPair("digest", lang, one.id, one.text, digest, False)


def _fill(template: str, random: Random) -> str:
    def chosen(match: re.Match[str]) -> str:
        choices = match[2].split("|")
        if (limits := _RANGE.fullmatch(choices[0])) is not None:
            whole = random.randint(int(limits[1]), int(limits[2]))
            return f"{whole},{random.randint(1000, 9999)}" if match[1] else str(whole)
        return str(random.choice(choices))

    return _SLOT.sub(chosen, template)


# -- what outlets do to a text ----------------------------------------------------------------------------------------


def _half(texts: Paragraphs) -> Paragraphs:
    """Return the beginning up to half of the words, at the end of a sentence."""
    sentences = [(at, one) for at, text in enumerate(texts) for one in re.split(r"(?<=[.!?”“])\s+", text)]
    words, kept = sum(len(one.split()) for _, one in sentences), list[tuple[int, str]]()
    for at, one in sentences:
        if kept and 2 * sum(len(sentence.split()) for _, sentence in kept) >= words:
            break
        kept.append((at, one))
    return [" ".join(one for place, one in kept if place == at) for at in sorted({place for place, _ in kept})]


def _typography(texts: Paragraphs, random: Random, _: Mapping[str, Any]) -> Paragraphs:
    swap = {"“": '"', "”": '"', "„": '"', "’": "'", "–": "-", "…": "...", " ": " \u00a0"[random.randrange(2)]}
    return [re.sub(r"[“”„’–…]", lambda match: swap[match.group()], text).replace(" ", " \u00ad", 3) for text in texts]


def _rewrite(percent: int) -> Change:
    def change(texts: Paragraphs, random: Random, _: Mapping[str, Any]) -> Paragraphs:
        words = [text.split(" ") for text in texts]
        places = [(at, place) for at, line in enumerate(words) for place in range(len(line))]
        pool = [word for line in words for word in line if len(word) > 3]
        for at, place in random.sample(places, len(places) * percent // 100):
            how, old = random.random(), words[at][place]
            like = [word for word in pool if word[-1] == old[-1:] and word != old] or pool
            words[at][place] = "" if how < 0.2 else f"{random.choice(like)} {old}" if how < 0.4 else random.choice(like)
        return [" ".join(filter(None, line)) for line in words]

    return change


def _ijekavian(texts: Paragraphs, words: Mapping[str, Any]) -> Paragraphs:
    return [replace_words(text, words["ijekavian"]) for text in texts]


def _ascii(texts: Paragraphs) -> Paragraphs:
    table = str.maketrans("čćšžëçČĆŠŽËÇ", "ccszecCCSZEC")
    return [text.replace("đ", "dj").replace("Đ", "Dj").translate(table) for text in texts]


def _live(texts: Paragraphs, random: Random, words: Mapping[str, Any]) -> Paragraphs:
    """A later state of one report: an opening put before it, one number corrected."""
    once = re.sub(r"\b\d{1,3}\b", lambda match: str(int(match.group()) + 1), "\n".join(texts), count=1).split("\n")
    return [random.choice(words["opening"]), *once, random.choice(words["added"])]


def _credited(texts: Paragraphs, random: Random, words: Mapping[str, Any]) -> Paragraphs:
    first, last = random.sample(words["credits"], 2)
    return [f"{first} {texts[0]}", *texts[1:], last]


_SERBIAN_ONLY = frozenset({"other script", "ijekavian", "other script and ijekavian, cut"})
CHANGES: Mapping[str, Change] = {
    "exact": lambda texts, random, words: texts,
    "typography": _typography,
    "no diacritics": lambda texts, random, words: _ascii(texts),
    "other script": lambda texts, random, words: [to_cyrillic(text) for text in texts],
    "ijekavian": lambda texts, random, words: _ijekavian(texts, words),
    "other script and ijekavian, cut": lambda texts, random, words: [to_cyrillic(one) for one in _ijekavian(_half(texts), words)],
    "cut in half": lambda texts, random, words: _half(texts),
    "last paragraph cut": lambda texts, random, words: texts[:-1],
    "paragraph added": lambda texts, random, words: [*texts, random.choice(words["added"])],
    "twice as long": lambda texts, random, words: [*texts, *words["added"]],
    "paragraphs reordered": lambda texts, random, words: [*texts[1:], texts[0]],
    "boilerplate added": lambda texts, random, words: [*texts, *random.sample(words["boilerplate"], 2)],
    "credit swapped": _credited,
    "live update": _live,
    **{f"{percent} % of words rewritten": _rewrite(percent) for percent in _REWRITTEN},
}  # fmt: skip

"""The annotator's guide: the codebook written out as Markdown in one language, with the rules shown on passages.

Rendered, never edited: docs/codebook holds what `eho codebook guide` writes, and a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml

from eho.codebook import Codebook, Judged, Narrative, Rule, WrittenIn

GuideLanguage = Literal["sq", "sr-Latn", "en"]
LANGUAGES: tuple[GuideLanguage, ...] = ("en", "sq", "sr-Latn")


def write_guides(codebook: Codebook, folder: Path) -> list[Path]:
    """Write one file a language into the folder, made where it is missing; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for language in LANGUAGES:
        path = folder / file_name(language)
        path.write_text(render(codebook, language), encoding="utf-8", newline="\n")
        written.append(path)
    return written


def file_name(language: GuideLanguage) -> str:
    """Return the name of a guide's file."""
    return f"guide.{language}.md"


def render(codebook: Codebook, language: GuideLanguage) -> str:
    """Return the guide as Markdown; what has no translation stands in English."""
    page = _Page(codebook, language)
    return "\n".join(page.lines()) + "\n"


def untranslated(codebook: Codebook) -> list[str]:
    """Return what of the codebook has no wording in the guide: ids of rules and English phrases."""
    guide = _guide()
    rules = [rule.id for rule in codebook.rules if rule.id not in guide["rules"]]
    return rules + [phrase for phrase in _phrases(codebook) if phrase not in guide["phrases"]]


def unused(codebook: Codebook) -> list[str]:
    """Return wordings of the guide that the codebook no longer asks for."""
    guide = _guide()
    return sorted({*guide["rules"]} - {rule.id for rule in codebook.rules}) + sorted(
        {*guide["phrases"]} - set(_phrases(codebook))
    )


def form_words(language: GuideLanguage) -> dict[str, str]:
    """Return the words of the offline form."""
    return {name: texts[language] for name, texts in _guide()["form"].items()}


@cache
def _guide() -> dict[str, Any]:
    guide: dict[str, Any] = yaml.safe_load((resources.files("eho") / "data" / "guide.yaml").read_text(encoding="utf-8"))
    return guide


def _phrases(codebook: Codebook) -> list[str]:
    return [phrase for narrative in codebook.narratives for phrase in (*narrative.includes, *narrative.excludes)]


class _Page:
    def __init__(self, codebook: Codebook, language: GuideLanguage) -> None:
        self._codebook = codebook
        self._language = language
        # English readers see both languages of the media, the others their own
        self._shown: tuple[WrittenIn, ...] = ("sq", "sr-Latn") if language == "en" else (language,)

    def lines(self) -> Iterator[str]:
        """Yield the page, line by line."""
        yield f"# {self._word('title')}"
        yield from ("", self._word("generated").format(tag=f"`{self._codebook.tag}`"), "", self._word("pending"))
        yield from ("", f"**{self._word('warning')}**", "", f"## {self._word('how')}", "")
        yield from (f"{number}. {step}" for number, step in enumerate(_guide()["words"]["steps"][self._language], 1))
        yield from ("", f"## {self._word('rules')}")
        for rule in self._codebook.rules:
            yield from self._rule(rule)
        yield from self._dimensions()
        yield from ("", f"## {self._word('narratives')}")
        for family in self._codebook.families:
            yield from ("", f"### {family.labels[self._language]} (`{family.id}`)", "", family.definition[self._language])
            for narrative in self._codebook.narratives:
                if narrative.family == family.id:
                    yield from self._narrative(narrative)

    def _word(self, name: str) -> str:
        return str(_guide()["words"][name][self._language])

    def _rule(self, rule: Rule) -> Iterator[str]:
        wording = _guide()["rules"].get(rule.id, {})
        title = wording.get("title", {}).get(self._language, rule.id)
        text = wording.get("text", {}).get(self._language, rule.text)
        yield from ("", f"### {title} (`{rule.id}`)", "", text)
        for shown in self._shown:
            examples = rule.examples[shown]
            pair = [(self._word("minimal_pair"), judged) for judged in examples.minimal_pair]
            rows = [(self._word("positive"), examples.positive), (self._word("near_miss"), examples.near_miss), *pair]
            yield from ("", f"|  | {self._word('passage')} | {self._word('judgement')} |", "|---|---|---|")
            yield from (f"| {kind} | {self._passage(judged)} | {self._judgement(judged)} |" for kind, judged in rows)

    def _passage(self, judged: Judged) -> str:
        title = f"({self._word('heading')}: {judged.title}) " if judged.title else ""
        return f"{title}{judged.text}"

    def _judgement(self, judged: Judged) -> str:
        carried = [" → ".join(filter(None, (f"`{c.narrative}` {c.stance}", ", ".join(c.target_groups)))) for c in judged.carries]
        parts = [*(carried or [self._word("nothing")]), f"{self._word('severity')} {judged.severity}"]
        return "; ".join(parts + ([f"{self._word('sense')} {judged.sense}"] if judged.sense else []))

    def _dimensions(self) -> Iterator[str]:
        dimensions = self._codebook.dimensions
        defined: Sequence[tuple[str, Iterable[Any]]] = (
            ("stances", dimensions.stances),
            ("severities", dimensions.severities),
            ("returnee_senses", dimensions.returnee_senses),
        )
        for name, terms in defined:
            yield from ("", f"## {self._word(name)}", "")
            yield from (f"- `{term.id}` **{term.labels[self._language]}**: {term.definition[self._language]}" for term in terms)
        for name in ("speakers", "attributions", "target_groups"):
            yield from ("", f"## {self._word(name)}", "")
            yield from (f"- `{term.id}` {term.labels[self._language]}" for term in getattr(dimensions, name))

    def _narrative(self, narrative: Narrative) -> Iterator[str]:
        yield from ("", f"#### {narrative.labels[self._language]} (`{narrative.id}`)", "", narrative.definition[self._language])
        if narrative.requires_sense is not None:
            yield from ("", self._word("only_sense").format(sense=f"`{narrative.requires_sense}`"))
        for name, phrases in (("includes", narrative.includes), ("excludes", narrative.excludes)):
            yield from ("", f"{self._word(name)}:", "")
            yield from (f"- {self._phrase(phrase)}" for phrase in phrases)
        yield from ("", f"{self._word('examples')}:", "")
        for example in narrative.examples:
            if example.lang in self._shown:
                kind = f"{self._word('positive')}, {example.stance}" if example.stance else self._word("near_miss")
                yield f"- {kind}: {example.text}"

    def _phrase(self, phrase: str) -> str:
        return str(_guide()["phrases"].get(phrase, {}).get(self._language, phrase))

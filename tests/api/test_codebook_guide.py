"""The annotator's guide: what is committed is what is rendered, and everything of the codebook stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.codebook_guide import LANGUAGES, GuideLanguage, file_name, render, untranslated, unused, write_guides
from eho.codebook import Codebook

CODEBOOK = Codebook.load()
FOLDER = Path(__file__).parents[2] / "docs" / "codebook"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_guide_is_the_rendered_one(language: GuideLanguage) -> None:
    committed = (FOLDER / file_name(language)).read_bytes().replace(b"\r\n", b"\n").decode()
    assert committed == render(CODEBOOK, language), "run: eho codebook guide --out docs/codebook"


def test_everything_is_translated_and_no_wording_is_left_over() -> None:
    assert untranslated(CODEBOOK) == []
    assert unused(CODEBOOK) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_rule_and_example_stands_in_the_guide(language: GuideLanguage) -> None:
    page = render(CODEBOOK, language)
    for narrative in CODEBOOK.narratives:
        assert f"#### {narrative.labels[language]} (`{narrative.id}`)" in page
        assert narrative.definition[language] in page
    shown = ("sq", "sr-Latn") if language == "en" else (language,)
    for rule in CODEBOOK.rules:
        assert f"(`{rule.id}`)" in page
        for one in shown:
            examples = rule.examples[one]
            assert all(judged.text in page for judged in (examples.positive, examples.near_miss, *examples.minimal_pair))
    for term in (*CODEBOOK.dimensions.stances, *CODEBOOK.dimensions.returnee_senses):
        assert term.definition[language] in page
    assert CODEBOOK.tag in page


@pytest.mark.parametrize("language", ["sq", "sr-Latn"])
def test_rules_and_borders_are_not_left_in_english(language: GuideLanguage) -> None:
    page = render(CODEBOOK, language)
    english = [rule.text for rule in CODEBOOK.rules]
    english += [phrase for narrative in CODEBOOK.narratives for phrase in (*narrative.includes, *narrative.excludes)]
    assert not [text for text in english if text in page]


@pytest.mark.parametrize("language", ["sq", "sr-Latn"])
def test_wordings_name_the_same_ids_as_the_english_rule(language: GuideLanguage) -> None:
    ids = re.compile(r"[a-z]+(?:_[a-z]+)+")
    sections = re.split(r"^### ", render(CODEBOOK, language), flags=re.MULTILINE)
    for rule in CODEBOOK.rules:
        section = next(part for part in sections if part.split("\n", 1)[0].endswith(f"(`{rule.id}`)"))
        text = section.split("\n\n")[1]
        assert set(ids.findall(text)) == set(ids.findall(rule.text)), rule.id


def test_guides_are_written_to_a_new_folder(tmp_path: Path) -> None:
    written = write_guides(CODEBOOK, tmp_path / "new")
    assert [path.name for path in written] == ["guide.en.md", "guide.sq.md", "guide.sr-Latn.md"]

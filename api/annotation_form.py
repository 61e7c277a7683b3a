"""A self-contained HTML form for annotators: works offline, sends nothing, saves a file that `eho annotate import` reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader

from api.codebook_guide import GuideLanguage, form_words
from eho.codebook import Codebook
from evaluation.review_queue import FORMAT, Item


def render_form(items: Sequence[Item], codebook: Codebook, language: GuideLanguage) -> str:
    """Return the form for these passages, in the words of one language; what was said about them is left out."""
    environment = Environment(loader=PackageLoader("api"), autoescape=True)
    data = _data(items, codebook, language)
    words = form_words(language)
    return environment.get_template("annotation_form.html").render(language=language, words=words, data={**data, "words": words})


def _data(items: Sequence[Item], codebook: Codebook, language: GuideLanguage) -> dict[str, Any]:
    dimensions = codebook.dimensions
    families = [
        {
            "label": family.labels[language],
            "members": _terms((one for one in codebook.narratives if one.family == family.id), language),
        }
        for family in codebook.families
    ]
    return {
        "format": FORMAT,
        "codebook": codebook.tag,
        "form": hashlib.sha256("\n".join(item.id for item in items).encode()).hexdigest()[:12],
        "items": [item.to_blind() for item in items],
        "narratives": families,
        "meanings": {one.id: one.definition[language] for one in codebook.narratives},
        "stances": _terms(dimensions.stances, language),
        "speakers": _terms(dimensions.speakers, language),
        "attributions": _terms(dimensions.attributions, language),
        "targets": _terms(dimensions.target_groups, language),
        "senses": _terms(dimensions.returnee_senses, language),
        "severities": [
            {"id": one.id, "label": f"{one.id} {one.labels[language]}", "definition": one.definition[language]}
            for one in dimensions.severities
        ],
    }


def _terms(terms: Iterable[Any], language: GuideLanguage) -> list[dict[str, Any]]:
    return [
        {"id": term.id, "label": term.labels[language], "definition": getattr(term, "definition", {}).get(language, "")}
        for term in terms
    ]

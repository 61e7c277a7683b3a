"""Says a query in words, for the methods box of a report and above every list of hits."""

from __future__ import annotations

from collections.abc import Mapping

from index.answers import ExplainLanguage
from index.nodes import (
    MAX_SEVERITY,
    And,
    AnnotationGroup,
    Condition,
    DateRange,
    Everything,
    Fuzzy,
    Keyword,
    Node,
    Not,
    Or,
    Paired,
    Phrase,
    SeverityRange,
    Term,
    Wildcard,
)
from index.vocabulary import Vocabulary

# Everything stands after a colon or in the nominative, so that no language needs other cases.
_ENGLISH = {
    "all": "all documents",
    "documents": "documents with {}",
    "and": "and",
    "or": "or",
    "not": "not {}",
    "term": "the word “{}”",
    "forms": "{} (also other forms)",
    "paired": "{} or its pair in the other language, {} (term list {})",
    "phrase": "the phrase “{}”",
    "exact": "the exact spelling “{}”",
    "near": "the words “{}” with at most {} other words among them",
    "wildcard": "a word like “{}”",
    "fuzzy": "a word like “{}” (up to {} letters different)",
    "title": "{} in the headline",
    "text": "{} in the text",
    "date": "date: {}",
    "from": "from {}",
    "to": "to {}",
    "dated": "known",
    "annotation": "one annotation with {}",
    "severity": "severity {} to {}",
    "source": "source: {}",
    "lang": "language: {}",
    "kind": "kind: {}",
    "sense": "sense of “returnee”: {}",
    "entity": "entity: {}",
    "cluster": "group of copies: {}",
    "narrative": "narrative: {}",
    "stance": "stance: {}",
    "speaker": "speaker: {}",
    "target": "target: {}",
    "reviewed": "reviewed by: {}",
    "review": "annotations that still need review are included",
    "hidden": "annotations that still need review are left out",
}
_ALBANIAN = {
    "all": "të gjitha dokumentet",
    "documents": "dokumente me: {}",
    "and": "dhe",
    "or": "ose",
    "not": "jo {}",
    "term": "fjala “{}”",
    "forms": "{} (edhe në forma të tjera)",
    "paired": "{} ose çifti në gjuhën tjetër, {} (lista e termave {})",
    "phrase": "shprehja “{}”",
    "exact": "shkrimi i saktë “{}”",
    "near": "fjalët “{}” me më së shumti {} fjalë të tjera mes tyre",
    "wildcard": "një fjalë si “{}”",
    "fuzzy": "një fjalë si “{}” (deri në {} shkronja ndryshe)",
    "title": "{} në titull",
    "text": "{} në tekst",
    "date": "data: {}",
    "from": "nga {}",
    "to": "deri më {}",
    "dated": "e njohur",
    "annotation": "një shënim me: {}",
    "severity": "ashpërsia {} deri {}",
    "source": "burimi: {}",
    "lang": "gjuha: {}",
    "kind": "lloji: {}",
    "sense": "kuptimi i “i kthyer”: {}",
    "entity": "emri: {}",
    "cluster": "grupi i kopjeve: {}",
    "narrative": "narrativa: {}",
    "stance": "qëndrimi: {}",
    "speaker": "folësi: {}",
    "target": "grupi i synuar: {}",
    "reviewed": "shqyrtuar nga: {}",
    "review": "janë përfshirë shënimet që presin shqyrtim",
    "hidden": "shënimet që presin shqyrtim janë lënë jashtë",
}
_SERBIAN = {
    "all": "svi dokumenti",
    "documents": "dokumenti u kojima stoji: {}",
    "and": "i",
    "or": "ili",
    "not": "ne {}",
    "term": "reč „{}“",
    "forms": "{} (i u drugim oblicima)",
    "paired": "{} ili par na drugom jeziku, {} (lista termina {})",
    "phrase": "izraz „{}“",
    "exact": "tačno napisano „{}“",
    "near": "reči „{}“ sa najviše {} drugih reči među njima",
    "wildcard": "reč poput „{}“",
    "fuzzy": "reč poput „{}“ (razlika do {} slova)",
    "title": "{} u naslovu",
    "text": "{} u tekstu",
    "date": "datum: {}",
    "from": "od {}",
    "to": "do {}",
    "dated": "poznat",
    "annotation": "jedna oznaka: {}",
    "severity": "težina {} do {}",
    "source": "izvor: {}",
    "lang": "jezik: {}",
    "kind": "vrsta: {}",
    "sense": "značenje reči „povratnik“: {}",
    "entity": "ime: {}",
    "cluster": "grupa kopija: {}",
    "narrative": "narativ: {}",
    "stance": "stav: {}",
    "speaker": "govornik: {}",
    "target": "ciljna grupa: {}",
    "reviewed": "pregledao: {}",
    "review": "uključene su i oznake koje čekaju pregled",
    "hidden": "oznake koje čekaju pregled su izostavljene",
}

_CYRILLIC = {"lj": "љ", "nj": "њ", "dž": "џ", "Lj": "Љ", "Nj": "Њ", "Dž": "Џ"}
_CYRILLIC |= dict(zip("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш", strict=True))


def _to_cyrillic(text: str) -> str:
    for latin, cyrillic in _CYRILLIC.items():
        text = text.replace(latin, cyrillic)
    return text


_PHRASES: dict[ExplainLanguage, Mapping[str, str]] = {
    "en": _ENGLISH,
    "sq": _ALBANIAN,
    "sr-Latn": _SERBIAN,
    "sr-Cyrl": {name: _to_cyrillic(phrase) for name, phrase in _SERBIAN.items()},
}


def explain(
    node: Node, language: ExplainLanguage, vocabulary: Vocabulary | None = None, *, include_needs_review: bool | None = None
) -> str:
    """Return what a query asks for, in words; with `include_needs_review`, also what was done with unreviewed annotations."""
    speech = _Speech(language, vocabulary or Vocabulary())
    text = speech.sentence(node)
    if include_needs_review is None or not _has_group(node):
        return text
    return f"{text}; {speech.phrases['review' if include_needs_review else 'hidden']}"


def _has_group(node: Node) -> bool:
    if isinstance(node, And | Or):
        return any(_has_group(part) for part in node.parts)
    return isinstance(node, AnnotationGroup) or (isinstance(node, Not) and _has_group(node.part))


class _Speech:
    """The words of one language."""

    def __init__(self, language: ExplainLanguage, vocabulary: Vocabulary) -> None:
        self.phrases = _PHRASES[language]
        self._labels = vocabulary.labels.get(language, {})

    def sentence(self, node: Node) -> str:
        """Say a whole query."""
        if isinstance(node, Everything):
            return self.phrases["all"]
        return self.phrases["documents"].format(self._say(node))

    def _say(self, node: Node) -> str:
        if isinstance(node, And):
            return f" {self.phrases['and']} ".join(self._inner(part) for part in node.parts)
        if isinstance(node, Paired):
            return self._say_paired(node)
        if isinstance(node, Or):
            return f" {self.phrases['or']} ".join(self._inner(part) for part in node.parts)
        if isinstance(node, Not):
            return self.phrases["not"].format(self._inner(node.part))
        if isinstance(node, AnnotationGroup):
            return self.phrases["annotation"].format(self._inner(node.expression))
        if isinstance(node, Everything):
            return self.phrases["all"]
        if isinstance(node, Term | Phrase | Wildcard | Fuzzy):
            words = self._say_words(node)
            return words if node.field == "any" else self.phrases[node.field].format(words)
        if isinstance(node, DateRange):
            return self.phrases["date"].format(self._say_days(node))
        return self._say_value(node)

    def _inner(self, node: Node) -> str:
        said = self._say(node)
        return f"({said})" if isinstance(node, And | Or) and not isinstance(node, Paired) else said

    def _say_paired(self, node: Paired) -> str:
        term, *pairs = (part for part in node.parts if isinstance(part, Term | Phrase))
        quoted = ", ".join(self._say_as_typed(pair) for pair in pairs)
        said = self.phrases["paired"].format(self._say_as_typed(term), quoted or "–", node.term_list)
        said = self.phrases["forms"].format(said) if term.forms_in else said
        return said if term.field == "any" else self.phrases[term.field].format(said)

    def _say_words(self, node: Term | Phrase | Wildcard | Fuzzy) -> str:
        said = self._say_as_typed(node)
        return self.phrases["forms"].format(said) if isinstance(node, Term | Phrase) and node.forms_in else said

    def _say_as_typed(self, node: Term | Phrase | Wildcard | Fuzzy) -> str:
        if isinstance(node, Term):
            return self.phrases["term"].format(node.text)
        if isinstance(node, Wildcard):
            return self.phrases["wildcard"].format(node.pattern)
        if isinstance(node, Fuzzy):
            return self.phrases["fuzzy"].format(node.text, node.distance)
        words = " ".join(node.words)
        said = self.phrases["exact" if node.exact else "phrase"].format(words)
        return self.phrases["near"].format(words, node.slop) if node.slop else said

    def _say_days(self, node: DateRange) -> str:
        parts = []
        if node.first is not None:
            parts.append(self.phrases["from"].format(node.first.isoformat()))
        if node.last is not None:
            parts.append(self.phrases["to"].format(node.last.isoformat()))
        return " ".join(parts) or self.phrases["dated"]

    def _say_value(self, node: Keyword | Condition | SeverityRange) -> str:
        if isinstance(node, SeverityRange):
            return self.phrases["severity"].format(node.low, min(node.high, MAX_SEVERITY))
        return self.phrases[node.field].format(self._labels.get(node.value, node.value))

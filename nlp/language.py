"""Language, script and variety of a text: lingua where it is right, own rules where it is not.

Lingua's Serbian is Cyrillic only: of 600 Serbian articles in Latin script it called none Serbian. So Latin text of the
Bosnian-Croatian-Montenegrin-Serbian group is `sr-Latn` unless its words say otherwise.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lingua import Language as LinguaLanguage
from lingua import LanguageDetector, LanguageDetectorBuilder

from eho.annotation import Language
from eho.folding import fold_text
from nlp.lexicon import pattern

_CANDIDATES = {
    LinguaLanguage.ALBANIAN: "sq",
    LinguaLanguage.SERBIAN: "hbs",
    LinguaLanguage.BOSNIAN: "hbs",
    LinguaLanguage.CROATIAN: "hbs",
    LinguaLanguage.MACEDONIAN: "mk",
    LinguaLanguage.BULGARIAN: "bg",
    LinguaLanguage.RUSSIAN: "ru",
    LinguaLanguage.SLOVENE: "sl",
    LinguaLanguage.ENGLISH: "en",
    LinguaLanguage.GERMAN: "de",
    LinguaLanguage.ITALIAN: "it",
    LinguaLanguage.TURKISH: "tr",
}
_SAMPLE_CHARACTERS = 1500
_SHORT_LETTERS = 80  # below this a hint or function words may overrule lingua
_LETTERS = re.compile(r"[^\W\d_]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_SERBIAN_CYRILLIC = re.compile(r"[ђћјљњџЂЋЈЉЊЏ]")
_MACEDONIAN = re.compile(r"[ѓќѕЃЌЅ]")
_URL_OR_HANDLE = re.compile(r"https?://\S+|www\.\S+|[@#]\w+|⟦\w+⟧")
TAGGED = frozenset({"sq", "sr-Latn", "sr-Cyrl", "bs", "hr", "cnr"})


@lru_cache(maxsize=1)
def _detector() -> LanguageDetector:
    return LanguageDetectorBuilder.from_languages(*_CANDIDATES).build()


def _count(name: str, folded: str) -> int:
    return len(pattern("language", name).findall(folded))


def identify(text: str, hint: str | None = None) -> Language:
    """Name the language as BCP-47 (`sq`, `sr-Latn`, `sr-Cyrl`, `bs`, `hr`, `cnr`, or another code; `und` without letters).

    `hint` is a language said by the source or the caller; `sr` may mean either script. It decides only where a text is
    too short to tell. `confidence` is lingua's for the language group.
    """
    sample = _URL_OR_HANDLE.sub(" ", text[:_SAMPLE_CHARACTERS])
    letters = len(_LETTERS.findall(sample))
    if letters == 0:
        return Language(code="und", confidence=0.0)
    folded = fold_text(sample)
    group, confidence = _group(sample, folded, letters, hint)
    if group == "sq":
        return Language(code="sq", variety=_albanian_variety(folded), confidence=confidence)
    if group != "hbs":
        return Language(code=group, confidence=confidence)
    return _south_slavic(sample, folded, letters, confidence)


def _group(sample: str, folded: str, letters: int, hint: str | None) -> tuple[str, float]:
    scores: dict[str, float] = {}
    for value in _detector().compute_language_confidence_values(sample):
        group = _CANDIDATES[value.language]
        scores[group] = scores.get(group, 0.0) + value.value
    votes = {"sq": _count("sq_function_words", folded), "hbs": _count("hbs_function_words", folded)}
    group = max(scores, key=scores.__getitem__)
    if group not in ("sq", "hbs") and not _is_other_cyrillic(sample):
        words = max(1, len(folded.split()))
        best = max(votes, key=votes.__getitem__)
        if votes[best] / words >= 0.2 and votes[best] > 2 * min(votes.values()) and _foreign_votes(folded) < votes[best]:
            group = best
    if letters < _SHORT_LETTERS and hint is not None:
        hinted = "sq" if hint.startswith("sq") else "hbs" if hint.split("-")[0] in ("sr", "bs", "hr", "cnr", "sh") else None
        other = "hbs" if hinted == "sq" else "sq"
        if hinted is not None and votes[hinted] >= votes[other] and _foreign_votes(folded) == 0 and scores.get(group, 0.0) < 0.9:
            group = hinted
    return group, round(min(1.0, max(scores.get(group, 0.0), 0.5 if group in ("sq", "hbs") else 0.0)), 3)


def _foreign_votes(folded: str) -> int:
    return _count("foreign_function_words", folded)


def _is_other_cyrillic(sample: str) -> bool:
    return len(_CYRILLIC.findall(sample)) > len(sample) / 4 and _SERBIAN_CYRILLIC.search(sample) is None


def _south_slavic(sample: str, folded: str, letters: int, confidence: float) -> Language:
    cyrillic = len(_CYRILLIC.findall(sample))
    ekavian, ijekavian = (_count(name, folded) for name in ("ekavian", "ijekavian"))
    variety = None if ekavian == ijekavian else "ekavian" if ekavian > ijekavian else "ijekavian"
    if cyrillic * 2 > letters:
        return Language(code="sr-Cyrl", variety=variety, confidence=confidence)
    montenegrin = len(re.findall(r"[śźŚŹ]", sample)) + _count("cnr", folded)
    counts = {"cnr": montenegrin, "hr": _count("hr", folded), "bs": _count("bs", folded)}
    code = max(counts, key=counts.__getitem__)
    rest = sum(count for name, count in counts.items() if name != code) + _count("sr", folded)
    certain = counts[code] >= 2 and counts[code] > 2 * rest and variety != "ekavian"
    return Language(code=code if certain else "sr-Latn", variety=variety, confidence=confidence)


def _albanian_variety(folded: str) -> str:
    hits = _count("gheg", folded)
    words = max(1, len(folded.split()))
    share = hits / words
    return "gheg" if (hits >= 2 and share >= 0.02) or share >= 0.06 else "standard"

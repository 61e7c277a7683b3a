"""The codebook and its loader: content held against the published draft, and every kind of broken file."""

from __future__ import annotations

import copy
import difflib
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from eho.annotation import HarmExposure, Sense, Stance
from eho.codebook import LANGUAGES, Codebook, Judged
from eho.errors import CodebookError
from eho.folding import fold_text

BUNDLED = Path(__file__).parents[2] / "eho" / "data" / "codebook.yaml"
CODEBOOK = Codebook.load()

FAMILIES = {
    "territory_war": """kosovo_reconquest serb_world_unification greater_albania_unification greater_albania_threat
        kosovo_illegitimate_state war_crimes_denial war_criminal_glorification existential_victimhood
        greater_serbia_threat""",
    "outgroup_hostility": """ethnic_dehumanization ethnic_collective_guilt ethnic_exclusion_expulsion ingroup_traitor
        demographic_replacement other_harmful""",
    "religion": "islamist_supremacism orthodox_holy_land_war anti_muslim_othering kosovo_jihadist_hotbed",
    "returnee_stigma": """returnee_security_threat returnee_irredeemable returnee_children_future_terrorists
        returnee_gendered_blame returnee_resource_burden returnee_rejection returnee_alien_ideology""",
    "humanising_counter": """reintegration_success child_rights_victims_first second_chance_accountability
        stigma_counterspeech interethnic_solidarity acknowledging_past""",
}
ATTESTED = {
    "kosovo_reconquest": "Kosova është Serbi|Nuk ka dorëzim",
    "serb_world_unification": "srpski svet|srpski svijet",
    "greater_albania_unification": "Shqipëria Etnike|Shqipëria e Madhe|Velika Albanija",
    "kosovo_illegitimate_state": "teroristička OVK",
    "war_criminal_glorification": "večna slava|novi Obilići",
    "existential_victimhood": "tiho etničko čišćenje|proterivanje Srba",
    "ethnic_collective_guilt": "serbët vranë|Albanci truju našu decu",
    "ethnic_exclusion_expulsion": "razgraničenje",
    "ingroup_traitor": "spiun|izdajnik",
    "demographic_replacement": "naseljavanje migranata",
    "islamist_supremacism": "kalifat",
    "orthodox_holy_land_war": "srpski Jerusalim",
    "anti_muslim_othering": "mjekrosha|vehabistë",
    "kosovo_jihadist_hotbed": "kalifat u Srbiji",
    "returnee_security_threat": "bez kontrole se kreću",
    "returnee_children_future_terrorists": "deca džihadista",
    "returnee_gendered_blame": "kujdes me gratë e kthyera",
    "returnee_rejection": "idite svi",
    "reintegration_success": "risocializim|danas su dobro",
    "child_rights_victims_first": "fëmijët janë viktima",
    "second_chance_accountability": "shans të dytë|janë qytetarë të Kosovës",
    "stigma_counterspeech": "stigmatizim|etiketim|stigmatizacija",
    "interethnic_solidarity": "suživot",
}
WITHOUT_MIRROR = {
    "kosovo_reconquest",
    "kosovo_illegitimate_state",
    "islamist_supremacism",
    "orthodox_holy_land_war",
    "anti_muslim_othering",
    "kosovo_jihadist_hotbed",
}


def _localized() -> list[tuple[str, dict[str, str]]]:
    """Every text that stands in four languages, with the place it stands at."""
    found: list[tuple[str, dict[str, str]]] = []

    def walk(node: object, place: str) -> None:
        if isinstance(node, dict):
            if set(node) == set(LANGUAGES):
                found.append((place, node))
            for key, child in node.items():
                walk(child, f"{place}.{key}")
        elif isinstance(node, list):
            for at, child in enumerate(node):
                walk(child, f"{place}[{child.get('id', at) if isinstance(child, dict) else at}]")

    walk(CODEBOOK.model_dump(mode="json"), "codebook")
    return found


def _to_cyrillic(text: str) -> str:
    """Write Serbian Latin in Cyrillic; n+j and d+ž across a prefix or in a loanword stay two letters."""
    split = {"konjunkt": "конјункт", "injekc": "инјекц", "nadživ": "наджив", "vanjezi": "ванјези", "podžanr": "поджанр"}
    for latin, cyrillic in split.items():
        text = text.replace(latin, cyrillic)
    pairs = {"lj": "љ", "nj": "њ", "dž": "џ"}
    letters = dict(zip("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш", strict=True)) | pairs

    def letter(match: re.Match[str]) -> str:
        cyrillic = letters[match.group().lower()]
        return cyrillic.upper() if match.group()[0].isupper() else cyrillic

    return re.sub(r"(?i)lj|nj|dž|[a-zčćđšž]", letter, text)


def test_every_narrative_of_the_draft_is_there_in_its_family() -> None:
    assert [family.id for family in CODEBOOK.families] == list(FAMILIES)
    expected = {id: family for family, ids in FAMILIES.items() for id in ids.split()}
    assert {narrative.id: narrative.family for narrative in CODEBOOK.narratives} == expected


def test_attested_cues_are_those_of_the_draft_and_no_others() -> None:
    attested = {
        narrative.id: {cue.text for cue in (*narrative.cues.sq, *narrative.cues.sr) if cue.attested}
        for narrative in CODEBOOK.narratives
    }
    assert {id: cues for id, cues in attested.items() if cues} == {id: set(cues.split("|")) for id, cues in ATTESTED.items()}


def test_serbian_cues_are_latin_and_every_listed_narrative_has_cues_in_both_languages() -> None:
    for narrative in CODEBOOK.narratives:
        if narrative.id != "other_harmful":
            assert narrative.cues.sq and narrative.cues.sr, narrative.id
        for cue in narrative.cues.sr:
            assert not re.search("[Ѐ-ӿ]", cue.text), cue


@pytest.mark.parametrize(("place", "texts"), _localized(), ids=[place for place, _ in _localized()])
def test_cyrillic_is_the_transliteration_of_latin(place: str, texts: dict[str, str]) -> None:
    assert texts["sr-Cyrl"] == _to_cyrillic(texts["sr-Latn"])
    for text in texts.values():
        assert text == text.strip() == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [
        ("Ljubav i njegov džep", "Љубав и његов џеп"),
        ("konjunktura, injekcija, nadživeti", "конјунктура, инјекција, надживети"),
        ("Đačka knjiga", "Ђачка књига"),
    ],
)
def test_transliteration_of_the_tests_itself(latin: str, cyrillic: str) -> None:
    assert _to_cyrillic(latin) == cyrillic


def test_labels_are_short_and_distinct_in_every_language() -> None:
    for language in LANGUAGES:
        labels = [narrative.labels[language] for narrative in CODEBOOK.narratives]
        assert len(set(labels)) == len(labels)
        assert max(map(len, labels)) <= 60


def test_mirror_is_an_involution_and_those_without_are_listed() -> None:
    for narrative in CODEBOOK.narratives:
        mirror = CODEBOOK.mirror_of(narrative.id)
        assert mirror is None or CODEBOOK.mirror_of(mirror) == narrative.id
    assert {n.id for n in CODEBOOK.narratives if n.mirror is None} == WITHOUT_MIRROR == set(CODEBOOK.without_mirror)
    assert CODEBOOK.mirror_of("greater_albania_threat") == "greater_serbia_threat"
    assert CODEBOOK.mirror_of("serb_world_unification") == "greater_albania_unification"
    assert CODEBOOK.mirror_of("ethnic_dehumanization") == "ethnic_dehumanization"


def test_mirrored_narratives_agree_on_what_decides_a_label() -> None:
    for narrative in CODEBOOK.narratives:
        if narrative.mirror is not None:
            other = CODEBOOK.narrative(narrative.mirror)
            assert (narrative.family, narrative.requires_sense) == (other.family, other.requires_sense)


def test_returnee_narratives_need_the_sense_conflict_zone_and_no_others_do() -> None:
    needing = {n.id for n in CODEBOOK.narratives if n.requires_sense is Sense.CONFLICT_ZONE}
    extra = {"reintegration_success", "child_rights_victims_first", "second_chance_accountability"}
    assert needing == set(FAMILIES["returnee_stigma"].split()) | extra
    assert {n.requires_sense for n in CODEBOOK.narratives} == {Sense.CONFLICT_ZONE, None}


def test_only_other_harmful_stays_out_of_prevalence() -> None:
    assert [n.id for n in CODEBOOK.narratives if not n.counts_in_prevalence] == ["other_harmful"]


def test_what_no_publication_grounds_is_marked() -> None:
    ungrounded = {n.id for n in CODEBOOK.narratives if n.grounding == "hypothesis"}
    assert ungrounded == {"returnee_resource_burden", "greater_serbia_threat"}


def test_examples_are_sentences_of_their_own() -> None:
    texts = [example.text for narrative in CODEBOOK.narratives for example in narrative.examples]
    assert len(set(texts)) == len(texts)
    openings = [tuple(fold_text(text).split()[:3]) for text in texts]
    assert len(set(openings)) >= 0.95 * len(openings)


def test_humanising_examples_and_harmful_examples_show_more_than_one_stance() -> None:
    stances = {e.stance for n in CODEBOOK.narratives for e in n.examples if e.stance is not None}
    assert {Stance.ENDORSE, Stance.COUNTER, Stance.REPORT_NEUTRAL} <= stances


def test_dimensions_are_the_values_of_the_tags() -> None:
    dimensions = CODEBOOK.dimensions
    assert [stance.id for stance in dimensions.stances] == [str(stance) for stance in Stance]
    assert [sense.id for sense in dimensions.returnee_senses] == [str(sense) for sense in Sense]
    assert [harm.id for harm in dimensions.harm_exposures] == [str(harm) for harm in HarmExposure]
    assert [level.id for level in dimensions.severities] == list(range(7))
    assert [attribution.id for attribution in dimensions.attributions] == ["explicit", "implicit", "none"]
    assert (
        " ".join(speaker.id for speaker in dimensions.speakers)
        == "outlet_headline outlet_body op_ed politician official cleric expert civil_society citizen_quote"
        " affected_person platform_user unknown"
    )
    assert (
        " ".join(group.id for group in dimensions.target_groups)
        == "albanians serbs bosniaks roma_ashkali_egyptian turks_gorani muslims orthodox catholics migrants returnee_men"
        " returnee_women returnee_children returnee_families moderates journalists_ngos internationals other_nation"
    )


def test_the_borders_are_kept_and_name_only_known_values() -> None:
    assert [rule.id for rule in CODEBOOK.rules] == BORDERS.split()
    known = {n.id for n in CODEBOOK.narratives} | {f.id for f in CODEBOOK.families}
    known |= {t.id for name in ("stances", "target_groups", "returnee_senses") for t in getattr(CODEBOOK.dimensions, name)}
    for rule in CODEBOOK.rules:
        assert set(re.findall(r"[a-z]+(?:_[a-z]+)+", rule.text)) <= known, rule.id


BORDERS = """severity_own_voice mention_and_stance report_or_endorse stance_by_narrative legitimate_topic state_or_people
    headline_or_body register_alone humanising_voice returnee_sense generic_targets returnee_overlaps ethnic_tag
    unification_and_irony hotbed_scope"""
JUDGED = [
    (f"{rule.id}-{lang}-{kind}", judged)
    for rule in CODEBOOK.rules
    for lang, shown in rule.examples.items()
    for kind, judged in zip(
        ("positive", "near_miss", "first", "second"), (shown.positive, shown.near_miss, *shown.minimal_pair), strict=True
    )
]


@pytest.mark.parametrize(("id", "judged"), JUDGED, ids=[id for id, _ in JUDGED])
def test_examples_of_the_rules_obey_the_rules(id: str, judged: Judged) -> None:
    quiet = (Stance.COUNTER, Stance.REPORT_NEUTRAL)
    narratives = [CODEBOOK.narrative(carried.narrative) for carried in judged.carries]
    if narratives and all(
        c.stance in quiet or n.family == "humanising_counter" for c, n in zip(judged.carries, narratives, strict=True)
    ):
        assert judged.severity == 0
    if any(carried.stance is Stance.UNCLEAR for carried in judged.carries):
        assert judged.severity <= 1
    for narrative in narratives:
        assert narrative.requires_sense in (None, judged.sense)
    assert bool(judged.carries) or not id.endswith("positive")
    assert not judged.carries or not id.endswith("near_miss")


@pytest.mark.parametrize(
    ("lang", "pair"),
    [(lang, shown.minimal_pair) for rule in CODEBOOK.rules for lang, shown in rule.examples.items()],
    ids=[f"{rule.id}-{lang}" for rule in CODEBOOK.rules for lang in rule.examples],
)
def test_minimal_pairs_share_most_words(lang: str, pair: tuple[Judged, Judged]) -> None:
    first, second = (re.findall(r"\w+", fold_text(judged.text)) for judged in pair)
    shared = sum(block.size for block in difflib.SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks())
    assert shared / min(len(first), len(second)) >= 0.5


def test_texts_of_the_rules_stand_nowhere_else() -> None:
    texts = [judged.text for _, judged in JUDGED]
    assert len(set(texts)) == len(texts)
    assert not set(texts) & {example.text for narrative in CODEBOOK.narratives for example in narrative.examples}


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("sr", "Повратници из Сирије"),
        ("sr", "vraćena deca iz kampa"),
        ("sr", "vratili se iz Iraka"),
        ("sr", "повратак са ратишта"),
        ("sr", "stranih boraca"),
        ("sq", "gratë e kthyera"),
        ("sq", "të kthyerve nga zonat"),
        ("sq", "RIATDHESIMI"),
        ("sq", "u kthyen nga Siria"),
        ("sq", "të kthym prej Sirisë"),
    ],
)
def test_returnee_terms_notice_a_return(lang: str, text: str) -> None:
    terms = getattr(CODEBOOK.returnee_terms, lang)
    assert any(re.search(rf"\b{re.escape(term)}", fold_text(text)) for term in terms)


@pytest.mark.parametrize(
    ("lang", "text"), [("sr", "Novi tramvaji stižu u Beograd"), ("sq", "Çmimet e energjisë u rritën sërish")]
)
def test_returnee_terms_stay_silent_where_nobody_returns(lang: str, text: str) -> None:
    assert not any(re.search(rf"\b{re.escape(term)}", fold_text(text)) for term in getattr(CODEBOOK.returnee_terms, lang))


def test_register_markers_are_no_cues() -> None:
    markers = {fold_text(text) for text in (*CODEBOOK.register_markers.sq, *CODEBOOK.register_markers.sr)}
    cues = {fold_text(cue.text) for n in CODEBOOK.narratives for cue in (*n.cues.sq, *n.cues.sr)}
    assert not markers & cues


def test_bundled_codebook_is_read_once_and_cannot_be_changed() -> None:
    assert Codebook.load() is CODEBOOK
    assert Codebook.load(BUNDLED) == CODEBOOK
    with pytest.raises(ValidationError):
        CODEBOOK.narratives[0].family = "religion"  # type: ignore[misc]


def test_unknown_narrative_gets_the_nearest_id() -> None:
    with pytest.raises(CodebookError, match=r"'returnee_security_thread'.*did you mean 'returnee_security_threat'\?"):
        CODEBOOK.narrative("returnee_security_thread")
    with pytest.raises(CodebookError, match=r"'zzz'.*use one of kosovo_reconquest"):
        CODEBOOK.mirror_of("zzz")


# files

Content = dict[str, Any]
ORIGINAL: Content = yaml.safe_load(BUNDLED.read_text(encoding="utf-8"))


def _write(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def _reversed_keys(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _reversed_keys(node[key]) for key in reversed(node)}
    return [_reversed_keys(child) for child in node] if isinstance(node, list) else node


def test_digest_ignores_the_order_of_keys_and_follows_the_content(tmp_path: Path) -> None:
    assert re.fullmatch("[0-9a-f]{64}", CODEBOOK.digest)
    assert CODEBOOK.tag == f"1.0+{CODEBOOK.digest[:12]}"
    assert Codebook.load(_write(tmp_path / "turned.yaml", _reversed_keys(ORIGINAL))).digest == CODEBOOK.digest
    changed = copy.deepcopy(ORIGINAL)
    changed["narratives"][0]["cues"]["sq"][0]["attested"] = False
    assert Codebook.load(_write(tmp_path / "changed.yaml", changed)).tag != CODEBOOK.tag


def _narrative(content: Content, id: str) -> Content:
    found: Content = next(row for row in content["narratives"] if row["id"] == id)
    return found


def _set(id: str, *path: str | int, value: object) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        node: Any = _narrative(content, id)
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value

    return change


def _drop(id: str, *path: str | int) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        node: Any = _narrative(content, id)
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]

    return change


GUILT = "ethnic_collective_guilt"
BROKEN: dict[str, tuple[Callable[[Content], object], str]] = {
    "unknown family": (_set(GUILT, "family", value="religon"), rf"\[{GUILT}\].family: .*'religon'; did you mean 'religion'"),
    "unknown mirror": (_set(GUILT, "mirror", value="ethnic_guilt"), rf"\[{GUILT}\].mirror: .*'ethnic_guilt'; "),
    "mirror no involution": (_set(GUILT, "mirror", value="ingroup_traitor"), rf"\[{GUILT}\].mirror: .*name each other"),
    "null mirror not listed": (_set(GUILT, "mirror", value=None), rf"without_mirror: '{GUILT}' .*list it here"),
    "listed with mirror": (
        lambda c: c["without_mirror"].update({GUILT: "?"}),
        rf"without_mirror: '{GUILT}' .*set its mirror to null",
    ),
    "missing language": (_drop(GUILT, "labels", "sr-Cyrl"), rf"\[{GUILT}\].labels: no text in sr-Cyrl; write it"),
    "unknown language": (_set(GUILT, "labels", "de", value="Schuld"), rf"\[{GUILT}\].labels.de.*'de' is not allowed"),
    "empty definition": (_set(GUILT, "definition", "en", value=" "), rf"\[{GUILT}\].definition: no text in en; write it"),
    "other word in Cyrillic": (
        _set(GUILT, "labels", "sr-Cyrl", value="Кривица"),
        rf"\[{GUILT}\].labels: sr-Cyrl 'Кривица'.*same words",
    ),
    "Latin in place of Cyrillic": (
        _set(GUILT, "labels", "sr-Cyrl", value="Kolektivna krivica naroda"),
        rf"\[{GUILT}\].labels: sr-Cyrl 'Kol.*in Cyrillic letters",
    ),
    "c for ć in Cyrillic": (
        lambda c: c["families"][2]["definition"].update({"sr-Cyrl": c["families"][2]["definition"]["sr-Cyrl"].replace("ћ", "ч")}),
        r"families\[religion\].definition: sr-Cyrl .*надмоч",
    ),
    "duplicate id": (
        lambda c: c["narratives"].append(copy.deepcopy(c["narratives"][3])),
        r"narratives\[greater_albania_threat\]: .* 2 times; give each",
    ),
    "id with a capital": (
        lambda c: c["rules"][0].update(id="Own voice"),
        r"rules\[Own voice\].id: 'Own voice' is not allowed",
    ),
    "example missing": (_drop(GUILT, "examples", 1), rf"\[{GUILT}\].examples: no near_miss example in sq; write one"),
    "unknown stance": (
        _set(GUILT, "examples", 0, "stance", value="agree"),
        rf"\[{GUILT}\].examples\[0\].stance: 'agree' is not allowed",
    ),
    "positive without stance": (
        _set(GUILT, "examples", 0, "stance", value=None),
        rf"\[{GUILT}\].examples\[0\].stance: None with kind 'positive'",
    ),
    "near miss with stance": (
        _set(GUILT, "examples", 1, "stance", value="counter"),
        rf"\[{GUILT}\].examples\[1\].stance: 'counter' with kind 'near_miss'",
    ),
    "cue duplicated": (
        lambda c: _narrative(c, GUILT)["cues"]["sq"].append({"text": "Serbet vrane", "attested": False}),
        rf"\[{GUILT}\].cues.sq: the cue 'serbet vrane' stands 2 times",
    ),
    "cue a truth value": (
        _set(GUILT, "cues", "sr", 0, "text", value=True),
        rf"\[{GUILT}\].cues.sr\[0\].text: True is not allowed",
    ),
    "unknown sense": (
        _set(GUILT, "requires_sense", value="war"),
        rf"\[{GUILT}\].requires_sense: 'war' is not allowed \(.*'conflict_zone'",
    ),
    "unknown grounding": (_set(GUILT, "grounding", value="rumour"), rf"\[{GUILT}\].grounding: 'rumour' is not allowed"),
    "unknown field": (_set(GUILT, "mirrors", value=None), rf"\[{GUILT}\].mirrors: .*'mirrors' is unknown; correct its name"),
    "field missing": (_drop(GUILT, "excludes"), rf"\[{GUILT}\].excludes: .*'excludes' is missing; add it"),
    "empty list": (_set(GUILT, "includes", value=[]), rf"\[{GUILT}\].includes: \[\] is empty; write it"),
    "empty text": (lambda c: c["rules"][1].update(text=""), r"rules\[mention_and_stance\].text: '' is empty; write it"),
    "rule without examples in a language": (
        lambda c: c["rules"][0]["examples"].pop("sq"),
        r"rules\[severity_own_voice\]: rule 'severity_own_voice' has no examples in sq; write them",
    ),
    "pair without a border": (
        lambda c: c["rules"][0]["examples"]["sq"].update(minimal_pair=[{"text": "Një."}, {"text": "Dy."}]),
        r"rules\[severity_own_voice\].examples.sq: both passages .*judged alike",
    ),
    "unknown narrative in a rule": (
        lambda c: c["rules"][0]["examples"]["sq"]["positive"]["carries"][0].update(narrative="ingroup_traitors"),
        r"rules\[severity_own_voice\].examples.sq: unknown value 'ingroup_traitors'; did you mean 'ingroup_traitor'",
    ),
    "unknown target in a rule": (
        lambda c: c["rules"][0]["examples"]["sq"]["positive"]["carries"][0].update(target_groups=["serb"]),
        r"rules\[severity_own_voice\].examples.sq: unknown value 'serb'; did you mean 'serbs'",
    ),
    "section missing": (lambda c: c.pop("dimensions"), r"dimensions: the field 'dimensions' is missing; add it"),
    "stance unknown to the tags": (
        lambda c: c["dimensions"]["stances"][0].update(id="approve"),
        r"dimensions.stances: 'approve' is unknown; remove it",
    ),
    "sense left out": (
        lambda c: c["dimensions"]["returnee_senses"].pop(),
        r"dimensions.returnee_senses: 'ambiguous' is missing; add it",
    ),
    "severity out of range": (
        lambda c: c["dimensions"]["severities"][6].update(id=7),
        r"dimensions.severities\[7\].id: 7 is not allowed",
    ),
    "trigger not folded": (
        lambda c: c["returnee_terms"]["sr"].append("Vraćen"),
        r"returnee_terms.sr\[\d+\]: term 'Vraćen' is not folded; write 'vracen'",
    ),
    "narratives a mapping": (lambda c: c.update(narratives={}), r"narratives: \{\} is not allowed"),
    "narrative a text": (lambda c: c["narratives"].__setitem__(0, "kosovo"), r"narratives\[0\]: 'kosovo' is not allowed"),
    "version a number": (lambda c: c.update(version=1.0), r"version: 1.0 is not allowed"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_file_is_named_in_one_line(kind: str, tmp_path: Path) -> None:
    change, expected = BROKEN[kind]
    content = copy.deepcopy(ORIGINAL)
    change(content)
    path = _write(tmp_path / "codebook.yaml", content)
    problems = Codebook.validate_file(path)
    assert any(re.search(expected, problem) for problem in problems), problems
    for problem in problems:
        assert problem.startswith(f"{path}: ") and "\n" not in problem and ";" in problem
    with pytest.raises(CodebookError) as raised:
        Codebook.load(path)
    assert str(raised.value).startswith(problems[0])
    assert (f"1 of {len(problems)} problems" in str(raised.value)) == (len(problems) > 1)


def test_all_problems_are_found_at_once(tmp_path: Path) -> None:
    content = copy.deepcopy(ORIGINAL)
    kinds = ["unknown family", "missing language", "example missing", "trigger not folded", "unknown grounding"]
    for kind in kinds:
        BROKEN[kind][0](content)
    problems = Codebook.validate_file(_write(tmp_path / "codebook.yaml", content))
    assert len(problems) == len(kinds)
    for kind in kinds:
        assert any(re.search(BROKEN[kind][1], problem) for problem in problems), kind


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"version: a\nfamilies: [1, 2\nrules: x\n", r":3:\d+: .*; correct the YAML", id="bracket"),
        pytest.param(b"version: a\n\tfamilies: b\n", r":2:\d+: ", id="tab"),
        pytest.param(b"version: a\nrules: []\nversion: b\n", r":3:1: the key 'version' stands twice", id="key twice"),
        pytest.param(b"version: \xff\n", r": .*0xff.*save it as UTF-8", id="not UTF-8"),
        pytest.param(b"version: 2026-13-40\n", r": month must be in 1..12", id="impossible date"),
        pytest.param(b"a: *b\n", r":1:4: ", id="unknown alias"),
        pytest.param(b"- a\n- b\n", r": holds list, not a mapping", id="list"),
        pytest.param(b"", r": holds NoneType, not a mapping", id="empty"),
        pytest.param(b"{}\n", r": version: the field 'version' is missing", id="empty mapping"),
        pytest.param(b"version: !!python/object/apply:os.getcwd []\n", r":1:10: could not determine", id="foreign object"),
    ],
)
def test_unreadable_file_is_named_in_one_line_with_its_place(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "codebook.yaml"
    path.write_bytes(content)
    with pytest.raises(CodebookError) as raised:
        Codebook.load(path)
    assert re.match(re.escape(str(path)) + expected, str(raised.value)), str(raised.value)
    assert "\n" not in str(raised.value)


def test_absent_file_is_named(tmp_path: Path) -> None:
    assert Codebook.validate_file(tmp_path / "none.yaml")[0].endswith("; check the path.")
    with pytest.raises(CodebookError, match=r"none\.yaml: .*No such file"):
        Codebook.load(tmp_path / "none.yaml")

"""Names in documents: paired names with ids, no common word taken for a place, and nobody named who holds no public office."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from evaluation.variants import to_cyrillic, without_diacritics
from models.entities.store import shipped_recogniser
from nlp.entities import EntityStep
from nlp.gazetteer import known_forms
from nlp.segmentation import Passage

Found = list[tuple[str, str, str | None]]


@pytest.fixture(scope="module")
def step() -> EntityStep:
    """The gazetteer with the shipped recogniser, alone where this installation has none: what follows must hold for both."""
    return EntityStep(shipped_recogniser())


@pytest.fixture(scope="module")
def recogniser_step(step: EntityStep) -> EntityStep:
    """The same where names are wanted that only a recogniser finds."""
    if shipped_recogniser() is None:
        pytest.skip("this installation has no entity model; eho models train ner makes one")
    return step


@pytest.fixture(scope="module")
def names_only() -> EntityStep:
    """The gazetteer alone, as where no entity model is installed."""
    return EntityStep()


def _found(step: EntityStep, text: str, lang: str, *, conflict_zone: bool = False) -> Found:
    entities = step.find([Passage(text, 0, len(text), "text", 0)], lang, conflict_zone=conflict_zone)
    return [(text[one.start : one.end], one.type, one.canonical_id) for one in entities]


def _ids(step: EntityStep, text: str, lang: str) -> list[str | None]:
    return [identifier for _, _, identifier in _found(step, text, lang)]


PAIRED = [
    ("place:pristina", "Në Prishtinë", "U Prištini"),
    ("place:pristina", "e Prishtinës", "iz Prištine"),
    ("place:mitrovica", "në Mitrovicë", "u Kosovskoj Mitrovici"),
    ("place:recak", "në Reçak", "u Račku"),
    ("place:gjakova", "në Gjakovën", "u Đakovici"),
    ("place:al-hol", "kampi Al-Hol", "logor Al-Hol"),
    ("place:al-hol", "kampi El Hol", "iz El-Hola"),
    ("place:baghuz", "në Baghuz", "kod Baguza"),
    ("group:uck", "nga UÇK-ja", "pripadnik OVK"),
    ("group:uck", "UÇK-së", "OVK-a"),
    ("group:isis", "nga ISIS-i", "za ISIS"),
    ("group:isis", "Shtetit Islamik", "Islamske države"),
    ("group:isis", "DAESH-i", "Daeš"),
    ("org:eulex", "EULEX-it", "Euleks"),
    ("org:kfor", "KFOR-it", "KFOR-a"),
    ("org:osce", "OSBE-ja", "OEBS-a"),
    ("church:spc", "Kishës Ortodokse Serbe", "Srpske pravoslavne crkve"),
    ("church:bik", "Bashkësia Islame e Kosovës", "Islamska zajednica Kosova"),
    ("place:montenegro", "në Malin e Zi", "u Crnoj Gori"),
]


@pytest.mark.parametrize(("identifier", "albanian", "serbian"), PAIRED, ids=[f"{row[0]}-{at}" for at, row in enumerate(PAIRED)])
def test_one_id_for_both_languages_in_every_spelling(
    names_only: EntityStep, identifier: str, albanian: str, serbian: str
) -> None:
    for text, lang in (
        (albanian, "sq"), (without_diacritics(albanian), "sq"), (serbian, "sr-Latn"),
        (to_cyrillic(serbian), "sr-Cyrl"), (without_diacritics(serbian), "sr-Latn"),
    ):  # fmt: skip
        assert identifier in _ids(names_only, text, lang), text


def test_span_covers_the_ending_in_the_text_as_published(names_only: EntityStep) -> None:
    assert _found(names_only, "Ушао је у Ђаковицу јуче.", "sr-Cyrl") == [("Ђаковицу", "LOC", "place:gjakova")]
    assert _found(names_only, "Zyrtarët e UÇK-së.", "sq") == [("UÇK-së", "ORG", "group:uck")]


def test_the_longest_name_is_taken(names_only: EntityStep) -> None:
    assert _ids(names_only, "Vlada Srbije i Srbija.", "sr-Latn") == ["org:serbian-government", "place:serbia"]
    assert _ids(names_only, "Velika Albanija", "sr-Latn") == ["place:great-albania"]


COMMON_WORDS = [
    ("swarm", "Roj pčela je izleteo. Bio je to ogroman roj.", "sr-Latn", "place:roj"),
    ("swarm in Cyrillic", "Рој пчела у воћњаку.", "sr-Cyrl", "place:roj"),
    ("east at the start", "Istok je uvek bio zagonetan.", "sr-Latn", "place:istog"),
    ("east beside west", "Sukob koji deli Zapad i Istok traje.", "sr-Latn", "place:istog"),
    ("the Middle East", "Bliski istok i Bliski Istok su daleko od grada.", "sr-Latn", "place:istog"),
    ("oven at the start", "Peć se pokvarila.", "sr-Latn", "place:peja"),
    ("oven in the middle", "Kupili su novu peć.", "sr-Latn", "place:peja"),
    ("the year", "Viti i kaluar ishte i mirë.", "sq", "place:viti"),
    ("id card", "Pokazao je ID karticu.", "sr-Latn", "group:isis"),
    ("a Serb, Russians", "Rusi su otputovali.", "sr-Latn", "place:russia"),
]


@pytest.mark.parametrize(("text", "lang", "wrong"), [row[1:] for row in COMMON_WORDS], ids=[row[0] for row in COMMON_WORDS])
def test_common_words_are_no_places(step: EntityStep, text: str, lang: str, wrong: str) -> None:
    assert wrong not in _ids(step, text, lang)


def test_ambiguous_names_stand_with_their_context(names_only: EntityStep) -> None:
    assert "place:roj" in _ids(names_only, "Deca iz kampa Roj u Siriji.", "sr-Latn")
    assert "place:istog" in _ids(names_only, "Stigli su u opštinu Istok.", "sr-Latn")
    assert "group:isis" in _ids(names_only, "Borio se za ID u Siriji.", "sr-Latn")


NAMED = [
    ("sq role before", "Ministri i Jashtëm serb Vuk Jeremiq qëndroi në Berlin.", "sq", "Vuk Jeremiq"),
    ("sq president", "Presidenti i Kosovës Fatmir Sejdiu u takua me ta.", "sq", "Fatmir Sejdiu"),
    ("sr role before", "Ministar odbrane Bratislav Gašić je govorio.", "sr-Latn", "Bratislav Gašić"),
    ("sr role after", "Vuk Jeremić, ministar spoljnih poslova, otputovao je.", "sr-Latn", "Vuk Jeremić"),
    ("Cyrillic spokesman", "Портпарол полиције Бесим Хоти рекао је то јуче.", "sr-Cyrl", "Бесим Хоти"),
]


@pytest.mark.parametrize(("text", "lang", "name"), [row[1:] for row in NAMED], ids=[row[0] for row in NAMED])
def test_persons_with_a_public_role_are_found(recogniser_step: EntityStep, text: str, lang: str, name: str) -> None:
    assert (name, "PER", None) in _found(recogniser_step, text, lang)


NOT_NAMED = [
    ("sq accused relative", "I akuzuari Agim Berisha, djali i ministrit të Drejtësisë, u arrestua.", "sq"),
    ("sq son of a minister", "Djali i ministrit Besnik Hoxha, Luan Hoxha, u kthye nga Siria.", "sq"),
    ("sq object of the verb", "Ministri vizitoi Arben Krasniqin në shtëpi.", "sq"),
    ("sq former office", "Ish-deputeti Fatmir Gashi foli për gazetën.", "sq"),
    ("sq returnee", "E kthyera Albana Gashi u takua me deputeten.", "sq"),
    ("sq victim", "Viktima Drita Krasniqi, kryetare e klasës, kishte 14 vjet.", "sq"),
    ("sq returnee with a role", "Kryetari Blerim Hasani, i kthyer nga Siria, u dënua.", "sq"),
    ("sq two names, one role", "U takuan ministri i Drejtësisë dhe Arben Krasniqi.", "sq"),
    ("sr children of a minister", "Deca ministra Petrovića su u školi.", "sr-Latn"),
    ("sr son of a mayor", "Sin predsednika opštine Marka Nikolića, Luka Nikolić, osumnjičen je.", "sr-Latn"),
    ("sr accused former deputy", "Optuženi Dragan Marković, bivši poslanik, pušten je.", "sr-Latn"),
    ("sr verb between", "Predsednik je sreo Anu Petrović u Nišu.", "sr-Latn"),
    ("sr returnee", "Povratnica Amra Hodžić razgovarala je sa ministrom.", "sr-Latn"),
    ("sr girl", "Maloletna Milica Jović i ministarka razgovarale su.", "sr-Latn"),
    ("Cyrillic accused", "Оптужени Драган Марковић, председник општине, пуштен је.", "sr-Cyrl"),
    ("Cyrillic brother", "Брат министра Јована Петровића, Марко Петровић, ухапшен је.", "sr-Cyrl"),
    ("Cyrillic neighbour", "Комшија Петар Петровић рекао је да не зна ништа.", "sr-Cyrl"),
    ("Cyrillic returnee", "Повратник Енес Хаџић живи у Новом Пазару.", "sr-Cyrl"),
]


@pytest.mark.parametrize(("text", "lang"), [row[1:] for row in NOT_NAMED], ids=[row[0] for row in NOT_NAMED])
def test_no_other_person_is_ever_given_out(step: EntityStep, text: str, lang: str) -> None:
    assert [one for one in _found(step, text, lang) if one[1] == "PER"] == []
    private = {word for word in text.replace(",", "").replace(".", "").split()[1:] if word[0].isupper()}
    public = {"Siria", "Drejtësisë", "Nišu", "Новом", "Пазару"}
    given_out = {word for words, _, _ in _found(step, text, lang) for word in words.split()}
    assert given_out & private <= public


PRIVATE = [
    # (case, sentence in sr-Latn or sq with {} for the name, names as inflected there)
    ("dative", "sr-Latn", "Dali su {} ključeve stana.", ("Marku Petroviću", "Amri Hodžić", "Petru Zvrčku")),
    ("dative of one who returned", "sr-Latn", "Pomogli su povratniku {} u selu.", ("Enesu Hadžiću", "Labinotu Gashiju")),
    ("instrumental", "sr-Latn", "Razgovarali smo sa {} o povratku.", ("Dragom Markovićem", "Šefkom Đerlekom")),
    ("possessive", "sr-Latn", "Kuća {} je izgorela.", ("Milice Jović", "porodice Nikolić")),
    ("a surname that is a town's", "sr-Latn", "Komšija {} ne zna ništa.", ("Ismet Prizrenac", "Hasan Peć")),
    ("teacher", "sr-Latn", "Nastavnica {} je pričala o deci.", ("Jelena Đorđević", "Snežana Ilić")),
    ("initials", "sr-Latn", "Maloletni {} je vraćen iz Sirije.", ("A. B.", "A.B.", "M. Đ. (14)", "Lj.P.")),
    ("initials with an age", "sr-Latn", "Dečak {} iz okoline Vranja ide u školu.", ("N. N. (9)", "S.K. (16)", "M. (12)")),
    ("first name with an age", "sr-Latn", "Sa njom živi i {} koja crta.", ("Lejla (7)", "Amina, 9,")),
    ("sq dative", "sq", "Ia dhanë {} çelësat e shtëpisë.", ("Arben Krasniqit", "Drita Gashit", "Besa Hoxhës")),
    ("sq genitive", "sq", "Shtëpia e {} u dogj.", ("Luan Berishës", "Albana Gashit")),
    ("sq ablative", "sq", "Mora një letër prej {} dje.", ("Blerim Hasanit", "Shpresa Prizrenit")),
    ("sq initials", "sq", "I mituri {} u kthye nga Siria.", ("A. B.", "A.B.", "L.K. (15)", "Xh. H.")),
    ("sq girl by first name", "sq", "Vajza {} shkon në shkollë.", ("Erblina (8)", "Drita, 14,")),
]
PRIVATE_ROWS = [
    pytest.param(write(sentence.format(name)), write(name), code, id=f"{case}-{name}-{code}")
    for case, lang, sentence, names in PRIVATE
    for name in names
    for code, write in (((lang, str), (lang, without_diacritics)) + ((("sr-Cyrl", to_cyrillic),) if lang == "sr-Latn" else ()))
]


@pytest.mark.parametrize(("text", "name", "lang"), PRIVATE_ROWS)
@pytest.mark.parametrize("conflict_zone", [False, True], ids=["any", "conflict zone"])
def test_no_part_of_a_private_name_is_given_out(
    step: EntityStep, text: str, name: str, lang: str, *, conflict_zone: bool
) -> None:
    start, end = text.index(name), text.index(name) + len(name)
    passage = Passage(text, 0, len(text), "text", 0)
    found = step.find([passage], lang, conflict_zone=conflict_zone)
    assert [text[one.start : one.end] for one in found if one.start < end and start < one.end] == []


def test_a_place_in_the_dative_is_still_a_place(step: EntityStep) -> None:
    for text, lang in (("Prilaze Račku.", "sr-Latn"), ("Прилазе Рачку.", "sr-Cyrl"), ("Iu afruan Reçakut.", "sq")):
        assert _ids(step, text, lang) == ["place:recak"]


OFFICE_HOLDERS = [
    ("full name", "Aleksandar Vučić je u Beogradu.", "sr-Latn", True),
    ("Cyrillic, inflected", "Састанак са Александром Вучићем.", "sr-Cyrl", True),
    ("surname with role", "Izjavio je predsednik Vučić.", "sr-Latn", True),
    ("Albanian spelling", "Takimi me Aleksandar Vuçiqin.", "sq", True),
    ("a relative of the same name", "Andrej Vučić je u Beogradu.", "sr-Latn", False),
    ("brother of", "Brat Aleksandra Vučića je došao.", "sr-Latn", False),
    ("Albanian sister of", "Motra e Albin Kurtit foli.", "sq", False),
    ("another first name", "Besnik Kurti jeton në Pejë.", "sq", False),
]


@pytest.mark.parametrize(("text", "lang", "given"), [row[1:] for row in OFFICE_HOLDERS], ids=[row[0] for row in OFFICE_HOLDERS])
@pytest.mark.parametrize("which", ["step", "names_only"])
def test_office_holders_by_name(request: pytest.FixtureRequest, which: str, text: str, lang: str, *, given: bool) -> None:
    found = _found(request.getfixturevalue(which), text, lang)
    assert any(kind == "PER" and identifier for _, kind, identifier in found) is given


def test_a_surname_that_is_a_town_is_no_town(step: EntityStep) -> None:
    assert _ids(step, "Rexhep Prizreni jeton në Gjakovë.", "sq") == ["place:gjakova"]


def test_villages_need_a_word_beside_them_and_stay_out_of_the_conflict_zone(names_only: EntityStep) -> None:
    text = "U selu Velika Hoča i u Prizrenu."
    assert [row[0] for row in _found(names_only, text, "sr-Latn")] == ["Velika Hoča", "Prizrenu"]
    assert [row[0] for row in _found(names_only, text, "sr-Latn", conflict_zone=True)] == ["Prizrenu"]
    assert _ids(names_only, "Gradica je lepa, a Vrelo je hladno.", "sr-Latn") == []


def test_words_that_were_read_do_not_stay_in_memory(step: EntityStep) -> None:
    kept = step._pipeline.vocab.strings
    assert _ids(step, "Zvrkoslav Trtić je u Prištini.", "sr-Latn") == ["place:pristina"]
    assert "Pristini" in kept  # a form of the gazetteer
    assert not {"Zvrkoslav", "Trtic"} & set(kept)


def test_threads_may_tag_at_once(step: EntityStep) -> None:
    texts = [f"Reporter {number} je juče bio u Prištini i u Nišu sa KFOR-om." for number in range(40)]
    alone = [_found(step, text, "sr-Latn") for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: _found(step, text, "sr-Latn"), texts)) == alone


def test_offsets_are_those_of_the_document(names_only: EntityStep) -> None:
    passage = Passage("Priština", 100, 108, "title", 0)
    [entity] = names_only.find([passage], "sr-Latn")
    assert (entity.start, entity.end, entity.field) == (100, 108, "title")


@pytest.mark.parametrize("language", ["sq", "sr"])
def test_forms_of_places_and_bodies_are_unambiguous(language: str) -> None:
    forms = known_forms("sq" if language == "sq" else "sr")
    assert len(forms) > 5000
    assert not [form for form in forms if len(form) < 2 or form != form.strip()]


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b\u200d", "a" * 5000, "😀😀😀 😀", "\x00\x01 Kosovo \x1f", "<b>Kosovo</b>"], ids=range(7)
)
def test_odd_text_gives_an_answer(step: EntityStep, text: str) -> None:
    for _, _, identifier in _found(step, text, "sr-Latn"):
        assert identifier is None or identifier == "place:kosovo"


@pytest.mark.parametrize(
    ("text", "lang", "named"),
    [
        ("Ministrja e Jashtme e Kosovës Donika Gërvalla vizitoi Reçakun.", "sq", "Donika Gërvalla"),
        ("Ministarka spoljnih poslova Donika Gervala posetila je Račak.", "sr-Latn", "Donika Gervala"),
        ("Министарка спољних послова Доника Гервала посетила је Рачак.", "sr-Cyrl", "Доника Гервала"),
    ],
)
def test_a_person_ends_where_capitals_end(text: str, lang: str, named: str) -> None:
    step = EntityStep(shipped_recogniser())
    found = {text[one.start : one.end]: one for one in step.find([Passage(text, 0, len(text), "text", 0)], lang)}
    assert all(name == named for name, one in found.items() if one.type == "PER")
    assert any(one.canonical_id == "place:recak" for one in found.values())

"""What every engine answers: one suite for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from eho.annotation import AnnotatedDocument
from eho.document import Cluster
from eho.errors import EngineError, InputError
from index.answers import Filters, SearchOptions
from index.protocol import Index
from index.query import parse
from index.term_list import TermList
from tests.index.conftest import ENGINES, MODEL, annotated, annotation, opened

TEXTS = {
    "latn": "Povratnici iz Sirije traže čovečnost i đake u Peći, kaže Vučić.",
    "cyrl": "Повратници из Сирије траже човечност и ђаке у Пећи, каже Вучић.",
    "ascii": "Povratnici iz Sirije traze covecnost i djake u Peci, kaze Vucic.",
    "sq": "Të kthyerit nga Siria: përplasje në Prishtinë, çështja e fëmijëve.",
    "sq_ascii": "Te kthyerit nga Siria: perplasje ne Prishtine, ceshtja e femijeve.",
}
SERBIAN = {"latn", "cyrl", "ascii"}
ALBANIAN = {"sq", "sq_ascii"}


def find(index: Index, query: str, **options: Any) -> set[str]:
    answer = index.search(parse(query), SearchOptions(limit=100, **options))
    assert answer.total == len(answer.hits)
    return {hit.id for hit in answer.hits}


def build(index: Index, *documents: AnnotatedDocument, sequence: int = 7) -> Index:
    index.rebuild(documents, sequence=sequence)
    return index


@pytest.fixture(scope="module", params=ENGINES)
def texts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with opened(request, tmp_path_factory.mktemp("texts")) as index:
        yield build(
            index,
            annotated("latn", TEXTS["latn"], title="Naslov", sense="conflict_zone"),
            annotated("cyrl", TEXTS["cyrl"], title="Наслов", lang="sr-Cyrl"),
            annotated("ascii", TEXTS["ascii"], title="naslov", cluster=Cluster(id="latn", role="copy", similarity=0.9)),
            annotated("sq", TEXTS["sq"], lang="sq", source="Zëri i Drinit", sense="conflict_zone", entities=("place:Pristina",)),
            annotated("sq_ascii", TEXTS["sq_ascii"], lang="sq", source="Zëri i Drinit", kind="comment"),
        )


@pytest.fixture(scope="module", params=ENGINES)
def tagged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with opened(request, tmp_path_factory.mktemp("tagged")) as index:
        yield build(
            index,
            annotated(
                "endorses_x",
                "tekst",
                annotation("x", speaker="politician", target_groups=("serbs", "albanians"), severity=4),
            ),
            annotated("rejects_x_endorses_y", "tekst", annotation("x", "counter"), annotation("y", "endorse", severity=1)),
            annotated("reports_x", "tekst", annotation("x", "report_neutral", reviewed="two")),
            annotated("insult", "tekst", severity=3),
            annotated("hidden", "tekst", annotation("z", needs_review=True)),
        )


@pytest.fixture(scope="module", params=ENGINES)
def forms(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with opened(request, tmp_path_factory.mktemp("forms")) as index:
        yield build(index, *(annotated(name, text, lang=lang) for name, text, lang in FORMS))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("povratnici", SERBIAN, id="latin"),
        pytest.param("повратници", SERBIAN, id="cyrillic"),
        pytest.param("POVRATNICI", SERBIAN, id="capitals"),
        pytest.param("čovečnost", SERBIAN, id="diacritics"),
        pytest.param("covecnost", SERBIAN, id="ascii"),
        pytest.param("човечност", SERBIAN, id="cyrillic-diacritics"),
        pytest.param("đake", SERBIAN, id="dj-as-one"),
        pytest.param("djake", SERBIAN, id="dj-as-two"),
        pytest.param("ђаке", SERBIAN, id="dj-cyrillic"),
        pytest.param("përplasje", ALBANIAN, id="albanian"),
        pytest.param("perplasje", ALBANIAN, id="albanian-ascii"),
        pytest.param("povratnic*", SERBIAN, id="wildcard"),
        pytest.param("повратниц*", SERBIAN, id="wildcard-cyrillic"),
        pytest.param("*ratnici", SERBIAN, id="wildcard-leading"),
        pytest.param("pov*nici", SERBIAN, id="wildcard-inner"),
        pytest.param("fëmijë*", ALBANIAN, id="wildcard-albanian"),
        pytest.param('"povratnici iz sirije"', SERBIAN, id="phrase"),
        pytest.param("„повратници из Сирије“", SERBIAN, id="phrase-low-quotes"),
        pytest.param("«të kthyerit nga»", ALBANIAN, id="phrase-guillemets"),
        pytest.param('"iz povratnici"', set(), id="phrase-order"),
        pytest.param('"povrat* iz Sir*"', SERBIAN, id="phrase-with-wildcards"),
        pytest.param('"povratnici djake"~5', SERBIAN, id="near"),
        pytest.param('"djake povratnici"~5', SERBIAN, id="near-other-order"),
        pytest.param('"povratnici djake"~4', set(), id="near-too-far"),
        pytest.param("povratnisi~1", SERBIAN, id="fuzzy-1"),
        pytest.param("povrtanisi~2", SERBIAN, id="fuzzy-2-with-swap"),
        pytest.param("povrtanisi~1", set(), id="fuzzy-too-far"),
        pytest.param('"Povratnici iz Sirije traže"!', {"latn"}, id="exact-latin"),
        pytest.param('"повратници"!', {"cyrl"}, id="exact-cyrillic"),
        pytest.param('"traze"!', {"ascii"}, id="exact-ascii"),
        pytest.param("povratnici kthyerit", set(), id="and"),
        pytest.param("povratnici OR kthyerit", SERBIAN | ALBANIAN, id="or"),
        pytest.param("NOT povratnici", ALBANIAN, id="not"),
        pytest.param("-povratnici", ALBANIAN, id="minus"),
        pytest.param("(povratnici OR kthyerit) NOT (peći OR prishtinë)", set(), id="parentheses"),
        pytest.param("povratnici AND NOT text:kthyerit", SERBIAN, id="and-not-field"),
        pytest.param("title:naslov", SERBIAN, id="title"),
        pytest.param("text:naslov", set(), id="text-only"),
        pytest.param("lang:sr", SERBIAN, id="lang-both-scripts"),
        pytest.param("lang:sr-Cyrl", {"cyrl"}, id="lang-one-script"),
        pytest.param("lang:sq", ALBANIAN, id="lang-sq"),
        pytest.param("source:VALA", SERBIAN, id="source-case"),
        pytest.param('source:"zëri i drinit"', ALBANIAN, id="source-with-spaces"),
        pytest.param("source:zeri*", ALBANIAN, id="source-wildcard"),
        pytest.param("kind:comment", {"sq_ascii"}, id="kind"),
        pytest.param("entity:place:pristina", {"sq"}, id="entity"),
        pytest.param("sense:conflict_zone", {"latn", "sq"}, id="sense"),
        pytest.param("cluster:latn", {"latn", "ascii"}, id="cluster"),
        pytest.param("date:[2026-03-10 TO 2026-03-10]", SERBIAN | ALBANIAN, id="date"),
        pytest.param("date:2026-02", set(), id="date-month"),
        pytest.param("al-povratnici", set(), id="hyphen-is-a-phrase"),
        pytest.param("", SERBIAN | ALBANIAN, id="everything"),
    ],
)
def test_queries(texts: Index, query: str, expected: set[str]) -> None:
    assert find(texts, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("narrative:x stance:endorse", {"endorses_x"}, id="same-annotation"),
        pytest.param("stance:endorse NOT narrative:x", {"rejects_x_endorses_y"}, id="negated-narrative"),
        pytest.param("narrative:x NOT stance:endorse", {"rejects_x_endorses_y", "reports_x"}, id="negated-stance"),
        pytest.param("narrative:x -stance:endorse", {"rejects_x_endorses_y", "reports_x"}, id="minus-stance"),
        pytest.param("NOT narrative:x", {"insult", "hidden"}, id="no-such-annotation"),
        pytest.param(
            "tekst NOT narrative:y", {"endorses_x", "reports_x", "insult", "hidden"}, id="no-such-annotation-beside-a-word"
        ),
        pytest.param("narrative:x NOT narrative:y", {"endorses_x", "reports_x"}, id="one-without-the-other"),
        pytest.param("narrative:x narrative:y", {"rejects_x_endorses_y"}, id="two-narratives"),
        pytest.param("(narrative:x stance:counter) (narrative:y stance:endorse)", {"rejects_x_endorses_y"}, id="two-groups"),
        pytest.param("(narrative:x stance:endorse) (narrative:y stance:endorse)", set(), id="two-groups-no-hit"),
        pytest.param(
            "narrative:x (stance:endorse OR stance:counter)", {"endorses_x", "rejects_x_endorses_y"}, id="or-of-stances"
        ),
        pytest.param("narrative:x stance:(endorse OR counter)", {"endorses_x", "rejects_x_endorses_y"}, id="or-inside-field"),
        pytest.param("narrative:x speaker:politician", {"endorses_x"}, id="speaker"),
        pytest.param("narrative:x target:serbs", {"endorses_x"}, id="target"),
        pytest.param("narrative:x target:serbs NOT target:albanians", set(), id="target-negated-is-of-the-same-annotation"),
        pytest.param("narrative:x severity:>=3", {"endorses_x"}, id="severity"),
        pytest.param("severity:>=3", {"endorses_x", "insult"}, id="severity-of-an-insult-without-narrative"),
        pytest.param("severity:<3 stance:*", {"rejects_x_endorses_y", "reports_x"}, id="severity-below"),
        pytest.param("narrative:x reviewed:two", {"reports_x"}, id="reviewed"),
        pytest.param("narrative:*", {"endorses_x", "rejects_x_endorses_y", "reports_x"}, id="any-narrative"),
    ],
)
def test_conditions_bind_to_one_annotation(tagged: Index, query: str, expected: set[str]) -> None:
    assert find(tagged, query) == expected


def test_annotations_that_need_review_are_left_out_unless_asked_for(index: Index) -> None:
    build(index, annotated("hidden", "tekst", annotation("z", needs_review=True), annotation("x")))
    shown = index.search(parse("narrative:x"), SearchOptions())
    assert [row["narrative"] for row in shown.hits[0].annotations] == ["x"]
    assert shown.facets["narrative"] == [{"value": "x", "count": 1}]
    assert "left out" in shown.explained
    assert find(index, "narrative:z") == set()
    assert find(index, "narrative:z", include_needs_review=True) == {"hidden"}
    asked = index.search(parse("narrative:z"), SearchOptions(include_needs_review=True))
    assert asked.facets["narrative"] == [{"value": "x", "count": 1}, {"value": "z", "count": 1}]
    assert len(asked.hits[0].annotations) == 2


def test_an_answer_is_the_json_of_the_interface(index: Index) -> None:
    one = annotated("d1", "Beograd. Povratnici iz Sirije su ovde.", annotation("x"), url="http://vala.test/1", title="Повратници")
    answer = build(index, one).search(parse("povratnici"), SearchOptions(model=MODEL)).to_mapping()
    assert set(answer) == {"query", "explained", "total", "total_is_exact", "hits", "facets", "next", "snapshot"}
    assert answer["snapshot"] == "s7-baseline@1-0123456789ab"
    assert answer["total"] == 1
    assert answer["total_is_exact"] is True
    assert answer["next"] is None
    hit = answer["hits"][0]
    assert hit["published_at"] == "2026-03-10T12:00:00Z"
    assert hit["score"] > 0
    assert hit["cluster_size"] == 1
    assert hit["snippets"] == [{"text": "Beograd. Povratnici iz Sirije su ovde.", "highlights": [[9, 19]]}]
    assert hit["title_highlights"] == [[0, 10]]
    assert hit["annotations"] == [
        {
            "narrative": "x",
            "stance": "endorse",
            "speaker": {"type": "unknown", "attribution": "none"},
            "reviewed": "machine",
            "score": 0.9,
        }
    ]
    assert answer["facets"]["month"] == [{"value": "2026-03", "count": 1}]
    assert answer["facets"]["source"] == [{"value": "vala", "count": 1}]


def test_evidence_is_shown_where_no_words_were_asked_for(index: Index) -> None:
    text = "Uvod. " * 80 + "Tempirana bomba su oni."
    span = {"start": 480, "end": 495}
    build(index, annotated("d1", text, annotation("x", spans=(span,))))
    snippet = index.search(parse("narrative:x"), SearchOptions()).hits[0].snippets[0]
    assert [snippet.text[start:end] for start, end in snippet.highlights] == ["Tempirana bomba"]


def test_facets_count_all_hits(index: Index) -> None:
    documents = [
        annotated(f"d{n}", "tekst", annotation("x"), annotation("y"), source=f"s{n % 3}", published_at=f"2026-0{n % 3 + 1}-15")
        for n in range(10)
    ]
    answer = build(index, *documents).search(parse("tekst"), SearchOptions(limit=2))
    assert answer.facets["source"] == [{"value": "s0", "count": 4}, {"value": "s1", "count": 3}, {"value": "s2", "count": 3}]
    assert [row["value"] for row in answer.facets["month"]] == ["2026-01", "2026-02", "2026-03"]
    assert answer.facets["narrative"] == [{"value": "x", "count": 10}, {"value": "y", "count": 10}]
    assert index.search(parse("tekst"), SearchOptions(facets=False)).facets == {}


@pytest.mark.parametrize("sort", ["relevance", "date"])
@pytest.mark.parametrize("query", ["tekst", "kind:article"])
def test_pages_hold_every_hit_once(index: Index, sort: Any, query: str) -> None:
    documents = [
        annotated(f"d{n}", "tekst " * (n % 4 + 1), published_at=None if n % 3 == 0 else f"2026-03-{n % 5 + 1:02}")
        for n in range(97)
    ]
    build(index, *documents)
    seen: list[str] = []
    cursor = None
    while True:
        answer = index.search(parse(query), SearchOptions(limit=10, sort=sort, cursor=cursor))
        assert answer.total == 97
        seen += [hit.id for hit in answer.hits]
        if len(seen) == 50:  # a document that comes meanwhile neither hides nor repeats others
            index.update([annotated("new", "drugo", kind="post")], sequence=8)
        if (cursor := answer.next) is None:
            break
    assert len(seen) == 97
    assert set(seen) == {f"d{n}" for n in range(97)}


def test_newest_first_and_undated_last(index: Index) -> None:
    build(
        index,
        annotated("old", published_at="2020-01-01"),
        annotated("undated", published_at=None),
        annotated("ancient", published_at="1931-05-05"),
        annotated("new", published_at="2026-01-01T10:00:01Z"),
        annotated("newest", published_at="2026-01-01T10:00:02Z"),
    )
    answer = index.search(parse(""), SearchOptions(sort="date"))
    assert [hit.id for hit in answer.hits] == ["newest", "new", "old", "ancient", "undated"]


@pytest.mark.parametrize("cursor", ["", "abc", "ÿ", "W10", "WzEsMiwzLDQsNV0", "x" * 5000])
def test_a_bad_cursor_is_refused_in_one_line(index: Index, cursor: str) -> None:
    build(index, annotated("d1"))
    with pytest.raises(InputError, match=r"[Cc]ursor") as caught:
        index.search(parse(""), SearchOptions(cursor=cursor))
    assert "\n" not in str(caught.value)


def test_a_cursor_of_another_question_is_refused(index: Index) -> None:
    build(index, *(annotated(f"d{n}") for n in range(5)))
    cursor = index.search(parse("tekst"), SearchOptions(limit=2)).next
    with pytest.raises(InputError, match="another query"):
        index.search(parse("drugo"), SearchOptions(limit=2, cursor=cursor))


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(index: Index, limit: int) -> None:
    with pytest.raises(InputError, match=f"limit is {limit}"):
        build(index, annotated("d1")).search(parse(""), SearchOptions(limit=limit))


def test_copies_are_counted_beside_each_hit_and_can_be_collapsed(index: Index) -> None:
    copies = [annotated(f"c{n}", cluster=Cluster(id="o", role="copy", similarity=0.9)) for n in range(3)]
    original = annotated("o", cluster=Cluster(id="o", role="original", similarity=1.0))
    build(index, *copies, original, annotated("alone"))
    answer = index.search(parse(""), SearchOptions())
    assert answer.total == 5
    assert {hit.id: hit.cluster_size for hit in answer.hits} == {"c0": 4, "c1": 4, "c2": 4, "o": 4, "alone": 1}
    collapsed = index.search(parse(""), SearchOptions(collapse=True, limit=1))
    assert collapsed.total == 2
    rest = index.search(parse(""), SearchOptions(collapse=True, limit=1, cursor=collapsed.next))
    assert sorted(hit.cluster_size for hit in (*collapsed.hits, *rest.hits)) == [1, 4]
    assert rest.next is None


def test_headlines_count_double(index: Index) -> None:
    build(
        index,
        annotated("text", "povratnici i drugi", title="Naslov o drugom"),
        annotated("title", "tekst o drugim stvarima", title="Povratnici i drugi"),
    )
    assert [hit.id for hit in index.search(parse("povratnici"), SearchOptions()).hits] == ["title", "text"]


FORMS = (
    ("sr-one", "Povratnik je stigao u selo.", "sr-Latn"),
    ("sr-many", "Разговор с повратницима о школи.", "sr-Cyrl"),
    ("sq-one", "Një i kthyer nga lufta.", "sq"),
    ("sq-many", "Të kthyerit dhe fëmijët e tyre në shkollë.", "sq"),
    ("sq-sea", "Dete dhe lumenj.", "sq"),
    ("sr-child", "Deca povratnika.", "sr-Latn"),
    ("unknown", "Povratnicima.", "und"),
    ("english", "The povratnika of Bosnia.", "en"),
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("povratnik", {"sr-one", "sr-many", "sr-child", "unknown"}, id="sr"),
        pytest.param("повратника", {"sr-one", "sr-many", "sr-child", "unknown", "english"}, id="sr-cyrl-another-form"),
        pytest.param("i kthyer", {"sq-one", "sq-many"}, id="sq-article-and-participle"),
        pytest.param("škola", {"sr-many"}, id="forms-stay-in-their-language"),
        pytest.param('"povratnik"', {"sr-one"}, id="quoted-word-as-typed"),
        pytest.param('"i kthyer"', {"sq-one"}, id="phrase-as-typed"),
        pytest.param("povratnik*", {"sr-one", "sr-child", "english"}, id="wildcard-as-typed"),
        pytest.param("title:povratnik", set(), id="only-in-the-field"),
        pytest.param("~~povratnik", {"sr-one", "sr-many", "sr-child", "unknown", "sq-one", "sq-many"}, id="pair-from-sr"),
        pytest.param('~~"të kthyerit"', {"sr-one", "sr-many", "sr-child", "unknown", "sq-one", "sq-many"}, id="pair-from-sq"),
        pytest.param("~~fëmijë", {"sq-many", "sr-child"}, id="pair-is-of-its-own-language"),
        pytest.param("NOT ~~povratnik", {"sq-sea", "english"}, id="not-a-pair"),
    ],
)
def test_other_forms_and_pairs(forms: Index, query: str, expected: set[str]) -> None:
    assert find(forms, query) == expected


@pytest.mark.parametrize("query", ["povratnik", "povratnicima", "i kthyer", "~~povratnik", "~~škola"])
def test_without_stems_less_is_found_and_never_more(index: Index, query: str) -> None:
    build(index, *(annotated(name, text, lang=lang) for name, text, lang in FORMS if name != "sq-sea"))
    with_stems = find(index, query)
    without = {hit.id for hit in index.search(parse(query, stems=False), SearchOptions()).hits}
    assert without < with_stems


def test_forms_as_typed_stand_above_other_forms(index: Index) -> None:
    long_text = "O čemu se priča u selu i u gradu ovih dana, pa i povratnik. " + "Reč po reč. " * 80
    build(
        index,
        annotated("form-in-headline", "Povratnika. Povratniku. Povratnici.", title="Povratnici"),
        annotated("typed-once-in-a-long-text", long_text),
        annotated("form", "Povratnika nema."),
        *(annotated(f"typed-{n}", "povratnik") for n in range(40)),
    )
    hits = index.search(parse("povratnik"), SearchOptions(limit=100)).hits
    typed = [hit.id for hit in hits if hit.id.startswith("typed")]
    assert [hit.id for hit in hits] == [*typed, "form-in-headline", "form"]
    assert len(typed) == 41


def test_forms_are_marked_where_they_stand(index: Index) -> None:
    build(index, *(annotated(name, text, lang=lang) for name, text, lang in FORMS))
    hits = index.search(parse("~~povratnik"), SearchOptions()).hits
    marked = {hit.id: {hit.snippets[0].text[slice(*span)] for span in hit.snippets[0].highlights} for hit in hits}
    assert marked == {
        "sr-one": {"Povratnik"},
        "sr-many": {"повратницима"},
        "sr-child": {"povratnika"},
        "unknown": {"Povratnicima"},
        "sq-one": {"i kthyer"},
        "sq-many": {"Të kthyerit"},
    }


def test_the_answer_names_forms_and_term_list(index: Index) -> None:
    build(index, annotated("d1"))
    said = index.search(parse("~~povratnik tekst"), SearchOptions(language="sr-Latn")).explained
    assert "(i u drugim oblicima)" in said
    assert f"lista termina {TermList.bundled().tag}" in said


def test_filters_mean_the_same_as_typing_them(index: Index) -> None:
    build(
        index,
        annotated("a", "tekst", annotation("x", "counter"), annotation("y", "endorse")),
        annotated("b", "tekst", annotation("x", "endorse"), source="drugi", lang="sq", published_at="2026-03-31T22:30:00Z"),
    )
    assert find(index, "tekst", filters=Filters(narratives=("x",), stances=("endorse",))) == {"b"}
    assert find(index, "narrative:x", filters=Filters(stances=("endorse",))) == {"b"}
    assert find(index, "", filters=Filters(sources=("VALA", "x"))) == {"a"}
    assert find(index, "", filters=Filters(langs=("sq", "sr"), kinds=("article",))) == {"a", "b"}
    assert find(index, "", filters=Filters(from_on=date(2026, 4, 1), to_on=date(2026, 4, 1))) == {
        "b"
    }  # half past midnight in Belgrade
    assert find(index, "", filters=Filters(to_on=date(2026, 3, 31))) == {"a"}
    with pytest.raises(InputError, match="swap both days"):
        find(index, "", filters=Filters(from_on=date(2026, 4, 2), to_on=date(2026, 4, 1)))


def test_an_update_replaces_by_id_and_a_rebuild_starts_anew(index: Index) -> None:
    build(index, annotated("a", "staro"), annotated("b", "staro"), annotated("a", "novije"))
    assert find(index, "staro") == {"b"}
    stats = index.update([annotated("b", "novo"), annotated("c", "novo")], sequence=9)
    assert (stats.documents, stats.written) == (3, 2)
    assert find(index, "novo") == {"b", "c"}
    assert find(index, "staro") == set()
    assert index.status().sequence == 9
    build(index, annotated("d", "novo"), sequence=12)
    assert find(index, "novo") == {"d"}
    status = index.status()
    assert (status.documents, status.sequence) == (1, 12)
    assert status.size_bytes > 0


def test_the_old_version_answers_until_the_new_one_stands(index: Index) -> None:
    build(index, annotated("old"))

    def documents() -> Any:
        yield annotated("new")
        assert find(index, "") == {"old"}

    index.rebuild(documents(), sequence=2)
    assert find(index, "") == {"new"}


def test_a_build_that_fails_leaves_the_old_version(index: Index) -> None:
    build(index, annotated("old"))

    def documents() -> Any:
        yield annotated("new")
        raise InputError("broken off")

    with pytest.raises(InputError, match="broken off"):
        index.rebuild(documents(), sequence=2)
    assert find(index, "") == {"old"}


def test_an_index_of_nothing_answers(index: Index) -> None:
    build(index)
    answer = index.search(parse("povratnici OR narrative:x"), SearchOptions())
    assert (answer.total, answer.hits) == (0, ())


def test_without_an_index_the_error_says_how_to_build_one(index: Index) -> None:
    for call in (lambda: index.search(parse("a"), SearchOptions()), index.status, lambda: index.update([], sequence=1)):
        with pytest.raises(EngineError, match="Run eho index build"):
            call()


def test_untagged_documents_are_found_by_their_words(index: Index) -> None:
    plain = AnnotatedDocument(document=annotated("d1", "povratnici", lang="sq").document.model_copy(update={"lang": "sr-Latn"}))
    build(index, plain)
    assert find(index, "povratnici lang:sr") == {"d1"}
    assert find(index, "narrative:*") == set()

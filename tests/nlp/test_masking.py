"""What leads to a private person is replaced before storage; officials, history, numbers and names that are none stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eho.document import Document, Provenance, document_id
from models.entities.store import shipped_recogniser
from nlp.masked_fields import MaskedField, MaskedSpan
from nlp.masking import Masker, mask, mask_contacts, mask_text


@pytest.fixture(scope="module")
def by_rules_alone() -> Masker:
    """A masker without a recogniser, as an installation without an entity model has it."""
    return Masker()


def shown(masker: Masker, text: str, title: str | None = None) -> str:
    document = masker.mask(Document(id="d", source="s", title=title, text=text))
    return document.text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        pytest.param(
            "Shkruani në ana.b@shembull.test ose thirrni +383 44 123 456.", "Shkruani në ⟦email⟧ ose thirrni ⟦phone⟧.", id="sq"
        ),
        pytest.param(
            "Pozovite 064/123-4567 ili pišite na red@primer.test.", "Pozovite ⟦phone⟧ ili pišite na ⟦email⟧.", id="sr-Latn"
        ),
        pytest.param("Живи у улици Вука Караџића 14 са мајком.", "Живи у ⟦address⟧ са мајком.", id="sr-Cyrl"),
        pytest.param("Banon në rrugën Agim Ramadani nr. 23.", "Banon në ⟦address⟧.", id="sq-street"),
        pytest.param("Pratite @korisnik_12 na mreži.", "Pratite ⟦handle⟧ na mreži.", id="handle"),
        pytest.param("Thirr 049-556-120 a 044 556 120!", "Thirr ⟦phone⟧ a ⟦phone⟧!", id="phone-xk"),
        pytest.param("Tel. 069 412 3378, 0684123378", "Tel. ⟦phone⟧, ⟦phone⟧", id="phone-al"),
        pytest.param("JMBG 1203988730021, račun 160-0000000451236-88", "JMBG ⟦id⟧, račun ⟦account⟧", id="numbers-rs"),
        pytest.param("numri personal: 1187654321, XK05 1212 0123 4567 8906", "numri personal: ⟦id⟧, ⟦account⟧", id="numbers-xk"),
        pytest.param("Tablice НП 112-ХТ i 01-482-KF", "Tablice ⟦plate⟧ i ⟦plate⟧", id="plates"),
        pytest.param("Vidi facebook.com/petar.petrovic.9 i t.me/petar", "Vidi ⟦profile⟧ i ⟦profile⟧", id="profiles"),
        pytest.param("Budžet od 1.234.567 evra za 2026. godinu", "Budžet od 1.234.567 evra za 2026. godinu", id="amount"),
        pytest.param("Rezultati 3:2, viti 1998-1999, neni 12.4", "Rezultati 3:2, viti 1998-1999, neni 12.4", id="figures"),
        pytest.param("Dana 02.05.2024, 02 05 2024 i 02-05-2024", "Dana 02.05.2024, 02 05 2024 i 02-05-2024", id="dates"),
        pytest.param("Rruga Prishtinë-Prizren 60 km, fajet.Mediat", "Rruga Prishtinë-Prizren 60 km, fajet.Mediat", id="road"),
    ],
)
def test_contact_details(text: str, masked: str) -> None:
    assert mask_contacts(text) == masked
    assert mask_contacts(masked) == masked
    assert mask_text(text) == masked


RETURNEES = [
    pytest.param(
        "Valdete Hoti u kthye nga Siria me djalin Muadh (7), nxënës i shkollës “Drita”. Ministri Xhelal Sveçla e konfirmoi. "
        "“Jam mirë”, tha Valdetja në fshatin Drelaj të Pejës.",
        "⟦person⟧ u kthye nga Siria me djalin ⟦minor⟧ (7), nxënës i shkollës “⟦school⟧”. Ministri Xhelal Sveçla e konfirmoi. "
        "“Jam mirë”, tha ⟦person⟧ në fshatin ⟦place⟧ të Pejës.",
        id="sq",
    ),
    pytest.param(
        'Valdete Hoti u kthye nga Siria me djalin Muadh (7), nxenes i shkolles "Drita". Ministri Xhelal Svecla e konfirmoi.',
        '⟦person⟧ u kthye nga Siria me djalin ⟦minor⟧ (7), nxenes i shkolles "⟦school⟧". Ministri Xhelal Svecla e konfirmoi.',
        id="sq-ascii",
    ),
    pytest.param(
        "Almira Hodžić se vratila iz Sirije sa sinom Harunom (7), đakom škole „Sloga“. Ministar Ivica Dačić je to potvrdio. "
        "„Dobro sam“, kaže Almira u selu Ribariće kod Tutina.",
        "⟦person⟧ se vratila iz Sirije sa sinom ⟦minor⟧ (7), đakom škole „⟦school⟧“. Ministar Ivica Dačić je to potvrdio. "
        "„Dobro sam“, kaže ⟦person⟧ u selu ⟦place⟧ kod Tutina.",
        id="sr-Latn",
    ),
    pytest.param(
        "Алмира Хоџић се вратила из Сирије са сином Харуном (7), ђаком школе „Слога“. Министар Ивица Дачић је то потврдио. "
        "„Добро сам“, каже Алмира у селу Рибариће код Тутина.",
        "⟦person⟧ се вратила из Сирије са сином ⟦minor⟧ (7), ђаком школе „⟦school⟧“. Министар Ивица Дачић је то потврдио. "
        "„Добро сам“, каже ⟦person⟧ у селу ⟦place⟧ код Тутина.",
        id="sr-Cyrl",
    ),
]


@pytest.mark.parametrize(("text", "masked"), RETURNEES)
def test_private_persons_of_returnee_documents_go_and_officials_stay(text: str, masked: str) -> None:
    assert mask_text(text) == masked
    assert mask_text(masked) == masked


@pytest.mark.parametrize(("text", "masked"), RETURNEES)
def test_without_a_recogniser_rules_find_the_same(text: str, masked: str, by_rules_alone: Masker) -> None:
    assert shown(by_rules_alone, text) == masked


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Novak Đoković je pobedio Karlosa Alkarasa, a gol je postigao Petar Petrović (17).", id="athletes"),
        pytest.param("Në Reçak u përkujtuan të vrarët e vitit 1999, mes tyre Bajram Mehmeti.", id="remembrance"),
        pytest.param("Никола Тесла рођен је 1856. године у Смиљану, у породици Милутина Тесле.", id="history"),
        pytest.param(
            "Kryeministri Albin Kurti tha se të kthyerit nga Siria kanë nevojë për ndihmë. Kurti u largua.", id="office"
        ),
        pytest.param("Portparol Milan Stanić rekao je da je žrtva u bolnici.", id="spokesperson"),
    ],
)
def test_public_persons_stay(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        pytest.param("I mituri A. S. (16) u kap dje.", "I mituri ⟦minor⟧ (16) u kap dje.", id="sq"),
        pytest.param("Maloletni A. S. (16) priveden je juče.", "Maloletni ⟦minor⟧ (16) priveden je juče.", id="sr-Latn"),
        pytest.param("Малолетни А. С. (16) приведен је јуче.", "Малолетни ⟦minor⟧ (16) приведен је јуче.", id="sr-Cyrl"),
        pytest.param("Osumnjičeni A. S. (36) priveden je juče.", "Osumnjičeni A. S. (36) priveden je juče.", id="adult"),
    ],
)
def test_minors_are_masked_in_every_document(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_all_fields_and_addresses_are_masked_and_the_id_stays() -> None:
    url = "https://vala.test/2024/valdete-hoti-u-kthye-nga-siria"
    document = Document(
        id=document_id(canonical_url=url),
        source="s",
        url=url + "?utm=1",
        canonical_url=url,
        title="VALDETE HOTI U KTHYE NGA SIRIA",
        lead="Valdetja flet për herë të parë",
        text="Fqinjët e dinë se Valdete Hoti u kthye nga Siria.",
        authors=["Leonora Aliu"],
        provenance=Provenance(requested_url=url, final_url=url),
        extra={"keywords": ["Valdete Hoti", "Siria"], "image": url, "section": {"name": "Kronikë"}},
    )
    masked = mask(document)
    assert masked.id == document.id
    assert (masked.title, masked.lead) == ("⟦person⟧ U KTHYE NGA SIRIA", "⟦person⟧ flet për herë të parë")
    assert masked.url == "https://vala.test/2024/⟦person⟧-u-kthye-nga-siria?utm=1"
    assert masked.canonical_url == masked.provenance.final_url == "https://vala.test/2024/⟦person⟧-u-kthye-nga-siria"
    assert masked.extra == {"keywords": ["⟦person⟧", "Siria"], "image": masked.canonical_url, "section": {"name": "Kronikë"}}
    assert masked.authors == ["Leonora Aliu"]
    assert "aldete" not in masked.model_dump_json()
    assert mask(masked) is masked


def test_an_untouched_document_is_returned_as_it_is_and_posts_lose_their_authors() -> None:
    document = Document(id="d", source="s", title="Piši na a@b.test", lead="+381 11 234 5678", text="Nema ničega.")
    masked = mask(document)
    assert (masked.title, masked.lead, masked.text) == ("Piši na ⟦email⟧", "⟦phone⟧", "Nema ničega.")
    assert mask(masked) is masked
    assert mask(Document(id="p", source="s", kind="comment", text="Tačno.", authors=["Pera"])).authors is None


PIECES = st.sampled_from(
    [
        "Valdete Hoti",
        "Almira",
        "Алмира Хоџић",
        "u kthye nga Siria",
        "vratila se iz Sirije",
        "djali",
        "сином",
        "Harun (7)",
        "ministar",
        "Ivica Dačić",
        "A. S.",
        "shkolla “Drita”",
        "u selu Ribariće",
        "në fshatin Drelaj",
        "064/123-4567",
        "a.b@c.test",
        "⟦person⟧",
        "⟦minor⟧",
        ",",
        ".",
        "“",
        "(",
        "ulica Kneza Miloša 14",
        "žrtva",
        "viktima",
        "u Tutinu",
        "në Pejë",
        "BG 123-AB",
        "@pera.k",
        "Đ",
        "ǆ",
        "́",
        "\n",
    ]
)


@settings(deadline=None, max_examples=25)
@given(st.lists(PIECES, max_size=14), st.sampled_from(["", " "]))
def test_masking_twice_changes_nothing(pieces: list[str], glue: str) -> None:
    once = mask_text(glue.join(pieces))
    assert mask_text(once) == once


@given(st.text("ab ⟦", max_size=20), st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), max_size=4))
def test_spans_of_later_passes_come_back_to_the_text_as_it_came(text: str, ranges: list[tuple[int, int]]) -> None:
    field = MaskedField(text)
    for start, end in ranges:
        before = field.shown()
        if start < end <= len(before):
            field.cover([MaskedSpan(start, end, "x")])
    left = "".join(letter for at, letter in enumerate(text) if not any(one.start <= at < one.end for one in field.spans))
    assert field.shown().replace("⟦x⟧", "") == left or "⟦x⟧" in text
    assert all(one.end <= other.start for one, other in zip(field.spans, field.spans[1:], strict=False))


@pytest.fixture(scope="module", autouse=True)
def _needs_the_shipped_recogniser() -> Iterator[None]:
    if shipped_recogniser() is None:
        pytest.skip("this installation has no entity model")
    yield

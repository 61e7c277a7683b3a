"""Contact details are replaced before storage; numbers and names that are none stay."""

from __future__ import annotations

import pytest

from eho.document import Document
from nlp.masking import mask, mask_text


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
        pytest.param("Budžet od 1.234.567 evra za 2026. godinu", "Budžet od 1.234.567 evra za 2026. godinu", id="amount"),
        pytest.param("Rezultati 3:2, viti 1998-1999, neni 12.4", "Rezultati 3:2, viti 1998-1999, neni 12.4", id="figures"),
    ],
)
def test_contact_details(text: str, masked: str) -> None:
    assert mask_text(text) == masked
    assert mask_text(masked) == masked


def test_all_fields_are_masked_and_an_untouched_document_is_returned_as_it_is() -> None:
    document = Document(id="d", source="s", title="Piši na a@b.test", lead="+381 11 234 5678", text="Nema ničega.")
    masked = mask(document)
    assert (masked.title, masked.lead, masked.text) == ("Piši na ⟦email⟧", "⟦phone⟧", "Nema ničega.")
    assert mask(masked) is masked

"""Lines of a body that are no text of the document: invitations, rights, pointers to other pages, credits, disclaimers.

All patterns are read on folded text, so each stands once for both scripts and every spelling. A line is judged by its
opening (an imperative to the reader, a heading of rights) and by what it is about, never by one word: „Preuzmite aplikaciju
Bosna, poručili su iz policije“ is news. What could be news is dropped at the edges of a text only.
"""

from __future__ import annotations

import re

from eho.folding import fold_text

_LONGEST = 320  # characters; a rights notice of a real portal has about 250, a paragraph of that length is text
_EDGE = 5  # lines from the end in which funding, rights and disclaimers stand
_START = r"^[\W_]*"
_VERB = (
    r"(?:za)?prati(?:te)?|pridruzi(?:te)? (?:nam )?se|prikljuci(?:te)? se|preuzmi(?:te)?|skini(?:te)?"
    r"|instaliraj(?:te)?|prijavi(?:te)? se"
    r"|pretplati(?:te)? se|ukljuci(?:te)?|podeli(?:te)?|podijeli(?:te)?|posalji(?:te)?|pisi(?:te)?|javi(?:te)?"
    r"|lajkuj(?:te)?|klikni(?:te)?"
    r"|ostani(?:te)? u toku|budi(?:te)? (?:prvi|u toku)|citaj(?:te)?|slusaj(?:te)?|poseti(?:te)?|osvezi(?:te)?"
    r"|najnovije vesti|nase vesti|vesti"
    r"|(?:na )?ndiq(?:ni|e|na)?|na ndiqni|bashkohu(?:ni)?|behu(?:ni)?|behuni|abonohu(?:ni)?|shkarko(?:ni|je)?"
    r"|lexo(?:ni)?|shperndaj(?:e|ni)?"
    r"|(?:na )?(?:dergo|shkrua|kontakto)(?:ni|j)?|kliko(?:ni)?|regjistrohu(?:ni)?|instalo(?:ni)?|merr(?:ni|i)?"
    r"|pelqe(?:ni|je)?|qendro(?:ni)? (?:te|i) informuar"
)
_CHANNEL = (
    r"viber\w*|whatsapp\w*|vocap\w*|telegram\w*|facebook\w*|fejsbuk\w*|instagram\w*|tviter\w*|twitter\w*"
    r"|tiktok\w*|youtube\w*|jutjub\w*|google news"
    r"|aplikaci\w*|app store|google play|play store|android\w*|kanal\w*|njuzleter\w*|newsletter\w*|bilten\w*"
    r"|buletin\w*|njoftime\w*|obavestenja|obavjestenja"
    r"|notifikacij\w*|grup(?:i|u|a|in|it)|zajednic\w*|prijateljima|miqte|mrez\w*|rrjet\w*|signal\w*|adresu"
    r"|poruk\w*|e-?mail\w*|foto dhe video"
)
_INVITE = re.compile(rf"{_START}(?:{_VERB})\b.*\b(?:{_CHANNEL})\b")
_INVITE_AFTER = re.compile(
    rf"{_START}(?:per (?:t|te)\b|za (?:najnovije|vise|brze)|ostanite u toku|ako (?:zelite|vam se)"
    rf"|nese (?:deshiron|ju pelqe)|jeni deshmitar\w*|imate\b|keni\b"
    rf"|nase vesti mozete|vesti (?:i|dana)|sve (?:najnovije )?(?:vesti|informacije))"
    rf".*\b(?:bashkohu\w*|ndiq\w*|klik\w*|pratite|pridruzite|prikljucite|preuzmite|podelite|osvezite|pisite"
    rf"|javite|shkruani|dergoni|posaljite)\b"
)
_RIGHTS = re.compile(
    rf"^(?:©|\(c\)|copyright\b)|{_START}(?:(?:zabranjeno|dozvoljeno"
    rf"|strogo zabranjeno) je (?:svako )?)?(?:preuzimanj|prenosenj|kopiranj|umnozavanj|objavljivanj"
    rf"|koriscenj)\w*"
    r"\b.*\b(?:izvor\w*|saglasnost\w*|dozvol\w*|link\w*|zabranjen\w*)\b"
    r"|\b(?:preuzimanj|prenosenj|kopiranj)\w* (?:delova |dijelova )?(?:teksta|tekstova|sadrzaja|vesti|vijesti"
    r"|clanaka|fotografija)\b"
    r"|\bsva prava (?:su )?zadrzana\b|\bte gjitha te drejtat\b|\b(?:i rezervon te gjitha|ndiqet me ligj)\b|\beshte prone e\b"
    rf"|{_START}(?:ndalohet|nuk lejohet|lejohet|marrja|kopjimi|ribotimi|riprodhimi"
    rf"|perdorimi)\b.*\b(?:ribotim\w*|kopj\w*|riprodh\w*|lejen?|burim\w*|publikim\w*|vegez\w*|link\w*)\b"
    rf"|{_START}(?:ky|kjo) (?:lajm|artikull|tekst|material|permbajtje)\w*\b.*\b(?:prone|abonent\w*|ndalohet|lejohet)\b"
    r"|^[\W_]*(?:ovaj|ova) (?:tekst|clanak|vest)\w* .*\b(?:vlasnistvo|pretplatnic\w*|zabranjen\w*)\b"
    r"|\bpretplatnic\w+ .*\bpravo na preuzimanje\b"
)
_STATE = re.compile(
    r"\b(?:lajmi? (?:eshte duke u|po|ne) (?:perditesohet|perditesuar|zhvillim)|(?:vest|tekst|clanak) (?:se"
    r"|je) (?:dopunjuje|azurira|u nastajanju|u pripremi)|vest u nastajanju"
    r"|(?:faqja|stranica) (?:se )?(?:rifreskohet|perditesohet|automatski|osvezava)|(?:osvezite"
    r"|rifreskoni?) (?:stranicu|faqen)|detaje te tjera (?:se shpejti|ne vijim)|me shume pas pak"
    r"|opsirnije uskoro|(?:videoja|video) nuk (?:hapet|shfaqet)|(?:pregledac|pretrazivac) ne podrzava"
    r"|vas komentar|ostavi(?:te)? komentar|shkruaj(?:ni)? koment)\b"
)
_POINTER = re.compile(
    rf"{_START}(?:(?:procitajte?|citajte|pogledajte?|vidi(?:te)?|povezano|saznajte|(?:povezane|vezane"
    rf"|slicne) vesti|prethodni tekst|sledeci tekst|lexo|lexoni|shiko|shikoni"
    r"|shih|me shume|te ngjashme|lajme te ngjashme)\b(?:\s+(?:jos|i|edhe|dhe|me shume|takodje|vise|ovo))*\s*[:"
    r"|>]|bonus (?:video|foto)\b|(?:video|foto|galeri\w*) bonus\b)"
)
_POINTER_CAPITALS = re.compile(
    r"^\W*(?:PROČITAJTE|PROCITAJTE|POGLEDAJTE|ПРОЧИТАЈТЕ|ПОГЛЕДАЈТЕ|LEXO|LEXONI|SHIKO|SHIKONI)\s+(?:JOŠ|JOS|I|ЈОШ|И|EDHE)\b"
)
_CREDIT = re.compile(
    rf"{_START}(?:foto(?:grafij[ae]|grafi)?|photo|ilustracija|ilustrim|tagovi|oznake|etiketa|etiketat"
    rf"|kljucne (?:reci|rijeci)|tags|oglas|reklam[ae]|marketing)\s*(?:[:/].*)?$"
)
_CREDIT_LENGTH = 120
_FUNDING = re.compile(
    r"\b(?:realizu\w+|mundesu\w+|perkrah\w+|mbeshtet\w+|financ\w+|omoguc\w+|realizovan\w*|(?:su)?finansira\w*"
    r"|podrza\w+|nasta(?:o|la|lo))\b.*"
    r"\b(?:projekt\w*|fond\w*|ministarstv\w*|ministri\w*|donator\w*|donacij\w*|konkurs\w*|evropsk\w+ unij\w+"
    r"|bashkimi\w* evropian\w*|budzet\w*|program\w*)\b"
)
_FUNDED = re.compile(
    rf"{_START}(?:(?:ky|kjo|ovaj|ova|ovo) (?:hulumtim|artikull|shkrim|tekst|publikim|permbajtje|prilog|clanak"
    rf"|projekat|sadrzaj|emision)\w*|tekst je|objavljivanje|projekat)\b"
)
_SUPPORT = re.compile(
    r"\b(?:pomozite (?:nam|nasem)|podrzite (?:nas|nase|rad)|uplatite|donirajte|doniraj|postan(?:i"
    r"|ite) (?:clan\w*|podrska)|bez vas\b|zivi od (?:svojih )?(?:citalaca|pretplat\w*)"
    r"|na (?:ndihmoni|mbeshtetni|perkrahni)|dhuroni|behuni anetar\w*)"
)
_DISCLAIMER = re.compile(
    r"\b(?:stavovi|misljenja|opinionet|mendimet|qendrimet|shkrimi|kolumna\w*"
    r"|autorski\w* tekst\w*)\b.*\b(?:izn\w+|izrazen\w*|shprehur\w*|ne (?:odrazavaju|predstavljaju|odrazava"
    r"|izrazava\w*)"
    r"|nuk (?:pasqyro\w*|perfaqeso\w*|shpreh\w*)|pasqyron|qendrim\w*)\b.*\b(?:redakci\w*|redaksi\w*"
    r"|urednick\w*|uredjivack\w*|portal\w*|autor\w*)\b"
    r"|\b(?:permbajtja|sadrzaj)\b.*\b(?:pergjegjesi|odgovornost\w*)\b.*\bautor\w*"
)
_ABOUT_AUTHOR = re.compile(
    rf"{_START}autor(?:ka|ja|i)? (?:je|eshte)\b.*\b(?:profesor\w*|pis(?:ac|ca)|novinar\w*|knjizevni\w*"
    rf"|advokat\w*|sociolog\w*|istoricar\w*|politikolog\w*|analiti\w+|ekonomist\w*"
    r"|gazetar\w*|shkrimtar\w*|studiues\w*|analist\w*|jurist\w*|hulumtues\w*|istraziva\w+|predava\w+"
    r"|kolumnist\w*|poet\w*|pesni\w+)\b"
)
_STAFF = re.compile(
    r"\b(?:eshte|je) (?:gazetar\w*|novinar\w*|urednik\w*|redaktor\w*)\b.*\b(?:qe (?:nga|prej)|od) (?:viti\w* )?(?:19|20)\d\d"
)
_QUOTED = re.compile(
    r"[“”\"»]\s*,|,\s*(?:tha|rekao|rekla|kaze|kazao|kazala|saopsti\w*|poruci\w*|thuhet|njofto\w*)\b"
    r"|\bporucili\b|\bsaopstil\w+\b"
)


def notice_kind(line: str, *, from_end: int) -> str | None:
    """Say what kind of notice a line is; None for text. `from_end` is 0 for the last line.

    Kinds: invitation, rights, state, pointer, credit, funding, support, disclaimer, author.
    """
    if len(line) > _LONGEST:
        return None
    folded = fold_text(line)
    if _POINTER.match(folded) or _POINTER_CAPITALS.match(line):
        return "pointer"
    if len(line) <= _CREDIT_LENGTH and _CREDIT.match(folded):
        return "credit"
    if len(line) <= 160 and _STATE.search(folded):
        return "state"
    if _QUOTED.search(folded):  # somebody is speaking
        return None
    if (_INVITE.match(folded) or _INVITE_AFTER.match(folded)) and not line.rstrip().endswith(("“", "”")):
        return "invitation"
    return _edge_kind(folded) if from_end < _EDGE else None


def _edge_kind(folded: str) -> str | None:
    if _RIGHTS.search(folded):
        return "rights"
    if _FUNDING.search(folded) and (_FUNDED.match(folded) or "finansira" in folded):
        return "funding"
    if _SUPPORT.search(folded):
        return "support"
    if _DISCLAIMER.search(folded):
        return "disclaimer"
    return "author" if _ABOUT_AUTHOR.match(folded) or _STAFF.search(folded) else None

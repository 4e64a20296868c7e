"""Find the word beside a number that says what it is: an order, a device, a person, a phone.

It stands before the number (“my order number is 0012345678”) or after it (“0012345678 is my order
number”). Words by language are data, below the functions.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice

_WINDOW = 60
_MOST_LINKS = 5
_LONGEST_ABBREVIATION = 4
_TOKEN = re.compile(r"s/n|[^\W\d_]+(?:['’\-][^\W\d_]+)*|[\d_,;!?\[\].]", re.IGNORECASE)
_BEING = re.compile(r"\s*(?:\(|=|(?:is|was|ist|war|est|es|son|è|é|jest|är|er)\b)\s*", re.IGNORECASE)
_AND = re.compile(r"\s*(?:[,/&+]|(?:and|or|und|oder|et|ou|y|o|e|en|of|og|och|i|и)\b)?\s*")
_DIGIT = re.compile(r"\d")
_PARTICLES = "はがの是为為"


class NumberKind(StrEnum):
    """The kind of a number by the word beside it; the value is what it is hidden as, if it is."""

    MATTER = "matter"  # of a case that a helpdesk works on, or of a customer
    THING = "thing"  # printed on a device or a parcel
    PERSON = "[id]"  # given to a person by a state or an insurer
    BANK = "[bank account]"
    PHONE = "[phone]"
    IBAN = "[iban]"


def kind_of_number(text: str, start: int, end: int) -> NumberKind | None:
    """Return what the number `text[start:end]` is by the words beside it, or None."""
    before = text[max(0, start - _WINDOW) : start]
    return _find_kind(_tokens_back(before)) or _kind_said_after(text[end : end + _WINDOW])


def is_listed(text: str, before: tuple[int, int], number: tuple[int, int]) -> bool:
    """Return whether two numbers are written alike, with nothing but an “and” between them."""
    between = text[before[1] : number[0]]
    shapes = {_DIGIT.sub("9", text[start:end]) for start, end in (before, number)}
    return len(shapes) == 1 and len(between) < _WINDOW and _AND.fullmatch(between) is not None


def _kind_said_after(after: str) -> NumberKind | None:
    being = _BEING.match(after)
    if being is None:
        return None
    words = (found[0] for found in _TOKEN.finditer(after, being.end()))
    return _find_kind(words, is_back=False)


def _tokens_back(before: str) -> Iterator[str]:
    """Yield words and signs before a number, the nearest first."""
    return (found[0] for found in reversed(list(_TOKEN.finditer(before))))


def _find_kind(tokens: Iterable[str], is_back: bool = True) -> NumberKind | None:
    """Return what the first words say that do not only link, alone or with the last one that does:
    “order number is”, “tax ID”.
    """
    words = list(_words_near(tokens, is_back))
    links = next((place for place, word in enumerate(words) if word not in _LINKING), len(words))
    for first in (max(0, links - 1), links):
        for last in range(min(len(words), first + _LONGEST_NAME), first, -1):
            name = words[first:last]
            kind = _KINDS.get(" ".join(reversed(name) if is_back else name))
            if kind is not None:
                return kind
    return _without_blanks(words[links]) if links < len(words) else None


def _words_near(tokens: Iterable[str], is_back: bool) -> Iterator[str]:
    """Yield words up to the end of the sentence: a point behind a short word shortens it."""
    is_after_point = False
    for token in islice(tokens, _MOST_LINKS + _LONGEST_NAME):
        word = _plain(token)
        if word == "." and is_back:
            is_after_point = True
        elif not word[:1].isalpha() or (is_after_point and not _is_abbreviation(word)):
            return
        else:
            is_after_point = False
            yield word


def _is_abbreviation(word: str) -> bool:
    return len(word) <= _LONGEST_ABBREVIATION or word.endswith("nr")


def _without_blanks(word: str) -> NumberKind | None:
    """Return what a word says that others adjoin: `我的订单号`, `注文番号は`."""
    if word.isascii():
        return None
    bare = word.rstrip(_PARTICLES)
    return next((kind for name, kind in _ADJOINING.items() if bare.endswith(name)), None)


def _plain(word: str) -> str:
    """Return a word in lower case, Latin letters without accents, and in one without hyphens."""
    plain = word.casefold().replace("’", "'").replace("-", "").replace("/", "")
    if plain[:1] >= "\u0250" or plain.isascii():
        return plain
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))


_LINKS = """
    number numbers no nos nr nrs num n id ids code codes is was are of the my our your with s
    ist lautet war der die das von mit mein meine meiner unsere nummer nummern
    numero numeros est de du d des la le les mon ma notre sous
    es era del el los mi su con il lo della mia mio nostro nostra di sono
    o a da do minha meu nossa van het een mijn is numer numeru to jest av pa ar er nummeret
    at on under unter au al to me us back mich uns per via nous vous номер номером r
"""
"""Words that may stand between a number and the word that says what it is."""

_WORDS: dict[NumberKind, str] = {
    NumberKind.MATTER: """
    order orders purchase_order po invoice invoices bill customer customers client account contract
    agreement ticket tickets case incident request reference ref booking reservation confirmation
    quote quotation item product article rma return policy claim licence license membership member
    subscription transaction receipt voucher coupon gift_card document project dossier
    bestell~ auftrag~ auftrags~ rechnung~ rechnungs~ kunden~ vertrag~ vertrags~ ticket~ vorgang~
    vorgangs~ fall~ referenz~ beleg~ mitglieds~ buchungs~ reservierungs~ lieferschein~ retouren~
    mandats~ policen~ versicherungsschein~ angebots~ projekt~ lizenz~ abo~ gutschein~ schaden~
    transaktions~ dokument~ order~ bestellung auftrag rechnung vertrag vorgang aktenzeichen
    kassenzeichen kunde kundin lieferschein
    commande facture client contrat dossier reference reservation abonne abonnement police devis
    billet sinistre
    pedido pedidos factura facturas cliente contrato incidencia expediente referencia reserva poliza
    albaran presupuesto abonado
    ordine ordini fattura contratto pratica riferimento prenotazione polizza preventivo
    encomenda fatura chamado processo apolice protocolo
    bestel~ factuur~ klant~ contract~ zaak~ referentie~ polis~ dossier~ boekings~ bestelling factuur
    zamowienie zamowienia faktura faktury klienta umowy zgłoszenie zgłoszenia
    ordre~ faktura~ kund~ kunde~ arende~ bestillings~ sags~ saks~ avtals~ aftale~ boknings~
    заказ заказа счет счета счёт счёта клиент клиента договор договора заявка заявки
    """,
    NumberKind.THING: """
    serial serials sn imei iccid eid vin asset device inventory part sku isbn ean upc gtin barcode
    tracking parcel package shipment consignment waybill awb meter batch
    serien~ gerate~ inventar~ teile~ artikel~ material~ zahler~ chargen~ sendungs~ paket~ tracking~
    sendungsverfolgungs~ fahrgestell~ sendung paket
    serie suivi colis compteur seguimiento envio contador seriale matricola spedizione tracciamento
    rastreio rastreamento serie~ zending~ pakket~ meter~ sporings~ kolli~
    seryjny seryjnego przesyłki серийный серийного накладная накладной
    """,
    NumberKind.PERSON: """
    passport ssn social_security social_insurance national_insurance national_id ni_number nino
    id_card identity_card driving_licence driving_license driver's_license drivers_license
    driver_license tax_id tax_number taxpayer_id tin health_insurance nhs
    reisepass reisepass~ pass~ ausweis ausweis~ personalausweis personalausweis~ fuhrerschein
    fuhrerschein~ sozialversicherungs~ rentenversicherungs~ versicherten~ krankenversicherten~
    steuer~ steuerid steueridentifikations~ ahv~
    securite_sociale passeport carte_d'identite permis_de_conduire
    seguridad_social pasaporte dni nie carnet_de_conducir
    codice_fiscale passaporto carta_d'identita
    cpf passaporte carteira_de_identidade bsn burgerservice~ paspoort paspoort~ rijbewijs~
    pesel paszport paszportu person~ cpr~ fødsels~ снилс паспорт паспорта
    """,
    NumberKind.BANK: """
    bank_account sort_code routing konto~ bankkonto bankverbindung blz bankleitzahl
    compte_bancaire cuenta_bancaria conto_corrente conto_bancario conta_bancaria
    rekening~ bankrekening~ bankkonto~
    """,
    NumberKind.PHONE: """
    phone phones telephone tel mobile cell cellphone whatsapp fax call ring dial text sms
    telefon telefon~ handy handy~ mobil mobil~ ruf~ ruckruf~ festnetz festnetz~ fax~ anrufen
    portable appeler appelez telefono movil fijo llamar llamame celular cellulare chiamare chiamami
    telefone telemovel ligar ligue telefoon telefoon~ mobiel gsm telefonu телефон телефона тел
    """,
    NumberKind.IBAN: "iban",
}
_ADJOINING = {
    name: kind
    for kind, names in {
        NumberKind.MATTER: "订单号 订单 訂單編號 訂單 发票号 发票 客户号 客戶編號"
        " 合同号 工单号 会员号 注文番号 請求書番号 お客様番号 契約番号 会員番号 予約番号",
        NumberKind.THING: "序列号 序號 快递单号 运单号 货号 シリアル番号 追跡番号 製造番号",
        NumberKind.PERSON: "身份证号 身份证号码 身份证 护照号 护照号码 護照號碼"
        " マイナンバー パスポート番号",
        NumberKind.BANK: "银行账号 口座番号",
        NumberKind.PHONE: "电话 电话号码 電話 電話番号 手机 手机号 手机号码 手機 携帯 携帯番号",
    }.items()
    for name in names.split()
}


def _spell(words: str) -> Iterator[str]:
    """Yield the words of a list as `_plain` writes them: `_` is a blank, `~` a word for number."""
    for word in words.split():
        endings = ("nummer", "nummern", "nr") if word.endswith("~") else ("",)
        for ending in endings:
            yield _plain(word.removesuffix("~").replace("_", " ") + ending)


_LINKING = frozenset(_spell(_LINKS))
_KINDS = {name: kind for kind, words in _WORDS.items() for name in _spell(words)}
_LONGEST_NAME = max(name.count(" ") for name in _KINDS) + 1

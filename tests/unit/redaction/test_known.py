"""Known answers: published test numbers, and what is none."""

from __future__ import annotations

import pytest

from hub.contract import compact, digits_of, passes_luhn
from hub.data.redaction import BASE, Scanner, certain_kinds
from hub.data.redaction.payment import IBAN_LENGTHS, is_iban

SCANNER = Scanner(BASE)

PUBLISHED = [
    # Test numbers of the payment networks
    ("payment-card", "4111 1111 1111 1111"),
    ("payment-card", "4012888888881881"),
    ("payment-card", "4222222222222"),
    ("payment-card", "5555-5555-5555-4444"),
    ("payment-card", "5105105105105100"),
    ("payment-card", "2223003122003222"),
    ("payment-card", "3782 822463 10005"),
    ("payment-card", "371449635398431"),
    ("payment-card", "30569309025904"),
    ("payment-card", "3852 000002 3237"),
    ("payment-card", "6011111111111117"),
    ("payment-card", "3530111333300000"),
    # Examples of the IBAN registry
    ("iban", "GB29 NWBK 6016 1331 9268 19"),
    ("iban", "DE89370400440532013000"),
    ("iban", "FR14 2004 1010 0505 0001 3M02 606"),
    ("iban", "NO93 8601 1117 947"),
    ("iban", "MT84MALT011000012345MTLCAST001S"),
    ("iban", "SC18SSCB11010000000000001497USD"),
    # Examples of the registers, and of the papers that describe the numbers
    ("de-tax-id", "Steuer-ID: 86095742719"),
    ("de-tax-id", "36 574 261 809"),
    ("fr-nir", "2 95 10 99 126 111 93"),
    ("es-dni", "DNI 12345678-Z"),
    ("es-nie", "NIE X-2482300-W"),
    ("it-codice-fiscale", "RCCMNL83S18D969H"),
    ("nl-bsn", "BSN 1112.22.333"),
    ("nl-bsn", "burgerservicenummer: 111222333"),
    ("be-national-number", "85.07.30-033.28"),
    ("pl-pesel", "PESEL 44051401359"),
    ("se-personnummer", "880320-0016"),
    ("fi-hetu", "131052-308T"),
    ("no-fodselsnummer", "151086 95088"),
    ("dk-cpr", "CPR-nr. 211062-5629"),
    ("pt-nif", "NIF 123 456 789"),
    ("ch-ahv", "756.9217.0769.85"),
    ("at-svnr", "SVNR 1237 010180"),
    ("br-cpf", "390.533.447-05"),
    ("ca-sin", "SIN 123-456-782"),
    ("au-tfn", "TFN 123 456 782"),
    ("ie-pps", "PPS number 6433435F"),
    ("ro-cnp", "1630615123457"),
    ("bg-egn", "EGN 7523169263"),
    ("cz-rodne-cislo", "710319/2745"),
    ("tr-kimlik", "TCKN 17291716060"),
    ("mx-curp", "BOXW310820HNERXN09"),
    ("cn-resident-id", "11010519491231002X"),
    ("in-aadhaar", "Aadhaar 2341 2341 2346"),
    ("ee-isikukood", "isikukood 36805280109"),
    ("hr-oib", "OIB 33392005961"),
    ("us-ssn", "SSN: 536-90-4399"),
    ("us-ssn", "536-90-4399"),
    ("us-itin", "ITIN 912-90-3456"),
    ("uk-nino", "AB 12 34 56 C"),
    # Addresses
    ("email", "o'brien.anna+list@mail.uni-köln.de"),
    ("email", "x_1@a-b.co.uk"),
    ("phone", "+44 (0)20 7946 0018"),
    ("phone", "+1 415-555-2671"),
    ("phone", "(415) 555-2671"),
    ("phone", "06 12 34 56 78"),
    ("phone", "Tel. 030 1234567"),
    ("ip-address", "192.168.7.21"),
    ("ip-address", "2001:db8::8a2e:370:7334"),
    ("date-of-birth", "born 12.03.1985"),
    ("date-of-birth", "DOB: 03/12/85"),
    ("date-of-birth", "geboren am 3. Oktober 1990"),
    ("date", "2021-02-28"),
    ("date", "le 14 juillet 2019"),
    ("date", "March 3rd, 2021"),
]


@pytest.mark.parametrize(("kind", "text"), PUBLISHED)
def test_published_numbers_are_found(kind: str, text: str) -> None:
    whole = f"Note\u00e9 \U0001f600: {text}, and more."

    found = [each for each in SCANNER.find(whole) if each.kind == kind]

    assert len(found) == 1
    value = whole[found[0].start : found[0].end]
    assert text.endswith(value)
    assert len(compact(value)) >= 6


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # Luhn
        "1234567812345670",  # Luhn, but no issuer
        "0000 0000 0000 0000",
        "411111111111111111111111",  # longer than any card
        "0.4111111111111111",
        "sha 4111111111111111abcdef",
        "DE88370400440532013000",
        "DE89 3704 0044 0532 0130",  # too short for its country
        "XX00 0000 0000 0000 0000 01",
        "666-12-1234",
        "900-12-1234",
        "078-05-1120",
        "1234 2341 2341 2346",  # not the end of a longer number
        "2341 2341 2346 1234",
        "GB123456A",
        "123456789",  # nothing says that this is a number of a person
        "12345678A",
        "32.12.2020",
        "2021-02-29",
        "1.2.3",
        "12:30:45",
        "127.0.0.1",
        "a@b",
        "me@example.com",
        "person3@redacted.invalid",
        "x..y@acme.org",
        "@decorator",
        "[EMAIL_1] and [PAYMENT_CARD_22]",
        "",
    ],
)
def test_what_is_none(text: str) -> None:
    assert SCANNER.find(text) == ()


def test_a_number_in_front_does_not_hide_a_card() -> None:
    text = "12 1234 4111 1111 1111 1111 123"

    (found,) = (each for each in SCANNER.find(text) if each.kind == "payment-card")

    assert (text[found.start : found.end], found.certain) == ("4111 1111 1111 1111", True)


def test_words_make_a_number_certain_unless_another_number_stands_between() -> None:
    alone, named = SCANNER.find("order 1234-5678"), SCANNER.find("BSN 111222333 or 123456782")

    assert alone == ()
    assert [(each.start, each.certain) for each in named] == [(4, True), (17, False)]


def test_words_far_before_a_number_make_it_possible() -> None:
    far = "name | BSN | town\n" + "A. | 111222333 | Delft\n" * 3
    (first, *others) = SCANNER.find(far)

    assert (first.kind, first.certain) == ("nl-bsn", True)
    assert [(each.kind, each.certain) for each in others] == [("nl-bsn", False)] * 2
    assert SCANNER.find("BSN " + "x " * 200 + "111222333") == ()
    assert SCANNER.find("BSN and order 111222334") == ()  # it fails the test


def test_of_two_readings_the_one_that_chance_brings_more_rarely_stays() -> None:
    (found,) = SCANNER.find("121212-1212")  # a Danish number by form, a Swedish one by form and check digit

    assert (found.kind, found.certain) == ("se-personnummer", False)


def test_the_column_says_what_a_number_is() -> None:
    assert SCANNER.find("111222333") == ()

    for column in ("client_BSN", "clientBsn", "person.bsn"):
        (found,) = SCANNER.find("111222333", column)
        assert (found.start, found.end, found.kind, found.certain) == (0, 9, "nl-bsn", True)


def test_the_column_itself_is_never_found() -> None:
    assert SCANNER.find("nothing", "a@acme.org") == ()


def test_kinds_that_publishing_asks_for_are_certain() -> None:
    text = "On 2021-03-04, version 10.2.3.4: write to a@acme.org, account DE89370400440532013000"

    plain = "22,713,216 parameters, p50 1.25 ms, measured on 2026-01-02 with seed 4111111111111112"

    assert certain_kinds([(text, ""), (plain, "")]) == [("email", "iban"), ()]
    assert certain_kinds([("111222333", "bsn"), ("111222333", "n")]) == [("nl-bsn",), ()]
    assert certain_kinds([]) == []


def test_kept_kinds_are_not_looked_for() -> None:
    scanner = Scanner(BASE, ("date",))

    assert scanner.find("2021-02-28") == ()
    assert "date" not in scanner.kinds
    assert [each.kind for each in scanner.find("a@acme.org")] == ["email"]


def test_helpers() -> None:
    assert (compact("de 89-ab"), digits_of("a1-2\u0663")) == ("DE89AB", "12")
    assert passes_luhn("79927398713")
    assert not any(passes_luhn(text) for text in ("79927398710", "7", "", "4x", "\u0661\u0662"))
    assert IBAN_LENGTHS["DE"] == 22
    assert not is_iban("DE00" + "0" * 18)

"""Surrogates: the same for the same value, never a value of the data."""

from __future__ import annotations

import pytest

from hub.data.redaction import BASE, Scanner, Surrogates

SCANNER = Scanner(BASE)


def redact(texts: list[str], style: str = "label") -> list[str]:
    surrogates = Surrogates(style)
    found = [SCANNER.find(text) for text in texts]
    for text, places in zip(texts, found, strict=True):
        surrogates.collect(text, places)
    return [surrogates.replaced(text, places) for text, places in zip(texts, found, strict=True)]


def test_same_value_same_surrogate_however_it_is_written() -> None:
    texts = ["4111 1111 1111 1111 and A@acme.org", "4111111111111111", "a@ACME.org b@acme.org", "4012888888881881"]

    assert redact(texts) == [
        "[PAYMENT_CARD_1] and [EMAIL_1]",
        "[PAYMENT_CARD_1]",
        "[EMAIL_1] [EMAIL_2]",
        "[PAYMENT_CARD_2]",
    ]


def test_equal_rows_give_equal_surrogates() -> None:
    texts = ["call +49 30 1234567", "b@acme.org", "a@acme.org"]

    assert redact(texts) == redact(texts) == ["call [PHONE_1]", "[EMAIL_1]", "[EMAIL_2]"]


def test_days_that_differ_in_their_order_are_two_values() -> None:
    assert redact(["1/11/2020", "11/1/2020", "1/11/2020"]) == ["[DATE_1]", "[DATE_2]", "[DATE_1]"]


def test_a_label_that_the_data_holds_is_not_given() -> None:
    assert redact(["as [EMAIL_1] and [EMAIL_3] said", "a@acme.org b@acme.org"]) == [
        "as [EMAIL_1] and [EMAIL_3] said",
        "[EMAIL_2] [EMAIL_4]",
    ]


def test_the_form_is_kept_and_plainly_made_up() -> None:
    texts = ["4111-1111-1111-1111", "DE89 3704 0044 0532 0130 00", "o.neil@acme.org", "12.03.1985", "4111111111111111"]
    done = redact(texts, "format")

    assert done == [
        "0000-0000-0000-0001",
        "XX00 0000 0000 0000 0000 01",
        "person1@redacted.invalid",
        "00.00.0001",
        "0000000000000001",
    ]
    assert all(SCANNER.find(text) == () for text in done)


def test_a_value_without_room_gets_a_label() -> None:
    surrogates = Surrogates("format")

    assert surrogates.of("name", "Vogel") == "[NAME_1]"
    assert surrogates.of("age-over-89", "93") == "[AGE_OVER_89_1]"


def test_a_made_up_value_that_the_data_holds_is_not_given() -> None:
    surrogates = Surrogates("format")
    text = "MRN 00000001"
    (place,) = Scanner(BASE).find("1/11/2020")[:1]
    surrogates.collect(text[4:], [type(place)(0, 8, "medical-record-number", True)])

    assert surrogates.of("medical-record-number", "12345678") == "00000002"


def test_values_are_counted() -> None:
    surrogates = Surrogates()
    surrogates.of("email", "a@acme.org")
    surrogates.of("email", "A@acme.org")

    assert surrogates.values == 1


def test_unknown_style() -> None:
    with pytest.raises(ValueError, match="label, format"):
        Surrogates("hash")

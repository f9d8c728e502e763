"""What holds for every text: valid numbers are found, changed ones are not certain, places are right."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import Detection, passes_luhn
from hub.data.redaction import BASE, Scanner, Surrogates
from hub.data.redaction.payment import CARD_LENGTHS, IBAN_LENGTHS, is_card, is_iban
from hub.data.redaction.scanner import without_overlaps

SCANNER = Scanner(BASE)
PADDING = st.text(alphabet='\u00e9\u4e2d\U0001f600 \t\n.,;:!?()"\u0301abc', max_size=12)


@st.composite
def cards(draw: st.DrawFn) -> str:
    issuer = draw(st.sampled_from(sorted(CARD_LENGTHS)))
    length = draw(st.sampled_from(CARD_LENGTHS[issuer]))
    body = issuer + "".join(draw(st.lists(st.sampled_from("0123456789"), min_size=length, max_size=length)))
    body = body[: length - 1]
    return next(body + digit for digit in "0123456789" if passes_luhn(body + digit))


@st.composite
def ibans(draw: st.DrawFn) -> str:
    country = draw(st.sampled_from(sorted(IBAN_LENGTHS)))
    count = IBAN_LENGTHS[country] - 4
    body = "".join(draw(st.lists(st.sampled_from("0123456789ABCXYZ"), min_size=count, max_size=count)))
    rest = int("".join(str(int(sign, 36)) for sign in f"{body}{country}00")) % 97
    return f"{country}{98 - rest:02d}{body}"


def fours(text: str, sign: str) -> str:
    return sign.join(text[place : place + 4] for place in range(0, len(text), 4))


def found(text: str, kind: str) -> list[tuple[str, bool]]:
    return [(text[d.start : d.end], d.certain) for d in SCANNER.find(text) if d.kind == kind]


@settings(max_examples=60, deadline=None)
@given(cards(), PADDING, PADDING)
def test_every_valid_card_is_found_where_it_stands(card: str, before: str, after: str) -> None:
    text = f"{before} {card} {after}"
    assert found(text, "payment-card") == [(card, True)]


@settings(max_examples=60, deadline=None)
@given(ibans(), PADDING, PADDING, st.sampled_from(["", " ", "\u00a0"]), st.booleans())
def test_every_valid_iban_is_found_where_it_stands(iban: str, before: str, after: str, sign: str, lower: bool) -> None:
    written = fours(iban.lower() if lower else iban, sign)
    text = f"{before} {written}, {after}"
    assert found(text, "iban") == [(written, True)]


@settings(max_examples=60, deadline=None)
@given(cards(), ibans(), st.data())
def test_one_changed_digit_is_never_certain(card: str, iban: str, data: st.DataObject) -> None:
    for value, check, kind in ((card, is_card, "payment-card"), (iban, is_iban, "iban")):
        place = data.draw(st.sampled_from([n for n, sign in enumerate(value) if sign.isdigit()]))
        other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != value[place]]))
        changed = value[:place] + other + value[place + 1 :]
        assert check(value) and not check(changed)
        assert found(f"number {changed}.", kind) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120) | st.from_regex(r"[0-9 .,:/@+()A-Za-z-]{0,80}", fullmatch=True))
def test_any_text_gives_places_in_order_without_overlaps(text: str) -> None:
    places = SCANNER.find(text, "some_column")
    ends = [0, *(each.end for each in places)]
    assert all(end <= each.start < each.end <= len(text) for end, each in zip(ends, places, strict=False))


DETECTIONS = st.lists(
    st.builds(
        lambda start, length, kind, certain: Detection(start, start + length, kind, certain),
        st.integers(0, 30),
        st.integers(1, 12),
        st.sampled_from(["a", "b"]),
        st.booleans(),
    ),
    max_size=12,
)


@given(DETECTIONS)
def test_overlaps_are_resolved_alike_in_any_order(detections: list[Detection]) -> None:
    chosen = without_overlaps(detections)
    assert chosen == without_overlaps(reversed(detections))
    for one in chosen:
        assert sum(one.start < other.end and other.start < one.end for other in chosen) == 1
    for left_out in set(detections) - set(chosen):
        rivals = [each for each in chosen if each.start < left_out.end and left_out.start < each.end]
        assert any(
            (each.certain, each.end - each.start) >= (left_out.certain, left_out.end - left_out.start)
            for each in rivals
        )


PIECES = st.sampled_from(
    [
        "a@acme.org",
        "4111 1111 1111 1111",
        "born 12.03.1985",
        "BSN 111222333",
        "call",
        "[EMAIL_1]",
        "+49 30 1234567",
        "x",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=4).map(" ; ".join), max_size=6))
def test_redacting_twice_changes_nothing_more(texts: list[str]) -> None:
    once = redacted(texts)
    assert redacted(once) == once
    assert all(not each.certain for text in once for each in SCANNER.find(text))


def redacted(texts: list[str]) -> list[str]:
    surrogates = Surrogates()
    found = [SCANNER.find(text) for text in texts]
    for text, places in zip(texts, found, strict=True):
        surrogates.collect(text, places)
    return [surrogates.replaced(text, places) for text, places in zip(texts, found, strict=True)]

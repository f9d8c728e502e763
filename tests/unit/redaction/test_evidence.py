"""What a data set says about numbers that nothing names."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.contract import Pattern, passes_luhn
from hub.contract.redactor import chance_of
from hub.data.redaction import BASE, Scanner, certain_kinds, evidence
from hub.data.redaction.checksums import dutch_bsn, german_tax_id, mod_11_10
from hub.data.redaction.counting import Count, log_upper_tail
from hub.data.redaction.evidence import Statement, word_before
from hub.data.redaction.national import PATTERNS

SCANNER = Scanner(BASE)


def passing(check: Callable[[str], bool], digits: int, count: int, seed: int = 1) -> list[str]:
    """Return different random numbers that pass a check."""
    rng, found = random.Random(seed), dict[str, None]()
    while len(found) < count:
        number = str(rng.randrange(10 ** (digits - 1), 10**digits))
        if check(number):
            found[number] = None
    return list(found)


def numbers(digits: int, count: int, seed: int = 2) -> list[str]:
    rng = random.Random(seed)
    return [str(rng.randrange(10 ** (digits - 1), 10**digits)) for _ in range(count)]


def found(texts: Sequence[str], column: str = "ref") -> list[list[tuple[str, str, bool]]]:
    scanner = SCANNER.informed([(text, column) for text in texts])
    return [[(text[d.start : d.end], d.kind, d.certain) for d in scanner.find(text, column)] for text in texts]


def stated(cells: Sequence[tuple[str, str]]) -> tuple[Statement, ...]:
    informed = SCANNER.informed(cells)
    assert informed.evidence is not None
    return informed.evidence.statements()


def pattern(kind: str, form: str = "") -> Pattern:
    return next(each for each in PATTERNS if each.kind == kind and form in each.form)


BSN = passing(dutch_bsn, 9, 60)


@pytest.mark.parametrize(("tries", "hits", "share"), [(10, 3, 0.1), (3, 3, 0.1), (40, 38, 1 / 11), (7, 1, 0.5)])
def test_upper_tail_is_the_sum_of_the_binomial_distribution(tries: int, hits: int, share: float) -> None:
    exact = sum(math.comb(tries, n) * share**n * (1 - share) ** (tries - n) for n in range(hits, tries + 1))
    assert math.exp(log_upper_tail(tries, hits, share)) == pytest.approx(exact)


def test_upper_tail_at_its_ends() -> None:
    assert log_upper_tail(5, 0, 0.1) == 0.0
    assert log_upper_tail(5, 2, 0.0) == -math.inf
    assert log_upper_tail(5, 5, 1.0) == 0.0
    assert log_upper_tail(100_000, 100_000, 0.1) == pytest.approx(100_000 * math.log(0.1))


def test_precision_takes_off_what_chance_brings() -> None:
    assert Count(100, 100, 10).precision == 1.0
    assert Count(100, 55, 10).precision == pytest.approx(50 / 55)  # 50 true ones, and 5 of the 50 others
    assert Count(100, 10, 10).precision == 0.0
    assert Count(100, 5, 10).precision == 0.0
    assert (Count(0, 0, 0.0).precision, Count(0, 0, 0.0).surprise) == (0.0, 0.0)


def test_chance_of_a_check_digit() -> None:
    assert chance_of(pattern("nl-bsn"), "111222334") == 0.1
    assert chance_of(pattern("nl-bsn"), "000000000") == 0.0  # no check digit would do
    assert chance_of(pattern("be-national-number", "[0-9]{11}"), "85073003328") == 0.02  # of either century
    assert chance_of(pattern("be-national-number", "[0-9]{11}"), "85133003328") == 0.0  # no such month
    assert chance_of(pattern("es-dni"), "12345678-Z") == pytest.approx(1 / 26)
    assert chance_of(pattern("at-svnr", " "), "1237 010180") == 0.1


def test_bare_numbers_of_a_column_are_found_when_more_pass_than_chance_brings() -> None:
    texts = [*BSN, *numbers(9, 40)]
    bare = found(texts)

    assert all(SCANNER.find(text, "ref") == () for text in texts)
    assert all(("nl-bsn" in {kind for _, kind, _ in each}) for each in bare[:60])
    wrong = [each for each in bare[60:] if each]
    assert len(wrong) < 12
    (statement,) = stated([(text, "ref") for text in texts])
    assert (statement.kind, statement.column, statement.numbers) == ("nl-bsn", "ref", statement.numbers)
    assert 60 <= statement.passing <= 75
    assert 8 <= statement.by_chance <= 10
    assert 0.8 < statement.precision < 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("digits", [9, 10, 11, 12])
def test_random_numbers_are_nothing(seed: int, digits: int) -> None:
    cells = [(number, "ref") for number in numbers(digits, 400, 100 * digits + seed)]
    cells += [(str(int(number) + 7), "next") for number, _ in cells]

    assert stated(cells) == ()


def test_numbers_that_follow_each_other_are_nothing() -> None:
    assert stated([(str(412_000_000 + n), "order") for n in range(500)]) == ()


def test_the_same_number_many_times_counts_once() -> None:
    assert found([BSN[0]] * 50 + [BSN[1]] * 50) == [[]] * 100


def test_three_numbers_may_be_enough_and_two_never() -> None:
    assert [len(each) for each in found(BSN[:3])] == [1, 1, 1]
    assert found(BSN[:2]) == [[], []]


def test_a_column_says_nothing_about_another() -> None:
    cells = [(text, "ref") for text in BSN] + [(BSN[0], "other")]
    scanner = SCANNER.informed(cells)

    assert [each.kind for each in scanner.find(BSN[0], "ref")] == ["nl-bsn"]
    assert scanner.find(BSN[0], "other") == ()


def test_few_among_many_are_found_by_the_word_before_them() -> None:
    texts = [f"order {n}" for n in numbers(9, 3000)] + [f"our client {n} wrote" for n in BSN[:20]]
    each = found(texts)

    assert all(places for places in each[3000:])
    assert sum(bool(places) for places in each[:3000]) == 0


def test_a_word_before_random_numbers_keeps_them_out() -> None:
    texts = [f"order {n}" for n in numbers(9, 60)] + [f"client {n}" for n in BSN]
    each = found(texts)

    assert not any(each[:60])
    assert all(each[60:])


def test_two_identifiers_of_one_length() -> None:
    german = passing(german_tax_id, 11, 40)
    croatian = passing(lambda n: mod_11_10(n) and not german_tax_id(n), 11, 40)
    texts = [*german, *croatian]

    kinds = [{kind for _, kind, _ in places} for places in found(german, "a")]
    both = [{kind for _, kind, _ in places} for places in found(texts, "b")]

    assert kinds == [{"de-tax-id"}] * 40  # every German number passes the Croatian test too
    assert both == [{"hr-oib"}] * 80  # the kind that all of them pass surprises most
    assert [each.kind for each in stated([(text, "a") for text in german])] == ["de-tax-id"]


def test_named_numbers_are_no_evidence_for_other_kinds() -> None:
    german = passing(german_tax_id, 11, 40)

    assert stated([(f"Steuer-ID {number}", "text") for number in german]) == ()
    assert stated([(number, "steuerId") for number in german]) == ()
    assert found([f"IdNr. {german[0]}"]) == [[(german[0], "de-tax-id", True)]]


@pytest.mark.parametrize("texts", [[f"ISBN {n}" for n in BSN], [f"{n} x" for n in BSN]])
def test_numbers_of_things_are_left_alone(texts: list[str]) -> None:
    assert stated([(text, "isbn") for text in texts]) == ()


def test_a_document_is_a_data_set_of_its_own() -> None:
    text = "Paid to " + ", ".join(BSN[:8]) + " today."
    assert certain_kinds([(text, "")]) == [("nl-bsn",)]
    assert certain_kinds([(f"Paid to {BSN[0]} today.", "")]) == [()]


def test_numbers_of_which_no_more_pass_than_chance_brings_are_no_longer_possible() -> None:
    grouped = [f"{n[:4]} {n[4:8]} {n[8:]}" for n in numbers(12, 200)]
    few, many = grouped[:10], [f"serial {each} x" for each in grouped]
    possible = [each for each in grouped if SCANNER.find(each)]

    assert len(possible) > 5
    assert not any(found(many))
    assert any(found(few)) == any(each in possible for each in few)  # too few to say
    assert found([f"Aadhaar: {possible[0]}", *many])[0] == [(possible[0], "in-aadhaar", True)]


def test_kept_kinds_are_not_counted() -> None:
    scanner = Scanner(BASE, ("nl-bsn",)).informed([(text, "ref") for text in BSN])
    assert scanner.find(BSN[0], "ref") == ()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "SAMPLE", 50)
    monkeypatch.setattr(evidence, "SAMPLE_OF_WORD", 30)
    monkeypatch.setattr(evidence, "MOST_GROUPS", 4)
    cells = [(text, "ref") for text in (*passing(dutch_bsn, 9, 300), *numbers(9, 300))]
    informed = SCANNER.informed([*cells, *((text, f"column {n}") for n, text in enumerate(BSN))])

    assert informed.evidence is not None
    tallies = informed.evidence._tallies
    assert len(tallies) <= 4
    assert all(len(tally._seen) <= 100 for tally in tallies.values())


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rng: random.Random) -> None:
    cells = [(text, "ref") for text in (*BSN[:20], *numbers(9, 30))]
    shuffled = rng.sample(cells, len(cells))

    assert stated(shuffled) == stated(cells)


def test_of_too_many_the_same_are_kept_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "SAMPLE", 40)
    cells = [(text, "ref") for text in (*passing(dutch_bsn, 9, 200), *numbers(9, 200))]

    first, second = stated(cells), stated(cells[::-1])

    assert first == second
    assert first[0].numbers == 40


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("client number 1", "client"),
        ("Auftrag Nr. 1", "auftrag"),
        ("1", ""),
        ("no. 1", ""),
        ("x" * 60 + " 1", "x" * 39),
    ],
)
def test_the_word_before(text: str, word: str) -> None:
    assert word_before(text, text.index("1")) == word


def test_check_digits_need_a_check() -> None:
    with pytest.raises(ValueError, match="no check"):
        Pattern("thing", "[0-9]{9}", checked=(-1,))
    assert not Pattern("thing", "[0-9]{9}", passes_luhn, checked=(-1,)).weak  # certain without words
    assert Pattern("thing", "[0-9]{9}", passes_luhn, "thing", "no", checked=(-1,)).weak


def test_every_weak_pattern_of_the_base_has_a_chance() -> None:
    weak = [each for each in PATTERNS if each.weak]
    assert {each.kind for each in weak} >= {
        "nl-bsn",
        "de-tax-id",
        "ca-sin",
        "pt-nif",
        "at-svnr",
        "hr-oib",
        "in-aadhaar",
    }
    rng = random.Random(5)
    for each in weak:
        if not each.form.isascii() or "A" in each.form:
            continue
        digits = each.digits
        chances = [chance_of(each, "".join(rng.choice("0123456789") for _ in range(digits))) for _ in range(300)]
        assert 0 < max(chances) <= 0.1, each.kind

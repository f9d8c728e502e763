"""Text to token ids, with the tokenizer.json of a bundle and nothing of transformers; words to their tokens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from unicodedata import combining

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from hub.contract.errors import BundleError, UsageError
from hub.edge.special import special_tokens
from hub.edge.tokenizer_check import MAX_BYTES, check_tokenizer, library_errors

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""Names of the graph inputs that `Encoder.feeds` can fill."""

MAX_CHARACTERS = 1_000_000
"""A longer text is refused; tokenizing this many takes about a second."""

MAX_WINDOWS = 64
"""Windows of a text that are read; what lies behind them is not seen."""

_PARALLELISM = "TOKENIZERS_PARALLELISM"
"""Environment variable of the tokenizers library; it reads it at every call."""

Text = str | tuple[str, str]
"""A text, or a pair of texts that the model reads as one input."""


class Encoder:
    """A tokenizer that cuts at the model's length and never pads by itself. May be shared between threads.

    The threads of the tokenizers library are switched off for the process, unless its variable says otherwise: they
    take every core whatever was asked for, and complain after a fork. The hub brings its own.

    Args:
        tokenizer_json: file of the tokenizers library. Padding it may ask for is switched off and its
            truncation replaced: both are meant for training. What pads a batch is told by tokenizer_config.json
            beside it.
        max_length: longest input in tokens, special tokens included; at least 2.
        stride: tokens that neighbours among the `windows` of a long text share, less than ``max_length``
            without special tokens; 0: a long text is cut, it has one window.

    Raises:
        BundleError: HUB-E011, the file cannot be read, or ``stride`` is too large for it.
    """

    def __init__(self, tokenizer_json: Path, max_length: int, stride: int = 0) -> None:
        os.environ.setdefault(_PARALLELISM, "false")
        try:
            if tokenizer_json.stat().st_size > MAX_BYTES:
                raise ValueError(f"it is larger than {MAX_BYTES} bytes")
            self._tokenizer = Tokenizer.from_file(str(tokenizer_json))
        except Exception as error:  # tokenizers raises bare Exception for a file it cannot read
            raise BundleError(
                "HUB-E011", f"cannot read {tokenizer_json.name}", str(error), "get the bundle again or build it again"
            ) from error
        check_tokenizer(self._tokenizer, tokenizer_json.name)
        self.max_length = max_length
        self.stride = stride
        self.special = special_tokens(self._tokenizer, tokenizer_json)
        self._tokenizer.no_padding()
        self._sliding = self._make_sliding() if stride else None
        self._second: Tokenizer | None = None
        self._tokenizer.enable_truncation(max_length)

    @property
    def pad_id(self) -> int:
        """Token id of padding."""
        return self.special.pad_id

    def encode(self, texts: Sequence[Text], places: bool = True) -> list[Encoding]:
        """Return the tokens of each text, special tokens included, at most ``max_length``.

        The whole text is tokenized before it is cut: 100,000 characters take 10 to 250 ms. Of a pair the
        longer text is cut first.

        Args:
            texts: any characters; half a surrogate pair is read as U+FFFD.
            places: the tokens know their characters in the text; without, many texts are faster.

        Raises:
            BundleError: HUB-E012, a text is too long or has no token at all.
            UsageError: HUB-E013, ``texts`` is not a sequence of texts.
        """
        if isinstance(texts, str):
            raise UsageError("HUB-E013", "a single text was given", "a sequence of texts is needed", "write [text]")
        return self._encode(texts, self._tokenizer, places)

    def windows(self, text: Text) -> list[Encoding]:
        """Return the windows of a text from its beginning to its end, each with its own special tokens.

        Args:
            text: as in `encode`. A pair has one window, cut to ``max_length``.

        Returns:
            At least one and at most `MAX_WINDOWS` encodings of at most ``max_length`` tokens. Neighbours share
            ``stride`` tokens; their character offsets are those in the whole text.

        Raises:
            BundleError, UsageError: as `encode`.
        """
        return self.all_windows([text])[0]

    def all_windows(self, texts: Sequence[Text], places: bool = True) -> list[list[Encoding]]:
        """Return the `windows` of each text.

        Args:
            texts: as in `encode`.
            places: as in `encode`.

        Raises:
            BundleError, UsageError: as `encode`.
        """
        pairs = any(isinstance(text, tuple) for text in texts)
        if pairs and len(texts) > 1:  # each text by itself: the library panics on pairs with a stride
            return [self.all_windows([text], places)[0] for text in texts]
        if self._sliding is None or pairs:
            return [[found] for found in self._encode(texts, self._tokenizer, places)]
        encodings = self._encode(texts, self._sliding, places)
        return [[first, *first.overflowing][:MAX_WINDOWS] for first in encodings]

    def answer_windows(self, pair: Text) -> list[Encoding]:
        """Return the windows of a context, each behind the whole question.

        Args:
            pair: question and context. Only the context is cut, or, with a stride, read window by window.

        Returns:
            As `windows`; neighbours share ``stride`` tokens of the context.

        Raises:
            BundleError: HUB-E012, a text is too long, or the question leaves no room for the context.
            UsageError: HUB-E013, it is no pair of texts.
        """
        if not isinstance(pair, tuple):
            raise UsageError(
                "HUB-E013",
                "a single text was given where a question and its context are needed",
                fix="give a pair: (question, context); on the command line: hub predict BUNDLE QUESTION --pair CONTEXT",
            )
        (whole,) = self._encode([pair], self._tokenizer)
        if not whole.overflowing:
            return [whole]
        question = self._tokenizer.encode(self._checked(pair[0]), add_special_tokens=False)
        room = self.max_length - self._tokenizer.num_special_tokens_to_add(True) - len(question.ids)
        if room <= self.stride:  # the library raises, or panics
            shared = f" and windows share {self.stride}" if self.stride else ""
            raise BundleError(
                "HUB-E012",
                f"a question has {len(question.ids)} tokens",
                f"the model reads {self.max_length}: {max(room, 0)} are left for the context{shared}",
                "ask a shorter question",
            )
        if self._second is None:
            second: Tokenizer = Tokenizer.from_str(self._tokenizer.to_str())
            second.enable_truncation(self.max_length, stride=self.stride, strategy="only_second")
            self._second = second
        (first,) = self._encode([pair], self._second)
        return [first, *(first.overflowing if self.stride else ())][:MAX_WINDOWS]

    @property
    def vocabulary(self) -> int:
        """Number of the tokenizer's pieces."""
        return int(self._tokenizer.get_vocab_size())

    def piece(self, token: int) -> str | None:
        """Return the vocabulary's name of a token id, or ``None``: scores may have more columns than it has tokens."""
        found: str | None = self._tokenizer.id_to_token(token)
        return found

    def piece_id(self, piece: str) -> int | None:
        """Return the token id of a name of the vocabulary, or ``None``."""
        found: int | None = self._tokenizer.token_to_id(piece)
        return found

    def written(self, token: int) -> str:
        """Return a token as it reads in a text, with the space that it may begin with."""
        return str(self._tokenizer.decode([token], skip_special_tokens=False))

    def feeds(self, encodings: Sequence[Encoding], inputs: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
        """Return the arrays of one batch, padded to its longest text on the side that the model expects.

        Args:
            encodings: at least one.
            inputs: names among `INPUTS`, as the graph takes them.

        Returns:
            Input name to int64 array of shape [batch, longest].
        """
        if len(encodings) == 1:  # nothing to pad; this is the mode of most small models
            (only,) = encodings
            ids = np.array([only.ids], dtype=np.int64)
            alone = {"input_ids": ids}
            if "attention_mask" in inputs:
                alone["attention_mask"] = np.ones(ids.shape, dtype=np.int64)
            if "token_type_ids" in inputs:
                alone["token_type_ids"] = np.array([only.type_ids], dtype=np.int64)
            return {name: alone[name] for name in inputs}
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        fill = {"input_ids": self.special.pad_id, "token_type_ids": self.special.pad_type_id}
        arrays = {name: np.full(shape, fill.get(name, 0), dtype=np.int64) for name in inputs}
        for row, encoding in enumerate(encodings):
            ids_of_row = encoding.ids
            place = self.place(len(ids_of_row), shape[1])
            for name, array in arrays.items():
                if name == "input_ids":
                    array[row, place] = ids_of_row
                else:
                    array[row, place] = encoding.type_ids if name == "token_type_ids" else 1
        return arrays

    def place(self, length: int, longest: int) -> slice:
        """Return where a text of ``length`` tokens stands in a batch padded to ``longest``."""
        return slice(longest - length, longest) if self.special.pads_left else slice(0, length)

    def _encode(self, texts: Sequence[Text], tokenizer: Tokenizer, places: bool = True) -> list[Encoding]:
        ready = [self._checked_pair(text) if isinstance(text, tuple) else self._checked(text) for text in texts]
        with library_errors():
            if len(ready) == 1:
                (only,) = ready
                encodings = [tokenizer.encode(only[0], only[1]) if isinstance(only, tuple) else tokenizer.encode(only)]
            else:
                encodings = tokenizer.encode_batch(ready) if places else tokenizer.encode_batch_fast(ready)
        if not all(len(encoding) for encoding in encodings):
            raise BundleError("HUB-E012", "a text has no token", "the tokenizer adds none to an empty text")
        return encodings

    def _checked_pair(self, pair: tuple[str, ...]) -> tuple[str, ...]:
        if len(pair) != 2:
            raise UsageError("HUB-E013", f"{len(pair)} texts were given where a pair is needed")
        special = self._tokenizer.num_special_tokens_to_add(True)
        if special > self.max_length:  # tokenizers would then cut nothing at all
            raise UsageError(
                "HUB-E013", "a pair of texts was given", f"it has {special} special tokens, the model reads less"
            )
        return tuple(self._checked(text) for text in pair)

    def _checked(self, text: str) -> str:
        if not isinstance(text, str):
            raise UsageError("HUB-E013", f"a {type(text).__name__} was given where a text is needed")
        if len(text) > MAX_CHARACTERS:
            raise BundleError(
                "HUB-E012",
                f"a text has {len(text)} characters",
                f"at most {MAX_CHARACTERS} are read, and the model sees the first {self.max_length} tokens",
                "cut it or split it",
            )
        return whole_characters(text)

    def _make_sliding(self) -> Tokenizer:
        """Return a second tokenizer: with a stride the library panics on pairs, so they need the first one."""
        room = self.max_length - self._tokenizer.num_special_tokens_to_add(False)
        if not 0 < self.stride < room:
            raise BundleError(
                "HUB-E011",
                f"windows cannot share {self.stride} tokens",
                f"a window has room for {max(room, 0)} tokens of the text",
                "choose a smaller stride",
            )
        sliding: Tokenizer = Tokenizer.from_str(self._tokenizer.to_str())
        sliding.enable_truncation(self.max_length, stride=self.stride)
        return sliding


def word_positions(encoding: Encoding, text: str = "") -> list[tuple[int, int, int]]:
    """Return where the words of the tokenizer's own splitting are; special tokens are left out.

    Args:
        encoding: of one text. A window may begin inside a word; then that word's rest is listed.
        text: what was encoded, with `whole_characters`. Byte-level tokenizers count the space before a word to
            it, and lone spaces as words: with the text given, both are left out.

    Returns:
        For each word, in order, the position of its first token, and its first and one past its last
        character in the text.
    """
    found: list[tuple[int, int, int]] = []
    last = None
    for position, (word, (start, end)) in enumerate(zip(encoding.word_ids, encoding.offsets, strict=True)):
        if word is None:
            continue
        if word == last:
            first, began, ended = found[-1]
            found[-1] = (first, min(began, start), max(ended, end))
        else:
            found.append((position, start, end))
        last = word
    if not text:
        return found
    places = ((position, *trimmed(text, start, end)) for position, start, end in found)
    return [(position, start, end) for position, start, end in places if start < end]


def given_word_positions(encoding: Encoding, ranges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the position of the first token of each given word.

    Args:
        encoding: of one text, or one of its windows.
        ranges: first and one past the last character of each word in the text, in rising order.

    Returns:
        For each word a position, or -1 when no token of the encoding has one of its characters: it was cut
        off, or the tokenizer drops all its characters.
    """
    tokens = [
        (position, start, end) for position, (start, end) in enumerate(encoding.offsets) if start < end
    ]  # special tokens have no characters
    found: list[int] = []
    place = 0
    for start, end in ranges:
        while place < len(tokens) and tokens[place][2] <= start:
            place += 1
        inside = place < len(tokens) and tokens[place][1] < end
        found.append(tokens[place][0] if inside else -1)
    return found


def joined_words(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Join words by single spaces.

    Returns:
        The text, and for each word its first and one past its last character in it, for `given_word_positions`.
    """
    ranges, start = [], 0
    for word in words:
        ranges.append((start, start + len(word)))
        start += len(word) + 1
    return " ".join(words), ranges


def whole_characters(text: str) -> str:
    """Return ``text`` with surrogate pairs joined and lone halves replaced; tokenizers raises on both."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a range of characters without the white space at its ends, and with the marks on its last character."""
    word = text[start:end]
    start += len(word) - len(word.lstrip())
    end = start + len(word.strip())
    # Tokenizers that strip accents end a word before a combining mark.
    while start < end < len(text) and combining(text[end]):
        end += 1
    return start, end

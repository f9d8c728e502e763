"""Text to token ids, with the tokenizer.json of a bundle and nothing of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from hub.contract.errors import BundleError, UsageError

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
"""Names of the graph inputs that `Encoder.feeds` can fill."""

MAX_CHARACTERS = 1_000_000
"""A longer text is refused; tokenizing this many takes about a second."""

_PAD_TOKENS = ("[PAD]", "<pad>")


class Encoder:
    """A tokenizer that cuts at the model's length and never pads by itself.

    Args:
        tokenizer_json: file of the tokenizers library. Padding it may ask for is switched off and its
            truncation replaced: both are meant for training.
        max_length: longest input in tokens, special tokens included; at least 2.

    Raises:
        BundleError: HUB-E011, the file cannot be read.
    """

    def __init__(self, tokenizer_json: Path, max_length: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer_json))
        except Exception as error:  # tokenizers raises bare Exception for a file it cannot read
            raise BundleError(
                "HUB-E011", f"cannot read {tokenizer_json.name}", str(error), "get the bundle again or build it again"
            ) from error
        self.max_length = max_length
        self.pad_id = self._find_pad()
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length)

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Return the tokens of each text, special tokens included, at most ``max_length``.

        The whole text is tokenized before it is cut: 100,000 characters take 10 to 250 ms.

        Args:
            texts: any characters; half a surrogate pair is read as U+FFFD.

        Raises:
            BundleError: HUB-E012, a text is too long or has no token at all.
            UsageError: HUB-E013, ``texts`` is not a sequence of texts.
        """
        if isinstance(texts, str):
            raise UsageError("HUB-E013", "a single text was given", "a sequence of texts is needed", "write [text]")
        return [self._encode(text) for text in texts]

    def feeds(self, encodings: Sequence[Encoding], inputs: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
        """Return the arrays of one batch, padded to its longest text.

        Args:
            encodings: at least one.
            inputs: names among `INPUTS`, as the graph takes them.

        Returns:
            Input name to int64 array of shape [batch, longest].
        """
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        arrays = {
            "input_ids": np.full(shape, self.pad_id, dtype=np.int64),
            "attention_mask": np.zeros(shape, dtype=np.int64),
            "token_type_ids": np.zeros(shape, dtype=np.int64),
        }
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            arrays["input_ids"][row, :length] = encoding.ids
            arrays["attention_mask"][row, :length] = 1
            arrays["token_type_ids"][row, :length] = encoding.type_ids
        return {name: arrays[name] for name in inputs}

    def _encode(self, text: str) -> Encoding:
        if not isinstance(text, str):
            raise UsageError("HUB-E013", f"a {type(text).__name__} was given where a text is needed")
        if len(text) > MAX_CHARACTERS:
            raise BundleError(
                "HUB-E012",
                f"a text has {len(text)} characters",
                f"at most {MAX_CHARACTERS} are read, and the model sees the first {self.max_length} tokens",
                "cut it or split it",
            )
        encoding = self._tokenizer.encode(_whole_characters(text))
        if not encoding.ids:
            raise BundleError("HUB-E012", "a text has no token", "the tokenizer adds none to an empty text")
        return encoding

    def _find_pad(self) -> int:
        padding = self._tokenizer.padding
        if padding:
            return int(padding["pad_id"])
        known = (self._tokenizer.token_to_id(token) for token in _PAD_TOKENS)
        return next((token for token in known if token is not None), 0)


def _whole_characters(text: str) -> str:
    """Return ``text`` with surrogate pairs joined and lone halves replaced; tokenizers raises on both."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text

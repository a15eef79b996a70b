"""Which encoding the text of a file has, by its first block."""

import codecs
import re

from pinion_step.errors import StepError

UTF_8 = "utf-8"
WINDOWS = "cp1252"
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_LOOKED_AT = 1 << 12
_EXAMPLE_BYTES = 1 << 15
# Letters above ASCII stand alone, or as two in a word of others (Größe), in the West, and together
# in other alphabets.
_MOST_LONG_RUNS = 0.1
_HIGH = re.compile(rb"[\x80-\xff]+")
_LONG = re.compile(rb"[\xa0-\xff]{3,}|[\x80-\xff]{4,}|(?<![\w\x80-\xff])[\xa0-\xff]{2}(?!\w)")
# What no Western text has inside a word, but the letters of another encoding become.
_UNLIKELY = re.compile(
    r"[^\W\d_][¹²³¿¯£¥¼½¾¡][^\W\d_]|[a-zß-ÿ][ŽŠŒŸƒ„†‡ˆ‰‹‚]|[£ƒ][A-Za-zß-ÿ]|[^\W\d_][‚„ˆ]"
)
_WORD = re.compile(r"\w*[^\W\x00-\x7f]\w*")


def find_encoding(head: bytes, whole: bool, name: str) -> str:
    """Return the encoding of a text: UTF-8, UTF-16 or Windows' Western one.

    `whole` says whether `head` is the whole file. Raises `StepError` if it may be another one.
    """
    if head[:2] in _UTF_16:
        return _UTF_16[head[:2]]
    start = head[:_LOOKED_AT]
    # ASCII letters in two bytes each; text in other alphabets has a byte order mark.
    for zeros, codec in ((start[1::2], "utf-16-le"), (start[::2], "utf-16-be")):
        if len(start) > 3 and zeros.count(0) > 0.9 * len(zeros) and start.count(0) < len(start):
            return codec
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(head, final=whole)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" or _is_damaged_utf_8(head):
            # The reader names the line.
            return UTF_8
        return _single_bytes(head, name)
    return UTF_8


def _is_damaged_utf_8(head: bytes) -> bool:
    text = head.decode(UTF_8, errors="replace")
    wrong = text.count("\ufffd")
    return sum(not character.isascii() for character in text) - wrong > wrong


def _single_bytes(head: bytes, name: str) -> str:
    runs = len(_HIGH.findall(head))
    long_runs = len(_LONG.findall(head))
    lines = b"\n".join(line for line in head.splitlines() if not line.isascii())[:_EXAMPLE_BYTES]
    western = _decoded(lines, WINDOWS)
    if western and long_runs <= _MOST_LONG_RUNS * runs and not _UNLIKELY.search(western):
        return WINDOWS
    raise StepError(
        f"{name}: this is not UTF-8 text, and the encoding cannot be told for sure;"
        f" {_ways_on(lines, western)}, or save the table as UTF-8"
    )


def _ways_on(lines: bytes, western: str) -> str:
    # Not above: few files need it.
    from charset_normalizer import from_bytes

    best = from_bytes(lines).best()
    guesses = {best.encoding: str(best)} if best and best.encoding != "ascii" else {}
    if western:
        guesses.setdefault(WINDOWS, western)
    words = {codec: _WORD.search(text) for codec, text in guesses.items()}
    shown = [f"encoding={codec} (which reads {word[0]!r})" for codec, word in words.items() if word]
    return f"give {' or '.join(shown)}" if shown else "give its encoding, such as encoding=cp1252"


def _decoded(lines: bytes, codec: str) -> str:
    try:
        return lines.decode(codec)
    except UnicodeDecodeError:
        return ""

"""Where words lie among the tokens of a path, told by the lexicon.

For graphs that do not say where words end: a TLG.fst, or an LG.fst of another engine, brings a word's label
when no other word can follow, often tokens after its beginning. Not for: graphs of the native engine, whose
states tell (csrc/decoder/path.h).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["place_words"]


def place_words(
    words: Sequence[str],
    tokens: Sequence[str],
    pronunciations: Callable[[str], Sequence[Sequence[str]]],
    *,
    separator: str | None = None,
    partial: bool = False,
) -> list[tuple[int, int]] | None:
    """Return the tokens of each word, half-open; None if the lexicon does not explain the path.

    Args:
        words: of the path.
        tokens: of the path, blanks and repeats removed.
        pronunciations: word -> its pronunciations, each a list of tokens.
        separator: a token that may stand before and behind a word and belongs to none.
        partial: the path ends in mid-word: the last word may be cut off, or not be among the words yet.

    Where two readings fit, earlier words take as few tokens as they can.
    """
    known = list(tokens)
    reached = {0: (0, 0)}  # a place behind the words so far -> (place before the last one, its first token)
    history = []
    for number, word in enumerate(words):
        behind: dict[int, tuple[int, int]] = {}
        for before in sorted(reached):
            follows = known[before : before + 1] == [separator]
            for start in (before, before + 1) if follows else (before,):
                for spelling in map(list, pronunciations(word)):
                    rest = known[start : start + len(spelling)]
                    cut_off = partial and number == len(words) - 1 and start + len(rest) == len(known)
                    if rest == spelling or (cut_off and rest == spelling[: len(rest)]):
                        behind.setdefault(start + len(rest), (before, start))
        history.append(behind)
        reached = behind
    ends = [end for end in sorted(reached) if partial or end == len(known) or known[end:] == [separator]]
    if not ends:
        return None
    end = ends[-1]
    places = []
    for behind in reversed(history):
        before, start = behind[end]
        places.append((start, end))
        end = before
    return places[::-1]

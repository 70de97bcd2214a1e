"""What a compile report says about attached words and classes.

Not for: the other columns of a report (``tlg.hotwords.make_report``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tlg.hotwords.additions import Additions
from tlg.hotwords.attaching import Attacher, Attachment, Fate
from tlg.hotwords.class_lists import ClassList
from tlg.hotwords.listing import HotwordList
from tlg.hotwords.pronounce import Units
from tlg.hotwords.report import AttachedEntry, ClassEntry, ClassReport

__all__ = ["attached_entries", "attached_warnings", "class_reports"]

STRONG_NOTE = (
    "attach_score={:g} outweighs nearly any evidence: the words that it attaches come out for others"
)
SHOWN = 3  # words that sound the same, named


def attached_entries(attachment: Attachment) -> dict[int, tuple[AttachedEntry, ...]]:
    """Return by entry the words that are attached for it."""
    return {
        entry: tuple(
            AttachedEntry(text, fate.pronunciations, fate.source)
            for text in wants
            if (fate := attachment.fate(text)).pronunciations
        )
        for entry, wants in attachment.spelled.wanted.items()
    }


def attached_warnings(
    hotwords: HotwordList, attachment: Attachment, attacher: Attacher, *, strong: float
) -> dict[int, list[str]]:
    """Return by entry what may surprise about words that the lexicon lacks.

    Args:
        hotwords: the list.
        attachment: what is attached.
        attacher: what attached it.
        strong: a score above it is warned of, nats.
    """
    found: dict[int, list[str]] = {}
    if attacher.adds is None or not attacher.adds.lacks:
        if attacher.tells:
            _tell_lacking(hotwords, attachment, attacher, found)
        return found
    sounds = attacher.sounds_of(
        _by_sound((text, way) for text in attachment.labels for way in attachment.fate(text).pronunciations)
    )
    mirrored: dict[str, list[str]] = {}
    for fate in attachment.fates.values():
        for rival in fate.rivals:
            mirrored.setdefault(rival, []).append(fate.text)
    score = attacher.options.attach_score
    warned = [STRONG_NOTE.format(score)] if score > strong else []
    for entry, wants in attachment.spelled.wanted.items():
        if entry in attachment.spelled.refused:
            continue
        notes = warned + [
            note
            for text in wants
            for note in _notes(attachment.fate(text), sounds.get(text, []), mirrored.get(text, []))
        ]
        if notes:
            found[entry] = notes
    return found


def _notes(fate: Fate, sounds: Sequence[str], mirrored: Sequence[str]) -> list[str]:
    notes = []
    if fate.reason:
        notes.append(
            f"{fate.text!r} is not in the lexicon and is not attached: {fate.reason}. {fate.remedy}".rstrip(
                ". "
            )
        )
    if fate.rivals:
        which = "some of which it shares with" if fate.pronunciations else "all of which are those of"
        notes.append(
            f"{fate.text!r} has pronunciations {which} {_named(fate.rivals)}, which is attached with them"
        )
    if mirrored:
        notes.append(f"{fate.text!r} sounds like {_named(mirrored)} of the list: it is written for both")
    if sounds:
        notes.append(
            f"{fate.text!r} sounds like {_named(sounds)} of the lexicon: one may be heard for the other"
        )
    return notes


def _tell_lacking(
    hotwords: HotwordList, attachment: Attachment, attacher: Attacher, found: dict[int, list[str]]
) -> None:
    """Say which words cannot come out, where none are attached."""
    adds = Additions(attacher.first_label, attacher.says, members={}, lacks=False)
    spelled = attachment.spelled
    texts = [spelled.folded.get(entry, text) for entry, text in enumerate(hotwords.phrases)]
    reason, remedy = attacher.why_not
    for entry, wants in adds.lacking_all(texts, spelled.refused).items():
        names = ", ".join(map(repr, wants))
        found[entry] = [f"the lexicon lacks {names} and {reason}: it comes out only as other words. {remedy}"]


def class_reports(attachment: Attachment, attacher: Attacher) -> tuple[ClassReport, ...]:
    """Return what became of each line of the lists of classes."""
    attached = attachment.attached
    if not attachment.classes:
        return ()
    spoken: set[tuple[str, str]] = set()
    if attached is not None:
        spoken.update(zip(attached.classes, attached.words, strict=True))
    sounds = attacher.sounds_of(
        _by_sound(
            (member.text, way)
            for one in attachment.classes
            for member in one.members
            for way, _ in member.ways
        )
    )
    return tuple(
        ClassReport(one.name, tuple(_class_entries(one, attachment.rivals, spoken, sounds)))
        for one in attachment.classes
    )


def _class_entries(
    one: ClassList,
    rivals: Mapping[tuple[str, str], tuple[str, ...]],
    spoken: set[tuple[str, str]],
    sounds: Mapping[str, Sequence[str]],
) -> list[ClassEntry]:
    entries = []
    for member in one.members:
        listed = one.listed[member.entry]
        others = rivals.get((one.name, member.text), ())
        status, reason, remedy = "accepted", member.reason, member.remedy
        if not member.ways:
            status = "duplicate" if remedy.startswith("Remove") else "rejected"
        elif (one.name, member.text) not in spoken:
            status = "duplicate"
            reason = f"it sounds like {_named(others)} of the class, which is scored as well or better"
            remedy = "Remove one of them"
        warnings = list(listed.notes)
        if others and status == "accepted":
            warnings.append(f"shares pronunciations with {_named(others)}, which has them alone")
        if member.text in sounds:
            warnings.append(f"sounds like {_named(sounds[member.text])} of the lexicon")
        entries.append(
            ClassEntry(
                phrase=listed.phrase,
                status=status,  # type: ignore[arg-type]
                score=member.score if status == "accepted" else None,
                pronunciations=tuple(units for units, _ in member.ways) if status == "accepted" else (),
                source=member.source,
                reason=reason,
                remedy=remedy,
                warnings=tuple(warnings),
                file=listed.file,
                line=listed.line,
            )
        )
    return entries


def _by_sound(said: Iterable[tuple[str, Units]]) -> dict[Units, list[str]]:
    found: dict[Units, list[str]] = {}
    for text, way in said:
        found.setdefault(way, []).append(text)
    return found


def _named(texts: Sequence[str]) -> str:
    shown = ", ".join(repr(text) for text in texts[:SHOWN])
    return f"{shown} and {len(texts) - SHOWN} more" if len(texts) > SHOWN else shown

"""Words that the lexicon lacks, heard all the same: real speech, a graph without 40 of the words that are listened for.

    python examples/attach_words.py

The graph of the demo's speech set is built with a lexicon from which 40 of its hotwords are removed, so that no search can write them.
Then the same 40 words are given as a hotword list with their pronunciations: they are attached to the graph while it is searched.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from sets import SETS, Parameters

import tlg
from tlg._files import read_text
from tlg.hotwords import Hotword, read_hotwords

NUM_REMOVED = 40


def main() -> None:
    """Decode without the words, and with them attached."""
    speech = SETS[0]
    lexicon: dict[str, list[list[str]]] = {}
    for line in read_text(speech.lexicon()).splitlines():
        word, *phones = line.split()
        lexicon.setdefault(word, []).append(phones)
    listed = [hotword.phrase for hotword in read_hotwords(speech.hotwords)]
    removed = [word for word in listed if word in lexicon][:NUM_REMOVED]
    with tempfile.TemporaryDirectory() as folder:
        lm = tlg.lm.train([speech.folder / "lm_text.txt.xz"], order=speech.order)
        lm.save(Path(folder) / "lm.arpa")
        graph = tlg.build_graph(
            lexicon={word: said for word, said in lexicon.items() if word not in removed},
            tokens=speech.tokens,
            lm=Path(folder) / "lm.arpa",
            separator=speech.separator,
            separator_prob=speech.separator_prob,
        )
    hotwords = tlg.Hotwords(
        [Hotword(word, pronunciations=tuple(map(tuple, lexicon[word]))) for word in removed], graph=graph
    )
    print(hotwords.report.summary)
    references, inputs = speech.references("test"), speech.posteriors("test")
    for name, given in (("without them", None), ("with them attached", hotwords)):
        decoder = tlg.Decoder(graph, hotwords=given, **Parameters.load("speech").search())
        results = [decoder.decode(inputs[key]) for key in references]
        texts = [result.text for result in results]
        print(f"\n{name}:\n{tlg.score(list(references.values()), texts, hotwords=removed)}")
    print()
    for key, result in zip(references, results, strict=True):
        for fired in result.hotwords:
            print(f"{key}: {fired.phrase}, frames {fired.start} to {fired.end}, reward {fired.reward:g}")


if __name__ == "__main__":
    main()

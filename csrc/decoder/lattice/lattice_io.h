// Lattices as bytes of other toolkits' files: OpenFst's acceptors over words, Kaldi's compact
// lattices and lattices, binary and text. Not for: files and archives themselves, with their keys
// (decoder/lattice_files.py), transducers for decoding (fst/openfst_io.h).
//
// Costs in files are negated scores, in float32. kOpenFst has one a word, the negated total. Kaldi
// has two: the graph cost, minus graph and hotword scores together, and the acoustic cost, minus am
// score / acoustic_scale: unscaled, as Kaldi writes it, so that Kaldi's tools take the scale
// (--acoustic-scale) that the search had. Read back, the hotword score is part of `graph`.
//
// Kaldi's strings of transition-ids tell its tools how long a word is. Here each frame is a 1: as
// many as a word has frames; those behind the last word stand in the final weight. A kOpenFst file
// has no frames: all states of what is read lie at 0.
#pragma once

#include <cstddef>
#include <string>

#include "decoder/lattice/lattice.h"

namespace tlg::decoder {

enum class LatticeForm {
  kOpenFst,      // vector, arc type `standard`
  kCompact,      // arc type `compactlattice44`
  kCompactText,  // lines `source target word graph,acoustic,1_1_1`
  kFrames,       // arc type `lattice4`: an arc a frame, the word on its first
  kFramesText,   // lines `source target 1 word graph,acoustic`
};

// What Kaldi's lattice-copy writes behind the key of an archive and the space. Throws
// Error(kLattice) where a cost is beyond float32.
std::string write_lattice(const Lattice& lattice, LatticeForm form, double acoustic_scale);

struct ParsedLattice {
  Lattice lattice;
  std::size_t end;  // the place in `data` behind it
};

// Reads what begins at data[begin], in any of the forms (also with weights of 8 bytes). Text ends
// with an empty line or with the data. Throws Error(kLattice) with `name`, the line of text or the
// byte, and a remedy.
ParsedLattice parse_lattice(const char* data, std::size_t size, std::size_t begin,
                            double acoustic_scale, const std::string& name);

}  // namespace tlg::decoder

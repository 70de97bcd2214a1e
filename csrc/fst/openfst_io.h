// OpenFst's binary files: `vector` and `const` transducers over standard (tropical) arcs, as
// pynini, Kaldi, WeNet, FunASR, EESEN and icefall write them. Not for: other arc types (log,
// lattice), compact or look-ahead files, big-endian files.
//
// An aligned const file is used where it lies, memory-mapped; everything else is copied. What is
// read is checked (Fst::check), so that the code behind it need not look again. Symbol tables
// inside a file are skipped.
#pragma once

#include <memory>
#include <string>

#include "fst/fst.h"
#include "util/mmap.h"

namespace tlg::fst {

enum class FstKind { kVector, kConst };

// Throws Error: kMissingFile, kIo, or kGraph for every kind of corruption, with the file and a
// remedy.
Fst read_fst(const std::string& path);

// The same from bytes; `name` is what errors call them.
Fst parse_fst(std::shared_ptr<const util::FileBytes> bytes, const std::string& name);

// Written under a temporary name and renamed. A const file is aligned, so that it can be mapped.
void write_fst(const Fst& fst, const std::string& path, FstKind kind);

}  // namespace tlg::fst

// The words of a finished model, looked up where they lie: in memory or in a mapped file, without
// building anything first. word -> id by an open-addressing table of record offsets, id -> word.
// Not for: adding words (lm/word_table.h).
//
// Sections in a file: words.text, the records {id, size, bytes, zeros to a multiple of 4} and 16
// zeros at the end; words.offsets, of each id's record in units of 4 bytes; words.slots, {tag,
// offset + 1 of a record} or 0. What a damaged file holds is checked before it is used as an
// address: lookups in it give wrong words or none, never a fault.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "lm/query/lm_file.h"
#include "lm/word_table.h"
#include "util/array.h"
#include "util/prefetch.h"

namespace tlg::lm {

// A word ready to be looked up: its first 16 bytes as numbers and a hash of all of it. The hash is
// part of the file format.
struct WordKey {
  const char* text;
  std::size_t size;
  std::uint64_t low, high, hash;

  // `readable` is how many bytes may be read from `text` on; 16 or more make it fast.
  static WordKey of(const char* text, std::size_t size, std::size_t readable);
  static WordKey of(std::string_view word) { return of(word.data(), word.size(), word.size()); }
};

class FrozenVocabulary {
 public:
  // No word may be there twice. Throws Error(kArpa) for 16 GB of words.
  explicit FrozenVocabulary(const std::vector<std::string>& words);
  // Throws Error(kArpa) if a section is missing or too small.
  FrozenVocabulary(const LmFile& file, std::size_t num_words);
  // The writer reads from here until its last piece is out.
  void add_to(LmFileWriter* writer) const;

  std::size_t size() const { return offsets_.size(); }
  // The id of a word, kNoWord if it is not here.
  WordId find(std::string_view word) const { return find(WordKey::of(word)); }
  WordId find(const WordKey& key) const;
  // To be called some time before find().
  void prefetch(const WordKey& key) const { util::prefetch(&slots_[home(key.hash)]); }
  // The word of an id below size().
  std::string_view word(WordId id) const;
  std::vector<std::string> words() const;

 private:
  struct Record {
    WordId id;
    std::uint32_t size;
  };
  // Behind the records, so that 16 bytes of every word may be read.
  static constexpr std::size_t kSlack = 16;

  std::size_t home(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash & 0xffffffffU) * slots_.size() >> 32);
  }
  // False if the record does not lie within the text.
  bool record_at(std::uint32_t offset, Record* record, const char** text) const;

  util::Array<char> text_;
  util::Array<std::uint32_t> offsets_;
  util::Array<std::uint64_t> slots_;
};

}  // namespace tlg::lm

// The container of binary models and its vocabulary: round trips, and damage of every kind.
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <random>

#include "check.h"
#include "lm/query/frozen_vocabulary.h"
#include "lm/query/lm_file.h"
#include "util/checksum.h"

using namespace tlg;      // NOLINT
using namespace tlg::lm;  // NOLINT

namespace {

std::string all_pieces(LmFileWriter* writer) {
  std::string bytes;
  for (auto piece = writer->next(); !piece.empty(); piece = writer->next()) bytes += piece;
  return bytes;
}

// Exactly as large as the text, so that the sanitizer sees a byte too many; aligned as a map is.
std::shared_ptr<const util::FileBytes> bytes_of(const std::string& text) {
  constexpr std::align_val_t kAlign{LmFile::kAlignment};
  auto* memory = static_cast<char*>(::operator new(text.size() + 1, kAlign));
  if (!text.empty()) std::memcpy(memory, text.data(), text.size());
  std::shared_ptr<const void> owner(memory, [](char* p) { ::operator delete(p, kAlign); });
  return std::make_shared<util::FileBytes>(memory, text.size(), owner);
}

LmFile file_of(const std::string& text) { return LmFile(bytes_of(text), "lm.tlglm"); }

std::vector<std::string> some_words() {
  std::vector<std::string> words = {"<unk>", "<s>", "</s>", "a", "\xe4\xbf\x9d\xe5\xae\x9a"};
  for (int i = 0; i < 500; ++i) words.push_back("w" + std::to_string(i * i));
  for (std::size_t size = 1; size < 70; ++size) {
    words.push_back(std::string(size, 'x'));
    words.push_back(std::string(size, 'x') + "y");
  }
  return words;
}

std::string vocabulary_file(const FrozenVocabulary& vocabulary) {
  LmFileWriter writer("test");
  vocabulary.add_to(&writer);
  return all_pieces(&writer);
}

}  // namespace

TEST(lm_checksum_is_xxh64) {
  CHECK(util::checksum("", 0) == 0xef46db3751d8e999ULL);
  CHECK(util::checksum("a", 1) == 0xd24ec4f1a98c6e5bULL);
  CHECK(util::checksum("abc", 3) == 0x44bc2cf5ad770999ULL);
  const std::string long_text = "Nobody inspects the spammish repetition";
  CHECK(util::checksum(long_text.data(), long_text.size()) == 0xfbcea83c8a378bf1ULL);
}

TEST(lm_file_gives_back_its_sections) {
  std::vector<std::uint32_t> numbers(1000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::uint32_t>(i * i);
  const std::string text = "seven b";
  LmFileWriter writer("test");
  writer.add("numbers", numbers.data(), numbers.size());
  writer.add("text", text.data(), text.size());
  writer.add("empty", text.data(), 0);
  const std::uint64_t size = writer.size();
  const std::string bytes = all_pieces(&writer);
  CHECK(bytes.size() == size);
  CHECK(LmFile::begins(bytes));
  CHECK(!LmFile::begins("\\data\\"));
  const LmFile file = file_of(bytes);
  file.verify();
  CHECK(file.structure() == "test");
  const auto read = file.array<std::uint32_t>("numbers", 1000);
  CHECK(reinterpret_cast<std::uintptr_t>(read.data()) % LmFile::kAlignment == 0);
  CHECK(std::equal(read.begin(), read.end(), numbers.begin(), numbers.end()));
  CHECK(std::string(file.array<char>("text").data(), 7) == text);
  CHECK(file.has("empty") && file.array<char>("empty").empty());
  CHECK(!file.has("none"));
  CHECK_THROWS(file.array<char>("none"),
               "lm.tlglm: the model is damaged: there is no section 'none'");
  CHECK_THROWS(file.array<std::uint32_t>("text"), "section 'text' has another size");
  CHECK_THROWS(file.array<std::uint32_t>("numbers", 7), "section 'numbers' has another size");
  CHECK_THROWS(LmFileWriter("a name that is too long"), "too long");
  CHECK_THROWS(writer.add("a section's name that is too long", text.data(), 0), "too long");
}

TEST(lm_file_refusals_say_why) {
  const FrozenVocabulary vocabulary(some_words());
  const std::string good = vocabulary_file(vocabulary);
  CHECK_THROWS(file_of(""), "no binary language model of tlg. Make one");
  CHECK_THROWS(file_of("\\data\\\nngram 1=3\n"), "no binary language model");
  CHECK_THROWS(file_of(good.substr(0, 20)), "the model is cut off: 20 bytes. Copy");
  CHECK_THROWS(file_of(good.substr(0, 70)), "cut off: 70 bytes of");
  CHECK_THROWS(file_of(good.substr(0, good.size() - 1)), "cut off");
  CHECK_THROWS(file_of(good + "x"), "bytes behind its end");
  std::string other = good;
  std::reverse(other.begin() + 8, other.begin() + 16);
  CHECK_THROWS(file_of(other), "other byte order");
  other = good;
  other[16] = 2;
  CHECK_THROWS(file_of(other), "format version 2, and this tlg reads 1. Use a newer tlg");
  other = good;
  other[70] ^= 1;
  CHECK_THROWS(file_of(other), "damaged: header");
  other = good;
  other.back() ^= 1;
  const LmFile file = file_of(other);
  CHECK_THROWS(file.verify(), "lm.tlglm: the model is damaged: section 'words.slots'. Copy");
}

TEST(lm_frozen_vocabulary_finds_what_it_holds) {
  const std::vector<std::string> words = some_words();
  const FrozenVocabulary made(words);
  const LmFile file = file_of(vocabulary_file(made));
  const FrozenVocabulary read(file, words.size());
  for (const FrozenVocabulary* one : {&made, &read}) {
    CHECK(one->size() == words.size());
    CHECK(one->words() == words);
    for (std::size_t id = 0; id < words.size(); ++id) {
      CHECK(one->find(words[id]) == id);
      const std::string text = words[id] + " and more of the line";
      CHECK(one->find(WordKey::of(text.data(), words[id].size(), text.size())) == id);
      CHECK(one->find(words[id] + "z") == kNoWord);
    }
    CHECK(one->find("") == kNoWord);
    CHECK(one->find(std::string("a\0", 2)) == kNoWord);
  }
  CHECK_THROWS(FrozenVocabulary(file, 3), "section 'words.offsets' has another size");
  CHECK(FrozenVocabulary(std::vector<std::string>()).find("a") == kNoWord);
}

TEST(lm_damaged_files_give_errors_or_wrong_words_but_no_fault) {
  const std::vector<std::string> words = some_words();
  const std::string good = vocabulary_file(FrozenVocabulary(words));
  std::mt19937 random(7);
  int refused = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::string bad = good;
    const int flips = 1 + static_cast<int>(random() % 40);
    for (int i = 0; i < flips; ++i)
      bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
    if (trial % 4 == 0) bad.resize(random() % bad.size());
    try {
      const LmFile file = file_of(bad);
      bool whole = true;
      try {
        file.verify();
      } catch (const Error&) {
        whole = false;
      }
      CHECK(!whole || bad == good);
      const FrozenVocabulary read(file, words.size());
      for (std::size_t id = 0; id < words.size(); id += 3) {
        (void)read.find(words[id]);
        (void)read.word(static_cast<WordId>(id));
      }
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused > 0 && refused < 2000);
}

#include "lm/query/frozen_vocabulary.h"

#include <algorithm>

#include "util/error.h"

namespace tlg::lm {
namespace {

constexpr std::uint64_t kMultiply1 = 0x9e3779b97f4a7c15ULL;
constexpr std::uint64_t kMultiply2 = 0xd6e8feb86659fd93ULL;
constexpr std::uint64_t kMultiply3 = 0xa0761d6478bd642fULL;

#if (defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) || defined(_WIN32)
constexpr bool kLittleEndian = true;
#else
constexpr bool kLittleEndian = false;
#endif

std::uint64_t load64(const char* at) {
  std::uint64_t value;
  std::memcpy(&value, at, 8);
  return value;
}

// The first `size` bytes of what `value` was loaded from, zeros behind them.
std::uint64_t first_bytes(std::uint64_t value, std::size_t size) {
  return size >= 8 ? value : value & ((std::uint64_t{1} << 8 * size) - 1);
}

void load16(const char* text, std::size_t size, std::size_t readable, std::uint64_t* low,
            std::uint64_t* high) {
  if (kLittleEndian && readable >= 16) {
    *low = first_bytes(load64(text), size);
    *high = size > 8 ? first_bytes(load64(text + 8), size - 8) : 0;
    return;
  }
  char padded[16] = {};
  if (size > 0) std::memcpy(padded, text, std::min<std::size_t>(size, 16));
  *low = load64(padded);
  *high = load64(padded + 8);
}

std::size_t record_bytes(std::size_t word_size) { return 8 + (word_size + 3) / 4 * 4; }

}  // namespace

WordKey WordKey::of(const char* text, std::size_t size, std::size_t readable) {
  WordKey key{text, size, 0, 0, 0};
  load16(text, size, readable, &key.low, &key.high);
  std::uint64_t hash = (key.low ^ size * kMultiply3) * kMultiply1;
  hash = ((hash ^ hash >> 32) ^ key.high) * kMultiply2;
  for (std::size_t at = 16; at < size; at += 16) {
    std::uint64_t low, high;
    load16(text + at, size - at, readable - at, &low, &high);
    hash = ((hash ^ hash >> 32) ^ low) * kMultiply1;
    hash = ((hash ^ hash >> 32) ^ high) * kMultiply2;
  }
  hash = (hash ^ hash >> 32) * kMultiply3;
  key.hash = hash ^ hash >> 32;
  return key;
}

FrozenVocabulary::FrozenVocabulary(const std::vector<std::string>& words)
    : offsets_(words.size()), slots_(words.size() * 2 + 1, 0) {
  std::size_t bytes = kSlack;
  for (const std::string& word : words) bytes += record_bytes(word.size());
  if (bytes / 4 >= 0xffffffffU)
    throw Error(ErrorKind::kArpa, "more than 16 GB of words", "Limit the vocabulary");
  text_ = util::Array<char>(bytes, 0);
  std::size_t at = 0;
  for (std::size_t id = 0; id < words.size(); ++id) {
    const std::string& word = words[id];
    const Record record{static_cast<WordId>(id), static_cast<std::uint32_t>(word.size())};
    std::memcpy(text_.data() + at, &record, sizeof(record));
    word.copy(text_.data() + at + sizeof(record), word.size());
    offsets_[id] = static_cast<std::uint32_t>(at / 4);
    const std::uint64_t hash = WordKey::of(word).hash;
    std::size_t slot = home(hash);
    while (slots_[slot] != 0) slot = slot + 1 == slots_.size() ? 0 : slot + 1;
    slots_[slot] = hash >> 32 << 32 | (offsets_[id] + std::uint64_t{1});
    at += record_bytes(word.size());
  }
}

FrozenVocabulary::FrozenVocabulary(const LmFile& file, std::size_t num_words)
    : text_(file.array<char>("words.text")),
      offsets_(file.array<std::uint32_t>("words.offsets", num_words)),
      slots_(file.array<std::uint64_t>("words.slots")) {
  if (text_.size() < kSlack) file.damaged("section 'words.text' has another size");
  if (slots_.empty() || slots_.size() > 0xffffffffU)
    file.damaged("section 'words.slots' has another size");
}

void FrozenVocabulary::add_to(LmFileWriter* writer) const {
  writer->add("words.text", text_);
  writer->add("words.offsets", offsets_);
  writer->add("words.slots", slots_);
}

bool FrozenVocabulary::record_at(std::uint32_t offset, Record* record, const char** text) const {
  const std::size_t begin = std::size_t{offset} * 4;
  const std::size_t end = text_.size() - kSlack;
  if (begin + sizeof(Record) > end) return false;
  std::memcpy(record, text_.data() + begin, sizeof(Record));
  *text = text_.data() + begin + sizeof(Record);
  return record->size <= end - begin - sizeof(Record);
}

WordId FrozenVocabulary::find(const WordKey& key) const {
  const std::uint64_t tag = key.hash >> 32;
  std::size_t at = home(key.hash);
  for (std::size_t left = slots_.size(); left > 0 && slots_[at] != 0; --left) {
    Record record;
    const char* text;
    if (slots_[at] >> 32 == tag &&
        record_at(static_cast<std::uint32_t>(slots_[at]) - 1, &record, &text) &&
        record.size == key.size && record.id < size()) {
      std::uint64_t low, high;
      load16(text, key.size, key.size + kSlack, &low, &high);
      if (low == key.low && high == key.high &&
          (key.size <= 16 || std::memcmp(text + 16, key.text + 16, key.size - 16) == 0))
        return record.id;
    }
    if (++at == slots_.size()) at = 0;
  }
  return kNoWord;
}

std::string_view FrozenVocabulary::word(WordId id) const {
  Record record;
  const char* text;
  if (!record_at(offsets_[id], &record, &text)) return {};
  return {text, record.size};
}

std::vector<std::string> FrozenVocabulary::words() const {
  std::vector<std::string> all;
  all.reserve(size());
  for (std::size_t id = 0; id < size(); ++id) all.emplace_back(word(static_cast<WordId>(id)));
  return all;
}

}  // namespace tlg::lm

#include "lm/count/corpus.h"

#include <utility>

#include "util/error.h"
#include "util/utf8.h"

namespace tlg::lm {

Corpus::Corpus(CorpusOptions options, std::shared_ptr<util::Job> job)
    : options_(std::move(options)), job_(std::move(job)) {
  words_.insert("<unk>");
  words_.insert("<s>");
  words_.insert("</s>");
  for (const std::string& word : options_.vocab) words_.insert(word);
}

void Corpus::add_word(std::string_view word, const std::string& name, std::int64_t line) {
  const std::size_t known = words_.size();
  WordId id;
  if (options_.fixed_vocab) {
    id = words_.find(word);
    if (id == kNoWord) {
      ++outside_;
      ++num_ids_;
      blocks_.back().push_back(kUnkId);
      return;
    }
  } else {
    id = words_.insert(word);
  }
  if (id > kEosId) {
    if (words_.size() > known && find_invalid_utf8(word) != std::string_view::npos)
      throw Error(ErrorKind::kText, "not UTF-8", "Convert the text to UTF-8", name, line);
    blocks_.back().push_back(id);
    ++num_ids_;
    return;
  }
  if (options_.symbols == Symbols::kSkip) {
    ++skipped_;
  } else if (options_.symbols == Symbols::kUnk && id == kUnkId) {
    blocks_.back().push_back(id);
    ++num_ids_;
  } else {
    const bool unk = id == kUnkId;
    throw Error(
        ErrorKind::kText, "'" + std::string(word) + "' is reserved and may not be in the text",
        std::string(unk ? "Pass symbols='unk' (--symbols unk) to count it as the unknown word, or"
                        : "Pass") +
            " symbols='skip' (--symbols skip) to leave out such words",
        name, line);
  }
}

void Corpus::end_sentence() {
  blocks_.back().push_back(kEosId);
  ++num_ids_;
  ++sentences_;
}

void Corpus::add_text(std::string_view text, const std::string& name, std::int64_t first_line) {
  blocks_.emplace_back();
  blocks_.back().reserve(text.size() / 4);
  std::int64_t line = first_line;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    p = split_line(p, end, [&](std::string_view word) { add_word(word, name, line); });
    end_sentence();
    if (p != end) ++p;
    ++line;
  }
  blocks_.back().shrink_to_fit();
}

void Corpus::add_sentence(const std::vector<std::string>& words, std::int64_t number) {
  // Blocks of a good size, so that many short sentences do not become many blocks.
  if (blocks_.empty() || blocks_.back().size() > (std::size_t{1} << 20)) blocks_.emplace_back();
  for (const std::string& word : words) {
    if (word.empty() || word.find_first_of(std::string_view("\0\t\r\n ", 5)) != std::string::npos)
      throw Error(ErrorKind::kText,
                  "'" + word + "' is not one word: it is empty or has white space in it",
                  "Split the sentence into words first", "sentence " + std::to_string(number));
    add_word(word, "sentence " + std::to_string(number), 0);
  }
  end_sentence();
}

}  // namespace tlg::lm

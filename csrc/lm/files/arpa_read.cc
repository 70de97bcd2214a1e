// The tolerant ARPA reader: what toolkits are known to write is read, mended things are reported
// with their line, and what cannot be a model is refused with its line.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "lm/files/arpa.h"
#include "lm/files/ngram_lists.h"
#include "lm/word_table.h"
#include "util/error.h"
#include "util/number.h"
#include "util/utf8.h"

namespace tlg::lm {
namespace {

constexpr int kHighestOrder = 32;
// Above 0 by rounding alone; anything larger is no probability.
constexpr float kRounding = 1e-5f;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 60)) out += static_cast<unsigned char>(c) < 32 ? '?' : c;
  // Do not cut a UTF-8 character in half.
  while (text.size() > 60 && (out.back() & 0x80)) out.pop_back();
  if (find_invalid_utf8(out) != std::string_view::npos) out = "'(not UTF-8)";
  return out + (text.size() > 60 ? "...'" : "'");
}

// A habit of some toolkit, counted over the file and reported once.
struct Oddity {
  const char* what;
  std::size_t count = 0;
  std::int64_t first_line = 0;
  void note(std::int64_t line) {
    if (count++ == 0) first_line = line;
  }
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  ArpaFile read() {
    refuse_other_formats();
    find_data();
    read_counts();
    for (int k = 1; k <= static_cast<int>(declared_.size()); ++k) read_section(k);
    read_end();
    report_specials();
    for (const Oddity* one : {&carriage_returns_, &spacing_, &positive_, &ignored_backoff_,
                              &blank_inside_, &infinite_, &duplicate_word_})
      if (one->count)
        report(one->what + std::string(" (") + std::to_string(one->count) + " lines)",
               one->first_line);
    ArpaFile file;
    file.trie = make_trie(&model_);
    file.repairs = std::move(model_.repairs);
    return file;
  }

 private:
  [[noreturn]] void refuse(const std::string& what, const std::string& remedy,
                           std::int64_t line) const {
    throw Error(ErrorKind::kArpa, what, remedy, name_, line);
  }
  void report(const std::string& what, std::int64_t line) {
    model_.repairs.push_back("line " + std::to_string(line) + ": " + what);
  }

  // Moves to the next line; false at the end of the text. line_ is without its end.
  bool next_line() {
    if (at_ >= text_.size()) return false;
    const char* begin = text_.data() + at_;
    const void* found = std::memchr(begin, '\n', text_.size() - at_);
    const std::size_t size = found
                                 ? static_cast<std::size_t>(static_cast<const char*>(found) - begin)
                                 : text_.size() - at_;
    line_ = text_.substr(at_, size);
    at_ += size + (found ? 1 : 0);
    ++number_;
    if (!line_.empty() && line_.back() == '\r') {
      carriage_returns_.note(number_);
      line_.remove_suffix(1);
    }
    return true;
  }

  void refuse_other_formats() {
    const char* const remedy = "Give a plain, gz, bz2, xz or zst ARPA file";
    if (text_.empty()) refuse("the file is empty, not an ARPA file", remedy, 1);
    const struct {
      std::string_view start;
      const char* what;
      const char* remedy;
    } kinds[] = {
        {"\xff\xfe", "UTF-16 text, not UTF-8", "Convert the file to UTF-8"},
        {"\xfe\xff", "UTF-16 text, not UTF-8", "Convert the file to UTF-8"},
        {"mmap lm ", "a KenLM binary, not an ARPA file", "Give the ARPA file it was made from"},
        {"version https://git-lfs", "a Git LFS pointer, not the file itself", "Run: git lfs pull"},
        {"\x7f"
         "ELF",
         "a program, not an ARPA file", remedy},
        {{"]\0\0", 3}, "looks like the old .lzma container", "Unpack it with: xz --format=lzma -d"},
    };
    for (const auto& kind : kinds)
      if (starts_with(text_, kind.start)) refuse(kind.what, kind.remedy, 1);
    const std::string start = lowered(text_.substr(0, 200));
    if (start.find("<!doctype") != std::string::npos || starts_with(start, "<html"))
      refuse("an HTML page, not an ARPA file", "Download the file again", 1);
    if (starts_with(text_, "\xef\xbb\xbf")) {
      text_.remove_prefix(3);
      report("byte order mark removed", 1);
    }
    if (text_.find('\r') != std::string_view::npos && text_.find('\n') == std::string_view::npos)
      refuse("lines end in a bare CR (old Mac text)", "Convert them, e.g. tr '\\r' '\\n'", 1);
    const std::size_t nul = text_.find('\0');
    if (nul != std::string_view::npos)
      refuse("a NUL byte: not text", remedy,
             1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(nul), '\n'));
  }

  void find_data() {
    std::int64_t first = 0, last = 0;
    while (next_line()) {
      const std::string_view line = trimmed(line_);
      if (line.empty() || line[0] == '#') continue;
      if (lowered(line) == "\\data\\") {
        if (line != "\\data\\") report("'\\data\\' written in capitals", number_);
        if (last)
          report("text before \\data\\ skipped (lines " + std::to_string(first) + "-" +
                     std::to_string(last) + ")",
                 first);
        return;
      }
      if (line == "\\1-grams:")
        refuse("\\1-grams: without a \\data\\ header before it", "Add the header with its counts",
               number_);
      if (!first) first = number_;
      last = number_;
    }
    refuse("no \\data\\ header: not an ARPA file", "Give an ARPA language model", 1);
  }

  void read_counts() {
    while (next_line()) {
      std::string_view line = trimmed(line_);
      if (line.empty()) continue;
      if (line[0] == '\\') {
        if (declared_.empty())
          refuse("no 'ngram 1=' line between \\data\\ and " + quoted(line), "Add the counts",
                 number_);
        pending_ = true;
        return;
      }
      const std::size_t equals = line.find('=');
      std::uint64_t order = 0, count = 0;
      if (!starts_with(line, "ngram") || equals == std::string_view::npos ||
          !parse_unsigned(trimmed(line.substr(5, equals - 5)), &order) ||
          !parse_unsigned(trimmed(line.substr(equals + 1)), &count))
        refuse("not a count line 'ngram ORDER=COUNT': " + quoted(line), "Correct it", number_);
      if (order != declared_.size() + 1)
        refuse("the count of " + std::to_string(declared_.size() + 1) +
                   "-grams is missing before " + quoted(line),
               "Add it", number_);
      if (order > kHighestOrder)
        refuse("order " + std::to_string(order) + " is above the highest, " +
                   std::to_string(kHighestOrder),
               "Use a model of a lower order", number_);
      declared_.push_back({count, number_});
    }
    refuse("the file ends in its header", "It was cut off: copy it again", number_);
  }

  void read_section(int k) {
    model_.orders.emplace_back();
    NgramList& ngrams = model_.orders.back();
    const Declared& declared = declared_[static_cast<std::size_t>(k) - 1];
    if (!next_head()) {
      // Only a file that ends with \end\ or lacks nothing but it gets here in order.
      if (declared.count) cut_off(k, 0, declared.count);
      return;
    }
    const std::string_view head = trimmed(line_);
    if (head == "\\end\\" && declared.count == 0) {
      pending_ = true;
      return;
    }
    if (head != "\\" + std::to_string(k) + "-grams:")
      refuse("\\" + std::to_string(k) + "-grams: expected, found " + quoted(head),
             head == "\\end\\" ? "A section is missing: make the file again"
                               : "Correct the head of the section",
             number_);
    pending_ = false;
    // The header is not trusted with memory: a line has at least 2 + 2 k bytes.
    const std::size_t fits =
        std::min<std::uint64_t>(declared.count, (text_.size() - at_) / (2 + 2 * k) + 1);
    ngrams.words.reserve(fits * k);
    ngrams.log10_prob.reserve(fits);
    const bool top = k == static_cast<int>(declared_.size());
    if (!top) ngrams.log10_backoff.reserve(fits);
    std::int64_t blank = 0;
    while (next_line()) {
      if (line_.empty() || trimmed(line_).empty()) {
        if (!blank) blank = number_;
        continue;
      }
      if (line_[0] == '\\') {
        pending_ = true;
        break;
      }
      if (blank && ngrams.size()) blank_inside_.note(blank);
      blank = 0;
      read_ngram(k, top, &ngrams);
    }
    const std::size_t found = ngrams.size() + (k == 1 ? duplicate_word_.count : 0);
    if (found == declared.count) return;
    if (!pending_) cut_off(k, found, declared.count);
    report("declared " + std::to_string(declared.count) + " " + std::to_string(k) +
               "-grams, found " + std::to_string(found),
           declared.line);
  }

  [[noreturn]] void cut_off(int k, std::size_t found, std::uint64_t declared) const {
    refuse("the file ends after " + std::to_string(found) + " of " + std::to_string(declared) +
               " " + std::to_string(k) + "-grams and without \\end\\",
           "It was cut off: copy it again", number_);
  }

  // Moves to the next line that begins with a backslash.
  bool next_head() {
    if (pending_) return true;
    while (next_line()) {
      const std::string_view line = trimmed(line_);
      if (line.empty()) continue;
      if (line[0] != '\\')
        refuse("a section head was expected, found " + quoted(line), "Correct it", number_);
      return pending_ = true;
    }
    return false;
  }

  void read_end() {
    if (!next_head()) {
      model_.repairs.push_back("line " + std::to_string(number_) +
                               ": no \\end\\; the counts agree with the header");
      return;
    }
    const std::string_view head = trimmed(line_);
    if (lowered(head) != "\\end\\")
      refuse("\\end\\ expected, found " + quoted(head),
             "The header does not declare this section: add its count", number_);
    bool said = false;
    while (next_line()) {
      if (said || trimmed(line_).empty()) continue;
      report("text after \\end\\ skipped", number_);
      said = true;
    }
  }

  std::string_view next_field(const char** at, const char* end) const {
    const char* p = *at;
    while (p != end && is_blank(*p)) ++p;
    const char* start = p;
    while (p != end && *p != ' ' && *p != '\t') ++p;
    *at = p;
    return {start, static_cast<std::size_t>(p - start)};
  }

  float read_number(std::string_view field, const char* what) const {
    float value = 0;
    if (!parse_float(field, &value)) {
      const bool comma = field.find(',') != std::string_view::npos;
      refuse(std::string("the ") + what + " is no number: " + quoted(field),
             comma ? "Write a decimal point, not a comma" : "Correct the line", number_);
    }
    if (std::isnan(value))
      refuse(std::string("the ") + what + " is NaN", "Train it again", number_);
    if (value == std::numeric_limits<float>::infinity())
      refuse(std::string("the ") + what + " is +inf", "Train it again", number_);
    return value;
  }

  void read_ngram(int k, bool top, NgramList* ngrams) {
    const char* p = line_.data();
    const char* end = p + line_.size();
    // Single separators: tab, then spaces between the words, then a tab.
    bool odd = is_blank(*p);
    float prob = read_number(next_field(&p, end), "log probability");
    odd |= p != end && *p != '\t';
    if (std::isinf(prob)) {
      if (line_.find("-inf\t") == std::string_view::npos) infinite_.note(number_);
      prob = kLog10Zero;
    }
    if (prob > 0) {
      if (prob > kRounding)
        refuse("the log probability " +
                   std::string(trimmed(line_).substr(0, trimmed(line_).find_first_of(" \t"))) +
                   " is above 0",
               "Train the model again", number_);
      positive_.note(number_);
      prob = 0;
    }
    WordId ids[kHighestOrder];
    std::string_view first_word;
    for (int i = 0; i < k; ++i) {
      if (i && p != end) odd |= *p != ' ';
      if (p != end && p + 1 != end) odd |= is_blank(p[1]);
      const std::string_view word = next_field(&p, end);
      if (word.empty())
        refuse("a " + std::to_string(k) + "-gram with " + std::to_string(i) +
                   (i == 1 ? " word" : " words"),
               "Complete or remove the line", number_);
      if (i == 0) first_word = word;
      if (k > 1) ids[i] = known_word(word);
    }
    float backoff = std::numeric_limits<float>::quiet_NaN();
    if (p != end) {
      odd |= *p != '\t';
      const std::string_view field = next_field(&p, end);
      if (field.empty()) {
        odd = true;
      } else {
        backoff = read_number(field, "backoff");
        if (std::isinf(backoff)) backoff = kLog10Zero;
        if (!next_field(&p, end).empty())
          refuse("more fields than a " + std::to_string(k) + "-gram has: " + quoted(line_),
                 "Correct the line", number_);
        if (p != end || is_blank(end[-1])) odd = true;
      }
      if (top && !std::isnan(backoff) && backoff != 0) ignored_backoff_.note(number_);
    }
    if (odd) spacing_.note(number_);
    if (k == 1) {
      ids[0] = static_cast<WordId>(model_.vocabulary.size());
      if (words_.insert(first_word) != ids[0]) {
        duplicate_word_.note(number_);
        return;
      }
      if (find_invalid_utf8(first_word) != std::string_view::npos)
        refuse("a word that is not UTF-8", "Convert the file to UTF-8", number_);
      model_.vocabulary.emplace_back(first_word);
    }
    ngrams->words.insert(ngrams->words.end(), ids, ids + k);
    ngrams->log10_prob.push_back(prob);
    if (!top) ngrams->log10_backoff.push_back(backoff);
  }

  WordId known_word(std::string_view word) {
    const WordId id = words_.find(word);
    if (id != kNoWord) return id;
    if (word != "<s>")
      refuse("the word " + quoted(word) + " is not among the unigrams",
             "Add its unigram, or remove the line", number_);
    // pocolm counts <s> in its header but does not print it.
    report("<s> has no unigram; added with probability 0", number_);
    model_.vocabulary.emplace_back("<s>");
    NgramList& unigrams = model_.orders[0];
    const WordId added = words_.insert(word);
    unigrams.words.push_back(added);
    unigrams.log10_prob.push_back(kLog10Zero);
    unigrams.log10_backoff.push_back(std::numeric_limits<float>::quiet_NaN());
    return added;
  }

  void report_specials() {
    if (model_.vocabulary.empty()) refuse("no unigrams", "Train the model again", number_);
    const auto lacks = [&](std::string_view word) { return words_.find(word) == kNoWord; };
    if (lacks("<unk>"))
      model_.repairs.push_back(lacks("<UNK>") ? "no <unk>: unknown words have probability 0"
                                              : "<UNK> is taken as the unknown word <unk>");
    if (lacks("<s>")) model_.repairs.push_back("no <s>: sentences start without context");
    if (lacks("</s>")) model_.repairs.push_back("no </s>: the end of a sentence has probability 0");
  }

  struct Declared {
    std::uint64_t count;
    std::int64_t line;
  };

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::string_view line_;
  std::int64_t number_ = 0;  // of line_, from 1
  bool pending_ = false;     // line_ is a head that nobody has used yet
  std::vector<Declared> declared_;
  WordTable words_;
  NgramLists model_;
  Oddity carriage_returns_{"CR at the end of lines removed"};
  Oddity spacing_{"fields set apart in an unusual way"};
  Oddity positive_{"log probability a little above 0 taken as 0"};
  Oddity ignored_backoff_{"backoff of a highest-order n-gram ignored"};
  Oddity blank_inside_{"blank line inside a section"};
  Oddity infinite_{"infinite log probability read as probability 0"};
  Oddity duplicate_word_{"unigram given again: the first was kept"};
};

}  // namespace

ArpaFile read_arpa(std::string_view text, const std::string& name) {
  return Reader(text, name).read();
}

}  // namespace tlg::lm

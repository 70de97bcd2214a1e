// The tolerant ARPA reader: what toolkits are known to write is read, mended things are reported
// with their line, and what cannot be a model is refused with its line. Lines of the usual form are
// PlainLines' work; here is the rest.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "lm/files/arpa.h"
#include "lm/files/arpa_text.h"
#include "lm/files/plain_lines.h"
#include "lm/files/trie_maker.h"
#include "lm/files/word_finder.h"
#include "util/number.h"
#include "util/utf8.h"

namespace tlg::lm {
namespace {

constexpr int kHighestOrder = 32;
// Above 0 by rounding alone; anything larger is no probability.
constexpr float kRounding = 1e-5f;
constexpr std::size_t kBlock = 2048;  // n-grams
constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

std::string plural(std::uint64_t count, int order) {
  return std::to_string(count) + " " + std::to_string(order) + "-gram" + (count == 1 ? "" : "s");
}

class Reader {
 public:
  Reader(TextSource* source, std::uint64_t bytes, const std::string& name)
      : bytes_(bytes), text_(source, name), plain_(&words_) {}

  ArpaFile read() {
    refuse_other_formats();
    find_data();
    read_counts();
    for (int k = 1; k <= static_cast<int>(declared_.size()); ++k) read_section(k);
    read_end();
    ArpaFile file;
    file.repairs = text_.take_repairs();
    report_specials(&file.repairs);
    file.trie = maker_.finish(words_.take_words(), &file.repairs);
    return file;
  }

 private:
  void refuse_other_formats() {
    const char* const remedy = "Give a plain, gz, bz2, xz or zst ARPA file";
    const std::string_view start = text_.start();
    if (start.empty()) text_.refuse("the file is empty, not an ARPA file", remedy, 1);
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
        {"PK\x03\x04", "a zip archive, not an ARPA file", "Unpack it"},
        {"\x1f\x9d", "packed by compress (.Z)", "Unpack it with: gzip -d"},
        {{"]\0\0", 3}, "looks like the old .lzma container", "Unpack it with: xz --format=lzma -d"},
    };
    for (const auto& kind : kinds)
      if (starts_with(start, kind.start)) text_.refuse(kind.what, kind.remedy, 1);
    const std::string low = lowered(start.substr(0, 200));
    if (low.find("<!doctype") != std::string::npos || starts_with(low, "<html"))
      text_.refuse("an HTML page, not an ARPA file", "Download the file again", 1);
    if (start.find('\r') != std::string_view::npos && start.find('\n') == std::string_view::npos)
      text_.refuse("lines end in a bare CR (old Mac text)", "Convert them, e.g. tr '\\r' '\\n'", 1);
    text_.skip_byte_order_mark();
  }

  void find_data() {
    std::int64_t first = 0, last = 0;
    while (text_.next_line()) {
      const std::string_view line = trimmed(text_.line());
      if (line.empty() || line[0] == '#') continue;
      if (lowered(line) == "\\data\\") {
        if (line != "\\data\\") text_.report("'\\data\\' written in capitals", text_.number());
        if (last)
          text_.report("text before \\data\\ skipped (lines " + std::to_string(first) + "-" +
                           std::to_string(last) + ")",
                       first);
        return;
      }
      if (line == "\\1-grams:")
        text_.refuse("\\1-grams: without a \\data\\ header before it",
                     "Add the header with its counts");
      if (!first) first = text_.number();
      last = text_.number();
    }
    text_.refuse("no \\data\\ header: not an ARPA file", "Give an ARPA language model", 1);
  }

  void read_counts() {
    while (text_.next_line()) {
      const std::string_view line = trimmed(text_.line());
      if (line.empty()) continue;
      if (line[0] == '\\') {
        if (declared_.empty())
          text_.refuse("no 'ngram 1=' line between \\data\\ and " + quoted(line), "Add the counts");
        pending_ = true;
        return;
      }
      const std::size_t equals = line.find('=');
      std::uint64_t order = 0, count = 0;
      if (!starts_with(line, "ngram") || equals == std::string_view::npos ||
          !parse_unsigned(trimmed(line.substr(5, equals - 5)), &order) ||
          !parse_unsigned(trimmed(line.substr(equals + 1)), &count))
        text_.refuse("not a count line 'ngram ORDER=COUNT': " + quoted(line), "Correct it");
      if (order != declared_.size() + 1)
        text_.refuse("the count of " + std::to_string(declared_.size() + 1) +
                         "-grams is missing before " + quoted(line),
                     "Add it");
      if (order > kHighestOrder)
        text_.refuse("order " + std::to_string(order) + " is above the highest, " +
                         std::to_string(kHighestOrder),
                     "Use a model of a lower order");
      declared_.push_back({count, text_.number()});
    }
    text_.refuse("the file ends in its header", "It was cut off: copy it again");
  }

  void read_section(int k) {
    const Declared& declared = declared_[static_cast<std::size_t>(k) - 1];
    const bool top = k == static_cast<int>(declared_.size());
    const bool there = find_section(k, declared.count);
    // The header is not trusted with memory: a line has at least 2 + 2 k bytes.
    const std::uint64_t most = bytes_ ? bytes_ / static_cast<unsigned>(2 + 2 * k) + 1 : 1U << 22;
    maker_.begin(k, top, std::min(declared.count, most));
    std::size_t found = there ? read_ngrams(k, top) : 0;
    if (k == 1) {
      found += text_.count(Oddity::kRepeatedWord);
      if (words_.find(TextWord("<s>")) == kNoWord && found + 1 == declared.count && pending_) {
        add_sentence_start();
        ++found;
      }
      if (found == 0) text_.refuse("no unigrams", "Train the model again");
    }
    if (found == declared.count) return;
    if (!pending_) refuse_cut_off(k, found, declared.count);
    text_.report("declared " + plural(declared.count, k) + ", found " + std::to_string(found),
                 declared.line);
  }

  [[noreturn]] void refuse_cut_off(int k, std::size_t found, std::uint64_t declared) const {
    text_.refuse("the file ends after " + std::to_string(found) + " of " + plural(declared, k) +
                     " and without \\end\\",
                 "It was cut off: copy it again");
  }

  // Moves behind the head of a section; false where it has none because it has no n-grams.
  bool find_section(int k, std::uint64_t declared) {
    if (!next_head()) return false;
    const std::string_view head = trimmed(text_.line());
    if (head == "\\end\\" && declared == 0) return false;
    if (head != "\\" + std::to_string(k) + "-grams:")
      text_.refuse("\\" + std::to_string(k) + "-grams: expected, found " + quoted(head),
                   head == "\\end\\" ? "A section is missing: make the file again"
                                     : "Correct the head of the section");
    pending_ = false;
    return true;
  }

  // Reads up to the next head or the end; returns how many n-grams there were.
  std::size_t read_ngrams(int k, bool top) {
    std::size_t found = 0;
    std::int64_t blank = 0;  // a blank line that no n-gram has followed yet
    std::size_t moves = text_.moves();
    plain_.forget();
    block_.clear();
    for (bool more = true; more;) {
      const std::size_t before = block_.size();
      if (text_.moves() != moves) plain_.forget();
      moves = text_.moves();
      const std::size_t bytes = plain_.parse(text_.rest(), k, top, kBlock - before, &block_);
      if (block_.size() > before) {
        if (blank && found + before) text_.note(Oddity::kBlankLine, blank);
        blank = 0;
        text_.skip(bytes, block_.size() - before);
      }
      if (block_.size() < kBlock) more = read_odd_line(k, top, found, &blank);
      if (block_.size() < kBlock && more) continue;
      found += block_.size();
      maker_.add(&block_);
      block_.clear();
    }
    return found;
  }

  // Reads one line of any form; false at the next head or the end of the file.
  bool read_odd_line(int k, bool top, std::size_t found, std::int64_t* blank) {
    if (!text_.next_line()) return false;
    const std::string_view line = text_.line();
    if (trimmed(line).empty()) {
      if (!*blank) *blank = text_.number();
      return true;
    }
    if (line[0] == '\\') {
      pending_ = true;
      return false;
    }
    if (*blank && found + block_.size()) text_.note(Oddity::kBlankLine, *blank);
    *blank = 0;
    const std::uint64_t declared = declared_[static_cast<std::size_t>(k) - 1].count;
    if (!text_.has_end() && found + block_.size() + 1 < declared)
      refuse_cut_off(k, found + block_.size(), declared);
    read_ngram(k, top);
    return true;
  }

  // Moves to the next line that begins with a backslash.
  bool next_head() {
    if (pending_) return true;
    while (text_.next_line()) {
      const std::string_view line = trimmed(text_.line());
      if (line.empty()) continue;
      if (line[0] != '\\')
        text_.refuse("a section head was expected, found " + quoted(line), "Correct it");
      return pending_ = true;
    }
    return false;
  }

  void read_end() {
    if (!next_head()) {
      text_.report("no \\end\\; the counts agree with the header", text_.number());
      return;
    }
    const std::string_view head = trimmed(text_.line());
    if (lowered(head) != "\\end\\")
      text_.refuse("\\end\\ expected, found " + quoted(head),
                   "The header does not declare this section: add its count");
    bool said = false;
    while (text_.next_line()) {
      if (said || trimmed(text_.line()).empty()) continue;
      text_.report("text after \\end\\ skipped", text_.number());
      said = true;
    }
  }

  static std::string_view next_field(const char** at, const char* end) {
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
      text_.refuse(std::string("the ") + what + " is no number: " + quoted(field),
                   comma ? "Write a decimal point, not a comma" : "Correct the line");
    }
    if (std::isnan(value)) text_.refuse(std::string("the ") + what + " is NaN", "Train it again");
    if (value == std::numeric_limits<float>::infinity())
      text_.refuse(std::string("the ") + what + " is +inf", "Train it again");
    return value == 0 ? 0 : value;  // no -0
  }

  float read_prob(std::string_view field) {
    const float prob = read_number(field, "log probability");
    if (std::isinf(prob)) {
      if (field != "-inf") text_.note(Oddity::kInfinity);
      return kLog10Zero;
    }
    if (prob <= 0) return prob;
    if (prob > kRounding)
      text_.refuse("the log probability " + std::string(field) + " is above 0",
                   "Train the model again");
    text_.note(Oddity::kAboveZero);
    return 0;
  }

  // Takes the line apart, which may have blanks of any kind and number between its fields.
  void read_ngram(int k, bool top) {
    const std::string_view line = text_.line();
    const char* p = line.data();
    const char* end = p + line.size();
    // What is usual: a tab, then spaces between the words, then a tab.
    bool odd = is_blank(*p);
    const float prob = read_prob(next_field(&p, end));
    odd |= p != end && *p != '\t';
    WordId ids[kHighestOrder];
    std::string_view word;
    for (int i = 0; i < k; ++i) {
      if (i && p != end) odd |= *p != ' ';
      if (p != end && p + 1 != end) odd |= is_blank(p[1]);
      word = next_field(&p, end);
      if (word.empty())
        text_.refuse("a " + std::to_string(k) + "-gram with " + std::to_string(i) +
                         (i == 1 ? " word" : " words"),
                     "Complete or remove the line");
      if (k == 1) continue;
      ids[i] = words_.find(TextWord(word));
      if (ids[i] == kNoWord)
        text_.refuse("the word " + quoted(word) + " is not among the unigrams",
                     "Add its unigram, or remove the line");
    }
    float backoff = kNone;
    if (p != end) {
      odd |= *p != '\t';
      const std::string_view field = next_field(&p, end);
      if (field.empty()) {
        odd = true;
      } else {
        backoff = read_number(field, "backoff");
        if (std::isinf(backoff)) backoff = kLog10Zero;
        if (!next_field(&p, end).empty())
          text_.refuse("more fields than a " + std::to_string(k) + "-gram has: " + quoted(line),
                       "Correct the line");
        odd |= is_blank(end[-1]);
      }
      if (top && !std::isnan(backoff) && backoff != 0) text_.note(Oddity::kTopBackoff);
    }
    if (odd) text_.note(Oddity::kSpacing);
    if (k == 1) {
      if (find_invalid_utf8(word) != std::string_view::npos)
        text_.refuse("a word that is not UTF-8", "Convert the file to UTF-8");
      if (word.find('\r') != std::string_view::npos)
        text_.refuse("a CR inside a word: " + quoted(word), "Convert the ends of lines");
      if (!words_.insert(TextWord(word))) {
        text_.note(Oddity::kRepeatedWord);
        return;
      }
      ids[0] = static_cast<WordId>(words_.size() - 1);
    }
    block_.words.insert(block_.words.end(), ids, ids + k);
    block_.log10_prob.push_back(prob);
    if (!top) block_.log10_backoff.push_back(backoff);
  }

  // pocolm counts <s> among the unigrams but does not print it.
  void add_sentence_start() {
    text_.report("<s> is counted but has no unigram; added with probability 0", declared_[0].line);
    words_.insert(TextWord("<s>"));
    block_.words.assign(1, static_cast<WordId>(words_.size() - 1));
    block_.log10_prob.assign(1, kLog10Zero);
    if (declared_.size() > 1) block_.log10_backoff.assign(1, kNone);
    maker_.add(&block_);
    block_.clear();
  }

  void report_specials(std::vector<std::string>* repairs) const {
    const auto lacks = [&](const char* word) { return words_.find(TextWord(word)) == kNoWord; };
    if (lacks("<unk>"))
      repairs->push_back(lacks("<UNK>") ? "no <unk>: unknown words have probability 0"
                                        : "<UNK> is taken as the unknown word <unk>");
    if (lacks("<s>")) repairs->push_back("no <s>: sentences start without context");
    if (lacks("</s>")) repairs->push_back("no </s>: the end of a sentence has probability 0");
  }

  struct Declared {
    std::uint64_t count;
    std::int64_t line;
  };

  std::uint64_t bytes_;  // of the text; 0: not known
  ArpaText text_;
  WordFinder words_;
  PlainLines plain_;
  TrieMaker maker_;
  NgramList block_;
  std::vector<Declared> declared_;
  bool pending_ = false;  // the line is a head that nobody has used yet
};

}  // namespace

ArpaFile read_arpa(TextSource* source, std::uint64_t bytes, const std::string& name) {
  return Reader(source, bytes, name).read();
}

ArpaFile read_arpa(std::string_view text, const std::string& name, std::size_t piece) {
  const std::size_t bytes = text.size();
  TextSource source(
      [&text](char* out, std::size_t size) {
        const std::size_t taken = std::min(size, text.size());
        std::copy_n(text.data(), taken, out);
        text.remove_prefix(taken);
        return taken;
      },
      piece);
  return read_arpa(&source, bytes, name);
}

}  // namespace tlg::lm

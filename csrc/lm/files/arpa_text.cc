#include "lm/files/arpa_text.h"

#include <cstring>
#include <utility>

#include "util/error.h"
#include "util/utf8.h"

namespace tlg::lm {
namespace {

constexpr std::size_t kLongestLine = std::size_t{256} << 20;

// In the order of Oddity.
constexpr const char* kOddityText[] = {
    "CR at the end of lines removed",
    "fields set apart in an unusual way",
    "log probability a little above 0 taken as 0",
    "backoff of a highest-order n-gram ignored",
    "blank line inside a section",
    "infinite log probability read as probability 0",
    "unigram given again: the first was kept",
};

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 60)) out += static_cast<unsigned char>(c) < 32 ? '?' : c;
  // Do not cut a UTF-8 character in half.
  while (text.size() > 60 && (out.back() & 0x80)) out.pop_back();
  if (find_invalid_utf8(out) != std::string_view::npos) out = "'(not UTF-8)";
  return out + (text.size() > 60 ? "...'" : "'");
}

bool ArpaText::next_line() {
  const void* found = nullptr;
  std::string_view rest = source_->rest();
  std::size_t searched = 0;
  while (true) {
    if (rest.size() > searched)
      found = std::memchr(rest.data() + searched, '\n', rest.size() - searched);
    if (found) break;
    if (rest.size() > kLongestLine) {
      ++number_;
      refuse("a line of more than 256 MB: not an ARPA file", "Give an ARPA language model");
    }
    searched = rest.size();
    if (!source_->grow()) break;
    rest = source_->rest();
  }
  rest = source_->rest();
  if (rest.empty()) return false;
  const std::size_t size =
      found ? static_cast<std::size_t>(static_cast<const char*>(found) - rest.data()) : rest.size();
  line_ = rest.substr(0, size);
  has_end_ = found != nullptr;
  source_->skip(size + (found ? 1 : 0));
  ++number_;
  if (std::memchr(line_.data(), '\0', line_.size()))
    refuse("a NUL byte: not text, so not an ARPA file",
           "Give a plain, gz, bz2, xz or zst ARPA file");
  if (!line_.empty() && line_.back() == '\r') {
    note(Oddity::kCarriageReturn);
    line_.remove_suffix(1);
  }
  return true;
}

std::string_view ArpaText::start() {
  constexpr std::size_t kStart = 4096;
  while (source_->rest().size() < kStart && source_->grow()) {
  }
  return source_->rest();
}

void ArpaText::skip_byte_order_mark() {
  if (start().substr(0, 3) != "\xef\xbb\xbf") return;
  source_->skip(3);
  report("byte order mark removed", 1);
}

void ArpaText::refuse(const std::string& what, const std::string& remedy, std::int64_t line) const {
  throw Error(ErrorKind::kArpa, what, remedy, name_, line);
}

void ArpaText::report(const std::string& what, std::int64_t line) {
  repairs_.push_back("line " + std::to_string(line) + ": " + what);
}

void ArpaText::note(Oddity oddity, std::int64_t line) {
  Seen& seen = seen_[static_cast<std::size_t>(oddity)];
  if (seen.count++ == 0) seen.first_line = line;
}

std::vector<std::string> ArpaText::take_repairs() {
  for (std::size_t i = 0; i < kOddities; ++i) {
    if (!seen_[i].count) continue;
    report(kOddityText[i] + std::string(" (") + std::to_string(seen_[i].count) +
               (seen_[i].count == 1 ? " line)" : " lines)"),
           seen_[i].first_line);
  }
  return std::move(repairs_);
}

}  // namespace tlg::lm

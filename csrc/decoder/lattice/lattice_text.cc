// The text form of Kaldi's lattices: fstprint's lines, an empty line at the end.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "decoder/lattice/lattice_fst.h"
#include "util/error.h"
#include "util/number.h"

namespace tlg::decoder {
namespace {

class Writer {
 public:
  explicit Writer(LatticeWeights weights) : weights_(weights) {}

  void add(std::int64_t number) { text_ += std::to_string(number); }
  void add(char c) { text_ += c; }
  void add(float value) {
    std::array<char, kFloatRoom> room;
    text_.append(room.data(), format_float(room.data(), value));
  }
  // As OpenFst: the weight One is left out.
  void end_line(const FileWeight& weight) {
    if (!weight.is_one()) {
      add('\t');
      add(weight.cost);
      add(',');
      add(weight.acoustic_cost);
      if (weights_ == LatticeWeights::kCompact) add(',');
      for (std::int64_t i = 0; i < weight.length; ++i) text_ += i == 0 ? "1" : "_1";
    }
    add('\n');
  }
  std::string text() && { return std::move(text_); }

 private:
  const LatticeWeights weights_;
  std::string text_;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

struct Line {
  std::array<std::string_view, 6> columns;
  std::size_t num_columns = 0;  // 6: that many or more
};

class Reader {
 public:
  Reader(const char* data, std::size_t size, std::size_t begin, double acoustic_scale,
         const std::string& name)
      : text_(data, size), at_(begin), acoustic_scale_(acoustic_scale), name_(name) {}

  FileDraft read() {
    skip_to_first_line();
    bool ended = false;
    line_ = at_;
    while (at_ < text_.size()) {
      line_ = at_;
      const Line line = next_line();
      if (line.num_columns == 0) {
        ended = true;
        break;
      }
      read_line(line);
    }
    if (draft_.start < 0 && !ended)
      fail("the file ends where a lattice should begin", "Copy it again");
    number_states();
    check_lines();
    return {std::move(draft_),
            kind_ == Kind::kFrames ? LatticeWeights::kPair : LatticeWeights::kCompact, at_};
  }

 private:
  enum class Kind { kUnknown, kCompact, kFrames };

  [[noreturn]] void fail(const std::string& what, const char* remedy) const {
    std::int64_t number = 1;
    for (std::size_t i = 0; i < line_; ++i) number += text_[i] == '\n';
    throw Error(ErrorKind::kLattice, what, remedy, name_, number);
  }
  [[noreturn]] void fail_line() const {
    const std::size_t end = std::min(text_.find('\n', line_), text_.size());
    std::string shown(text_.substr(line_, std::min<std::size_t>(end - line_, 60)));
    for (char& c : shown)
      if (c < ' ' || c > '~') c = '?';
    fail("is no line of a lattice: '" + shown + "'",
         "Write 'source target word graph,acoustic,frames', 'source target input word "
         "graph,acoustic' or 'state weight', as Kaldi's lattice-copy ark,t: does");
  }

  // Behind the key of an archive there is a line's end before the first line.
  void skip_to_first_line() {
    std::size_t first = at_;
    while (first < text_.size() && is_space(text_[first])) ++first;
    if (first == text_.size() || text_[first] == '\n') at_ = std::min(first + 1, text_.size());
  }

  Line next_line() {
    Line line;
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    if (end == text_.size()) fail("the file ends inside a line", "Copy it again");
    while (at_ < end) {
      while (at_ < end && is_space(text_[at_])) ++at_;
      const std::size_t from = at_;
      while (at_ < end && !is_space(text_[at_])) ++at_;
      if (at_ == from) break;
      if (line.num_columns < line.columns.size())
        line.columns[line.num_columns++] = text_.substr(from, at_ - from);
    }
    at_ = std::min(end + 1, text_.size());
    return line;
  }

  std::int64_t number(std::string_view column) const {
    std::int32_t value = -1;
    const char* end = column.data() + column.size();
    const auto parsed = std::from_chars(column.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || value < 0) fail_line();
    return value;
  }

  void set_kind(Kind kind) {
    if (kind_ != Kind::kUnknown && kind_ != kind)
      fail("has lines of a compact lattice and of a lattice", "Write one of the two");
    kind_ = kind;
  }

  struct Weight {
    LatticeScore score;
    std::int64_t length = 0;
    bool is_zero = false;
  };

  double cost(std::string_view text) const {
    float value = 0;
    if (text.empty() || !parse_float(text, &value) || std::isnan(value)) fail_line();
    return value;
  }

  Weight weight(std::string_view text) {
    const std::size_t first = text.find(',');
    if (first == std::string_view::npos) fail_line();
    const std::size_t second = text.find(',', first + 1);
    Weight weight;
    set_kind(second == std::string_view::npos ? Kind::kFrames : Kind::kCompact);
    if (second != std::string_view::npos && second + 1 < text.size())
      weight.length = count_labels(text.substr(second + 1));
    const double graph = cost(text.substr(0, first));
    const double acoustic = cost(
        text.substr(first + 1, second == std::string_view::npos ? second : second - first - 1));
    weight.is_zero = std::isinf(graph) && graph > 0;
    weight.score = to_score(LatticeWeights::kPair, graph, acoustic, acoustic_scale_);
    if (!weight.is_zero && !std::isfinite(weight.score.am + weight.score.graph))
      fail("a weight is not finite", "Write the lattice again");
    return weight;
  }

  std::int64_t count_labels(std::string_view labels) const {
    std::int64_t count = 1;
    bool in_label = false;
    for (char c : labels) {
      if ((c < '0' || c > '9') && (c != '_' || !in_label)) fail_line();
      in_label = c != '_';
      count += !in_label;
    }
    if (!in_label) fail_line();
    return count;
  }

  // Numbers without holes, in the same order: one large number cannot ask for all the memory.
  void number_states() {
    std::sort(numbers_.begin(), numbers_.end());
    numbers_.erase(std::unique(numbers_.begin(), numbers_.end()), numbers_.end());
    const auto place = [this](std::int64_t number) {
      return std::lower_bound(numbers_.begin(), numbers_.end(), number) - numbers_.begin();
    };
    draft_.states.resize(numbers_.size());
    for (const auto& [number, end] : ends_)
      draft_.states[static_cast<std::size_t>(place(number))] = end;
    for (LatticeDraft::Arc& arc : draft_.arcs) {
      arc.source = place(arc.source);
      arc.target = place(arc.target);
    }
    if (draft_.start >= 0) draft_.start = place(draft_.start);
  }

  // OpenFst prints each state: where one has no line of its own, the text was cut off.
  void check_lines() {
    std::sort(sources_.begin(), sources_.end());
    for (const std::int64_t number : numbers_)
      if (!std::binary_search(sources_.begin(), sources_.end(), number))
        fail("no line begins with state " + std::to_string(number) + ": the lattice is cut off",
             "Copy the file again");
  }

  void read_line(const Line& line) {
    if (line.num_columns > 5) fail_line();
    const std::int64_t source = number(line.columns[0]);
    if (draft_.start < 0) draft_.start = source;
    numbers_.push_back(source);
    if (sources_.empty() || sources_.back() != source) sources_.push_back(source);
    if (line.num_columns <= 2) {
      const Weight end = line.num_columns == 2 ? weight(line.columns[1]) : Weight{};
      if (!end.is_zero)
        ends_.emplace_back(source, LatticeDraft::State{true, end.length, end.score});
      return;
    }
    const std::int64_t target = number(line.columns[1]);
    numbers_.push_back(target);
    const std::int64_t first = number(line.columns[2]);
    const bool has_weight =
        line.num_columns > 3 && line.columns[3].find(',') != std::string_view::npos;
    LatticeDraft::Arc arc{source, target, 0, 0, {}};
    if (line.num_columns == 3 || (line.num_columns == 4 && has_weight)) {
      set_kind(Kind::kCompact);
      arc.word = static_cast<std::int32_t>(first);
    } else {
      set_kind(Kind::kFrames);
      arc.word = static_cast<std::int32_t>(number(line.columns[3]));
      arc.num_frames = first != 0;
    }
    if (line.num_columns == 5 || has_weight) {
      const Weight read = weight(line.columns[line.num_columns - 1]);
      if (read.is_zero) return;
      arc.score = read.score;
      if (kind_ == Kind::kCompact) arc.num_frames = read.length;
    }
    draft_.arcs.push_back(arc);
  }

  const std::string_view text_;
  std::size_t at_, line_ = 0;
  const double acoustic_scale_;
  const std::string& name_;
  Kind kind_ = Kind::kUnknown;
  LatticeDraft draft_;                 // states still numbered as in the file
  std::vector<std::int64_t> numbers_;  // of all states, many times each
  std::vector<std::int64_t> sources_;  // those that lines begin with
  std::vector<std::pair<std::int64_t, LatticeDraft::State>> ends_;
};

}  // namespace

std::string write_text(const FileFst& fst, LatticeWeights weights) {
  Writer out(weights);
  out.add('\n');
  for (std::size_t s = 0; s < fst.num_states(); ++s) {
    const FileFst::State& state = fst.states[s];
    for (std::size_t a = state.first_arc; a < fst.states[s + 1].first_arc; ++a) {
      const FileFst::Arc& arc = fst.arcs[a];
      out.add(static_cast<std::int64_t>(s));
      for (std::int32_t column : {arc.target, arc.ilabel}) {
        out.add('\t');
        out.add(std::int64_t{column});
      }
      if (weights == LatticeWeights::kPair) {
        out.add('\t');
        out.add(std::int64_t{arc.olabel});
      }
      out.end_line(arc.weight);
    }
    if (!state.is_final) continue;
    out.add(static_cast<std::int64_t>(s));
    out.end_line(state.final_weight);
  }
  out.add('\n');
  return std::move(out).text();
}

FileDraft read_text(const char* data, std::size_t size, std::size_t begin, double acoustic_scale,
                    const std::string& name) {
  return Reader(data, size, begin, acoustic_scale, name).read();
}

}  // namespace tlg::decoder

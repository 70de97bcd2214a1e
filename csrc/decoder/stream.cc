#include "decoder/stream.h"

#include <algorithm>
#include <utility>

#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr std::int32_t kSettleToShow = 8;  // frames

// A search borrowed with an utterance in it; both go back where they came from.
class Loan {
 public:
  Loan(const Decoder& decoder, Utterance* utterance)
      : decoder_(decoder), search_(decoder.borrow()), utterance_(utterance) {
    search_->exchange(utterance_);
  }
  ~Loan() {
    search_->exchange(utterance_);
    decoder_.give_back(std::move(search_));
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  Search* search() { return search_.get(); }

 private:
  const Decoder& decoder_;
  std::unique_ptr<Search> search_;
  Utterance* utterance_;
};

template <typename T>
void append(const T* values, std::int64_t count, std::vector<T>* to) {
  to->insert(to->end(), values, values + count);
}

bool same_kind(const Frames& a, const Frames& b) {
  return (a.dense != nullptr) == (b.dense != nullptr) && a.width == b.width;
}

}  // namespace

Stream::Stream(std::shared_ptr<const Decoder> decoder, std::shared_ptr<const HotwordUse> hotwords,
               const std::vector<std::int32_t>& silence)
    : decoder_(std::move(decoder)),
      is_silence_(static_cast<std::size_t>(decoder_->graph().options().num_tokens), 0),
      traceback_(decoder_->graph(), decoder_->options(), decoder_->spans(), hotwords) {
  for (const std::int32_t column : silence) is_silence_.at(static_cast<std::size_t>(column)) = 1;
  begin(decoder_->graph(), std::move(hotwords), &utterance_);
  if (decoder_->request().any()) lattice_ = std::make_unique<StreamLattice>(*decoder_);
}

void Stream::reset(std::shared_ptr<const HotwordUse> hotwords) {
  traceback_ = Traceback(decoder_->graph(), decoder_->options(), decoder_->spans(), hotwords);
  begin(decoder_->graph(), std::move(hotwords), &utterance_);
  if (lattice_ != nullptr) {
    lattice_ = std::make_unique<StreamLattice>(*decoder_);
    utterance_.traces = {};  // a lattice's may be many
    utterance_.marks = {};
  }
  window_ = {};
  num_pushed_ = 0;
}

void Stream::change_hotwords(std::shared_ptr<const HotwordUse> hotwords) {
  if (lattice_ != nullptr)
    throw Error(
        ErrorKind::kOption,
        "a stream that keeps more than the best path cannot change its hotwords within an "
        "utterance",
        "Make the decoder without nbest, lattice and mbr, or change lists between utterances");
  settle(window_, &utterance_);
  traceback_.change_hotwords(std::move(hotwords), &utterance_);
}

void Stream::push(const Frames& frames) {
  num_pushed_ += frames.num_frames;
  if (frames.num_frames == 0 || utterance_.dead) return;
  Loan loan(*decoder_, &utterance_);
  search(loan.search(), frames);
}

void Stream::search(Search* search, const Frames& frames) {
  if (window_.num_frames > 0 && !same_kind(window_, frames)) settle(window_, &search->utterance());
  Utterance* utterance = &search->utterance();
  for (std::int32_t t = 0; t < frames.num_frames && !utterance->dead;) {
    const auto done = static_cast<std::int32_t>(utterance->frame % kSettleAfter);
    if (lattice_ != nullptr && done == 0) TraceLimit::check(*utterance);
    const Frames some = frames.part(t, std::min(kSettleAfter - done, frames.num_frames - t));
    search->advance(some);
    t += some.num_frames;
    const bool is_time = done + some.num_frames == kSettleAfter && !utterance->dead;
    if (is_time && window_.num_frames == 0) {
      settle(some, utterance);
      continue;
    }
    keep(some);
    if (is_time) settle(window_, utterance);
  }
}

void Stream::keep(const Frames& frames) {
  if (window_.num_frames == 0) {
    window_ = frames;
    for (std::vector<float>* values : {&dense_, &log_probs_, &rest_}) values->clear();
    ids_.clear();
  } else {
    window_.num_frames += frames.num_frames;
  }
  const std::int64_t n = frames.num_frames;
  if (frames.dense != nullptr) {
    append(frames.dense, n * frames.num_tokens, &dense_);
    window_.dense = dense_.data();
    return;
  }
  append(frames.ids, n * frames.width, &ids_);
  append(frames.log_probs, n * frames.width, &log_probs_);
  append(frames.rest, n, &rest_);
  window_.ids = ids_.data();
  window_.log_probs = log_probs_.data();
  window_.rest = rest_.data();
}

void Stream::settle(const Frames& frames, Utterance* utterance) {
  if (lattice_ != nullptr)
    lattice_->settle(frames, utterance, &traceback_);
  else
    traceback_.settle(frames, utterance);
  window_ = {};
}

const Utterance& Stream::paths() {
  return lattice_ != nullptr ? *lattice_->best_paths(utterance_) : utterance_;
}

Hypothesis Stream::finish() {
  return lattice_ != nullptr ? lattice_->finish(window_, &utterance_, &traceback_)
                             : traceback_.finish(utterance_, window_);
}

PartialPath Stream::partial() {
  // So that what is said to be stable is no older than this.
  if (window_.num_frames >= kSettleToShow) settle(window_, &utterance_);
  const Utterance& paths = this->paths();
  const Ending ending = find_ending(decoder_->graph(), paths);
  const PathReader& stable = traceback_.stable();
  PathReader reader = stable.fork();
  PartialPath out;
  out.first_token = reader.first_token();
  out.first_word = reader.first_word();
  out.num_stable_words = static_cast<std::int64_t>(stable.words().size());
  out.path = traceback_.read(paths, ending.any_trace, false, window_, &reader);
  out.path.search_score = -ending.any_cost;
  out.relative_cost = ending.final_cost - ending.any_cost;
  out.sound_end = sound_end(out);
  out.first_hotword = num_placed_hotwords();
  out.num_stable_hotwords = static_cast<std::int64_t>(stable.settled_hotwords().size());
  const bool in_words = traceback_.in_words();
  const std::int64_t first = in_words ? out.first_word : out.first_token;
  const std::vector<Span>& spans = in_words ? out.path.word_spans : out.path.token_spans;
  const auto add = [&](const hotwords::Match& match) {
    const auto span = [&](std::int64_t i) {
      if (i >= first) return spans[static_cast<std::size_t>(i - first)];
      return in_words ? stable.word_span(i) : stable.token_spans()[static_cast<std::size_t>(i)];
    };
    out.hotwords.push_back(
        {match.phrase, {span(match.start).start, span(match.end - 1).end}, match.reward});
  };
  for (std::int64_t i = out.first_hotword; i < out.num_stable_hotwords; ++i)
    add(stable.settled_hotwords()[static_cast<std::size_t>(i)]);
  for (const hotwords::Match& match : out.path.hotwords) add(match);
  return out;
}

std::int64_t Stream::sound_end(const PartialPath& partial) const {
  const auto is_silence = [&](std::int32_t column) {
    return is_silence_[static_cast<std::size_t>(column)] != 0;
  };
  const Hypothesis& path = partial.path;
  for (std::size_t i = path.tokens.size(); i-- > 0;)
    if (!is_silence(path.tokens[i])) return path.token_spans[i].end;
  const PathReader& stable = traceback_.stable();
  for (auto i = static_cast<std::size_t>(partial.first_token); i-- > 0;)
    if (!is_silence(stable.tokens()[i])) return stable.token_spans()[i].end;
  return 0;
}

std::vector<std::int32_t> Stream::words(std::int64_t from, std::int64_t to) const {
  const std::vector<std::int32_t>& all = traceback_.stable().words();
  return {all.begin() + static_cast<std::ptrdiff_t>(from),
          all.begin() + static_cast<std::ptrdiff_t>(to)};
}

std::vector<Span> Stream::word_spans(std::int64_t from, std::int64_t to) const {
  std::vector<Span> out;
  for (; from < to; ++from) out.push_back(traceback_.stable().word_span(from));
  return out;
}

std::int64_t Stream::num_placed_hotwords() const {
  const PathReader& stable = traceback_.stable();
  const std::vector<hotwords::Match>& all = stable.settled_hotwords();
  const auto is_placed = [&](const hotwords::Match& match) {
    return traceback_.in_words() ? stable.is_placed(match.end - 1)
                                 : match.end < static_cast<std::int32_t>(stable.tokens().size());
  };
  std::size_t count = all.size();
  while (count > 0 && !is_placed(all[count - 1])) --count;
  return static_cast<std::int64_t>(count);
}

std::vector<FiredHotword> Stream::hotwords(std::int64_t from, std::int64_t to) const {
  const PathReader& stable = traceback_.stable();
  const bool in_words = traceback_.in_words();
  const auto span = [&](std::int64_t i) {
    return in_words ? stable.word_span(i) : stable.token_spans()[static_cast<std::size_t>(i)];
  };
  std::vector<FiredHotword> out;
  for (; from < to; ++from) {
    const hotwords::Match& match = stable.settled_hotwords()[static_cast<std::size_t>(from)];
    out.push_back({match.phrase, {span(match.start).start, span(match.end - 1).end}, match.reward});
  }
  return out;
}

}  // namespace tlg::decoder

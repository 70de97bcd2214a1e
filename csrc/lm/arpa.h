// A backoff n-gram model as an ARPA file holds it, in plain arrays; reading and writing such files.
// log10 lives in ARPA files and in this struct alone; everything else in tlg uses nats.
// Not for: querying (see lm/model.h), training (see lm/kneser_ney.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tlg::lm {

using WordId = std::uint32_t;

// "Never": what SRILM writes for log 0. A file's -inf becomes this, so that no infinity is held.
inline constexpr float kLog10Zero = -99.0f;

struct NgramOrder {                  // all n-grams of one order k, in file order
  std::vector<WordId> words;         // k ids per n-gram, oldest first
  std::vector<float> log10_prob;     // one per n-gram
  std::vector<float> log10_backoff;  // one per n-gram; empty for the highest order
  std::size_t size() const { return log10_prob.size(); }
};

struct ArpaModel {
  std::vector<std::string> vocabulary;  // word of an id; ids in the order of the unigram section
  std::vector<NgramOrder> orders;       // orders[k - 1]
  std::vector<std::string> repairs;     // what the reader mended, one sentence each, with its line
  // Ids of the special words, -1 where the model lacks them ("<s>", "</s>", "<unk>" or "<UNK>").
  std::int64_t bos = -1, eos = -1, unk = -1;
  int order() const { return static_cast<int>(orders.size()); }
};

// Where an n-gram's neighbours are: indices into the order below. prefix[k - 1][i] is the n-gram
// without its last word, suffix[k - 1][i] without its first; both empty for k = 1.
struct NgramLinks {
  std::vector<std::vector<std::uint32_t>> prefix, suffix;
};

// Parses the text of an ARPA file. `name` is what errors call the file. Throws Error(kArpa) with
// the line. The result is closed: the prefix and the suffix of every n-gram are in it (a missing
// one is inserted at the end of its order with the probability that backing off gives it, and
// reported), and no n-gram occurs twice (the first stays, reported).
ArpaModel read_arpa(std::string_view text, const std::string& name);
ArpaModel read_arpa(std::string_view text, const std::string& name, NgramLinks* links);

// The text of the model, ready for a file: shortest decimal text that reads back to the same
// float32.
std::string write_arpa(const ArpaModel& model);

// The same text piece by piece, so that it need not be held as a whole. The model must outlive it.
class ArpaWriter {
 public:
  explicit ArpaWriter(const ArpaModel& model);
  // The next few megabytes; empty at the end.
  std::string next();

 private:
  const ArpaModel& model_;
  int order_ = 0;         // of the section being written; 0 before the header
  std::size_t next_ = 0;  // n-gram in it
  std::size_t longest_word_ = 0;
  std::string words_;  // one after another
  std::vector<std::size_t> word_at_;
};

// Makes the model closed, as read_arpa does, and links it. A NaN backoff means that the file gave
// none; it becomes 0, reported where the n-gram is the prefix of another.
NgramLinks close_and_link(ArpaModel* model);

}  // namespace tlg::lm

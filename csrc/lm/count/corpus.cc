#include "lm/count/corpus.h"

#include <algorithm>
#include <utility>

#include "util/error.h"
#include "util/parallel.h"

namespace tlg::lm {
namespace {

// Text a thread takes at once. Small enough that the ids of a piece stay in the cache until they
// are put in their place, large enough that starting threads costs nothing.
constexpr std::size_t kPiece = 1 << 20;
constexpr std::size_t kFirstPiece = 1 << 16;  // while nearly every word is new
constexpr std::size_t kBlockIds = 4 << 20;    // of a block without a limit on memory

}  // namespace

Corpus::Corpus(CorpusOptions options, std::shared_ptr<util::Job> job)
    : options_(std::move(options)), job_(std::move(job)), histograms_(job_->threads) {
  words_.insert("<unk>");
  words_.insert("<s>");
  words_.insert("</s>");
  for (const std::string& word : options_.vocab) words_.insert(word);
  listed_ = words_.size() - 3;
}

void Corpus::add_text(std::string_view text, const std::string& name, std::int64_t first_line) {
  std::vector<std::size_t> cuts = {0};
  while (cuts.back() != text.size()) {
    const std::size_t piece = std::min(kPiece, kFirstPiece + num_ids_);
    cuts = {cuts.back()};
    while (cuts.back() != text.size() && cuts.size() <= job_->threads) {
      const std::size_t end = std::min(cuts.back() + piece, text.size()) - 1;
      const std::size_t newline = text.find('\n', end);
      cuts.push_back(newline == std::string_view::npos ? text.size() : newline + 1);
    }
    add_pieces(text, cuts, name, first_line);
  }
}

void Corpus::add_pieces(std::string_view text, const std::vector<std::size_t>& cuts,
                        const std::string& name, std::int64_t first_line) {
  const std::size_t pieces = cuts.size() - 1;
  if (pieces_.size() < pieces) pieces_.resize(pieces);
  parallel_for(pieces, job_->threads, [&](std::size_t i, std::size_t) {
    pieces_[i].clear();
    try {
      tokenise(text, cuts[i], cuts[i + 1], words_, options_.fixed_vocab, options_.symbols,
               &pieces_[i]);
    } catch (const TextFault& fault) {
      const auto newlines = std::count(text.begin(), text.begin() + fault.offset, '\n');
      throw Error(ErrorKind::kText, fault.what, fault.remedy, name, first_line + newlines);
    }
  });
  put_together(pieces);
}

// New words get their ids in the order of the pieces, and of appearance in each.
void Corpus::put_together(std::size_t pieces) {
  std::vector<std::vector<WordId>> ids_of_fresh(pieces);
  std::vector<WordId*> places;
  for (std::size_t i = 0; i < pieces; ++i) {
    const Tokens& piece = pieces_[i];
    if (!options_.fixed_vocab)
      for (WordId fresh = 0; fresh < piece.fresh.size(); ++fresh)
        ids_of_fresh[i].push_back(words_.insert(piece.fresh.word(fresh)));
    if (words_.size() >= Tokens::kFresh)
      throw Error(ErrorKind::kText, "more than 2.1 billion different words",
                  "Split words into smaller units");
    places.push_back(room_for(piece.size));
    num_ids_ += piece.size;
    sentences_ += piece.sentences;
    skipped_ += piece.skipped;
    outside_ += piece.outside;
  }
  parallel_for(pieces, job_->threads, [&](std::size_t i, std::size_t worker) {
    std::vector<std::uint64_t>& histogram = histograms_[worker];
    if (histogram.size() < words_.size()) histogram.resize(words_.size() * 2);
    const Tokens& piece = pieces_[i];
    for (std::size_t at = 0; at < piece.size; ++at) {
      WordId id = piece.ids[at];
      if (id >= Tokens::kFresh) id = ids_of_fresh[i][id - Tokens::kFresh];
      places[i][at] = id;
      ++histogram[id];
    }
    job_->workspace.touched(piece.size * sizeof(WordId));
  });
}

WordId* Corpus::room_for(std::size_t ids) {
  if (blocks_.empty() || blocks_.back().room() < ids) {
    const std::uint64_t memory = job_->workspace.memory();
    const std::size_t size =
        memory ? std::min<std::size_t>(kBlockIds, memory / 64 / sizeof(WordId)) : kBlockIds;
    blocks_.emplace_back(job_->workspace.make<WordId>(std::max(size, ids)));
  }
  return blocks_.back().extend(ids);
}

std::vector<std::uint64_t> Corpus::histogram() const {
  std::vector<std::uint64_t> sum(words_.size());
  for (const std::vector<std::uint64_t>& one : histograms_)
    for (std::size_t word = 0; word < std::min(one.size(), sum.size()); ++word)
      sum[word] += one[word];
  return sum;
}

}  // namespace tlg::lm

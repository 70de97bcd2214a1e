#include "decoder/prefix/lexicon.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace tlg::decoder::prefix {
namespace {

using Sequence = std::vector<std::int32_t>;

// A trie of sequences, nodes breadth first, so that the children of a node are a range. Equal
// sequences share a node; `items` of it are their indices, rising.
class Trie {
 public:
  explicit Trie(const std::vector<Sequence>& sequences) : order_(sequences.size()) {
    std::iota(order_.begin(), order_.end(), 0u);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return sequences[a] < sequences[b]; });
    labels_.push_back(-1);
    std::vector<std::uint32_t> begins{0}, ends{static_cast<std::uint32_t>(order_.size())};
    std::vector<std::uint32_t> depths{0};
    for (std::size_t node = 0; node < begins.size(); ++node) {
      first_child_.push_back(static_cast<std::uint32_t>(begins.size()));
      const std::uint32_t depth = depths[node], end = ends[node];
      std::uint32_t at = begins[node];
      items_.push_back(at);
      while (at < end && sequences[order_[at]].size() == depth) ++at;
      items_end_.push_back(at);
      while (at < end) {
        const std::int32_t label = sequences[order_[at]][depth];
        const std::uint32_t from = at;
        while (at < end && sequences[order_[at]][depth] == label) ++at;
        labels_.push_back(label);
        begins.push_back(from);
        ends.push_back(at);
        depths.push_back(depth + 1);
      }
    }
    first_child_.push_back(static_cast<std::uint32_t>(begins.size()));
  }

  std::size_t size() const { return items_.size(); }
  std::uint32_t children_begin(std::uint32_t node) const { return first_child_[node]; }
  std::uint32_t children_end(std::uint32_t node) const { return first_child_[node + 1]; }
  std::int32_t label(std::uint32_t node) const { return labels_[node]; }
  const std::uint32_t* items_begin(std::uint32_t node) const {
    return order_.data() + items_[node];
  }
  const std::uint32_t* items_end(std::uint32_t node) const {
    return order_.data() + items_end_[node];
  }

 private:
  std::vector<std::uint32_t> order_, first_child_, items_, items_end_;
  std::vector<std::int32_t> labels_;
};

struct Arc {
  std::int32_t token;
  std::uint32_t target;
};

// The tokens that lead on from a node of the words' trie, by walking both tries at once.
void arcs_from(const Trie& words, std::uint32_t node, const Trie& texts,
               const std::vector<std::int32_t>& ids, std::vector<Arc>* arcs) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> open{{node, 0}};
  while (!open.empty()) {
    const auto [word, text] = open.back();
    open.pop_back();
    for (const std::uint32_t* item = texts.items_begin(text); item != texts.items_end(text); ++item)
      arcs->push_back({ids[*item], word});
    std::uint32_t a = words.children_begin(word), b = texts.children_begin(text);
    while (a < words.children_end(word) && b < texts.children_end(text)) {
      if (words.label(a) == texts.label(b))
        open.emplace_back(a++, b++);
      else if (words.label(a) < texts.label(b))
        ++a;
      else
        ++b;
    }
  }
}

Sequence bytes_of(const std::string& text) {
  Sequence bytes;
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

}  // namespace

std::shared_ptr<const Lexicon> Lexicon::spell(const std::vector<std::string>& words,
                                              const std::vector<std::string>& texts,
                                              const std::vector<std::uint8_t>& starts_word,
                                              const std::vector<std::uint8_t>& usable) {
  std::vector<Sequence> spelled, first_texts, inner_texts;
  for (const std::string& word : words) spelled.push_back(bytes_of(word));
  std::vector<std::int32_t> first_ids, inner_ids;
  for (std::size_t token = 0; token < texts.size(); ++token) {
    if (usable[token] == 0) continue;
    first_texts.push_back(bytes_of(texts[token]));
    first_ids.push_back(static_cast<std::int32_t>(token));
    if (starts_word[token] != 0 || texts[token].empty()) continue;
    inner_texts.push_back(first_texts.back());
    inner_ids.push_back(first_ids.back());
  }
  const Trie trie(spelled), first(first_texts), inner(inner_texts);

  std::shared_ptr<Lexicon> lexicon(new Lexicon);
  lexicon->words_ = words;
  constexpr std::uint32_t kUnreached = 0xffffffffu;
  std::vector<std::uint32_t> state_of(trie.size(), kUnreached);
  std::vector<std::uint8_t> reached(trie.size(), 0);
  reached[0] = 1;
  std::vector<Arc> arcs;
  // Arcs lead to deeper nodes, which have higher numbers: one pass in that order does.
  for (std::uint32_t node = 0; node < trie.size(); ++node) {
    const std::uint32_t* const begin = trie.items_begin(node);
    const std::uint32_t* const end = trie.items_end(node);
    if (reached[node] == 0) {
      lexicon->unspelled_.insert(lexicon->unspelled_.end(), begin, end);
      continue;
    }
    state_of[node] = static_cast<std::uint32_t>(lexicon->first_arc_.size());
    lexicon->first_arc_.push_back(static_cast<std::uint32_t>(lexicon->targets_.size()));
    lexicon->first_word_.push_back(static_cast<std::uint32_t>(lexicon->word_ids_.size()));
    if (begin != end && node != 0) lexicon->word_ids_.push_back(*begin);
    arcs.clear();
    arcs_from(trie, node, node == 0 ? first : inner, node == 0 ? first_ids : inner_ids, &arcs);
    std::sort(arcs.begin(), arcs.end(), [](Arc a, Arc b) { return a.token < b.token; });
    for (const Arc& arc : arcs) {
      reached[arc.target] = 1;
      lexicon->labels_.push_back(arc.token);
      lexicon->targets_.push_back(arc.target);
    }
  }
  for (LexState& target : lexicon->targets_) target = state_of[target];
  std::sort(lexicon->unspelled_.begin(), lexicon->unspelled_.end());
  lexicon->set_root(static_cast<std::int32_t>(texts.size()));
  return lexicon;
}

std::shared_ptr<const Lexicon> Lexicon::pronounce(const std::vector<std::string>& words,
                                                  const std::vector<std::uint32_t>& word_of,
                                                  const std::vector<std::int32_t>& tokens,
                                                  const std::vector<std::int64_t>& offsets,
                                                  std::int32_t num_tokens) {
  std::vector<Sequence> sequences;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
    sequences.emplace_back(tokens.begin() + offsets[i], tokens.begin() + offsets[i + 1]);
  const Trie trie(sequences);
  std::shared_ptr<Lexicon> lexicon(new Lexicon);
  lexicon->words_ = words;
  for (std::uint32_t node = 0; node < trie.size(); ++node) {
    lexicon->first_arc_.push_back(static_cast<std::uint32_t>(lexicon->targets_.size()));
    lexicon->first_word_.push_back(static_cast<std::uint32_t>(lexicon->word_ids_.size()));
    const auto first = static_cast<std::ptrdiff_t>(lexicon->word_ids_.size());
    for (const std::uint32_t* i = trie.items_begin(node); i != trie.items_end(node); ++i)
      lexicon->word_ids_.push_back(word_of[*i]);
    // The same pronunciation of the same word twice is once.
    std::vector<std::uint32_t>& ids = lexicon->word_ids_;
    std::sort(ids.begin() + first, ids.end());
    ids.erase(std::unique(ids.begin() + first, ids.end()), ids.end());
    for (std::uint32_t child = trie.children_begin(node); child < trie.children_end(node);
         ++child) {
      lexicon->labels_.push_back(trie.label(child));
      lexicon->targets_.push_back(child);
    }
  }
  lexicon->set_root(num_tokens);
  return lexicon;
}

void Lexicon::set_root(std::int32_t num_tokens) {
  first_arc_.push_back(static_cast<std::uint32_t>(targets_.size()));
  first_word_.push_back(static_cast<std::uint32_t>(word_ids_.size()));
  root_.assign(static_cast<std::size_t>(num_tokens), kOutside);
  for (std::uint32_t arc = 0; arc < first_arc_[1]; ++arc)
    root_[static_cast<std::size_t>(labels_[arc])] = targets_[arc];
}

std::vector<float> Lexicon::best_beyond(const std::vector<float>& values) const {
  std::vector<float> best(num_states(), -std::numeric_limits<float>::infinity());
  for (std::size_t state = num_states(); state-- > 0;) {
    for (std::uint32_t i = first_word_[state]; i < first_word_[state + 1]; ++i)
      best[state] = std::max(best[state], values[word_ids_[i]]);
    for (std::uint32_t arc = first_arc_[state]; arc < first_arc_[state + 1]; ++arc)
      best[state] = std::max(best[state], best[targets_[arc]]);
  }
  return best;
}

}  // namespace tlg::decoder::prefix

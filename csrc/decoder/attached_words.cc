#include "decoder/attached_words.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "util/error.h"

namespace tlg::decoder {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::uint64_t kMost = std::uint64_t{1} << 31;

void require(bool fits, const std::string& what) {
  if (!fits) throw Error(ErrorKind::kOption, what, "Pass arrays that belong together");
}

}  // namespace

// Lays the trees out level by level, so that the arcs of a node are contiguous and nothing
// recurses.
class AttachedWords::Builder {
 public:
  Builder(AttachedWords* out, const WordsToAttach& words)
      : out_(*out), words_(words), graph_(out->slots_->graph()) {}

  void build() {
    list_items();
    out_.root_costs_.assign(out_.slots_->num_words(), kInfinity);
    add_roots();
    for (std::size_t node = 0; node < nodes_.size(); ++node) expand(node);
    close();
  }

 private:
  struct Item {  // a pronunciation
    const std::uint32_t* units;
    std::uint32_t length, word;
    std::int32_t slot_word;
    float cost;
  };
  struct Node {
    std::size_t begin, end;  // items
    std::uint32_t depth, unit;
    bool is_labelled;  // its word is out
    float cost;        // of its cheapest item
  };

  void list_items() {
    const std::size_t words = words_.labels.size();
    require(words_.slot_words.size() == words && words_.scores.size() == words,
            "a label, a slot word and a score are needed for each word");
    require(
        words_.owners.size() == words_.sizes.size() && words_.costs.size() == words_.sizes.size(),
        "a size, a word and a cost are needed for each pronunciation");
    for (std::size_t w = 0; w < words; ++w)
      require(words_.slot_words[w] >= 0 &&
                  static_cast<std::uint32_t>(words_.slot_words[w]) < out_.slots_->num_words() &&
                  words_.labels[w] > 0 && std::isfinite(words_.scores[w]),
              "word " + std::to_string(w) + " has no slot, no label or no finite score");
    std::size_t at = 0;
    units_.reserve(words_.columns.size());
    for (std::size_t p = 0; p < words_.sizes.size(); ++p) {
      const std::int32_t size = words_.sizes[p], word = words_.owners[p];
      require(size > 0 && words_.columns.size() - at >= static_cast<std::size_t>(size) &&
                  word >= 0 && static_cast<std::size_t>(word) < words &&
                  std::isfinite(words_.costs[p]),
              "pronunciation " + std::to_string(p) + " has no columns, no word or no finite cost");
      const std::size_t first = units_.size();
      for (std::int32_t i = 0; i < size; ++i, ++at) {
        units_.push_back(graph_.unit_of_column(words_.columns[at]));
        require(units_.back() < graph_.num_units(),
                "the graph reads no column " + std::to_string(words_.columns[at]));
      }
      const auto w = static_cast<std::size_t>(word);
      items_.push_back({units_.data() + first, static_cast<std::uint32_t>(size),
                        static_cast<std::uint32_t>(word), words_.slot_words[w],
                        graph_.options().lm_weight * (words_.costs[p] - words_.scores[w]) -
                            graph_.options().word_score});
    }
    require(at == words_.columns.size(), "there are more columns than pronunciations need");
    for (const std::uint32_t unit : units_)
      if (unit >= graph_.num_used_units()) out_.spare_units_.push_back(unit);
    std::sort(out_.spare_units_.begin(), out_.spare_units_.end());
    out_.spare_units_.erase(std::unique(out_.spare_units_.begin(), out_.spare_units_.end()),
                            out_.spare_units_.end());
    std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
      if (a.slot_word != b.slot_word) return a.slot_word < b.slot_word;
      const std::uint32_t shorter = std::min(a.length, b.length);
      const auto [x, y] = std::mismatch(a.units, a.units + shorter, b.units);
      if (x != a.units + shorter) return *x < *y;
      if (a.length != b.length) return a.length < b.length;
      return a.word != b.word ? a.word < b.word : a.cost < b.cost;
    });
    const auto same = [](const Item& a, const Item& b) {
      return a.slot_word == b.slot_word && a.word == b.word && a.length == b.length &&
             std::equal(a.units, a.units + a.length, b.units);
    };
    items_.erase(std::unique(items_.begin(), items_.end(), same), items_.end());
  }

  float least(std::size_t begin, std::size_t end) const {
    float cost = kInfinity;
    for (; begin < end; ++begin) cost = std::min(cost, items_[begin].cost);
    return cost;
  }

  void add_roots() {
    std::size_t end = 0;
    for (std::uint32_t word = 0; word < out_.slots_->num_words(); ++word) {
      const std::size_t begin = end;
      while (end < items_.size() && static_cast<std::uint32_t>(items_[end].slot_word) == word)
        ++end;
      out_.root_costs_[word] = least(begin, end);
      nodes_.push_back({begin, end, 0, graph_.num_units() + 1, false, out_.root_costs_[word]});
    }
  }

  // The arcs of a node: costs are what the cheapest word behind an arc costs beyond the cheapest
  // behind the node. A word's label is on the first arc that no other word shares.
  void expand(std::size_t number) {
    const Node node = nodes_[number];
    out_.first_of_node_.push_back(static_cast<std::uint32_t>(out_.hot_units_.size()));
    for (std::size_t begin = node.begin; begin < node.end;) {
      const std::uint32_t unit = items_[begin].units[node.depth];
      std::size_t rest = begin, end = begin;
      const auto first = static_cast<std::ptrdiff_t>(out_.arcs_.size());
      for (; end < node.end && items_[end].units[node.depth] == unit; ++end)
        if (items_[end].length == node.depth + 1) {
          out_.arcs_.push_back({items_[end].cost - node.cost, leaf(unit), unit,
                                node.is_labelled ? 0 : label(items_[end]),
                                static_cast<std::uint32_t>(number)});
          rest = end + 1;
        }
      if (rest < end) {
        bool one_word = true;
        for (std::size_t i = rest; i < end; ++i) one_word &= items_[i].word == items_[rest].word;
        const float cost = least(rest, end);
        out_.arcs_.push_back({cost - node.cost, static_cast<std::uint32_t>(nodes_.size()), unit,
                              one_word && !node.is_labelled ? label(items_[rest]) : 0,
                              static_cast<std::uint32_t>(number)});
        nodes_.push_back({rest, end, node.depth + 1, unit, node.is_labelled || one_word, cost});
      }
      std::stable_sort(out_.arcs_.begin() + first, out_.arcs_.end(),
                       [](const Arc& a, const Arc& b) { return a.cost < b.cost; });
      out_.hot_units_.push_back(unit);
      out_.first_of_hot_.push_back(static_cast<std::uint32_t>(first));
      begin = end;
    }
  }

  // Leaves are numbered behind the nodes, whose number is known in the end.
  static constexpr std::uint32_t kLeaf = 1u << 31;
  std::uint32_t leaf(std::uint32_t unit) {
    if (leaf_of_.empty()) leaf_of_.assign(graph_.num_units(), Slots::kNone);
    if (leaf_of_[unit] == Slots::kNone) {
      leaf_of_[unit] = static_cast<std::uint32_t>(leaf_units_.size());
      leaf_units_.push_back(unit);
    }
    return kLeaf | leaf_of_[unit];
  }

  fst::Label label(const Item& item) const { return words_.labels[item.word]; }

  void close() {
    out_.num_inner_ = static_cast<std::uint32_t>(nodes_.size());
    out_.num_nodes_ = out_.num_inner_ + static_cast<std::uint32_t>(leaf_units_.size());
    out_.num_hot_arcs_ = static_cast<std::uint32_t>(out_.hot_units_.size());
    out_.first_of_node_.push_back(out_.num_hot_arcs_);
    out_.first_of_hot_.push_back(out_.num_arcs());
    for (Arc& arc : out_.arcs_)
      if ((arc.next & kLeaf) != 0) arc.next = out_.num_inner_ + (arc.next & ~kLeaf);
    for (const Node& node : nodes_) out_.units_.push_back(node.unit);
    out_.units_.insert(out_.units_.end(), leaf_units_.begin(), leaf_units_.end());
    out_.first_state_ = graph_.num_records();
    out_.first_lg_state_ = graph_.num_lg_states();
    out_.first_arc_ = graph_.num_arcs();
    const std::uint64_t copies = out_.slots_->num_ends();
    const std::uint64_t states =
        std::max<std::uint64_t>(out_.first_state_, out_.first_lg_state_) + copies * out_.num_nodes_;
    if (states > kMost || out_.first_arc_ + copies * out_.num_arcs() > kMost)
      throw Error(ErrorKind::kOption,
                  std::to_string(words_.labels.size()) + " words attached at " +
                      std::to_string(copies) + " states of the language model are too many",
                  "Attach fewer, or build the graph from a model with fewer n-grams that end in "
                  "<unk>");
    switch (graph_.mask_words()) {
      case 1:
        return fill<1>();
      case 2:
        return fill<2>();
      default:
        return fill<0>();
    }
  }

  template <int W>
  void fill() {
    std::vector<Record<W>> records(nodes_.size());
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      Record<W>& record = records[n];
      const std::uint32_t first = out_.first_of_node_[n], last = out_.first_of_node_[n + 1];
      record.arcs = out_.first_arc_ + first;
      record.epsilons = 0;
      record.num_epsilons = 0;
      record.min_cost = record.min_own_cost = first == last ? kInfinity : 0;
      using Unit = decltype(record.unit);
      record.unit = static_cast<Unit>(nodes_[n].unit);
      const std::uint32_t only = last - first == 1 ? out_.hot_units_[first] : graph_.num_units();
      if constexpr (W == 0) {
        record.num_arcs = last - first;
        record.detail = only;
      } else {
        record.only_unit = static_cast<Unit>(only);
        for (int w = 0; w < W; ++w) record.mask[w] = 0;
        for (std::uint32_t hot = first; hot < last; ++hot)
          record.mask[out_.hot_units_[hot] >> 6] |= std::uint64_t{1} << (out_.hot_units_[hot] & 63);
      }
    }
    out_.records_ = std::move(records);
  }

  AttachedWords& out_;
  const WordsToAttach& words_;
  const SearchGraph& graph_;
  std::vector<std::uint32_t> units_;
  std::vector<Item> items_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> leaf_of_, leaf_units_;
};

AttachedWords::AttachedWords(std::shared_ptr<const Slots> slots, const WordsToAttach& words)
    : slots_(std::move(slots)) {
  Builder(this, words).build();
  extra_costs_ = slots_->extra_costs(root_costs_);
}

SearchGraph::PathArc AttachedWords::path_arc(std::uint32_t number) const {
  const std::uint32_t copy = (number - first_arc_) / num_arcs();
  const Arc& arc = arcs_[at_copy_0(number)];
  const std::uint32_t base = first_lg_state_ + copy * num_nodes_;
  return {base + arc.source, arc.next >= num_inner_ ? slots_->end_state(copy) : base + arc.next,
          slots_->graph().columns()[arc.unit], arc.word, arc.cost};
}

std::uint32_t AttachedWords::lg_state(std::uint32_t state) const {
  const std::uint32_t at = state - first_state_;
  return at % num_nodes_ >= num_inner_ ? slots_->end_state(at / num_nodes_) : first_lg_state_ + at;
}

SearchGraph::ArcRange AttachedWords::arcs_of(std::uint32_t lg_state) const {
  const std::uint32_t at = lg_state - first_lg_state_, node = at % num_nodes_;
  const std::uint32_t base = first_arc_ + at / num_nodes_ * num_arcs();
  return {base + first_of_hot_[first_of_node_[node]],
          base + first_of_hot_[first_of_node_[node + 1]]};
}

}  // namespace tlg::decoder

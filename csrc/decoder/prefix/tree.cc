#include "decoder/prefix/tree.h"

#include "util/error.h"

namespace tlg::decoder::prefix {
namespace {

constexpr std::size_t kFirstSlots = 1024;

std::uint64_t mix(NodeId parent, std::int32_t token, std::uint32_t ends) {
  std::uint64_t key =
      (static_cast<std::uint64_t>(parent) << 32) ^ static_cast<std::uint32_t>(token);
  key = (key ^ (static_cast<std::uint64_t>(ends) << 17)) * 0x9e3779b97f4a7c15ULL;
  return key ^ (key >> 29);
}

}  // namespace

void Tree::clear() {
  nodes_.clear();
  places_.clear();
  if (slots_.empty()) slots_.resize(kFirstSlots);
  if (++epoch_ == 0) {  // the counter has gone round: old slots would look new
    slots_.assign(slots_.size(), Slot());
    epoch_ = 1;
  }
}

std::size_t Tree::slot_of(NodeId parent, std::int32_t token, std::uint32_t ends) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::size_t>(mix(parent, token, ends)) & mask;
  for (; slots_[at].epoch == epoch_; at = (at + 1) & mask) {
    const Node& node = nodes_[slots_[at].node];
    if (node.parent == parent && node.token == token && node.ends == ends) break;
  }
  return at;
}

NodeId Tree::find(NodeId parent, std::int32_t token, std::uint32_t ends) const {
  const Slot& slot = slots_[slot_of(parent, token, ends)];
  return slot.epoch == epoch_ ? slot.node : kNoNode;
}

void Tree::insert(NodeId id) {
  const Node& node = nodes_[id];
  slots_[slot_of(node.parent, node.token, node.ends)] = {epoch_, id};
}

NodeId Tree::add(const Node& node) {
  if (nodes_.size() >= kNoNode)
    throw Error(ErrorKind::kOption, "more than 4 billion prefixes", "Use a smaller beam_size");
  const auto id = static_cast<NodeId>(nodes_.size());
  nodes_.push_back(node);
  places_.push_back(0);
  if (2 * nodes_.size() > slots_.size())
    grow();
  else
    insert(id);
  return id;
}

void Tree::grow() {
  slots_.assign(2 * slots_.size(), Slot());
  epoch_ = 1;
  for (NodeId id = 0; id < nodes_.size(); ++id) insert(id);
}

void Tree::compact(std::vector<NodeId*>* alive) {
  constexpr NodeId kKeep = kNoNode - 1;
  std::vector<NodeId> renumbered(nodes_.size(), kNoNode);
  for (const NodeId* const id : *alive) renumbered[*id] = kKeep;
  renumbered[0] = kKeep;
  for (NodeId id = static_cast<NodeId>(nodes_.size()); id-- > 1;)
    if (renumbered[id] == kKeep) renumbered[nodes_[id].parent] = kKeep;
  NodeId kept = 0;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (renumbered[id] != kKeep) continue;
    renumbered[id] = kept;
    Node node = nodes_[id];
    if (node.parent != kNoNode) node.parent = renumbered[node.parent];
    nodes_[kept] = node;
    places_[kept] = places_[id];
    ++kept;
  }
  nodes_.resize(kept);
  places_.resize(kept);
  for (NodeId* const id : *alive) *id = renumbered[*id];
  slots_.assign(slots_.size(), Slot());
  epoch_ = 1;
  for (NodeId id = 0; id < kept; ++id) insert(id);
}

}  // namespace tlg::decoder::prefix

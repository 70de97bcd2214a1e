// What a frame costs each unit, which units it is worth to look at, and which frames are nothing
// but blank. Part of the search kernel and included like it (see search_kernel.h); so: no include
// guard, no includes.

namespace tlg::decoder::TLG_ISA {

template <bool kCtcTopology>
class FrameCosts {
 protected:
  explicit FrameCosts(SearchState& state)
      : state_(state),
        num_units_(state.graph->num_units()),
        num_used_(state.graph->num_used_units()),
        blank_(state.graph->options().blank) {
    if (state.attached != nullptr) spare_ = &state.attached->spare_units();
    const SearchOptions& options = state.options;
    if (blank_ >= 0 && options.blank_skip < 1) least_blank_ = std::log(options.blank_skip);
    prunes_ = options.token_beam < std::numeric_limits<float>::infinity() || options.max_tokens > 0;
  }

  const float* unit_costs_ = nullptr;
  float blank_cost_ = std::numeric_limits<float>::infinity();

  // Whether the frame is passed over as blank: its blank is likely enough, and so was that of the
  // frame before. The first of a run is searched as any other.
  bool skips(const Frames& frames, std::int32_t t) {
    if (!(least_blank_ <= 0)) return false;
    const bool is_blank = frames.at(t, blank_) >= least_blank_;
    const bool skipped = is_blank && state_.after_blank;
    state_.after_blank = is_blank;
    return skipped;
  }

  // left[u] = unit_costs[u] - gains[u] for the units that a path can read.
  void take_off(const float* gains, float* left) const {
    const float* const costs = unit_costs_;
    const std::uint32_t count = num_used_;
#pragma omp simd
    for (std::uint32_t u = 0; u < count; ++u) left[u] = costs[u] - gains[u];
    for (const std::uint32_t u : *spare_) left[u] = costs[u] - gains[u];
  }

  void score_blank(const Frames& frames, std::int32_t t) {
    blank_cost_ =
        -state_.options.acoustic_scale * frames.at(t, blank_) + state_.options.blank_penalty;
  }

  // unit_costs[u] = -scale * log_prob for each unit that a path can read; [num_units] = the least
  // of them; [num_units + 1] (no unit) and the padding = infinity.
  void score_units(const Frames& frames, std::int32_t t, bool only_blank = false) {
    float* costs = state_.unit_costs.data();
    const float scale = state_.options.acoustic_scale;
    const SearchGraph& graph = *state_.graph;
    const std::int32_t* columns = graph.columns().data();
    if (frames.dense != nullptr) {
      const float* row = frames.dense + static_cast<std::int64_t>(t) * frames.num_tokens;
      scale_columns(row, columns, -scale, num_used_, costs);
      for (const std::uint32_t u : *spare_) costs[u] = -scale * row[columns[u]];
      if (kCtcTopology && blank_ >= 0) blank_cost_ = -scale * row[blank_];
    } else {
      const float others = -scale * frames.unlisted(t);
      for (std::uint32_t u = 0; u < num_used_; ++u) costs[u] = others;
      for (const std::uint32_t u : *spare_) costs[u] = others;
      blank_cost_ = others;
      const std::int64_t row = static_cast<std::int64_t>(t) * frames.width;
      for (std::int32_t i = 0; i < frames.width; ++i) {
        const std::int32_t token = frames.ids[row + i];
        const float cost = -scale * frames.log_probs[row + i];
        if (token == blank_) blank_cost_ = cost;
        const std::uint32_t u = graph.unit_of_column(token);
        if (u < num_units_) costs[u] = cost;
      }
    }
    constexpr float infinity = std::numeric_limits<float>::infinity();
    blank_cost_ =
        kCtcTopology && blank_ >= 0 ? blank_cost_ + state_.options.blank_penalty : infinity;
    // A plain graph has blank among its units.
    if (!kCtcTopology && blank_ >= 0 && graph.unit_of_column(blank_) < num_units_)
      costs[graph.unit_of_column(blank_)] += state_.options.blank_penalty;
    if (prunes_ || only_blank) prune(costs, only_blank);
    costs[num_units_] = least_unit(costs);
    unit_costs_ = costs;
  }

 private:
  // Makes units infinitely dear that are too far behind; never blank, never one that a hotword may
  // want.
  TLG_NOINLINE void prune(float* costs, bool only_blank) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const std::uint32_t blank_unit =
        !kCtcTopology && blank_ >= 0 ? state_.graph->unit_of_column(blank_) : num_units_;
    const float blank_unit_cost = blank_unit < num_units_ ? costs[blank_unit] : infinity;
    if (blank_unit < num_units_) costs[blank_unit] = infinity;
    const SearchOptions& options = state_.options;
    float least = std::min(least_unit(costs), std::min(blank_cost_, blank_unit_cost));
    float limit = only_blank ? -infinity : least + options.token_beam;
    const std::size_t most = static_cast<std::size_t>(options.max_tokens);
    if (most > 0 && most < num_used_ + spare_->size()) {
      state_.scratch.assign(costs, costs + num_used_);
      for (const std::uint32_t u : *spare_) state_.scratch.push_back(costs[u]);
      std::nth_element(state_.scratch.begin(), state_.scratch.begin() + (most - 1),
                       state_.scratch.end());
      limit = std::min(limit, state_.scratch[most - 1]);
    }
    const std::uint8_t* wanted = state_.wanted_by_hotwords;
    const auto bar = [&](std::uint32_t u) {
      if (!(costs[u] <= limit) && (only_blank || wanted == nullptr || wanted[u] == 0))
        costs[u] = infinity;
    };
    for (std::uint32_t u = 0; u < num_used_; ++u) bar(u);
    for (const std::uint32_t u : *spare_) bar(u);
    if (blank_unit < num_units_) costs[blank_unit] = blank_unit_cost;
  }

  SearchState& state_;
  float least_unit(const float* costs) const {
    float least = least_of(costs, num_used_);
    for (const std::uint32_t u : *spare_) least = std::min(least, costs[u]);
    return least;
  }

  static inline const std::vector<std::uint32_t> kNoUnits;
  const std::uint32_t num_units_, num_used_;
  // Behind the units in use, those that attached words need.
  const std::vector<std::uint32_t>* spare_ = &kNoUnits;
  const std::int32_t blank_;
  float least_blank_ = std::numeric_limits<float>::quiet_NaN();  // its log-posterior
  bool prunes_ = false;
};

}  // namespace tlg::decoder::TLG_ISA

// The inner loops of search_kernel.h, for the instruction set of the including file (TLG_LEVEL: 0
// any CPU, 2 AVX2, 3 AVX-512). All levels give the same bits: additions and comparisons alone, none
// reordered but minima. Included inside namespaces by search_*.cc; so: no include guard, no
// includes.

namespace tlg::decoder::TLG_ISA {

inline void prefetch(const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

inline std::uint32_t popcount(std::uint64_t x) {
#if TLG_LEVEL >= 2
  return static_cast<std::uint32_t>(_mm_popcnt_u64(x));
#else
  x -= (x >> 1) & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
  return static_cast<std::uint32_t>(
      (((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u) >> 56);
#endif
}

inline std::uint32_t lowest_bit(std::uint64_t x) {
#if defined(__GNUC__)
  return static_cast<std::uint32_t>(__builtin_ctzll(x));
#else
  return popcount((x & (~x + 1)) - 1);
#endif
}

#if TLG_LEVEL == 3
// The lanes of a block of 16 that lie below the end, `rest` further on.
inline __mmask16 lanes(std::size_t rest) {
  return rest >= 16 ? __mmask16{0xffff} : static_cast<__mmask16>((1u << rest) - 1);
}

// values[indices[i]] in the lanes of the mask, infinity in the others.
inline __m512 gather(__mmask16 mask, const float* values, const std::uint32_t* indices) {
  return _mm512_mask_i32gather_ps(_mm512_set1_ps(std::numeric_limits<float>::infinity()), mask,
                                  _mm512_maskz_loadu_epi32(mask, indices), values, 4);
}

// Infinity in the lanes outside the mask.
inline __m512 load_costs(__mmask16 mask, const float* values) {
  return _mm512_mask_loadu_ps(_mm512_set1_ps(std::numeric_limits<float>::infinity()), mask, values);
}
#endif

// Bit u: costs[u] <= limit, for u < min(n, 64). The array is padded with infinity to whole blocks
// of 16.
inline std::uint64_t mask_below(const float* costs, float limit, std::uint32_t n) {
  std::uint64_t mask = 0;
  const std::uint32_t end = n < 64 ? n : 64;
#if TLG_LEVEL == 3
  const __m512 bound = _mm512_set1_ps(limit);
  for (std::uint32_t u = 0; u < end; u += 16)
    mask |= static_cast<std::uint64_t>(
                _mm512_cmp_ps_mask(_mm512_loadu_ps(costs + u), bound, _CMP_LE_OQ))
            << u;
#elif TLG_LEVEL == 2
  const __m256 bound = _mm256_set1_ps(limit);
  for (std::uint32_t u = 0; u < end; u += 8)
    mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(
                _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(costs + u), bound, _CMP_LE_OQ))))
            << u;
#elif defined(__SSE2__)
  const __m128 bound = _mm_set1_ps(limit);
  for (std::uint32_t u = 0; u < end; u += 16) {
    const auto below = [&](std::uint32_t at) {
      return _mm_castps_si128(_mm_cmple_ps(_mm_loadu_ps(costs + u + at), bound));
    };
    const __m128i low = _mm_packs_epi32(below(0), below(4));
    const __m128i high = _mm_packs_epi32(below(8), below(12));
    mask |= static_cast<std::uint64_t>(
                static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(low, high))))
            << u;
  }
#else
  for (std::uint32_t u = 0; u < end; ++u)
    mask |= static_cast<std::uint64_t>(costs[u] <= limit) << u;
#endif
  return mask;
}

// Bit i: costs[units[i]] <= limit, for i < min(n, 16).
inline std::uint32_t listed_below(const float* costs, const std::uint32_t* units, std::uint32_t n,
                                  float limit) {
  if (n > 16) n = 16;
#if TLG_LEVEL == 3
  const __mmask16 inside = lanes(n);
  return _mm512_mask_cmp_ps_mask(inside, gather(inside, costs, units), _mm512_set1_ps(limit),
                                 _CMP_LE_OQ);
#else
  std::uint32_t mask = 0;
  for (std::uint32_t i = 0; i < n; ++i)
    mask |= static_cast<std::uint32_t>(costs[units[i]] <= limit) << i;
  return mask;
#endif
}

// Lists the units that cost no more than the limit, with their costs; returns how many. Writes
// whole blocks of 16 behind them.
inline std::size_t list_below(const float* costs, float limit, std::uint32_t n,
                              std::uint32_t* units, float* listed) {
  std::size_t count = 0;
#if TLG_LEVEL == 3
  const __m512 bound = _mm512_set1_ps(limit);
  __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::uint32_t u = 0; u < n; u += 16) {
    const __mmask16 inside = lanes(n - u);
    const __m512 block = _mm512_loadu_ps(costs + u);
    const __mmask16 taken = _mm512_mask_cmp_ps_mask(inside, block, bound, _CMP_LE_OQ);
    if (taken != 0) {
      _mm512_storeu_si512(units + count, _mm512_maskz_compress_epi32(taken, index));
      _mm512_storeu_ps(listed + count, _mm512_maskz_compress_ps(taken, block));
      count += popcount(taken);
    }
    index = _mm512_add_epi32(index, _mm512_set1_epi32(16));
  }
#else
  for (std::uint32_t u = 0; u < n; u += 64) {
    std::uint64_t taken = mask_below(costs + u, limit, n - u);
    if (n - u < 64) taken &= (std::uint64_t{1} << (n - u)) - 1;  // what lies behind is no unit
    for (; taken != 0; taken &= taken - 1) {
      units[count] = u + lowest_bit(taken);
      listed[count] = costs[units[count]];
      ++count;
    }
  }
#endif
  return count;
}

// costs[u] = scale * row[columns[u]]; the columns rise.
inline void scale_columns(const float* row, const std::int32_t* columns, float scale,
                          std::uint32_t n, float* costs) {
  if (n == 0) return;
  if (static_cast<std::uint32_t>(columns[n - 1] - columns[0]) == n - 1) {  // without a hole
    row += columns[0];
    for (std::uint32_t u = 0; u < n; ++u) costs[u] = scale * row[u];
    return;
  }
  std::uint32_t u = 0;
#if TLG_LEVEL == 3
  for (; u + 16 <= n; u += 16)
    _mm512_storeu_ps(costs + u, _mm512_mul_ps(_mm512_set1_ps(scale),
                                              _mm512_mask_i32gather_ps(
                                                  _mm512_setzero_ps(), 0xffff,
                                                  _mm512_loadu_si512(columns + u), row, 4)));
#endif
  for (; u < n; ++u) costs[u] = scale * row[columns[u]];
}

inline float least_of(const float* values, std::size_t n) {
#if TLG_LEVEL == 3
  __m512 minimum = _mm512_set1_ps(std::numeric_limits<float>::infinity());
  for (std::size_t i = 0; i < n; i += 16)
    minimum = _mm512_min_ps(minimum, load_costs(lanes(n - i), values + i));
  return _mm512_reduce_min_ps(minimum);
#else
  float least = std::numeric_limits<float>::infinity();
#pragma omp simd reduction(min : least)
  for (std::size_t i = 0; i < n; ++i) least = values[i] < least ? values[i] : least;
  return least;
#endif
}

// The best cost of a token that takes no arc; in *best, the best cost before the frame.
inline float best_of_staying(const float* nb, const float* b, const std::uint32_t* unit,
                             const float* unit_costs, float blank_cost, std::size_t n,
                             float* best) {
#if TLG_LEVEL == 3
  __m512 stays = _mm512_set1_ps(std::numeric_limits<float>::infinity()), befores = stays;
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 inside = lanes(n - i);
    const __m512 units = load_costs(inside, nb + i);
    const __m512 m = _mm512_min_ps(units, load_costs(inside, b + i));
    const __m512 repeat = _mm512_add_ps(units, gather(inside, unit_costs, unit + i));
    befores = _mm512_min_ps(befores, m);
    stays =
        _mm512_min_ps(stays, _mm512_min_ps(repeat, _mm512_add_ps(m, _mm512_set1_ps(blank_cost))));
  }
  *best = _mm512_reduce_min_ps(befores);
  return _mm512_reduce_min_ps(stays);
#else
  float least = std::numeric_limits<float>::infinity(), before = least;
#pragma omp simd reduction(min : least, before)
  for (std::size_t i = 0; i < n; ++i) {
    const float m = nb[i] < b[i] ? nb[i] : b[i];
    const float repeat = nb[i] + unit_costs[unit[i]];
    const float blank = m + blank_cost;
    const float stay = repeat < blank ? repeat : blank;
    before = m < before ? m : before;
    least = stay < least ? stay : least;
  }
  *best = before;
  return least;
#endif
}

// Lists the tokens whose cheapest way on is within the cut; returns how many. Writes whole blocks
// of 16.
inline std::size_t select(const float* nb, const float* b, const float* bound,
                          const std::uint32_t* only_unit, const float* unit_costs, float cut,
                          std::size_t n, float* scratch, std::uint32_t* list) {
  std::size_t count = 0;
#if TLG_LEVEL == 3
  (void)scratch;
  const __m512 limit = _mm512_set1_ps(cut);
  __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 inside = lanes(n - i);
    const __m512 m = _mm512_min_ps(load_costs(inside, nb + i), load_costs(inside, b + i));
    const __m512 way = _mm512_add_ps(_mm512_add_ps(m, _mm512_maskz_loadu_ps(inside, bound + i)),
                                     gather(inside, unit_costs, only_unit + i));
    const __mmask16 taken = _mm512_mask_cmp_ps_mask(inside, way, limit, _CMP_LE_OQ);
    // Compress in a register, then store: compressing stores are slow on some CPUs.
    _mm512_storeu_si512(list + count, _mm512_maskz_compress_epi32(taken, index));
    count += popcount(taken);
    index = _mm512_add_epi32(index, _mm512_set1_epi32(16));
  }
#else
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i)
    scratch[i] = (nb[i] < b[i] ? nb[i] : b[i]) + bound[i] + unit_costs[only_unit[i]];
  for (std::size_t i = 0; i < n; ++i) {
    list[count] = static_cast<std::uint32_t>(i);
    count += scratch[i] <= cut;
  }
#endif
  return count;
}

// One frame without an arc for every token; costs above the cut become infinity. Returns how many
// died.
inline std::size_t stay(float* nb, float* b, const std::uint32_t* unit,
                        const std::uint32_t* nb_trace, std::uint32_t* b_trace,
                        const float* unit_costs, float blank_cost, float cut, std::size_t n) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::uint32_t dead = 0;
#if TLG_LEVEL == 3
  const __m512 limit = _mm512_set1_ps(cut), never = _mm512_set1_ps(infinity);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 inside = lanes(n - i);
    const __m512 units = load_costs(inside, nb + i), blanks = load_costs(inside, b + i);
    const __m512 blank = _mm512_add_ps(_mm512_min_ps(units, blanks), _mm512_set1_ps(blank_cost));
    const __m512 repeat = _mm512_add_ps(units, gather(inside, unit_costs, unit + i));
    const __mmask16 from_unit = _mm512_cmp_ps_mask(units, blanks, _CMP_LT_OQ);
    _mm512_mask_storeu_epi32(b_trace + i, static_cast<__mmask16>(from_unit & inside),
                             _mm512_maskz_loadu_epi32(inside, nb_trace + i));
    const __mmask16 repeats = _mm512_cmp_ps_mask(repeat, limit, _CMP_LE_OQ);
    const __mmask16 blank_stays = _mm512_cmp_ps_mask(blank, limit, _CMP_LE_OQ);
    _mm512_mask_storeu_ps(nb + i, inside, _mm512_mask_mov_ps(never, repeats, repeat));
    _mm512_mask_storeu_ps(b + i, inside, _mm512_mask_mov_ps(never, blank_stays, blank));
    dead += popcount(static_cast<std::uint64_t>(inside & ~(repeats | blank_stays) & 0xffff));
  }
#else
#pragma omp simd reduction(+ : dead)
  for (std::size_t i = 0; i < n; ++i) {
    // Read at all events: behind a condition the loop would not be vectorised.
    const std::uint32_t unit_trace = nb_trace[i], blank_trace = b_trace[i];
    const float after_unit = nb[i], after_blank = b[i];
    const bool from_unit = after_unit < after_blank;
    const float blank = (from_unit ? after_unit : after_blank) + blank_cost;
    const float repeat = after_unit + unit_costs[unit[i]];
    b_trace[i] = from_unit ? unit_trace : blank_trace;
    nb[i] = repeat <= cut ? repeat : infinity;
    b[i] = blank <= cut ? blank : infinity;
    dead += (repeat <= cut || blank <= cut) ? 0 : 1;
  }
#endif
  return dead;
}

// traces[i] = the trace of the cheaper of nb and b. Lists the tokens whose two costs differ by
// `most` at most and whose two traces differ; returns how many. Writes whole blocks of 16.
inline std::size_t list_meeting(const float* nb, const float* b, const std::uint32_t* nb_trace,
                                const std::uint32_t* b_trace, float most, std::size_t n,
                                std::uint32_t* traces, std::uint32_t* list) {
  std::size_t count = 0;
#if TLG_LEVEL == 3
  const __m512 limit = _mm512_set1_ps(most);
  __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 inside = lanes(n - i);
    const __m512 units = load_costs(inside, nb + i), blanks = load_costs(inside, b + i);
    const __m512i unit_traces = _mm512_maskz_loadu_epi32(inside, nb_trace + i);
    const __m512i blank_traces = _mm512_maskz_loadu_epi32(inside, b_trace + i);
    const __mmask16 from_unit = _mm512_cmp_ps_mask(units, blanks, _CMP_LT_OQ);
    _mm512_storeu_si512(traces + i, _mm512_mask_mov_epi32(blank_traces, from_unit, unit_traces));
    const __m512 apart = _mm512_abs_ps(_mm512_sub_ps(units, blanks));
    const __mmask16 meet =
        static_cast<__mmask16>(_mm512_mask_cmp_ps_mask(inside, apart, limit, _CMP_LE_OQ) &
                               _mm512_cmpneq_epi32_mask(unit_traces, blank_traces));
    _mm512_storeu_si512(list + count, _mm512_maskz_compress_epi32(meet, index));
    count += popcount(meet);
    index = _mm512_add_epi32(index, _mm512_set1_epi32(16));
  }
#else
  for (std::size_t i = 0; i < n; ++i) {
    traces[i] = nb[i] < b[i] ? nb_trace[i] : b_trace[i];
    list[count] = static_cast<std::uint32_t>(i);
    count += std::fabs(nb[i] - b[i]) <= most && nb_trace[i] != b_trace[i];
  }
#endif
  return count;
}

// Lists the tokens with a cost of at most `worst`; returns how many. Writes whole blocks of 16.
inline std::size_t list_kept(const float* nb, const float* b, float worst, std::size_t n,
                             std::uint32_t* list) {
  std::size_t count = 0;
#if TLG_LEVEL == 3
  const __m512 limit = _mm512_set1_ps(worst);
  __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 inside = lanes(n - i);
    const __m512 m = _mm512_min_ps(load_costs(inside, nb + i), load_costs(inside, b + i));
    const __mmask16 kept = _mm512_mask_cmp_ps_mask(inside, m, limit, _CMP_LE_OQ);
    _mm512_storeu_si512(list + count, _mm512_maskz_compress_epi32(kept, index));
    count += popcount(kept);
    index = _mm512_add_epi32(index, _mm512_set1_epi32(16));
  }
#else
  for (std::size_t i = 0; i < n; ++i) {
    list[count] = static_cast<std::uint32_t>(i);
    count += (nb[i] < b[i] ? nb[i] : b[i]) <= worst;
  }
#endif
  return count;
}

// values[i] = values[list[i]] for i from `first` on; the list rises.
template <typename T>
void keep_listed(const std::uint32_t* list, std::size_t first, std::size_t count, T* values) {
  static_assert(sizeof(T) == 4);
#if TLG_LEVEL == 3
  for (std::size_t i = first; i < count; i += 16) {
    const __mmask16 inside = lanes(count - i);
    const __m512i from = _mm512_maskz_loadu_epi32(inside, list + i);
    _mm512_mask_storeu_epi32(
        values + i, inside,
        _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), inside, from, values, 4));
  }
#else
  for (std::size_t i = first; i < count; ++i) values[i] = values[list[i]];
#endif
}

}  // namespace tlg::decoder::TLG_ISA

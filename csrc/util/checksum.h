// A 64-bit checksum of bytes, to tell a damaged file from a good one: XXH64 (Y. Collet), seed 0,
// several gigabytes a second. Not for: hash tables, secrets.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tlg::util {

std::uint64_t checksum(const void* data, std::size_t size);

}  // namespace tlg::util

#include "util/workspace.h"

#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <new>

#include "util/pages.h"

namespace tlg::util {
namespace {

constexpr std::size_t kWholePages = 1 << 20;  // from here on memory comes from the system directly
constexpr std::size_t kSmall = 1 << 16;       // below it nothing is worth a file

}  // namespace

struct Workspace::Shared {
  struct Region {
    std::size_t size;
    bool in_file;
  };

  Shared(std::uint64_t limit, std::string where)
      : memory(limit), folder(std::move(where)), before(limit ? resident_bytes() : 0) {}

  // To be called with the lock held.
  void trim() {
    for (const auto& [data, region] : regions)
      if (region.in_file) drop_resident(data, region.size);
  }

  const std::uint64_t memory;
  const std::string folder;
  const std::size_t before;  // resident bytes when it was made
  std::atomic<std::uint64_t> in_memory{0}, untold{0};
  std::mutex mutex;
  std::map<char*, Region> regions;  // what was mapped
  std::size_t floor = 0;            // resident bytes after the last trim
};

Workspace::Workspace(std::uint64_t memory, const std::string& folder)
    : shared_(std::make_shared<Shared>(memory, folder)) {}

bool Workspace::limited() const { return shared_->memory != 0; }
std::uint64_t Workspace::memory() const { return shared_->memory; }

std::shared_ptr<void> Workspace::allocate(std::size_t bytes, bool* zeroed) {
  if (bytes == 0) bytes = 1;
  std::shared_ptr<Shared> shared = shared_;
  const std::uint64_t taken = shared->in_memory.fetch_add(bytes) + bytes;
  const bool in_file = limited() && taken > shared->memory / 2 &&
                       bytes >= std::min<std::uint64_t>(kSmall, shared->memory / 16);
  if (in_file) shared->in_memory.fetch_sub(bytes);
  if (!in_file && bytes < kWholePages) {
    *zeroed = false;
    return std::shared_ptr<void>(::operator new(bytes), [shared, bytes](void* data) {
      ::operator delete(data);
      shared->in_memory.fetch_sub(bytes);
    });
  }
  void* data = in_file ? map_temporary_file(bytes, shared->folder) : map_memory(bytes);
  if (!data) {
    shared->in_memory.fetch_sub(bytes);
    throw std::bad_alloc();
  }
  *zeroed = true;
  std::shared_ptr<void> owner(data, [shared, bytes, in_file](void* mapped) {
    {
      const std::lock_guard<std::mutex> lock(shared->mutex);
      shared->regions.erase(static_cast<char*>(mapped));
    }
    unmap(mapped, bytes);
    if (!in_file) shared->in_memory.fetch_sub(bytes);
  });
  const std::lock_guard<std::mutex> lock(shared->mutex);
  shared->regions[static_cast<char*>(data)] = {bytes, in_file};
  return owner;
}

void Workspace::discard_bytes(void* data, std::size_t bytes) {
  if (bytes == 0) return;
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  auto* const begin = static_cast<char*>(data);
  auto next = shared_->regions.upper_bound(begin);
  if (next == shared_->regions.begin()) return;
  const auto& [start, region] = *std::prev(next);
  if (begin + bytes <= start + region.size) drop_content(data, bytes);
}

void Workspace::count_touched(std::size_t bytes) {
  const std::uint64_t step = shared_->memory / 32;
  if (shared_->untold.fetch_add(bytes, std::memory_order_relaxed) + bytes < step) return;
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->untold.load(std::memory_order_relaxed) < step) return;  // another thread was faster
  const std::size_t resident = resident_bytes();
  const std::size_t limit =
      std::max<std::size_t>(shared_->before + shared_->memory / 8 * 7,
                            // Where other things fill the memory, to trim always would not help.
                            shared_->floor + shared_->memory / 8);
  shared_->untold.store(0, std::memory_order_relaxed);
  if (resident != 0 && resident < limit) return;
  shared_->trim();
  shared_->floor = resident_bytes();
}

void Workspace::trim() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->trim();
}

}  // namespace tlg::util

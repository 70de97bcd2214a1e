#include "util/kept_threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#ifndef _WIN32
#include <unistd.h>
#endif

namespace tlg {
namespace {

constexpr std::chrono::seconds kPatience{2};  // of a thread without work

long process() {
#ifdef _WIN32
  return 0;
#else
  return static_cast<long>(getpid());
#endif
}

struct Keeper {
  const long owner = process();
  const std::size_t most = std::max(1u, std::thread::hardware_concurrency());
  std::mutex mutex;
  std::condition_variable more;
  std::deque<std::function<void()>> work;  // never more than there are idle threads
  std::size_t idle = 0;

  void serve(std::function<void()> first) {
    for (std::function<void()> now = std::move(first);;) {
      now();
      now = nullptr;  // what it holds is let go before anyone waits
      std::unique_lock<std::mutex> lock(mutex);
      if (idle >= most) return;
      ++idle;
      more.wait_for(lock, kPatience, [&] { return !work.empty(); });
      --idle;
      if (work.empty()) return;
      now = std::move(work.front());
      work.pop_front();
    }
  }
};

// Never destroyed: its threads may outlive all else. A process that was forked has none of the
// threads, and perhaps a locked mutex: it gets a keeper of its own.
Keeper& keeper() {
  static std::atomic<Keeper*> current{nullptr};
  Keeper* found = current.load();
  while (found == nullptr || found->owner != process()) {
    Keeper* made = new Keeper;
    if (current.compare_exchange_strong(found, made)) return *made;
    delete made;
  }
  return *found;
}

}  // namespace

bool run_on_kept_thread(std::function<void()> work) {
  try {
    Keeper& kept = keeper();
    {
      const std::lock_guard<std::mutex> lock(kept.mutex);
      if (kept.idle > kept.work.size()) {
        kept.work.push_back(std::move(work));
        kept.more.notify_one();
        return true;
      }
    }
    std::thread([&kept, work = std::move(work)]() mutable {
      kept.serve(std::move(work));
    }).detach();
  } catch (const std::exception&) {
    return false;
  }
  return true;
}

}  // namespace tlg

// How far a long piece of work has come, told to whoever asked for it, who may stop it.
// Not for: how the news looks (that is the hook's).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace tlg::util {

class Progress {
 public:
  // Called at the start of each phase and then at most ten times a second, always on the thread
  // that began the phase. `total` 0: not known. What it throws ends the work: Ctrl-C comes in so.
  using Hook =
      std::function<void(const std::string& phase, std::uint64_t done, std::uint64_t total)>;

  Progress() = default;
  explicit Progress(Hook hook) : hook_(std::move(hook)) {}

  void begin(std::string phase, std::uint64_t total) {
    phase_ = std::move(phase);
    total_ = total;
    done_.store(0, std::memory_order_relaxed);
    caller_ = std::this_thread::get_id();
    if (hook_) tell();
  }

  // From any thread, every few milliseconds: costs a clock reading. A second without a call is a
  // second without Ctrl-C.
  void add(std::uint64_t done) {
    if (!hook_) return;
    done_.fetch_add(done, std::memory_order_relaxed);
    if (std::this_thread::get_id() != caller_) return;
    if (std::chrono::steady_clock::now() - told_ >= std::chrono::milliseconds(100)) tell();
  }

 private:
  void tell() {
    told_ = std::chrono::steady_clock::now();
    hook_(phase_, done_.load(std::memory_order_relaxed), total_);
  }

  Hook hook_;
  std::string phase_;
  std::uint64_t total_ = 0;
  std::atomic<std::uint64_t> done_{0};
  std::thread::id caller_;
  std::chrono::steady_clock::time_point told_;
};

}  // namespace tlg::util

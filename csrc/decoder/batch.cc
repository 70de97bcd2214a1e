#include "decoder/batch.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <limits>
#include <list>
#include <mutex>
#include <string>
#include <utility>

#include "util/error.h"
#include "util/kept_threads.h"

namespace tlg::decoder {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct Stopped {};  // thrown through a search that is no longer wanted

struct Item {
  std::int64_t number;
  Batch::Input input;
  Hypothesis hypothesis;
  std::exception_ptr failure;
};

}  // namespace

struct Batch::State {
  std::shared_ptr<const Decoder> decoder;
  std::shared_ptr<const HotwordUse> hotwords;
  bool all_or_nothing = false;

  std::mutex mutex;
  std::condition_variable more, done, ended;
  // An utterance moves from one list to the next, which takes no memory and so cannot fail.
  std::list<Item> waiting, finished, dropped;
  std::size_t most = 0;  // threads besides the caller's
  std::size_t threads = 0, idle = 0;
  std::int64_t lowest_failed = kNever;
  std::atomic<bool> stopped{false};
  std::vector<float> buffer;  // of the caller's thread

  std::list<Item>::iterator find(std::int64_t number) {
    if (number == kNone) return finished.begin();
    return std::find_if(finished.begin(), finished.end(),
                        [&](const Item& one) { return one.number == number; });
  }

  // Puts the next utterance that is worth decoding in the empty list.
  bool next(std::list<Item>* hand) {
    while (!waiting.empty()) {
      const bool is_wanted = waiting.front().number < lowest_failed;
      std::list<Item>& to = is_wanted ? *hand : dropped;
      to.splice(to.end(), waiting, waiting.begin());
      if (is_wanted) return true;
    }
    return false;
  }

  // Decodes what is in the list, without the lock. What `pulse` throws is no failure of the
  // utterance: it comes through, without the lock.
  void decode(std::list<Item>* hand, std::unique_lock<std::mutex>* lock, std::vector<float>* space,
              const std::function<void()>& pulse) {
    const bool only_check = all_or_nothing && lowest_failed != kNever;
    lock->unlock();
    Item& one = hand->front();
    std::exception_ptr ended;
    const std::function<void()> listen = [&] {
      try {
        pulse();
      } catch (...) {
        ended = std::current_exception();
        throw;
      }
    };
    try {
      Frames frames = one.input.sparse;
      if (one.input.is_dense) {
        frames.num_frames = static_cast<std::int32_t>(one.input.rows.num_frames);
        frames.num_tokens = static_cast<std::int32_t>(one.input.rows.num_tokens);
        frames.dense = read_rows(one.input.rows, space);
      }
      if (!only_check) one.hypothesis = decoder->decode(frames, hotwords, pulse ? listen : pulse);
    } catch (...) {
      if (ended) std::rethrow_exception(ended);
      one.failure = std::current_exception();
    }
    lock->lock();
    if (one.failure) lowest_failed = std::min(lowest_failed, one.number);
    finished.splice(finished.end(), *hand);
    done.notify_all();
  }

  void serve() {
    std::vector<float> space;
    std::list<Item> hand;
    const std::function<void()> pulse = [this] {
      if (stopped) throw Stopped();
    };
    std::unique_lock<std::mutex> lock(mutex);
    while (!stopped) {
      if (next(&hand)) {
        try {
          decode(&hand, &lock, &space, pulse);
        } catch (const Stopped&) {
          lock.lock();
        }
        continue;
      }
      ++idle;
      more.wait(lock, [&] { return stopped || !waiting.empty(); });
      --idle;
    }
    --threads;
    ended.notify_all();
  }
};

Batch::Batch(std::shared_ptr<const Decoder> decoder, std::shared_ptr<const HotwordUse> hotwords,
             std::size_t threads, bool all_or_nothing)
    : state_(std::make_shared<State>()) {
  state_->decoder = std::move(decoder);
  state_->hotwords = std::move(hotwords);
  state_->most = threads > 0 ? threads - 1 : 0;
  state_->all_or_nothing = all_or_nothing;
}

Batch::~Batch() { stop(); }

void Batch::add(std::int64_t number, const Input& input) {
  std::list<Item> one;
  one.push_back({number, input, {}, nullptr});
  // Made before it is counted: stop() waits for those that are.
  std::function<void()> work = [state = state_] { state->serve(); };
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->waiting.splice(state_->waiting.end(), one);
    if (state_->idle >= state_->waiting.size() || state_->threads >= state_->most) {
      state_->more.notify_one();
      return;
    }
    ++state_->threads;
  }
  if (run_on_kept_thread(std::move(work))) return;
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->most = --state_->threads;  // those that run do the work, and wait()
}

std::int64_t Batch::wait(std::int64_t number, std::chrono::milliseconds patience,
                         const std::function<void()>& pulse) {
  State& state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  const auto is_done = [&] { return state.find(number) != state.finished.end(); };
  if (std::list<Item> hand; !is_done() && state.next(&hand)) {
    state.decode(&hand, &lock, &state.buffer, pulse);
  } else {
    state.done.wait_for(lock, patience, is_done);
  }
  return is_done() ? state.find(number)->number : kNone;
}

bool Batch::is_done(std::int64_t number) const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->find(number) != state_->finished.end();
}

std::size_t Batch::num_waiting() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->waiting.size();
}

Hypothesis Batch::take(std::int64_t number) {
  std::list<Item> one;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    const auto found = number == kNone ? state_->finished.end() : state_->find(number);
    if (found == state_->finished.end())
      throw Error(ErrorKind::kOption, "utterance " + std::to_string(number) + " is not finished");
    one.splice(one.end(), state_->finished, found);
  }
  if (one.front().failure) std::rethrow_exception(one.front().failure);
  return std::move(one.front().hypothesis);
}

void Batch::stop() {
  std::unique_lock<std::mutex> lock(state_->mutex);
  state_->stopped = true;
  state_->dropped.splice(state_->dropped.end(), state_->waiting);
  state_->more.notify_all();
  state_->ended.wait(lock, [&] { return state_->threads == 0; });
}

}  // namespace tlg::decoder

// Threads that wait a while for more when their work is done, so that a short piece of work does
// not pay for making them. Not for: sharing work out (decoder/batch.h) or waiting for its end.
#pragma once

#include <functional>

namespace tlg {

// Begins `work` on a thread of its own. False, and nothing begun, where the system gives no more
// threads or memory. `work` must not throw, and must see to it that what it uses lives until it
// returns.
bool run_on_kept_thread(std::function<void()> work);

}  // namespace tlg

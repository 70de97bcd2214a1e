// Memory by the page, as the system gives it: zeroed, or mapped from a temporary file that nobody
// else sees. Not for: anything but util/workspace.cc.
#pragma once

#include <cstddef>
#include <string>

namespace tlg::util {

// Zeroed memory, in large pages where the system has them; nullptr where there is none.
void* map_memory(std::size_t size);
// A file of zeros in `folder` (with its room on the disk set aside), which has no name any more and
// goes with the mapping. Throws Error(kIo): no folder, no room.
void* map_temporary_file(std::size_t size, const std::string& folder);
void unmap(void* data, std::size_t size);

// The whole pages of a range leave this process's memory. What was mapped from a file is kept there
// and comes back when it is read.
void drop_resident(void* data, std::size_t size);
// The same for content that is not needed any more, in memory or a file: it may be lost.
void drop_content(void* data, std::size_t size);

// How much of this process is in memory; 0 where the system does not say.
std::size_t resident_bytes();

}  // namespace tlg::util

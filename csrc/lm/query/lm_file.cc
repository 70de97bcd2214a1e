#include "lm/query/lm_file.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "util/checksum.h"
#include "util/error.h"

namespace tlg::lm {
namespace {

// The first byte is no text, and the last two do not survive a transfer that "mends" line ends.
constexpr char kMagic[8] = {'\x89', 't', 'l', 'g', 'L', 'M', '\r', '\n'};
constexpr std::uint64_t kByteOrder = 0x0102030405060708ULL;
constexpr std::uint64_t kOtherByteOrder = 0x0807060504030201ULL;
constexpr std::uint32_t kMaxSections = 1024;
constexpr std::size_t kPiece = std::size_t{16} << 20;

struct Header {
  char magic[8];
  std::uint64_t byte_order;
  std::uint32_t version;
  std::uint32_t num_sections;
  std::uint64_t file_size;
  char structure[16];
  std::uint64_t reserved;
  std::uint64_t checksum;  // of header and table, this field taken as 0
};
struct Entry {
  char name[24];
  std::uint64_t offset, size, checksum;
};
static_assert(sizeof(Header) == 64 && sizeof(Entry) == 48);
static_assert(std::numeric_limits<float>::is_iec559 && sizeof(float) == 4);

std::uint64_t aligned(std::uint64_t size) {
  return (size + LmFile::kAlignment - 1) / LmFile::kAlignment * LmFile::kAlignment;
}

std::string text_of(const char* field, std::size_t size) {
  return std::string(field, std::find(field, field + size, '\0'));
}

}  // namespace

bool LmFile::begins(std::string_view first_bytes) {
  return first_bytes.substr(0, sizeof(kMagic)) == std::string_view(kMagic, sizeof(kMagic));
}

std::shared_ptr<const LmFile> LmFile::open(const std::string& path) {
  return std::make_shared<LmFile>(util::map_file(path), path);
}

void LmFile::damaged(const std::string& what) const {
  throw Error(ErrorKind::kArpa, "the model is damaged: " + what,
              "Copy the file again, or make it again from the ARPA file (tlg lm convert)", name_);
}

LmFile::LmFile(std::shared_ptr<const util::FileBytes> bytes, std::string name)
    : bytes_(std::move(bytes)), name_(std::move(name)) {
  const std::size_t size = bytes_->size();
  const auto cut_off = [&](std::uint64_t whole) {
    throw Error(ErrorKind::kArpa,
                "the model is cut off: " + std::to_string(size) + " bytes" +
                    (whole > 0 ? " of " + std::to_string(whole) : ""),
                "Copy the file again, or make it again from the ARPA file (tlg lm convert)", name_);
  };
  if (!begins({bytes_->data(), std::min(size, sizeof(kMagic))}))
    throw Error(ErrorKind::kArpa, "no binary language model of tlg",
                "Make one from an ARPA file: tlg lm convert", name_);
  if (size < sizeof(Header)) cut_off(0);
  Header header;
  std::memcpy(&header, bytes_->data(), sizeof(header));
  if (header.byte_order == kOtherByteOrder)
    throw Error(ErrorKind::kArpa, "written on a machine of the other byte order",
                "Make the file on this machine from the ARPA file (tlg lm convert)", name_);
  if (header.byte_order != kByteOrder) damaged("header");
  if (header.version > kVersion)
    throw Error(ErrorKind::kArpa,
                "format version " + std::to_string(header.version) + ", and this tlg reads " +
                    std::to_string(kVersion),
                "Use a newer tlg, or make the file with this one from the ARPA file", name_);
  if (header.version == 0 || header.num_sections > kMaxSections) damaged("header");
  const std::size_t head = sizeof(Header) + header.num_sections * sizeof(Entry);
  if (size < head) cut_off(header.file_size);
  std::vector<char> checked(bytes_->data(), bytes_->data() + head);
  std::memset(checked.data() + offsetof(Header, checksum), 0, sizeof(header.checksum));
  if (util::checksum(checked.data(), head) != header.checksum) damaged("header");
  if (size < header.file_size) cut_off(header.file_size);
  if (size > header.file_size) damaged("there are bytes behind its end");
  structure_ = text_of(header.structure, sizeof(header.structure));
  std::uint64_t end = head;
  for (std::uint32_t i = 0; i < header.num_sections; ++i) {
    Entry entry;
    std::memcpy(&entry, bytes_->data() + sizeof(Header) + i * sizeof(Entry), sizeof(entry));
    if (entry.offset != aligned(end) || entry.offset > size || entry.size > size - entry.offset)
      damaged("table of sections");
    end = entry.offset + entry.size;
    sections_.push_back(
        {text_of(entry.name, sizeof(entry.name)), entry.offset, entry.size, entry.checksum});
  }
  if (end != size) damaged("table of sections");
}

void LmFile::verify() const {
  std::size_t end = sizeof(Header) + sections_.size() * sizeof(Entry);
  for (const Section& section : sections_) {
    const char* const data = bytes_->data();
    if (util::checksum(data + section.offset, section.size) != section.checksum ||
        !std::all_of(data + end, data + section.offset, [](char byte) { return byte == 0; }))
      damaged("section '" + section.name + "'");
    end = section.offset + section.size;
  }
}

std::vector<std::pair<std::string, std::uint64_t>> LmFile::sizes() const {
  std::vector<std::pair<std::string, std::uint64_t>> sizes;
  for (const Section& one : sections_) sizes.emplace_back(one.name, one.size);
  return sizes;
}

const LmFile::Section* LmFile::find(std::string_view section) const {
  for (const Section& one : sections_)
    if (one.name == section) return &one;
  return nullptr;
}

LmFile::View LmFile::view_of(std::string_view section, std::size_t unit) const {
  const Section* found = find(section);
  if (found == nullptr) damaged("there is no section '" + std::string(section) + "'");
  if (found->size % unit != 0) damaged("section '" + std::string(section) + "' has another size");
  return {bytes_->data() + found->offset, found->size};
}

LmFileWriter::LmFileWriter(std::string structure) : structure_(std::move(structure)) {
  if (structure_.size() >= sizeof(Header::structure))
    throw Error(ErrorKind::kOption, "'" + structure_ + "' is too long for a structure's name");
}

void LmFileWriter::add_bytes(std::string name, const char* data, std::size_t size,
                             std::shared_ptr<const void> owner) {
  if (name.size() >= sizeof(Entry::name))
    throw Error(ErrorKind::kOption, "'" + name + "' is too long for a section's name");
  sections_.push_back({std::move(name), data, size, std::move(owner)});
}

std::uint64_t LmFileWriter::size() const {
  std::uint64_t end = sizeof(Header) + sections_.size() * sizeof(Entry);
  for (const Section& section : sections_) end = aligned(end) + section.size;
  return end;
}

std::string LmFileWriter::header() const {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.byte_order = kByteOrder;
  header.version = LmFile::kVersion;
  header.num_sections = static_cast<std::uint32_t>(sections_.size());
  header.file_size = size();
  structure_.copy(header.structure, sizeof(header.structure) - 1);
  std::string bytes(sizeof(Header) + sections_.size() * sizeof(Entry), '\0');
  std::uint64_t end = bytes.size();
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const Section& section = sections_[i];
    Entry entry{};
    section.name.copy(entry.name, sizeof(entry.name) - 1);
    entry.offset = aligned(end);
    entry.size = section.size;
    entry.checksum = util::checksum(section.data, section.size);
    end = entry.offset + entry.size;
    std::memcpy(bytes.data() + sizeof(Header) + i * sizeof(Entry), &entry, sizeof(entry));
  }
  std::memcpy(bytes.data(), &header, sizeof(header));
  header.checksum = util::checksum(bytes.data(), bytes.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}

std::string_view LmFileWriter::next() {
  static constexpr char kZeros[LmFile::kAlignment] = {};
  if (header_.empty()) {
    header_ = header();
    padding_ = aligned(header_.size()) - header_.size();
    return header_;
  }
  while (section_ < sections_.size()) {
    const Section& section = sections_[section_];
    if (padding_ > 0) return {kZeros, std::exchange(padding_, 0)};
    if (done_ < section.size) {
      const std::string_view piece(section.data + done_, std::min(section.size - done_, kPiece));
      done_ += piece.size();
      return piece;
    }
    padding_ = aligned(section.size) - section.size;
    done_ = 0;
    ++section_;
  }
  return {};
}

}  // namespace tlg::lm

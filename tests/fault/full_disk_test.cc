// A file system of 8 MiB that is really full: the store refuses, keeps what it has, and goes on
// once there is room. Needs the right to mount in a namespace of its own; else it is skipped (exit
// code 77).
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/sqlite_store.h"
#include "tests/unit/store_fixture.h"

namespace hamroh {
namespace {

using store_fixture::get_one;
using store_fixture::put_one;

constexpr int skipped = 77;

void write_text(const char* path, const std::string& content) {
  std::ofstream(path) << content;
}

// A mount that nobody else sees and that ends with this process.
bool mount_small(const std::string& at) {
  const std::string user = std::to_string(::getuid());
  const std::string group = std::to_string(::getgid());
  if (::unshare(CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return false;
    }
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", "0 " + user + " 1");
    write_text("/proc/self/gid_map", "0 " + group + " 1");
  }
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=8m,mode=0700") == 0;
}

struct Unmount {
  std::string at;
  ~Unmount() { ::umount2(at.c_str(), MNT_DETACH); }
};

TEST(FullDisk, TheStoreRefusesWhileItIsFullAndGoesOnWhenThereIsRoom) {
  const store_fixture::TemporaryDirectory directory;
  const std::string disk = directory.file("disk");
  std::filesystem::create_directory(disk);
  if (!mount_small(disk)) {
    std::puts("skipped: needs root or user namespaces to mount a small disk");
    std::exit(skipped);
  }
  const Unmount unmount{disk};
  const std::string ballast = disk + "/ballast";
  write_text(ballast.c_str(), std::string(5 * 1024 * 1024, 'b'));

  auto opened = SqliteStore::open(disk + "/store.db");
  ASSERT_TRUE(opened);
  SqliteStore& store = **opened;
  const Bytes value(100'000, 7);
  std::uint64_t rows = 0;
  Status status;
  while (status && rows < 1000) {
    status = put_one(store, Table::body, key_u64(rows), value);
    rows += status ? 1 : 0;
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::full);
  EXPECT_EQ(status.error().blame, Blame::environment);
  EXPECT_NE(store.health(), "ok");
  EXPECT_GT(rows, 5U);

  const auto all_there = [&](Store& in) {
    for (std::uint64_t row = 0; row < rows; ++row) {
      const auto found = get_one(in, Table::body, key_u64(row));
      if (!found || !*found || **found != value) {
        return false;
      }
    }
    return get_one(in, Table::body, key_u64(rows)).value_or(value) == std::nullopt;
  };
  EXPECT_TRUE(all_there(store)) << "reads go on while the disk is full";
  EXPECT_EQ(put_one(store, Table::body, key_u64(rows), value).error().code, Code::full);

  // A restart while the disk is full.
  opened->reset();
  opened = SqliteStore::open(disk + "/store.db");
  ASSERT_TRUE(opened) << opened.error().text;
  EXPECT_TRUE(all_there(**opened));

  std::filesystem::remove(ballast);
  EXPECT_TRUE(put_one(**opened, Table::body, key_u64(rows), value));
  ++rows;
  ASSERT_TRUE((*opened)->checkpoint(true));
  EXPECT_EQ((*opened)->health(), "ok");
  EXPECT_TRUE((*opened)->verify());
  EXPECT_TRUE(all_there(**opened));
  opened->reset();
}

}  // namespace
}  // namespace hamroh

// The layers of the project, read from its own files: who may include whom, which file may use
// which library, and what no file may contain. The link lines of the rooms' CMakeLists.txt are the
// architecture; an include that they do not allow is an error here.

#include <gtest/gtest.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Names = std::set<std::string>;

const std::string root = HAMROH_SOURCE;
const std::vector<std::string> product = {"protocol", "daemon", "sdk", "admin"};

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(root + "/" + path).rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.ends_with(end);
}

std::string top_of(const std::string& path) {
  return path.substr(0, path.find('/'));
}

// All C++ files below a top folder, relative to the root.
std::vector<std::string> files_below(const std::string& top) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root + "/" + top)) {
    const std::string path = std::filesystem::relative(entry.path(), root).string();
    if (ends_with(path, ".cc") || ends_with(path, ".h")) {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What a file includes with quotes, or with angle brackets.
std::vector<std::string> includes_of(const std::string& path, char open) {
  std::vector<std::string> found;
  for (const std::string& line : lines_of(read(path))) {
    const std::string start = std::string("#include ") + open;
    if (line.starts_with(start)) {
      const auto end = line.find(open == '"' ? '"' : '>', start.size());
      found.push_back(line.substr(start.size(), end - start.size()));
    }
  }
  return found;
}

struct Room {
  std::string top;
  std::vector<std::string> sources;  // relative to the root
  Names links;                       // public ones, which those who link this room see too
  Names private_links;
};

// Every hamroh_room and hamroh_program of the product.
std::map<std::string, Room> read_rooms() {
  std::map<std::string, Room> rooms;
  for (const std::string& top : product) {
    std::string text = read(top + "/CMakeLists.txt");
    for (std::size_t at = 0; (at = text.find("\nhamroh_", at)) != std::string::npos;) {
      const auto open = text.find('(', at);
      const auto close = text.find(')', open);
      const std::string function = text.substr(at + 1, open - at - 1);
      at = close;
      if (function != "hamroh_room" && function != "hamroh_program") {
        continue;
      }
      std::istringstream words(text.substr(open + 1, close - open - 1));
      std::string name;
      words >> name;
      Room& room = rooms[name];
      room.top = top;
      std::string part;
      for (std::string word; words >> word;) {
        if (word == "SOURCES" || word == "LINKS" || word == "PRIVATE_LINKS") {
          part = word;
        } else if (part == "SOURCES") {
          room.sources.push_back(top + "/" + word);
        } else {
          (part == "LINKS" ? room.links : room.private_links).insert(word);
        }
      }
    }
  }
  return rooms;
}

// The rooms whose headers a room may include: what it links, and what those link publicly.
Names visible_from(const std::map<std::string, Room>& rooms, const std::string& name) {
  Names seen{name};
  std::vector<std::string> left(rooms.at(name).links.begin(), rooms.at(name).links.end());
  left.insert(left.end(), rooms.at(name).private_links.begin(), rooms.at(name).private_links.end());
  while (!left.empty()) {
    const std::string next = left.back();
    left.pop_back();
    if (seen.insert(next).second && rooms.contains(next)) {
      left.insert(left.end(), rooms.at(next).links.begin(), rooms.at(next).links.end());
    }
  }
  return seen;
}

// Headers without a source file of their own name, and the room that they belong to.
const std::map<std::string, std::string> headers_of_rooms = {
    {"protocol/constants.h", "protocol_types"},
    {"protocol/ports.h", "protocol_types"},
    {"protocol/record_bounds.h", "protocol_types"},
    {"protocol/sanitizers.h", "protocol_types"},
    {"protocol/wire_buffer.h", "protocol_types"},
    {"daemon/runtime_state.h", "daemon_runtime"},
    {"admin/commands.h", "hamroh"},
    {"admin/authority_commands.h", "hamroh-authority"},
    {"sdk/include/hamroh/client.h", "hamroh_sdk"},
};

// The room of a header: that of the source with its name, or of wire_<name>.cc.
std::string room_of_header(const std::map<std::string, Room>& rooms, const std::string& header) {
  if (const auto named = headers_of_rooms.find(header); named != headers_of_rooms.end()) {
    return named->second;
  }
  const auto slash = header.rfind('/');
  const std::string stem = header.substr(slash + 1, header.size() - slash - 3);
  const std::string folder = header.substr(0, slash + 1);
  for (const auto& [name, room] : rooms) {
    for (const std::string& source : room.sources) {
      if (source == folder + stem + ".cc" || source == folder + "wire_" + stem + ".cc") {
        return name;
      }
    }
  }
  return {};
}

// The includes are relative to the root, or to the SDK's public folder.
std::string full_path(const std::string& include) {
  return include.starts_with("hamroh/") ? "sdk/include/" + include : include;
}

TEST(Layering, ARoomIncludesOnlyWhatItLinks) {
  const auto rooms = read_rooms();
  ASSERT_GT(rooms.size(), 30u);
  for (const auto& [name, room] : rooms) {
    const Names visible = visible_from(rooms, name);
    std::vector<std::string> files = room.sources;
    for (const std::string& header : files_below(room.top)) {
      if (ends_with(header, ".h") && room_of_header(rooms, header) == name) {
        files.push_back(header);
      }
    }
    for (const std::string& file : files) {
      for (const std::string& include : includes_of(file, '"')) {
        if (ends_with(include, "_generated.h")) {
          continue;
        }
        const std::string owner = room_of_header(rooms, full_path(include));
        EXPECT_TRUE(visible.contains(owner)) << file << " includes " << include << " of " << owner
                                             << ", which " << name << " does not link";
      }
    }
  }
}

TEST(Layering, EveryFileBelongsToARoom) {
  const auto rooms = read_rooms();
  Names listed;
  for (const auto& [name, room] : rooms) {
    listed.insert(room.sources.begin(), room.sources.end());
  }
  for (const std::string& top : product) {
    for (const std::string& file : files_below(top)) {
      const bool known =
          ends_with(file, ".cc") ? listed.contains(file) : !room_of_header(rooms, file).empty();
      EXPECT_TRUE(known) << file << " belongs to no room";
    }
  }
  for (const std::string& file : listed) {
    EXPECT_TRUE(std::filesystem::exists(root + "/" + file)) << file;
  }
}

TEST(Layering, FoldersDependInOneDirection) {
  const std::map<std::string, Names> allowed = {
      {"protocol", {"protocol"}},
      {"daemon", {"protocol", "daemon"}},
      {"sdk", {"protocol", "sdk"}},
      {"admin", {"protocol", "sdk", "admin"}},
  };
  for (const auto& [top, may] : allowed) {
    for (const std::string& file : files_below(top)) {
      for (const std::string& include : includes_of(file, '"')) {
        EXPECT_TRUE(ends_with(include, "_generated.h") || may.contains(top_of(full_path(include))))
            << file << " includes " << include;
      }
    }
  }
}

TEST(Layering, EachLibraryHasItsFiles) {
  // Heavy headers stay in few translation units, and each library behind one room.
  const std::map<std::string, Names> users = {
      {"sodium", {"protocol/crypto.cc"}},
      {"sqlite3", {"daemon/sqlite_store.cc", "daemon/sqlite_pages.cc"}},
      {"zmq", {"daemon/link.cc", "daemon/api_socket.cc", "sdk/connection.cc"}},
      {"spdlog", {"daemon/log.cc"}},
      {"toml++", {"daemon/configuration.cc", "protocol/pack_file.cc"}},
      {"systemd", {"daemon/runtime.cc"}},
      {"liboath", {"daemon/totp.cc"}},
      {"qrencode", {"admin/qr.cc"}},
      {"png", {"admin/qr.cc"}},
      {"nlohmann",
       {"sdk/form_json.cc", "admin/views.cc", "admin/consent_view.cc", "admin/due_view.cc",
        "admin/fund_view.cc", "admin/report.cc"}},
      {"CLI", {"daemon/hamrohd_main.cc", "admin/hamroh_main.cc", "admin/authority_main.cc"}},
      {"flatbuffers", {"protocol/wire_buffer.h"}},
  };
  for (const std::string& top : product) {
    for (const std::string& file : files_below(top)) {
      for (const std::string& include : includes_of(file, '<')) {
        for (const auto& [library, files] : users) {
          EXPECT_TRUE(!include.starts_with(library) || files.contains(file))
              << file << " includes " << include;
        }
      }
      for (const std::string& include : includes_of(file, '"')) {
        EXPECT_TRUE(!ends_with(include, "_generated.h") || file.starts_with("protocol/wire_"))
            << file << " includes " << include;
      }
    }
  }
}

TEST(Layering, TheProtocolTouchesNothingOutside) {
  // No clock, file, socket, thread, environment or output: those come through ports.
  const std::vector<std::string> banned = {"chrono",
                                           "ctime",
                                           "time.h",
                                           "random",
                                           "thread",
                                           "mutex",
                                           "atomic",
                                           "future",
                                           "fstream",
                                           "iostream",
                                           "filesystem",
                                           "unistd",
                                           "sys/",
                                           "netinet",
                                           "fcntl.h",
                                           "csignal",
                                           "signal.h",
                                           "poll.h",
                                           "condition_variable"};
  // The memory for secrets is shared by the threads of a program, and nothing that a caller sees
  // depends on it.
  const std::set<std::pair<std::string, std::string>> allowed = {{"protocol/crypto.cc", "mutex"}};
  for (const std::string& file : files_below("protocol")) {
    for (const std::string& include : includes_of(file, '<')) {
      for (const std::string& start : banned) {
        EXPECT_TRUE(!include.starts_with(start) || allowed.contains({file, include}))
            << file << " includes " << include;
      }
    }
    EXPECT_EQ(read(file).find("getenv"), std::string::npos) << file;
  }
}

TEST(Layering, FilesAreNamedAfterWhatTheyHold) {
  for (const char* top : {"protocol", "daemon", "sdk", "admin", "tests"}) {
    for (const std::string& file : files_below(top)) {
      const std::string name = std::filesystem::path(file).stem().string();
      for (const char* vague :
           {"util", "utils", "helper", "helpers", "manager", "common", "misc"}) {
        EXPECT_NE(name, vague) << file;
      }
    }
  }
}

TEST(Layering, LinesFitAndNothingIsLeftForLater) {
  const std::string later[] = {std::string("TO") + "DO", std::string("FIX") + "ME"};
  for (const char* top : {"protocol", "daemon", "sdk", "admin", "tests"}) {
    for (const std::string& file : files_below(top)) {
      std::size_t number = 0;
      for (const std::string& line : lines_of(read(file))) {
        ++number;
        // Columns, not bytes: continuation bytes of UTF-8 take no place of their own.
        const auto columns = std::count_if(line.begin(), line.end(), [](char byte) {
          return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
        });
        EXPECT_LE(columns, 100) << file << ":" << number;
        for (const std::string& word : later) {
          EXPECT_EQ(line.find(word), std::string::npos) << file << ":" << number;
        }
      }
    }
  }
}

}  // namespace

#include "daemon/sqlite_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "daemon/sqlite_pages.h"
#include "daemon/sqlite_wal.h"
#include "protocol/record_bounds.h"

namespace hamroh {

namespace {

constexpr int schema_version = 5;
// What each version of the schema added; opening an older store adds what it lacks.
constexpr int version_of(Table table) {
  if (table >= Table::chunk) {
    return 5;
  }
  if (table >= Table::tier) {
    return 4;
  }
  if (table >= Table::pack) {
    return 3;
  }
  return table >= Table::user ? 2 : 1;
}
static_assert(pages_max == 16'777'215, "see max_page_count below");
constexpr int application_id = 0x48616d72;  // "Hamr"
constexpr std::size_t wal_frame_bytes = page_bytes + 24;

constexpr const char* table_name(Table table) {
  switch (table) {
    case Table::meta:
      return "meta";
    case Table::node_secret:
      return "node_secret";
    case Table::reader_secret:
      return "reader_secret";
    case Table::peer:
      return "peer";
    case Table::ledger:
      return "ledger";
    case Table::ledger_node:
      return "ledger_node";
    case Table::session_note:
      return "session_note";
    case Table::pending:
      return "pending";
    case Table::held:
      return "held";
    case Table::message:
      return "message";
    case Table::body:
      return "body";
    case Table::case_event:
      return "case_event";
    case Table::proof:
      return "proof";
    case Table::conflict:
      return "conflict";
    case Table::user:
      return "user";
    case Table::case_key:
      return "case_key";
    case Table::access:
      return "access";
    case Table::erased:
      return "erased";
    case Table::task:
      return "task";
    case Table::pack:
      return "pack";
    case Table::tier:
      return "tier";
    case Table::service:
      return "service";
    case Table::due:
      return "due";
    case Table::escalation:
      return "escalation";
    case Table::chunk:
      return "chunk";
    case Table::attachment:
      return "attachment";
    case Table::chunk_leaf:
      return "chunk_leaf";
  }
  return "";
}

std::string create_table_sql(Table table) {
  const std::string name = table_name(table);
  const std::string value =
      "value BLOB NOT NULL CHECK(length(value) <= " + std::to_string(record_bytes_max) + ")";
  if (is_integer_keyed(table)) {
    return "CREATE TABLE " + name + "(id INTEGER PRIMARY KEY CHECK(id >= 0), " + value + ") STRICT";
  }
  return "CREATE TABLE " + name +
         "(key BLOB PRIMARY KEY NOT NULL CHECK(length(key) BETWEEN 1 AND " +
         std::to_string(key_bytes_max) + "), " + value + ") STRICT, WITHOUT ROWID";
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// Ends one use of a prepared statement, whatever happened in it.
class Use {
 public:
  explicit Use(const Statement& statement) : statement_(statement.get()) {}
  ~Use() { sqlite3_reset(statement_); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  [[nodiscard]] sqlite3_stmt* get() const { return statement_; }

 private:
  sqlite3_stmt* statement_;
};

// Borrowed until the statement is reset. An empty view must not become NULL.
int bind(sqlite3_stmt* statement, int at, ByteView bytes) {
  static constexpr std::uint8_t nothing = 0;
  return sqlite3_bind_blob(statement, at, bytes.empty() ? &nothing : bytes.data(),
                           static_cast<int>(bytes.size()), SQLITE_STATIC);
}

ByteView column(sqlite3_stmt* statement, int at) {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, at));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement, at))};
}

sqlite3_int64 row_id(ByteView key) {
  return static_cast<sqlite3_int64>(ByteReader(key).u64());
}

// The least row id whose key is not before `bound`, for a bound of any length; nothing if every id
// is.
std::optional<sqlite3_int64> first_id_from(ByteView bound) {
  std::array<std::uint8_t, 8> padded{};
  std::copy_n(bound.begin(), std::min(bound.size(), padded.size()), padded.begin());
  std::uint64_t id = ByteReader(padded).u64();
  if (bound.size() > padded.size() && id < UINT64_MAX) {
    ++id;
  }
  return id > INT64_MAX ? std::nullopt : std::optional(static_cast<sqlite3_int64>(id));
}

Error error_of(int extended, int system_errno) {
  const auto environment = [](Code code, const char* text) {
    return Error{code, Blame::environment, text};
  };
  if (extended == SQLITE_IOERR_DATA) {
    return environment(Code::store_corrupt, "a page of the database is damaged");
  }
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return environment(Code::full, "the disk is full");
    case SQLITE_IOERR:
      // A write that a quota refused left the file as it was, like a full disk; a failed sync did
      // not.
      if (extended == SQLITE_IOERR_WRITE && (system_errno == EDQUOT || system_errno == ENOSPC)) {
        return environment(Code::full, "the disk quota is used up");
      }
      return environment(Code::io_failed, "the disk failed to read or write the database");
    case SQLITE_CANTOPEN:
      return environment(Code::io_failed, "the database file cannot be opened");
    case SQLITE_READONLY:
      return environment(Code::io_failed, "the database file cannot be written");
    case SQLITE_CORRUPT:
      return environment(Code::store_corrupt, "the database is damaged");
    case SQLITE_NOTADB:
      return environment(Code::store_corrupt, "the file is not a database");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return environment(Code::busy, "another process has the database open");
    case SQLITE_NOMEM:
      return environment(Code::store_failed, "not enough memory for the database");
    default:
      return environment(Code::store_failed, "the database refused an operation");
  }
}

// Settings of the connection and the file. Each is read back after all have been made; one that did
// not take is an error with the text given here.
struct Setting {
  const char* pragma;
  const char* value;
  const char* read_back;
  const char* refused;
};
constexpr std::array before_first_read{
    // First of all: WAL then keeps its index in memory, and one process has the file to itself.
    Setting{"locking_mode", "EXCLUSIVE", "exclusive", "SQLite did not take PRAGMA locking_mode"},
    Setting{"page_size", "16384", "16384", "SQLite did not take PRAGMA page_size"},
    Setting{"max_page_count", "16777215", "16777215", "SQLite did not take PRAGMA max_page_count"},
    Setting{"auto_vacuum", "NONE", "0", "SQLite did not take PRAGMA auto_vacuum"},
    Setting{"mmap_size", "0", "0", "SQLite did not take PRAGMA mmap_size"},
    Setting{"cell_size_check", "ON", "1", "SQLite did not take PRAGMA cell_size_check"},
    Setting{"trusted_schema", "OFF", "0", "SQLite did not take PRAGMA trusted_schema"},
    Setting{"foreign_keys", "ON", "1", "SQLite did not take PRAGMA foreign_keys"},
    Setting{"temp_store", "MEMORY", "2", "SQLite did not take PRAGMA temp_store"},
    Setting{"wal_autocheckpoint", "0", "0", "SQLite did not take PRAGMA wal_autocheckpoint"},
};
constexpr std::array after_lock{
    Setting{"journal_mode", "WAL", "wal", "SQLite did not take PRAGMA journal_mode"},
    Setting{"synchronous", "FULL", "2", "SQLite did not take PRAGMA synchronous"},
    Setting{"secure_delete", "ON", "1", "SQLite did not take PRAGMA secure_delete"},
};

struct Limit {
  int which;
  int most;
};
constexpr std::array lowered_limits{
    Limit{SQLITE_LIMIT_LENGTH, 2 * static_cast<int>(record_bytes_max)},
    Limit{SQLITE_LIMIT_SQL_LENGTH, 4096},
    Limit{SQLITE_LIMIT_COLUMN, 16},
    Limit{SQLITE_LIMIT_EXPR_DEPTH, 16},
    Limit{SQLITE_LIMIT_COMPOUND_SELECT, 2},
    Limit{SQLITE_LIMIT_VDBE_OP, 10'000},
    Limit{SQLITE_LIMIT_FUNCTION_ARG, 8},
    Limit{SQLITE_LIMIT_ATTACHED, 0},
    Limit{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
    Limit{SQLITE_LIMIT_VARIABLE_NUMBER, 8},
    Limit{SQLITE_LIMIT_TRIGGER_DEPTH, 1},
    Limit{SQLITE_LIMIT_WORKER_THREADS, 0},
};

struct Switch {
  int which;
  int on;
  const char* refused;
};
constexpr std::array switches{
    Switch{SQLITE_DBCONFIG_DEFENSIVE, 1, "SQLite did not take DEFENSIVE"},
    Switch{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, "SQLite did not take TRUSTED_SCHEMA"},
    Switch{SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0, "SQLite did not take WRITABLE_SCHEMA"},
    Switch{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, "SQLite did not take LOAD_EXTENSION"},
    Switch{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, "SQLite did not take ENABLE_TRIGGER"},
    Switch{SQLITE_DBCONFIG_ENABLE_VIEW, 0, "SQLite did not take ENABLE_VIEW"},
    Switch{SQLITE_DBCONFIG_DQS_DML, 0, "SQLite did not take DQS_DML"},
    Switch{SQLITE_DBCONFIG_DQS_DDL, 0, "SQLite did not take DQS_DDL"},
    // The destructor checkpoints a healthy store; a damaged one must be left as it was found.
    Switch{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, "SQLite did not take NO_CKPT_ON_CLOSE"},
};

struct TableStatements {
  Statement get;
  Statement put;
  Statement erase;
  Statement ascending;
  Statement descending;
};
constexpr std::size_t table_slots = static_cast<std::size_t>(all_tables.back()) + 1;

// By name only: opening and closing the file here would drop the locks that SQLite holds on it.
Status make_private(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return environment_error(errno == ENOENT ? Code::not_found : Code::io_failed,
                             "the database file cannot be found");
  }
  if ((status.st_mode & 077U) != 0 && ::chmod(path.c_str(), status.st_mode & 0700U) != 0) {
    return environment_error(Code::io_failed, "the database file cannot be made private");
  }
  return {};
}

// Creates an empty file readable by its owner only and makes its name durable. SQLite gives the log
// the mode of the database. An existing file is never opened here: closing it would drop SQLite's
// locks.
Status create_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    if (errno != EEXIST) {
      return errno == ENOSPC
                 ? environment_error(Code::full, "the disk is full")
                 : environment_error(Code::io_failed, "the database file cannot be created");
    }
    return make_private(path);
  }
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && ::fsync(file) == 0 && ::fsync(directory) == 0;
  ::close(file);
  if (directory >= 0) {
    ::close(directory);
  }
  return synced ? Status()
                : environment_error(Code::io_failed, "the database directory cannot be synced");
}

}  // namespace

struct SqliteStore::State {
  // In this order: the statements go before the connection, and that goes before its VFS.
  std::unique_ptr<PageVfs> pages;
  Database database;
  std::array<TableStatements, table_slots> tables;
  Statement begin;
  Statement commit;
  Statement rollback;

  bool in_transaction = false;
  bool opened = false;
  bool create = true;
  bool read_only = false;
  bool log_damaged = false;      // and read_only
  bool held = false;             // nothing may move into the database file
  std::uint64_t wal_frames = 0;  // not in the database file yet
  int last_error = SQLITE_OK;
  bool disk_full = false;  // since the last commit or checkpoint that worked
  std::optional<Error> dead;

  Error note(int extended) {
    last_error = extended;
    const Error error = error_of(extended, sqlite3_system_errno(database.get()));
    disk_full = disk_full || error.code == Code::full;
    return error;
  }

  // What leaves the disk or the memory in doubt ends this store.
  Error fail(int extended) {
    const Error error = note(extended);
    if (error.code == Code::io_failed || error.code == Code::store_corrupt) {
      dead = error;
    }
    return error;
  }

  Status run(const std::string& sql) {
    const int rc = sqlite3_exec(database.get(), sql.c_str(), nullptr, nullptr, nullptr);
    return rc == SQLITE_OK ? Status() : tl::unexpected(fail(rc));
  }

  Status run(const Statement& statement) {
    const Use use(statement);
    const int rc = sqlite3_step(use.get());
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? Status() : tl::unexpected(fail(rc));
  }

  Result<Statement> prepare(const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    const int rc = sqlite3_prepare_v3(database.get(), sql.c_str(), static_cast<int>(sql.size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    Statement statement(raw);
    if (rc != SQLITE_OK) {
      return tl::unexpected(fail(rc));
    }
    return statement;
  }

  // Every first column as text, at most `most` rows.
  Result<std::vector<std::string>> texts(const std::string& sql, std::size_t most = 64) {
    HAMROH_ASSIGN(Statement statement, prepare(sql));
    std::vector<std::string> found;
    int rc = SQLITE_ROW;
    while (found.size() < most && (rc = sqlite3_step(statement.get())) == SQLITE_ROW) {
      const auto* raw = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
      found.emplace_back(raw == nullptr ? "" : raw);
    }
    if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
      return tl::unexpected(fail(rc));
    }
    return found;
  }

  Result<std::string> text(const std::string& sql) {
    HAMROH_ASSIGN(std::vector<std::string> found, texts(sql, 1));
    return found.empty() ? std::string() : std::move(found.front());
  }

  Status rollback_now() {
    if (sqlite3_get_autocommit(database.get()) != 0) {
      return {};  // SQLite already did
    }
    return run(rollback);
  }

  Status connect(const std::string& path, const SqliteOptions& options);
  Status harden();
  Status reserve();
  Status set(std::span<const Setting> settings);
  Status read_back(std::span<const Setting> settings);
  Status take_lock();
  Status examine_log();
  Status check_reserve();
  Status check_owner();
  Status check_empty();
  Status create_schema();
  Status check_schema();
  Status prepare_all();
  sqlite3_file* file_of(int operation) const;
};

Status SqliteStore::State::connect(const std::string& path, const SqliteOptions& options) {
  read_only = options.read_only;
  create = options.create && !read_only;
  HAMROH_ASSIGN(pages, PageVfs::create(options.vfs));
  sqlite3* raw = nullptr;
  const int rc = sqlite3_open_v2(
      path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      pages->name().c_str());
  database.reset(raw);
  if (rc != SQLITE_OK) {
    return tl::unexpected(fail(rc));
  }
  HAMROH_TRY(harden());
  HAMROH_TRY(reserve());
  HAMROH_TRY(set(before_first_read));
  HAMROH_TRY(run("PRAGMA cache_size=-" + std::to_string(options.cache_kib)));
  HAMROH_TRY(take_lock());
  HAMROH_TRY(examine_log());
  HAMROH_TRY(check_owner());
  HAMROH_TRY(read_only ? run("PRAGMA query_only=ON") : set(after_lock));
  HAMROH_TRY(create_schema());
  HAMROH_TRY(read_back(before_first_read));
  if (!read_only) {
    HAMROH_TRY(read_back(after_lock));
  }
  HAMROH_ASSIGN(const std::string cache, text("PRAGMA cache_size"));
  if (cache != "-" + std::to_string(options.cache_kib)) {
    return environment_error(Code::store_failed, "SQLite did not take PRAGMA cache_size");
  }
  HAMROH_TRY(check_reserve());
  HAMROH_TRY(check_schema());
  return prepare_all();
}

Status SqliteStore::State::harden() {
  for (const Limit& limit : lowered_limits) {
    sqlite3_limit(database.get(), limit.which, limit.most);
    if (sqlite3_limit(database.get(), limit.which, -1) > limit.most) {
      return environment_error(Code::store_failed, "SQLite did not take a limit");
    }
  }
  for (const Switch& wanted : switches) {
    int now = -1;
    const int rc = sqlite3_db_config(database.get(), wanted.which, wanted.on, &now);
    if (rc != SQLITE_OK || now != wanted.on) {
      return environment_error(Code::store_failed, wanted.refused);
    }
  }
  return {};
}

// Room for the checksum at the end of each page; counts only while the file is empty.
Status SqliteStore::State::reserve() {
  int bytes = static_cast<int>(page_reserved_bytes);
  const int rc = sqlite3_file_control(database.get(), "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
  return rc == SQLITE_OK ? Status() : tl::unexpected(fail(rc));
}

Status SqliteStore::State::set(std::span<const Setting> settings) {
  for (const Setting& setting : settings) {
    HAMROH_TRY(run(std::string("PRAGMA ") + setting.pragma + "=" + setting.value));
  }
  return {};
}

Status SqliteStore::State::read_back(std::span<const Setting> settings) {
  for (const Setting& setting : settings) {
    HAMROH_ASSIGN(const std::string found, text(std::string("PRAGMA ") + setting.pragma));
    if (found != setting.read_back) {
      return environment_error(Code::store_failed, setting.refused);
    }
  }
  return {};
}

// The first access of the file: takes the lock, which exclusive locking never gives back, and lets
// SQLite replay the log into its memory. Nothing has been written yet.
Status SqliteStore::State::take_lock() {
  HAMROH_ASSIGN([[maybe_unused]] const std::string version, text("PRAGMA schema_version"));
  return {};
}

// Under the lock and before anything could overwrite the evidence.
Status SqliteStore::State::examine_log() {
  sqlite3_file* log = file_of(SQLITE_FCNTL_JOURNAL_POINTER);
  HAMROH_ASSIGN(const std::string mode, text("PRAGMA journal_mode"));
  if (log == nullptr || mode != "wal") {
    return {};
  }
  sqlite3_int64 bytes = 0;
  if (const int rc = log->pMethods->xFileSize(log, &bytes); rc != SQLITE_OK) {
    return tl::unexpected(fail(rc));
  }
  Status sound = examine_wal(
      static_cast<std::uint64_t>(bytes), [&](std::uint64_t at, std::span<std::uint8_t> out) {
        return log->pMethods->xRead(log, out.data(), static_cast<int>(out.size()),
                                    static_cast<sqlite3_int64>(at)) == SQLITE_OK;
      });
  log_damaged = !sound;
  if (!sound && read_only) {
    return {};
  }
  if (!sound) {
    dead = sound.error();
  }
  return sound;
}

// The pages carry checksums only if the file was made with room for them.
Status SqliteStore::State::check_reserve() {
  constexpr sqlite3_int64 reserved_at = 20;  // of the file header
  sqlite3_file* file = file_of(SQLITE_FCNTL_FILE_POINTER);
  std::uint8_t reserved = 0;
  if (file == nullptr) {
    return environment_error(Code::store_failed, "SQLite did not show its file");
  }
  if (const int rc = file->pMethods->xRead(file, &reserved, 1, reserved_at); rc != SQLITE_OK) {
    return tl::unexpected(fail(rc));
  }
  return reserved == page_reserved_bytes
             ? Status()
             : environment_error(Code::store_corrupt, "the pages have no room for checksums");
}

// Refuses what this program did not write before anything is written to it.
Status SqliteStore::State::check_owner() {
  HAMROH_ASSIGN(const std::string owner, text("PRAGMA application_id"));
  HAMROH_ASSIGN(const std::string version, text("PRAGMA user_version"));
  HAMROH_ASSIGN(const std::string objects, text("SELECT count(*) FROM sqlite_schema"));
  if (owner == "0" && version == "0" && objects == "0") {
    return check_empty();
  }
  if (owner != std::to_string(application_id)) {
    return environment_error(Code::store_corrupt, "the database is another program's");
  }
  // As text, because any 32-bit number may stand there.
  if (version == std::to_string(schema_version) || version == "1" || version == "2" ||
      version == "3" || version == "4") {
    return {};
  }
  return version.starts_with('-') || version == "0"
             ? environment_error(Code::store_corrupt, "the version of the store makes no sense")
             : environment_error(Code::store_newer, "the store was written by a newer version");
}

// SQLite takes a file of a few bytes for an empty database and would write over it.
Status SqliteStore::State::check_empty() {
  sqlite3_file* file = file_of(SQLITE_FCNTL_FILE_POINTER);
  sqlite3_int64 bytes = 0;
  if (file == nullptr || file->pMethods->xFileSize(file, &bytes) != SQLITE_OK) {
    return environment_error(Code::io_failed, "the size of the database file cannot be read");
  }
  if (bytes % static_cast<sqlite3_int64>(page_bytes) != 0) {
    return environment_error(Code::store_corrupt, "the file is not a database");
  }
  return create ? Status() : environment_error(Code::store_corrupt, "the database is empty");
}

Status SqliteStore::State::create_schema() {
  HAMROH_ASSIGN(const std::string version, text("PRAGMA user_version"));
  if (version == std::to_string(schema_version)) {
    return {};
  }
  const int present = version.front() - '0';  // check_owner took no other than these
  HAMROH_TRY(run("BEGIN IMMEDIATE"));
  for (Table table : all_tables) {
    if (version_of(table) > present) {
      HAMROH_TRY(run(create_table_sql(table)));
    }
  }
  HAMROH_TRY(run("PRAGMA application_id=" + std::to_string(application_id)));
  HAMROH_TRY(run("PRAGMA user_version=" + std::to_string(schema_version)));
  return run("COMMIT");
}

// The tables are exactly ours: no trigger, view, index or column that this program did not make.
Status SqliteStore::State::check_schema() {
  HAMROH_ASSIGN(std::vector<std::string> found, texts("SELECT sql FROM sqlite_schema"));
  std::vector<std::string> wanted;
  for (Table table : all_tables) {
    wanted.push_back(create_table_sql(table));
  }
  std::sort(found.begin(), found.end());
  std::sort(wanted.begin(), wanted.end());
  return found == wanted
             ? Status()
             : environment_error(Code::store_corrupt, "the tables are not those of this version");
}

Status SqliteStore::State::prepare_all() {
  for (Table table : all_tables) {
    const std::string name = table_name(table);
    const bool integer = is_integer_keyed(table);
    const std::string key = integer ? "id" : "key";
    // Integer bounds are both inclusive, so that the largest row id has no special case.
    const std::string range = " FROM " + name + " WHERE " + key + " >= ?1 AND " + key +
                              (integer ? " <= " : " < ") + "?2 ORDER BY " + key;
    TableStatements& prepared = tables[static_cast<std::size_t>(table)];
    HAMROH_ASSIGN(prepared.get, prepare("SELECT value FROM " + name + " WHERE " + key + " = ?1"));
    HAMROH_ASSIGN(prepared.put, prepare("INSERT OR REPLACE INTO " + name + "(" + key +
                                        ", value) VALUES(?1, ?2)"));
    HAMROH_ASSIGN(prepared.erase, prepare("DELETE FROM " + name + " WHERE " + key + " = ?1"));
    HAMROH_ASSIGN(prepared.ascending, prepare("SELECT " + key + ", value" + range));
    HAMROH_ASSIGN(prepared.descending, prepare("SELECT " + key + ", value" + range + " DESC"));
  }
  HAMROH_ASSIGN(begin, prepare("BEGIN"));
  HAMROH_ASSIGN(commit, prepare("COMMIT"));
  HAMROH_ASSIGN(rollback, prepare("ROLLBACK"));
  return {};
}

sqlite3_file* SqliteStore::State::file_of(int operation) const {
  sqlite3_file* file = nullptr;
  const int rc = sqlite3_file_control(database.get(), "main", operation, &file);
  return rc == SQLITE_OK && file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(SqliteStore::State& state) : state_(state) {}
  ~SqliteTransaction() override { close(); }
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  Result<std::optional<Bytes>> get(Table table, ByteView key) override {
    HAMROH_TRY(usable());
    HAMROH_TRY(check_key(table, key));
    const Use use(statements(table).get);
    HAMROH_TRY(done(bind_key(use, 1, table, key)));
    const int rc = sqlite3_step(use.get());
    if (rc == SQLITE_DONE) {
      return std::optional<Bytes>();
    }
    HAMROH_TRY(done_reading(rc));
    const ByteView value = column(use.get(), 0);
    return Bytes(value.begin(), value.end());
  }

  Status put(Table table, ByteView key, ByteView value) override {
    HAMROH_TRY(usable());
    HAMROH_TRY(check_record(table, key, value));
    const Use use(statements(table).put);
    HAMROH_TRY(done(bind_key(use, 1, table, key)));
    HAMROH_TRY(done(bind(use.get(), 2, value)));
    wrote_ = true;
    changed_ = true;
    return done(sqlite3_step(use.get()));
  }

  Status erase(Table table, ByteView key) override {
    HAMROH_TRY(usable());
    HAMROH_TRY(check_key(table, key));
    const Use use(statements(table).erase);
    HAMROH_TRY(done(bind_key(use, 1, table, key)));
    changed_ = true;
    return done(sqlite3_step(use.get()));
  }

  Status scan(Table table, ByteView from, ByteView until, Order order,
              const Visitor& visit) override {
    HAMROH_TRY(usable());
    const TableStatements& prepared = statements(table);
    const Use use(order == Order::ascending ? prepared.ascending : prepared.descending);
    HAMROH_ASSIGN(const bool any, bind_range(use, table, from, until));
    if (!any) {
      return {};
    }
    int rc = SQLITE_DONE;
    while ((rc = sqlite3_step(use.get())) == SQLITE_ROW) {
      const ByteView value = column(use.get(), 1);
      bool more = false;
      if (is_integer_keyed(table)) {
        const auto id = static_cast<std::uint64_t>(sqlite3_column_int64(use.get(), 0));
        more = visit(key_u64(id), value);
      } else {
        more = visit(column(use.get(), 0), value);
      }
      if (!more) {
        return {};
      }
    }
    return done_reading(rc);
  }

  Status commit() override {
    if (Status able = usable(); !able) {
      close();
      return able;
    }
    // Once this statement is done, the frames and their commit mark are synced.
    const Status committed = state_.run(state_.commit);
    state_.disk_full = state_.disk_full && !(committed && wrote_);
    close();  // after an error: rolls back
    return committed;
  }

 private:
  const TableStatements& statements(Table table) {
    return state_.tables[static_cast<std::size_t>(table)];
  }

  [[nodiscard]] Status usable() {
    if (failed_) {
      return tl::unexpected(*failed_);
    }
    CHECK(open_);
    return {};
  }

  // After the first error SQLite may have rolled back by itself; nothing more may happen here.
  [[nodiscard]] Status done(int rc) {
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) {
      return {};
    }
    failed_ = state_.fail(rc);
    return tl::unexpected(*failed_);
  }

  // While nothing has been changed, nothing is in doubt.
  [[nodiscard]] Status done_reading(int rc) {
    if (rc == SQLITE_DONE || rc == SQLITE_ROW || changed_) {
      return done(rc);
    }
    failed_ = state_.note(rc);
    return tl::unexpected(*failed_);
  }

  static int bind_key(const Use& use, int at, Table table, ByteView key) {
    return is_integer_keyed(table) ? sqlite3_bind_int64(use.get(), at, row_id(key))
                                   : bind(use.get(), at, key);
  }

  // False if no key can lie in the range.
  Result<bool> bind_range(const Use& use, Table table, ByteView from, ByteView until) {
    if (!is_integer_keyed(table)) {
      static constexpr auto beyond = [] {
        std::array<std::uint8_t, key_bytes_max + 1> bytes{};
        bytes.fill(0xff);
        return bytes;
      }();
      HAMROH_TRY(done(bind(use.get(), 1, from)));
      HAMROH_TRY(done(bind(use.get(), 2, until.empty() ? ByteView(beyond) : until)));
      return true;
    }
    const std::optional<sqlite3_int64> first = first_id_from(from);
    sqlite3_int64 last = INT64_MAX;
    if (!until.empty()) {
      const std::optional<sqlite3_int64> behind = first_id_from(until);
      last = behind ? *behind - 1 : INT64_MAX;
    }
    if (!first || last < *first) {
      return false;
    }
    HAMROH_TRY(done(sqlite3_bind_int64(use.get(), 1, *first)));
    HAMROH_TRY(done(sqlite3_bind_int64(use.get(), 2, last)));
    return true;
  }

  void close() {
    if (!open_) {
      return;
    }
    open_ = false;
    failed_ = Error{Code::store_failed, Blame::environment, "the transaction is over"};
    state_.in_transaction = false;
    if (const Status rolled_back = state_.rollback_now(); !rolled_back && !state_.dead) {
      state_.dead = rolled_back.error();
    }
  }

  SqliteStore::State& state_;
  bool open_ = true;
  bool wrote_ = false;
  bool changed_ = false;  // or tried to
  std::optional<Error> failed_;
};

SqliteStore::SqliteStore(std::unique_ptr<State> state) : state_(std::move(state)) {}

SqliteStore::~SqliteStore() {
  CHECK(!state_->in_transaction);
  if (state_->opened && !state_->dead) {
    state_->held = false;
    // If this fails, the log stays and the next open() moves it.
    (void)checkpoint(true);
  }
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path,
                                                       SqliteOptions options) {
  if (options.cache_kib < 64 || options.cache_kib > 1024 * 1024) {
    return caller_error(Code::invalid_argument, "the cache of the store is 64 KiB to 1 GiB");
  }
  HAMROH_TRY(options.create && !options.read_only ? create_file(path) : make_private(path));
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::make_unique<State>()));
  State& state = *store->state_;
  HAMROH_TRY(state.connect(path, options));
  if (options.read_only) {
    return store;
  }
  // Counts what commits leave in the log.
  sqlite3_wal_hook(
      state.database.get(),
      [](void* argument, sqlite3*, const char*, int frames) {
        static_cast<State*>(argument)->wal_frames = static_cast<std::uint64_t>(frames);
        return SQLITE_OK;
      },
      &state);
  // A full disk must not keep the node from starting: what is there can be read.
  const Result<Checkpointed> moved = store->checkpoint(true);
  if (!moved && moved.error().code != Code::full) {
    return tl::unexpected(moved.error());
  }
  state.opened = true;
  return store;
}

Result<std::unique_ptr<Transaction>> SqliteStore::begin() {
  CHECK(!state_->in_transaction);
  if (state_->dead) {
    return tl::unexpected(*state_->dead);
  }
  HAMROH_TRY(state_->run(state_->begin));
  state_->in_transaction = true;
  return std::make_unique<SqliteTransaction>(*state_);
}

Result<Checkpointed> SqliteStore::checkpoint(bool truncate) {
  CHECK(!state_->in_transaction);
  if (state_->dead) {
    return tl::unexpected(*state_->dead);
  }
  int in_log = 0;
  int moved = 0;
  CHECK(!truncate || !state_->held);  // whoever needs the log empty ends the backup first
  if (state_->read_only || state_->held) {
    return Checkpointed{};
  }
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int rc = sqlite3_wal_checkpoint_v2(state_->database.get(), "main", mode, &in_log, &moved);
  if (rc != SQLITE_OK) {
    return tl::unexpected(state_->fail(rc));
  }
  state_->disk_full = false;
  Checkpointed done;
  done.pages_in_log = static_cast<std::uint64_t>(std::max(in_log, 0));
  done.pages_moved = static_cast<std::uint64_t>(std::max(moved, 0));
  state_->wal_frames = done.pages_in_log - std::min(done.pages_moved, done.pages_in_log);
  return done;
}

void SqliteStore::hold(bool still) {
  state_->held = still;
}
bool SqliteStore::held() const {
  return state_->held;
}

Result<std::vector<const char*>> SqliteStore::damaged_tables() {
  CHECK(!state_->in_transaction);
  if (state_->dead) {
    return tl::unexpected(*state_->dead);
  }
  // With a table's name the check reads that table only; with the schema's also the free pages.
  const auto is_sound = [this](const std::string& table) {
    const std::string sql = "PRAGMA integrity_check('" + table + "')";
    sqlite3_stmt* raw = nullptr;
    int rc = sqlite3_prepare_v2(state_->database.get(), sql.c_str(), -1, &raw, nullptr);
    const Statement statement(raw);
    if (rc == SQLITE_OK) {
      rc = sqlite3_step(statement.get());
    }
    return rc == SQLITE_ROW && text(column(statement.get(), 0)) == "ok";
  };
  std::vector<const char*> damaged;
  for (const Table table : all_tables) {
    if (!is_sound(table_name(table))) {
      damaged.push_back(table_name(table));
    }
  }
  if (!is_sound("sqlite_schema")) {
    damaged.push_back("free pages");
  }
  return damaged;
}

Status SqliteStore::verify() {
  HAMROH_ASSIGN(const std::vector<const char*> damaged, damaged_tables());
  return damaged.empty()
             ? Status()
             : environment_error(Code::store_corrupt, "a page of the database is damaged");
}

std::uint64_t SqliteStore::wal_bytes() const {
  return state_->wal_frames * wal_frame_bytes;
}

std::uint64_t SqliteStore::file_bytes() const {
  sqlite3_file* file = state_->file_of(SQLITE_FCNTL_FILE_POINTER);
  sqlite3_int64 bytes = 0;
  const bool known = file != nullptr && file->pMethods->xFileSize(file, &bytes) == SQLITE_OK;
  return known ? static_cast<std::uint64_t>(bytes) : 0;
}

std::string SqliteStore::health() const {
  if (state_->dead) {
    return std::string(state_->dead->text) + " (" + last_error_text() + "); it must be opened anew";
  }
  if (state_->log_damaged) {
    return "its log is damaged: the newest changes may be missing";
  }
  return state_->disk_full ? "the disk is full; nothing is lost, and nothing new is accepted"
                           : "ok";
}

int SqliteStore::last_error() const {
  return state_->last_error;
}
const char* SqliteStore::last_error_text() const {
  return sqlite3_errstr(state_->last_error);
}

}  // namespace hamroh

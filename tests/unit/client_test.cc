#include "sdk/include/hamroh/client.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <zmq.hpp>

#include "tests/unit/fake_daemon.h"

namespace hamroh {
namespace {

using Answer = FakeDaemon::Answer;

// What survives the death of a fake daemon: the submissions it took and the events it has.
class FakeStore {
 public:
  Answer respond(const api::Request& request) {
    const std::lock_guard lock(mutex_);
    ++requests_;
    if (const auto* submit = std::get_if<api::Submit>(&request.ask)) {
      const bool duplicate = !accepted_.insert(submit->message).second;
      return api::Accepted{submit->message, CaseId::from(submit->message.view()).value(),
                           duplicate};
    }
    if (const auto* next = std::get_if<api::NextEvents>(&request.ask)) {
      return events(*next);
    }
    if (const auto* get = std::get_if<api::GetMessage>(&request.ask)) {
      return message(get->message);
    }
    if (std::holds_alternative<api::GetStatus>(request.ask)) {
      api::NodeStatus status;
      status.node.phase = Phase::ready;
      status.node.kind = MemberKind::ngo;
      return status;
    }
    return api::Failure{Code::not_capable, "the directory does not allow it"};
  }
  void happen(const MessageId& message, Level level) {
    const std::lock_guard lock(mutex_);
    levels_[message] = level;
    Event event;
    event.index = log_.size();
    event.message = message;
    log_.push_back(event);
  }
  std::size_t accepted() {
    const std::lock_guard lock(mutex_);
    return accepted_.size();
  }
  std::size_t requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  Answer events(const api::NextEvents& next) {
    if (next.cursor == api::cursor_now) {
      return api::Events{{}, log_.size()};
    }
    api::Events page;
    page.next_cursor = next.cursor;
    while (page.next_cursor < log_.size() && page.events.size() < next.max) {
      page.events.push_back(log_[page.next_cursor++]);
    }
    // This daemon never waits; one that has nothing does not answer.
    return page.events.empty() ? Answer{} : Answer{page};
  }
  Answer message(const MessageId& id) {
    const auto found = levels_.find(id);
    if (found == levels_.end()) {
      return api::Failure{Code::not_found, "there is no such message here"};
    }
    MessageView shown;
    shown.message = id;
    shown.kind = EventKind::referral_send;
    shown.deliveries.push_back({MemberId{}, found->second, Code::none, {}, 0});
    return api::Message{shown};
  }

  std::mutex mutex_;
  std::set<MessageId> accepted_;
  std::map<MessageId, Level> levels_;
  std::vector<Event> log_;
  std::size_t requests_ = 0;
};

api::Submit submission() {
  MemberId to;
  to.bytes.fill(7);
  return {new_message_id(), std::nullopt, EventKind::referral_send, {to}, Bytes(2048, 1), {}};
}

class ClientTest : public testing::Test {
 protected:
  FakeDaemon::Respond from_store() {
    return [this](const api::Request& request) { return store_.respond(request); };
  }
  TemporaryHome home_;
  FakeStore store_;
};

TEST_F(ClientTest, HomeWithoutDaemonIsUnavailableAtOnce) {
  auto client = Client::connect(home_.path());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Code::unavailable);
}

TEST_F(ClientTest, HomeOfDeadDaemonIsUnavailableAtOnce) {
  std::filesystem::create_directory(home_.path() + "/run");
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = home_.path() + "/run/api.sock";
  std::copy(path.begin(), path.end(), address.sun_path);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(listener);  // as kill -9 leaves it: the file is there, nobody listens
  auto client = Client::connect(home_.path());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Code::unavailable);
  // And the next daemon takes the place over.
  const FakeDaemon daemon(home_.path(), from_store());
  EXPECT_TRUE(Client::connect(home_.path()));
}

TEST_F(ClientTest, DaemonThatDoesNotAnswerIsUnavailable) {
  const FakeDaemon daemon(home_.path(), [](const api::Request&) { return Answer{}; });
  auto client = Client::connect(home_.path(), milliseconds(50));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, Code::unavailable);
}

TEST_F(ClientTest, VeryLongHomeStillConnects) {
  const std::string home = home_.path() + "/" + std::string(120, 'h');
  std::filesystem::create_directory(home);
  const FakeDaemon daemon(home, from_store());
  auto client = Client::connect(home);
  ASSERT_TRUE(client);
  EXPECT_TRUE(client->submit(submission()));
}

TEST_F(ClientTest, SocketIsClosedToEverybodyElse) {
  const FakeDaemon daemon(home_.path(), from_store());
  const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  for (const std::string path : {"/run", "/run/api.sock"}) {
    const auto found = std::filesystem::status(home_.path() + path).permissions();
    EXPECT_EQ(found & others, std::filesystem::perms::none) << path;
  }
}

TEST_F(ClientTest, BlockingCallReturnsTheAnswer) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  const api::Submit first = submission();
  auto accepted = client->submit(first);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->message, first.message);
  EXPECT_FALSE(accepted->duplicate);
  auto again = client->submit(first);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
}

TEST_F(ClientTest, RefusalKeepsCodeAndWords) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  const Status locked = client->lock();
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, Code::not_capable);
  EXPECT_EQ(client->refusal(), "the directory does not allow it");
}

TEST_F(ClientTest, CallWithoutAnswerTimesOut) {
  const FakeDaemon daemon(home_.path(), [this](const api::Request& request) {
    return std::holds_alternative<api::Submit>(request.ask) ? Answer{} : store_.respond(request);
  });
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  client->set_deadline(milliseconds(60));
  auto accepted = client->submit(submission());
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, Code::timed_out);
  EXPECT_EQ(client->outstanding(), 0U);
}

TEST_F(ClientTest, PipelinedSubmissionsAreEachAnsweredOnce) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  constexpr std::size_t count = 3'000;
  std::map<MessageId, int> answers;
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(client->submit_async(submission(), [&](Result<api::Accepted> accepted) {
      ASSERT_TRUE(accepted);
      ++answers[accepted->message];
    }));
  }
  while (client->outstanding() > 0) {
    ASSERT_GT(client->poll(seconds(10)), 0U);
  }
  EXPECT_EQ(answers.size(), count);
  for (const auto& [message, times] : answers) {
    EXPECT_EQ(times, 1);
  }
}

TEST_F(ClientTest, PipelineIsBounded) {
  const FakeDaemon daemon(home_.path(), [this](const api::Request& request) {
    return std::holds_alternative<api::Submit>(request.ask) ? Answer{} : store_.respond(request);
  });
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  api::Submit small = submission();
  small.body.clear();
  for (std::size_t i = 0; i < Client::outstanding_max; ++i) {
    ASSERT_TRUE(client->submit_async(small, [](const Result<api::Accepted>&) {}));
  }
  const Status refused = client->submit_async(small, [](const Result<api::Accepted>&) {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::full);
}

TEST_F(ClientTest, CallbackMaySubmitAgain) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  int left = 100;
  std::function<void(Result<api::Accepted>)> next = [&](const Result<api::Accepted>& accepted) {
    ASSERT_TRUE(accepted);
    if (--left > 0) {
      ASSERT_TRUE(client->submit_async(submission(), next));
    }
  };
  ASSERT_TRUE(client->submit_async(submission(), next));
  while (client->outstanding() > 0) {
    client->poll(seconds(10));
  }
  EXPECT_EQ(left, 0);
  EXPECT_EQ(store_.accepted(), 100U);
}

TEST_F(ClientTest, WhatADeadDaemonDidNotAnswerIsAskedOfTheNextOne) {
  std::atomic<int> swallowed = 0;
  std::optional<FakeDaemon> daemon;
  daemon.emplace(home_.path(), [&](const api::Request& request) {
    if (std::holds_alternative<api::Submit>(request.ask)) {
      store_.respond(request);  // accepted, but the daemon dies before it says so
      ++swallowed;
      return Answer{};
    }
    return store_.respond(request);
  });
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  client->set_deadline(seconds(60));
  constexpr std::size_t count = 200;
  std::size_t duplicates = 0;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(client->submit_async(submission(), [&](Result<api::Accepted> accepted) {
      ASSERT_TRUE(accepted);
      ++answered;
      duplicates += accepted->duplicate ? 1U : 0U;
    }));
  }
  while (swallowed < static_cast<int>(count)) {
    client->poll(milliseconds(1));
  }
  daemon.reset();
  daemon.emplace(home_.path(), from_store());
  while (client->outstanding() > 0) {
    ASSERT_GT(client->poll(seconds(30)), 0U);
  }
  EXPECT_EQ(answered, count);
  EXPECT_EQ(duplicates, count);
  EXPECT_EQ(store_.accepted(), count);
}

TEST_F(ClientTest, RequestMadeWhileTheDaemonIsAwayIsAnsweredWhenItIsBack) {
  std::optional<FakeDaemon> daemon;
  daemon.emplace(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  daemon.reset();
  bool done = false;
  ASSERT_TRUE(client->submit_async(submission(), [&](Result<api::Accepted> accepted) {
    EXPECT_TRUE(accepted);
    done = true;
  }));
  EXPECT_EQ(client->poll(milliseconds(30)), 0U);
  daemon.emplace(home_.path(), from_store());
  EXPECT_EQ(client->poll(seconds(10)), 1U);
  EXPECT_TRUE(done);
}

TEST_F(ClientTest, EventStreamGoesOnAfterARestartWithoutGapOrRepetition) {
  std::optional<FakeDaemon> daemon;
  daemon.emplace(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  constexpr std::uint64_t before = 1'500;  // more than one page
  constexpr std::uint64_t after = 700;
  for (std::uint64_t i = 0; i < before; ++i) {
    store_.happen(new_message_id(), Level::accepted);
  }
  EventStream events(*client, 0);
  for (std::uint64_t i = 0; i < before; ++i) {
    auto event = events.next(seconds(10));
    ASSERT_TRUE(event && *event);
    ASSERT_EQ((*event)->index, i);
    ASSERT_EQ(events.cursor(), i + 1);
  }
  daemon.reset();
  auto nothing = events.next(milliseconds(20));
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  for (std::uint64_t i = 0; i < after; ++i) {
    store_.happen(new_message_id(), Level::accepted);
  }
  daemon.emplace(home_.path(), from_store());
  for (std::uint64_t i = before; i < before + after; ++i) {
    auto event = events.next(seconds(10));
    ASSERT_TRUE(event && *event);
    ASSERT_EQ((*event)->index, i);
  }
  // A program that kept the cursor and comes back later starts where it was.
  EventStream later(*client, before + after - 1);
  auto last = later.next(seconds(10));
  ASSERT_TRUE(last && *last);
  EXPECT_EQ((*last)->index, before + after - 1);
}

TEST_F(ClientTest, EventStreamKeepsOneRequestOutstanding) {
  std::atomic<int> asked = 0;
  const FakeDaemon daemon(home_.path(), [&](const api::Request& request) {
    if (std::holds_alternative<api::NextEvents>(request.ask)) {
      ++asked;
      return Answer{};
    }
    return store_.respond(request);
  });
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  EventStream events(*client, 0);
  for (int i = 0; i < 10; ++i) {
    auto event = events.next(milliseconds(1));
    ASSERT_TRUE(event);
    EXPECT_FALSE(*event);
    ASSERT_TRUE(client->status());
  }
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(client->outstanding(), 1U);
}

TEST_F(ClientTest, EventStreamFromNowSkipsThePast) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  store_.happen(new_message_id(), Level::accepted);
  auto cursor = client->cursor_now();
  ASSERT_TRUE(cursor);
  EXPECT_EQ(*cursor, 1U);
  store_.happen(new_message_id(), Level::accepted);
  EventStream events(*client, *cursor);
  auto event = events.next(seconds(10));
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->index, 1U);
}

TEST_F(ClientTest, WaitEndsAtOnceWhenTheLevelHasBeenReached) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  const MessageId message = new_message_id();
  store_.happen(message, Level::opened);
  auto shown = client->wait(message, Level::stored, seconds(10));  // opened implies stored
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->level(), Level::opened);
}

TEST_F(ClientTest, WaitEndsWithAnOutcomeThatIsNotTheOneWaitedFor) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  const MessageId message = new_message_id();
  store_.happen(message, Level::refused);
  auto shown = client->wait(message, Level::opened, seconds(10));
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->level(), Level::refused);
}

TEST_F(ClientTest, WaitHearsOfALaterEvent) {
  const MessageId message = new_message_id();
  store_.happen(message, Level::accepted);
  std::atomic<bool> announced = false;
  const FakeDaemon daemon(home_.path(), [&](const api::Request& request) {
    const auto* next = std::get_if<api::NextEvents>(&request.ask);
    if (next != nullptr && next->cursor != api::cursor_now && !announced.exchange(true)) {
      store_.happen(new_message_id(), Level::opened);  // another one's
      store_.happen(message, Level::opened);
    }
    return store_.respond(request);
  });
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  auto shown = client->wait(message, Level::opened, seconds(10));
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->level(), Level::opened);
}

TEST_F(ClientTest, WaitTimesOutAndRefusesUnknownMessages) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  const MessageId message = new_message_id();
  auto unknown = client->wait(message, Level::opened, seconds(10));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::not_found);
  store_.happen(message, Level::stored);
  auto late = client->wait(message, Level::opened, milliseconds(30));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::timed_out);
}

TEST_F(ClientTest, InvalidFormIsRefusedBeforeAnythingIsSent) {
  const FakeDaemon daemon(home_.path(), from_store());
  auto client = Client::connect(home_.path());
  ASSERT_TRUE(client);
  const std::size_t before = store_.requests();
  auto accepted = client->refer(MemberId{}, ReferralForm{});
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, Code::invalid_form);
  EXPECT_EQ(store_.requests(), before);
}

TEST_F(ClientTest, ReplyToNobodyIsLost) {
  auto socket = ApiSocket::open(home_.path());
  ASSERT_TRUE(socket);
  const Bytes nobody{0, 1, 2, 3, 4};
  EXPECT_FALSE(socket->send(nobody, Bytes(16)));
  auto frames = socket->receive(16);
  ASSERT_TRUE(frames);
  EXPECT_TRUE(frames->empty());
}

// Waits until the socket has brought something.
std::vector<ApiFrame> await_frames(ApiSocket& socket) {
  for (;;) {
    auto frames = socket.receive(16);
    CHECK(frames.has_value());
    if (!frames->empty()) {
      return *frames;
    }
    pollfd wait{socket.descriptor(), POLLIN, 0};
    ::poll(&wait, 1, -1);
  }
}

TEST_F(ClientTest, ClientThatDoesNotReadLosesItsRepliesAndBlocksNobody) {
  auto socket = ApiSocket::open(home_.path());
  ASSERT_TRUE(socket);
  zmq::context_t context;
  zmq::socket_t stuck(context, zmq::socket_type::dealer);
  zmq::socket_t lively(context, zmq::socket_type::dealer);
  stuck.set(zmq::sockopt::rcvhwm, 1);
  const Bytes request = api::encode(api::Request{1, api::GetStatus{}});
  for (zmq::socket_t* one : {&stuck, &lively}) {
    one->set(zmq::sockopt::linger, 0);
    one->connect("ipc://" + home_.path() + "/run/api.sock");
  }
  stuck.send(zmq::const_buffer(request.data(), request.size()));
  const Bytes stuck_client = await_frames(*socket).front().client;
  const Bytes reply(1024, 1);
  int sent = 0;
  constexpr int enough = 1'000'000;  // far above the queue and what the kernel buffers
  while (sent < enough && socket->send(stuck_client, reply)) {
    ++sent;
  }
  EXPECT_GE(sent, ApiSocket::queued_replies_max);
  EXPECT_LT(sent, enough);
  lively.send(zmq::const_buffer(request.data(), request.size()));
  const ApiFrame other = await_frames(*socket).front();
  EXPECT_EQ(other.frame, request);
  EXPECT_TRUE(socket->send(other.client, reply));
  zmq::message_t answer;
  EXPECT_TRUE(lively.recv(answer));
  EXPECT_EQ(answer.size(), reply.size());
}

TEST_F(ClientTest, RequestOfSeveralFramesIsDroppedUnread) {
  auto socket = ApiSocket::open(home_.path());
  ASSERT_TRUE(socket);
  zmq::context_t context;
  zmq::socket_t dealer(context, zmq::socket_type::dealer);
  dealer.set(zmq::sockopt::linger, 0);
  dealer.connect("ipc://" + home_.path() + "/run/api.sock");
  const Bytes request = api::encode(api::Request{1, api::GetStatus{}});
  dealer.send(zmq::const_buffer(request.data(), request.size()), zmq::send_flags::sndmore);
  dealer.send(zmq::const_buffer(request.data(), request.size()), zmq::send_flags::none);
  dealer.send(zmq::const_buffer(request.data(), request.size()), zmq::send_flags::none);
  EXPECT_EQ(await_frames(*socket).size(), 1U);
  EXPECT_TRUE(socket->receive(16)->empty());
}

TEST(MessageIds, AreVersionSevenAndRise) {
  MessageId last;
  for (int i = 0; i < 100'000; ++i) {
    const MessageId id = new_message_id();
    ASSERT_LT(last, id);
    ASSERT_EQ(id.bytes[6] >> 4, 7);
    ASSERT_EQ(id.bytes[8] >> 6, 2);
    last = id;
  }
}

}  // namespace
}  // namespace hamroh

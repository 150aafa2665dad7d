#include "protocol/view.h"

namespace hamroh {

const char* level_name(Level level) {
  switch (level) {
    case Level::accepted:
      return "accepted";
    case Level::stored:
      return "stored";
    case Level::opened:
      return "opened";
    case Level::refused:
      return "refused";
    case Level::expired:
      return "expired";
    case Level::unsupported:
      return "unsupported";
  }
  return "unknown";
}

Level MessageView::level() const {
  // A failure at one recipient matters more than slowness at another; then the slowest counts.
  Level worst = Level::opened;
  bool failed = false;
  for (const Delivery& delivery : deliveries) {
    const bool failure = delivery.level > Level::opened;
    if (failure && !failed) {
      worst = delivery.level;
      failed = true;
    } else if (!failed && delivery.level < worst) {
      worst = delivery.level;
    }
  }
  return worst;
}

const char* alarm_kind_name(AlarmKind kind) {
  switch (kind) {
    case AlarmKind::constitution:
      return "constitution";
    case AlarmKind::directory:
      return "directory";
    case AlarmKind::rotation:
      return "rotation";
    case AlarmKind::ledger:
      return "ledger";
  }
  return "unknown";
}

const char* standing_name(Standing standing) {
  switch (standing) {
    case Standing::not_listed:
      return "not_listed";
    case Standing::member:
      return "member";
    case Standing::suspended:
      return "suspended";
    case Standing::revoked:
      return "revoked";
    case Standing::superseded:
      return "superseded";
  }
  return "unknown";
}

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::not_joined:
      return "not_joined";
    case Phase::starting:
      return "starting";
    case Phase::ready:
      return "ready";
    case Phase::stopped:
      return "stopped";
  }
  return "unknown";
}

}  // namespace hamroh

#include "admin/review.h"

#include <map>
#include <utility>

#include "admin/confusable.h"
#include "admin/report.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

using Texts = std::vector<std::string>;

std::string plain(std::string_view text) {
  return escape_for_terminal(text);
}

// Names that stand in a list already, by what they look like.
class KnownNames {
 public:
  template <class List>
  explicit KnownNames(const List& list) {
    for (const auto& one : list) {
      add(one.name);
    }
  }
  void add(const std::string& name) { names_[skeleton(name)].push_back(name); }

  // The name as it may be shown; says in `warnings` what it could be taken for.
  [[nodiscard]] std::string shown(const std::string& name, Texts* warnings) const {
    const auto alike = names_.find(skeleton(name));
    std::string other;
    if (alike != names_.end()) {
      for (const std::string& one : alike->second) {
        other = one == name ? other : one;
      }
    }
    const bool mixed = mixes_scripts(name);
    if (other.empty() && !mixed) {
      return plain(name);
    }
    std::string as_shown = escape_lookalikes(name);
    if (warnings != nullptr && mixed) {
      warnings->push_back("The name " + as_shown + " mixes Latin and Cyrillic letters.");
    }
    if (warnings != nullptr && !other.empty()) {
      warnings->push_back("The name " + as_shown + " looks like that of " +
                          escape_lookalikes(other) + ", which is somebody else.");
    }
    return as_shown;
  }

 private:
  std::map<std::string, Texts> names_;
};

std::string shown_countersigned(std::uint8_t bits) {
  std::string out;
  using enum KeyPurpose;
  for (const KeyPurpose purpose : {author, receipt, witness, transport}) {
    if ((bits >> static_cast<unsigned>(purpose)) & 1U) {
      out += (out.empty() ? "" : ", ") + std::string(key_purpose_name(purpose));
    }
  }
  return out.empty() ? "none" : out;
}

std::string shown_pack(const Digest& pack) {
  return pack.is_zero() ? "none" : pack.hex().substr(0, 16);
}

void describe_keys(const Member& member, Texts& lines) {
  lines.push_back("    keys: author " + shown_key(member.author.view()) + ", receipt " +
                  shown_key(member.receipt.view()) + ", witness " +
                  shown_key(member.witness.view()) + ", transport " +
                  shown_key(member.transport.view()));
}

void describe_admission(const Member& member, const KnownNames& names, Texts& lines,
                        Texts* warnings) {
  const std::string name = names.shown(member.name, warnings);
  lines.push_back("  Admits " + name + " (" + member_kind_name(member.kind) + ")");
  lines.push_back("    id " + to_uuid(member.id) + ", address " + plain(member.endpoint));
  lines.push_back("    may: " + shown_capabilities(member.capabilities));
  describe_keys(member, lines);
  const Capabilities usual = default_capabilities(member.kind);
  const Capabilities beyond{member.capabilities.bits & ~usual.bits};
  if (warnings != nullptr && beyond.bits != 0) {
    warnings->push_back(name + " asks for more than a member of kind " +
                        member_kind_name(member.kind) +
                        " usually may: " + shown_capabilities(beyond));
  }
}

// One field of a member, before → after; nothing if it stays.
class Comparison {
 public:
  explicit Comparison(Texts& lines) : lines_(lines) {}
  void field(const char* what, const std::string& before, const std::string& after) {
    if (before != after) {
      lines_.push_back(std::string("    ") + what + ": " + before + " → " + after);
    }
  }
  // Keys are compared in full and shown by their beginning.
  void key(const char* what, ByteView before, ByteView after) {
    if (!std::ranges::equal(before, after)) {
      lines_.push_back(std::string("    ") + what + " key: " + shown_key(before) + " → " +
                       shown_key(after));
    }
  }

 private:
  Texts& lines_;
};

const char* state_name(MemberState state) {
  return state == MemberState::active ? "active" : "revoked";
}

std::string act_on(const Member& before, const Member& after) {
  if (after.state == MemberState::revoked && before.state == MemberState::active) {
    return "Revokes ";
  }
  if (after.incarnation != before.incarnation) {
    return "Gives new keys, as a new incarnation, to ";
  }
  if (after.state == MemberState::active && before.state == MemberState::revoked) {
    return "Restores ";
  }
  return after.key_serial != before.key_serial ? "Takes over new keys of " : "Changes ";
}

void describe_capabilities(const Member& before, const Member& after, Texts& lines) {
  const Capabilities given{after.capabilities.bits & ~before.capabilities.bits};
  const Capabilities taken{before.capabilities.bits & ~after.capabilities.bits};
  if (given.bits != 0) {
    lines.push_back("    gives: " + shown_capabilities(given));
  }
  if (taken.bits != 0) {
    lines.push_back("    takes: " + shown_capabilities(taken));
  }
  if (given.bits != 0 || taken.bits != 0) {
    lines.push_back("    may then: " + shown_capabilities(after.capabilities));
  }
}

void describe_position(const Member& before, const Member& after, Texts& lines, Texts* warnings) {
  const bool revoked = after.state == MemberState::revoked;
  const bool came_back = after.incarnation != before.incarnation;
  if (before.position == after.position && before.state == after.state && !came_back) {
    return;
  }
  if (!revoked && after.incarnation == 1) {
    return;  // there was no incarnation before
  }
  lines.push_back(std::string("    believed of its ") + (revoked ? "ledger" : "ledger of before") +
                  ": " + shown_position(after.position));
  if (warnings != nullptr && came_back && after.position == position_end) {
    warnings->push_back(
        "Everything in the ledger of before stays believed. If the keys were stolen "
        "and not only lost, have it proposed again with --position.");
  }
}

void describe_member_change(const Member& before, const Member& after, const KnownNames& names,
                            Texts& lines, Texts* warnings) {
  const bool renamed = before.name != after.name;
  lines.push_back("  " + act_on(before, after) + names.shown(before.name, nullptr) + " (" +
                  member_kind_name(before.kind) + ", id " + to_uuid(before.id) + ")");
  Comparison compare(lines);
  if (renamed) {
    compare.field("name", names.shown(before.name, nullptr), names.shown(after.name, warnings));
  }
  compare.field("kind", member_kind_name(before.kind), member_kind_name(after.kind));
  compare.field("state", state_name(before.state), state_name(after.state));
  compare.field("incarnation", std::to_string(before.incarnation),
                std::to_string(after.incarnation));
  compare.field("key serial", std::to_string(before.key_serial), std::to_string(after.key_serial));
  compare.field("address", plain(before.endpoint), plain(after.endpoint));
  compare.key("author", before.author.view(), after.author.view());
  compare.key("receipt", before.receipt.view(), after.receipt.view());
  compare.key("witness", before.witness.view(), after.witness.view());
  compare.key("transport", before.transport.view(), after.transport.view());
  describe_capabilities(before, after, lines);
  describe_position(before, after, lines, warnings);
}

void describe_parts(const Proposal& proposal, const Examination& examination, Review& review) {
  if (examination.next_rule) {
    describe_rule_change(examination.rule, *examination.next_rule, review.changes,
                         &review.warnings);
    review.to_be_signed.push_back(
        {"constitution version " + std::to_string(examination.next_rule->version),
         constitution_hash(proposal.constitution->payload)});
  }
  if (examination.next) {
    describe_directory_change(*examination.before, *examination.next, review.changes,
                              &review.warnings);
    review.to_be_signed.push_back({"directory version " + std::to_string(examination.next->version),
                                   directory_hash(proposal.directory->payload)});
  }
  if (examination.suspension) {
    review.changes.push_back("  " +
                             describe_suspension(*examination.suspension, examination.suspended));
    review.to_be_signed.push_back(
        {examination.suspension->lift ? "end of a suspension" : "suspension",
         crypto::sha256({proposal.suspension->payload})});
  }
}

std::string json_list(const Texts& list) {
  std::string out = "[";
  for (const std::string& one : list) {
    out += (out.size() > 1 ? ", " : "") + json_string(one.substr(one.find_first_not_of(' ')));
  }
  return out + "]";
}

}  // namespace

Review review_proposal(const Proposal& proposal, const Examination& examination) {
  Review review;
  review.heading = "Proposal for the network " + plain(examination.rule.network_name) + " (" +
                   shown_key(proposal.network.view()) + ")";
  describe_parts(proposal, examination, review);
  const std::string proposer =
      proposal.proposer.empty() ? "nobody named" : plain(proposal.proposer);
  review.remarks.push_back("Proposed " + shown_time(proposal.created) + " by " + proposer +
                           ", as the file says; to be signed until " + shown_time(proposal.closes));
  if (!proposal.comment.empty()) {
    review.remarks.push_back("Comment, which nobody signs: " +
                             escape_for_terminal(proposal.comment, Lines::many));
  }
  for (const AskedFingerprint& asked : examination.asked) {
    review.ask.push_back(escape_lookalikes(asked.whose));
  }
  return review;
}

Review review_founding(const FoundingFile& file) {
  Review review;
  review.heading = "Founding of the network " + plain(file.network_name);
  review.changes.push_back("  " + std::to_string(file.threshold) + " of " +
                           std::to_string(file.administrators) + " administrators must agree");
  const KnownNames names(file.entries);
  for (const Administrator& entry : file.entries) {
    review.changes.push_back("  Administrator " + names.shown(entry.name, &review.warnings) +
                             ", key " + shown_key(entry.key.view()));
    const Fingerprint fingerprint = fingerprint_of(entry.key.view());
    review.changes.push_back("    " + fingerprint_words(fingerprint, WordLanguage::english));
    review.changes.push_back("    " + fingerprint_words(fingerprint, WordLanguage::russian));
    review.changes.push_back("    " + fingerprint_words(fingerprint, WordLanguage::tajik));
  }
  review.changes.push_back("  The first directory has no members and expires " +
                           shown_time(file.created + file.validity));
  review.remarks.push_back("Begun " + shown_time(file.created));
  if (!file.laid) {
    review.remarks.push_back("Not all administrators have entered yet: nothing can be signed.");
    return review;
  }
  const Fingerprint network = fingerprint_of(network_of(*file.laid).view());
  review.remarks.push_back(
      "Read these words to the other administrators; all must have the same:\n    " +
      fingerprint_words(network, WordLanguage::english) + "\n    " +
      fingerprint_words(network, WordLanguage::russian) + "\n    " +
      fingerprint_words(network, WordLanguage::tajik));
  review.to_be_signed.push_back(
      {"constitution version 1", constitution_hash(file.laid->constitution.payload)});
  review.to_be_signed.push_back(
      {"directory version 1", directory_hash(file.laid->directory.payload)});
  return review;
}

std::string review_as_text(const Review& review) {
  std::string out = review.heading + "\n";
  const auto put = [&out](const Texts& lines, const std::string& before) {
    for (const std::string& line : lines) {
      out += before + line + "\n";
    }
  };
  put(review.changes, "");
  put(review.warnings, "  WARNING: ");
  put(review.remarks, "  ");
  put(review.ask, "  Before signing, the fingerprint is asked of ");
  for (const ToBeSigned& one : review.to_be_signed) {
    out += "  What is signed: " + one.what + ", hash " + one.hash.hex() + "\n";
  }
  return out;
}

std::string review_as_json(const Review& review) {
  std::string signs;
  for (const ToBeSigned& one : review.to_be_signed) {
    signs += (signs.empty() ? "" : ", ") + ("{\"what\": " + json_string(one.what)) +
             ", \"hash\": \"" + one.hash.hex() + "\"}";
  }
  return "{\"heading\": " + json_string(review.heading) +
         ", \"changes\": " + json_list(review.changes) +
         ", \"warnings\": " + json_list(review.warnings) +
         ", \"remarks\": " + json_list(review.remarks) +
         ", \"fingerprints_asked\": " + json_list(review.ask) + ", \"signs\": [" + signs + "]}";
}

void describe_directory_change(const Directory& before, const Directory& next, Texts& lines,
                               Texts* warnings) {
  lines.push_back("  Directory version " + std::to_string(before.version) + " → " +
                  std::to_string(next.version));
  const KnownNames names(next.members);
  auto old = before.members.begin();
  for (const Member& member : next.members) {
    while (old != before.members.end() && old->id < member.id) {
      ++old;
    }
    if (old == before.members.end() || old->id != member.id) {
      describe_admission(member, names, lines, warnings);
    } else if (*old != member) {
      describe_member_change(*old, member, names, lines, warnings);
    }
  }
  Comparison compare(lines);
  compare.field("jurisdiction pack", shown_pack(before.pack), shown_pack(next.pack));
  compare.field("keys that members cannot change alone", shown_countersigned(before.countersigned),
                shown_countersigned(next.countersigned));
  lines.push_back("    expires: " + shown_time(before.expires) + " → " + shown_time(next.expires));
  lines.push_back("    warns: " + shown_time(before.warns) + " → " + shown_time(next.warns));
  if (warnings != nullptr && next.expires < before.expires) {
    warnings->push_back("The directory would expire earlier than the one in force.");
  }
}

void describe_rule_change(const Constitution& before, const Constitution& next, Texts& lines,
                          Texts* warnings) {
  lines.push_back("  Constitution version " + std::to_string(before.version) + " → " +
                  std::to_string(next.version) + ", in force from directory version " +
                  std::to_string(next.directory_from));
  std::vector<Administrator> everybody = before.administrators;
  everybody.insert(everybody.end(), next.administrators.begin(), next.administrators.end());
  const KnownNames names(everybody);
  const auto stands_in = [](const Constitution& constitution, const Administrator& one) {
    return std::ranges::any_of(constitution.administrators, [&](const Administrator& other) {
      return other.key == one.key && other.name == one.name;
    });
  };
  for (const Administrator& one : before.administrators) {
    if (!stands_in(next, one)) {
      lines.push_back("    removes the administrator " + names.shown(one.name, nullptr) + ", key " +
                      shown_key(one.key.view()));
    }
  }
  for (const Administrator& one : next.administrators) {
    if (!stands_in(before, one)) {
      lines.push_back("    adds the administrator " + names.shown(one.name, warnings) + ", key " +
                      shown_key(one.key.view()));
    }
  }
  const auto rule = [](const Constitution& constitution) {
    return std::to_string(constitution.threshold) + " of " +
           std::to_string(constitution.administrators.size());
  };
  lines.push_back("    must agree: " + rule(before) + " → " + rule(next));
}

std::string describe_suspension(const Suspension& suspension, std::string_view name) {
  const std::string whose = plain(name) + " (id " + to_uuid(suspension.member) + ")";
  if (suspension.lift) {
    return "Ends the suspension of " + whose + ", if it began before " +
           shown_time(suspension.from);
  }
  return "Suspends " + whose + " from " + shown_time(suspension.from) + " until " +
         shown_time(suspension.until) + ", reason " + suspension_reason_name(suspension.reason) +
         ": its messages are held, nothing is returned";
}

std::string shown_time(Timestamp time) {
  std::string text = to_iso8601(time);
  text[10] = ' ';
  return text.substr(0, 16) + " UTC";
}

std::string shown_key(ByteView key) {
  return to_hex(key.first(std::min<std::size_t>(key.size(), 8)));
}

std::string shown_capabilities(Capabilities capabilities) {
  std::string out;
  const auto put = [&out](const std::string& name) { out += (out.empty() ? "" : ", ") + name; };
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((capabilities.bits >> bit) & 1U) {
      put(bit <= capability_last ? capability_name(static_cast<Capability>(bit))
                                 : "unknown " + std::to_string(bit));
    }
  }
  return out.empty() ? "nothing" : out;
}

std::string shown_position(std::uint64_t position) {
  return position == position_end ? "all of it"
                                  : "only what stands before entry " + std::to_string(position);
}

}  // namespace hamroh

// New proposals, made of what is known of the network and what is wanted.
//
// Nothing here touches a file or a clock. Every draft has passed `examine` and reads back as it was
// written, so that what is refused is refused where it is made. A Fault says what happened, where,
// and what to do next.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admin/administrator_key.h"
#include "admin/examination.h"

namespace hamroh {

struct Fault {
  Error error;
  std::string where;  // the file or name concerned
  std::string remedy;
};
template <class T>
using Outcome = tl::expected<T, Fault>;
[[nodiscard]] tl::unexpected<Fault> fault(const Error& error, std::string where,
                                          std::string remedy = {});
[[nodiscard]] tl::unexpected<Fault> fault(Code code, const char* text, std::string where,
                                          std::string remedy = {});

struct NamedFile {
  std::string path;
  Bytes bytes;
};

// What every draft is made on and for.
struct DraftTerms {
  Bytes rule;  // payload of the constitution in force
  Timestamp now;
  Duration validity = days(90);        // of the directory
  std::optional<Duration> warn_after;  // default: two thirds of the validity
  Duration open = days(14);            // how long it may be signed
  std::string proposer;
  std::string comment;
};

class Drafting {
 public:
  // `membership` must outlive it and have a directory.
  Drafting(const Membership& membership, DraftTerms terms)
      : membership_(membership), terms_(std::move(terms)) {}

  [[nodiscard]] Outcome<Proposal> admission(std::span<const NamedFile> requests) const;
  [[nodiscard]] Outcome<Proposal> capabilities(const MemberId& id, Capabilities give,
                                               Capabilities take) const;
  // New keys under the next incarnation; entries of the ledger of before from `position` on are not
  // believed. Without one a revoked member keeps that of its revocation, and another is believed.
  [[nodiscard]] Outcome<Proposal> incarnation(const MemberId& id, const NamedFile& request,
                                              std::optional<std::uint64_t> position) const;
  [[nodiscard]] Outcome<Proposal> rotation(const MemberId& id,
                                           std::span<const NamedFile> rotations) const;
  [[nodiscard]] Outcome<Proposal> revocation(const MemberId& id, std::uint64_t position) const;
  // `position` is the one that the member had before it was revoked.
  [[nodiscard]] Outcome<Proposal> restoration(const MemberId& id, std::uint64_t position) const;
  [[nodiscard]] Outcome<Proposal> suspension(const MemberId& id, SuspensionReason reason,
                                             Duration lasts) const;
  [[nodiscard]] Outcome<Proposal> lift(const MemberId& id) const;
  [[nodiscard]] Outcome<Proposal> pack(const Digest& pack,
                                       std::optional<std::uint8_t> countersigned) const;
  [[nodiscard]] Outcome<Proposal> constitution(std::span<const NamedFile> cards,
                                               std::span<const std::string> removed,
                                               std::optional<std::uint32_t> threshold) const;
  [[nodiscard]] Outcome<Proposal> renewal() const;

  // A member by id, name or unambiguous beginning of either. Errors: unknown_member, ambiguous.
  [[nodiscard]] Outcome<Member> member(const std::string& wanted) const;
  [[nodiscard]] bool is_suspended(const MemberId& id) const;

 private:
  [[nodiscard]] Proposal begin() const;
  [[nodiscard]] Directory successor() const;
  [[nodiscard]] const Directory& current() const { return membership_.directory()->value(); }
  [[nodiscard]] Outcome<Proposal> of_directory(Proposal proposal, const Directory& next) const;
  [[nodiscard]] Outcome<Proposal> of_member(const Member& changed,
                                            std::vector<Bytes> grounds) const;
  [[nodiscard]] Outcome<Proposal> of_suspension(const Suspension& suspension) const;
  [[nodiscard]] Outcome<Proposal> finish(Proposal proposal) const;

  const Membership& membership_;
  DraftTerms terms_;
};

}  // namespace hamroh

// Constitutions and their chains, directories in their three forms, requests for admission,
// rotations, suspensions and histories: every signed file of membership, and what is signed in it.

#include "protocol/wire_directory.h"
#include "tests/fuzz/membership_sample.h"

namespace hamroh::fuzz {

std::vector<Bytes> seeds() {
  const std::vector chain{sample_founding(), sample_successor()};
  const DirectoryFile step = sample_step();
  return {chosen(0, encode_signed_constitution(chain[0])),
          chosen(0, encode_signed_constitution(chain[1])),
          chosen(1, encode_directory_file(sample_directory())),
          chosen(1, encode_directory_file(step)),
          chosen(1, encode_directory_file(head_file(step.head))),
          chosen(2, make_join_request(sample_founded().network(), sample_member(10), key_of(10),
                                      key_of(11), key_of(12))),
          chosen(3, chain[0].payload),
          chosen(4, step.head.payload),
          chosen(5, encode_constitution_chain(chain)),
          chosen(6, sample_rotation()),
          chosen(7, sample_suspension()),
          chosen(8, encode_history(std::vector<Bytes>{sample_rotation(), sample_suspension()})),
          chosen(9, encode_member(sample_member(10)))};
}

void run(ByteView input) {
  const auto [parser, rest] = choose(input, 10);
  switch (parser) {
    case 0:
      if (const auto file = parse_signed_constitution(rest)) {
        (void)verify_founding(*file);
        (void)verify_successor(sample_founded(), *file);
      }
      return;
    case 1:
      if (const auto file = parse_directory_file(rest)) {
        (void)verify_directory(sample_founded(), *file);
        (void)verify_directory_head(sample_founded(), file->head);
        (void)follow_directory(sample_verified(), sample_founded(), *file);
        const auto again = parse_directory_file(encode_directory_file(*file));
        CHECK(again && again->records == file->records && again->log == file->log);
      }
      return;
    case 2:
      (void)parse_join_request(rest);
      return;
    case 3:
      return check_round_trip(rest, parse_constitution, encode_constitution);
    case 4:
      return check_round_trip(rest, parse_directory_head, encode_directory_head);
    case 5:
      if (const auto chain = parse_constitution_chain(rest)) {
        (void)verify_constitution_chain(*chain);
      }
      return;
    case 6:
      if (const auto rotation = verify_rotation(sample_founded().network(), rest)) {
        CHECK(std::ranges::equal(rotation->file(), rest));
        (void)rotation->follows(sample_member(10));
      }
      return;
    case 7:
      (void)verify_suspension(sample_founded(), rest);
      return check_round_trip(rest, parse_suspension, encode_suspension);
    case 8:
      return check_round_trip(rest, parse_history, [](const std::vector<Bytes>& files) {
        return encode_history(files);
      });
    default:
      if (const auto member = parse_member(rest)) {
        CHECK(std::ranges::equal(encode_member(*member), rest));  // one encoding only
      }
  }
}

}  // namespace hamroh::fuzz

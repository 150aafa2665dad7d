// The fingerprint of a signed statement, as two people read it to each other by telephone.
//
// An organisation that asks to be admitted sends its request as a file, over a line that nobody
// trusts. Before an administrator signs, both sides compare the fingerprint of what the one sent
// and the other received: twelve words, in a language that both speak.
//
// Size: 96 bits. Whoever wants another statement to be taken for this one has to find a second
// preimage of a given fingerprint, about 2^96 hashes. A pair of colliding statements (2^48) helps
// nobody: only the organisation itself could make both, because its request holds fresh random
// keys, and it gains nothing by them. Twelve words are also what people are willing to read aloud
// and to compare to the end.
//
// Words: the place of a word in its list is the byte that it stands for. Within a list any two
// words differ in at least three characters (Levenshtein, after folding) and in their first four
// letters, so that a misheard or mistyped word is refused and hardly ever becomes another one.
// Russian and Tajik share no word, so twelve words belong to one language at most. The lists hold
// concrete, neutral nouns. They never change; the tests measure them and pin their digests.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/types.h"

namespace hamroh {

using Fingerprint = FixedBytes<struct FingerprintTag, 12>;

// The first 12 bytes of SHA-256(labels::fingerprint ‖ statement).
[[nodiscard]] Fingerprint fingerprint_of(ByteView statement);

enum class WordLanguage : std::uint8_t { english = 1, russian = 2, tajik = 3 };
// "en", "ru" or "tg" (ISO 639-1); nothing else.
[[nodiscard]] std::optional<WordLanguage> parse_word_language(std::string_view code);

// Twelve lower-case words in three groups of four, which help both sides to keep their place:
// single spaces within a group, " · " between groups.
[[nodiscard]] std::string fingerprint_words(const Fingerprint& fingerprint, WordLanguage language);

// Twelve words of one of the languages, as a person types or pastes them. Forgiven: upper case;
// blanks, line breaks, commas, hyphens, dashes and middle dots between words, in any number; е for
// ё; г, и, к, у, х and ч for the Tajik letters ғ, ӣ, қ, ӯ, ҳ and ҷ, and what old Tajik fonts put in
// their place (ѓ, ї, ќ, ў, њ, љ). Anything else is refused: another count, an unknown word, words
// of two languages, any other character, more than limits::fingerprint_text_bytes_max.
[[nodiscard]] std::optional<Fingerprint> parse_fingerprint_words(std::string_view typed);

// One word per byte value, in alphabetical order. Part of the specification.
using WordList = std::array<std::string_view, 256>;
[[nodiscard]] const WordList& word_list(WordLanguage language);

}  // namespace hamroh

#include "admin/fingerprint_view.h"

#include "admin/files.h"
#include "admin/qr.h"
#include "admin/report.h"

namespace hamroh {

std::string words_as_json(const Fingerprint& fingerprint) {
  return "{\"english\": " + json_string(fingerprint_words(fingerprint, WordLanguage::english)) +
         ", \"russian\": " + json_string(fingerprint_words(fingerprint, WordLanguage::russian)) +
         ", \"tajik\": " + json_string(fingerprint_words(fingerprint, WordLanguage::tajik)) +
         ", \"hex\": \"" + fingerprint.hex() + "\"}";
}

std::string words_as_text(const Fingerprint& fingerprint) {
  return "    en  " + fingerprint_words(fingerprint, WordLanguage::english) + "\n    ru  " +
         fingerprint_words(fingerprint, WordLanguage::russian) + "\n    tg  " +
         fingerprint_words(fingerprint, WordLanguage::tajik) + "\n";
}

std::string code_as_text(const Fingerprint& fingerprint) {
  return qr_for_terminal(fingerprint.hex()).value_or(std::string{});
}

Status write_code(const Fingerprint& fingerprint, const std::string& path) {
  HAMROH_ASSIGN(const Bytes picture, qr_as_png(fingerprint.hex()));
  return write_output(path, picture, 0644);
}

}  // namespace hamroh

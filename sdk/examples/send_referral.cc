// Sends a referral form and waits for its receipt:
//   HAMROH_KEY=program.key send_referral HOME MEMBER-ID FORM.json
// The operator made the key file: hamroh user add PROGRAM --role integration --key-out program.key
// --grant refer,see_cases,see_events
// Exit codes as those of hamroh: 0 done, 1 refused, 2 usage, 3 no node, 4 timed out.

#include <hamroh/client.h>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "sdk/form_json.h"

namespace {

int report(const hamroh::Error& error, const std::string& words) {
  std::cerr << words << " (" << hamroh::code_name(error.code) << ")\n";
  return error.code == hamroh::Code::unavailable ? 3
         : error.code == hamroh::Code::timed_out ? 4
                                                 : 1;
}

}  // namespace

int main(int count, char** values) {
  const auto member = count == 4 ? hamroh::parse_uuid(values[2]) : std::nullopt;
  if (!member) {
    std::cerr << "send_referral HOME MEMBER-ID FORM.json\n";
    return 2;
  }
  std::ostringstream json;
  json << std::ifstream(values[3]).rdbuf();
  const auto form = hamroh::parse_form_json(json.str());
  if (!form) {
    std::cerr << form.error().path << ": found " << form.error().found << "; allowed is "
              << form.error().allowed << '\n';
    return 1;
  }
  auto client = hamroh::Client::connect(values[1]);
  if (!client) {
    return report(client.error(), client.error().text);
  }
  const char* key_path = std::getenv("HAMROH_KEY");
  std::ostringstream key;
  key << std::ifstream(key_path == nullptr ? "" : key_path, std::ios::binary).rdbuf();
  if (const auto logged = client->login_with_key(hamroh::view(key.str())); !logged) {
    return report(logged.error(), client->words_for(logged.error()));
  }
  // The id makes it safe to send again: a crash here, and the same id later, is one referral.
  const hamroh::MessageId id = hamroh::new_message_id();
  const auto accepted = client->refer(*hamroh::MemberId::from(*member), *form, id);
  if (!accepted) {
    return report(accepted.error(), client->words_for(accepted.error()));
  }
  const auto shown = client->wait(id, hamroh::Level::opened, hamroh::seconds(60));
  if (!shown) {
    return report(shown.error(), client->words_for(shown.error()));
  }
  const auto receipt = client->receipt(id);
  std::cout << to_uuid(id) << ' ' << level_name(shown->level()) << '\n' << receipt.value_or("");
  return shown->level() == hamroh::Level::opened ? 0 : 1;
}

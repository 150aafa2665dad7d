// As whom a command acts. What comes first of these counts:
//   --key FILE         a program's key file
//   --as NAME          the session that `hamroh login NAME` left here
//   $HAMROH_SESSION    a file with a session
//   $HAMROH_KEY        a key file
//   the session of the last `hamroh login` of this user of the machine
//   HOME/operator.key  of a fresh node, for whoever may read it
// Sessions lie in HOME/run/session-UID and session-UID-NAME (the name in hex), mode 0600: 64 hex
// digits and a newline.
#pragma once

#include <string>

#include "sdk/include/hamroh/client.h"

namespace hamroh {

struct IdentityChoice {
  std::string home;
  std::string as;
  std::string key_file;
};

// Makes the client act so; or as nobody, if there is nothing of that. What a key has opened is for
// this command only: log out at its end. Errors: not_found (no session
// under that name), malformed, and what the node says to a key.
enum class Identity : std::uint8_t { nobody = 1, session = 2, key = 3 };
[[nodiscard]] Result<Identity> identify(Client& client, const IdentityChoice& choice);

// Keeps a session for the commands that follow, also under the user's name. `name` may be empty.
[[nodiscard]] Status keep_session(const IdentityChoice& choice, const std::string& name,
                                  const SessionToken& token);
// Removes what `identify` would take, and the same session under its name.
void drop_session(const IdentityChoice& choice, const SessionToken& token);

}  // namespace hamroh

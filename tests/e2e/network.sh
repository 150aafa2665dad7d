# Sourced by the end-to-end tests: four members on this machine, made with the commands that a user
# types. BIN is where the programs are. Everything is stopped and removed when the test ends.
set -euo pipefail
BIN=$(cd "${1:?usage: TEST DIRECTORY-OF-PROGRAMS}" && pwd)
PATH=$BIN:$PATH
place=$(mktemp -d "${TMPDIR:-/tmp}/hamroh-e2e.XXXXXX")
members=(ngo commission ministry shelter)
declare -A daemon=()

finish() {
  status=$?
  trap - EXIT
  for member in "${!daemon[@]}"; do kill -TERM "${daemon[$member]}" 2>/dev/null || true; done
  for member in "${!daemon[@]}"; do
    ended=0
    wait "${daemon[$member]}" || ended=$?
    if [ "$ended" -ne 0 ] && [ "$status" -eq 0 ]; then
      echo "FAILED: the daemon of $member ended with $ended when it was told to stop" >&2
      status=1
    fi
  done
  if [ "$status" -ne 0 ]; then
    for member in "${members[@]}"; do
      [ -f "$place/$member.log" ] && { echo "--- $member"; tail -n 5 "$place/$member.log"; }
    done
  fi
  if declare -F after_daemons >/dev/null; then after_daemons; fi
  rm -rf "$place"
  exit "$status"
}
trap finish EXIT
cd "$place"

fail() { echo "FAILED: $*" >&2; exit 1; }

port=$((20000 + $$ % 20000))
free_port() {
  port=$((port + 1))
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
}

found_network() {
  hamroh-authority found --name "Test" --administrators 3 --threshold 2 --out authority >/dev/null
  local kinds=(ngo commission ministry provider) i
  for i in 0 1 2 3; do
    free_port
    hamroh node init --home "${members[$i]}" --network authority/network.hamroh \
      --kind "${kinds[$i]}" --name "The ${members[$i]}" --listen "tcp://127.0.0.1:$port" >/dev/null
  done
  hamroh-authority admit --authority authority --sign-with admin-1 admin-3 --out directory.hamroh \
    --request {ngo,commission,ministry,shelter}/request.hamroh >/dev/null
  for i in "${members[@]}"; do hamroh node join --home "$i" --directory directory.hamroh >/dev/null; done
}

start() {  # MEMBER
  hamrohd --home "$1" >>"$1.log" 2>&1 &
  daemon[$1]=$!
  local i
  for i in $(seq 300); do
    hamroh status --home "$1" >/dev/null 2>&1 && return 0
    sleep 0.02
  done
  fail "the node of $1 does not answer"
}

# The value of a text field in one line of JSON.
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

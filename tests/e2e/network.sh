# Sourced by the end-to-end tests: four members on this machine, made with the commands that a user
# types. BIN is where the programs are. Everything is stopped and removed when the test ends.
set -euo pipefail
BIN=$(cd "${1:?usage: TEST DIRECTORY-OF-PROGRAMS}" && pwd)
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
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

# A sample form whose consent was given today, so that nothing of it depends on the calendar.
fresh_form() {  # FORM
  sed -e 's/"date": "[0-9-]*"/"date": "'"$(date -u +%F)"'"/' \
    -e 's/"expires": "[0-9-]*"/"expires": "'"$(date -u -d '+180 days' +%F)"'"/' "$1"
}

# A file of the project, wherever the programs were built.
source_file() { echo "$sources/$1"; }

# The administrators put a jurisdiction pack in force, and every node named gets it.
put_pack_in_force() {  # PACK MEMBER...
  local pack=$1 key member
  shift
  hamroh-authority propose pack --file "$pack" --authority authority --out pack.proposal >/dev/null
  for key in admin-1 admin-3; do
    hamroh-authority sign pack.proposal --authority authority --key "authority/administrators/$key.key" --yes >/dev/null
  done
  hamroh-authority publish pack.proposal --authority authority >/dev/null
  for member in "$@"; do
    hamroh node join --home "$member" --directory authority/update.hamroh >/dev/null
    hamroh pack install "$pack" --home "$member" --key "$member/operator.key" >/dev/null
  done
}

# Makes four members, of these kinds or the usual ones, and admits them.
found_network() {  # [KIND...]
  hamroh-authority found --name "Test" --administrators 3 --threshold 2 --out authority >/dev/null
  local kinds=("$@") i
  [ $# -gt 0 ] || kinds=(ngo commission ministry provider)
  for i in 0 1 2 3; do
    free_port
    hamroh node init --home "${members[$i]}" --network authority/network.hamroh \
      --kind "${kinds[$i]}" --name "The ${members[$i]}" --listen "tcp://127.0.0.1:$port" >/dev/null
  done
  hamroh-authority admit --authority authority --sign-with admin-1 admin-3 --out directory.hamroh \
    --request {ngo,commission,ministry,shelter}/request.hamroh >/dev/null
  for i in "${members[@]}"; do hamroh node join --home "$i" --directory directory.hamroh >/dev/null; done
}

# A program that may do whatever programs may acts in these tests, beside the operator of
# HOME/operator.key, whose verbs these are.
grants=see_status,see_members,see_events,refer,decide,decide_status,publish_services,note,see_cases,see_ledger
hamroh() {
  local home='' verb='' word previous=''
  for word in "$@"; do
    case $previous in
      --home) home=$word ;;
      --key | --as) ;;
      *) case $word in -*) ;; *) verb=${verb:-$word} ;; esac ;;
    esac
    previous=$word
  done
  case $verb in
    node | key | lock | unlock | alarms | clock | user | login | logout | whoami | form) ;;
    panic | recovery | backup | restore | vault) ;;
    *)
      if [ -f "$home.program" ]; then
        HAMROH_KEY=${HAMROH_KEY:-$home.program} command hamroh "$@"
        return
      fi
      ;;
  esac
  command hamroh "$@"
}

start() {  # MEMBER
  hamrohd --home "$1" >>"$1.log" 2>&1 &
  daemon[$1]=$!
  local i
  for i in $(seq 300); do
    command hamroh status --home "$1" >/dev/null 2>&1 && break
    [ "$i" -eq 300 ] && fail "the node of $1 does not answer"
    sleep 0.02
  done
  if [ ! -f "$1.program" ] && [ -f "$1/operator.key" ]; then
    hamroh user add program --role integration --grant $grants --key-out "$1.program" --home "$1" >/dev/null
  fi
}

# A person with a passphrase of her own, logged in: --as NAME acts as her. Where there is no
# operator.key, $operator says as whom she is added.
person() {  # MEMBER NAME ROLE [TEAM]
  echo "the first one of $2" >first.secret
  echo "an own one of $2" >"$2.secret"
  hamroh user add "$2" --role "$3" ${4:+--team "$4"} --passphrase-file first.secret --home "$1" \
    ${operator:---key $1/operator.key} >/dev/null
  hamroh login "$2" --passphrase-file first.secret --new-passphrase-file "$2.secret" --home "$1" >/dev/null
}

# The value of a text field in one line of JSON.
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" <<<"$2"; }

refused() {  # CODE WORDS COMMAND…: it must end with CODE and say WORDS, a pattern
  local code=$1 words=$2 status=0
  shift 2
  "$@" >refused.txt 2>&1 </dev/null || status=$?
  [ "$status" -eq "$code" ] || fail "exit code $status instead of $code: $*: $(cat refused.txt)"
  grep -qi -- "$words" refused.txt || fail "it does not say '$words': $*: $(cat refused.txt)"
}
# What may not be in a file, a directory or the memory of a process.
nothing_in() {  # PLACE NEEDLE…
  local status=0 found
  found=$(scan-for "$@") || status=$?
  case $status in
    0) ;;
    77) echo "this user may not look into $1" ;;
    *) fail "in $1 was found: $found" ;;
  esac
}

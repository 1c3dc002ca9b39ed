# shellcheck shell=bash
# common.bash - counting, and running a script of share/remote as the controller does.

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(readlink -f "$here/../..")
remote=$top/share/remote
passed=0 failed=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pgtandem-remote.XXXXXX")

ok() { passed=$((passed + 1)); [ -z "${VERBOSE:-}" ] || echo "ok: $*"; }
not_ok() { failed=$((failed + 1)); echo "NOT OK: $*" >&2; }

# check NAME CMD...: one test
check() {
	local name=$1
	shift
	if "$@" >"$tmp/check.out" 2>&1; then ok "$name"; else
		not_ok "$name"
		sed 's/^/    /' "$tmp/check.out" | tail -n 30 >&2
	fi
}

same() { # NAME WANTED GOT
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: wanted \"$2\", got \"$3\""; fi
}

has() { # NAME PATTERN TEXT
	if grep -q -e "$2" <<<"$3"; then ok "$1"; else not_ok "$1: no \"$2\" in: $3"; fi
}

summary() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}

quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# secret NAME VALUE: a line of the preamble
secret() { printf 's_%s=' "$1"; quoted "$2"; echo; }

# compose FAMILY SCRIPT: what goes to stdin after the preamble
compose() {
	cat "$remote/lib.sh" "$remote/pg.sh"
	if is_os "$2"; then cat "$remote/os_$1.sh"; fi
	cat "$remote/$2.sh"
}

is_os() {
	case $1 in
	install | instance | conf | hba | tls | service | basebackup | standby | drop) ;;
	*) return 1 ;;
	esac
}

fact_of() { sed -n "s/^$1=//p" "$tmp/out"; }

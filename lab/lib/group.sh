# shellcheck shell=bash
# Control groups: whatever the lab starts is in one of its own, so that it can
# be found and ended whoever started it and however that one died.

find_cgroup() {
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		CG2=/sys/fs/cgroup
	elif [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then
		CG2=/sys/fs/cgroup/unified
	else
		die "no cgroup v2 hierarchy"
	fi
}

cg() { echo "$CG2/$LAB.$1"; } # a host's; _daemon and _exec are the lab's own

alive() { grep -qs 'populated 1' "$(cg "$1")/cgroup.events"; }

group_join() { # NAME: the calling shell joins
	mkdir -p "$(cg "$1")"
	echo "$BASHPID" >"$(cg "$1")/cgroup.procs"
}

group_kill() { # NAME
	local c; c=$(cg "$1")
	[ -d "$c" ] || return 0
	echo 1 >"$c/cgroup.kill"
	for _ in {1..250}; do alive "$1" || break; sleep 0.02; done
	find "$c" -depth -type d -exec rmdir {} + 2>/dev/null || say "cgroup $c is still in use"
}

# `lab down` may be called by something that `lab exec` started: the caller and
# its parents are let go first.
group_leave() { # NAME
	local p=$BASHPID c; c=$(cg "$1")
	[ -d "$c" ] || return 0
	while [ "${p:-1}" -gt 1 ]; do
		! grep -qx "$p" "$c/cgroup.procs" || echo "$p" >"$CG2/cgroup.procs"
		p=$(ps -o ppid= -p "$p" | tr -d ' ')
	done
}

group_end() { # NAME: a polite word, a second, then the axe
	local c; c=$(cg "$1")
	[ -d "$c" ] || return 0
	group_leave "$1"
	xargs -r kill <"$c/cgroup.procs" 2>/dev/null || true
	for _ in {1..50}; do alive "$1" || break; sleep 0.02; done
	group_kill "$1"
}

spawn() { # NAME CMD...: a daemon; waits until it prints "ready"
	local name=$1; shift
	: >"$S/$name.out"
	(group_join _daemon; exec setsid "$@") >"$S/$name.out" 2>"$S/$name.err" </dev/null 9>&- &
	echo $! >"$S/$name.pid"
	for _ in {1..250}; do
		! grep -qs ready "$S/$name.out" || return 0
		kill -0 $! 2>/dev/null || break
		sleep 0.02
	done
	kill $! 2>/dev/null || true
	rm -f "$S/$name.pid"
	cat "$S/$name.err" >&2
	die "$name did not start"
}

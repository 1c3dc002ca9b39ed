# shellcheck shell=bash
# Doors from this machine into the controller's network.

cmd_forward() { # start OUTER INNER | stop [OUTER]
	running
	case ${1:-} in
		start) [ $# = 3 ] || die "forward start OUTER_ADDR:PORT INNER_ADDR:PORT"
			forward_start "$2" "$3" ;;
		stop) forward_stop "${2:-}" ;;
		*) die "forward start OUTER_ADDR:PORT INNER_ADDR:PORT, or forward stop" ;;
	esac
}

forward_start() { # OUTER INNER
	local name=forward.$1
	[[ $1 =~ ^[0-9a-fA-F.:]+$|^\[[0-9a-fA-F:]+\]:[0-9]+$ ]] || die "an address is ADDR:PORT: $1"
	[ ! -e "$S/$name.pid" ] || die "$1 is forwarded already"
	spawn "$name" "$HERE/forwarder" "/run/netns/$CTL" "$1" "$2"
	echo "$1 $2" >"$S/$name"
}

forward_stop() { # [OUTER]
	local f pid
	for f in "$S"/forward.*.pid; do
		[ -e "$f" ] || continue
		[ -z "$1" ] || [ "$f" = "$S/forward.$1.pid" ] || continue
		pid=$(<"$f")
		kill "$pid" 2>/dev/null || true
		for _ in {1..100}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.02; done
		rm -f "${f%.pid}" "${f%.pid}".{pid,out,err}
	done
}

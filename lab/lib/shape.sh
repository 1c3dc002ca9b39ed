# shellcheck shell=bash
# A long line between two sites: wan.c gives packets their delay, rate and loss.

usec() { # 40ms, 1s, 250us -> microseconds
	case $1 in
		*us) echo "${1%us}" ;;
		*ms) awk "BEGIN{print int(${1%ms}*1000)}" ;;
		*s) awk "BEGIN{print int(${1%s}*1000000)}" ;;
		*) die "a time needs us, ms or s: $1" ;;
	esac
}

bits() { # 100mbit -> bit/s
	case $1 in
		*gbit) awk "BEGIN{print int(${1%gbit}*1e9)}" ;;
		*mbit) awk "BEGIN{print int(${1%mbit}*1e6)}" ;;
		*kbit) awk "BEGIN{print int(${1%kbit}*1e3)}" ;;
		*) die "a rate needs kbit, mbit or gbit: $1" ;;
	esac
}

cmd_shape() { # A B [OPTION VALUE]...
	[ $# -ge 2 ] || die "shape A B [--delay 40ms] [--jitter 2ms] [--rate 100mbit] [--loss 0.1%]"
	running
	local a=$1 b=$2 a4 a6 b4 b6 delay=0 jitter=0 rate=0 loss=0 queue; shift 2
	nets_of "$a" >/dev/null; nets_of "$b" >/dev/null
	read -r a4 a6 <<<"$(nets_of "$a")"
	read -r b4 b6 <<<"$(nets_of "$b")"
	sed -i "/^$a $b /d; /^$b $a /d" "$S/shapes"
	if [ $# -gt 0 ]; then
		while [ $# -gt 0 ]; do
			case $1 in
				--delay) delay=$(usec "$2") ;;
				--jitter) jitter=$(usec "$2") ;;
				--rate) rate=$(bits "$2") ;;
				--loss) loss=$(awk "BEGIN{print int(${2%\%}*10000)}") ;;
				*) die "shape: $1?" ;;
			esac
			shift 2
		done
		# a router's buffer: 100 ms of the line, 64 KiB at least
		queue=$((rate / 80)); [ $queue -ge 65536 ] || queue=65536
		local how="$delay $jitter $rate $loss $queue"
		printf '%s\n' "$a $b $a4 $b4 $how" "$b $a $b4 $a4 $how" \
			"$a $b $a6 $b6 $how" "$b $a $b6 $a6 $how" >>"$S/shapes"
	fi
	shapes_apply
}

shapes_apply() {
	# hosts before sites: the first rule that holds is used
	sort -t/ -k2,2nr -k3,3nr "$S/shapes" | cut -d' ' -f3- >"$S/wan.new"
	mv "$S/wan.new" "$S/wan.rules"
	if [ -e "$S/wan.pid" ]; then
		kill -HUP "$(<"$S/wan.pid")"
	elif [ -s "$S/wan.rules" ]; then
		wan_start
	fi
	wan_routes
}

wan_start() {
	local v
	gcc -O2 -o "$S/wan" "$HERE/wan.c"
	spawn wan nsenter --net="/run/netns/$RT" "$S/wan" wan "$S/wan.rules"
	ip -n "$RT" link set wan up mtu 1500 txqueuelen 2000 addrgenmode none
	for v in -4 ${V6:+-6}; do
		ip -n "$RT" "$v" route add default dev wan table 100
		ip -n "$RT" "$v" rule add pref 10 iif wan lookup main
	done
}

wan_routes() { # what is shaped takes the way through the device
	local a b v
	for v in -4 ${V6:+-6}; do
		while ip -n "$RT" "$v" rule del pref 20 2>/dev/null; do :; done
	done
	cut -d' ' -f3,4 "$S/shapes" | while read -r a b; do
		v=-4; [[ $a != *:* ]] || v=-6
		[ "$v$V6" = -6 ] || ip -n "$RT" "$v" rule add pref 20 from "$a" to "$b" lookup 100
	done
}

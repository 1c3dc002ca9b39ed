# shellcheck shell=bash
# The network: a router with one port a site, and rules that make packets vanish.

V6=
[ ! -e /proc/sys/net/ipv6 ] || V6=yes # a kernel may come without it

site_number() {
	case $1 in
		ctl) echo 0 ;;
		dc[123]) echo "${1#dc}" ;;
		mirror) echo 9 ;;
		*) return 1 ;;
	esac
}

nets_of() { # a site or a host -> its IPv4 and IPv6 subnets
	local n
	if [ "$1" = all ]; then
		echo 10.77.0.0/16 fd77:77::/32
	elif n=$(site_number "$1"); then
		echo "10.77.$n.0/24 fd77:77:$n::/64"
	else
		known "$1"
		echo "$(host_get "$1" ip)/32 $(host_get "$1" ip6)/128"
	fi
}

mac() { printf '02:00:0a:4d:%02x:%02x' "$1" "$2"; } # SITE HOST

# The MAC address is the same at every boot, so the neighbours' caches stay
# true.  An address is usable at once: nobody here has the same.
leaf() { # NETNS SITE HOST PORT: an end node 10.77.SITE.HOST behind the router's PORT
	ip netns add "$1"
	# shellcheck disable=SC2016 # for another shell
	ns "$1" sh -c 'cd /proc/sys/net
		echo cubic >ipv4/tcp_congestion_control # as Debian; others may hide losses
		for i in all default; do
			echo 0 >ipv6/conf/$i/accept_dad
			echo 0 >ipv6/conf/$i/accept_ra
		done' 2>/dev/null || true
	ip -n "$RT" link add "$4" type veth peer name eth0 address "$(mac "$2" "$3")" netns "$1"
	ip -n "$1" -batch - <<-E
		addr add 10.77.$2.$3/24 dev eth0
		${V6:+addr add fd77:77:$2::$3/64 dev eth0 nodad}
		link set lo up
		link set eth0 up
		route add default via 10.77.$2.1
		${V6:+route add default via fd77:77:$2::1}
	E
	ip -n "$RT" link set "$4" up
}

net_up() {
	local n
	netns_first "$RT"
	# shellcheck disable=SC2016 # for another shell
	ns "$RT" sh -c 'cd /proc/sys/net
		echo 1 >ipv4/ip_forward
		for i in all default; do
			echo 0 >ipv4/conf/$i/rp_filter
			[ ! -e ipv6 ] || echo 0 >ipv6/conf/$i/accept_dad
		done
		[ ! -e ipv6 ] || echo 1 >ipv6/conf/all/forwarding
		# frames between two hosts of a site pass the firewall too
		for f in bridge/bridge-nf-call-ip*tables; do [ ! -e $f ] || echo 1 >$f; done'
	ip -n "$RT" link set lo up
	for n in 1 2 3; do
		# with no address of its own a bridge has its lowest port's, which come and go
		ip -n "$RT" link add "dc$n" address "$(mac "$n" 1)" type bridge forward_delay 0
		router_port "dc$n" "$n"
	done
	leaf "$CTL" 0 10 ctl; router_port ctl 0
	leaf "$MIR" 9 10 mirror; router_port mirror 9
	ns "$RT" nft 'add table inet lab
		add chain inet lab cut { type filter hook forward priority 0; }'
}

router_port() { # PORT SITE
	ip -n "$RT" -batch - <<-E
		addr add 10.77.$2.1/24 dev $1
		${V6:+addr add fd77:77:$2::1/64 dev $1 nodad}
		link set $1 up
	E
}

net_down() {
	local n
	for n in "$MIR" "$CTL" "$RT"; do ip netns del "$n" 2>/dev/null || true; done
	netns_last
}

# /run/netns is iproute2's; where nobody had it before, nobody has it after.
# The lock is for labs that come and go at the same time.
netns_first() {
	(
		flock 7
		[ -e /run/netns ] || touch "$VAR/netns.ours"
		ip netns add "$1"
	) 7>"$VAR/netns.lock"
}

netns_last() {
	(
		flock 7
		[ -e "$VAR/netns.ours" ] && [ -z "$(ls /run/netns)" ] || exit 0
		umount /run/netns 2>/dev/null || true
		rmdir /run/netns && rm "$VAR/netns.ours"
	) 7>"$VAR/netns.lock"
}

# ---- cuts

cuts_apply() {
	local a b a4 a6 b4 b6
	{
		echo 'flush chain inet lab cut'
		while read -r a b; do
			read -r a4 a6 <<<"$(nets_of "$a")"
			read -r b4 b6 <<<"$(nets_of "$b")"
			echo "add rule inet lab cut ip saddr $a4 ip daddr $b4 counter drop"
			echo "add rule inet lab cut ip6 saddr $a6 ip6 daddr $b6 counter drop"
		done <"$S/cuts"
	} >"$S/cuts.nft"
	ns "$RT" nft -f "$S/cuts.nft"
}

cmd_cut() { # A B [--one-way]
	[ $# -ge 2 ] || die "cut A B [--one-way]"
	running
	nets_of "$1" >/dev/null; nets_of "$2" >/dev/null
	echo "$1 $2" >>"$S/cuts"
	[ "${3:-}" = --one-way ] || echo "$2 $1" >>"$S/cuts"
	cuts_apply
}

cmd_heal() { # [A B]
	running
	if [ $# = 2 ]; then
		sed -i "/^$1 $2\$/d; /^$2 $1\$/d" "$S/cuts"
	else
		: >"$S/cuts"
	fi
	cuts_apply
}

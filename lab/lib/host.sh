# shellcheck shell=bash
# Hosts: made, started, and made to fail.

known() { [ -e "$S/host/$1/conf" ] || die "no host $1"; }

host_get() { sed -n "s/^$2=//p" "$S/host/$1/conf"; } # HOST dc|number|ip|ip6|image|disk|init|lower

host_new() { # HOST IMAGE DISK INIT
	local h=$1 d=$S/host/$1 dc=${1%%-*} net n=10 lower
	[[ $h =~ ^dc[123]-[a-z0-9]{1,8}$ ]] ||
		die "a host is named dc1-NAME, dc2-NAME or dc3-NAME: $h"
	[ ! -e "$d/conf" ] || die "host $h exists"
	! grep -q " \(${h}6\|${h%6}\) # lab$" "$S/hosts" ||
		die "$h would be mistaken for another's ${h%6}6"
	lower=$(image "$2")
	net=${dc#dc}
	while grep -qs "^ip=10.77.$net.$n\$" "$S"/host/*/conf; do n=$((n + 1)); done
	rm -rf "$d"; mkdir -p "$d"/{disk,root,run}
	ssh-keygen -q -t ed25519 -N '' -C "$h" -f "$d/key" </dev/null
	host_publish "$h" "10.77.$net.$n" "fd77:77:$net::$n"
	if [ "$3" != none ]; then
		truncate -s "$3" "$d/disk.img"
		mkfs.xfs -q -m reflink=1 "$d/disk.img"
	fi
	printf '%s\n' "dc=$dc" "number=$n" "ip=10.77.$net.$n" "ip6=fd77:77:$net::$n" \
		"image=$2" "disk=$3" "init=$4" "lower=$lower" >"$d/conf.new"
	mv "$d/conf.new" "$d/conf"
}

host_publish() { # HOST IP IP6
	local k; k=$(cut -d' ' -f1,2 "$S/host/$1/key.pub")
	echo "$1,$2,${1}6,$3 $k" >>"$S/known_hosts"
	printf 'Host %s\n HostName %s\n' "$1" "$2" "${1}6" "$3" >>"$S/ssh_config.d"
	printf '%s # lab\n' "$2 $1" "$3 ${1}6" >>"$S/hosts"
}

host_forget() { # HOST
	local kept; kept=$(grep -v " ${1}6\{0,1\} # lab\$" "$S/hosts")
	echo "$kept" >"$S/hosts" # the same inode: `lab exec` has it mounted
	sed -i "/^$1,/d" "$S/known_hosts"
	sed -i "/^Host ${1}6\{0,1\}\$/,+1d" "$S/ssh_config.d"
	sed -i "/^$1 /d; / $1\$/d" "$S/cuts"
	sed -i "/^$1 /d; /^[^ ]* $1 /d" "$S/shapes"
}

# The lab's lines of /etc/hosts are marked, the host's own ones are left alone.
# shellcheck disable=SC2016 # for another shell
HOSTS_INTO='kept=$(grep -sv "# lab$" "$0"); { [ -z "$kept" ] || printf "%s\n" "$kept"; cat; } >"$0"'

hosts_sync() {
	local d h p
	for d in "$S"/host/*/; do
		h=$(basename "$d")
		p=$(host_init "$h")
		[ -z "$p" ] || nsenter --mount --target "$p" -- \
			sh -c "$HOSTS_INTO" /etc/hosts <"$S/hosts" || true
	done
}

host_init() { # HOST -> the process ID of its PID 1
	head -qn 1 "$(cg "$1")"/payload/{init.scope/,}cgroup.procs 2>/dev/null | sed -n 1p || true
}

# ---- one host, from its launcher's side

# Runs in the host's own mount namespace; every mount dies with the host.
host_main() { # HOST
	local h=$1 d=$S/host/$1 rc=133 cmd=(--boot) # 133: nspawn's word for "it rebooted"
	host_root "$h" "$d"
	host_run "$d"
	[ "$(host_get "$h" init)" = systemd ] ||
		cmd=(--as-pid2 /bin/sh -c 'mkdir -p /run/sshd; exec /usr/sbin/sshd -De')
	while [ $rc = 133 ]; do
		rc=0
		systemd-nspawn --quiet --register=no --keep-unit --directory="$d/root" \
			--machine="$h" --network-namespace-path="/run/netns/$LAB-$h" \
			--capability=CAP_NET_ADMIN --resolv-conf=off --timezone=off \
			--link-journal=no --console=pipe "${cmd[@]}" || rc=$?
	done
	echo "lab: $h went off by itself, status $rc"
	ip -n "$RT" link set "$h" down
	exit 0
}

host_root() { # HOST DIR
	local d=$2 r=$2/root
	[ "$(host_get "$1" disk)" = none ] || mount -o loop,discard "$d/disk.img" "$d/disk"
	mkdir -p "$d"/disk/{upper,work}
	mount -t overlay lab "$r" -o \
		"lowerdir=$(host_get "$1" lower),upperdir=$d/disk/upper,workdir=$d/disk/work"
	[ -e "$r/etc/ssh/ssh_host_ed25519_key" ] || host_first_boot "$1" "$d" "$r"
	sh -c "$HOSTS_INTO" "$r/etc/hosts" <"$S/hosts"
}

host_first_boot() { # HOST DIR ROOT
	local d=$2 r=$3 u
	echo "$1" >"$r/etc/hostname"
	tr -d - </proc/sys/kernel/random/uuid >"$r/etc/machine-id"
	: >"$r/etc/hosts"
	for u in root home/ops; do
		mkdir -p "$r/$u/.ssh"; chmod 700 "$r/$u/.ssh"
		cp "$S/id.pub" "$r/$u/.ssh/authorized_keys"
	done
	chown -R --reference="$r/home/ops" "$r/home/ops/.ssh"
	cp "$d/key.pub" "$r/etc/ssh/ssh_host_ed25519_key.pub"
	cp "$d/key" "$r/etc/ssh/ssh_host_ed25519_key"
	sync -f "$r/etc" # or a power loss takes it
}

# systemd-nspawn sees a pure cgroup v2 machine, and has a /run of its own.
host_run() { # DIR
	umount -R /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t tmpfs tmpfs "$1/run"
	mkdir "$1/run/netns"
	mount --rbind /run/netns "$1/run/netns"
	mount -n --move "$1/run" /run
}

# ---- and from outside

host_boot() { # HOST
	local h=$1 d=$S/host/$1 dc
	! alive "$h" || die "$h is up"
	host_clear "$h"
	mkdir -p "$(cg "$h")"
	dc=$(host_get "$h" dc)
	leaf "$LAB-$h" "${dc#dc}" "$(host_get "$h" number)" "$h"
	ip -n "$RT" link set "$h" master "$dc"
	limit_apply "$h"
	(
		group_join "$h"
		limit_join "$h"
		exec setsid unshare --mount --propagation slave "$HERE/lab" _host "$h"
	) </dev/null >>"$d/console" 2>&1 9>&- &
	host_wait "$h"
}

host_wait() { # until sshd answers, a minute at most
	# shellcheck disable=SC2016 # for another shell
	timeout 60 nsenter --net="/run/netns/$CTL" bash -c 'until timeout 1 bash -c "
		exec 3<>/dev/tcp/$0/22 && read -r -u 3 l && [[ \$l = SSH-* ]]"
		do sleep 0.05; done 2>/dev/null' "$(host_get "$1" ip)" ||
		{ tail -5 "$S/host/$1/console" >&2; die "$1 does not answer"; }
}

host_clear() { # takes away what a dead host leaves: network, cgroups, loop
	local h=$1
	for _ in {1..250}; do alive "$h" || break; sleep 0.02; done
	ip netns del "$LAB-$h" 2>/dev/null || true
	ip -n "$RT" link del "$h" 2>/dev/null || true
	group_kill "$h"
	limit_clear "$h"
	for _ in {1..1500}; do # the disk must be free before it is used again
		[ -n "$(losetup -nj "$S/host/$h/disk.img" 2>/dev/null)" ] || break
		sleep 0.02
	done
}

host_kill() { # HOST
	local h=$1 c p; c=$(cg "$h")
	ip -n "$RT" link set "$h" down 2>/dev/null || true  # no FIN, no RST gets out
	if alive "$h" && [ -e "$S/host/$h/disk.img" ]; then # no write gets down
		cat "$c/cgroup.procs" "$c"/supervisor/cgroup.procs 2>/dev/null | while read -r p; do
			! nsenter --mount="/proc/$p/ns/mnt" \
				xfs_io -x -c shutdown "$S/host/$h/disk" 2>/dev/null || break
		done
	fi
	host_clear_now "$h"
}

host_clear_now() { # HOST: its processes end first
	local c; c=$(cg "$1")
	[ ! -d "$c" ] || echo 1 >"$c/cgroup.kill"
	host_clear "$1"
}

cmd_kill() { known "$1"; host_kill "$1"; }
cmd_boot() { known "$1"; host_boot "$1"; }
cmd_freeze() { known "$1"; echo 1 >"$(cg "$1")/cgroup.freeze"; }
cmd_thaw() { known "$1"; echo 0 >"$(cg "$1")/cgroup.freeze"; }

cmd_stop() {
	local h=$1 p
	known "$h"
	p=$(host_init "$h")
	if [ -n "$p" ]; then
		kill -s RTMIN+4 "$p" # systemd: power off
		for _ in {1..1500}; do alive "$h" || break; sleep 0.02; done
	fi
	host_kill "$h"
}

cmd_rm() {
	known "$1"
	host_kill "$1"
	host_forget "$1"
	cuts_apply; shapes_apply
	rm -rf "$S/host/$1"
	hosts_sync
}

# Services and login sessions see a false clock through libfaketime; sshd does
# not (its sandbox kills it), nor do systemd and journald.  PostgreSQL takes it
# at its next restart.
cmd_clock() { # HOST +30s|-1h|off
	[ $# = 2 ] || die "clock HOST +30s|off"
	known "$1"
	cmd_ssh "$1" sh -eu -s -- "$2" <"$HERE/lib/clock-host.sh"
}

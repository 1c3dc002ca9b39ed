# shellcheck shell=bash
# The lab as a whole.

running() { [ -e "$S/ready" ] || die "lab \"$LAB\" is not up"; }

options() { # [--image I] [--disk SIZE|none] [--init systemd|plain]
	image=bookworm disk=8G init=systemd
	while [ $# -gt 0 ]; do
		case $1 in
			--image) image=$2 ;;
			--disk) disk=$2 ;;
			--init) init=$2 ;;
			*) die "$1?" ;;
		esac
		shift 2
	done
	[[ $disk =~ ^(none|[0-9]+[MG])$ ]] ||
		die "a disk is none or has a size like 512M or 8G: $disk"
	[[ $init = systemd || $init = plain ]] || die "init is systemd or plain: $init"
	cmd_setup
	image "$image" >/dev/null
}

lab_up() {
	[ ! -e "$S/ready" ] || return 0
	[ ! -e "$S" ] || cmd_down # somebody was interrupted
	mkdir -p "$S/host" "$VAR/apt"; chmod 755 "$S"
	: >"$S/cuts"; : >"$S/shapes"; : >"$S/known_hosts"; : >"$S/ssh_config.d"
	printf '%s # lab\n' '127.0.0.1 localhost' \
		'::1 localhost ip6-localhost ip6-loopback' '10.77.0.10 ctl' 'fd77:77:0::10 ctl6' \
		'10.77.9.10 mirror' 'fd77:77:9::10 mirror6' >"$S/hosts"
	# nobody answers there, and says so at once: an unknown name costs no time
	printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:1 attempts:1' >"$S/resolv.conf"
	ssh-keygen -q -t ed25519 -N '' -C "$LAB" -f "$S/id" </dev/null
	cat >"$S/ssh_config" <<-E
		Include $S/ssh_config.d
		Host *
		 User root
		 IdentityFile $S/id
		 IdentitiesOnly yes
		 UserKnownHostsFile $S/known_hosts
		 StrictHostKeyChecking yes
		 BatchMode yes
		 ConnectTimeout 10
	E
	net_up
	mirrors_find
	spawn proxy "$HERE/aptproxy" "/run/netns/$MIR" 10.77.9.10:3142 "$VAR/apt" \
		"$MIRROR" "$SECURITY"
	touch "$S/ready"
}

cmd_up() { # N [OPTION VALUE]...
	local n=${1:-} i h image disk init new=()
	[[ $n =~ ^[0-9]+$ ]] || die "up N"
	shift
	# each systemd holds about six inotify instances
	[ $((n * 6)) -le "$(</proc/sys/fs/inotify/max_user_instances)" ] ||
		say "so many hosts may need: sysctl fs.inotify.max_user_instances=1024"
	options "$@"
	lab_up
	for ((i = 0; i < n; i++)); do
		printf -v h 'dc%d-%b' $((i % 2 + 1)) "\\0$(printf %o $((97 + i / 2)))"
		[ -e "$S/host/$h/conf" ] || { host_new "$h" "$image" "$disk" "$init"; new+=("$h"); }
	done
	hosts_sync
	boot_all ${new[@]+"${new[@]}"}
}

boot_all() { # HOST...
	local h p=() bad=0
	for h; do host_boot "$h" & p+=($!); done
	for h in ${p[@]+"${p[@]}"}; do wait "$h" || bad=1; done
	[ $bad = 0 ] || die "not every host came up"
}

cmd_add() { # HOST [OPTION VALUE]...
	local h=$1 image disk init; shift
	options "$@"
	lab_up
	host_new "$h" "$image" "$disk" "$init"
	hosts_sync
	host_boot "$h"
}

cmd_status() {
	local d h state
	running
	for d in "$S"/host/*/; do
		h=$(basename "$d")
		[ -e "$d/conf" ] || continue
		state=off
		! alive "$h" || state=up
		! grep -qs 1 "$(cg "$h")/cgroup.freeze" || state=frozen
		printf '%-10s %-12s %-7s %-8s %-24s %s\n' "$h" "$(host_get "$h" ip)" $state \
			"$(host_get "$h" init)" "$(host_get "$h" image)" "$(host_get "$h" ip6)"
	done
	sed 's/^/cut    /' "$S/cuts"
	grep -v : "$S/shapes" | sed 's/^/shape  /' || true
	for d in "$S"/forward.*.pid; do
		[ ! -e "$d" ] || sed 's/^/forward  /' "${d%.pid}"
	done
}

cmd_env() {
	running
	printf '%s\n' "LAB_KEY=$S/id" "LAB_KNOWN_HOSTS=$S/known_hosts" \
		"LAB_SSH_CONFIG=$S/ssh_config" "LAB_HOSTS=$S/hosts"
}

cmd_ssh() {
	running
	group_join _exec
	ns "$CTL" ssh -F "$S/ssh_config" "$@"
}

cmd_exec() {
	running
	[ $# -gt 0 ] || die "exec CMD..."
	group_join _exec
	umask "$OUTER_UMASK"
	unset LC_ALL
	# shellcheck disable=SC2016 # for another shell
	exec nsenter --net="/run/netns/$CTL" unshare --mount --propagation slave sh -c '
		mount --bind "$0/hosts" /etc/hosts
		[ ! -e /etc/resolv.conf ] || mount --bind "$0/resolv.conf" /etc/resolv.conf
		exec env "$@"' "$S" "${OUTER[@]}" "$@"
}

cmd_down() {
	local hosts h
	group_end _exec
	group_kill _daemon
	hosts=$(for h in "$S"/host/* "$CG2/$LAB".*; do
		[ ! -e "$h" ] || basename "${h/#"$CG2/$LAB".//}"
	done | sort -u)
	for h in $hosts; do
		[ ! -d "$(cg "$h")" ] || echo 1 >"$(cg "$h")/cgroup.kill"
	done
	for h in $hosts; do host_clear "$h"; done
	net_down
	rm -rf "$S"
}

# shellcheck shell=bash
# Less memory or CPU for a host.  The controllers are in the unified hierarchy
# or in the old ones, as the machine has them; a limit outlives a power loss.

cmd_limit() { # HOST [--mem 512M] [--cpus 0.5]
	known "$1"
	local h=$1 file; shift
	file=$S/host/$h/limit
	while [ $# -gt 0 ]; do
		case $1 in
			--mem | --cpus) sed -i "/^${1#--} /d" "$file" 2>/dev/null || true
				echo "${1#--} $2" >>"$file" ;;
			*) die "limit: $1?" ;;
		esac
		shift 2
	done
	alive "$h" || return 0
	limit_apply "$h"
	limit_move "$h"
}

limit_apply() { # HOST
	local key value
	[ -e "$S/host/$1/limit" ] || return 0
	while read -r key value; do "limit_$key" "$1" "$value"; done <"$S/host/$1/limit"
}

unified() { grep -qw "$1" "$CG2/cgroup.subtree_control"; } # CONTROLLER

limit_mem() { # HOST 512M
	local c=/sys/fs/cgroup/memory/$LAB.$1
	if unified memory; then
		echo "$2" >"$(cg "$1")/memory.max"
	else
		mkdir -p "$c"; echo "$2" >"$c/memory.limit_in_bytes"
	fi
}

limit_cpus() { # HOST 0.5
	local c=/sys/fs/cgroup/cpu/$LAB.$1 quota
	quota=$(awk "BEGIN{print int($2*100000)}")
	if unified cpu; then
		echo "$quota 100000" >"$(cg "$1")/cpu.max"
	else
		mkdir -p "$c"; echo "$quota" >"$c/cpu.cfs_quota_us"
	fi
}

limit_join() { # HOST: the calling shell joins the old hierarchies' groups
	local v1
	for v1 in memory cpu; do
		[ ! -d "/sys/fs/cgroup/$v1/$LAB.$1" ] ||
			echo "$BASHPID" >"/sys/fs/cgroup/$v1/$LAB.$1/cgroup.procs"
	done
}

limit_move() { # HOST: all that runs there already joins
	local v1 p
	for v1 in memory cpu; do
		[ -d "/sys/fs/cgroup/$v1/$LAB.$1" ] || continue
		find "$(cg "$1")" -name cgroup.procs -exec cat {} + | while read -r p; do
			echo "$p" >"/sys/fs/cgroup/$v1/$LAB.$1/cgroup.procs" 2>/dev/null || true
		done
	done
}

limit_clear() { # HOST
	local v1
	for v1 in memory cpu; do
		[ ! -d "/sys/fs/cgroup/$v1/$LAB.$1" ] || rmdir "/sys/fs/cgroup/$v1/$LAB.$1"
	done
}

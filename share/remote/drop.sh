# shellcheck shell=sh
# drop.sh - stops an instance for good, or removes it with its data. Only the very one that is meant.

main() {
	begin "$@"
	: "${a_sysid:=}" "${a_timeout:=1800}"
	need_root
	need_args version datadir sysid
	os_paths
	[ "$datadir" = "$a_datadir" ] || refuse changed "the instance's data directory is $datadir"
	guard "drop-$a_version-$a_name"
	case $a_action in
	stop) drop_stop ;;
	remove) drop_remove ;;
	*) fail args "no action \"$a_action\" here" ;;
	esac
	fact changed "$changed"
}

# nothing is left to be careful about, or it is what the caller expects
same_instance() {
	case $(dir_state "$datadir") in
	absent | empty) return 1 ;;
	cluster) ;;
	*) refuse changed "$datadir is not a PostgreSQL cluster" ;;
	esac
	si_now=$(control_value 'Database system identifier')
	[ "$si_now" = "$a_sysid" ] ||
		refuse changed "$datadir holds the cluster with system identifier ${si_now:-?}, not $a_sysid"
	si_conf=$(conf_value "$confdir/postgresql.conf" data_directory)
	[ -z "$si_conf" ] || [ "$si_conf" = "$datadir" ] || [ "$confdir" = "$datadir" ] ||
		refuse changed "instance $a_version/$a_name has its data in $si_conf, not in $datadir"
}

drop_stop() {
	same_instance || return 0
	# on a full disk: what is dropped may be what fills it
	(os_enable no) || warn "$datadir: cannot keep the server from being started at the next boot"
	! postmaster_of "$datadir" || {
		changed=yes
		say "Stopping PostgreSQL node."
		stop_now
	}
}

stop_now() {
	sn_n=0
	if [ -d /run/systemd/system ] && [ -n "$unit" ] && systemctl -q is-active "$unit"; then
		systemctl stop --no-block "$unit"
	else
		kill -INT "$pm_pid"
	fi
	while postmaster_of "$datadir"; do
		[ "$sn_n" -lt $((a_timeout * 10)) ] || fail timeout "the server in $datadir did not stop within $a_timeout s"
		[ "$sn_n" != 50 ] || kill -INT "$pm_pid"
		sn_n=$((sn_n + 1))
		sleep 0.1
	done
	# the unit has seen it go, also one that was still about to become active
	[ ! -d /run/systemd/system ] || [ -z "$unit" ] || systemctl stop "$unit" 2>/dev/null
}

drop_remove() {
	if same_instance; then
		! postmaster_of "$datadir" ||
			refuse busy "the instance $a_version/$a_name runs; stop it before it is removed"
		say "Removing PostgreSQL instance $a_version/$a_name and $datadir."
		remove_spaces
		changed=yes
	fi
	rm -f "$(os_passfile)"
	os_instance_forget
	# the control file goes last: a call that is killed can be told again what this was
	if [ -d "$datadir" ]; then
		find "$datadir/" -mindepth 1 ! -path "$datadir/global" ! -path "$datadir/global/pg_control" \
			! -path "$datadir/PG_VERSION" -delete
		rm -rf "$datadir/global" "$datadir/PG_VERSION"
		rmdir "$datadir" 2>/dev/null
	fi
	return 0
}

# of a tablespace only what this server put there
remove_spaces() {
	for rs_link in "$datadir"/pg_tblspc/*; do
		[ -L "$rs_link" ] || continue
		for rs_dir in "$rs_link"/PG_"$a_version"_*; do
			[ ! -d "$rs_dir" ] || rm -rf "$rs_dir"
		done
	done
}

main "$@"; exit $?

# shellcheck shell=sh
# instance.sh - a new, empty, stopped primary; or away again.

main() {
	begin "$@"
	: "${a_encoding:=UTF8}" "${a_locale:=}" "${a_wal_segsize_mb:=}"
	need_root
	need_args version job
	: "${a_port:=5432}"
	[ -n "$a_port" ] || a_port=5432
	check_instance_args
	os_paths
	os_check_name
	record "instance-$a_version-$a_name"
	action_run check_instance do_instance undo_instance
}

check_instance_args() {
	case $a_encoding in
	*[!A-Za-z0-9_-]* | -*) fail args "\"$a_encoding\" is not an encoding" ;;
	esac
	case $a_locale in
	*[!A-Za-z0-9_.@-]* | -*) fail args "\"$a_locale\" is not a locale" ;;
	esac
	is_number "${a_wal_segsize_mb:-1}" || fail args "WAL segment size \"$a_wal_segsize_mb\" is not a number"
}

check_instance() {
	[ -f "$datadir/global/pg_control" ] && os_instance_exists || return 3
	# half made, by a call that was killed
	! rec_has started || rec_has "done" || return 3
	rec_has "done" || refuse_there
	facts_instance
}

refuse_there() {
	hint "choose another instance name or data directory, or import the instance that is there"
	refuse exists "instance $a_version/$a_name with data directory $datadir is on this host already"
}

facts_instance() {
	fact datadir "$datadir"
	fact confdir "$confdir"
	fact unit "$unit"
	fact log_file "$log_file"
	fact conf_dropin "$(conf_dropin_of "$confdir")"
	fact system_identifier "$(control_value 'Database system identifier')"
	fact locale "$(rec_get locale)"
}

do_instance() {
	if (check_instance) >/dev/null 2>&1; then
		check_instance
		return 0
	fi
	guard "instance-$a_version-$a_name"
	os_software_ok || refuse missing "PostgreSQL $a_version is not installed on this host"
	# an earlier call of this job was killed in the middle
	! rec_has started || remove_instance
	refuse_if_used
	remember_parents
	rec_put locale "${a_locale:-$(default_locale)}"
	rec_put started "$datadir"
	say "Creating PostgreSQL instance $a_version/$a_name in $datadir, locale $(rec_get locale), port $a_port."
	os_instance_make "$(rec_get locale)" "$a_encoding"
	os_paths
	sync_tree "$datadir"
	rec_put system_identifier "$(control_value 'Database system identifier')"
	rec_put "done" yes
	changed=yes
	facts_instance
}

refuse_if_used() {
	! os_instance_exists || refuse_there
	case $(dir_state "$datadir") in
	absent | empty) ;;
	cluster) refuse exists "$datadir holds a PostgreSQL cluster already" ;;
	notdir) refuse exists "$datadir is not a directory" ;;
	*)
		hint "empty it yourself if nothing in it is needed, or choose another data directory"
		refuse exists "$datadir is not empty"
		;;
	esac
	ru_conf=$(grep -ls "^port *= *'\{0,1\}$a_port'\{0,1\}\([[:blank:]#].*\)\{0,1\}\$" \
		/etc/postgresql/*/*/postgresql.conf | head -n 1)
	[ -z "$ru_conf" ] || refuse exists "port $a_port is taken by the instance of $ru_conf"
}

# C.UTF-8 sorts like C, the same way everywhere, and knows letters
default_locale() {
	if locale -a 2>/dev/null | grep -qix 'C\.utf-\{0,1\}8'; then echo C.UTF-8; else echo C; fi
}

undo_instance() {
	rec_has started || return 0
	guard "instance-$a_version-$a_name"
	! postmaster_of "$datadir" || refuse busy "the instance $a_version/$a_name runs; stop it before it is removed"
	ui_now=$(control_value 'Database system identifier')
	ui_then=$(rec_get system_identifier)
	[ -z "$ui_then" ] || [ -z "$ui_now" ] || [ "$ui_then" = "$ui_now" ] ||
		refuse changed "$datadir now holds another cluster (system identifier $ui_now, this job made $ui_then)"
	say "Removing PostgreSQL instance $a_version/$a_name and $datadir."
	remove_instance
	forget_parents
	rec_forget
}

remove_instance() {
	[ "$(rec_get started)" = "$datadir" ] || fail changed "this job made $(rec_get started), not $datadir"
	os_instance_forget
	remove_datadir
}

main "$@"; exit $?

# shellcheck shell=sh
# standby.sh - the staging directory becomes the instance: a standby from its first moment, stopped.
# Also points an existing standby at another upstream (action=follow).

standby_file=pgtandem-standby.conf

main() {
	begin "$@"
	: "${a_host:=}" "${a_uport:=5432}" "${a_user:=}" "${a_application_name:=}" "${a_slot:=}" "${a_sslmode:=prefer}"
	: "${a_sysid:=}" "${s_password:=}" "${s_ca:=}" "${s_hba_base:=}"
	need_root
	need_args version job
	[ -n "$a_port" ] || a_port=5432
	os_paths
	staging=$(staging_of "$datadir")
	record "standby-$a_version-$a_name"
	if [ "$a_action" = follow ]; then
		do_follow
		return
	fi
	action_run check_standby do_standby undo_standby
}

has_recovery_conf() { [ "$(vnum "$a_version")" -lt 1200 ]; }

where_files() {
	sb_dropin=$(conf_dropin_of "$confdir")
	if has_recovery_conf; then
		standby_conf=$datadir/recovery.conf
	else
		standby_conf=${sb_dropin:-$confdir}/$standby_file
	fi
	passfile_path=$(os_passfile)
	ca_path=$confdir/pgtandem-upstream-ca.crt
}

check_standby() {
	need_args host user
	where_files
	[ -f "$datadir/PG_VERSION" ] && is_marked "$datadir" || return 3
	same_text "$standby_conf" "$(standby_text)" || return 3
	[ ! -e "$staging" ] || return 3
	! rec_has started || rec_has "done" || return 3
	facts_standby
}

is_marked() { # DIR: the server can only come up as a standby there
	if has_recovery_conf; then
		grep -qs "^standby_mode *= *'\{0,1\}on" "$1/recovery.conf"
	else
		[ -f "$1/standby.signal" ]
	fi
}

facts_standby() {
	fact datadir "$datadir"
	fact confdir "$confdir"
	fact unit "$unit"
	fact log_file "$log_file"
	fact conf_dropin "$(conf_dropin_of "$confdir")"
	fact standby_conf "$standby_conf"
	fact passfile "$passfile_path"
}

# ---- the upstream -------------------------------------------------------------------

upstream_info() {
	printf 'host=%s port=%s user=%s application_name=%s sslmode=%s connect_timeout=10' \
		"$(conninfo_value "$a_host")" "$a_uport" "$(conninfo_value "$a_user")" \
		"$(conninfo_value "${a_application_name:-$a_name}")" "$(ssl_mode)"
	[ -z "$s_ca" ] || printf ' sslrootcert=%s' "$(conninfo_value "$ca_path")"
	if [ "$(vnum "$a_version")" -ge 1000 ]; then
		printf ' passfile=%s' "$(conninfo_value "$passfile_path")"
	elif [ -n "$s_password" ]; then
		# libpq of 9.6 knows no passfile in a conninfo; recovery.conf is 0600
		printf ' password=%s' "$(conninfo_value "$s_password")"
	fi
}

# a string in a configuration file
guc_value() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/''/g; s/\\\\/\\\\\\\\/g")"; }

standby_text() {
	! has_recovery_conf || echo "standby_mode = on"
	echo "primary_conninfo = $(guc_value "$(upstream_info)")"
	echo "primary_slot_name = $(guc_value "$a_slot")"
	echo "recovery_target_timeline = 'latest'"
	has_recovery_conf || echo "hot_standby = on"
}

write_upstream() {
	if [ -n "$s_ca" ]; then
		printf '%s\n' "$s_ca" | put_file "$ca_path" 644 "$pg_owner:"
	fi
	if [ -n "$s_password" ]; then
		mkdir -p "${passfile_path%/*}"
		pass_line "$a_host" "$a_uport" "$s_password" | put_file "$passfile_path" 600 "$pg_owner:"
	fi
	say "Writing file '$standby_conf'."
	standby_text | put_file "$standby_conf" 600 "$pg_owner:"
	has_recovery_conf || [ -n "$sb_dropin" ] || include_standby
}

include_standby() {
	is_main=$confdir/postgresql.conf is_line="include_if_exists '$standby_file'"
	! grep -qxF "$is_line" "$is_main" || return 0
	{ cat "$is_main" && printf '\n%s\n' "$is_line"; } >"$run_dir/main"
	put_file "$is_main" "$(stat -c %a "$is_main")" "$(stat -c %U:%G "$is_main")" <"$run_dir/main"
}

# ---- do -----------------------------------------------------------------------------

do_standby() {
	need_args host user
	if check_standby >/dev/null; then
		facts_standby
		return 0
	fi
	guard "copy-$(path_id "$datadir")"
	if ! rec_has renamed || [ -e "$staging" ]; then
		need_copy
		prepare_staging
		take_place
	fi
	os_adopt
	os_paths
	where_files
	write_upstream
	assert_standby
	os_enable yes
	rec_put "done" yes
	changed=yes
	facts_standby
}

need_copy() {
	[ -e "$STATE_ROOT/job-$a_job/copy-$(path_id "$datadir")/complete" ] && [ -f "$staging/global/pg_control" ] ||
		refuse missing "there is no complete copy of this job in $staging"
	case $(dir_state "$datadir") in
	absent | empty) ;;
	*) rec_has renamed || refuse exists "$datadir is not empty" ;;
	esac
	! os_instance_exists || rec_has started ||
		refuse exists "instance $a_version/$a_name is on this host already"
	nc_now=$(control_value 'Database system identifier' "$staging")
	[ -z "$a_sysid" ] || [ "$nc_now" = "$a_sysid" ] ||
		refuse changed "the copy in $staging has system identifier $nc_now, not $a_sysid"
	rec_put sysid "$nc_now"
	rec_put started "$datadir"
}

# First of all it can only be a standby; then what belongs to the source's host goes.
prepare_staging() {
	if has_recovery_conf; then
		where_files
		standby_text | put_file "$staging/recovery.conf" 600 "$pg_owner:"
	else
		put_file "$staging/standby.signal" 600 "$pg_owner:" </dev/null
	fi
	rm -f "$staging/recovery.signal" "$staging/recovery.done" "$staging/postmaster.opts" "$staging"/pgtandem*
	ps_hba=$s_hba_base
	if [ -z "$ps_hba" ] && [ -f "$staging/pg_hba.conf" ]; then
		# the source kept it in its data directory; our block there names its own hosts
		ps_hba=$(sed '/^# BEGIN pgTandem managed block$/,/^# END pgTandem managed block$/d' "$staging/pg_hba.conf")
	fi
	[ -z "$ps_hba" ] || say "Using the pg_hba.conf contents for the slave."
	os_scrub_copy "$staging"
	os_prepare_copy "$staging" "$ps_hba"
	clean_auto_conf
}

# ALTER SYSTEM on the source wins over every file here, so what is about its host must go
clean_auto_conf() {
	ca_file=$staging/postgresql.auto.conf
	[ -f "$ca_file" ] || return 0
	ca_names='primary_conninfo|primary_slot_name|restore_command|archive_cleanup_command|recovery_end_command'
	ca_names="$ca_names|recovery_[a-z_]*|promote_trigger_file|port|listen_addresses|ssl[a-z_]*|data_directory"
	ca_names="$ca_names|hba_file|ident_file|config_file|external_pid_file|unix_socket_[a-z]*|cluster_name"
	ca_names="$ca_names|synchronous_standby_names|archive_command|archive_library|stats_temp_directory"
	ca_gone=$(grep -oE "^ *($ca_names) *=" "$ca_file" | tr -d ' =' | sort -u | commas)
	[ -n "$ca_gone" ] || return 0
	say "Not taking over from the source's postgresql.auto.conf: $ca_gone"
	grep -vE "^ *($ca_names) *=" "$ca_file" >"$run_dir/auto"
	put_file "$ca_file" 600 "$pg_owner:" <"$run_dir/auto"
}

take_place() {
	is_marked "$staging" || fail failed "$staging is not marked as a standby"
	sync_tree "$staging"
	rec_put renamed "$datadir"
	if [ "${staging%/*}" = "$datadir" ]; then
		move_up
	else
		[ ! -d "$datadir" ] || rmdir "$datadir" || fail exists "$datadir is not empty"
		mv -T "$staging" "$datadir" || fail failed "cannot rename $staging to $datadir"
	fi
	sync_path "${datadir%/*}" "$datadir"
}

# Into a mount point: the mark first, the control file's directory last, so that nothing
# between can be started as anything else.
move_up() {
	for mu_f in "$staging/standby.signal" "$staging/recovery.conf" "$staging"/* "$staging"/.[!.]*; do
		case $mu_f in
		*/global | *'/*' | *'/.[!.]*') continue ;;
		esac
		[ ! -e "$mu_f" ] || mv "$mu_f" "$datadir/" || fail failed "cannot move $mu_f to $datadir"
	done
	sync_path "$datadir"
	[ ! -e "$staging/global" ] || mv "$staging/global" "$datadir/" || fail failed "cannot move $staging/global"
	chmod 700 "$datadir"
	rmdir "$staging"
}

assert_standby() {
	is_marked "$datadir" || fail failed "$datadir is not marked as a standby"
	has_recovery_conf && return 0
	as_info=$(as_user "$pg_owner" "$bindir/postgres" -D "$datadir" -c "config_file=$confdir/postgresql.conf" \
		-C primary_conninfo 2>"$run_dir/out") || {
		say_lines "$run_dir/out"
		fail config "the server refuses the configuration in $confdir: $(grep -m 1 'LOG\|FATAL' "$run_dir/out")"
	}
	[ "$as_info" = "$(upstream_info)" ] ||
		fail config "primary_conninfo of $confdir is set elsewhere too, to another value"
}

# ---- follow -------------------------------------------------------------------------

do_follow() {
	need_args host user
	where_files
	is_marked "$datadir" || refuse changed "$datadir is not a standby"
	if ! same_text "$standby_conf" "$(standby_text)"; then
		guard "copy-$(path_id "$datadir")"
		write_upstream
		changed=yes
		a_reload=yes
		reload_server
	fi
	fact changed "$changed"
	# a new primary_conninfo is taken with a reload from 13 on
	if [ "$changed" = yes ] && [ "$(vnum "$a_version")" -lt 1300 ]; then
		fact restart_needed yes
	else
		fact restart_needed no
	fi
}

# ---- undo ---------------------------------------------------------------------------

undo_standby() {
	rec_has started || return 0
	guard "copy-$(path_id "$datadir")"
	[ "$(rec_get started)" = "$datadir" ] || fail changed "this job made $(rec_get started), not $datadir"
	! postmaster_of "$datadir" || refuse busy "the instance $a_version/$a_name runs; stop it before it is removed"
	where_files
	if rec_has renamed && [ "$(dir_state "$datadir")" != absent ]; then
		us_now=$(control_value 'Database system identifier')
		[ -z "$us_now" ] || [ "$us_now" = "$(rec_get sysid)" ] ||
			refuse changed "$datadir now holds another cluster, system identifier $us_now"
		say "Removing PostgreSQL instance $a_version/$a_name and $datadir."
	fi
	rm -f "$passfile_path" "$passfile_path.pgtandem-new"
	os_instance_forget
	! rec_has renamed || remove_datadir
	rec_forget
}

main "$@"; exit $?

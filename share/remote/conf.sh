# shellcheck shell=sh
# conf.sh - our own configuration file, included by the instance's. Nothing else is touched
# but, where no directory is included, one line at the end of postgresql.conf.

main() {
	begin "$@"
	: "${a_file:=pgtandem.conf}" "${a_reload:=yes}" "${s_conf:=}"
	need_root
	need_args version
	include_line="include_if_exists '$a_file'"
	os_paths
	[ "$a_action" = check ] || record "conf-$a_version-$a_name-$a_file"
	[ "$a_action" = undo ] || conf_locate
	action_run check_conf do_conf undo_conf
}

conf_locate() {
	case $a_file in
	.* | -* | *[!a-z0-9_.-]*) fail args "\"$a_file\" is not the name of a configuration file" ;;
	*.conf) ;;
	*) fail args "\"$a_file\" does not end in .conf" ;;
	esac
	need_conf
	dropin=$(conf_dropin_of "$confdir")
	conf_file=${dropin:-$confdir}/$a_file
}

has_include() { [ -n "$dropin" ] || grep -qxF "$include_line" "$confdir/postgresql.conf"; }

check_conf() {
	same_text "$conf_file" "$s_conf" && has_include || return 3
	facts_conf
}

facts_conf() {
	fact conf_file "$conf_file"
	fact pending_restart "$(pending_restart)"
}

do_conf() {
	if check_conf >/dev/null; then
		facts_conf
		return 0
	fi
	guard "conf-$a_version-$a_name"
	try_conf
	remember_conf
	say "Writing file '$conf_file'."
	printf '%s\n' "$s_conf" | put_file "$conf_file" 640 "$pg_owner:"
	has_include || add_include
	changed=yes
	reload_server
	facts_conf
}

# The server's own parser reads the present configuration with the new text after it.
try_conf() {
	tc_try=$confdir/.pgtandem-try
	{
		echo "include 'postgresql.conf'"
		printf '%s\n' "$s_conf"
	} | put_file "$tc_try" 640 "$pg_owner:"
	as_user "$pg_owner" "$bindir/postgres" -D "$datadir" -c "config_file=$tc_try" \
		-C max_connections >"$run_dir/out" 2>&1
	tc_rc=$?
	rm -f "$tc_try"
	[ "$tc_rc" != 0 ] || return 0
	sed 's/^.*\(LOG\|FATAL\|ERROR\|HINT\|DETAIL\): */\1: /' "$run_dir/out" | grep -v 'contains errors' | say_lines
	tc_text=$(grep -v 'contains errors' "$run_dir/out" | grep -m 1 'LOG\|FATAL\|ERROR')
	refuse config "the server refuses $a_file: ${tc_text#*: }"
}

remember_conf() {
	rec_has file && return 0
	[ ! -f "$conf_file" ] || rec_put before <"$conf_file"
	[ ! -f "$conf_file" ] || rec_put mode "$(stat -c '%a %U:%G' "$conf_file")"
	has_include || rec_put include yes
	rec_put file "$conf_file"
}

add_include() {
	ai_main=$confdir/postgresql.conf
	ai_mode=$(stat -c %a "$ai_main")
	{
		cat "$ai_main"
		[ -z "$(tail -c 1 "$ai_main")" ] || echo
		printf '%s\n' "$include_line"
	} >"$run_dir/main"
	put_file "$ai_main" "$ai_mode" "$(stat -c %U:%G "$ai_main")" <"$run_dir/main"
}

undo_conf() {
	rec_has file || return 0
	guard "conf-$a_version-$a_name"
	conf_file=$(rec_get file)
	if [ ! -d "${conf_file%/*}" ]; then
		# the instance is gone, and all with it
		rec_forget
		return
	fi
	rm -f "$confdir/.pgtandem-try" "$confdir/.pgtandem-try.pgtandem-new" "$conf_file.pgtandem-new"
	if rec_has before; then
		uc_mode=$(rec_get mode)
		put_file "$conf_file" "${uc_mode%% *}" "${uc_mode#* }" <"$rec/before"
	else
		rm -f "$conf_file"
	fi
	! rec_has include || drop_include
	reload_server
	rec_forget
}

drop_include() {
	di_main=$confdir/postgresql.conf
	grep -qxF "$include_line" "$di_main" 2>/dev/null || return 0
	grep -vxF "$include_line" "$di_main" >"$run_dir/main"
	put_file "$di_main" "$(stat -c %a "$di_main")" "$(stat -c %U:%G "$di_main")" <"$run_dir/main"
}

# settings which a running server takes only with a restart (9.5 on)
pending_restart() {
	[ "$a_reload" = yes ] && postmaster_of "$datadir" && [ -n "$pm_sock" ] || return 0
	(
		a_port=''
		a_datadir=$datadir
		find_server
		wait_reloaded
		echo 'select name from pg_settings where pending_restart order by 1;' | psql_run postgres
	) 2>/dev/null | commas
}

main "$@"; exit $?

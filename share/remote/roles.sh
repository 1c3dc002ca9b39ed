# shellcheck shell=sh
# roles.sh - the admin, the replication and the monitoring role. Passwords become verifiers
# on this side of the connection: no statement with a clear password reaches the server.

main() {
	begin "$@"
	: "${a_admin:=}" "${a_repl:=}" "${a_mon:=}" "${a_update:=no}" "${a_login:=}"
	: "${s_admin_password:=}" "${s_repl_password:=}" "${s_mon_password:=}" "${s_login_password:=}"
	need_root
	find_server
	login_as "$a_login" "$s_login_password"
	roles_options
	[ "$a_action" = check ] || record "roles-$srv_port"
	[ "$a_action" = undo ] || read_roles
	action_run check_roles do_roles undo_roles
}

# nothing of this session is worth the server's log
roles_options() {
	psql_options='-c log_statement=none -c log_min_error_statement=panic -c log_min_duration_statement=-1'
	[ "$srv_vnum" -lt 1000 ] || psql_options="$psql_options -c password_encryption=scram-sha-256"
}

# one line per wanted role: KIND absent|ok|lacks
read_roles() {
	need_run_dir
	{
		psql_set admin "$a_admin"
		psql_set repl "$a_repl"
		psql_set mon "$a_mon"
		sql_roles_state
	} | psql_run postgres >"$run_dir/state" || psql_fail
	! grep -qx 'recovery true' "$run_dir/state" ||
		refuse changed "the server on port $srv_port is a standby; roles are made on its master"
}

sql_roles_state() {
	srs_mon=true
	[ "$srv_vnum" -lt 1000 ] || srs_mon="pg_has_role(r.oid, 'pg_monitor', 'member')"
	cat <<-SQL
	select 'recovery ' || pg_is_in_recovery();
	select w.kind || ' ' || case when r.oid is null then 'absent'
	  when r.rolcanlogin and case w.kind when 'admin' then r.rolsuper when 'repl' then r.rolreplication
	    else $srs_mon end then 'ok' else 'lacks' end
	from (values ('admin', :'admin'), ('repl', :'repl'), ('mon', :'mon')) w (kind, name)
	left join pg_roles r on r.rolname = w.name where w.name <> '';
	SQL
}

check_roles() { ! grep -q 'absent$\|lacks$' "$run_dir/state" || return 3; }

do_roles() {
	guard "roles-$srv_port"
	for dr_kind in admin repl mon; do
		dr_state=$(sed -n "s/^$dr_kind //p" "$run_dir/state")
		[ -z "$dr_state" ] || do_role "$dr_kind" "$dr_state"
	done
	fact created "$(rec_get created | commas)"
}

do_role() { # KIND STATE
	role='' role_password=''
	eval "role=\$a_$1 role_password=\$s_$1_password"
	case $1 in
	admin) role_words='superuser login' ;;
	repl) role_words='replication login' ;;
	mon) role_words='login' ;;
	esac
	# made by a call of this job that was killed: it may lack its password
	ro_ours=no
	! rec_get created | grep -qxF -e "$role" || rec_get complete | grep -qxF -e "$role" || ro_ours=yes
	case $2:$ro_ours:$a_update in
	absent:*)
		{ rec_get created && printf '%s\n' "$role"; } | sort -u >"$run_dir/created"
		rec_put created <"$run_dir/created"
		say "Creating role \"$role\"."
		write_role create
		role_complete
		;;
	*:yes:* | *:*:yes)
		say "Updating role \"$role\"."
		write_role alter
		[ "$ro_ours" = no ] || role_complete
		;;
	lacks:*)
		hint "allow the controller to change it, or give another role"
		refuse exists "role \"$role\" exists and is not \"$role_words\""
		;;
	esac
}

role_complete() {
	{ rec_get complete && printf '%s\n' "$role"; } | sort -u >"$run_dir/complete"
	rec_put complete <"$run_dir/complete"
}

write_role() { # create|alter
	need_run_dir
	wr_file=$run_dir/role.sql
	{
		psql_set role "$role"
		printf 'begin;\n%s role :"role" with %s;\n' "$1" "$role_words"
		[ "$dr_kind" != mon ] || [ "$srv_vnum" -lt 1000 ] || echo 'grant pg_monitor to :"role";'
		role_password_sql
		echo 'commit;'
	} >"$wr_file"
	chmod 644 "$wr_file"
	printf '%s\n%s\n' "$role_password" "$role_password" | psql_run_file "$wr_file" >/dev/null || psql_fail
	changed=yes
}

# \password asks twice on stdin (there is no terminal) and sends a verifier. What is one already goes
# as it is; psql before 14 knows no more than 99 bytes.
role_password_sql() {
	case $role_password in
	'') return 0 ;;
	SCRAM-SHA-256\$*:*\$*:* | md5[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]*) ;;
	*"$NL"*) fail args "the password of role \"$role\" has a newline in it" ;;
	*)
		if [ ${#role_password} -lt 100 ] || [ "$(vnum "$(server_major "$srv_bin/psql")")" -ge 1400 ]; then
			echo '\password :"role"'
			return 0
		fi
		;;
	esac
	# the file with this is for its reader only
	chown "$srv_owner" "$wr_file"
	chmod 600 "$wr_file"
	psql_set pw "$role_password"
	echo 'alter role :"role" password :'\''pw'\'';'
}

undo_roles() {
	ur_created=$(rec_get created)
	if [ -n "$ur_created" ]; then
		guard "roles-$srv_port"
		printf '%s\n' "$ur_created" | while IFS= read -r ur_role; do
			say "Dropping role \"$ur_role\"."
			{
				psql_set role "$ur_role"
				echo 'drop role if exists :"role";'
			} | psql_run postgres || psql_fail
		done || exit 1
	fi
	rec_forget
}

main "$@"; exit $?

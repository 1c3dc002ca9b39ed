# shellcheck shell=sh
# sql.sh - one text of SQL with psql variables, rows out.

main() {
	begin "$@"
	: "${a_db:=postgres}" "${a_timeout_ms:=0}" "${a_tx:=no}" "${a_admin:=}" "${s_admin_password:=}" "${s_sql:=}"
	need_root
	is_number "$a_timeout_ms" || fail args "timeout_ms \"$a_timeout_ms\" is not a number"
	guard "sql-$$"
	find_server
	login_as "$a_admin" "$s_admin_password"
	psql_options="-c statement_timeout=$a_timeout_ms"
	{
		sql_variables
		[ "$a_tx" != yes ] || echo 'begin;'
		printf '%s\n' "$s_sql"
		# what the text left open is ended, so that this is a line of its own
		[ "$a_tx" != yes ] || printf ';\ncommit;\n'
	} >"$run_dir/sql.in"
	chmod 600 "$run_dir/sql.in"
	psql_run "$a_db" <"$run_dir/sql.in" >"$run_dir/rows" || sql_rc=$?
	sed 's/^/row=/' "$run_dir/rows"
	[ "${sql_rc:-0}" = 0 ] || psql_fail
}

sql_variables() {
	for sv_name in $arg_names; do
		case $sv_name in
		v_*) eval "psql_set ${sv_name#v_} \"\$a_$sv_name\"" ;;
		esac
	done
	# names that look like ours inside a value of many lines give an empty variable, no more
	for sv_name in $(set | sed -n 's/^s_v_\([a-z0-9_]*\)=.*/\1/p'); do
		eval "psql_set $sv_name \"\${s_v_$sv_name:-}\""
	done
}

main "$@"; exit $?

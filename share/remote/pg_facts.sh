# shellcheck shell=sh
# pg_facts.sh - what a running server says about itself, in one JSON. Changes nothing.
# The text of the SQL depends on the major version only; names come from the catalogs.

main() {
	begin "$@"
	: "${a_admin:=}" "${s_admin_password:=}"
	need_root
	find_server
	login_as "$a_admin" "$s_admin_password"
	psql_options='-c statement_timeout=60000 -c lock_timeout=10000'
	need_run_dir
	sql_main | names_of_version | psql_run postgres >"$run_dir/main" || psql_fail
	each_database >"$run_dir/rows"
	print_all
}

print_all() {
	fact socket_dir "$srv_sock"
	fact owner "$srv_owner"
	fact pid "$srv_pid"
	pa_json=$(sed -n 1p "$run_dir/main")
	printf 'pg=%s, "start_time": %s, "conf_dropin": %s, "recovery_conf": %s, "extensions": [%s], "collations": [%s], %s}\n' \
		"${pa_json%\}}" "$(stat -c %Y "$srv_datadir/postmaster.pid")" \
		"$(json_str "$(conf_dropin_of "$(dirname "$(sed -n 's/^C//p' "$run_dir/main")")")")" "$(recovery_conf)" \
		"$(sed -n 's/^E//p' "$run_dir/rows" | commas)" "$(sed -n 's/^K//p' "$run_dir/rows" | commas)" "$(disks)"
}

# before 12 the upstream is no setting; the password stays here
recovery_conf() {
	[ -f "$srv_datadir/recovery.conf" ] && [ "$srv_vnum" -lt 1200 ] || {
		echo null
		return
	}
	rc_info=$(sed -n "s/^[[:blank:]]*primary_conninfo[[:blank:]=]*'\(.*\)'.*/\1/p" "$srv_datadir/recovery.conf" | tail -n 1 |
		sed "s/''/'/g; s/\(password *= *\)\('[^']*'\|[^ ]*\)/\1********/g; s,\(://[^:/@]*\):[^@/]*@,\1:********@,g")
	printf '{"primary_conninfo": %s, "primary_slot_name": %s}' "$(json_str "$rc_info")" \
		"$(json_str "$(conf_value "$srv_datadir/recovery.conf" primary_slot_name)")"
}

# free and whole bytes of where data, WAL and each tablespace live
disks() {
	dk_wal=$srv_datadir/pg_wal
	[ -e "$dk_wal" ] || dk_wal=$srv_datadir/pg_xlog
	dk_wal=$(readlink -f "$dk_wal")
	printf '"data_%s, "wal_dir": %s, "wal_%s, "tablespace_disks": [' \
		"$(disk "$srv_datadir" data)" "$(json_str "$dk_wal")" "$(disk "$dk_wal" wal)"
	dk_comma=''
	for dk_link in "$srv_datadir"/pg_tblspc/*; do
		[ -d "$dk_link" ] || continue
		printf '%s{"location": %s, "%s}' "$dk_comma" "$(json_str "$(readlink "$dk_link")")" "$(disk "$dk_link/")"
		dk_comma=', '
	done
	printf ']'
}

disk() { # PATH [PREFIX of the second key]
	stat -f -c '%a %b %S' "$1" | awk -v p="${2:+$2_}" '{
		printf "free_bytes\": %.0f, \"%stotal_bytes\": %.0f", $1 * $3, p, $2 * $3 }'
}

each_database() {
	sed -n 's/^D//p' "$run_dir/main" | while IFS= read -r ed_name; do
		sql_database | psql_run "$ed_name" ||
			warn "cannot look into database \"$ed_name\": $(head -n 1 "$run_dir/psql.err")"
	done
}

# 9.6 says xlog and location
names_of_version() {
	if [ "$srv_vnum" -ge 1000 ]; then
		cat
	else
		sed 's/pg_is_wal_replay/pg_is_xlog_replay/g; s/pg_current_wal_lsn/pg_current_xlog_location/g
			s/pg_walfile_name/pg_xlogfile_name/g; s/\.\(sent\|replay\)_lsn/.\1_location/g
			s/pg_last_wal_\([a-z]*\)_lsn/pg_last_xlog_\1_location/g'
	fi
}

since() { # VNUM TEXT [ELSE]
	if [ "$srv_vnum" -ge "$1" ]; then printf %s "$2"; else printf %s "${3:-null}"; fi
}

# a password in a conninfo or URI must not leave the server
sql_mask() {
	printf '%s' "regexp_replace(regexp_replace($1, '(password[[:space:]]*=[[:space:]]*)(''([^''\\\\]|\\\\.)*''|[^[:space:]&]*)', '\\1********', 'gi'), '(://[^:/@?]*):[^@/]*@', '\\1:********@', 'g')"
}

sql_main() {
	cat <<-SQL
	\\set QUIET on
	select replace(json_build_object(
	  'version_num', current_setting('server_version_num')::int,
	  'version', split_part(current_setting('server_version'), ' ', 1),
	  'in_recovery', pg_is_in_recovery(),
	  'paused', case when pg_is_in_recovery() then pg_is_wal_replay_paused() else false end,
	  'system_identifier', (select system_identifier::text from pg_control_system()),
	  'timeline', case when pg_is_in_recovery()
	    then coalesce((select nullif(received_tli, 0) from pg_stat_wal_receiver),
	      (select timeline_id from pg_control_checkpoint()))
	    else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end,
	  'wal_lsn', case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
	  'receive_lsn', pg_last_wal_receive_lsn(), 'replay_lsn', pg_last_wal_replay_lsn(),
	  'data_directory', current_setting('data_directory'), 'config_file', current_setting('config_file'),
	  'hba_file', current_setting('hba_file'), 'ident_file', current_setting('ident_file'),
	  'port', current_setting('port')::int, 'now', extract(epoch from clock_timestamp())::float8,
	  'settings', ($(sql_settings)),
	  'databases', ($(sql_databases)),
	  'total_bytes', (select sum(pg_database_size(oid)) from pg_database),
	  'tablespaces', (select json_agg(json_build_object('name', spcname,
	    'location', pg_tablespace_location(oid), 'size', pg_tablespace_size(oid))) from pg_tablespace),
	  'roles', ($(sql_roles)),
	  'slots', coalesce((select json_agg(json_build_object('name', s.slot_name, 'type', s.slot_type,
	    'active', s.active, 'restart_lsn', s.restart_lsn, 'wal_status', to_jsonb(s) ->> 'wal_status',
	    'temporary', to_jsonb(s) ->> 'temporary')) from pg_replication_slots s), '[]'),
	  'senders', ($(sql_senders)),
	  'receiver', ($(sql_receiver))
	)::text, E'\n', ' ');
	select 'C' || current_setting('config_file');
	select 'D' || datname from pg_database where datallowconn and datname !~ E'\n' order by 1 limit 300;
	SQL
}

sql_settings() {
	cat <<-SQL
	select json_object_agg(name, case
	  when name ~ 'conninfo' then $(sql_mask setting)
	  when unit = 'B' or unit is null or unit !~ 'B\$' or setting::numeric <= 0 then setting
	  else (setting::numeric * pg_size_bytes(case when unit ~ '^[0-9]' then unit else '1' || unit end))::text end)
	from pg_settings where name in ('max_connections', 'max_worker_processes', 'max_wal_senders',
	  'max_prepared_transactions', 'max_locks_per_transaction', 'wal_level', 'wal_log_hints', 'data_checksums',
	  'hot_standby', 'listen_addresses', 'ssl', 'ssl_cert_file', 'ssl_key_file', 'ssl_ca_file',
	  'shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries',
	  'max_replication_slots', 'max_slot_wal_keep_size', 'wal_keep_size', 'wal_keep_segments',
	  'archive_mode', 'archive_command', 'archive_library', 'full_page_writes', 'wal_segment_size',
	  'block_size', 'wal_block_size', 'segment_size', 'cluster_name', 'password_encryption',
	  'unix_socket_directories', 'primary_conninfo', 'primary_slot_name', 'recovery_min_apply_delay',
	  'recovery_target_timeline', 'restore_command', 'synchronous_standby_names', 'synchronous_commit',
	  'hot_standby_feedback', 'wal_sender_timeout', 'wal_receiver_timeout', 'logging_collector',
	  'log_directory', 'log_filename', 'log_destination', 'fsync', 'server_encoding', 'lc_collate',
	  'lc_ctype', 'default_transaction_read_only', 'allow_in_place_tablespaces', 'summarize_wal',
	  'external_pid_file', 'superuser_reserved_connections', 'max_wal_size', 'shared_buffers', 'track_commit_timestamp')
	SQL
}

sql_databases() {
	cat <<-SQL
	select json_agg(json_build_object('name', d.datname, 'size', pg_database_size(d.oid),
	  'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
	  'connectable', d.datallowconn, 'template', d.datistemplate,
	  'provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
	  'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
	  'collversion', to_jsonb(d) ->> 'datcollversion',
	  'collversion_actual', $(since 1500 'pg_database_collation_actual_version(d.oid)')))
	from pg_database d
	SQL
}

sql_roles() {
	cat <<-SQL
	select json_agg(json_build_object('name', a.rolname, 'super', a.rolsuper, 'replication', a.rolreplication,
	  'login', a.rolcanlogin, 'has_password', a.rolpassword is not null,
	  'members_of', array(select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid
	    where m.member = a.oid)))
	from pg_authid a where a.rolname !~ '^pg_'
	SQL
}

sql_senders() {
	cat <<-SQL
	select coalesce(json_agg(json_build_object('pid', r.pid, 'application_name', r.application_name,
	  'client_addr', r.client_addr, 'client_hostname', r.client_hostname, 'user', r.usename, 'state', r.state,
	  'sync_state', r.sync_state, 'sent_lsn', r.sent_lsn, 'replay_lsn', r.replay_lsn, 'ssl', t.ssl,
	  'slot', (select s.slot_name from pg_replication_slots s where s.active_pid = r.pid limit 1))), '[]')
	from pg_stat_replication r left join pg_stat_ssl t on t.pid = r.pid
	SQL
}

sql_receiver() {
	cat <<-SQL
	select json_build_object('status', w.status, 'slot', w.slot_name,
	  'host', coalesce(to_jsonb(w) ->> 'sender_host', trim(both '''' from substring(w.conninfo from '\\mhost=([^ ]+)'))),
	  'port', coalesce(to_jsonb(w) ->> 'sender_port', substring(w.conninfo from '\\mport=([0-9]+)'))::int,
	  'user', trim(both '''' from substring(w.conninfo from '\\muser=([^ ]+)')),
	  'application_name', trim(both '''' from substring(w.conninfo from '\\mapplication_name=([^ ]+)')),
	  'conninfo', $(sql_mask w.conninfo))
	from pg_stat_wal_receiver w where w.pid is not null
	SQL
}

sql_database() {
	cat <<-SQL
	select 'E' || replace(json_build_object('db', current_database(), 'name', extname, 'version', extversion)::text, E'\n', ' ')
	from pg_extension;
	SQL
	[ "$srv_vnum" -ge 1000 ] || return 0
	cat <<-SQL
	select 'K' || replace(json_build_object('db', current_database(), 'name', c.collname, 'provider', c.collprovider,
	  'recorded', c.collversion, 'actual', pg_collation_actual_version(c.oid))::text, E'\n', ' ')
	from pg_collation c
	where c.oid in (select unnest(i.indcollation::oid[]) from pg_index i) and c.oid > 100
	  and (c.collversion is not null or pg_collation_actual_version(c.oid) is not null);
	SQL
}

main "$@"; exit $?

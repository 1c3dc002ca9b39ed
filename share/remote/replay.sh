# shellcheck shell=sh
# replay.sh - pauses or resumes the replay of WAL on a standby, and waits until it is so.

main() {
	begin "$@"
	: "${a_want:=}" "${a_keep:=no}" "${a_timeout:=60}" "${a_admin:=}" "${s_admin_password:=}"
	need_root
	is_number "$a_timeout" || fail args "timeout \"$a_timeout\" is not a number"
	case $a_want in
	paused | running) ;;
	*) fail args "no state of replay \"$a_want\"" ;;
	esac
	[ "$a_action" = check ] || guard "replay-${a_port:-$(path_id "$a_datadir")}"
	[ "$a_action" != undo ] || must_undo || return 0
	find_server
	login_as "$a_admin" "$s_admin_password"
	case $a_action in
	check) replay_check ;;
	do) replay_do "$a_want" ;;
	undo) replay_undo ;;
	*) fail args "no action \"$a_action\" here" ;;
	esac
}

# not what was so before the job; and a pause does not outlive the server
must_undo() { [ "$a_keep" != yes ] && (find_server) 2>/dev/null; }

replay_check() {
	replay_ask look 0
	facts_replay
	[ "$rp_state" = "$(state_of "$a_want")" ] || return 3
}

state_of() {
	if [ "$1" = paused ]; then echo paused; else echo 'not paused'; fi
}

replay_do() { # paused|running
	replay_ask "$1" "$a_timeout"
	facts_replay
	[ "$rp_state" != primary ] || refuse changed "the server on port $srv_port is not in recovery"
	[ "$rp_state" = "$(state_of "$1")" ] ||
		fail timeout "replay on port $srv_port is \"$rp_state\" after $a_timeout s, not \"$(state_of "$1")\""
	"say_$1"
}

replay_undo() {
	case $a_want in
	paused) ru_want=running ;;
	running) ru_want=paused ;;
	esac
	replay_ask "$ru_want" "$a_timeout"
	[ "$rp_state" = "$(state_of "$ru_want")" ] || [ "$rp_state" = primary ] ||
		fail timeout "replay on port $srv_port is \"$rp_state\" and not as it was"
}

say_paused() {
	say "Successfully paused recovery on the slave using select $(function_name pause)()."
	if [ "$rp_status" = streaming ]; then
		say "WAL still arrives: received up to $rp_receive, replayed up to $rp_replay and held there."
	else
		warn "No WAL arrives now: the WAL receiver is \"${rp_status:-none}\"; received up to ${rp_receive:-nothing}, replayed up to ${rp_replay:-nothing}"
	fi
}

say_running() {
	say "Collecting replication statistics."
	say "WAL receiver: ${rp_status:-none}; received up to ${rp_receive:-nothing}, replayed up to ${rp_replay:-nothing}."
	say "Slave resumed recovery successfully using select $(function_name resume)()."
}

function_name() {
	if [ "$srv_vnum" -ge 1000 ]; then echo "pg_wal_replay_$1"; else echo "pg_xlog_replay_$1"; fi
}

facts_replay() {
	fact state "$rp_state"
	fact receiver "${rp_status:-none}"
	fact receive_lsn "$rp_receive"
	fact replay_lsn "$rp_replay"
}

# "pause requested" is not "paused": from 14 on the server tells them apart
state_sql() {
	if [ "$srv_vnum" -ge 1400 ]; then
		echo "pg_get_wal_replay_pause_state()"
	elif [ "$srv_vnum" -ge 1000 ]; then
		echo "case when pg_is_wal_replay_paused() then 'paused' else 'not paused' end"
	else
		echo "case when pg_is_xlog_replay_paused() then 'paused' else 'not paused' end"
	fi
}

# replay_ask look|paused|running SECONDS: sets rp_state rp_status rp_receive rp_replay
replay_ask() {
	rp_state='' rp_status='' rp_receive='' rp_replay=''
	need_run_dir
	sql_replay "$1" "$(($2 * 50))" | replay_names | psql_run postgres >"$run_dir/replay" || psql_fail
	IFS='|' read -r rp_state rp_status rp_receive rp_replay <"$run_dir/replay" || :
}

replay_names() {
	if [ "$srv_vnum" -ge 1000 ]; then
		cat
	else
		sed 's/pg_last_wal_\([a-z]*\)_lsn/pg_last_xlog_\1_location/g; s/pg_wal_replay_/pg_xlog_replay_/g'
	fi
}

sql_replay() {
	psql_set want "$1"
	psql_set rounds "$2"
	cat <<-SQL
	select set_config('pgtandem.want', :'want', false), set_config('pgtandem.rounds', :'rounds', false) \\g /dev/null
	do \$\$
	declare
	  want text := current_setting('pgtandem.want');
	begin
	  if not pg_is_in_recovery() then
	    return;
	  elsif want = 'paused' then
	    perform pg_wal_replay_pause();
	  elsif want = 'running' then
	    perform pg_wal_replay_resume();
	  end if;
	  for i in 1..current_setting('pgtandem.rounds')::int loop
	    exit when not pg_is_in_recovery();
	    exit when $(state_sql) = case want when 'paused' then 'paused' else 'not paused' end;
	    perform pg_sleep(0.02);
	  end loop;
	end \$\$;
	select case when pg_is_in_recovery() then $(state_sql) else 'primary' end,
	  coalesce(w.status, ''), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()
	from (select 1) one left join pg_stat_wal_receiver w on true;
	SQL
}

main "$@"; exit $?

# shellcheck shell=sh
# wait_streaming.sh - waits until a standby streams and has replayed up to a given place.

main() {
	begin "$@"
	: "${a_lsn:=}" "${a_timeout:=120}" "${a_log_file:=}" "${a_admin:=}" "${s_admin_password:=}"
	need_root
	is_number "$a_timeout" || fail args "timeout \"$a_timeout\" is not a number"
	case $a_lsn in
	*[!0-9A-Fa-f/]*) fail args "\"$a_lsn\" is not a place in the WAL" ;;
	esac
	guard "wait-${a_port:-$(path_id "$a_datadir")}"
	find_server
	login_as "$a_admin" "$s_admin_password"
	datadir=$srv_datadir confdir=$srv_datadir log_file=$a_log_file
	wait_rounds
}

# Each round is one session that looks every 100 ms for 5 s; the server may restart between rounds.
wait_rounds() {
	wr_end=$(($(date +%s) + a_timeout)) wr_last='' wr_said=''
	while :; do
		read_round
		case $wr_word in
		ok)
			facts_streaming
			return 0
			;;
		primary) refuse changed "the server in $srv_datadir is not a standby" ;;
		esac
		say_new_trouble
		wr_now=$(date +%s)
		[ "$wr_replay" = "$wr_last" ] || [ -z "$wr_last" ] || wr_end=$((wr_now + a_timeout))
		wr_last=$wr_replay
		[ "$wr_now" -lt "$wr_end" ] || gave_up
	done
}

read_round() {
	wr_word='' wr_status='' wr_receive='' wr_replay='' wr_host='' wr_port=''
	sql_round | round_names | psql_run postgres >"$run_dir/round" || {
		postmaster_of "$srv_datadir" || fail down "the server in $srv_datadir has stopped"
		sleep 1
		return 0
	}
	IFS='|' read -r wr_word wr_status wr_receive wr_replay wr_host wr_port <"$run_dir/round" || :
}

round_names() {
	if [ "$srv_vnum" -ge 1000 ]; then
		cat
	else
		sed 's/pg_last_wal_\([a-z]*\)_lsn/pg_last_xlog_\1_location/g'
	fi
}

sql_round() {
	psql_set lsn "$a_lsn"
	cat <<-'SQL'
	select set_config('pgtandem.lsn', :'lsn', false) \g /dev/null
	do $$
	begin
	  for i in 1..50 loop
	    exit when not pg_is_in_recovery() or exists (select 1 from pg_stat_wal_receiver where status = 'streaming'
	      and (current_setting('pgtandem.lsn') = ''
	        or pg_last_wal_replay_lsn() >= current_setting('pgtandem.lsn')::pg_lsn));
	    perform pg_sleep(0.1);
	  end loop;
	end $$;
	select case when not pg_is_in_recovery() then 'primary' when w.status = 'streaming' and (:'lsn' = ''
	      or pg_last_wal_replay_lsn() >= nullif(:'lsn', '')::pg_lsn) then 'ok' else 'not' end,
	  coalesce(w.status, 'none'), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(),
	  coalesce(to_jsonb(w) ->> 'sender_host', trim(both '''' from substring(w.conninfo from '\mhost=([^ ]+)'))),
	  coalesce(to_jsonb(w) ->> 'sender_port', substring(w.conninfo from '\mport=([0-9]+)'))
	from (select 1) one left join pg_stat_wal_receiver w on true;
	SQL
}

facts_streaming() {
	fact receiver "${wr_status:-none}"
	fact receive_lsn "$wr_receive"
	fact replay_lsn "$wr_replay"
	fact sender_host "$wr_host"
	fact sender_port "$wr_port"
}

# what the server complains of, each thing once
say_new_trouble() {
	wt_file=$(log_now)
	wt_line=$(if [ -n "$wt_file" ]; then tail -n 30 "$wt_file"; else log_journal -n 30; fi |
		grep 'FATAL\|PANIC' | tail -n 1)
	wt_text=${wt_line#*FATAL: }
	[ -z "$wt_line" ] || [ "$wt_text" = "$wr_said" ] || say "$wt_line"
	wr_said=$wt_text
}

gave_up() {
	facts_streaming
	log_tail 10
	if [ "$wr_status" = streaming ]; then
		fail streaming "the standby on port $srv_port has replayed to ${wr_replay:-nothing} and does not get to $a_lsn"
	fi
	fail streaming "the standby on port $srv_port does not stream: its receiver is \"${wr_status:-none}\"${wr_said:+ (${wr_said# })}"
}

main "$@"; exit $?

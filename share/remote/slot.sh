# shellcheck shell=sh
# slot.sh - a physical replication slot that holds WAL from now on.

main() {
	begin "$@"
	: "${a_slot:=}" "${a_force:=no}" "${a_timeout:=30}" "${a_admin:=}" "${s_admin_password:=}"
	need_root
	need_args slot
	case $a_slot in
	*[!a-z0-9_]*) fail args "\"$a_slot\" is not the name of a replication slot: a-z, 0-9 and _ are allowed" ;;
	esac
	is_number "$a_timeout" || fail args "timeout \"$a_timeout\" is not a number"
	if [ "$a_action" = undo ]; then
		record "slot-$a_slot"
		rec_has created || { rec_forget && exit 0; }
	fi
	find_server
	login_as "$a_admin" "$s_admin_password"
	[ "$a_action" = check ] || record "slot-$a_slot"
	action_run check_slot do_slot undo_slot
}

slot_sql() {
	{
		psql_set slot "$a_slot"
		cat
	} | psql_run postgres || psql_fail
}

# sets slot_state: absent, logical, lost, unreserved, ok; slot_active; slot_lsn
read_slot() {
	slot_sql >"${run_dir:?}/slot" <<-'SQL'
	select case when slot_type <> 'physical' then 'logical'
	  when to_jsonb(s) ->> 'wal_status' = 'lost' then 'lost'
	  when restart_lsn is null then 'unreserved' else 'ok' end || ' ' || active || ' ' || coalesce(restart_lsn::text, '')
	from pg_replication_slots s where slot_name = :'slot';
	SQL
	slot_state=absent slot_active=false slot_lsn=''
	[ ! -s "$run_dir/slot" ] || read -r slot_state slot_active slot_lsn <"$run_dir/slot"
}

check_slot() {
	need_run_dir
	read_slot
	[ "$slot_state" = ok ] || return 3
	fact restart_lsn "$slot_lsn"
}

do_slot() {
	guard "slot-$a_slot"
	read_slot
	ds_created=no
	case $slot_state:$slot_active in
	ok:*) ;;
	unreserved:true) ;;
	absent:*)
		rec_put created "$srv_datadir"
		say "Creating replication slot \"$a_slot\"."
		make_slot
		;;
	lost:false | unreserved:false)
		say "Replication slot \"$a_slot\" no longer holds the WAL it should; making it anew."
		echo "select pg_drop_replication_slot(:'slot');" | slot_sql >/dev/null
		make_slot
		;;
	logical:*) refuse slot "slot \"$a_slot\" exists and is a logical one" ;;
	*) refuse slot "replication slot \"$a_slot\" is lost and still in use" ;;
	esac
	read_slot
	fact restart_lsn "$slot_lsn"
	fact created "$ds_created"
}

make_slot() {
	echo "select pg_create_physical_replication_slot(:'slot', true);" | slot_sql >/dev/null
	ds_created=yes
	changed=yes
}

undo_slot() {
	guard "slot-$a_slot"
	us_n=0
	while read_slot && [ "$slot_state" != absent ] && [ "$slot_active" = true ]; do
		if [ "$a_force" = yes ]; then
			echo "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = :'slot';" |
				slot_sql >/dev/null
		fi
		[ "$us_n" -lt $((a_timeout * 5)) ] || {
			hint "stop the standby that uses it, or end its connection"
			fail slot "replication slot \"$a_slot\" is in use"
		}
		us_n=$((us_n + 1))
		sleep 0.2
	done
	if [ "$slot_state" != absent ]; then
		say "Dropping replication slot \"$a_slot\"."
		echo "select pg_drop_replication_slot(:'slot');" | slot_sql >/dev/null
	fi
	rec_forget
}

main "$@"; exit $?

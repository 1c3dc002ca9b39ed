# shellcheck shell=sh
# basebackup.sh - a copy of the upstream's data into a staging directory beside the data directory.

main() {
	begin "$@"
	: "${a_host:=}" "${a_user:=}" "${a_slot:=}" "${a_sslmode:=prefer}" "${a_label:=pgTandem}" "${a_rate:=}"
	: "${a_application_name:=pgtandem_copy}" "${a_total:=0}" "${a_stall:=300}" "${a_tablespaces:=}"
	: "${s_password:=}" "${s_ca:=}" "${passfile:=}"
	need_root
	need_args version job
	os_paths
	staging=$(staging_of "$datadir")
	record "copy-$(path_id "$datadir")"
	action_run check_copy do_copy undo_copy
}

# complete, and still here or already the data directory
check_copy() {
	rec_has complete || return 3
	[ -d "$staging" ] || [ -e "$STATE_ROOT/job-$a_job/standby-$a_version-$a_name/renamed" ] || return 3
	facts_copy
}

facts_copy() {
	fact staging "$staging"
	fact bytes "$(rec_get complete)"
	fc_list='' fc_comma=''
	for fc_link in "$staging"/pg_tblspc/*; do
		[ -L "$fc_link" ] || continue
		fc_list=$fc_list$fc_comma$(json_str "$(readlink "$fc_link")")
		fc_comma=,
	done
	fact tablespaces "[$fc_list]"
}

do_copy() {
	need_args host port user slot
	is_number "$a_stall" || fail args "stall \"$a_stall\" is not a number"
	if check_copy >/dev/null; then
		facts_copy
		return 0
	fi
	os_software_ok || refuse missing "PostgreSQL $a_version is not installed on this host"
	guard "copy-$(path_id "$datadir")"
	refuse_if_used
	remember_parents
	rec_put staging "$staging"
	clear_leftovers
	make_staging
	run_basebackup
	check_result
	rec_put complete "${done_bytes:-0}"
	changed=yes
	facts_copy
}

# never into something that is not ours
refuse_if_used() {
	case $(dir_state "$datadir") in
	absent | empty) ;;
	*)
		hint "empty it yourself if nothing in it is needed, or choose another data directory"
		refuse exists "$datadir is not empty"
		;;
	esac
	if [ -e "$staging" ] && ! rec_has staging; then
		ru_who=$(grep -lsxF "$staging" "$STATE_ROOT"/job-*/copy-*/staging | head -n 1)
		ru_who=${ru_who#"$STATE_ROOT"/}
		ru_who=${ru_who%%/*}
		refuse exists "$staging is there, left by ${ru_who:-somebody else}"
	fi
	tablespaces | while IFS= read -r ru_dir; do
		rec_get tablespaces | grep -qxF "$ru_dir" && continue
		case $(dir_state "$ru_dir") in
		absent | empty) ;;
		*) refuse exists "tablespace location $ru_dir is not empty on this host" ;;
		esac
	done || exit $?
}

tablespaces() { printf '%s\n' "$a_tablespaces" | tr ',' '\n' | grep '^/.'; }

# what this job left behind earlier
clear_leftovers() {
	[ ! -e "$staging" ] || {
		say "Removing what an earlier try of this job left in $staging."
		rm -rf "$staging"
	}
	rec_get tablespaces >"$run_dir/spaces"
	while IFS= read -r cl_dir; do
		[ ! -d "$cl_dir" ] || find "$cl_dir/" -mindepth 1 -delete
	done <"$run_dir/spaces"
	rm -f "$rec/complete"
	tablespaces >"$run_dir/spaces"
	[ ! -s "$run_dir/spaces" ] || rec_has tablespaces || remember_spaces
}

# those that are new go with undo, those that were there are emptied
remember_spaces() {
	while IFS= read -r rs_dir; do
		[ -d "$rs_dir" ] || printf '%s\n' "$rs_dir"
	done <"$run_dir/spaces" >"$run_dir/newspaces"
	rec_put newspaces <"$run_dir/newspaces"
	rec_put tablespaces <"$run_dir/spaces"
}

make_staging() {
	ms_parent=${staging%/*}
	rec_parents=$STATE_ROOT/job-$a_job/parents-$(path_id "$datadir")/parents
	sed -n 's/^new //p' "$rec_parents" | sort | while IFS= read -r ms_dir; do
		[ "$ms_dir" = "$datadir" ] || [ -d "$ms_dir" ] || {
			mkdir "$ms_dir" && chown "$pg_owner:" "$ms_dir"
		}
	done
	# a mount point for the data belongs to root until now
	[ "$ms_parent" != "$datadir" ] || chown "$pg_owner:" "$datadir"
	mkdir -m 700 "$staging" && chown "$pg_owner:" "$staging" || fail failed "cannot make $staging"
	while IFS= read -r ms_dir; do
		mkdir -p "$ms_dir" && chown "$pg_owner:" "$ms_dir" && chmod 700 "$ms_dir" || fail failed "cannot make $ms_dir"
	done <"$run_dir/spaces"
	sync_path "$ms_parent"
}

run_basebackup() {
	write_passfile "$s_password" "$pg_owner"
	rb_info="host=$(conninfo_value "$a_host") port=$a_port user=$(conninfo_value "$a_user")"
	rb_info="$rb_info application_name=$(conninfo_value "$a_application_name") connect_timeout=15"
	# a line that is cut for half a minute is waited for, a dead one is not
	rb_info="$rb_info keepalives_idle=15 keepalives_interval=5 keepalives_count=12 sslmode=$(ssl_mode)"
	if [ -n "$s_ca" ]; then
		printf '%s\n' "$s_ca" >"$run_dir/ca.crt"
		rb_info="$rb_info sslrootcert=$run_dir/ca.crt"
	fi
	say "Copying the data of $a_host:$a_port into $staging."
	rb_compress=''
	# less to encrypt and to send: faster even beside the master, and much on a long line
	[ "$(vnum "$a_version")" -lt 1500 ] || rb_compress=server-lz4
	copy_once
	if [ "$rb_rc" != 0 ] && [ -n "$rb_compress" ] && grep -q 'compress' "$run_dir/bb.err"; then
		debug "the master cannot compress with lz4: copying without"
		rb_compress=''
		rm -rf "$staging"
		mkdir -m 700 "$staging" && chown "$pg_owner:" "$staging"
		copy_once
	fi
	[ "$rb_rc" = 0 ] || basebackup_failed
	sync_copy
	printf '@progress %s %s\n' "$done_bytes" "$done_bytes" >&2
}

# one sync of each file system instead of one of each file
sync_copy() {
	sync -f "$staging" || fail failed "cannot sync $staging"
	while IFS= read -r sc_dir; do
		sync -f "$sc_dir" || fail failed "cannot sync $sc_dir"
	done <"$run_dir/spaces"
}

# sets rb_rc
copy_once() {
	set -- -d "$rb_info" -D "$staging" -F plain -X stream -S "$a_slot" -c fast -l "$a_label" -P -w -N
	[ -z "$a_rate" ] || set -- "$@" -r "$a_rate"
	[ -z "$rb_compress" ] || set -- "$@" --compress="$rb_compress"
	# of a copy whose pages were verified when it was made; the options are from 11 and 13 on
	if [ "${a_verify:-yes}" = no ]; then
		[ "$(vnum "$a_version")" -lt 1100 ] || set -- "$@" --no-verify-checksums
		[ "$(vnum "$a_version")" -lt 1300 ] || set -- "$@" --no-manifest
	fi
	: >"$run_dir/bb.err"
	chmod 622 "$run_dir/bb.err"
	work_as "$pg_owner" env -i PATH="$PATH" LC_ALL=C HOME=/ PGPASSFILE="$passfile" \
		"$bindir/pg_basebackup" "$@" >"$run_dir/bb.out" 2>"$run_dir/bb.err"
	report_progress "$child" &
	reporter=$!
	work_wait
	rb_rc=$?
	kill "$reporter" 2>/dev/null
	reporter=''
	progress_now
}

# sets done_bytes and total_bytes from the last "  123/456 kB (27%), 0/1 tablespace"
progress_now() {
	pn_line=$(tail -c 600 "$run_dir/bb.err" | tr '\r' '\n' | grep '/[0-9]* kB (' | tail -n 1)
	done_bytes=0 total_bytes=$a_total
	[ -n "$pn_line" ] || return 0
	pn_line=${pn_line%% kB*}
	pn_line=${pn_line##* }
	done_bytes=$((${pn_line%/*} * 1024))
	total_bytes=$((${pn_line#*/} * 1024))
}

report_progress() { # PID
	trap - EXIT TERM
	rp_last=-1 rp_quiet=0
	while sleep 1 >/dev/null 2>&1; do
		# if the shell was killed, nobody wants to know
		proc_stat $$ || return
		progress_now
		if [ "$done_bytes" != "$rp_last" ]; then
			printf '@progress %s %s\n' "$done_bytes" "$total_bytes" >&2
			[ "$rp_quiet" -lt 10 ] || say "Data flows again from $a_host:$a_port."
			rp_last=$done_bytes rp_quiet=0
			continue
		fi
		rp_quiet=$((rp_quiet + 1))
		# at the end the files are synced, which may take long and shows nothing
		[ $((done_bytes / 99)) -lt $((total_bytes / 100)) ] || continue
		[ "$rp_quiet" != 10 ] || warn "no data from $a_host:$a_port for 10 s"
		[ "$rp_quiet" -lt "$a_stall" ] || {
			echo "no data for $a_stall s: timed out" >"$run_dir/stalled"
			kill -TERM "-$1"
			return
		}
	done
}

basebackup_failed() {
	tr '\r' '\n' <"$run_dir/bb.err" | grep -v '/[0-9]* kB (\|^[[:blank:]]*$\|removing contents\|removing data dir' \
		>"$run_dir/bb.text"
	[ ! -f "$run_dir/stalled" ] || cat "$run_dir/stalled" >>"$run_dir/bb.text"
	bf_text=$(cat "$run_dir/stalled" 2>/dev/null || bb_reason)
	bf_code=$(conn_code "$bf_text")
	say_lines "$run_dir/bb.text"
	rm -rf "$staging"
	case $bf_code in
	hba) hint "the master's pg_hba.conf must let \"$a_user\" in from this host for replication" ;;
	space) hint "free space on $(df -P "${staging%/*}" | awk 'NR == 2 { print $6 }'), then try again" ;;
	senders) hint "raise max_wal_senders on $a_host:$a_port: a copy needs two" ;;
	esac
	fail "$bf_code" "the copy from $a_host:$a_port failed: $bf_text"
}

# the first error is the cause, but for "background process terminated"
bb_reason() {
	br_line=$(grep -m 1 'o space left\|replication slot\|exceeds max_wal_senders\|too many clients' "$run_dir/bb.text" ||
		grep -m 1 'rror:\|FATAL' "$run_dir/bb.text" || head -n 1 "$run_dir/bb.text")
	br_line=${br_line#pg_basebackup: }
	br_line=${br_line#error: }
	echo "${br_line:-pg_basebackup ended with status $rb_rc}"
}

check_result() {
	[ -f "$staging/PG_VERSION" ] && [ -f "$staging/global/pg_control" ] && [ -f "$staging/backup_label" ] ||
		fail failed "pg_basebackup said it is done, but $staging is not complete"
	read -r cr_version <"$staging/PG_VERSION"
	[ "$cr_version" = "$a_version" ] ||
		fail version "$a_host:$a_port runs PostgreSQL $cr_version, version $a_version was requested"
}

undo_copy() {
	rec_has staging || return 0
	guard "copy-$(path_id "$datadir")"
	uc_staging=$(rec_get staging)
	rm -rf "${uc_staging:?}"
	rec_get tablespaces >"$run_dir/spaces"
	while IFS= read -r uc_dir; do
		[ ! -d "$uc_dir" ] || find "$uc_dir/" -mindepth 1 -delete
	done <"$run_dir/spaces"
	rec_get newspaces >"$run_dir/spaces"
	while IFS= read -r uc_dir; do
		[ ! -d "$uc_dir" ] || rmdir "$uc_dir"
	done <"$run_dir/spaces"
	if [ "$(dir_state "$datadir")" != cluster ]; then
		remove_datadir
		forget_parents
	fi
	rec_forget
}

main "$@"; exit $?

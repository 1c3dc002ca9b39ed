# shellcheck shell=sh
# service.sh - the instance's service: start and wait as long as it gets on, stop, reload.

main() {
	begin "$@"
	: "${a_mode:=fast}" "${a_timeout:=}" "${a_stop_timeout:=}" "${a_force:=no}"
	need_root
	need_args version
	os_paths
	case $a_mode in
	fast | immediate | smart) ;;
	*) fail args "no shutdown mode \"$a_mode\"" ;;
	esac
	is_number "${a_timeout:-0}" || fail args "timeout \"$a_timeout\" is not a number"
	is_number "${a_stop_timeout:-0}" || fail args "timeout \"$a_stop_timeout\" is not a number"
	: "${a_stop_timeout:=${a_timeout:-1800}}"
	case $a_action in
	status) service_status ;;
	start | stop | restart)
		guard "service-$a_version-$a_name"
		"service_$a_action"
		fact changed "$changed"
		service_status || [ "$a_action" = stop ]
		;;
	reload) service_reload ;;
	enable | disable) service_boot ;;
	*) fail args "no action \"$a_action\" here" ;;
	esac
}

service_status() {
	if ! postmaster_of "$datadir"; then
		fact running no
		return 3
	fi
	ss_up=0
	is_up || ss_up=3
	fact running yes
	fact pid "$pm_pid"
	case $(control_value 'Database cluster state') in
	*recovery*) fact in_recovery yes ;;
	*) fact in_recovery no ;;
	esac
	return $ss_up
}

service_reload() {
	postmaster_of "$datadir" || refuse down "the instance $a_version/$a_name does not run"
	kill -HUP "$pm_pid"
}

service_boot() {
	need_run_dir
	case $a_action in
	enable) os_enable yes ;;
	disable) os_enable no ;;
	esac
	fact changed "$changed"
}

by_systemd() { [ -d /run/systemd/system ] && [ -n "$unit" ]; }

# ---- start --------------------------------------------------------------------------

service_start() {
	if postmaster_of "$datadir" && is_up; then
		return 0
	fi
	wait_while_stopping
	need_conf
	[ ! -d "$datadir.pgtandem-new" ] || [ -e "$datadir" ] ||
		refuse missing "$datadir is not complete yet: the copy is in $datadir.pgtandem-new"
	log_mark
	printf 'waiting for server to start....\n' >&2
	if ! postmaster_of "$datadir"; then
		changed=yes
		start_service
	fi
	follow_start
	log_since head 15
	echo 'server started' >&2
}

# one that is on its way down gets there first
wait_while_stopping() {
	wg_n=0
	while postmaster_of "$datadir"; do
		case $pm_status in
		stopping*) ;;
		*) return 0 ;;
		esac
		[ "$wg_n" -lt 5400 ] || fail timeout "the server in $datadir is still shutting down"
		wg_n=$((wg_n + 1))
		sleep 0.1
	done
}

start_service() {
	if by_systemd; then
		# what failed before must not be in the way
		systemctl reset-failed "$unit" 2>/dev/null
		systemctl start --no-block "$unit" 2>"$run_dir/out" ||
			fail start "systemd does not start $unit: $(head -n 1 "$run_dir/out")"
	else
		os_ctl start fast || start_failed
	fi
}

# 10 and later write into postmaster.pid how far they are
is_up() {
	case $pm_status in
	ready* | standby*) return 0 ;;
	'') "$bindir/pg_isready" -q -h "${pm_sock:-localhost}" -p "$pm_port" ;;
	*) return 1 ;;
	esac
}

# No fixed limit while the server gets on: WAL replay after a crash or a copy may take hours.
follow_start() {
	fo_end=$(($(date +%s) + ${a_timeout:-3600}))
	fo_stall='' fo_stamp='' fo_n=0 fo_dead=0
	while ! { postmaster_of "$datadir" && is_up; }; do
		if [ -z "$pm_pid" ] && [ "$fo_n" -gt 4 ]; then
			service_is_dead && fo_dead=$((fo_dead + 1))
			[ "$fo_dead" -lt 3 ] || start_failed
		fi
		fo_n=$((fo_n + 1))
		sleep 0.1
		[ $((fo_n % 20)) = 0 ] || continue
		fo_now=$(date +%s)
		fo_new=$(start_stamp)
		[ "$fo_new" = "$fo_stamp" ] || fo_stall=$((fo_now + 300))
		fo_stamp=$fo_new
		if [ "$fo_now" -ge "$fo_end" ] || [ "$fo_now" -ge "$fo_stall" ]; then
			log_since tail 10
			fail timeout "the server in $datadir does not accept connections and makes no progress"
		fi
	done
}

# changes as long as recovery moves: the control file, the log, the title of the startup process
start_stamp() {
	control_value '.*\(REDO location\|ending location\)'
	stat -c %s "$(log_now)" 2>/dev/null
	[ -z "$pm_pid" ] || tr ' ' '\n' <"/proc/$pm_pid/task/$pm_pid/children" 2>/dev/null |
		while read -r ss_pid; do tr '\0' ' ' <"/proc/$ss_pid/cmdline" 2>/dev/null; done | grep 'startup'
}

service_is_dead() {
	by_systemd || return 0
	case $(systemctl show -p ActiveState,Job "$unit" | sort | tr '\n' ' ') in
	*'ActiveState=failed '* | *'ActiveState=inactive '*) ;;
	*) return 1 ;;
	esac
	! systemctl list-jobs --no-legend "$unit" 2>/dev/null | grep -qF "$unit"
}

start_failed() {
	log_since tail 10
	sf_text=$(grep -h 'FATAL\|PANIC' "$run_dir/shown" 2>/dev/null | tail -n 1)
	fail start "the server in $datadir does not start${sf_text:+: ${sf_text##*: }}"
}

# ---- stop ---------------------------------------------------------------------------

service_stop() {
	if ! postmaster_of "$datadir"; then
		! by_systemd || systemctl stop "$unit" 2>/dev/null
		return 0
	fi
	changed=yes
	st_pid=$pm_pid
	printf 'waiting for server to shut down....\n' >&2
	if [ "$a_mode" = fast ] && by_systemd && systemctl -q is-active "$unit"; then
		systemctl stop --no-block "$unit"
	else
		stop_signal
	fi
	wait_stopped
	# the unit has seen it go
	! by_systemd || systemctl stop "$unit" 2>/dev/null
	echo 'server stopped' >&2
}

stop_signal() {
	case $a_mode in
	smart) kill -TERM "$st_pid" ;;
	fast) kill -INT "$st_pid" ;;
	immediate) kill -QUIT "$st_pid" ;;
	esac
}

wait_stopped() {
	ws_n=0
	while postmaster_of "$datadir"; do
		[ "$ws_n" -lt $((a_stop_timeout * 10)) ] || stop_late
		# not systemd's, or systemd is not quick
		[ "$ws_n" != 50 ] || [ "$a_mode" != fast ] || stop_signal
		ws_n=$((ws_n + 1))
		sleep 0.1
	done
}

# with force=yes the time is up for politeness, not for the job
stop_late() {
	if [ "$a_force" = yes ] && [ "$a_mode" != immediate ]; then
		warn "The server did not stop within $a_stop_timeout s; it is ended at once and will recover when it starts."
		a_mode=immediate
		a_stop_timeout=$((a_stop_timeout + 60))
		stop_signal
		return 0
	fi
	hint "connected clients or a standby that does not answer may hold it; force (mode=immediate) ends it at once"
	fail timeout "the server in $datadir did not stop within $a_stop_timeout s"
}

service_restart() {
	service_stop
	service_start
	changed=yes
}

main "$@"; exit $?

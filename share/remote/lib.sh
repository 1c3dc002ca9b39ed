# shellcheck shell=sh
# lib.sh - what every script on a database host starts with: arguments, facts out, failing,
# being ended with the controller, records of what a job made, files written so that they
# survive a power loss. The contract is doc/remote-scripts.md.
# (shellcheck looks at the composition: lib.sh, the system's part, the script.)

set -u
umask 022
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset LANGUAGE PGSERVICE PGSERVICEFILE PGPASSFILE CDPATH ENV

NL='
'
: "${RUN_ROOT:=/run/pgtandem}" "${STATE_ROOT:=/var/lib/pgtandem}"
run_dir=$RUN_ROOT/$$
child='' child_file='' watcher='' pid_file='' reporter='' changed=no pending_hint=''

# ---- saying -------------------------------------------------------------------------

say() { printf '%s\n' "$*" | sed 's/^@/ @/' >&2; }
debug() { printf '@debug %s\n' "$*" >&2; }
warn() { printf '@warn %s\n' "$*" >&2; }
# said with the error that comes next
hint() { pending_hint=$*; }
error() {
	error_code=$1
	shift
	printf '@error %s %s\n' "$error_code" "$(one_line "$*")" >&2
	[ -z "$pending_hint" ] || printf '@hint %s\n' "$pending_hint" >&2
	pending_hint=''
}
fail() { error "$@"; exit 1; }
refuse() { error "$@"; exit 10; }

# lines -> a,b,c
commas() { tr '\n' ',' | sed 's/,$//'; }

# free lines of other programs, from a file or stdin
say_lines() { sed 's/^@/ @/' "$@" >&2; }

one_line() {
	case $1 in
	*[[:cntrl:]]*) printf '%s' "$1" | tr '\000-\037' ' ' ;;
	*) printf '%s' "$1" ;;
	esac
}

fact() {
	case $2 in
	*[[:cntrl:]]*) printf '%s=%s\n' "$1" "$(one_line "$2")" ;;
	*) printf '%s=%s\n' "$1" "$2" ;;
	esac
}

# a JSON string of $1
json_str() {
	json_v=$1
	case $json_v in
	*[[:cntrl:]\\\"]*)
		json_v=$(printf '%s' "$json_v" | tr '\000-\037' ' ' | sed 's/["\\]/\\&/g')
		;;
	esac
	printf '"%s"' "$json_v"
}

# ---- arguments ----------------------------------------------------------------------

# stdin was the script; what comes from it now is only its end. Nothing that is run here
# may eat it, so it moves to 3 until somebody watches it.
begin() {
	exec 3<&0 0</dev/null
	cd /
	trap at_exit EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	args "$@"
	: "${a_action:=do}" "${a_job:=}" "${a_version:=}" "${a_name:=}" "${a_port:=}"
	: "${a_datadir:=}" "${a_watch:=yes}" "${a_takeover:=no}"
	check_common
}

args() {
	arg_names=''
	for arg_word in "$@"; do
		arg_name=${arg_word%%=*}
		case $arg_word in
		*"$NL"*) fail args "newline in an argument" ;;
		*=*) ;;
		*) fail args "\"$arg_word\" is not name=value" ;;
		esac
		case $arg_name in
		'' | *[!a-z0-9_]*) fail args "\"$arg_name\" is not an argument name" ;;
		esac
		arg_value=${arg_word#*=}
		eval "a_$arg_name=\$arg_value"
		arg_names="$arg_names $arg_name"
	done
}

# what reaches a path, a unit name or a file must look like it
check_common() {
	[ -n "$a_name" ] || a_name=main
	case $a_job in
	*[!0-9a-f-]*) fail args "\"$a_job\" does not name a job" ;;
	esac
	is_number "${a_port:-1}" || fail args "port \"$a_port\" is not a number"
	[ "${a_port:-1}" -ge 1 ] && [ "${a_port:-1}" -le 65535 ] ||
		fail args "port $a_port is not between 1 and 65535"
	case $a_version in
	'' | 9.6 | [1-9][0-9]) ;;
	*) fail args "\"$a_version\" is not a major version of PostgreSQL" ;;
	esac
	case $a_name in
	*[!A-Za-z0-9_]*) fail args "instance name \"$a_name\" has other characters than letters, digits and _" ;;
	esac
	[ -z "$a_datadir" ] || check_datadir_arg
}

check_datadir_arg() {
	while :; do
		case $a_datadir in
		/ | [!/]*) fail args "data directory \"$a_datadir\" is not an absolute path" ;;
		*/../* | */.. | */./* | */. | *[[:cntrl:]]* | *\'* | *\"* | *\\*)
			fail args "data directory \"$a_datadir\" has characters which are not allowed in it"
			;;
		*/) a_datadir=${a_datadir%/} ;;
		*//*) a_datadir=${a_datadir%%//*}/${a_datadir#*//} ;;
		*) return 0 ;;
		esac
	done
}

is_number() {
	case $1 in
	'' | *[!0-9]* | ????????????????*) return 1 ;;
	esac
}

need_args() {
	for need_name in "$@"; do
		eval "need_value=\${a_$need_name:-}"
		[ -n "$need_value" ] || fail args "argument $need_name is missing"
	done
}

need_root() {
	[ "$(id -u)" = 0 ] || refuse root "needs root, runs as $(id -un)"
}

# version 9.6 -> 906, 15 -> 1500: comparable numbers
vnum() {
	case $1 in
	*.*) echo $((${1%%.*} * 100 + ${1#*.})) ;;
	*) echo $(($1 * 100)) ;;
	esac
}

action_run() { # CHECK DO UNDO: functions; check returns 0 or 3
	case $a_action in
	check)
		"$1"
		return $?
		;;
	do)
		"$2" || return $?
		fact changed "$changed"
		;;
	undo)
		"$3" || return $?
		;;
	*) fail args "no action \"$a_action\" here" ;;
	esac
}

# ---- living and ending --------------------------------------------------------------

at_exit() {
	exit_code=$?
	trap '' TERM INT HUP
	trap - EXIT
	[ -z "$watcher" ] || kill "$watcher" 2>/dev/null
	[ -z "$reporter" ] || kill "$reporter" 2>/dev/null
	[ -z "$child" ] || kill_group "$child"
	if command -v on_exit >/dev/null; then on_exit; fi
	rm -rf "$run_dir"
	[ -z "$pid_file" ] || rm -f "$pid_file" "$pid_file.child"
	[ ! -d "$RUN_ROOT" ] || rmdir "$RUN_ROOT" 2>/dev/null
	exit "$exit_code"
}

# sets st_state and st_start (clock ticks after boot: a pid is one process only with this)
proc_stat() {
	{ read -r st_line </proc/"$1"/stat; } 2>/dev/null || return 1
	# shellcheck disable=SC2086
	set -- ${st_line##*) }
	st_state=$1
	shift 9
	st_start=${11}
}

is_alive() { # PID STARTTIME
	proc_stat "$1" && [ "$st_start" = "$2" ] && [ "$st_state" != Z ]
}

kill_group() { # PGID: ask, wait 5 s, then force
	# dash takes no -- here
	kill -TERM "-$1" 2>/dev/null || return 0
	kg_n=0
	while kill -0 "-$1" 2>/dev/null && [ "$kg_n" -lt 50 ]; do
		sleep 0.1
		kg_n=$((kg_n + 1))
		# a zombie of ours keeps its group alive until it is waited for
		! proc_stat "$1" || [ "$st_state" != Z ] || break
	done
	kill -KILL "-$1" 2>/dev/null
}

need_run_dir() {
	[ -d "$run_dir" ] && return 0
	# a script beside us that ends may take the empty parent away meanwhile
	for nr_try in 1 2 3 4 5 6 7 8 9; do
		mkdir -p "$RUN_ROOT" 2>/dev/null && chmod 711 "$RUN_ROOT" 2>/dev/null &&
			mkdir -m 711 "$run_dir" 2>/dev/null && return 0
	done
	mkdir -p "$RUN_ROOT" && chmod 711 "$RUN_ROOT" && mkdir -m 711 "$run_dir" ||
		fail failed "cannot make $run_dir (try $nr_try)"
}

# guard WHAT: from here on one call of WHAT at a time on this host. An orphan of this job is ended,
# another job's is respected. When stdin ends, the controller is gone and we end too.
guard() {
	need_run_dir
	guard_pid_file=$RUN_ROOT/$1.pid
	# the directory itself is the lock: nothing to leave behind
	exec 8<"$RUN_ROOT"
	flock -w 20 8 || refuse busy "$RUN_ROOT is locked by another script"
	end_earlier "$guard_pid_file"
	pid_file=$guard_pid_file
	proc_stat $$
	printf '%s %s %s\n' $$ "$st_start" "${a_job:-0}" >"$pid_file"
	exec 8>&-
	child_file=$pid_file.child
	watch_stdin
}

end_earlier() {
	[ -f "$1" ] || return 0
	read -r ee_pid ee_start ee_job <"$1" || ee_pid=''
	ee_child='' ee_cstart=0
	[ ! -f "$1.child" ] || read -r ee_child ee_cstart <"$1.child" || :
	ee_live=no
	! is_alive "${ee_pid:-none}" "${ee_start:-0}" || ee_live=yes
	! is_alive "${ee_child:-none}" "${ee_cstart:-0}" || ee_live=yes
	if [ "$ee_live" = yes ] && [ "${ee_job:-0}" != "${a_job:-0}" ] && [ "$a_takeover" != yes ]; then
		refuse busy "job ${ee_job:-?} is at work on this host (${1##*/}, process ${ee_pid:-?})"
	fi
	[ "$ee_live" = no ] || say "Ending what an earlier call of job ${ee_job:-?} left running."
	! is_alive "${ee_pid:-none}" "${ee_start:-0}" || end_one "$ee_pid" "$ee_start"
	! is_alive "${ee_child:-none}" "${ee_cstart:-0}" || kill_group "$ee_child"
	[ -z "${ee_pid:-}" ] || rm -rf "${RUN_ROOT:?}/$ee_pid"
	rm -f "$1" "$1.child"
}

end_one() { # PID STARTTIME
	kill -TERM "$1" 2>/dev/null || return 0
	eo_n=0
	while is_alive "$1" "$2" && [ "$eo_n" -lt 80 ]; do
		sleep 0.1
		eo_n=$((eo_n + 1))
	done
	! is_alive "$1" "$2" || kill -KILL "$1"
}

watch_stdin() {
	if [ "$a_watch" = no ]; then
		exec 3<&-
		return
	fi
	proc_stat $$
	(
		trap - EXIT TERM INT HUP
		exec >/dev/null 2>&1
		while read -r _; do :; done
		! is_alive $$ "$st_start" || kill -TERM $$
	) <&3 &
	watcher=$!
	exec 3<&-
}

# work_as USER CMD...: work_start as that user
work_as() {
	wa_user=$1
	shift
	if [ "$wa_user" != "$(id -un)" ]; then
		if command -v setpriv >/dev/null; then
			set -- setpriv --reuid "$(id -u "$wa_user")" --regid "$(id -g "$wa_user")" --init-groups -- "$@"
		else
			set -- runuser -u "$wa_user" -- "$@"
		fi
	fi
	work_start "$@"
}

# work CMD...: runs CMD in a process group of its own that ends with us, waits, returns its status
work() {
	work_start "$@"
	work_wait
}

work_start() {
	# shellcheck disable=SC2016
	setsid sh -c 'f=$1; shift
		read -r l </proc/self/stat
		p=$$; r=${l##*) }
		set -f; n=0; for w in $r; do n=$((n + 1)); [ $n != 20 ] || s=$w; done; set +f
		[ -z "$f" ] || printf "%s %s\n" "$p" "$s" >"$f"
		exec "$@"' sh "$child_file" "$@" </dev/null 3<&- &
	child=$!
}

work_wait() {
	wait "$child"
	work_rc=$?
	child=''
	[ -z "$child_file" ] || rm -f "$child_file"
	return "$work_rc"
}

# ---- files --------------------------------------------------------------------------

sync_path() {
	[ "${PGTANDEM_NO_SYNC:-}" != yes ] || return 0
	sync "$@" 2>/dev/null || sync
}

# put_file PATH MODE OWNER: stdin becomes the file, whole or not at all, also after a power loss
put_file() {
	pf_tmp=$1.pgtandem-new
	(umask 077 && cat >"$pf_tmp") || fail space "cannot write $pf_tmp"
	chown "$3" "$pf_tmp" && chmod "$2" "$pf_tmp" && sync_path "$pf_tmp" && mv -f "$pf_tmp" "$1" ||
		fail failed "cannot write $1"
	sync_path "${1%/*}"
}

same_text() { # FILE TEXT: the file holds exactly the text and a newline
	[ -f "$1" ] && printf '%s\n' "$2" | cmp -s - "$1"
}

b64() { base64 | tr -d '\n'; }

# the value of a setting in a configuration file, the last one counts
conf_value() { # FILE KEY
	[ -f "$1" ] || return 0
	sed -n "s/^[[:blank:]]*$2[[:blank:]]*[=[:blank:]][[:blank:]]*\\('\\([^']*\\)'\\|\\([^[:blank:]#']*\\)\\).*/\\2\\3/p" \
		"$1" | tail -n 1
}

# ---- what a job made ----------------------------------------------------------------

# record SCRIPT...: from here on rec is the directory of the records of this script
record() {
	need_args job
	rec=$STATE_ROOT/job-$a_job/$1
}

rec_has() { [ -e "$rec/$1" ]; }
rec_get() { [ ! -f "$rec/$1" ] || cat "$rec/$1"; }

rec_put() { # NAME, the value on stdin or as $2
	if [ ! -d "$rec" ]; then
		(umask 077 && { mkdir -p "$rec" 2>/dev/null || mkdir -p "$rec"; }) || fail space "cannot make $rec"
		sync_path "$STATE_ROOT" "$STATE_ROOT/job-$a_job"
	fi
	if [ $# -ge 2 ]; then
		printf '%s\n' "$2" | put_file "$rec/$1" 600 root:root
	else
		put_file "$rec/$1" 600 root:root
	fi
}

rec_forget() {
	rm -rf "${rec:?}"
	rmdir "$STATE_ROOT/job-$a_job" "$STATE_ROOT" 2>/dev/null
	return 0
}

# ---- doing things as the database's user --------------------------------------------

as_user() { # USER CMD...
	au_user=$1
	shift
	if [ "$au_user" = "${me:=$(id -un)}" ]; then
		"$@"
	elif command -v setpriv >/dev/null; then
		setpriv --reuid "$(id -u "$au_user")" --regid "$(id -g "$au_user")" --init-groups -- "$@"
	else
		runuser -u "$au_user" -- "$@"
	fi
}

# ---- where things are, by family ----------------------------------------------------

# Each paths_FAMILY sets, for a_version, a_name and a_datadir: bindir (even when not installed),
# default_datadir, datadir, confdir, unit, log_file, pg_owner.
paths_debian() {
	bindir=/usr/lib/postgresql/$a_version/bin
	pd_etc=/etc/postgresql/$a_version
	pd_conf=$(conf_value "$pd_etc/$a_name/postgresql.conf" data_directory)
	# somebody's name for the directory that was asked for
	if [ -n "$a_datadir" ] && [ "$pd_conf" != "$a_datadir" ]; then
		for pd_file in "$pd_etc"/*/postgresql.conf; do
			[ "$(conf_value "$pd_file" data_directory)" = "$a_datadir" ] || continue
			pd_conf=$a_datadir pd_file=${pd_file%/postgresql.conf}
			a_name=${pd_file##*/}
			break
		done
	fi
	default_datadir=/var/lib/postgresql/$a_version/$a_name
	datadir=${a_datadir:-${pd_conf:-$default_datadir}}
	confdir=$pd_etc/$a_name
	unit=postgresql@$a_version-$a_name.service
	log_file=/var/log/postgresql/postgresql-$a_version-$a_name.log
	pg_owner=postgres
	if [ "$pd_conf" != "$datadir" ] && [ -f "$datadir/postgresql.conf" ]; then
		confdir=$datadir unit='' log_file=''
	fi
	paths_owner
}

paths_rhel() {
	pr_root=/var/lib/pgsql
	bindir=/usr/pgsql-$a_version/bin
	unit=postgresql-$a_version.service
	default_datadir=$pr_root/$a_version/data
	# the distribution's own packages have one version at a time, in /usr/bin
	if [ ! -x "$bindir/postgres" ] && [ -x /usr/bin/postgres ] &&
		[ "$(server_major /usr/bin/postgres)" = "$a_version" ]; then
		bindir=/usr/bin unit=postgresql.service default_datadir=$pr_root/data
	fi
	pg_owner=postgres log_file=''
	datadir=${a_datadir:-$default_datadir}
	confdir=$datadir
	paths_owner
}

paths_owner() {
	[ ! -f "$datadir/PG_VERSION" ] || pg_owner=$(stat -c %U "$datadir/PG_VERSION")
}

# 15.18 of "postgres (PostgreSQL) 15.18 (Debian ...)"
server_minor() {
	sm_text=$("$1" --version 2>/dev/null) || return 0
	sm_text=${sm_text#*) }
	echo "${sm_text%% *}"
}

server_major() {
	case $(server_minor "$1") in
	9.6*) echo 9.6 ;;
	[1-9][0-9]*)
		sm_text=$(server_minor "$1")
		sm_text=${sm_text%%.*}
		echo "${sm_text%%[!0-9]*}"
		;;
	esac
}

# the directory that postgresql.conf includes, if there is one
conf_dropin_of() { # CONFDIR
	cd_dir=$(conf_value "$1/postgresql.conf" include_dir)
	case $cd_dir in
	'') return 0 ;;
	/*) ;;
	*) cd_dir=$1/$cd_dir ;;
	esac
	[ ! -d "$cd_dir" ] || echo "$cd_dir"
}

control_value() { # LABEL [DIR]: from pg_controldata of datadir or DIR
	"$bindir/pg_controldata" "${2:-$datadir}" 2>/dev/null | sed -n "s/^$1: *//p"
}

# absent empty nonempty cluster notdir
dir_state() {
	if [ ! -e "$1" ] && [ ! -L "$1" ]; then
		echo absent
	elif [ ! -d "$1" ]; then
		echo notdir
	elif [ -f "$1/PG_VERSION" ] && [ -d "$1/global" ]; then
		echo cluster
	elif [ -n "$(find "$1/" -mindepth 1 -maxdepth 1 ! -name .pgtandem-new 2>/dev/null | head -n 1)" ]; then
		echo nonempty
	else
		echo empty
	fi
}

# postmaster.pid of $1: sets pm_pid pm_port pm_sock pm_status (10 on), false if it does not run
postmaster_of() {
	pm_pid='' pm_port='' pm_sock='' pm_status=''
	[ -f "$1/postmaster.pid" ] || return 1
	{
		read -r pm_pid && read -r _ && read -r _ && read -r pm_port && read -r pm_sock &&
			read -r _ && read -r _ && read -r pm_status
	} <"$1/postmaster.pid" || :
	is_number "$pm_pid" && proc_stat "$pm_pid" && [ "$st_state" != Z ] || return 1
	# after a reboot the pid may be anybody's
	pm_cwd=$(readlink "/proc/$pm_pid/cwd" 2>/dev/null) || return 0
	[ "$pm_cwd" = "$(readlink -f "$1")" ]
}

# PID:COMMAND of who holds a lock of the package manager, nothing if nobody does
pkg_lock() {
	pl_inodes=$(stat -c ':%i' /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock \
		/var/lib/rpm/.rpm.lock /run/dnf.pid 2>/dev/null | tr '\n' ' ')
	[ -n "$pl_inodes" ] || return 0
	pl_pid=$(awk -v want="$pl_inodes" 'BEGIN { n = split(want, w, " ") }
		$2 != "->" { for (i = 1; i <= n; i++) if ($6 ~ w[i] "$") { print $5; exit } }' /proc/locks)
	[ -n "$pl_pid" ] || return 0
	pl_comm='?'
	[ ! -r "/proc/$pl_pid/comm" ] || read -r pl_comm <"/proc/$pl_pid/comm" || :
	echo "$pl_pid:$pl_comm"
}

# ---- data directories ---------------------------------------------------------------

# Before a data directory is made: which of its parents are new; was it there, empty? instance.sh,
# basebackup.sh and standby.sh share what is remembered.
remember_parents() {
	rp_rec=$rec
	record "parents-$(path_id "$datadir")"
	if ! rec_has parents; then
		rp_dir=$datadir
		{
			[ ! -d "$datadir" ] || printf 'mode %s\n' "$(stat -c '%a %U:%G' "$datadir")"
			while [ ! -d "$rp_dir" ] && [ -n "$rp_dir" ]; do
				printf 'new %s\n' "$rp_dir"
				rp_dir=${rp_dir%/*}
			done
		} | rec_put parents
	fi
	rec=$rp_rec
}

# a short name for a path
path_id() { printf '%s' "$1" | cksum | cut -d ' ' -f 1; }

# the data directory goes; what was there, empty, before stays so
remove_datadir() {
	rd_file=$STATE_ROOT/job-$a_job/parents-$(path_id "$datadir")/parents
	rd_mode=''
	[ ! -f "$rd_file" ] || rd_mode=$(sed -n 's/^mode //p' "$rd_file")
	[ -e "$datadir" ] || [ -n "$rd_mode" ] || return 0
	if [ -z "$rd_mode" ]; then
		rm -rf "${datadir:?}"
		return
	fi
	mkdir -p "$datadir"
	find "$datadir/" -mindepth 1 -delete
	chmod "${rd_mode%% *}" "$datadir"
	chown "${rd_mode#* }" "$datadir"
}

forget_parents() {
	fp_rec=$rec
	record "parents-$(path_id "$datadir")"
	rec_get parents | sed -n 's/^new //p' >"$run_dir/parents"
	while IFS= read -r fp_dir; do
		[ ! -d "$fp_dir" ] || rmdir "$fp_dir" 2>/dev/null || break
	done <"$run_dir/parents"
	rec_forget
	rec=$fp_rec
}

# initdb and pg_basebackup sync what they write themselves; this is for the rest
sync_tree() {
	[ "${PGTANDEM_NO_SYNC:-}" = yes ] || sync -f "$1" 2>/dev/null || sync
}

# shellcheck shell=sh
# pg.sh - the second part of every script: talking to a server on this host, its files, its log.

# ---- the running server -------------------------------------------------------------

# find_server: by a_datadir or a_port: sets srv_datadir srv_port srv_sock srv_owner srv_pid srv_bin srv_v
find_server() {
	if [ -n "$a_datadir" ]; then
		srv_datadir=$a_datadir
	else
		need_args port
		srv_datadir=''
		for fs_lock in "/run/postgresql/.s.PGSQL.$a_port" $(awk -v s="/.s.PGSQL.$a_port" \
			'substr($8, length($8) - length(s) + 1) == s { print $8 }' /proc/net/unix); do
			fs_lock=$fs_lock.lock
			[ -f "$fs_lock" ] || continue
			{ read -r fs_pid && read -r srv_datadir; } <"$fs_lock" || continue
			! proc_stat "${fs_pid:-none}" || break
			srv_datadir=''
		done
		[ -n "$srv_datadir" ] || refuse down "no PostgreSQL server listens on port $a_port of this host"
	fi
	postmaster_of "$srv_datadir" || refuse down "the PostgreSQL server in $srv_datadir does not run"
	srv_pid=$pm_pid srv_port=$pm_port srv_sock=$pm_sock
	[ -z "$a_port" ] || [ "$a_port" = "$srv_port" ] ||
		refuse changed "the server in $srv_datadir listens on port $srv_port, not $a_port"
	[ -n "$srv_sock" ] || refuse missing "the server in $srv_datadir has no Unix-domain socket"
	srv_owner=$(stat -c %U "$srv_datadir/PG_VERSION")
	srv_bin=$(readlink "/proc/$srv_pid/exe")
	srv_bin=${srv_bin% (deleted)}
	srv_bin=${srv_bin%/*}
	read -r srv_v <"$srv_datadir/PG_VERSION"
	srv_vnum=$(vnum "$srv_v")
	psql=$srv_bin/psql
	[ -x "$psql" ] || psql=$(command -v psql) || refuse tool "psql is not installed"
	srv_role='' srv_passfile=''
}

# who to be in the server: the OS user that owns it, or a role with a password
login_as() { # ROLE PASSWORD
	[ -n "$1" ] || return 0
	srv_role=$1
	[ -n "$2" ] || return 0
	write_passfile "$2" "$srv_owner"
	srv_passfile=$passfile
}

write_passfile() { # PASSWORD OWNER: a pgpass file on tmpfs for this run, sets passfile
	need_run_dir
	passfile=$run_dir/pgpass
	(umask 077 && : >"$passfile") && chown "$2" "$passfile" ||
		fail failed "cannot write a password file in $run_dir"
	pass_line '*' '*' "$1" >"$passfile"
}

pass_line() { # HOST PORT PASSWORD
	printf '%s:%s:*:*:%s\n' "$(pass_escape "$1")" "$2" "$(pass_escape "$3")"
}

pass_escape() { printf '%s' "$1" | sed 's/[\\:]/\\&/g'; }

# psql_run DATABASE: SQL from stdin; rows on stdout, unaligned; status is psql's
psql_run() {
	psql_start "$1" -
}

# psql_run_file FILE: the SQL is in FILE, stdin answers psql's questions: for that there must be no terminal
psql_run_file() {
	psql_start postgres "$1" setsid -w
}

psql_start() { # DATABASE FILE [WRAPPER...]
	need_run_dir
	ps_db=$1 ps_file=$2
	shift 2
	set -- "$@" "$psql" -X -q -A -t -w -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -f "$ps_file"
	[ -z "$srv_role" ] || set -- "PGUSER=$srv_role" "PGPASSFILE=$srv_passfile" "$@"
	as_user "$srv_owner" env -i PATH="$PATH" LC_ALL=C HOME=/ \
		PGHOST="$srv_sock" PGPORT="$srv_port" PGDATABASE="$ps_db" PGAPPNAME=pgtandem \
		PGCONNECT_TIMEOUT=15 PGCLIENTENCODING=UTF8 \
		PGOPTIONS="-c search_path=pg_catalog ${psql_options:-}" "$@" 2>"$run_dir/psql.err"
}

# psql_fail: an @error from what psql_run left, exit 1
psql_fail() {
	pe_text=$(sed -n 's/^.*\(ERROR\|FATAL\|PANIC\): *\([0-9A-Z]\{5\}\): */\2 /p' "$run_dir/psql.err" | head -n 1)
	if [ -n "$pe_text" ]; then
		sed -n 's/^.*\(DETAIL\|HINT\):  */\1: /p' "$run_dir/psql.err" | say_lines
		fail sql "$pe_text"
	fi
	pe_text=$(grep -v '^[[:blank:]]' "$run_dir/psql.err" | head -n 1)
	pe_text=${pe_text#psql: }
	pe_text=${pe_text#error: }
	[ -n "$pe_text" ] || pe_text="psql ended with an error and did not say why"
	fail "$(conn_code "$pe_text")" "$pe_text"
}

# which kind of trouble a libpq message tells of
conn_code() {
	case $1 in
	*'o space left'* | *'Disk quota'*) echo space ;;
	*'exists but is not empty'*) echo exists ;;
	*'replication slot'*) echo slot ;;
	*'onnection refused'* | *'o such file or directory'*) echo refused ;;
	*'timeout expired'* | *'timed out'*) echo timeout ;;
	*'could not translate host name'* | *'Name or service not known'* | *'name resolution'*) echo unresolved ;;
	*'o route to host'* | *'etwork is unreachable'*) echo refused ;;
	*'no pg_hba.conf entry'* | *'pg_hba.conf rejects'*) echo hba ;;
	*'authentication failed'* | *'no password supplied'* | *'fe_sendauth'* | \
		*'does not exist'* | *'is not permitted to log in'* | *'must be superuser or replication role'* | *'permission denied to start WAL sender'*) echo auth ;;
	*'number of requested standby connections exceeds'* | *'too many clients'* | *'onnection slots are reserved'*) echo senders ;;
	*'SSL connection has been closed'*) echo closed ;;
	*'SSL'* | *'certificate'*) echo tls ;;
	*'incompatible server version'*) echo version ;;
	*'the database system is '*) echo down ;;
	*'server closed the connection'* | *'terminating connection'* | *'onnection reset'* | *'lost'* | *'unexpected EOF'*) echo closed ;;
	*) echo failed ;;
	esac
}

# psql_set NAME VALUE: a \set line for psql's input, for any value
psql_set() {
	printf '\\set %s ' "$1"
	psql_quote "$2"
	echo
}

psql_quote() {
	printf "'"
	printf '%s' "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/\\\\'/g; \$!s/\$/\\\\n/" | tr -d '\n'
	printf "'"
}

# ---- its files ----------------------------------------------------------------------

# pg_hba.conf's password method
hba_method() {
	if [ "$(vnum "$a_version")" -ge 1000 ]; then echo scram-sha-256; else echo md5; fi
}

# reload_server: a running server reads its files again; wait_reloaded waits until it has
reload_server() {
	reloaded_at=''
	[ "${a_reload:-yes}" = yes ] && postmaster_of "$datadir" || return 0
	reloaded_at=$(date +%s.%N)
	kill -HUP "$pm_pid"
}

wait_reloaded() {
	[ -n "${reloaded_at:-}" ] || return 0
	wr_n=0
	while [ "$wr_n" -lt 50 ]; do
		wr_yes=$({
			psql_set since "$reloaded_at"
			echo "select pg_conf_load_time() >= to_timestamp(:'since'::float8);"
		} | psql_run postgres) || return 0
		[ "$wr_yes" != t ] || return 0
		sleep 0.1
		wr_n=$((wr_n + 1))
	done
}

# the configuration is there, and it is this data directory's
need_conf() {
	[ -f "$confdir/postgresql.conf" ] || refuse missing "there is no $confdir/postgresql.conf"
	nc_dir=$(conf_value "$confdir/postgresql.conf" data_directory)
	[ -z "$nc_dir" ] || [ "$nc_dir" = "$datadir" ] ||
		refuse changed "$confdir/postgresql.conf belongs to $nc_dir, not to $datadir"
}

# ---- the server's log ---------------------------------------------------------------

# the file that the server writes to now, as far as one can tell
log_now() {
	if [ -n "$log_file" ] && [ -f "$log_file" ]; then
		echo "$log_file"
		return
	fi
	ln_dir=$(conf_value "$confdir/postgresql.conf" log_directory)
	case ${ln_dir:=log} in
	/*) ;;
	*) ln_dir=$datadir/$ln_dir ;;
	esac
	# shellcheck disable=SC2012
	ls -t "$ln_dir"/*.log "$ln_dir"/*.csv 2>/dev/null | head -n 1
}

# what comes after log_mark is news
log_mark() {
	need_run_dir
	lm_file=$(log_now)
	lm_size=0 lm_time=$(date +%s)
	[ -z "$lm_file" ] || lm_size=$(stat -c %s "$lm_file")
}

log_since() { # head|tail N: the first or the last N lines of news
	ls_file=$(log_now)
	: >"$run_dir/news"
	if [ -n "$ls_file" ]; then
		ls_from=1
		[ "$ls_file" != "$lm_file" ] || ls_from=$((lm_size + 1))
		tail -c "+$ls_from" "$ls_file" >"$run_dir/news"
	fi
	[ -s "$run_dir/news" ] || log_journal --since "@$lm_time" >"$run_dir/news"
	"$1" -n "$2" "$run_dir/news" >"$run_dir/shown"
	say_lines "$run_dir/shown"
}

# a server without a log file of its own writes to the journal
log_journal() {
	command -v journalctl >/dev/null || return 0
	journalctl -q -o cat "$@" _COMM=postgres + _COMM=postmaster 2>/dev/null
}

log_tail() {
	lt_file=$(log_now)
	if [ -n "$lt_file" ]; then tail -n "$1" "$lt_file"; else log_journal -n "$1"; fi | say_lines
}

# ---- copies and upstreams -----------------------------------------------------------

# Beside the data directory, or inside where that is a mount point of its own.
staging_of() {
	if [ -d "$1" ] && [ "$(stat -c %d "$1")" != "$(stat -c %d "${1%/*}/")" ]; then
		echo "$1/.pgtandem-new"
	else
		echo "$1.pgtandem-new"
	fi
}

conninfo_value() { printf "'%s'" "$(printf '%s' "$1" | sed "s/[\\\\']/\\\\&/g")"; }

# with a CA at hand anything less than checking it would be a waste
ssl_mode() {
	: "${a_sslmode:=prefer}"
	case $a_sslmode in
	disable | allow | prefer | require | verify-ca | verify-full) ;;
	*) fail args "no sslmode \"$a_sslmode\"" ;;
	esac
	case $a_sslmode:${s_ca:+ca} in
	prefer:ca | require:ca | allow:ca) echo verify-ca ;;
	*) echo "$a_sslmode" ;;
	esac
}

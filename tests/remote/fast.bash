# shellcheck shell=bash
# fast.bash - what can be tried on this machine alone: the shape of every script, the library, and the
# scripts that talk to a server against a temporary one.

scripts=$(cd "$remote" && ls ./*.sh | sed 's,./,,; s,\.sh,,' | grep -v '^lib$\|^pg$\|^os_')

fast() {
	shape
	for sh in dash bash; do
		# a system's own sh is one or the other
		! command -v $sh >/dev/null || { library && endings && files; }
	done
	server_tests
}

# ---- shape --------------------------------------------------------------------------

shape() {
	local script os
	for script in $scripts; do
		for os in debian rhel; do
			is_os "$script" || [ $os = debian ] || continue
			compose $os "$script" >"$tmp/composed.sh"
			check "$script ($os): shellcheck" shellcheck --norc -s sh -e SC2317,SC2034,SC2120,SC2119,SC2015 "$tmp/composed.sh"
			check "$script ($os): dash reads it" dash -n "$tmp/composed.sh"
			check "$script ($os): bash reads it" bash --posix -n "$tmp/composed.sh"
		done
		same "$script: nothing happens before the last line" "main \"\$@\"; exit \$?" "$(tail -n 1 "$remote/$script.sh")"
		check "$script: is in the contract" grep -q "^### $script.sh" "$top/doc/remote-scripts.md"
	done
	for script in "$remote"/*.sh; do
		check "${script##*/}: under 800 lines" test "$(wc -l <"$script")" -lt 800
	done
}

# ---- the library --------------------------------------------------------------------

# try CODE ARG...: runs CODE in main after begin; stdin ends after it
try() {
	local code=$1
	shift
	{ cat "$remote/lib.sh" "$remote/pg.sh" && printf 'main() {\n%s\n}\nmain "$@"; exit $?\n' "$code"; } |
		env RUN_ROOT="$tmp/run" STATE_ROOT="$tmp/state" $sh -s -- "$@" >"$tmp/out" 2>"$tmp/err"
}

refused() { # NAME CODE-PATTERN ARG...
	local name=$1 code=$2
	shift 2
	if try 'begin "$@"' "$@"; then not_ok "$sh: refuses $name"; else has "$sh: refuses $name" "^@error $code" "$(cat "$tmp/err")"; fi
}

library() {
	local v
	for v in "a'b" '$(touch /tmp/x)' '`id`' '"q" \ x' ' lead' 'x=y=z' '*' 'ü€😀' '~' '-n'; do
		# shellcheck disable=SC2016
		try 'begin "$@"; printf %s "$a_v"' "v=$v"
		same "$sh: an argument is never evaluated: $v" "$v" "$(cat "$tmp/out")"
	done
	refused 'a word without =' args nonsense
	refused 'a bad name' args 'a;b=1'
	refused 'an empty name' args '=1'
	refused 'a newline' args $'a=1\n2'
	refused 'a port that is none' args port=0
	refused 'a port too high' args port=70000
	refused 'a name with a slash' args name=../x
	refused 'a relative datadir' args datadir=x/y
	refused 'the root as datadir' args datadir=/
	refused 'slashes only' args datadir=///
	refused 'a datadir with ..' args datadir=/a/../b
	refused 'a datadir with quotes' args "datadir=/a'b"
	refused 'a version' args 'version=15;x'
	refused 'a job' args 'job=1/../2'
	# shellcheck disable=SC2016
	try 'begin "$@"; printf %s "$a_datadir"' datadir=/a//b/
	same "$sh: a datadir is made plain" /a/b "$(cat "$tmp/out")"
	try 'begin "$@"; fact k "a
b	c"; say "@error x"; error failed "two
lines"'
	same "$sh: a fact is one line" 'k=a b c' "$(cat "$tmp/out")"
	same "$sh: free lines are not commands" ' @error x' "$(sed -n 1p "$tmp/err")"
	same "$sh: an error is one line" '@error failed two lines' "$(sed -n 2p "$tmp/err")"
	try 'begin; hint "do this"; refuse busy "that"'
	same "$sh: a hint follows its error" $'@error busy that\n@hint do this' "$(cat "$tmp/err")"
	try 'begin; json_str "a\"b\\c
d"'
	same "$sh: JSON strings" '"a\"b\\c d"' "$(cat "$tmp/out")"
	library_texts
}

library_texts() {
	local pair
	for pair in 'connection to server at "10.0.0.1", port 5432 failed: Connection refused|refused' \
		'FATAL:  password authentication failed for user "x"|auth' \
		'FATAL:  no pg_hba.conf entry for replication connection from host "1.2.3.4", user "x"|hba' \
		'could not translate host name "x" to address: Name or service not known|unresolved' \
		'connection to server at "1.2.3.4" failed: timeout expired|timeout' \
		'could not send replication command "START_REPLICATION": ERROR:  replication slot "s" is active for PID 4|slot' \
		'FATAL:  number of requested standby connections exceeds max_wal_senders (currently 1)|senders' \
		'could not write to file "x": No space left on device|space' \
		'FATAL:  role "x" does not exist|auth' \
		'server closed the connection unexpectedly|closed' \
		'FATAL:  the database system is starting up|down' \
		'SSL error: certificate verify failed|tls' 'what is this|failed'; do
		# shellcheck disable=SC2016
		try 'begin "$@"; conn_code "$a_t"' "t=${pair%|*}"
		same "$sh: what kind of trouble: ${pair%|*}" "${pair##*|}" "$(cat "$tmp/out")"
	done
	cat >"$tmp/x.conf" <<-'E'
		#port = 1
		port = 5433	# c
		data_directory = '/a b/c'		# use data
		include_dir 'conf.d'
		port_x = 9
	E
	try "begin; conf_value '$tmp/x.conf' port; conf_value '$tmp/x.conf' data_directory; conf_value '$tmp/x.conf' include_dir"
	same "$sh: settings of a file" $'5433\n/a b/c\nconf.d' "$(cat "$tmp/out")"
	try "begin; vnum 9.6; vnum 15"
	same "$sh: versions compare" $'906\n1500' "$(cat "$tmp/out")"
	# shellcheck disable=SC2016
	try 'begin "$@"; pass_line "::1" 5432 "$a_p"; conninfo_value "$a_p"' 'p=a:b\c'"'"'d'
	same "$sh: pgpass and conninfo quoting" "\\:\\:1:5432:*:*:a\\:b\\\\c'd
'a:b\\\\c\\'d'" "$(cat "$tmp/out")"
}

# ---- ends ---------------------------------------------------------------------------

endings() {
	local pid
	(cat "$remote/lib.sh"; echo 'main() { begin "$@"; guard t; work sleep 61.3; }'; echo 'main "$@"; exit $?'; sleep 1) |
		env RUN_ROOT="$tmp/run" $sh -s -- job=1 >"$tmp/out" 2>&1
	same "$sh: ends when stdin ends" 143 $?
	same "$sh: and takes its work along" '' "$(pgrep -fx 'sleep 61.3')"
	same "$sh: and leaves nothing" '' "$(ls "$tmp/run" 2>/dev/null)"
	{ cat "$remote/lib.sh" && head -c 60 <<<'main() { begin "$@"; touch '"$tmp"'/acted; }; main "$@"; exit 0'; } |
		env RUN_ROOT="$tmp/run" $sh -s >/dev/null 2>&1
	check "$sh: half a script does nothing" test ! -e "$tmp/acted"
	orphans
}

orphans() {
	local code='begin "$@"; guard t; work sleep 62.7'
	try "$code" job=1 watch=no 2>/dev/null &
	sleep 0.5
	read -r pid _ <"$tmp/run/t.pid"
	kill -9 "$pid"
	wait 2>/dev/null
	same "$sh: an orphan lives" 1 "$(pgrep -cfx 'sleep 62.7')"
	try 'begin "$@"; guard t' job=2 watch=no
	same "$sh: another job is refused" 10 $?
	has "$sh: and told" '^@error busy job 1 ' "$(cat "$tmp/err")"
	try 'begin "$@"; guard t' job=1 watch=no
	same "$sh: the same job ends it" 0 $?
	same "$sh: so it is gone" 0 "$(pgrep -cfx 'sleep 62.7')"
	try "$code" job=1 watch=no &
	sleep 0.5
	try 'begin "$@"; guard t; work true' job=2 watch=no takeover=yes
	same "$sh: a takeover ends a live one" 0 $?
	wait
	try 'begin "$@"; trap "" TERM; guard t; work sh -c "trap \"\" TERM; sleep 3"' job=1
	same "$sh: nothing in run" '' "$(ls "$tmp/run" 2>/dev/null)"
}

# ---- files --------------------------------------------------------------------------

files() {
	local f=$tmp/file
	me=$(id -un)
	try "begin; echo new | put_file '$f' 640 '$me:'; stat -c %a '$f'"
	same "$sh: a file is put" 640 "$(cat "$tmp/out")"
	same "$sh: nothing beside it" "$f" "$(echo "$f"*)"
	# shellcheck disable=SC2016
	try 'begin "$@"; record x; rec_put a "1"; rec_get a; echo 2 | rec_put b; rec_get b; rec_has c || echo no; rec_forget' job=5
	same "$sh: records" $'1\n2\nno' "$(cat "$tmp/out")"
	check "$sh: nothing of them stays" test ! -e "$tmp/state"
	mkdir -p "$tmp/d/empty" "$tmp/d/full/x" "$tmp/d/pg/global"
	touch "$tmp/d/pg/PG_VERSION" "$tmp/d/file"
	try "begin; for d in none empty full pg file; do dir_state '$tmp/d/'\$d; done"
	same "$sh: what a directory is" $'absent\nempty\nnonempty\ncluster\nnotdir' "$(cat "$tmp/out")"
}

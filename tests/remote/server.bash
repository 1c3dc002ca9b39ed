# shellcheck shell=bash
# server.bash - the scripts that talk to a server, against a temporary one of this machine.

server_tests() {
	local bin
	bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
	[ -x "$bin/initdb" ] && [ "$(id -u)" = 0 ] && getent passwd postgres >/dev/null || {
		echo "no PostgreSQL server or not root here: the scripts that need one are not tried"
		return
	}
	version=${bin%/bin}
	version=${version##*/}
	pgdata=$tmp/pg
	chmod 711 "$tmp"
	install -d -o postgres "$pgdata" "$tmp/sock"
	as_postgres "$bin/initdb" -k -D "$pgdata" --locale=C.UTF-8 -A peer >/dev/null
	as_postgres "$bin/pg_ctl" -s -w -D "$pgdata" -l "$tmp/sock/log" \
		-o "-p 54999 -k $tmp/sock -c listen_addresses=127.0.0.1" start
	server_scripts
	as_postgres "$bin/pg_ctl" -s -m immediate -D "$pgdata" stop
}

as_postgres() { (cd / && exec setpriv --reuid postgres --regid postgres --init-groups -- "$@"); }

# here SCRIPT ARG...: as the controller would on this host; $pre is the preamble
here() {
	local script=$1
	shift
	{ printf '%s\n' "${pre:-}" && compose debian "$script" | sed "${shim:-}"; } |
		env RUN_ROOT="$tmp/run" STATE_ROOT="$tmp/state" ${sh:-dash} -s -- watch=no job=3 version="$version" datadir="$pgdata" "$@" \
			>"$tmp/out" 2>"$tmp/err"
}

# a clean machine for each shell
expect() { # NAME STATUS SCRIPT ARG...
	local name=$1 wanted=$2 got
	shift 2
	here "$@"
	got=$?
	if [ $got = "$wanted" ]; then ok "$name"; else
		not_ok "$name: status $got, wanted $wanted"
		sed 's/^/    /' "$tmp/out" "$tmp/err" >&2
	fi
}

server_scripts() {
	for sh in dash bash; do
		pre=
		expect "pg_facts" 0 pg_facts
		check "pg_facts: JSON" python3 -c 'import json, sys; json.loads(sys.argv[1])["settings"]["max_connections"]' "$(fact_of pg)"
		expect "facts" 0 facts port=54999
		same "the port is used" yes "$(fact_of port_used)"
		same "a cluster" cluster "$(fact_of datadir_state)"
		same "it runs" yes "$(fact_of datadir_running)"
		check "instances are JSON" python3 -c 'import json, sys; json.loads(sys.argv[1])' "$(fact_of instances)"
		server_sql
		server_roles
		server_slot
		server_replay
		server_conf
		server_hba
		check "no record stays" test ! -e "$tmp/state"
		same "nothing in run" '' "$(ls "$tmp/run" 2>/dev/null)"
	done
}

# standbys are for the e2e tests
server_replay() {
	expect "replay: nothing to pause on a primary" 10 replay want=paused
	has "not in recovery" '^@error changed .*not in recovery' "$(cat "$tmp/err")"
	same "its state" primary "$(fact_of state)"
	expect "replay: a primary is not paused" 3 replay action=check want=paused
	expect "replay: undo on a primary" 0 replay action=undo want=paused
	expect "replay: another state" 1 replay want=stopped
}

server_sql() {
	local v
	for v in "it's" '"q"' 'a\nb\\' ':x :"y"' '$1 $(id) `id`' 'ü€😀' $'two\nlines' "'; drop table x; --" '\! id'; do
		pre=$(secret sql "select to_jsonb(:'v'::text);" && secret v_v "$v")
		expect "sql with $v" 0 sql
		same "comes back: $v" "$v" "$(fact_of row | python3 -c 'import json, sys; print(json.load(sys.stdin), end="")')"
	done
	pre=$(secret sql "select 1/0;")
	expect "sql error" 1 sql
	has "its SQLSTATE" '^@error sql 22012 division by zero' "$(cat "$tmp/err")"
	pre=$(secret sql "create table public.x (); select 1/0;")
	expect "in one transaction" 1 sql tx=yes
	pre=$(secret sql "select to_jsonb(count(*)) from pg_class where relname = 'x';")
	expect "nothing came of it" 0 sql
	same "no table" 0 "$(fact_of row)"
	expect "another database" 1 sql db="no such 'db' host=x"
	expect "another port is refused" 10 sql port=54998
	pre=
}

server_roles() {
	local pw="p'a\\s\"s \$x \`id\` ü:;%" rpw='r:\e p' long
	long=$(head -c 300 /dev/zero | tr '\0' x)
	shims
	pre=$(secret admin_password "$pw" && secret repl_password "$rpw" && secret mon_password "$long")
	expect "roles: check" 3 roles "admin=A d'\"min" repl=repl mon=mon action=check
	shim="s,^PATH=,PATH=$tmp/shim:,"
	expect "roles" 0 roles "admin=A d'\"min" repl=repl mon=mon
	shim=
	check "a command line was seen" grep -qa psql "$tmp/argv"
	if grep -qaF -e "p'a" -e 'r:\e' -e "${long:0:50}" "$tmp/argv"; then not_ok "no password in argv or environment"; else ok "no password in argv or environment"; fi
	expect "roles: check after" 0 roles "admin=A d'\"min" repl=repl mon=mon action=check
	expect "roles again" 0 roles "admin=A d'\"min" repl=repl mon=mon
	same "no change" no "$(fact_of changed)"
	pre=$(secret hba "host all all 127.0.0.1/32 scram-sha-256")
	expect "hba for them" 0 hba
	same "admin logs in" "A d'\"min" "$(PGPASSWORD=$pw login "A d'\"min")"
	same "repl logs in" repl "$(PGPASSWORD=$rpw login repl)"
	same "mon logs in" mon "$(PGPASSWORD=$long login mon)"
	if grep -qF -e "p'a" -e "r:\\e" "$tmp/sock/log"; then not_ok "no password in the server's log"; else ok "no password in the server's log"; fi
	pre=$(secret sql "drop role mon; create role mon login;")
	expect "a role of somebody else" 0 sql
	rm -rf "$tmp/state/job-3/roles-54999"
	expect "is left alone" 10 roles mon=mon
	has "and told" '^@error exists role "mon"' "$(cat "$tmp/err")"
	pre=$(secret mon_password new)
	expect "unless it may be changed" 0 roles mon=mon update=yes
	same "then it can log in" mon "$(PGPASSWORD=new login mon)"
	expect "undo leaves it" 0 roles action=undo
	pre=$(secret sql "drop role mon, repl; drop role \"A d'\"\"min\"")
	expect "clean up" 0 sql
	pre=
	expect "undo hba" 0 hba action=undo
}

login() { psql -X -w -h 127.0.0.1 -p 54999 -d postgres -U "$1" -Atc 'select current_user' 2>&1; }

# programs which note how they were called, and go on to the real ones
shims() {
	rm -rf "$tmp/shim"
	mkdir "$tmp/shim"
	: >"$tmp/argv"
	chmod 666 "$tmp/argv"
	cat >"$tmp/shim/.note" <<-E
		#!/bin/sh
		n=\${0##*/}
		{ printf '%s\n' "\$0" "\$@" && /usr/bin/cat /proc/self/environ; } >>"$tmp/argv"
		for d in /usr/sbin /usr/bin /sbin /bin; do [ ! -x \$d/\$n ] || exec \$d/\$n "\$@"; done
		exit 127
	E
	chmod 755 "$tmp/shim/.note" "$tmp/shim"
	for p in env setpriv setsid sed cat grep awk chown chmod mv cp stat sync id flock psql sort tr head find cut; do
		ln -s .note "$tmp/shim/$p"
	done
}

server_slot() {
	expect "slot: check" 3 slot slot=s_1 action=check
	expect "slot" 0 slot slot=s_1
	same "made" yes "$(fact_of created)"
	has "reserved" '^0/' "$(fact_of restart_lsn)"
	expect "slot again" 0 slot slot=s_1
	same "not made again" no "$(fact_of created)"
	expect "a bad name" 1 slot slot=S-1
	expect "slot: undo" 0 slot slot=s_1 action=undo
	expect "slot: gone" 3 slot slot=s_1 action=check
	expect "undo again" 0 slot slot=s_1 action=undo
}

server_conf() {
	local main=$pgdata/postgresql.conf before
	before=$(sha256sum <"$main")
	pre=$(secret conf $'work_mem = 5MB\nmax_connections = 33')
	expect "conf: check" 3 conf action=check
	expect "conf" 0 conf
	same "what needs a restart" max_connections "$(fact_of pending_restart)"
	expect "conf: check after" 0 conf action=check
	pre=$(secret conf $'work_mem = 5MB\nnonsense here')
	expect "conf refuses bad syntax" 10 conf
	pre=$(secret conf 'work_mem = much')
	expect "conf refuses a bad value" 10 conf
	has "and names it" '^@error config .*work_mem' "$(cat "$tmp/err")"
	pre=$(secret sql "select to_jsonb(current_setting('work_mem'))")
	expect "the old one holds" 0 sql
	same "work_mem" '"5MB"' "$(fact_of row)"
	pre=
	expect "conf: undo" 0 conf action=undo
	same "postgresql.conf is as it was" "$before" "$(sha256sum <"$main")"
	check "the file is gone" test ! -e "$pgdata/pgtandem.conf"
}

server_hba() {
	local file=$pgdata/pg_hba.conf before
	printf 'local all all peer\nhostssl all all ::1/128 reject\n# tail without newline' >"$file"
	before=$(sha256sum <"$file")
	pre=$(secret hba $'host all all 10.0.0.1/32 scram-sha-256\nhost all all 10.0.0.2/32 scram-sha-256')
	expect "hba: check" 3 hba action=check
	expect "hba" 0 hba
	same "on top" '# BEGIN pgTandem managed block' "$(head -n 1 "$file")"
	same "the rest byte for byte" "$before" "$(sed '1,/^# END/d' "$file" | sha256sum)"
	expect "hba again" 0 hba
	same "no change" no "$(fact_of changed)"
	pre=$(secret hba 'host all all 10.0.0.3/32 scram-sha-256')
	expect "add" 0 hba action=add
	expect "add: check" 0 hba action=check mode=add
	expect "del: check" 3 hba action=check mode=del
	same "four lines and marks" 5 "$(sed -n '/^# BEGIN/,/^# END/p' "$file" | wc -l)"
	expect "del" 0 hba action=del
	expect "del: check after" 0 hba action=check mode=del
	expect "add once more" 0 hba action=add
	pre=$(secret hba 'host all all nonsense nonsense')
	expect "a line which the server refuses" 10 hba action=add
	has "is told" '^@error config ' "$(cat "$tmp/err")"
	same "and is out again" '' "$(grep nonsense "$file")"
	pre=
	expect "show" 0 hba action=show
	same "the whole file" "$(base64 -w0 <"$file")" "$(fact_of hba_b64)"
	expect "undo" 0 hba action=undo
	same "as it was" "$before" "$(sha256sum <"$file")"
	expect "undo again" 0 hba action=undo
}

# shellcheck shell=bash
# lab.bash - the scripts on real hosts: from a bare host to a streaming standby and back.

export LAB=${LAB:-remote}
lab=$top/lab/lab

# on HOST SCRIPT ARG...: $pre is the preamble; output in $tmp/out and $tmp/err; the status is the script's
on() {
	local host=$1 script=$2 words=sh\ -s\ --
	shift 2
	for word in watch=no "$@"; do words+=" $(quoted "$word")"; done
	{ printf '%s\n' "${pre:-}" && compose "$family" "$script"; } |
		timeout 900 "$lab" ssh "$host" "$words" >"$tmp/out" 2>"$tmp/err"
	local status=$?
	[ -z "${VERBOSE:-}" ] || sed 's/^/  | /' "$tmp/out" "$tmp/err" >&2
	return $status
}

# step NAME STATUS HOST SCRIPT ARG...
step() {
	local name=$1 wanted=$2 got
	shift 2
	on "$@"
	got=$?
	if [ $got = "$wanted" ]; then ok "$name"; else
		not_ok "$name: status $got, wanted $wanted"
		sed 's/^/    /' "$tmp/out" "$tmp/err" | tail -n 30 >&2
	fi
}

# whole NAME HOST SCRIPT ARG...: check says no, do does, check says yes, do again changes nothing
whole() {
	local name=$1
	shift
	step "$name: check before" 3 "$@" action=check
	step "$name: do" 0 "$@" action=do
	has "$name: changed" '^changed=yes' "$(cat "$tmp/out")"
	cp "$tmp/out" "$tmp/facts"
	step "$name: check after" 0 "$@" action=check
	step "$name: do again" 0 "$@" action=do
	has "$name: not changed" '^changed=no' "$(cat "$tmp/out")"
}

sql_on() { # HOST SQL
	local pre
	pre=$(secret sql "$2")
	on "$1" sql port="$port" || { sed 's/^/    /' "$tmp/err" >&2; return 1; }
	sed -n 's/^row=//p' "$tmp/out"
}

fingerprint() { "$top/lab/fingerprint" "$1" | grep -v "$not_in_print" >"$tmp/print-$1-$2"; }

compare_print() { # HOST
	fingerprint "$1" after
	if diff "$tmp/print-$1-before" "$tmp/print-$1-after" >"$tmp/diff"; then ok "$1 is as it was"; else
		not_ok "$1 is not as it was"
		head -n 40 "$tmp/diff" >&2
	fi
}
not_in_print='^$'

# the way of create_cluster over two hosts, and all the way back
chain() { # FAMILY IMAGE VERSION
	family=$1 version=$3 port=5433
	local a=dc1-a b=dc2-a A=10.77.1.10 B=10.77.2.10 j=job=7
	local inst="version=$version name=main port=$port"
	local admin="Ad'min \"x" pw="p'a\\\"s\$(x) \`y\` %ü: ;" rpw="r\\'e p:l" base
	echo "== $2, PostgreSQL $version"
	"$lab" up 2 --image "$2" >/dev/null || { not_ok "lab up $2"; return; }
	for host in $a $b; do fingerprint $host before; done
	chain_facts
	chain_sudo
	chain_master
	chain_standby
	chain_back
	"$lab" down >/dev/null 2>&1
}

chain_facts() {
	step "facts of a bare host" 0 $a facts version="$version" port=$port "reach=$B:22,$B:1,[fd77:77:2::10]:22"
	same "reach ok" ok "$(fact_of "reach.$B:22")"
	same "reach refused" refused "$(fact_of "reach.$B:1")"
	same "reach IPv6" ok "$(fact_of 'reach.\[fd77:77:2::10\]:22')"
	same "datadir absent" absent "$(fact_of datadir_state)"
	same "family" "$family" "$(fact_of family)"
	same "no tool is missing" '' "$(fact_of tools_missing)"
	step "no software, none wanted" 10 $a install version="$version" repo=none $j
	has "it says so" '^@error missing' "$(cat "$tmp/err")"
}

# the same through sudo, which from 1.9.14 on gives its command a terminal of its own
chain_sudo() {
	compose "$family" facts | "$lab" ssh ops@$a sudo -n sh -s -- version="$version" >"$tmp/out" 2>"$tmp/err"
	same "facts through sudo" 0 $?
	same "as root" 0 "$(fact_of uid)"
	(cat "$remote/lib.sh"; echo 'main() { begin "$@"; guard t; work sleep 63.1; }'; echo 'main "$@"; exit $?'; sleep 2) |
		timeout 20 "$lab" ssh ops@$a sudo -n sh -s -- job=1 >"$tmp/out" 2>&1
	same "through sudo: ends with the controller" 143 $?
	same "through sudo: takes its work along" 0 "$("$lab" ssh $a 'ps -eo args' </dev/null | grep -cx 'sleep 63.1')"
}

chain_master() {
	# shellcheck disable=SC2086
	for host in $a $b; do
		step "install: check before" 3 $host install version="$version" $j action=check
		step "install on $host" 0 $host install version="$version" $j
		step "install: check after" 0 $host install version="$version" $j action=check
		has "installed is told" "installed=.*postgresql" "$(cat "$tmp/out")"
	done
	whole instance $a instance $inst $j
	sysid=$(sed -n 's/^system_identifier=//p' "$tmp/facts")
	pre=$(secret conf "listen_addresses = '*'
wal_log_hints = on
max_connections = 77")
	whole conf $a conf $inst $j
	pre=$(secret conf "max_connections = many")
	step "conf refuses nonsense" 10 $a conf $inst $j
	has "conf says what" '^@error config .*max_connections' "$(cat "$tmp/err")"
	openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=pgtandem-test -addext "subjectAltName=IP:$A" \
		-keyout "$tmp/key" -out "$tmp/crt" 2>/dev/null
	pre=$(secret cert "$(cat "$tmp/crt")" && secret key "$(cat "$tmp/key")" && secret ca "$(cat "$tmp/crt")")
	whole tls $a tls $inst $j
	pre=$(secret conf "listen_addresses = '*'
wal_log_hints = on
max_connections = 77
ssl = on
ssl_cert_file = '$(sed -n 's/^cert_file=//p' "$tmp/facts")'
ssl_key_file = '$(sed -n 's/^key_file=//p' "$tmp/facts")'")
	step "conf with TLS" 0 $a conf $inst $j
	pre=$(secret hba "host all all $B/32 ${method}")
	whole hba $a hba $inst $j
	pre=
	step "start" 0 $a service $inst action=start
	has "the server's own lines" 'starting PostgreSQL\|listening on' "$(cat "$tmp/err")"
	step "start again" 0 $a service $inst action=start
	has "is no change" '^changed=no' "$(cat "$tmp/out")"
	pre=$(secret hba "host nonsense")
	step "hba refuses nonsense" 10 $a hba $inst $j action=do
	pre=$(secret hba "hostssl replication repl $B/32 ${method}")
	step "hba add" 0 $a hba $inst $j action=add
	step "hba check add" 0 $a hba $inst $j action=check mode=add
	pre=$(secret admin_password "$pw" && secret repl_password "$rpw" && secret mon_password 'x')
	whole roles $a roles port=$port "admin=$admin" repl=repl mon=mon $j
	pre=
	chain_login
	whole slot $a slot port=$port slot=dr_1 $j
	step "pg_facts" 0 $a pg_facts port=$port
	fact_of pg | python3 -c 'import json, sys
p = json.load(sys.stdin)
assert p["settings"]["max_connections"] == "77", p["settings"]
assert p["settings"]["wal_log_hints"] == "on" and p["settings"]["data_checksums"] == "on"
assert any(s["name"] == "dr_1" for s in p["slots"]) and p["total_bytes"] > 5e6
assert p["system_identifier"] == sys.argv[1]' "$sysid" && ok "pg_facts' JSON" || not_ok "pg_facts' JSON"
	sql_on $a 'create table public.t (x int); insert into public.t select generate_series(1, 1000);' >/dev/null
}

# the passwords are what was meant: over TCP, from the other host, by the other host's psql
chain_login() {
	printf '%s:%s:*:*:%s\n' $A $port "$(sed 's/[\\:]/\\&/g' <<<"$pw")" >"$tmp/pass"
	"$lab" ssh $b 'umask 077; cat >/root/p' <"$tmp/pass"
	same "the admin can log in" "$admin" "$("$lab" ssh $b "PGPASSFILE=/root/p psql -w -h $A -p $port -d postgres \
		-U $(quoted "$admin") -Atc 'select current_user'; rm /root/p" </dev/null 2>&1)"
	if "$lab" ssh $a "cat /var/log/postgresql/*.log /var/lib/pgsql/*/data/log/*.log 2>/dev/null" </dev/null |
		grep -q "p'a\|r\\\\\\\\'e"; then not_ok "no password in the server's log"; else ok "no password in the server's log"; fi
}

chain_standby() {
	pre=$(secret password 'wrong' && secret ca "$(cat "$tmp/crt")")
	local up="host=$A user=repl slot=dr_1"
	step "a wrong password" 1 $b basebackup version="$version" name=main port=$port $up $j
	has "is told as such" '^@error auth .*password authentication failed' "$(cat "$tmp/err")"
	pre=$(secret password "$rpw" && secret ca "$(cat "$tmp/crt")")
	whole copy $b basebackup version="$version" name=main port=$port $up $j
	up="host=$A uport=$port user=repl slot=dr_1 application_name=c26_dc2a"
	step "another system identifier" 10 $b standby $inst $up sysid=1 $j
	whole standby $b standby $inst $up sysid="$sysid" $j
	local pw2=$pre
	pre=$(secret conf "listen_addresses = '*'
max_connections = 77")
	step "conf of the standby" 0 $b conf $inst $j
	pre=
	step "start the standby" 0 $b service $inst action=start
	local lsn
	sql_on $a 'insert into public.t values (-1)' >/dev/null
	lsn=$(sql_on $a "select to_jsonb($(wal_now))" | tr -d '"')
	step "wait_streaming" 0 $b wait_streaming port=$port lsn="$lsn" timeout=30
	same "from the master" "$A" "$(fact_of sender_host)"
	same "the row is there" 1001 "$(sql_on $b 'select to_jsonb(count(*)) from public.t')"
	same "the application name" '"c26_dc2a"' "$(sql_on $a 'select to_jsonb(application_name) from pg_stat_replication')"
	step "pg_facts of the standby" 0 $b pg_facts port=$port
	has "its upstream" "\"host\" : \"$A\"" "$(fact_of pg)"
	has "no password in it" '^0$' "$(grep -c 'r\\\\' "$tmp/out")"
	pre=$pw2
	step "standby: still as wanted" 0 $b standby $inst $up sysid="$sysid" $j action=check
	pre=
	step "facts of the standby" 0 $b facts version="$version" port=$port
	same "datadir_running" yes "$(fact_of datadir_running)"
	same "datadir_sysid" "$sysid" "$(fact_of datadir_sysid)"
	step "roles on a standby are refused" 10 $b roles port=$port repl=x $j
	step "job left" 0 $b job action=left $j
	has "names the directory" '"what":"directory"' "$(cat "$tmp/out")"
}

wal_now() { if [ "${version%%.*}" -ge 10 ]; then echo 'pg_current_wal_lsn()'; else echo 'pg_current_xlog_location()'; fi; }

chain_back() {
	local s
	pre=
	step "undo standby while it runs is refused" 10 $b standby $inst $j action=undo
	step "stop" 0 $b service $inst action=stop
	for s in conf standby basebackup; do step "undo $s" 0 $b $s $inst $j action=undo; done
	for s in slot roles; do step "undo $s" 0 $a $s port=$port slot=dr_1 $j action=undo; done
	for s in hba tls conf; do step "undo $s" 0 $a $s $inst $j action=undo; done
	same "nothing is left on the master" '' "$(sql_on $a "select to_jsonb(rolname) from pg_roles where rolname in ('repl', 'mon')
		union all select to_jsonb(slot_name) from pg_replication_slots")"
	step "stop the master" 0 $a service $inst action=stop
	step "undo instance" 0 $a instance $inst $j action=undo
	for host in $a $b; do
		step "undo install on $host" 0 $host install version="$version" $j action=undo
		step "undo install again" 0 $host install version="$version" $j action=undo
		step "job left nothing" 0 $host job action=left $j
		same "really nothing" '' "$(cat "$tmp/out")"
		check "no /var/lib/pgtandem on $host" "$lab" ssh $host '[ ! -e /var/lib/pgtandem ] && [ ! -e /run/pgtandem ]'
		compare_print $host
	done
}

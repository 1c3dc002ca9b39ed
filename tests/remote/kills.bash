# shellcheck shell=bash
# kills.bash - the same scripts, ended in the middle in every way, then run again.

# held HOST SCRIPT ARG...: starts a script whose stdin stays open until "exec 9>&-"; $held is the local ssh
held() {
	local host=$1 script=$2 words=sh\ -s\ --
	shift 2
	for word in "$@"; do words+=" $(quoted "$word")"; done
	rm -f "$tmp/fifo"
	mkfifo "$tmp/fifo"
	timeout 900 "$lab" ssh "$host" "$words" <"$tmp/fifo" >"$tmp/out" 2>"$tmp/err" 9>&- &
	held=$!
	exec 9>"$tmp/fifo"
	{ printf '%s\n' "${pre:-}" && compose "$family" "$script"; } >&9
}

# shoot HOST: kill -9 for the shells of all our scripts there, not for what they started
shoot() {
	"$lab" ssh "$1" 'for f in /run/pgtandem/*.pid; do [ ! -f "$f" ] || { read -r p _ <"$f" && kill -9 "$p"; }; done' </dev/null
	exec 9>&-
	wait "$held"
}

processes() { "$lab" ssh "$1" "ps -eo args" </dev/null | grep -c "[${2:0:1}]${2:1}"; }

kills() { # IMAGE VERSION
	family=debian version=$2 port=5432 method=scram-sha-256
	local a=dc1-a b=dc2-a A=10.77.1.10 B=10.77.2.10 j=job=9 d
	local inst="version=$version name=main port=$port" up="host=10.77.1.10 user=repl slot=s1"
	echo "== killed in the middle, PostgreSQL $version"
	"$lab" up 1 --image "$1+postgresql-$2" >/dev/null && "$lab" add $b --image "$1" >/dev/null || { not_ok "lab up"; return; }
	fingerprint $b before
	kill_instance
	master_for_copies
	kill_install
	kill_copy
	kill_standby
	kill_back
	"$lab" down >/dev/null 2>&1
}

kill_instance() {
	for d in 0.1 0.4 0.8 1.5; do
		pre=
		held $a instance $inst $j
		sleep $d
		shoot $a
		step "instance after a kill at $d s" 0 $a instance $inst $j
		step "instance is there" 0 $a instance $inst $j action=check
		[ $d = 1.5 ] || step "instance undo" 0 $a instance $inst $j action=undo
	done
}

master_for_copies() {
	pre=$(secret conf "listen_addresses = '*'")
	step "conf" 0 $a conf $inst $j
	pre=$(secret hba "host replication repl 10.77.2.0/24 $method")
	step "hba" 0 $a hba $inst $j
	pre=
	step "start" 0 $a service $inst action=start
	pre=$(secret repl_password pw)
	step "roles" 0 $a roles port=$port repl=repl $j
	pre=
	step "slot" 0 $a slot port=$port slot=s1 $j
	sysid=$(sql_on $a 'select to_jsonb(system_identifier::text) from pg_control_system()' | tr -d '"')
	# what lz4 cannot make smaller, so that a rate is a rate
	sql_on $a "create table public.t as select md5(g::text) || md5((g + 1e7)::text) || md5((g + 2e7)::text) || md5((g + 3e7)::text) y
		from generate_series(1, 600000) g" >/dev/null
}

kill_install() {
	pre=
	for d in 2.5 4.3; do
		held $b install version=$version $j
		sleep $d
		shoot $b
		held $b install version=$version $j action=undo
		sleep 1.4
		shoot $b
		step "undo of an install killed at $d s, itself killed" 0 $b install version=$version $j action=undo
		compare_print $b
	done
	held $b install version=$version $j
	sleep 6
	shoot $b
	step "install after a kill at 6 s" 0 $b install version=$version $j
	held $b install version=$version $j action=undo
	sleep 2
	shoot $b
	step "undo of install after a kill at 2 s" 0 $b install version=$version $j action=undo
	compare_print $b
	held $b install version=$version $j
	sleep 4
	exec 9>&-
	wait "$held"
	same "ended when the controller went" 143 $?
	sleep 1
	same "no apt is left" 0 "$(processes $b 'apt-get ')"
	step "install after the controller went" 0 $b install version=$version $j
}

kill_copy() {
	local copy="version=$version name=main port=$port $up $j"
	pre=$(secret password pw)
	held $b basebackup $copy rate=2M
	sleep 5
	has "progress" '^@progress [1-9][0-9]* [1-9]' "$(cat "$tmp/err")"
	exec 9>&-
	wait "$held"
	same "the copy ends with the controller" 143 $?
	same "no pg_basebackup is left" 0 "$(processes $b 'pg_basebackup ')"
	held $b basebackup $copy rate=2M
	sleep 4
	shoot $b
	has "an orphan copies on" '^[1-9]' "$(processes $b 'pg_basebackup ')"
	step "another job does not take it over" 10 $b basebackup version=$version name=main port=$port $up job=10
	has "and says who is there" '^@error busy job 9' "$(cat "$tmp/err")"
	step "the same job does" 0 $b basebackup $copy
	step "undo the copy" 0 $b basebackup $copy action=undo
	held $b basebackup $copy rate=2M
	sleep 3
	"$lab" kill $b >/dev/null 2>&1
	# a dead host is silent: the controller's ssh is ended by the controller
	exec 9>&-
	kill "$held"
	wait "$held"
	"$lab" boot $b >/dev/null
	step "the copy after a power loss" 0 $b basebackup $copy
	step "undo" 0 $b basebackup $copy action=undo
	held $b basebackup $copy rate=4M
	sleep 3
	"$lab" cut dc1 dc2 >/dev/null
	sleep 30
	"$lab" heal >/dev/null
	wait "$held"
	same "a line cut for 30 s" 0 $?
	exec 9>&-
	has "is told" '^@warn no data' "$(cat "$tmp/err")"
}

# at no point is there a data directory that could be started as a primary
kill_standby() {
	local args="version=$version name=main port=$port host=$A uport=$port user=repl slot=s1 application_name=x sysid=$sysid $j"
	for d in 0.05 0.2 0.4 0.7 1.2; do
		pre=$(secret password pw)
		held $b standby $args
		sleep $d
		shoot $b
		check "never startable as a primary, kill at $d s" "$lab" ssh $b \
			"cd /var/lib/postgresql/$version; for d in main main.pgtandem-new; do [ ! -d \$d/global ] || [ -f \$d/standby.signal ] || [ \$d != main ] || exit 1; done"
	done
	step "standby after the kills" 0 $b standby $args
	step "standby check" 0 $b standby $args action=check
	pre=
	held $b service $inst action=start
	sleep 0.3
	shoot $b
	step "start after a kill" 0 $b service $inst action=start
	step "streams" 0 $b wait_streaming port=$port timeout=30
}

kill_back() {
	pre=
	step "stop" 0 $b service $inst action=stop
	held $b standby $inst $j action=undo
	sleep 0.4
	shoot $b
	step "undo standby after a kill" 0 $b standby $inst $j action=undo
	step "undo copy" 0 $b basebackup $inst $j action=undo
	step "undo install" 0 $b install version=$version $j action=undo
	compare_print $b
}

# shellcheck shell=bash
# more.bash - data on a mount of its own, tablespaces, a full disk, another upstream, dropping,
# and a repository of one's own.

more() { # IMAGE VERSION
	family=debian version=$2 port=5432 method=scram-sha-256
	local a=dc1-a b=dc2-a A=10.77.1.10 j=job=11 up="host=10.77.1.10 user=repl slot=s1"
	local inst="version=$version name=main port=$port" other="version=$version name=other port=5555 datadir=/srv/pg"
	echo "== mounts, tablespaces, dropping, PostgreSQL $version"
	"$lab" up 2 --image "$1+postgresql-$2" >/dev/null || { not_ok "lab up"; return; }
	more_master
	more_full
	more_mounted
	more_drop
	more_repository
	"$lab" down >/dev/null 2>&1
}

more_master() {
	pre=
	step "instance" 0 $a instance $inst $j
	pre=$(secret conf "listen_addresses = '*'")
	step "conf" 0 $a conf $inst $j
	pre=$(secret hba "host replication repl 10.77.2.0/24 $method")
	step "hba" 0 $a hba $inst $j
	pre=
	step "start" 0 $a service $inst action=start
	pre=$(secret repl_password pw)
	step "roles" 0 $a roles port=$port repl=repl $j
	pre=
	for s in s1 s2; do step "slot" 0 $a slot port=$port slot=$s $j; done
	"$lab" ssh $a 'install -d -o postgres /srv/ts1' </dev/null
	sql_on $a "create tablespace ts1 location '/srv/ts1'" >/dev/null
	sql_on $a "create table public.t tablespace ts1 as select g x, repeat('x', 900) y from generate_series(1, 60000) g" >/dev/null
	sql_on $a "alter system set port = 5432" >/dev/null
	sysid=$(sql_on $a 'select to_jsonb(system_identifier::text) from pg_control_system()' | tr -d '"')
}

more_full() {
	"$lab" ssh $b 'mkdir -p /srv/pg && mount -t tmpfs -o size=30m tmpfs /srv/pg' </dev/null
	pre=$(secret password pw)
	step "a full disk" 1 $b basebackup $other $up port=$port tablespaces=/srv/ts1 $j
	has "is told as such" '^@error space ' "$(cat "$tmp/err")"
	step "undo" 0 $b basebackup $other $j action=undo
	check "all is empty" "$lab" ssh $b '[ -z "$(ls -A /srv/pg)" ] && [ ! -e /srv/ts1 ]'
	"$lab" ssh $b 'umount /srv/pg && mount -t tmpfs -o size=500m tmpfs /srv/pg' </dev/null
	"$lab" ssh $b 'mkdir /srv/ts1 && touch /srv/ts1/mine' </dev/null
	step "a tablespace location in use" 10 $b basebackup $other $up port=$port tablespaces=/srv/ts1 $j
	check "nothing is touched" "$lab" ssh $b '[ -e /srv/ts1/mine ] && rm -r /srv/ts1'
	pre=
}

more_mounted() {
	local link="host=$A uport=5432 user=repl sysid=$sysid"
	pre=$(secret password pw)
	step "copy" 0 $b basebackup $other $up port=$port tablespaces=/srv/ts1 $j
	same "staged inside the mount" /srv/pg/.pgtandem-new "$(fact_of staging)"
	same "its tablespaces" '["/srv/ts1"]' "$(fact_of tablespaces)"
	step "copy: check" 0 $b basebackup $other $up port=$port $j action=check
	held $b standby $other $link slot=s1 application_name=one $j
	sleep 0.7
	shoot $b
	step "standby, after a kill" 0 $b standby $other $link slot=s1 application_name=one $j
	step "standby: check" 0 $b standby $other $link slot=s1 application_name=one $j action=check
	step "copy: still done" 0 $b basebackup $other $up port=$port $j action=check
	pre=
	step "start" 0 $b service $other action=start
	step "streams" 0 $b wait_streaming datadir=/srv/pg timeout=30
	same "its own port, not the source's ALTER SYSTEM" 5555 "$(fact_port)"
	pre=$(secret password pw)
	step "follow another slot" 0 $b standby $other $link slot=s2 application_name=two $j action=follow
	pre=
	sleep 1
	step "streams again" 0 $b wait_streaming datadir=/srv/pg timeout=30
	same "by the new slot" '"s2"' "$(sql_on $a "select to_jsonb(slot_name) from pg_replication_slots where active")"
}

fact_port() {
	on $b pg_facts datadir=/srv/pg
	fact_of pg | python3 -c 'import json, sys; print(json.load(sys.stdin)["port"])'
}

more_drop() {
	step "drop of another cluster is refused" 10 $b drop $other sysid=123 action=stop
	has "and told" '^@error changed' "$(cat "$tmp/err")"
	step "remove while it runs is refused" 10 $b drop $other sysid="$sysid" action=remove
	step "stop for good" 0 $b drop $other sysid="$sysid" action=stop
	step "is down" 3 $b service $other action=status
	step "stop again" 0 $b drop $other sysid="$sysid" action=stop
	step "remove" 0 $b drop $other sysid="$sysid" action=remove
	step "remove again" 0 $b drop $other sysid="$sysid" action=remove
	check "no data, no configuration" "$lab" ssh $b '[ -z "$(ls -A /srv/pg)" ] && [ ! -e /etc/postgresql/'"$version"'/other ] && [ -z "$(ls -A /srv/ts1)" ]'
	step "job forgets" 0 $b job action=forget $j
	check "nothing is left" "$lab" ssh $b '[ ! -e /var/lib/pgtandem ]'
}

# a signed repository with a PostgreSQL 14 that is none
more_repository() {
	local r=$tmp/repo p
	mkdir -p "$r/pool" "$r/dists/bookworm-pgdg/main/binary-amd64" "$tmp/gnupg"
	chmod 700 "$tmp/gnupg"
	gpg --homedir "$tmp/gnupg" --batch --passphrase '' --quick-gen-key test@localhost default default 0 2>/dev/null ||
		{ not_ok "no gpg here"; return; }
	for p in postgresql-14 postgresql-client-14; do fake_package $p; done
	(cd "$r" && for p in pool/*.deb; do
		dpkg-deb -f "$p" && printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$p" "$(stat -c %s "$p")" "$(sha256sum <"$p" | cut -d ' ' -f 1)"
	done) >"$r/dists/bookworm-pgdg/main/binary-amd64/Packages"
	(cd "$r/dists/bookworm-pgdg" && {
		printf 'Origin: test\nSuite: bookworm-pgdg\nCodename: bookworm-pgdg\nArchitectures: amd64\nComponents: main\nDate: %s\nSHA256:\n' "$(date -Ru)"
		printf ' %s %s main/binary-amd64/Packages\n' "$(sha256sum <main/binary-amd64/Packages | cut -d ' ' -f 1)" "$(stat -c %s main/binary-amd64/Packages)"
	} >Release && gpg --homedir "$tmp/gnupg" --batch --clearsign -o InRelease Release 2>/dev/null)
	gpg --homedir "$tmp/gnupg" --armor --export >"$tmp/key.asc" 2>/dev/null
	tar c -C "$r" . | "$lab" ssh $b 'mkdir -p /srv/repo && tar x -C /srv/repo && chmod -R a+rX /srv'
	fingerprint $b before
	pre=$(secret repo_key "$(cat "$tmp/key.asc")")
	step "an address that is none" 1 $b install version=14 repo=pgdg 'repo_url=http://x y' $j
	step "a repository that is not there" 1 $b install version=14 repo=pgdg repo_url=file:/srv/none $j
	has "is told" '^@error package' "$(cat "$tmp/err")"
	pre=$(secret repo_key "not a key")
	step "a wrong key" 1 $b install version=14 repo=pgdg repo_url=file:/srv/repo $j
	pre=$(secret repo_key "$(cat "$tmp/key.asc")")
	step "from a repository of one's own" 0 $b install version=14 repo=pgdg repo_url=file:/srv/repo $j
	same "its version" 14.99 "$(fact_of pg_minor)"
	step "undo" 0 $b install version=14 $j action=undo
	compare_print $b
}

fake_package() {
	local d=$tmp/pkg-$1 bin
	mkdir -p "$d/DEBIAN" "$d/usr/lib/postgresql/14/bin"
	printf 'Package: %s\nVersion: 14.99-1\nArchitecture: all\nMaintainer: test <test@localhost>\nDescription: test\n' "$1" >"$d/DEBIAN/control"
	case $1 in
	*client*) set -- psql pg_basebackup pg_isready ;;
	*) set -- postgres initdb pg_controldata ;;
	esac
	for bin in "$@"; do
		printf '#!/bin/sh\necho "%s (PostgreSQL) 14.99"\n' "$bin" >"$d/usr/lib/postgresql/14/bin/$bin"
		chmod 755 "$d/usr/lib/postgresql/14/bin/$bin"
	done
	chmod -R go-w "$d"
	dpkg-deb --root-owner-group -b "$d" "$r/pool" >/dev/null
}

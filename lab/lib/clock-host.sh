#!/bin/sh
# Runs on a host: sh -eu -s -- +30s|-1h|off
rm -f /etc/systemd/system.conf.d/clock.conf /etc/systemd/system/ssh.service.d/clock.conf
sed -i '/^LD_PRELOAD=\|FAKETIME\|^DONT_FAKE/d' /etc/environment 2>/dev/null || true
sed -i '/# lab clock/d' /etc/pam.d/sudo
sed -i '/^LD_PRELOAD\|FAKETIME\|^DONT_FAKE/d' /etc/postgresql/*/*/environment 2>/dev/null || true
if [ "$1" != off ]; then
	mkdir -p /etc/systemd/system.conf.d /etc/systemd/system/ssh.service.d
	lib=
	for f in /usr/lib/*/faketime/libfaketimeMT.so.1; do lib=$f; done
	printf '%s\n' "LD_PRELOAD=$lib" "FAKETIME=$1" DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1 \
		>>/etc/environment
	printf '[Manager]\nDefaultEnvironment=LD_PRELOAD=%s FAKETIME=%s %s\n' "$lib" "$1" \
		'DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1' \
		>/etc/systemd/system.conf.d/clock.conf
	printf '[Service]\nUnsetEnvironment=LD_PRELOAD\n' \
		>/etc/systemd/system/ssh.service.d/clock.conf
	echo 'session required pam_env.so readenv=1 # lab clock' >>/etc/pam.d/sudo
	for f in /etc/postgresql/*/*/environment; do # pg_ctlcluster takes no other
		[ ! -e "$f" ] || sed -n "/FAKE\|PRELOAD/s/=\(.*\)/ = '\1'/p" /etc/environment >>"$f"
	done
fi
systemctl daemon-reexec

#!/bin/sh
# Runs on a host: prints its fingerprint, see ../fingerprint.
set -eu
export LC_ALL=C

ROOTS='/etc /var/lib /var/spool/cron /usr/local /home /root /opt /srv /tmp /var/tmp'

# What changes on a host that nobody changes, and why.
left_out() {
	sed 's/ *# .*//' <<-'E'
		/etc/hosts                      # printed line by line, without the lab's own
		/etc/passwd-                    # the previous version of a listed file
		/etc/group-                     # the same
		/etc/shadow-                    # the same
		/etc/gshadow-                   # the same
		/etc/subuid-                    # the same
		/etc/subgid-                    # the same
		/var/lib/apt/lists              # copies of the archive's indexes
		/var/lib/apt/periodic           # when apt was last run
		/var/lib/dpkg/*-old             # the previous version of a listed file
		/var/lib/dpkg/lock*             # locks
		/var/lib/dpkg/triggers/Lock     # a lock
		/var/lib/rpm                    # has time stamps; rpm -qa stands for it
		/var/lib/dnf                    # the same
		/var/lib/logrotate              # when logs were last turned
		/var/lib/sudo                   # whom sudo has lectured
		/var/lib/ucf/*.[0-9]            # previous versions of listed files
		/var/lib/systemd/random-seed    # new at each boot
		/var/lib/systemd/timers         # when timers last ran
		/var/lib/systemd/timesync       # when the clock was last right
		/tmp/systemd-private-*          # rooms of running services
		/var/tmp/systemd-private-*      # the same
		/tmp/.*-unix                    # made at boot for a desktop
		*/PG_[0-9]*_[0-9]*/*            # a tablespace: a running server writes there
	E
	data_dirs | while read -r d; do left_out_of_data "$d"; done
}

data_dirs() {
	# shellcheck disable=SC2086 # a list of words
	find $ROOTS -xdev -type f -name PG_VERSION 2>/dev/null | while read -r f; do
		[ ! -d "${f%/*}/global" ] || echo "${f%/*}"
	done
}

# A running server writes into its data directory; its configuration, version
# and signal files and the names of its slots and tablespaces are kept.
left_out_of_data() {
	for f in "$1"/*; do
		case ${f##*/} in
			*.conf | *.signal | PG_VERSION | pg_tblspc) ;;
			pg_replslot) echo "$f/*/*" ;;
			*) echo "$f" ;;
		esac
	done
}

packages() {
	# shellcheck disable=SC2016 # dpkg's variables
	dpkg-query -Wf '${db:Status-Abbrev} ${Package}:${Architecture} ${Version}\n' 2>/dev/null ||
		true
	! command -v rpm >/dev/null || rpm -qa
}

# The list of patterns goes to find as words, so none is expanded on the way.
found() {
	left_out | {
		set --
		while IFS= read -r pattern; do set -- "$@" -o -path "$pattern"; done
		# shellcheck disable=SC2086 # a list of words
		find $ROOTS -xdev '(' -false "$@" ')' -prune -o -print0 2>/dev/null || true
	}
}

files() {
	found | xargs -0r sh -c 'find "$@" -maxdepth 0 \
		"(" -type d -printf "%p %y %m %u:%g\n" ")" -o -printf "%p %y %m %u:%g %s %l\n"' _
}

sums() {
	found | xargs -0r sh -c 'find "$@" -maxdepth 0 -type f -print0' _ |
		xargs -0r sha256sum | sed 's/^\([^ ]*\)  \(.*\)/\2 \1/'
}

sockets() {
	ss -Hlntup | awk '{ sub(/.*\(\("/, "", $7); sub(/".*/, "", $7); print $1, $5, $7 }'
}

units() {
	systemctl list-unit-files --no-legend --no-pager |
		awk '$2 !~ /generated|transient/ { print $1, $2 }'
	systemctl list-units --type=service --state=running --plain --no-legend --no-pager |
		awk '$1 !~ /^user@|^systemd-(hostnamed|localed|timedated)/ { print $1, "running" }'
}

section() { # NAME FUNCTION
	"$2" | sort | sed "s/^/$1 /"
}

hosts() { grep -v '# lab$' /etc/hosts || true; }
users() { cat /etc/passwd; }
groups() { cat /etc/group; }

section package packages
section user users
section group groups
section hosts hosts
section file files
section sum sums
section socket sockets
section unit units

# shellcheck shell=sh
# os_debian.sh - Debian and its relatives: apt, postgresql-common's clusters.

pgdg_list=/etc/apt/sources.list.d/pgtandem-pgdg.list
pgdg_key=/etc/apt/keyrings/pgtandem-pgdg.asc
locale_file=/etc/default/locale
no_main=/etc/postgresql-common/createcluster.d/pgtandem.conf
os_brought='/etc/postgresql /etc/postgresql-common /var/lib/postgresql /var/log/postgresql /var/cache/postgresql /run/postgresql /etc/apt/keyrings'
: "${a_repo:=}" "${a_repo_url:=}" "${a_extra:=}" "${a_timeout:=}" "${a_wal_segsize_mb:=}" "${s_repo_key:=}"

os_paths() { paths_debian; }

# ---- software -----------------------------------------------------------------------

os_software_ok() {
	for sw_bin in postgres psql pg_basebackup pg_controldata pg_isready initdb; do
		[ -x "$bindir/$sw_bin" ] || return 1
	done
	# half-configured is not installed; unknown to dpkg is somebody's own build
	case $(dpkg-query -W -f '${db:Status-Status}' "postgresql-$a_version" 2>/dev/null) in
	'' | not-installed | installed) ;;
	*) return 1 ;;
	esac
}

os_install() {
	wait_pkg_lock
	deb_remember
	deb_clear_tmp
	[ "$a_repo" != pgdg ] || deb_pgdg
	if deb_interrupted && rec_has planned; then
		say "Completing an installation that was interrupted."
		apt_run "dpkg --configure -a" dpkg --configure -a --force-confold
	fi
	oi_names="postgresql-$a_version postgresql-client-$a_version"
	[ "$a_version" != 9.6 ] || oi_names="$oi_names postgresql-contrib-9.6"
	# shellcheck disable=SC2046,SC2086
	set -- $oi_names $(printf '%s' "$a_extra" | tr ',' ' ')
	deb_plan "$@"
	deb_no_main
	say "Installing $(wc -w <"$run_dir/new" | tr -d ' ') packages: $(tr '\n' ' ' <"$run_dir/new" | cut -c 1-400)"
	deb_install_packages "$@"
	rm -f "$no_main"
	rmdir "${no_main%/*}" 2>/dev/null
	changed=yes
}

# Before the first change: what was there. The purge of "locales" takes a file that others made.
deb_remember() {
	rec_has before && return 0
	if [ -L "$locale_file" ]; then
		rec_put locale-link "$(readlink "$locale_file")"
	fi
	if [ -f "$locale_file" ]; then
		rec_put locale <"$locale_file"
		rec_put locale-mode "$(stat -L -c '%a %U:%G' "$locale_file")"
	fi
	{
		! getent passwd postgres >/dev/null || echo user
		! getent group postgres >/dev/null || echo group
		! getent group ssl-cert >/dev/null || echo group:ssl-cert
		for dr_dir in $os_brought; do
			[ ! -d "$dr_dir" ] || echo "$dr_dir"
		done
	} | rec_put before
}

# the packages that come, before they come; sets run_dir/new
deb_plan() {
	if ! apt_simulate "$@"; then
		deb_update
		apt_simulate "$@" || {
			say_lines "$run_dir/plan"
			[ "$a_repo" != distro ] || hint "choose the PostgreSQL project's repository, or another version"
			refuse missing "the package repositories of this host do not have: $* ($(grep -m 1 '^E: ' "$run_dir/plan"))"
		}
	fi
	sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$run_dir/plan" >"$run_dir/inst"
	# upgrades of what is there already say "Inst name [old version] ..."
	sed -n 's/^Inst \([^ ]*\) \[.*/\1/p' "$run_dir/plan" >"$run_dir/upgraded"
	grep -vxF -f "$run_dir/upgraded" "$run_dir/inst" >"$run_dir/new"
	{ rec_get planned && cat "$run_dir/new"; } | sort -u >"$run_dir/planned"
	rec_put planned <"$run_dir/planned"
}

apt_simulate() {
	apt-get -s -q --no-install-recommends install "$@" >"$run_dir/plan" 2>&1
}

deb_update() {
	say "Updating the package lists."
	apt_run "apt-get update" apt-get -q update
}

deb_install_packages() {
	set -- apt-get -q -y --no-install-recommends --no-remove -o Dpkg::Options::=--force-confold \
		-o APT::Keep-Downloaded-Packages=false -o DPkg::Lock::Timeout=300 install "$@"
	apt_try "$@" && return 0
	# the lists may be older than the archive
	grep -q '404\|Unable to fetch\|Hash Sum mismatch' "$run_dir/apt" || apt_failed "apt-get install"
	deb_update
	apt_run "apt-get install" "$@"
}

apt_try() {
	work timeout -k 60 "$a_timeout" env DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true \
		APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1 \
		"$@" >"$run_dir/apt" 2>&1
	apt_rc=$?
	return "$apt_rc"
}

apt_run() { # WHAT CMD...
	ar_what=$1
	shift
	apt_try "$@" || apt_failed "$ar_what"
}

apt_failed() {
	tail -n 12 "$run_dir/apt" | say_lines
	case $apt_rc in
	124 | 137)
		ar_lock=$(pkg_lock)
		fail timeout "$1 did not end within $a_timeout s${ar_lock:+; the lock is held by $ar_lock}"
		;;
	esac
	! grep -q 'No space left' "$run_dir/apt" || fail space "$1: no space left on the device"
	ar_text=$(grep -m 1 '^E: ' "$run_dir/apt")
	fail package "$1 failed: ${ar_text#E: }"
}

# installing the server package must not make and start a cluster of its own
deb_no_main() {
	mkdir -p "${no_main%/*}"
	echo 'create_main_cluster = false' | put_file "$no_main" 644 root:root
	dn_conf=/etc/postgresql-common/createcluster.conf
	[ -f "$dn_conf" ] || return 0
	grep -q '^include_dir' "$dn_conf" || grep -q '^create_main_cluster *= *false' "$dn_conf" ||
		warn "postgresql-common of this host may make a cluster \"main\" by itself"
}

deb_pgdg() {
	dp_url=${a_repo_url:-https://apt.postgresql.org/pub/repos/apt}
	check_url "$dp_url"
	# shellcheck source=/dev/null
	dp_code=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	dp_opts=''
	if [ -n "$s_repo_key" ]; then
		mkdir -p "${pgdg_key%/*}"
		same_text "$pgdg_key" "$s_repo_key" || printf '%s\n' "$s_repo_key" | put_file "$pgdg_key" 644 root:root
		dp_opts=" [signed-by=$pgdg_key]"
	fi
	dp_line="deb$dp_opts ${dp_url%/} $dp_code-pgdg main"
	same_text "$pgdg_list" "$dp_line" || {
		say "Adding the repository ${dp_url%/}."
		printf '%s\n' "$dp_line" | put_file "$pgdg_list" 644 root:root
	}
	apt_try apt-get -q update -o "Dir::Etc::sourcelist=$pgdg_list" \
		-o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 && return 0
	! grep -q 'NO_PUBKEY\|BADSIG\|is not signed\|signatures were invalid' "$run_dir/apt" || {
		say_lines "$run_dir/apt"
		[ -n "$s_repo_key" ] || refuse key "the repository ${dp_url%/} is not signed with a key that this host knows"
		hint "give the key that signs it with --repository-key-file"
		refuse key "the repository ${dp_url%/} is not signed with the given key"
	}
	apt_failed "apt-get update"
}

os_installed_new() {
	rec_get planned | commas
}

# packages half-way, or a journal which dpkg did not get to write back
deb_interrupted() {
	[ -n "$(dpkg --audit 2>/dev/null)" ] || [ -n "$(ls -A /var/lib/dpkg/updates 2>/dev/null)" ]
}

# What an apt that was killed left there; none runs now, the lock is free.
deb_clear_tmp() {
	find /tmp -maxdepth 1 -type d -user root -name 'apt-dpkg-install-*' -newer "$rec/before" \
		-exec rm -rf {} +
}

os_uninstall() {
	wait_pkg_lock
	deb_clear_tmp
	rm -f "$no_main" "$no_main.pgtandem-new"
	rmdir "${no_main%/*}" 2>/dev/null
	if deb_interrupted; then
		apt_try dpkg --configure -a --force-confold
	fi
	# what a killed removal left half-way may take a second round
	for ou_try in 1 2 3; do
		# shellcheck disable=SC2046
		set -- $(deb_ours)
		[ $# -gt 0 ] || break
		debug "round $ou_try of removing: $*"
		deb_purge "$@"
	done
	rm -rf /var/lib/dpkg/tmp.ci
	rm -f "$pgdg_list" "$pgdg_key"
	rm -f /var/lib/apt/lists/*pgdg_* 2>/dev/null
	deb_forget_brought
}

# packages which this job planned to install and which are here, even if only their configuration is
deb_ours() {
	# shellcheck disable=SC2016
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null |
		awk '$2 != "not-installed" { print $1 }' | sort -u >"$run_dir/present"
	rec_get planned | sed 's/:.*//' | sort -u >"$run_dir/planned"
	comm -12 "$run_dir/present" "$run_dir/planned"
}

deb_purge() {
	apt-get -s -q purge "$@" >"$run_dir/plan" 2>&1
	sed -n 's/^\(Purg\|Remv\) \([^ ]*\) .*/\2/p' "$run_dir/plan" | sort -u >"$run_dir/gone"
	dp_extra=$(comm -23 "$run_dir/gone" "$run_dir/planned" | commas)
	[ -z "$dp_extra" ] ||
		refuse package "cannot remove what this job installed: $dp_extra, installed by others, needs it"
	say "Removing $# packages: $(printf '%s ' "$@" | cut -c 1-400)"
	# a killed unpacking leaves packages that "should be reinstalled" first
	apt_run "apt-get purge" apt-get -q -y -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Options::=--force-remove-reinstreq purge "$@"
}

# from Debian 13 on it is a link to ../locale.conf
deb_locale_back() {
	rec_has locale && [ ! -e "$locale_file" ] || return 0
	dl_file=$locale_file dl_mode=$(rec_get locale-mode)
	if rec_has locale-link; then
		ln -sfn "$(rec_get locale-link)" "$locale_file"
		dl_file=$(readlink -m "$locale_file")
	fi
	[ -e "$dl_file" ] || put_file "$dl_file" "${dl_mode%% *}" "${dl_mode#* }" <"$rec/locale"
}

# users and directories that the packages made and do not take with them
deb_forget_brought() {
	deb_locale_back
	db_left=$(find /var/lib/postgresql -maxdepth 4 -name PG_VERSION 2>/dev/null | head -n 1)
	if [ -n "$db_left" ]; then
		warn "${db_left%/PG_VERSION} holds a database and stays, with the user postgres"
		return
	fi
	for db_dir in $os_brought; do
		rec_get before | grep -qxF "$db_dir" && continue
		case $db_dir in
		/etc/apt/*) rmdir "$db_dir" 2>/dev/null ;;
		*) rm -rf "$db_dir" ;;
		esac
	done
	rec_get before | grep -qx user || ! getent passwd postgres >/dev/null || userdel postgres 2>/dev/null
	rec_get before | grep -qx group || ! getent group postgres >/dev/null || groupdel postgres 2>/dev/null
	rec_get before | grep -qx group:ssl-cert || ! getent group ssl-cert >/dev/null || groupdel ssl-cert 2>/dev/null
	return 0
}

# ---- instances ----------------------------------------------------------------------

os_check_name() { :; }

os_instance_exists() { [ -e "$confdir/postgresql.conf" ]; }

# a new cluster: config in /etc, data where told, stopped
os_instance_make() { # LOCALE ENCODING
	set -- -d "$datadir" -p "$a_port" --locale "$1" -e "$2" -u postgres --start-conf auto -- --data-checksums
	[ -z "$a_wal_segsize_mb" ] || set -- "$@" --wal-segsize "$a_wal_segsize_mb"
	work pg_createcluster "$a_version" "$a_name" "$@" >"$run_dir/out" 2>&1 || {
		say_lines "$run_dir/out"
		fail failed "pg_createcluster failed: $(grep -m 1 -i error "$run_dir/out")"
	}
	deb_reload_units
}

# an existing data directory becomes a cluster
os_adopt() {
	if [ -e "$confdir/postgresql.conf" ] && [ -e "$confdir/start.conf" ] && [ -e "$confdir/environment" ]; then
		return 0
	fi
	oa_share=/usr/share/postgresql/$a_version
	for oa_f in postgresql.conf pg_hba.conf pg_ident.conf; do
		# pg_createcluster moves them from here to /etc; one that was killed left some there
		[ ! -e "$confdir/$oa_f" ] || mv "$confdir/$oa_f" "$datadir/$oa_f"
		[ -e "$datadir/$oa_f" ] || cp "$oa_share/$oa_f.sample" "$datadir/$oa_f" || fail failed "cannot write $datadir/$oa_f"
		chown "$pg_owner:" "$datadir/$oa_f" && chmod 600 "$datadir/$oa_f"
	done
	sync_path "$datadir"
	work pg_createcluster "$a_version" "$a_name" -d "$datadir" -p "$a_port" --start-conf manual >"$run_dir/out" 2>&1 || {
		say_lines "$run_dir/out"
		fail failed "pg_createcluster failed: $(grep -m 1 -i error "$run_dir/out")"
	}
	sync_path "$confdir"/* "$confdir"
	deb_reload_units
}

# the source's configuration, where it lived in its data directory, is not ours
os_scrub_copy() { # STAGING
	rm -rf "$1/postgresql.conf" "$1/pg_hba.conf" "$1/pg_ident.conf" "$1/conf.d"
}

os_prepare_copy() { # STAGING HBA_TEXT
	op_share=/usr/share/postgresql/$a_version
	[ -f "$op_share/postgresql.conf.sample" ] ||
		fail missing "PostgreSQL $a_version has no postgresql.conf.sample on this host"
	for op_f in postgresql.conf pg_ident.conf; do
		put_file "$1/$op_f" 600 "$pg_owner:" <"$op_share/$op_f.sample"
	done
	if [ -n "$2" ]; then
		printf '%s\n' "$2" | put_file "$1/pg_hba.conf" 600 "$pg_owner:"
	else
		sed "s/@remove-line-for-nolocal@//; s/@authcomment@//; s/@authmethodlocal@/peer/; s/@authmethodhost@/$(hba_method)/
			s/@default_username@/postgres/" "$op_share/pg_hba.conf.sample" | put_file "$1/pg_hba.conf" 600 "$pg_owner:"
	fi
}

# configuration, log and links of an instance; the data is the caller's
os_instance_forget() {
	if [ "$confdir" != "$datadir" ] && [ -d "$confdir" ]; then
		rm -rf "$confdir"
		rmdir "${confdir%/*}" 2>/dev/null
	fi
	rm -f "/etc/systemd/system/multi-user.target.wants/$unit"
	[ -z "$log_file" ] || rm -f "$log_file" "$log_file".[0-9]*
	rm -rf "/run/postgresql/$a_version-$a_name.pg_stat_tmp" "/var/run/postgresql/$a_version-$a_name.pid"
	[ ! -x /usr/share/postgresql-common/pg_updateaptconfig ] || /usr/share/postgresql-common/pg_updateaptconfig
	deb_reload_units
}

deb_reload_units() {
	[ ! -d /run/systemd/system ] || systemctl daemon-reload
}

# where the password of the upstream lives: beside the configuration, which no copy takes along
os_passfile() { echo "$confdir/pgtandem.pass"; }

# start at boot: postgresql-common decides by start.conf
os_enable() { # yes|no
	oe_word=auto
	[ "$1" = yes ] || oe_word=manual
	if [ -f "$confdir/start.conf" ]; then
		sed "s/^\(auto\|manual\|disabled\)[[:blank:]]*\$/$oe_word/" "$confdir/start.conf" >"$run_dir/start"
		cmp -s "$run_dir/start" "$confdir/start.conf" && return 0
		put_file "$confdir/start.conf" 644 "$pg_owner:" <"$run_dir/start"
		changed=yes
		deb_reload_units
	elif [ -n "$unit" ]; then
		systemctl -q enable "$unit"
	fi
}

# without systemd
os_ctl() { # start|stop MODE
	case $1 in
	start) work pg_ctlcluster --skip-systemctl-redirect "$a_version" "$a_name" start >"$run_dir/out" 2>&1 ;;
	stop) work pg_ctlcluster --skip-systemctl-redirect -m "$2" "$a_version" "$a_name" stop >"$run_dir/out" 2>&1 ;;
	esac
}

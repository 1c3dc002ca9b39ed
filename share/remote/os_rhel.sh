# shellcheck shell=sh
# os_rhel.sh - the RHEL family: dnf, the PostgreSQL project's packages (/usr/pgsql-V) or the distribution's.

: "${a_repo:=}" "${a_repo_url:=}" "${a_extra:=}" "${a_timeout:=}" "${a_wal_segsize_mb:=}" "${s_repo_key:=}"
pgdg_list=/etc/yum.repos.d/pgtandem-pgdg.repo
pgdg_key=/etc/pki/rpm-gpg/pgtandem-pgdg.asc
os_brought='/var/lib/pgsql /run/postgresql /etc/sysconfig/pgsql /etc/postgresql-common'

os_paths() { paths_rhel; }

# ---- software -----------------------------------------------------------------------

os_software_ok() {
	for sw_bin in postgres psql pg_basebackup pg_controldata pg_isready initdb; do
		[ -x "$bindir/$sw_bin" ] || return 1
	done
}

rhel_dnf() {
	if command -v dnf >/dev/null; then echo dnf; else echo yum; fi
}

os_install() {
	wait_pkg_lock
	rhel_remember
	[ "$a_repo" != pgdg ] || rhel_pgdg
	rhel_module
	rhel_names
	# shellcheck disable=SC2046,SC2086
	set -- $oi_names $(printf '%s' "$a_extra" | tr ',' ' ')
	say "Installing packages: $*"
	dnf_try install "$@" || dnf_failed "dnf install"
	rhel_new
	rec_put planned <"$run_dir/new"
	changed=yes
}

# the project's packages carry the version in their name, the distribution's do not
rhel_names() {
	rn_v=$(printf %s "$a_version" | tr -d .)
	oi_names="postgresql$rn_v-server postgresql$rn_v postgresql$rn_v-contrib"
	[ "$a_repo" != distro ] || [ -n "$(dnf_has "postgresql$rn_v-server")" ] ||
		oi_names='postgresql-server postgresql postgresql-contrib'
}

dnf_has() { timeout 120 "$(rhel_dnf)" -q repoquery "$1" 2>/dev/null | head -n 1; }

# RHEL 8: the module of the distribution hides the project's packages
rhel_module() {
	[ -d /etc/dnf/modules.d ] && [ "$a_repo" = pgdg ] || return 0
	dnf_try_raw -qy module list postgresql || return 0
	[ ! -f /etc/dnf/modules.d/postgresql.module ] || return 0
	rec_put module yes
	say "Disabling the dnf module postgresql."
	dnf_try_raw -qy module disable postgresql || dnf_failed "dnf module disable postgresql"
}

rhel_remember() {
	rec_has before && return 0
	{
		! getent passwd postgres >/dev/null || echo user
		! getent group postgres >/dev/null || echo group
		for dr_dir in $os_brought; do
			[ ! -d "$dr_dir" ] || echo "$dr_dir"
		done
	} | rec_put before
	rpm -qa --qf '%{NAME}.%{ARCH}\n' | sort -u | rec_put packages
	rec_put planned ''
}

# what is installed now and was not before
rhel_new() {
	rpm -qa --qf '%{NAME}.%{ARCH}\n' | sort -u >"$run_dir/present"
	rec_get packages | sort -u >"$run_dir/old"
	comm -23 "$run_dir/present" "$run_dir/old" | grep -v '^gpg-pubkey' >"$run_dir/new"
}

dnf_try() { # install|remove NAME...
	dt_what=$1
	shift
	dnf_try_raw -y --setopt=install_weak_deps=False --setopt=clean_requirements_on_remove=False "$dt_what" "$@"
}

dnf_try_raw() {
	work timeout -k 60 "$a_timeout" "$(rhel_dnf)" "$@" >"$run_dir/apt" 2>&1
	apt_rc=$?
	return "$apt_rc"
}

dnf_failed() {
	tail -n 12 "$run_dir/apt" | say_lines
	case $apt_rc in
	124 | 137) fail timeout "$1 did not end within $a_timeout s" ;;
	esac
	! grep -q 'o space left' "$run_dir/apt" || fail space "$1: no space left on the device"
	! grep -q 'Unable to find a match\|No match for' "$run_dir/apt" ||
		refuse missing "the package repositories of this host do not have PostgreSQL $a_version"
	df_text=$(grep -m 1 -i 'error\|failed' "$run_dir/apt")
	fail package "$1 failed: $df_text"
}

rhel_pgdg() {
	rp_url=${a_repo_url:-https://download.postgresql.org/pub/repos/yum}
	rp_url=${rp_url%/}
	check_url "$rp_url"
	rp_check=0
	if [ -n "$s_repo_key" ]; then
		mkdir -p "${pgdg_key%/*}"
		printf '%s\n' "$s_repo_key" | put_file "$pgdg_key" 644 root:root
		rp_check=1
	fi
	say "Adding the repository $rp_url."
	cat >"$run_dir/repo" <<-E
		[pgtandem-pgdg$a_version]
		name=PostgreSQL $a_version
		baseurl=$rp_url/$a_version/redhat/rhel-\$releasever-\$basearch
		enabled=1
		gpgcheck=$rp_check
		gpgkey=file://$pgdg_key

		[pgtandem-pgdg-common]
		name=PostgreSQL, common packages
		baseurl=$rp_url/common/redhat/rhel-\$releasever-\$basearch
		enabled=1
		skip_if_unavailable=1
		gpgcheck=$rp_check
		gpgkey=file://$pgdg_key
	E
	put_file "$pgdg_list" 644 root:root <"$run_dir/repo"
}

os_installed_new() { rec_get planned | grep . | commas; }

os_uninstall() {
	wait_pkg_lock
	if rec_has packages; then
		rhel_new
		rec_get planned | grep . | sort -u >"$run_dir/planned"
		# killed before it was noted: all that came since
		[ -s "$run_dir/planned" ] || cp "$run_dir/new" "$run_dir/planned"
		# shellcheck disable=SC2046
		set -- $(comm -12 "$run_dir/new" "$run_dir/planned")
		if [ $# -gt 0 ]; then
			say "Removing $# packages: $*"
			dnf_try remove "$@" || dnf_failed "dnf remove"
		fi
	fi
	if rec_has module; then
		dnf_try_raw -qy module reset postgresql
	fi
	rm -f "$pgdg_list" "$pgdg_key"
	rhel_forget_brought
}

rhel_forget_brought() {
	rf_left=$(find /var/lib/pgsql -maxdepth 4 -name PG_VERSION 2>/dev/null | head -n 1)
	if [ -n "$rf_left" ]; then
		warn "${rf_left%/PG_VERSION} holds a database and stays, with the user postgres"
		return
	fi
	for rf_dir in $os_brought; do
		rec_get before | grep -qxF "$rf_dir" || rm -rf "$rf_dir"
	done
	rec_get before | grep -qx user || ! getent passwd postgres >/dev/null || userdel postgres 2>/dev/null
	rec_get before | grep -qx group || ! getent group postgres >/dev/null || groupdel postgres 2>/dev/null
	return 0
}

# ---- instances ----------------------------------------------------------------------

os_check_name() {
	[ "$a_name" = main ] || refuse args "instance name \"$a_name\": on this system the one instance of a version is called main"
}

os_instance_exists() { [ -f "$datadir/PG_VERSION" ]; }

os_instance_make() { # LOCALE ENCODING
	mkdir -p "$datadir" && chown "$pg_owner:" "$datadir" && chmod 700 "$datadir" || fail failed "cannot make $datadir"
	rhel_label
	set -- -D "$datadir" --locale="$1" -E "$2" -k -A peer
	[ "$(vnum "$a_version")" -lt 1000 ] || set -- "$@" --auth-host="$(hba_method)"
	[ -z "$a_wal_segsize_mb" ] || set -- "$@" --wal-segsize="$a_wal_segsize_mb"
	work_as "$pg_owner" env -i PATH="$PATH" LC_ALL=C HOME=/ "$bindir/initdb" "$@" >"$run_dir/out" 2>&1
	work_wait || {
		say_lines "$run_dir/out"
		fail failed "initdb failed: $(grep -m 1 -i error "$run_dir/out")"
	}
	rhel_conf_port "$datadir"
	rhel_dropin
	os_enable yes
}

rhel_conf_port() { # DIR
	{
		sed '/^# pgTandem: the port$/,$d' "$1/postgresql.conf"
		printf '# pgTandem: the port\nport = %s\n' "$a_port"
	} >"$run_dir/port"
	put_file "$1/postgresql.conf" 600 "$pg_owner:" <"$run_dir/port"
}

# the unit knows the default data directory only
rhel_dropin() {
	[ -d /run/systemd/system ] || return 0
	if [ "$datadir" != "$default_datadir" ]; then
		rd_file=/etc/systemd/system/$unit.d/pgtandem.conf
		mkdir -p "${rd_file%/*}"
		printf '[Service]\nEnvironment=PGDATA=%s\n' "$datadir" | put_file "$rd_file" 644 root:root
		systemctl daemon-reload
	fi
}

# SELinux: a directory or port of its own needs a label
rhel_label() {
	[ -r /sys/fs/selinux/enforce ] || return 0
	command -v semanage >/dev/null || {
		[ "$datadir" = "$default_datadir" ] && [ "$a_port" = 5432 ] ||
			warn "SELinux is on and semanage is not installed: $datadir and port $a_port have no label for PostgreSQL"
		return 0
	}
	[ "$datadir" = "$default_datadir" ] || {
		semanage fcontext -a -t postgresql_db_t "$datadir(/.*)?" 2>/dev/null
		restorecon -R "$datadir"
	}
	[ "$a_port" = 5432 ] || semanage port -a -t postgresql_port_t -p tcp "$a_port" 2>/dev/null
	return 0
}

os_adopt() {
	pg_owner=$(stat -c %U "$datadir/PG_VERSION")
	rhel_label
	rhel_dropin
}

os_scrub_copy() { # STAGING
	rm -rf "$1/postgresql.conf" "$1/pg_hba.conf" "$1/pg_ident.conf" "$1/conf.d"
}

os_prepare_copy() { # STAGING HBA_TEXT
	op_share=''
	for op_dir in "${bindir%/bin}/share" /usr/share/pgsql "${bindir%/bin}/share/postgresql"; do
		[ -z "$op_share" ] && [ -f "$op_dir/postgresql.conf.sample" ] && op_share=$op_dir
	done
	[ -n "$op_share" ] || fail missing "PostgreSQL $a_version has no postgresql.conf.sample on this host"
	put_file "$1/postgresql.conf" 600 "$pg_owner:" <"$op_share/postgresql.conf.sample"
	rhel_conf_port "$1"
	put_file "$1/pg_ident.conf" 600 "$pg_owner:" <"$op_share/pg_ident.conf.sample"
	if [ -n "$2" ]; then
		printf '%s\n' "$2" | put_file "$1/pg_hba.conf" 600 "$pg_owner:"
	else
		sed "s/@remove-line-for-nolocal@//; s/@authcomment@//; s/@authmethodlocal@/peer/; s/@authmethodhost@/$(hba_method)/
			s/@default_username@/postgres/" "$op_share/pg_hba.conf.sample" | put_file "$1/pg_hba.conf" 600 "$pg_owner:"
	fi
}

os_instance_forget() {
	if [ -d /run/systemd/system ]; then
		systemctl -q disable "$unit" 2>/dev/null
		if [ -f "/etc/systemd/system/$unit.d/pgtandem.conf" ]; then
			rm -f "/etc/systemd/system/$unit.d/pgtandem.conf"
			rmdir "/etc/systemd/system/$unit.d" 2>/dev/null
		fi
		systemctl daemon-reload
		systemctl reset-failed "$unit" 2>/dev/null
	fi
	rm -f "$(os_passfile)"
	rmdir "$pr_root/pgtandem" 2>/dev/null
	if [ -r /sys/fs/selinux/enforce ] && command -v semanage >/dev/null; then
		[ "$datadir" = "$default_datadir" ] || semanage fcontext -d "$datadir(/.*)?" 2>/dev/null
		[ "$a_port" = 5432 ] || [ -z "$a_port" ] || semanage port -d -p tcp "$a_port" 2>/dev/null
	fi
	return 0
}

# the configuration is in the data directory, which copies take along
os_passfile() { echo "$pr_root/pgtandem/$a_version-$a_name.pass"; }

os_enable() { # yes|no
	[ -d /run/systemd/system ] || return 0
	oe_now=$(systemctl is-enabled "$unit" 2>/dev/null)
	case $1:$oe_now in
	yes:enabled | no:disabled) return 0 ;;
	yes:*) systemctl -q enable "$unit" ;;
	no:*) systemctl -q disable "$unit" ;;
	esac
	changed=yes
}

# without systemd
os_ctl() { # start|stop MODE
	case $1 in
	start)
		work_as "$pg_owner" env -i PATH="$PATH" LC_ALL=C HOME=/ "$bindir/pg_ctl" -D "$datadir" -s -W \
			-l "$datadir/pgtandem-start.log" start
		work_wait
		;;
	stop)
		work_as "$pg_owner" "$bindir/pg_ctl" -D "$datadir" -m "$2" -s -W stop
		work_wait
		;;
	esac
}

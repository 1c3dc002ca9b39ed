# shellcheck shell=sh
# facts.sh - what kind of host this is, and what is where. Changes nothing.

main() {
	clock_ns=$(date +%s%N)
	begin "$@"
	: "${a_reach:=}" "${ID:=}" "${ID_LIKE:=}" "${VERSION_ID:=}" "${VERSION_CODENAME:=}" "${VERSION:=}"
	reach_all
	fact clock_ns "$clock_ns"
	facts_host
	facts_os
	facts_security
	facts_tools
	facts_packages
	if [ -n "$a_version" ] && [ "$family" != unknown ]; then
		"paths_$family"
		facts_version
		facts_datadir
	fi
	facts_port
	fact instances "[$(instances)]"
	fact postgres_user "$(yes_no grep -q '^postgres:' /etc/passwd)"
	fact locales "$(locale -a 2>/dev/null | commas)"
	fact jobs_left "$(jobs_left | commas)"
	facts_paths
	wait
}

# numbers of jobs whose records are still here: they were not undone to the end
jobs_left() {
	for jl_dir in "$STATE_ROOT"/job-*; do
		[ ! -d "$jl_dir" ] || echo "${jl_dir##*/job-}"
	done
}

# paths=A:B: what stands at these places
facts_paths() {
	fp_rest=${a_paths:-}
	while [ -n "$fp_rest" ]; do
		fp_path=${fp_rest%%:*}
		case $fp_rest in *:*) fp_rest=${fp_rest#*:} ;; *) fp_rest='' ;; esac
		fp_state=absent
		if [ -d "$fp_path" ]; then
			fp_state=empty
			[ -z "$(ls -A "$fp_path" 2>/dev/null)" ] || fp_state=nonempty
		elif [ -e "$fp_path" ]; then
			fp_state=notdir
		fi
		fact "path.$fp_path" $fp_state
	done
}

yes_no() { if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi; }

first_line() {
	fl_text=''
	[ ! -r "$1" ] || read -r fl_text <"$1" || :
	printf '%s\n' "$fl_text"
}

# ---- the host -----------------------------------------------------------------------

facts_host() {
	fact uid "$(id -u)"
	fact user "$(id -un)"
	fact hostname "$(uname -n)"
	fact machine_id "$(first_line /etc/machine-id)"
	fact boot_id "$(first_line /proc/sys/kernel/random/boot_id)"
	fact arch "$(uname -m)"
	fact kernel "$(uname -r)"
	fh_glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null)
	fact glibc "${fh_glibc#glibc }"
	fact icu "$(icu_version)"
	fact ncpu "$(getconf _NPROCESSORS_ONLN)"
	fact mem_kb "$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)"
	fh_ssh=${SSH_CONNECTION:-}
	fact ssh_client_ip "${fh_ssh%% *}"
	fact addresses "$(addresses | commas)"
	fact systemd "$(yes_no test -d /run/systemd/system)"
}

icu_version() {
	for iv_lib in /usr/lib/*/libicuuc.so.*.* /usr/lib64/libicuuc.so.*.* /lib/*/libicuuc.so.*.*; do
		[ -e "$iv_lib" ] || continue
		echo "${iv_lib##*libicuuc.so.}"
		return
	done
}

addresses() {
	if command -v ip >/dev/null; then
		ip -o addr show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4 }'
	else
		hostname -I 2>/dev/null | tr ' ' '\n' | grep .
	fi
}

facts_os() {
	if [ -r /etc/os-release ]; then
		# shellcheck source=/dev/null
		. /etc/os-release
	fi
	fact os_id "$ID"
	fact os_id_like "$ID_LIKE"
	fact os_version "$VERSION_ID"
	fo_codename=$VERSION_CODENAME
	if [ -z "$fo_codename" ]; then
		# 7 (Core)
		fo_codename=$(printf '%s\n' "$VERSION" | sed -n 's/.*(\(.*\)).*/\1/p' | tr '[:upper:]' '[:lower:]')
	fi
	fact os_codename "$fo_codename"
	fact os_pretty "$ID ($(printf '%s %s' "$fo_codename" "$(os_release_number)" | sed 's/^ *//'))"
	case " $ID $ID_LIKE " in
	*' debian '* | *' ubuntu '*) family=debian ;;
	*' rhel '* | *' fedora '* | *' centos '*) family=rhel ;;
	*) family=unknown ;;
	esac
	fact family $family
}

# the full number where the system has one: CentOS Linux release 7.5.1804 (Core)
os_release_number() {
	orn=$(sed -n 's/.* release \([0-9.]*\).*/\1/p' /etc/centos-release 2>/dev/null)
	echo "${orn:-$VERSION_ID}"
}

facts_security() {
	fs_linux=none
	if [ -r /sys/fs/selinux/enforce ]; then
		case $(first_line /sys/fs/selinux/enforce) in
		1) fs_linux=enforcing ;;
		*) fs_linux=permissive ;;
		esac
	elif [ -r /etc/selinux/config ]; then
		fs_linux=disabled
	fi
	fact selinux $fs_linux
	fs_armor=no
	[ "$(first_line /sys/module/apparmor/parameters/enabled)" != Y ] || fs_armor=yes
	fact apparmor $fs_armor
	fact firewall "$(firewalls | commas)"
}

firewalls() {
	! grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf || echo ufw
	[ ! -d /run/systemd/units ] || [ ! -L /run/systemd/units/invocation:firewalld.service ] || echo firewalld
	if [ "$(id -u)" = 0 ]; then
		if command -v nft >/dev/null && [ -n "$(nft list ruleset 2>/dev/null | head -n 1)" ]; then
			echo nftables
		fi
		! [ -s /proc/net/ip_tables_names ] || echo iptables
	fi
}

facts_tools() {
	ft_missing=''
	for ft_tool in awk base64 cat chmod chown cmp cut date df env find flock getconf getent grep head id kill \
		locale ls mkdir mv od readlink rm rmdir sed setsid sleep sort stat sync tail timeout touch tr truncate uname; do
		command -v "$ft_tool" >/dev/null || ft_missing=$ft_missing,$ft_tool
	done
	command -v setpriv >/dev/null || command -v runuser >/dev/null || ft_missing=$ft_missing,setpriv
	case $family in
	debian) command -v apt-get >/dev/null || ft_missing=$ft_missing,apt-get ;;
	rhel) command -v dnf >/dev/null || command -v yum >/dev/null || ft_missing=$ft_missing,dnf ;;
	esac
	fact tools_missing "${ft_missing#,}"
}

# ---- packages -----------------------------------------------------------------------

facts_packages() {
	fact pkg_lock "$(pkg_lock)"
	fact pg_versions "$(pg_versions | sort -t . -k 1,1n | uniq | commas)"
}

pg_versions() {
	for pv_bin in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres; do
		[ -x "$pv_bin" ] || continue
		pv_bin=${pv_bin%/bin/postgres}
		pv_bin=${pv_bin##*/}
		echo "${pv_bin#pgsql-}"
	done
	[ ! -x /usr/bin/postgres ] || server_major /usr/bin/postgres
}

facts_version() {
	fv_minor=''
	if [ -x "$bindir/postgres" ]; then
		fv_minor=$(server_minor "$bindir/postgres")
		fact bindir "$bindir"
	else
		fact bindir ''
	fi
	fact pg_minor "$fv_minor"
	fact pg_candidate "$("candidate_$family")"
	fact pkg_lists "$(yes_no pkg_lists)"
	facts_extensions
}

# does the package manager have lists that pg_candidate could have come from?
pkg_lists() {
	[ -f /var/cache/apt/pkgcache.bin ] && ls /var/lib/apt/lists/*_Packages* >/dev/null
}

candidate_debian() {
	# without its cache apt-cache reads all lists anew: half a second of CPU, for little
	[ -f /var/cache/apt/pkgcache.bin ] || [ -z "$fv_minor" ] || return 0
	apt-cache policy "postgresql-$a_version" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)'
}

# without the network: what the cached lists say
candidate_rhel() {
	for cr_name in "postgresql$(printf %s "$a_version" | tr -d .)-server" postgresql-server; do
		cr_found=$(timeout 20 dnf -C -q repoquery --latest-limit 1 --qf '%{version}-%{release}' "$cr_name" 2>/dev/null | tail -n 1)
		case $cr_found in
		"$a_version".*)
			echo "$cr_found"
			return
			;;
		esac
	done
}

facts_extensions() {
	fe_libs='' fe_exts=''
	case $bindir in
	/usr/lib/postgresql/*)
		fe_lib=/usr/lib/postgresql/$a_version/lib
		fe_share=/usr/share/postgresql/$a_version
		;;
	/usr/bin) fe_lib=/usr/lib64/pgsql fe_share=/usr/share/pgsql ;;
	*) fe_lib=${bindir%/bin}/lib fe_share=${bindir%/bin}/share ;;
	esac
	for fe_f in "$fe_lib"/*.so; do
		[ -e "$fe_f" ] || continue
		fe_f=${fe_f##*/}
		fe_libs=$fe_libs,${fe_f%.so}
	done
	for fe_f in "$fe_share"/extension/*.control; do
		[ -e "$fe_f" ] || continue
		fe_f=${fe_f##*/}
		fe_exts=$fe_exts,${fe_f%.control}
	done
	fact libs "${fe_libs#,}"
	fact extensions "${fe_exts#,}"
}

# ---- the data directory -------------------------------------------------------------

facts_datadir() {
	fact default_datadir "$default_datadir"
	fact datadir "$datadir"
	fact confdir "$confdir"
	fact unit "$unit"
	fact log_file "$log_file"
	fact conf_dropin "$(facts_dropin)"
	fd_state=$(dir_state "$datadir")
	fact datadir_state "$fd_state"
	if [ "$fd_state" = cluster ]; then
		fact datadir_pgversion "$(first_line "$datadir/PG_VERSION")"
		fact datadir_sysid "$(control_value 'Database system identifier')"
		fact datadir_running "$(yes_no postmaster_of "$datadir")"
	fi
	fd_dir=$datadir
	while [ ! -e "$fd_dir" ]; do
		fd_dir=${fd_dir%/*}
		[ -n "$fd_dir" ] || fd_dir=/
	done
	df -PTk "$fd_dir" 2>/dev/null | awk 'NR == 2 {
		printf "datadir_parent_fs=%s %s\n", $7, $2
		printf "data_total_bytes=%.0f\ndata_free_bytes=%.0f\n", $3 * 1024, $5 * 1024 }'
}

# of an instance that is to be made on Debian: what pg_createcluster will include
facts_dropin() {
	if [ -f "$confdir/postgresql.conf" ] || [ "$family" != debian ]; then
		conf_dropin_of "$confdir"
		return
	fi
	fdr_dir=$(conf_value /etc/postgresql-common/createcluster.conf add_include_dir)
	if [ -n "$fdr_dir" ] || [ ! -f /etc/postgresql-common/createcluster.conf ]; then
		echo "$confdir/${fdr_dir:-conf.d}"
	fi
}

# ---- ports --------------------------------------------------------------------------

facts_port() {
	[ -n "$a_port" ] || return 0
	fp_inode=$(awk -v port="$(printf '%04X' "$a_port")" '
		$4 == "0A" && $2 ~ ":" port "$" { print $10; exit }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
	if [ -z "$fp_inode" ]; then
		fact port_used no
		fact port_user ''
		return
	fi
	fact port_used yes
	fp_pid=$(find /proc/[0-9]*/fd -lname "socket:\[$fp_inode\]" 2>/dev/null | head -n 1)
	fp_pid=${fp_pid#/proc/}
	fp_pid=${fp_pid%%/*}
	fact port_user "${fp_pid:+$fp_pid:$(first_line "/proc/$fp_pid/comm")}"
}

# One try per target, all at once. The shell of the host has no sockets, bash and nc have.
reach_all() {
	[ -n "$a_reach" ] || return 0
	ra_list=$a_reach
	while [ -n "$ra_list" ]; do
		ra_one=${ra_list%%,*}
		case $ra_list in
		*,*) ra_list=${ra_list#*,} ;;
		*) ra_list='' ;;
		esac
		[ -z "$ra_one" ] || fact "reach.$ra_one" "$(reach "$ra_one")" &
	done
}

reach() {
	rc_port=${1##*:}
	rc_host=${1%:*}
	rc_host=${rc_host#\[}
	rc_host=${rc_host%\]}
	case $rc_host in
	'' | -* | *[!A-Za-z0-9._:%-]*)
		echo unresolved
		return
		;;
	esac
	is_number "$rc_port" || rc_port=0
	if command -v bash >/dev/null; then
		# shellcheck disable=SC2016
		rc_text=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$rc_host" "$rc_port" 2>&1)
		rc_code=$?
	elif command -v nc >/dev/null; then
		rc_text=$(timeout 4 nc -z -w 3 "$rc_host" "$rc_port" 2>&1)
		rc_code=$?
	else
		echo unknown
		return
	fi
	reach_word $rc_code "$rc_text"
}

reach_word() { # STATUS TEXT
	case "$1 $2" in
	'0 '*) echo ok ;;
	124*) echo timeout ;;
	*refused*) echo refused ;;
	*'not known'* | *resol* | *'No address'* | *nvalid*) echo unresolved ;;
	*oute* | *nreachable*) echo unreachable ;;
	*'timed out'*) echo timeout ;;
	*) echo refused ;;
	esac
}

# ---- instances ----------------------------------------------------------------------

# Known to the host's packaging, and any other server that runs.
instances() {
	in_comma='' in_seen=:
	for in_conf in /etc/postgresql/*/*/postgresql.conf; do
		[ -f "$in_conf" ] || continue
		in_dir=${in_conf%/postgresql.conf}
		in_v=${in_dir%/*}
		instance "${in_v##*/}" "${in_dir##*/}" "$in_dir" "$(conf_value "$in_conf" data_directory)"
	done
	for in_dir in /var/lib/pgsql/data /var/lib/pgsql/*/data; do
		[ ! -f "$in_dir/PG_VERSION" ] || instance "$(first_line "$in_dir/PG_VERSION")" main "$in_dir" "$in_dir"
	done
	for in_dir in /run/postgresql/.s.PGSQL.*.lock /tmp/.s.PGSQL.*.lock; do
		in_data=''
		[ ! -r "$in_dir" ] || { read -r _ && read -r in_data; } <"$in_dir" || :
		[ -z "$in_data" ] || ! postmaster_of "$in_data" ||
			instance "$(first_line "$in_data/PG_VERSION")" '' "$in_data" "$in_data"
	done
}

instance() { # VERSION NAME CONFDIR DATADIR
	case $in_seen in
	*":$4:"*) return ;;
	esac
	in_seen=$in_seen$4:
	in_running=false
	in_port=$(conf_value "$3/postgresql.conf" port)
	! postmaster_of "$4" || { in_running=true in_port=$pm_port; }
	is_number "$in_port" || in_port=5432
	in_owner=''
	[ ! -e "$4" ] || in_owner=$(stat -c %U "$4")
	printf '%s{"version":%s,"name":%s,"port":%s,"datadir":%s,"confdir":%s,"owner":%s,"running":%s}' \
		"$in_comma" "$(json_str "$1")" "$(json_str "$2")" "$in_port" "$(json_str "$4")" \
		"$(json_str "$3")" "$(json_str "$in_owner")" $in_running
	in_comma=,
}

main "$@"; exit $?

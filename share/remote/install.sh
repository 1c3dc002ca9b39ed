# shellcheck shell=sh
# install.sh - the server's software, by the host's package manager, and away again.

main() {
	begin "$@"
	: "${a_repo:=distro}" "${a_repo_url:=}" "${a_extra:=}" "${a_timeout:=900}" "${s_repo_key:=}"
	need_root
	need_args version job
	check_install_args
	os_paths
	record "install-$a_version"
	action_run check_install do_install undo_install
}

check_install_args() {
	case $a_repo in
	distro | pgdg | none) ;;
	*) fail args "no repository \"$a_repo\": distro, pgdg or none" ;;
	esac
	is_number "$a_timeout" || fail args "timeout \"$a_timeout\" is not a number"
	case $a_extra in
	*[!a-z0-9.+,:_-]* | -* | *,-*) fail args "\"$a_extra\" is not a list of packages" ;;
	esac
}

check_url() {
	case $1 in
	http://* | https://* | file:/*) ;;
	*) fail args "\"$1\" is not the address of a repository" ;;
	esac
	case $1 in
	*[!A-Za-z0-9:/._~%+@-]*) fail args "\"$1\" has characters which are not allowed in a repository's address" ;;
	esac
}

# planned and not done: an earlier call was killed in the middle
check_install() {
	os_software_ok || return 3
	! rec_has planned || rec_has "done" || return 3
	facts_install
}

facts_install() {
	fact bindir "$bindir"
	fact pg_minor "$(server_minor "$bindir/postgres")"
	fact installed "$(os_installed_new)"
}

do_install() {
	if check_install; then
		return 0
	fi
	[ "$a_repo" != none ] ||
		refuse missing "PostgreSQL $a_version is not installed on this host: no complete set of programs in $bindir"
	guard install
	os_install
	os_paths
	os_software_ok || fail package "the packages are installed, but $bindir lacks programs of PostgreSQL $a_version"
	# package managers do not sync all they write
	sync
	rec_put "done" yes
	facts_install
}

undo_install() {
	[ -d "$rec" ] || return 0
	guard install
	os_uninstall
	sync
	rec_forget
}

wait_pkg_lock() {
	wl_n=0 wl_said=''
	while wl_who=$(pkg_lock) && [ -n "$wl_who" ]; do
		[ "$wl_who" = "$wl_said" ] || say "The package manager is locked by ${wl_who#*:} (process ${wl_who%%:*}), waiting."
		wl_said=$wl_who
		[ "$wl_n" -lt 300 ] || {
			hint "wait until it has ended, or end it, and try again"
			refuse busy "the package manager is locked by ${wl_who#*:} (process ${wl_who%%:*})"
		}
		sleep 1
		wl_n=$((wl_n + 1))
	done
}

main "$@"; exit $?

# shellcheck shell=sh
# tls.sh - the server's certificate, its key and the CA, beside the configuration.

main() {
	begin "$@"
	: "${a_reload:=yes}" "${s_cert:=}" "${s_key:=}" "${s_ca:=}"
	need_root
	need_args version
	os_paths
	cert_file=$confdir/pgtandem-server.crt
	key_file=$confdir/pgtandem-server.key
	ca_file=$confdir/pgtandem-ca.crt
	[ "$a_action" = check ] || record "tls-$a_version-$a_name"
	[ "$a_action" = undo ] || need_conf
	action_run check_tls do_tls undo_tls
}

check_tls() {
	tls_same "$cert_file" "$s_cert" && tls_same "$key_file" "$s_key" && tls_same "$ca_file" "$s_ca" || return 3
	facts_tls
}

tls_same() { [ -z "$2" ] || same_text "$1" "$(printf '%s' "$2")"; }

facts_tls() {
	fact cert_file "$cert_file"
	fact key_file "$key_file"
	fact ca_file "$ca_file"
}

do_tls() {
	if check_tls >/dev/null; then
		facts_tls
		return 0
	fi
	guard "tls-$a_version-$a_name"
	rec_has files || remember_tls
	tls_put "$cert_file" "$s_cert" 644
	tls_put "$key_file" "$s_key" 600
	tls_put "$ca_file" "$s_ca" 644
	changed=yes
	reload_server
	facts_tls
}

remember_tls() {
	for rt_file in "$cert_file" "$key_file" "$ca_file"; do
		[ ! -f "$rt_file" ] || rec_put "before-${rt_file##*/}" <"$rt_file"
	done
	rec_put files "$confdir"
}

tls_put() { # FILE TEXT MODE
	[ -n "$2" ] || return 0
	printf '%s\n' "$(printf '%s' "$2")" | put_file "$1" "$3" "$pg_owner:"
}

undo_tls() {
	[ -d "$rec" ] || return 0
	guard "tls-$a_version-$a_name"
	ut_dir=$(rec_get files)
	if [ -n "$ut_dir" ] && [ -d "$ut_dir" ]; then
		undo_tls_file "$ut_dir/pgtandem-server.crt" 644
		undo_tls_file "$ut_dir/pgtandem-server.key" 600
		undo_tls_file "$ut_dir/pgtandem-ca.crt" 644
		reload_server
	fi
	rec_forget
}

undo_tls_file() {
	rm -f "$1.pgtandem-new"
	if rec_has "before-${1##*/}"; then
		put_file "$1" "$2" "$pg_owner:" <"$rec/before-${1##*/}"
	else
		rm -f "$1"
	fi
}

main "$@"; exit $?

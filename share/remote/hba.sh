# shellcheck shell=sh
# hba.sh - our block at the top of pg_hba.conf, where it wins. Every other byte stays.

begin_mark='# BEGIN pgTandem managed block'
end_mark='# END pgTandem managed block'

main() {
	begin "$@"
	: "${a_reload:=yes}" "${a_mode:=}" "${s_hba:=}"
	need_root
	need_args version
	os_paths
	hba_file=$(conf_value "$confdir/postgresql.conf" hba_file)
	: "${hba_file:=$confdir/pg_hba.conf}"
	# a killed call of another script may come between two runs of this: one at a time
	[ "$a_action" != undo ] || [ -f "$hba_file" ] || { record "hba-$a_version-$a_name" && rec_forget && exit 0; }
	need_conf
	[ -f "$hba_file" ] || refuse missing "there is no $hba_file"
	case $s_hba in
	*"$begin_mark"* | *"$end_mark"*) fail args "the lines contain the marks of the managed block" ;;
	esac
	hba_action
}

hba_action() {
	case $a_action in
	check) check_hba ;;
	do | add | del) change_hba "$a_action" ;;
	undo) undo_hba ;;
	show) show_hba ;;
	*) fail args "no action \"$a_action\" here" ;;
	esac
}

# the lines inside our block, of a file
block_of() {
	awk -v b="$begin_mark" -v e="$end_mark" '$0 == b { on = 1; next } $0 == e { on = 0 } on' "$1"
}

# lines of stdin that are not blank, without blanks at their ends
trimmed() { sed 's/^[[:blank:]]*//; s/[[:blank:]]*$//; /^$/d'; }

wanted() { printf '%s\n' "$s_hba" | trimmed; }

check_hba() {
	need_run_dir
	block_of "$hba_file" >"$run_dir/old"
	wanted >"$run_dir/want"
	fact hba_file "$hba_file"
	case $a_mode in
	add) [ -z "$(lines_less want old)" ] || return 3 ;;
	del) [ -z "$(lines_both want old)" ] || return 3 ;;
	*) cmp -s "$run_dir/want" "$run_dir/old" || return 3 ;;
	esac
}

# lines of A that are not in B / that are
lines_less() { grep -vxF -f "$run_dir/$2" "$run_dir/$1"; }
lines_both() { grep -xF -f "$run_dir/$2" "$run_dir/$1"; }

change_hba() { # do|add|del
	record "hba-$a_version-$a_name"
	guard "hba-$a_version-$a_name"
	block_of "$hba_file" >"$run_dir/old"
	wanted >"$run_dir/want"
	case $1 in
	do) cp "$run_dir/want" "$run_dir/new" ;;
	add) { cat "$run_dir/old" && lines_less want old; } | awk '!seen[$0]++' >"$run_dir/new" ;;
	del) lines_less old want >"$run_dir/new" ;;
	esac
	if ! cmp -s "$run_dir/old" "$run_dir/new"; then
		remember_hba "$1"
		say "Writing file '$hba_file'."
		write_block
		changed=yes
	fi
	fact hba_file "$hba_file"
	fact changed "$changed"
}

# do remembers the block that was; add and del remember what they added and took away
remember_hba() {
	if [ "$1" = "do" ]; then
		rec_has block || rec_put block <"$run_dir/old"
		return
	fi
	lines_less new old >"$run_dir/plus"
	lines_less old new >"$run_dir/minus"
	remember_lines plus minus
	remember_lines minus plus
}

# What was added and is taken away again leaves no trace, and the other way round.
remember_lines() { # KIND OTHER
	[ -s "$run_dir/$1" ] || return 0
	rec_get "$2" >"$run_dir/other"
	lines_less "$1" other >"$run_dir/fresh"
	lines_less other "$1" >"$run_dir/rest"
	[ ! -s "$run_dir/other" ] || rec_put "$2" <"$run_dir/rest"
	{ rec_get "$1" && cat "$run_dir/fresh"; } | awk '!seen[$0]++' >"$run_dir/all"
	rec_put "$1" <"$run_dir/all"
}

# run_dir/new becomes the block; a running server has the last word on it
write_block() {
	cp -p "$hba_file" "$run_dir/whole"
	wb_mode=$(stat -c %a "$hba_file") wb_owner=$(stat -c %U:%G "$hba_file")
	{
		if [ -s "$run_dir/new" ]; then
			printf '%s\n' "$begin_mark"
			cat "$run_dir/new"
			printf '%s\n' "$end_mark"
		fi
		awk -v b="$begin_mark" -v e="$end_mark" '$0 == b { on = 1 } !on; $0 == e { on = 0 }' "$run_dir/whole"
	} >"$run_dir/next"
	# awk ends the last line; the rest stays byte for byte
	[ -z "$(tail -c 1 "$run_dir/whole")" ] || truncate -s -1 "$run_dir/next"
	put_file "$hba_file" "$wb_mode" "$wb_owner" <"$run_dir/next"
	wb_error=$(hba_errors)
	if [ -n "$wb_error" ]; then
		put_file "$hba_file" "$wb_mode" "$wb_owner" <"$run_dir/whole"
		refuse config "the server refuses a line of $hba_file: $wb_error"
	fi
	reload_server
}

# what a running server (10 on) says about the file as it is now; "hostssl record cannot match because
# SSL is disabled" is a warning, the file is taken all the same
hba_errors() {
	postmaster_of "$datadir" && [ -n "$pm_sock" ] && [ "$(vnum "$a_version")" -ge 1000 ] || return 0
	(
		a_port=''
		a_datadir=$datadir
		find_server
		psql_run postgres <<-SQL
		select 'line ' || line_number || ': ' || error from pg_hba_file_rules
		where error is not null and error not like '%record cannot match because%' limit 1;
		SQL
	) 2>/dev/null
}

undo_hba() {
	record "hba-$a_version-$a_name"
	[ -d "$rec" ] || return 0
	guard "hba-$a_version-$a_name"
	rm -f "$hba_file.pgtandem-new"
	block_of "$hba_file" >"$run_dir/old"
	cp "$run_dir/old" "$run_dir/new"
	! rec_has block || cp "$rec/block" "$run_dir/new"
	rec_get plus >"$run_dir/plus"
	rec_get minus >"$run_dir/minus"
	if [ -s "$run_dir/plus" ] || [ -s "$run_dir/minus" ]; then
		{ lines_less new plus; cat "$run_dir/minus"; } | awk '!seen[$0]++' >"$run_dir/new2"
		mv "$run_dir/new2" "$run_dir/new"
	fi
	cmp -s "$run_dir/old" "$run_dir/new" || {
		say "Writing file '$hba_file'."
		write_block
	}
	rec_forget
}

show_hba() {
	need_run_dir
	fact hba_file "$hba_file"
	fact hba_b64 "$(b64 <"$hba_file")"
	fact block_b64 "$(block_of "$hba_file" | b64)"
}

main "$@"; exit $?

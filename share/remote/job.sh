# shellcheck shell=sh
# job.sh - what a job has left on this host, and forgetting it.

main() {
	begin "$@"
	need_root
	need_args job
	jb_dir=$STATE_ROOT/job-$a_job
	case $a_action in
	left) job_left ;;
	forget)
		rm -rf "$jb_dir"
		rmdir "$STATE_ROOT" 2>/dev/null
		return 0
		;;
	*) fail args "no action \"$a_action\" here" ;;
	esac
}

job_left() {
	for jl_rec in "$jb_dir"/*; do
		[ -d "$jl_rec" ] || continue
		jl_name=${jl_rec##*/}
		case $jl_name in
		install-*) left_lines "$jl_rec" install planned package ;;
		instance-*) left_lines "$jl_rec" instance started directory ;;
		standby-*) left_lines "$jl_rec" standby renamed directory ;;
		copy-*)
			left_lines "$jl_rec" basebackup staging directory
			left_lines "$jl_rec" basebackup tablespaces directory
			;;
		conf-*) left_lines "$jl_rec" conf file file ;;
		hba-*) left_one hba file "$jl_name" ;;
		tls-*) left_lines "$jl_rec" tls files directory ;;
		roles-*) left_lines "$jl_rec" roles created role ;;
		slot-*) left_one slot slot "${jl_name#slot-}" ;;
		esac
	done
}

left_lines() { # RECORD SCRIPT FILE WHAT
	[ -f "$1/$3" ] || return 0
	while IFS= read -r ll_item; do
		[ "$4" != directory ] || [ -e "$ll_item" ] || continue
		[ "$4" != file ] || [ -e "$ll_item" ] || continue
		[ -z "$ll_item" ] || left_one "$2" "$4" "$ll_item"
	done <"$1/$3"
}

left_one() { # SCRIPT WHAT ITEM
	fact left "{\"script\":$(json_str "$1"),\"what\":$(json_str "$2"),\"item\":$(json_str "$3")}"
}

main "$@"; exit $?

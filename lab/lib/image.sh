# shellcheck shell=bash
# Images: a suite's base system, and layers of packages over one.

BASE_PKGS=systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,sudo
BASE_PKGS+=,iproute2,iputils-ping,procps,netbase,ca-certificates,libfaketime

cmd_image() { local i; for i; do image "$i" >/dev/null; done; }

image() { # I -> the overlay's lowerdirs; labs that want the same one take turns
	local suite=${1%%+*}
	[[ $1 =~ ^[a-z0-9][a-z0-9.+-]*$ ]] || die "an image is SUITE, SUITE+PKG+PKG or rhel9: $1"
	[ "$suite" != rhel9 ] || suite=bookworm
	mkdir -p "$VAR/images"
	(flock 8; image_make "$1" "$suite") 8>"$VAR/images/$suite.lock"
}

image_make() { # I SUITE
	local dir=$VAR/images/$1 base=$VAR/images/$2
	image_base "$2"
	case $1 in
		"$2") echo "$base"; return ;;
		rhel9) image_layer "$1" bookworm rhel9 ;;
		*) image_layer "$1" "$2" packages "$(tr + ' ' <<<"${1#*+}")" ;;
	esac
	echo "$dir:$base"
}

# Updates and security fixes are used where the archive (still) has them.
image_sources() { # SUITE
	echo "deb $MIRROR/debian $1 main"
	case $1 in sid | forky) return ;; esac
	! archive_has "$MIRROR/debian/dists/$1-updates/Release" ||
		echo "deb $MIRROR/debian $1-updates main"
	! archive_has "$SECURITY/debian-security/dists/$1-security/Release" ||
		echo "deb $SECURITY/debian-security $1-security main"
}

image_base() { # SUITE
	local suite=$1 dir=$VAR/images/$1
	[ ! -e "$dir/.lab" ] || return 0
	command -v mmdebstrap >/dev/null || cmd_setup
	say "building image $suite"
	mirrors_find
	rm -rf "$dir"
	image_sources "$suite" >"$dir.list"
	mmdebstrap --quiet --variant=minbase --include="$BASE_PKGS" \
		--aptopt='Acquire::Languages "none"' \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt=force-unsafe-io \
		"$suite" "$dir" - <"$dir.list" >"$dir.log" 2>&1 ||
		{ tail -5 "$dir.log" >&2; die "image $suite failed, see $dir.log"; }
	image_tune "$dir"
	touch "$dir/.lab"
}

# What a fresh machine has that a bare root filesystem has not.  dpkg and apt
# behave as Debian ships them, but fetch through the lab's proxy.
image_tune() { # DIR
	local dir=$1 u t
	rm -f "$dir"/etc/dpkg/dpkg.cfg.d/99mmdebstrap "$dir"/etc/ssh/ssh_host_* \
		"$dir/etc/apt/apt.conf.d/99mmdebstrap" "$dir/etc/resolv.conf"
	sed -i 's,^\(deb\) https:,\1 http:,' "$dir/etc/apt/sources.list" # the proxy's side is plain
	cat >"$dir/etc/apt/apt.conf.d/90lab" <<-E
		Acquire::http::Proxy "http://10.77.9.10:3142";
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
	E
	echo 'nameserver 127.0.0.1' >"$dir/etc/resolv.conf"
	ln -sfn /usr/share/zoneinfo/UTC "$dir/etc/localtime"
	echo LANG=C.UTF-8 >"$dir/etc/default/locale"
	for u in ops opspw; do chroot "$dir" useradd -m -s /bin/bash "$u"; done
	chroot "$dir" usermod -p "$(openssl passwd -6 lab-password)" opspw
	echo 'ops ALL=(ALL) NOPASSWD: ALL' >"$dir/etc/sudoers.d/lab"
	echo 'opspw ALL=(ALL) ALL' >>"$dir/etc/sudoers.d/lab"
	for t in apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim; do
		ln -sfn /dev/null "$dir/etc/systemd/system/$t.timer"
	done
}

image_layer() { # NAME SUITE KIND [PACKAGES]
	local dir=$VAR/images/$1
	[ ! -e "$dir/.lab" ] || return 0
	say "building image $1"
	rm -rf "$dir" "$dir.work" "$dir.root"
	mkdir -p "$dir" "$dir.work" "$dir.root"
	unshare --mount --pid --fork --kill-child --propagation slave "$HERE/lab" _layer \
		"$VAR/images/$2" "$dir" "$3" "${4:-}" >"$dir.log" 2>&1 </dev/null ||
		{ tail -5 "$dir.log" >&2; die "image $1 failed, see $dir.log"; }
	rm -rf "$dir.work" "$dir.root"
	touch "$dir/.lab"
}

# Runs in a mount namespace of its own; the mounts die with it.
layer_main() { # BASE DIR KIND PACKAGES
	local base=$1 dir=$2 r=$2.root
	mount -t overlay lab -o "lowerdir=$base,upperdir=$dir,workdir=$dir.work" "$r"
	layer_mounts "$r"
	echo 'exit 101' >"$r/usr/sbin/policy-rc.d"; chmod 755 "$r/usr/sbin/policy-rc.d"
	case $3 in
		packages) layer_packages "$r" "$4" ;;
		rhel9) layer_rhel9 "$r" ;;
	esac
	chroot "$r" apt-get clean
	rm "$r/usr/sbin/policy-rc.d"
}

layer_mounts() { # ROOT
	local r=$1 n
	mount -t proc proc "$r/proc"
	mount -t tmpfs tmpfs "$r/run"
	mount -t tmpfs dev "$r/dev"
	mkdir "$r/dev/pts" "$r/dev/shm"; chmod 1777 "$r/dev/shm"
	for n in null zero full random urandom tty; do cp -a "/dev/$n" "$r/dev"; done
	ln -s pts/ptmx "$r/dev/ptmx"; ln -s /proc/self/fd "$r/dev/fd"
	mount --bind /etc/resolv.conf "$r/etc/resolv.conf"
	mount -t devpts devpts "$r/dev/pts" -o newinstance,ptmxmode=666
}

layer_install() { # ROOT PACKAGE...
	local r=$1; shift
	local apt=(chroot "$r" env DEBIAN_FRONTEND=noninteractive apt-get -qq
		-o Acquire::http::Proxy=false -o Dpkg::Options::=--force-unsafe-io)
	timeout 300 "${apt[@]}" update
	timeout 900 "${apt[@]}" install -y --no-install-recommends "$@"
}

layer_packages() { # ROOT "PACKAGE..."
	local r=$1 v c _
	# shellcheck disable=SC2086 # a list of words
	layer_install "$r" $2
	# the software is there, but no cluster yet
	[ -e "$r/usr/bin/pg_lsclusters" ] || return 0
	chroot "$r" pg_lsclusters -h | while read -r v c _; do
		chroot "$r" pg_dropcluster "$v" "$c"
	done
}

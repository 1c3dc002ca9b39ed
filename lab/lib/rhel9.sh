# shellcheck shell=bash
# The image rhel9: a Debian that poses as a host of the RHEL family, with dnf and
# a repository of packages in that family's layout.  No such distribution's own
# packages are in it.

RHEL_REPO=/usr/share/pgsql-repo

layer_rhel9() { # ROOT
	local r=$1
	# what the repacked programs are linked to; the rest comes from the repository
	layer_install "$r" dnf rpm createrepo-c libpq5 libicu72 libxml2 libxslt1.1 \
		libreadline8 libldap-2.5-0 libgssapi-krb5-2 liblz4-1 libzstd1 libuuid1 \
		libpam0g tzdata
	mkdir -p "$r/etc/rpm" "$r/etc/yum.repos.d"
	# Debian's rpm keeps its database in the user's home
	printf '%s\n' '%_dbpath /var/lib/rpm' '%rhel 9' '%dist .el9' >"$r/etc/rpm/macros"
	mkdir "$r/run/rhel9"
	cp "$HERE"/rhel9/* "$r/run/rhel9"
	chroot "$r" /run/rhel9/build /run/rhel9 $RHEL_REPO
	cat >"$r/etc/yum.repos.d/pgsql15.repo" <<-E
		[pgsql15]
		name=PostgreSQL 15 for RHEL / Rocky 9
		baseurl=file://$RHEL_REPO
		enabled=1
		gpgcheck=0
	E
	rhel9_pose "$r"
}

# Group 26 is postgres' there and tape's here.
rhel9_pose() { # ROOT
	sed -i 's/^tape:x:26:/tape:x:426:/' "$1/etc/group" # a missing one would come back at boot
	rm -f "$1/etc/os-release" "$1/etc/debian_version"
	ln -s ../usr/lib/os-release "$1/etc/os-release"
	cat >"$1/usr/lib/os-release" <<-'E'
		NAME="Rocky Linux"
		VERSION="9.4 (Blue Onyx)"
		ID="rocky"
		ID_LIKE="rhel centos fedora"
		VERSION_ID="9.4"
		PLATFORM_ID="platform:el9"
		PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"
	E
	echo 'Rocky Linux release 9.4 (Blue Onyx)' >"$1/etc/rocky-release"
	ln -sf rocky-release "$1/etc/redhat-release"
}

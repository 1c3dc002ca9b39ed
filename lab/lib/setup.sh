# shellcheck shell=bash
# What the lab needs of the machine that it runs on.

PACKAGES=(systemd-container mmdebstrap debian-archive-keyring nftables iproute2 xfsprogs
	openssh-client openssl python3-minimal python3 procps util-linux mount kmod gcc libc6-dev)

cmd_setup() {
	local missing=() p have
	# shellcheck disable=SC2016 # dpkg's variables
	have=$(dpkg-query -Wf '${db:Status-Status} ${Package}\n' "${PACKAGES[@]}" 2>/dev/null ||
		true)
	for p in "${PACKAGES[@]}"; do
		grep -qx "installed $p" <<<"$have" || missing+=("$p")
	done
	if [ ${#missing[@]} -gt 0 ]; then
		say "installing ${missing[*]}"
		packages_get "${missing[@]}" || die "could not install: ${missing[*]}"
	fi
	kernel_get
}

packages_get() {
	local log get=(apt-get -qq -o DPkg::Lock::Timeout=120)
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	{
		timeout 300 "${get[@]}" update &&
			timeout 900 "${get[@]}" install -y --no-install-recommends "$@"
	} >"$log" 2>&1 </dev/null || { tail -5 "$log" >&2; rm -f "$log"; return 1; }
	rm -f "$log"
}

# What a kernel with modules does not load by itself.  br_netfilter would put
# this machine's own bridges under its firewall, so that is switched off again.
kernel_get() {
	local f
	modprobe -qa overlay xfs loop tun veth bridge nf_tables 2>/dev/null || true
	if [ ! -e /proc/sys/net/bridge ] && modprobe -q br_netfilter 2>/dev/null; then
		for f in /proc/sys/net/bridge/bridge-nf-call-*tables; do echo 0 >"$f"; done
	fi
	[ -e /proc/sys/net/bridge ] || say "no br_netfilter: cuts inside one site will not hold"
}

# Where this machine's own apt gets Debian, without the last folder; the
# security archive may live elsewhere.
mirror_of() { # debian|debian-security
	# shellcheck disable=SC2016 # apt's variables
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		sed -n "s|^\(https\{0,1\}://.*\)/$1/\$|\1|p" |
		awk 'NR == 1' # reads to the end, so apt-get meets no closed pipe
}

mirrors_find() {
	MIRROR=${LAB_MIRROR:-$(mirror_of debian)}
	[ -n "$MIRROR" ] ||
		die "no Debian archive in sources.list; set LAB_MIRROR=http://ADDRESS"
	SECURITY=${LAB_MIRROR:-$(mirror_of debian-security)}
	SECURITY=${SECURITY:-$MIRROR}
}

archive_has() { # URL
	local f rc=0
	f=$(mktemp)
	timeout 60 /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root download-file "$1" "$f" \
		>/dev/null 2>&1 || rc=1
	rm -f "$f"
	return $rc
}

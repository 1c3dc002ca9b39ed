/* Texts that end up in configuration files of the nodes. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "pg/conf.h"
#include "pg/hba.h"
#include "pg/settings.h"
#include "pg/version.h"
#include "plan/plan_create.h"

#define SLOT_NAME_MAX 63
#define MIB           (1LL << 20)

/* What a standby must not have less of than its source. */
static const struct {
	const char *name;
	int64_t ours;
} floors[] = {
	{ "max_connections", 200 },          { "max_worker_processes", 8 },
	{ "max_wal_senders", 20 },           { "max_prepared_transactions", 0 },
	{ "max_locks_per_transaction", 64 },
};

static void put(struct strbuf *b, const char *name, const char *value)
{
	(void)conf_add(b, name, value, NULL);
}

static void put_int(struct strbuf *b, const char *name, int64_t value, const char *unit)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld%s", (long long)value, unit);
	put(b, name, text);
}

static void put_floors(struct strbuf *b, const struct json *source)
{
	const struct json *settings = json_get(source, "settings");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(floors); i++) {
		int64_t theirs = json_get_int(settings, floors[i].name, 0);

		put_int(b, floors[i].name, theirs > floors[i].ours ? theirs : floors[i].ours, "");
	}
}

/* Slots keep WAL for a standby that is away; never more than a quarter of the volume. */
static void put_retention(struct strbuf *b, int version_num, int64_t volume_bytes)
{
	int64_t cap = volume_bytes / 4 / MIB;

	if (version_num < 130000)
		return;
	put_int(b, "wal_keep_size", 64, "MB");
	put_int(b, "max_slot_wal_keep_size", cap > 512 ? cap : 512, "MB");
}

static void put_tls(struct run *r, struct strbuf *b, const char *confdir)
{
	put(b, "ssl", "on");
	put(b, "ssl_cert_file", run_printf(r, "%s/pgtandem-server.crt", confdir));
	put(b, "ssl_key_file", run_printf(r, "%s/pgtandem-server.key", confdir));
}

const char *plan_conf_text(struct run *r, int version_num, const char *cluster_name,
                           const char *confdir, const struct json *source, int64_t volume_bytes)
{
	struct strbuf b = STRBUF_INIT;
	const char *preload =
	        json_get_str(json_get(source, "settings"), "shared_preload_libraries");
	const char *text;

	conf_add_comment(&b, "Written by pgTandem; changes here are lost.");
	put(&b, "listen_addresses", "*");
	put(&b, "cluster_name", cluster_name);
	put(&b, "wal_level", "replica");
	put(&b, "hot_standby", "on");
	put(&b, "wal_log_hints", "on");
	put(&b, "full_page_writes", "on");
	put_int(&b, "max_replication_slots", 20, "");
	put_floors(&b, source);
	put_retention(&b, version_num, volume_bytes);
	put(&b, "wal_receiver_status_interval", "1s");
	put(&b, "wal_retrieve_retry_interval", "500ms");
	if (version_num >= 140000) /* one sync at the start of recovery, not one a file */
		put(&b, "recovery_init_sync_method", "syncfs");
	if (version_num >= 100000)
		put(&b, "password_encryption", "scram-sha-256");
	if (!str_empty(preload))
		put(&b, "shared_preload_libraries", preload);
	put_tls(r, &b, confdir);
	text = arena_strdup(r->a, strbuf_cstr(&b));
	strbuf_release(&b);
	return text;
}

static void allow(struct strbuf *b, const char *database, const char *user, const char *address)
{
	const struct hba_rule rule = {
		.type = "host",
		.database = database,
		.database_keyword = true,
		.user = user,
		.address = address,
		.method = "scram-sha-256",
	};

	if (!str_empty(user) && !str_empty(address))
		(void)hba_rule_format(&rule, b, NULL);
}

const char *plan_hba_lines(struct run *r, const char *const *node_ips, size_t n_ips,
                           const char *const *controller_ips, size_t n_controllers,
                           const char *repl_user, const char *mon_user, const char *admin_user)
{
	struct strbuf b = STRBUF_INIT;
	const char *text;
	size_t i, k;

	for (i = 0; i < n_ips; i++) {
		allow(&b, "replication", repl_user, node_ips[i]);
		allow(&b, "all", admin_user, node_ips[i]);
	}
	for (i = 0; i < n_controllers; i++) {
		for (k = 0; k < i && !str_eq(controller_ips[k], controller_ips[i]); k++)
			;
		if (k < i)
			continue;
		allow(&b, "all", mon_user, controller_ips[i]);
		allow(&b, "all", admin_user, controller_ips[i]);
	}
	text = arena_strdup(r->a, strbuf_cstr(&b));
	strbuf_release(&b);
	return text;
}

const char *plan_slot_name(struct run *r, int64_t cluster_id, const char *host, int port)
{
	char name[256];
	size_t i, len;
	unsigned hash = 2166136261u; /* FNV-1a, for names that must be cut */

	len = (size_t)snprintf(name, sizeof(name), "pgt_%lld_%s_%d", (long long)cluster_id, host,
	                       port);
	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	for (i = 0; i < len; i++) {
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
		name[i] = isalnum((unsigned char)name[i]) ? (char)tolower((unsigned char)name[i])
		                                          : '_';
	}
	if (len <= SLOT_NAME_MAX)
		return arena_strdup(r->a, name);
	name[SLOT_NAME_MAX - 9] = '\0';
	return run_printf(r, "%s_%08x", name, hash);
}

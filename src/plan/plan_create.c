#include "plan/plan_create.h"

#include <string.h>

#include "base/str.h"
#include "pg/version.h"
#include "plan/check.h"
#include "plan/hosts.h"
#include "plan/step.h"

#define IPS_MAX (2 * CLUSTER_NODES_MAX)

/* A plan while it is made. */
struct planner {
	struct run *run;
	const struct plan_create_in *in;
	const struct json *nodes;   /* the first is master or bridge */
	const struct json *members; /* of the master cluster */
	const struct json *master;  /* row of members, or NULL */
	const struct json *pg;      /* the master's facts, or NULL */
	int version_num;
	int group;
	const char *hba;     /* lines of every new node */
	const char *sslmode; /* for the link between the clusters */
	bool our_ca;         /* the master's certificate is from the controller's authority */
};

static const char *host_of(const struct json *node)
{
	return json_get_str(node, "hostname");
}

static const char *fact(const struct json *node, const char *key)
{
	return str_or(json_get_str(json_get(node, "facts"), key), "");
}

/* Facts were asked for the usual name: an instance with a name of its own has its own place. */
static const char *confdir_of(struct planner *p, const struct json *node)
{
	const char *dir = fact(node, "confdir");
	const char *name = json_get_str(hosts_row(p->run, host_of(node)), "name");

	if (str_eq(name, "main") || !str_ends(dir, "/main"))
		return dir;
	return run_printf(p->run, "%.*s%s", (int)(strlen(dir) - strlen("main")), dir, name);
}

static int port_of(const struct json *node)
{
	return (int)json_get_int(node, "port", PG_DEFAULT_PORT);
}

static struct json *add(struct planner *p, const char *kind, const struct json *node)
{
	return step_add(p->run, p->group, kind, host_of(node));
}

static size_t n_nodes(const struct planner *p)
{
	return json_len(p->nodes);
}

/* ---- what the steps need to know of the hosts ---- */

/* A name of its own when the system's usual one is taken by another instance. */
static const char *instance_name(struct planner *p, const struct json *node)
{
	const struct json *list = json_get(json_get(node, "facts"), "instances");
	const char *version = json_get_str(json_get(p->in->doc, "params"), "version");
	size_t i;

	for (i = 0; i < json_len(list); i++)
		if (str_eq(json_get_str(json_at(list, i), "version"), version) &&
		    str_eq(json_get_str(json_at(list, i), "name"), "main"))
			return run_printf(p->run, "pgt%d", port_of(node));
	return "main";
}

static void set_host(struct planner *p, const struct json *node, const char *name,
                     const char *datadir)
{
	struct json *row = hosts_row(p->run, host_of(node));

	json_set_str(row, "family", fact(node, "family"));
	json_set_str(row, "version", json_get_str(json_get(p->in->doc, "params"), "version"));
	json_set_str(row, "name", name);
	json_setf(row, "port", "%d", port_of(node));
	json_set_str(row, "datadir", datadir);
	json_set_str(row, "ip", json_get_str(node, "ip"));
	json_set_str(row, "confdir", confdir_of(p, node));
}

static void set_hosts(struct planner *p)
{
	size_t i;

	for (i = 0; i < n_nodes(p); i++) {
		const struct json *node = json_at(p->nodes, i);

		set_host(p, node, instance_name(p, node), fact(node, "datadir"));
	}
	for (i = 0; i < json_len(p->members); i++) {
		const struct json *m = json_at(p->members, i);

		if (json_get(m, "facts"))
			set_host(p, m, str_or(json_get_str(m, "instance"), "main"),
			         str_or(json_get_str(json_get(m, "pg"), "data_directory"),
			                json_get_str(m, "datadir")));
	}
}

/* Every address that replicates: the new nodes, and the members of the master cluster, so that a
 * later change of direction needs no new lines. */
static void set_hba(struct planner *p)
{
	const char *ips[IPS_MAX], *controllers[IPS_MAX];
	const struct json *params = json_get(p->in->doc, "params");
	size_t i, n = 0, c = 0;

	for (i = 0; i < n_nodes(p) && n < IPS_MAX; i++) {
		ips[n++] = json_get_str(json_at(p->nodes, i), "ip");
		controllers[c++] = json_get_str(json_at(p->nodes, i), "controller_ip");
	}
	for (i = 0; i < json_len(p->members) && n < IPS_MAX; i++)
		ips[n++] = json_get_str(json_at(p->members, i), "ip");
	p->hba = plan_hba_lines(p->run, ips, n, controllers, c, p->in->repl->user, p->in->mon->user,
	                        json_get_str(params, "admin_user"));
}

static void set_secrets(struct planner *p)
{
	struct json *s = json_get(p->run->context, "secrets");

	if (!s) {
		s = json_object_new();
		json_set(p->run->context, "secrets", s);
	}
	json_set_str(s, "admin_password", run_str(p->run, "postgre_password"));
	json_set_str(s, "repl_password", p->in->repl->password);
	json_set_str(s, "mon_password", p->in->mon->password);
}

/* ---- pieces of the plan ---- */

static void install_all(struct planner *p)
{
	const struct json *params = json_get(p->in->doc, "params");
	const char *version = json_get_str(params, "version");
	size_t i;

	p->group++;
	for (i = 0; i < n_nodes(p); i++) {
		struct json *s = add(p, "install", json_at(p->nodes, i));

		step_title(s, "Installing PostgreSQL %s if it is missing.", version);
		step_arg(s, "repo",
		         json_get_bool(params, "install", true) ? json_get_str(params, "repository")
		                                                : "none");
		step_arg(s, "repo_url", p->in->repository_url);
		step_arg(s, "extra", json_get_str(params, "extension_packages"));
		step_text(s, "s_repo_key", p->in->repository_key);
	}
}

static void write_conf(struct planner *p, const struct json *node)
{
	const char *confdir = confdir_of(p, node);
	const char *cluster = json_get_str(json_get(p->in->doc, "params"), "cluster_name");
	int64_t volume = json_get_int(json_get(node, "facts"), "data_total_bytes", 0);
	struct json *s = add(p, "conf", node);

	step_arg(s, "reload", "no");
	step_text(s, "s_conf",
	          plan_conf_text(p->run, p->version_num, cluster, confdir, p->pg, volume));
}

/* Certificate, settings and access rules of the stopped nodes FROM..TO: files of their own, written
 * side by side. */
static void configure(struct planner *p, size_t from, size_t to)
{
	size_t i;

	p->group++;
	for (i = from; i < to; i++) {
		const struct json *node = json_at(p->nodes, i);
		struct json *s;

		step_arg(add(p, "tls", node), "reload", "no");
		write_conf(p, node);
		s = add(p, "hba", node);
		step_arg(s, "reload", "no");
		step_text(s, "s_hba", p->hba);
	}
}

static void first_as_master(struct planner *p)
{
	const struct json *node = json_at(p->nodes, 0);
	const struct json *params = json_get(p->in->doc, "params");
	struct json *s;

	p->group++;
	s = add(p, "instance", node);
	step_title(s, "Creating the data directory '%s'.", fact(node, "datadir"));
	configure(p, 0, 1);
	p->group++;
	s = add(p, "start", node);
	step_title(s, "Starting PostgreSQL.");
	p->group++;
	s = add(p, "roles", node);
	step_title(s, "Creating the database users.");
	step_arg(s, "admin", json_get_str(params, "admin_user"));
	step_arg(s, "repl", p->in->repl->user);
	step_arg(s, "mon", p->in->mon->user);
	step_arg(s, "update", "yes");
	step_secret(s, "s_admin_password", "admin_password");
	step_secret(s, "s_repl_password", "repl_password");
	step_secret(s, "s_mon_password", "mon_password");
}

static const char *slot_of(struct planner *p, const struct json *node)
{
	return plan_slot_name(p->run, p->in->cluster_id, host_of(node), port_of(node));
}

static void slot_for(struct planner *p, const struct json *upstream, const struct json *node)
{
	struct json *s = add(p, "slot", upstream);

	step_title(s, "Creating replication slot %s.", slot_of(p, node));
	step_arg(s, "slot", slot_of(p, node));
	step_arg(s, "force", "yes");
}

/* Keywords of the connection from NODE to UPSTREAM. */
static void link_args(struct planner *p, struct json *s, const struct json *upstream,
                      const struct json *node, bool across)
{
	bool verify = !across || p->our_ca;

	step_arg(s, "host", host_of(upstream));
	step_arg(s, "user", p->in->repl->user);
	step_arg(s, "slot", slot_of(p, node));
	step_arg(s, "application_name", slot_of(p, node));
	step_arg(s, "sslmode", verify ? "verify-ca" : p->sslmode);
	step_secret(s, "s_password", "repl_password");
	if (verify)
		step_text(s, "s_ca", p->in->ca);
}

/* Places outside the data directory that the copy fills too. */
static const char *tablespaces(struct planner *p)
{
	const struct json *list = json_get(p->pg, "tablespaces");
	const char *all = "";
	size_t i;

	for (i = 0; i < json_len(list); i++) {
		const char *where = json_get_str(json_at(list, i), "location");

		if (!str_empty(where))
			all = run_printf(p->run, "%s%s%s", all, all[0] ? "," : "", where);
	}
	return all;
}

static void copy_to(struct planner *p, const struct json *upstream, const struct json *node,
                    bool across)
{
	struct json *s = add(p, "basebackup", node);

	step_title(s, "Streaming a backup from %s:%d to the slave using pg_basebackup.",
	           host_of(upstream), port_of(upstream));
	link_args(p, s, upstream, node, across);
	step_arg_int(s, "port", port_of(upstream));
	step_arg(s, "label", run_printf(p->run, "pgtandem job %lld", (long long)p->run->job_id));
	step_arg(s, "tablespaces", tablespaces(p));
	if (p->master && !across) /* the bridge's copy was verified page by page */
		step_arg(s, "verify", "no");
	if (p->pg)
		step_arg_int(s, "total", json_get_int(p->pg, "total_bytes", 0));
}

static void standby_on(struct planner *p, const struct json *upstream, const struct json *node,
                       bool across)
{
	struct json *s = add(p, "standby", node);

	step_title(s, "Setting up replication.");
	link_args(p, s, upstream, node, across);
	step_arg_int(s, "uport", port_of(upstream));
	step_arg(s, "sysid", json_get_str(p->pg, "system_identifier"));
}

/* Nodes FROM.. of the new cluster follow UPSTREAM, side by side. */
static void followers(struct planner *p, const struct json *upstream, size_t from, size_t to,
                      bool across)
{
	size_t i;

	if (!across)
		p->group++; /* with the access rules otherwise */
	for (i = from; i < to; i++)
		slot_for(p, upstream, json_at(p->nodes, i));
	p->group++;
	for (i = from; i < to; i++)
		copy_to(p, upstream, json_at(p->nodes, i), across);
	p->group++;
	for (i = from; i < to; i++)
		standby_on(p, upstream, json_at(p->nodes, i), across);
	configure(p, from, to);
	p->group++;
	for (i = from; i < to; i++)
		step_title(add(p, "start", json_at(p->nodes, i)), "Starting the slave.");
	p->group++;
	for (i = from; i < to; i++)
		step_title(add(p, "wait_streaming", json_at(p->nodes, i)),
		           "Waiting until the service is started.");
}

/* ---- the master cluster's side ---- */

static void grant_on_members(struct planner *p)
{
	const char *ips[CLUSTER_NODES_MAX], *lines;
	size_t i;

	for (i = 0; i < n_nodes(p) && i < CLUSTER_NODES_MAX; i++)
		ips[i] = json_get_str(json_at(p->nodes, i), "ip");
	lines = plan_hba_lines(p->run, ips, i, NULL, 0, p->in->repl->user, NULL, NULL);
	p->group++;
	for (i = 0; i < json_len(p->members); i++) {
		const struct json *m = json_at(p->members, i);
		struct json *s;

		if (!json_get(m, "pg"))
			continue;
		s = add(p, "grant", m);
		step_title(s, "GRANT new node on members to do pg_basebackup. granting %s",
		           host_of(json_at(p->nodes, 0)));
		step_text(s, "s_hba", lines);
	}
}

static bool is_our_certificate(const struct json *pg)
{
	return str_ends(str_or(json_get_str(json_get(pg, "settings"), "ssl_cert_file"), ""),
	                "pgtandem-server.crt");
}

/* A link without encryption is not for a line between data centres. */
static void encrypt_master(struct planner *p)
{
	const char *confdir = fact(p->master, "confdir");
	struct json *s;

	if (str_eq(json_get_str(json_get(p->pg, "settings"), "ssl"), "on"))
		return;
	p->our_ca = true;
	p->group++;
	s = add(p, "tls", p->master);
	step_title(s, "The master has no TLS: giving it a certificate of the controller.");
	step_arg(s, "reload", "no");
	p->group++;
	s = add(p, "conf", p->master);
	step_arg(s, "file", "pgtandem-tls.conf");
	step_text(s, "s_conf",
	          run_printf(p->run,
	                     "ssl = on\nssl_cert_file = '%s/pgtandem-server.crt'\n"
	                     "ssl_key_file = '%s/pgtandem-server.key'\n",
	                     confdir, confdir));
}

/* A slot of a standby that is away must not fill the master's disk. */
static void cap_retention(struct planner *p)
{
	const char *now = json_get_str(json_get(p->pg, "settings"), "max_slot_wal_keep_size");
	int64_t mb = json_get_int(p->pg, "wal_total_bytes", 0) / 4 / (1LL << 20);
	struct json *s;

	if (!now || !str_starts(now, "-"))
		return;
	p->group++;
	s = add(p, "conf", p->master);
	step_title(s, "Capping the WAL that slots may keep on the master at %lld MB.",
	           (long long)(mb > 512 ? mb : 512));
	step_arg(s, "file", "pgtandem-retention.conf");
	step_text(s, "s_conf",
	          run_printf(p->run, "max_slot_wal_keep_size = '%lldMB'\n",
	                     (long long)(mb > 512 ? mb : 512)));
}

void plan_create(struct run *r, const struct plan_create_in *in)
{
	const struct json *source = json_get(in->doc, "source");
	struct planner p = {
		.run = r,
		.in = in,
		.nodes = json_get(in->doc, "nodes"),
		.members = json_get(source, "members"),
		.master = check_master(in->doc),
		.sslmode = "require",
	};
	size_t n = json_len(p.nodes);

	p.pg = json_get(p.master, "pg");
	if (p.pg)
		p.version_num = (int)json_get_int(p.pg, "version_num", 0);
	else
		(void)pg_version_parse(json_get_str(json_get(in->doc, "params"), "version"),
		                       &p.version_num);
	p.our_ca = is_our_certificate(p.pg);
	set_hosts(&p);
	set_hba(&p);
	set_secrets(&p);
	install_all(&p);
	if (p.master) {
		encrypt_master(&p);
		cap_retention(&p);
		grant_on_members(&p);
		followers(&p, p.master, 0, 1, true);
	} else {
		first_as_master(&p);
	}
	if (n > 1)
		followers(&p, json_at(p.nodes, 0), 1, n, false);
	(void)step_add(r, p.group + 1, "register", NULL);
}

#include <stdlib.h>

#include "base/log.h"
#include "base/str.h"
#include "crypt/cert.h"
#include "job/internal.h"
#include "model/cluster.h"
#include "store/clusters.h"

#define RESERVE_HOSTS_MAX CLUSTER_NODES_MAX

static struct json *id_result(int64_t cluster_id)
{
	struct json *j = json_object_new();

	json_set_int(j, "cluster_id", cluster_id);
	return j;
}

enum err_code call_cluster_get(struct runner *r, const struct json *args, struct json **result,
                               struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *name = json_get_str(args, "cluster_name");
	struct store *s = r->engine->store;
	struct cluster c;

	if (!str_empty(name))
		TRY(store_cluster_get_by_name(s, name, true, a, &c, e));
	else
		TRY(store_cluster_get(s, json_get_int(args, "cluster_id", 0), true, a, &c, e));
	*result = cluster_to_json(&c, true);
	return ERR_OK;
}

enum err_code call_cluster_list(struct runner *r, const struct json *args, struct json **result,
                                struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct cluster_list list;
	struct json *j;

	TRY(store_cluster_list(r->engine->store, false, a, &list, e));
	j = json_object_new();
	json_set(j, "clusters", cluster_list_to_json(&list, false));
	*result = j;
	return ERR_OK;
}

static enum err_code hosts_of(const struct json *args, struct host_port *hosts, size_t *len,
                              struct err *e)
{
	const struct json *list = json_get(args, "hosts");

	*len = json_len(list);
	if (!json_is_array(list) || *len > RESERVE_HOSTS_MAX)
		return err_set(e, ERR_INVALID, "hosts: a list of at most %d is needed",
		               RESERVE_HOSTS_MAX);
	for (size_t i = 0; i < *len; i++) {
		const struct json *host = json_at(list, i);

		hosts[i].hostname = json_get_str(host, "hostname");
		hosts[i].port = (int)json_get_int(host, "port", PG_DEFAULT_PORT);
		if (str_empty(hosts[i].hostname))
			return err_set(e, ERR_INVALID, "a host without hostname");
	}
	return ERR_OK;
}

enum err_code call_cluster_reserve(struct runner *r, const struct json *args, struct json **result,
                                   struct err *e)
{
	struct host_port hosts[RESERVE_HOSTS_MAX];
	struct cluster_reservation want = { .job_id = r->job_id, .hosts = hosts };
	struct lock_wish lock = { .job_id = r->job_id };
	struct store *s = r->engine->store;
	int64_t id;

	want.name = str_or(json_get_str(args, "name"), "");
	want.remote_cluster_id = json_get_int(args, "remote_cluster_id", 0);
	TRY(hosts_of(args, hosts, &want.n_hosts, e));
	TRY(store_cluster_reserve(s, &want, &id, e));
	/* a resumed job finds its locks by this */
	TRY(store_job_set_cluster(s, r->job_id, id, e));
	lock_want(&lock, id, true);
	lock_take(&r->engine->locks, &lock);
	*result = id_result(id);
	return ERR_OK;
}

/* Whoever started the job owns what it makes. */
static enum err_code fill_owner(struct runner *r, struct cluster *c, struct arena *a, struct err *e)
{
	struct job j;

	if (c->owner_user_id)
		return ERR_OK;
	TRY(store_job_get(r->engine->store, r->job_id, a, &j, e));
	c->owner_user_id = j.user_id;
	c->owner_user_name = j.user_name;
	c->owner_group_id = j.group_id;
	c->owner_group_name = j.group_name;
	return ERR_OK;
}

enum err_code call_cluster_save(struct runner *r, const struct json *args, struct json **result,
                                struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct cluster c;
	int64_t id;

	TRY(cluster_from_json(json_get(args, "cluster"), a, &c, e));
	TRY(fill_owner(r, &c, a, e));
	TRY(store_cluster_save(r->engine->store, &c, &id, e));
	engine_cluster_changed(r->engine, id);
	*result = id_result(id);
	return ERR_OK;
}

enum err_code call_cluster_remove(struct runner *r, const struct json *args, struct json **result,
                                  struct err *e)
{
	int64_t id = json_get_int(args, "cluster_id", 0);

	TRY(store_cluster_remove(r->engine->store, id, e));
	engine_cluster_changed(r->engine, id);
	return ERR_OK;
}

/* ---- certificates ---- */

static enum err_code make_ca(struct store *s, struct err *e)
{
	CLEANUP(crypt_cert_release) struct crypt_cert ca = { 0 };

	TRY(crypt_ca_new("pgTandem", &ca, e));
	return store_ca_put(s, strbuf_cstr(&ca.cert), strbuf_cstr(&ca.key), e);
}

/* The authority, made when it is needed for the first time. */
static enum err_code ensure_ca(struct store *s, struct arena *a, const char **cert,
                               const char **key, struct err *e)
{
	enum err_code rc = store_ca_get(s, a, cert, key, e);

	if (rc != ERR_NOT_FOUND)
		return rc;
	err_clear(e);
	TRY(make_ca(s, e));
	return store_ca_get(s, a, cert, key, e);
}

static enum err_code issue(const char *ca_cert, const char *ca_key, const struct json *names,
                           struct json **result, struct err *e)
{
	CLEANUP(crypt_cert_release) struct crypt_cert cert = { 0 };
	const char *list[CRYPT_CERT_NAMES_MAX];
	size_t len = json_len(names);
	struct json *j;

	if (!json_is_array(names) || len == 0 || len > CRYPT_CERT_NAMES_MAX)
		return err_set(e, ERR_INVALID, "names: 1 to %d are needed", CRYPT_CERT_NAMES_MAX);
	for (size_t i = 0; i < len; i++)
		list[i] = str_or(json_str(json_at(names, i)), "");
	TRY(crypt_cert_issue(ca_cert, ca_key, list, len, &cert, e));
	j = json_object_new();
	json_set_str(j, "cert", strbuf_cstr(&cert.cert));
	json_set_str(j, "key", strbuf_cstr(&cert.key));
	json_set_str(j, "ca", ca_cert);
	*result = j;
	return ERR_OK;
}

enum err_code call_cert_issue(struct runner *r, const struct json *args, struct json **result,
                              struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *cert, *key;

	TRY(ensure_ca(r->engine->store, a, &cert, &key, e));
	return issue(cert, key, json_get(args, "names"), result, e);
}

enum err_code call_ca_get(struct runner *r, const struct json *args, struct json **result,
                          struct err *e)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *cert;
	struct json *j;

	TRY(ensure_ca(r->engine->store, a, &cert, NULL, e));
	j = json_object_new();
	json_set_str(j, "ca", cert);
	*result = j;
	return ERR_OK;
}

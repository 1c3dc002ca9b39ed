/* Names and hosts set aside for clusters that jobs are making. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/cluster_row.h"
#include "store/clusters.h"
#include "store/db.h"

enum err_code cluster_next_id(struct store *s, int64_t *out, struct err *e)
{
	TRY(db_run_int(&s->main, "UPDATE counters SET value = value + 1 WHERE name = 'cluster_id'",
	               0, e));
	return db_get_int(&s->main, "SELECT value FROM counters WHERE name = 'cluster_id'", 0, out,
	                  NULL, e);
}

enum err_code cluster_check_name_free(struct store *s, const char *name, int64_t id, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main,
	                "SELECT cluster_id, 0 FROM clusters WHERE name = ?1 AND cluster_id <> ?2"
	                " UNION ALL SELECT cluster_id, job_id FROM cluster_reservations"
	                " WHERE name = ?1 AND cluster_id <> ?2 LIMIT 1",
	                &q, e));
	bind_text(&q, name);
	bind_int(&q, id);
	TRY(query_step(&q, &row, e));
	if (!row)
		return ERR_OK;
	if (col_int(&q, 1) != 0)
		return err_set(e, ERR_CONFLICT,
		               "the name \"%s\" is taken by job %" PRId64
		               ", which is making that cluster",
		               name, col_int(&q, 1));
	return err_set(e, ERR_CONFLICT, "the name \"%s\" is taken by cluster %" PRId64, name,
	               col_int(&q, 0));
}

enum err_code cluster_check_host_free(struct store *s, const char *host, int port, int64_t id,
                                      struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };
	bool row;

	TRY(query_begin(&s->main,
	                "SELECT cluster_id, 0 FROM nodes WHERE (hostname = ?1 OR ip = ?1)"
	                " AND port = ?2 AND cluster_id <> ?3"
	                " UNION ALL SELECT h.cluster_id, r.job_id FROM reservation_hosts h"
	                " JOIN cluster_reservations r USING (cluster_id)"
	                " WHERE h.hostname = ?1 AND h.port = ?2 AND h.cluster_id <> ?3 LIMIT 1",
	                &q, e));
	bind_text(&q, host);
	bind_int(&q, port);
	bind_int(&q, id);
	TRY(query_step(&q, &row, e));
	if (!row)
		return ERR_OK;
	if (col_int(&q, 1) != 0)
		return err_set(e, ERR_CONFLICT, "%s:%d is taken by job %" PRId64, host, port,
		               col_int(&q, 1));
	return err_set(e, ERR_CONFLICT, "%s:%d belongs to cluster %" PRId64, host, port,
	               col_int(&q, 0));
}

static int port_of(const struct host_port *h)
{
	return h->port != 0 ? h->port : PG_DEFAULT_PORT;
}

static enum err_code check_hosts(struct store *s, const struct cluster_reservation *r, int64_t id,
                                 struct err *e)
{
	if (r->n_hosts > CLUSTER_NODES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d nodes", CLUSTER_NODES_MAX);
	for (size_t i = 0; i < r->n_hosts; i++) {
		if (str_empty(r->hosts[i].hostname))
			return err_set(e, ERR_INVALID, "a node has no host name");
		TRY(cluster_check_host_free(s, r->hosts[i].hostname, port_of(&r->hosts[i]), id, e));
	}
	return ERR_OK;
}

static enum err_code check_remote(struct store *s, int64_t id, struct err *e)
{
	int64_t there;
	bool found = true;

	if (id != 0)
		TRY(db_get_int(&s->main, "SELECT cluster_id FROM clusters WHERE cluster_id = ?1",
		               id, &there, &found, e));
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "Cluster %" PRId64 " is not found.", id);
	return ERR_OK;
}

static enum err_code insert_host(struct store *s, int64_t id, const struct host_port *h,
                                 struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main, "INSERT INTO reservation_hosts VALUES (?1, ?2, ?3)", &q, e));
	bind_text(&q, h->hostname);
	bind_int(&q, port_of(h));
	bind_int(&q, id);
	if (query_run(&q, e) != ERR_OK)
		return err_set(e, ERR_CONFLICT, "%s:%d is named twice", h->hostname, port_of(h));
	return ERR_OK;
}

static enum err_code insert_reservation(struct store *s, const struct cluster_reservation *r,
                                        const char *name, int64_t id, struct err *e)
{
	CLEANUP(query_end) struct query q = { 0 };

	TRY(query_begin(&s->main, "INSERT INTO cluster_reservations VALUES (?1, ?2, ?3, ?4, ?5)",
	                &q, e));
	bind_int(&q, id);
	bind_int(&q, r->job_id);
	bind_text(&q, name);
	bind_int(&q, r->remote_cluster_id);
	bind_int(&q, clock_wall_ms());
	TRY(query_run(&q, e));
	for (size_t i = 0; i < r->n_hosts; i++)
		TRY(insert_host(s, id, &r->hosts[i], e));
	return ERR_OK;
}

/* A job that asks again (its runner was started anew) keeps the number it got. */
static enum err_code take_id(struct store *s, const struct cluster_reservation *r, int64_t *id,
                             struct err *e)
{
	bool found;

	TRY(db_get_int(&s->main, "SELECT cluster_id FROM cluster_reservations WHERE job_id = ?1",
	               r->job_id, id, &found, e));
	if (!found)
		return cluster_next_id(s, id, e);
	return db_run_int(&s->main, "DELETE FROM cluster_reservations WHERE job_id = ?1", r->job_id,
	                  e);
}

static enum err_code reserve(struct store *s, const struct cluster_reservation *r, int64_t id,
                             struct err *e)
{
	CLEANUP(free_str) char *given = xasprintf("cluster_%" PRId64, id);
	const char *name = str_or(r->name, given);

	TRY(cluster_check_name(name, e));
	TRY(cluster_check_name_free(s, name, id, e));
	TRY(check_remote(s, r->remote_cluster_id, e));
	TRY(check_hosts(s, r, id, e));
	return insert_reservation(s, r, name, id, e);
}

enum err_code store_cluster_reserve(struct store *s, const struct cluster_reservation *r,
                                    int64_t *id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };
	int64_t taken = 0;

	TRY(store_tx_begin(s, &tx, e));
	TRY(take_id(s, r, &taken, e));
	TRY(reserve(s, r, taken, e));
	TRY(store_tx_commit(&tx, e));
	*id = taken;
	return ERR_OK;
}

enum err_code store_reservation_end(struct store *s, int64_t job_id, struct err *e)
{
	CLEANUP(store_tx_end) struct store_tx tx = { 0 };

	TRY(store_tx_begin(s, &tx, e));
	TRY(db_run_int(&s->main, "DELETE FROM cluster_reservations WHERE job_id = ?1", job_id, e));
	return store_tx_commit(&tx, e);
}

/* Stored clusters, and names and hosts set aside for clusters that jobs are making. */
#pragma once

#include "base/arena.h"
#include "model/cluster.h"
#include "store/store.h"

#define STORE_CLUSTERS_MAX 1000

/* WITH_SECRETS needs the key. */
enum err_code store_cluster_get(struct store *s, int64_t id, bool with_secrets, struct arena *a,
                                struct cluster *out, struct err *e);
enum err_code store_cluster_get_by_name(struct store *s, const char *name, bool with_secrets,
                                        struct arena *a, struct cluster *out, struct err *e);
/* In the order of their ids, with nodes. */
enum err_code store_cluster_list(struct store *s, bool with_secrets, struct arena *a,
                                 struct cluster_list *out, struct err *e);

/* Make the cluster (its id from store_cluster_reserve(), or 0 for a new one) or replace it and its
 * nodes.  A secret left out stays as stored.  Nodes with id 0 take the id that their host:port has
 * in this cluster already, or a new one; upstream_node_id 0 is filled in from upstream_host:port
 * when that is a known node.  Ends a reservation.  *ID may be NULL. */
enum err_code store_cluster_save(struct store *s, const struct cluster *c, int64_t *id,
                                 struct err *e);
/* With its nodes; also ends a reservation.  No such cluster is fine.  Replicas of it keep their
 * link: whether they may lose their master is the caller's question. */
enum err_code store_cluster_remove(struct store *s, int64_t id, struct err *e);

struct host_port {
	const char *hostname;
	int port;
};

struct cluster_reservation {
	int64_t job_id;
	const char *name; /* "": cluster_N */
	int64_t remote_cluster_id;
	const struct host_port *hosts;
	size_t n_hosts;
};
/* Set a name and hosts aside; *ID is the id that the cluster will have.  The same job gets the
 * same id when it asks again.  ERR_CONFLICT names what is taken and by which cluster or job,
 * ERR_NOT_FOUND when the remote cluster is not there. */
enum err_code store_cluster_reserve(struct store *s, const struct cluster_reservation *r,
                                    int64_t *id, struct err *e);
/* Give back what a job has reserved. */
enum err_code store_reservation_end(struct store *s, int64_t job_id, struct err *e);

/* The certificate authority: PEM texts in the arena; the key, unless KEY is NULL, needs the master
 * key.  ERR_NOT_FOUND when there is none. */
enum err_code store_ca_get(struct store *s, struct arena *a, const char **cert, const char **key,
                           struct err *e);
enum err_code store_ca_put(struct store *s, const char *cert, const char *key, struct err *e);

/* Clusters and nodes as the controller knows them (not as measured: live.h), their JSON between
 * our processes, and questions about the topology.
 *
 * Strings are borrowed, usually from an arena; cluster_from_json() makes them "" when they are not
 * set, and NULL is taken for "" everywhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define CLUSTER_TYPE_SINGLE "postgresql_single"
#define CLUSTER_NODES_MAX   64
#define CLUSTER_TAGS_MAX    32
#define CLUSTER_NAME_MAX    63
#define CLUSTER_DEPTH_MAX   16 /* links between clusters, hops between nodes */
#define PG_DEFAULT_PORT     5432

enum node_role { ROLE_SLAVE, ROLE_MASTER };

struct node {
	int64_t id; /* unique over all clusters; 0: not stored yet */
	int64_t cluster_id;
	const char *hostname; /* as the operator gave it */
	const char *ip;
	int port;
	const char *datadir;
	const char *instance; /* Debian's cluster name, "main" */
	const char *config_dir;
	const char *config_file;
	const char *hba_file;
	const char *log_file;
	const char *version;   /* "15.18" */
	const char *family;    /* "debian", "rhel" */
	const char *os_pretty; /* "debian (bookworm 12)" */
	const char *os_name;   /* "debian" */
	const char *os_codename;
	const char *os_release;
	enum node_role role;      /* the top node of a slave cluster is a SLAVE */
	int64_t upstream_node_id; /* also of another cluster; 0: none or not known */
	const char *upstream_host;
	int upstream_port;
	const char *slot_name; /* slot on the upstream that is this node's */
	const char *application_name;
	bool sync;
	bool created_by_us; /* dropping the cluster may remove what we made */
};

struct login {
	const char *user;
	const char *password; /* secret */
};

struct ssh_login {
	const char *user;
	const char *keyfile;       /* on the controller */
	int port;                  /* 0: 22 */
	const char *password;      /* secret */
	const char *sudo_password; /* secret */
};

struct cluster {
	int64_t id;
	const char *name;
	const char *type; /* CLUSTER_TYPE_SINGLE */
	const char *vendor;
	const char *version; /* major: "15" */
	int64_t owner_user_id, owner_group_id;
	const char *owner_user_name, *owner_group_name;
	int64_t created;           /* ms since 1970 */
	int64_t remote_cluster_id; /* the cluster it is a replica of; 0: none */
	int64_t remote_node_id;    /* the node there that it streams from, when it is known */
	const char *remote_host;
	int remote_port;
	struct ssh_login ssh;
	struct login admin;            /* database superuser */
	struct login repl;             /* replication */
	struct login mon;              /* monitoring */
	const char *rpc_token;         /* secret */
	const char *system_identifier; /* decimal text */
	bool cluster_auto_recovery, node_auto_recovery;
	const char **tags;
	size_t n_tags;
	struct node *nodes;
	size_t n_nodes;
};

struct cluster_list {
	struct cluster *items;
	size_t count;
};

const char *node_role_name(enum node_role r); /* "master", "slave" */

/* Cluster and nodes; passwords and the token only WITH_SECRETS.  The caller frees the result. */
struct json *cluster_to_json(const struct cluster *c, bool with_secrets);
/* Nothing but the secrets, in the shape of cluster_to_json(). */
struct json *cluster_secrets_to_json(const struct cluster *c);
/* ERR_INVALID names the field that is missing or out of range. */
enum err_code cluster_from_json(const struct json *j, struct arena *a, struct cluster *out,
                                struct err *e);
struct json *node_to_json(const struct node *n);
enum err_code node_from_json(const struct json *j, struct arena *a, struct node *out,
                             struct err *e);
struct json *cluster_list_to_json(const struct cluster_list *l, bool with_secrets);
enum err_code cluster_list_from_json(const struct json *j, struct arena *a,
                                     struct cluster_list *out, struct err *e);

/* A name: 1 to 63 letters, digits and "_ . -", the first one no dot or dash. */
enum err_code cluster_check_name(const char *name, struct err *e);

/* All of these give NULL when there is none; IN, when not NULL, gets the cluster of the node. */
struct cluster *cluster_find(const struct cluster_list *l, int64_t id);
struct cluster *cluster_find_name(const struct cluster_list *l, const char *name);
struct node *cluster_node(const struct cluster *c, int64_t node_id);
/* By host name or address (case ignored); port 0: any. */
struct node *cluster_node_at(const struct cluster *c, const char *host, int port);
struct node *cluster_list_node(const struct cluster_list *l, int64_t node_id, struct cluster **in);
/* Who owns this host:port. */
struct node *cluster_list_node_at(const struct cluster_list *l, const char *host, int port,
                                  struct cluster **in);

/* The node whose role is MASTER; NULL for a slave cluster. */
struct node *cluster_master(const struct cluster *c);
/* The node of a slave cluster that streams from the other cluster. */
struct node *cluster_bridge(const struct cluster *c);
/* Master, or bridge of a slave cluster: the node that the others of the cluster follow. */
struct node *cluster_head(const struct cluster *c);
/* The node that N streams from, in its own cluster or in the remote one. */
struct node *node_upstream(const struct cluster_list *l, const struct cluster *c,
                           const struct node *n, struct cluster **in);
/* The cluster at the top of the chain of remote clusters; NULL when the chain is a ring or
 * leads to a cluster that is not there. */
struct cluster *cluster_top(const struct cluster_list *l, int64_t cluster_id);
/* The master of that cluster. */
struct node *top_level_master(const struct cluster_list *l, int64_t cluster_id,
                              struct cluster **in);
/* Links from the cluster to the top: 0 for a master cluster; -1 for a ring or a dangling link. */
int cluster_depth(const struct cluster_list *l, int64_t cluster_id);
/* Hops from the node to the master at the very top; -1 when they lead nowhere or in a ring. */
int node_depth(const struct cluster_list *l, const struct cluster *c, const struct node *n);
/* True when the cluster is a replica, direct or not, of OF. */
bool cluster_descends(const struct cluster_list *l, int64_t cluster_id, int64_t of);

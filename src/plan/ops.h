/* Jobs about nodes that are there: what the store knows of them, what their hosts say now, and the
 * plan that follows from both.  The planners are pure: they look at nothing else. */
#pragma once

#include "model/cluster.h"
#include "plan/findings.h"
#include "plan/run.h"

enum ops_state {
	OPS_UNKNOWN, /* the host does not answer: ERR says why */
	OPS_DOWN,
	OPS_BUSY, /* starts or shuts down */
	OPS_UP,
};

struct ops_node {
	const struct node *node;
	int depth; /* hops to the head of the cluster, as far as they are known */
	enum ops_state state;
	struct json *pg; /* what pg_facts.sh says; NULL: no answer; owned */
	struct err err;
};

struct ops {
	struct run *run;
	struct cluster cluster;    /* of the job, with secrets */
	struct cluster_list known; /* all clusters, without */
	struct ops_node *nodes;    /* what the job is about, the head first */
	size_t n_nodes;
	struct findings findings;
	bool force;
	int64_t stop_timeout_s; /* 0: not given */
	int group;
};

/* Load the job's cluster with all its nodes, and the options of job_data. */
enum err_code ops_load(struct ops *o, struct run *r, struct err *e);
void ops_release(struct ops *o);
/* Leave only the node that job_data.FIELD names; ERR_REFUSED when the cluster has no such node. */
enum err_code ops_take_node(struct ops *o, const char *field, struct err *e);
/* Ask the hosts, side by side.  What does not answer has its reason in its row. */
enum err_code ops_look(struct ops *o, struct err *e);
/* Log all findings; ERR_REFUSED in the words of the finding when there is only one error. */
enum err_code ops_report(struct ops *o, struct err *e);
/* Log the plan of a dry run. */
void ops_print_plan(struct run *r);

/* Plans: findings and steps from the rows of O. */
void ops_plan_pause(struct ops *o);
void ops_plan_resume(struct ops *o);
void ops_plan_stop(struct ops *o);
void ops_plan_start(struct ops *o);
void ops_plan_restart(struct ops *o);
void ops_plan_stop_cluster(struct ops *o);

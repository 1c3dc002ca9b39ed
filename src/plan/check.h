/* Preconditions of making a cluster, as pure functions over one document of facts:
 *
 *   {"now_ms",
 *    "params":
 * {"cluster_name","version","datadir","install","repository","remote_cluster_id","force"}, "nodes":
 * [{"hostname","port","ssh_error"{text,hint},"facts"{...},"in_cluster","asked_ms","seen_ms"}],
 * "source":
 * {"cluster_id","cluster_name","error"{text,hint},"members": [{"hostname","port","ssh_error",
 *               "facts","pg"}], "master": index into members or -1, "admin"{"fail","text"}}}
 *
 * "facts" is what facts.sh says, "pg" what pg_facts.sh says.  "source" is absent without a master
 * cluster. */
#pragma once

#include "plan/findings.h"

/* Everything that speaks against making the cluster described by DOC. */
void check_create(const struct json *doc, struct findings *f);

/* Parts, shared with other jobs. */
void check_host(const struct json *doc, const struct json *node, struct findings *f);
void check_software(const struct json *doc, const struct json *node, struct findings *f);
void check_place(const struct json *doc, const struct json *node, struct findings *f);
void check_source(const struct json *doc, struct findings *f);
void check_standby(const struct json *doc, const struct json *node, struct findings *f);

/* The source's master as chosen in DOC: its row of members, or NULL. */
const struct json *check_master(const struct json *doc);
/* Is WORD an item of the comma list? */
bool check_in_list(const char *list, const char *word);
/* A fact as a number, DFLT when absent. */
int64_t check_fact_int(const struct json *facts, const char *key, int64_t dflt);

/* What was gathered in, findings and steps out, as one text: "E code host; W code; 1 kind host". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/strbuf.h"
#include "plan/ops.h"
#include "plan/step.h"

#define MASTER                                                                                \
	"{'in_recovery':false,'senders':[{'application_name':'n2','client_addr':'10.0.1.2'}," \
	"{'application_name':'other','client_addr':'10.0.2.1'},{'application_name':'backup'}]}"
#define QUIET  "{'in_recovery':false,'senders':[]}"
#define SLAVE  "{'in_recovery':true,'paused':false,'senders':[]}"
#define PAUSED "{'in_recovery':true,'paused':true,'senders':[]}"
#define SOURCE "{'in_recovery':true,'paused':false,'senders':[{'application_name':'n3'}]}"

/* 1: a is the master, b streams from it, c from b; 2: d streams from a. */
static struct node main_nodes[] = {
	{ .id = 1,
	  .hostname = "a",
	  .ip = "10.0.1.1",
	  .port = 5432,
	  .role = ROLE_MASTER,
	  .application_name = "" },
	{ .id = 2,
	  .hostname = "b",
	  .ip = "10.0.1.2",
	  .port = 5432,
	  .role = ROLE_SLAVE,
	  .upstream_node_id = 1,
	  .application_name = "n2" },
	{ .id = 3,
	  .hostname = "c",
	  .ip = "10.0.1.3",
	  .port = 5433,
	  .role = ROLE_SLAVE,
	  .upstream_node_id = 2,
	  .application_name = "n3" },
};
static struct node far_nodes[] = {
	{ .id = 4,
	  .hostname = "d",
	  .ip = "10.0.2.1",
	  .port = 5432,
	  .role = ROLE_SLAVE,
	  .upstream_node_id = 1,
	  .application_name = "n4" },
};
static struct cluster clusters[] = {
	{ .id = 1, .name = "main", .version = "15", .nodes = main_nodes, .n_nodes = 3 },
	{ .id = 2,
	  .name = "far",
	  .version = "15",
	  .nodes = far_nodes,
	  .n_nodes = 1,
	  .remote_cluster_id = 1,
	  .remote_node_id = 1 },
};

struct fact {
	const char *host; /* NULL: no more */
	enum ops_state state;
	const char *pg;
};

struct row {
	const char *what;
	void (*plan)(struct ops *o);
	bool force;
	struct fact facts[3]; /* the nodes of the job, the head first */
	const char *want;
};

static const struct row rows[] = {
	{ "a slave is paused",
	  ops_plan_pause,
	  false,
	  { { "b", OPS_UP, SLAVE } },
	  "1 replay b paused" },
	{ "a paused one stays so when undone",
	  ops_plan_pause,
	  false,
	  { { "b", OPS_UP, PAUSED } },
	  "1 replay b paused keep" },
	{ "a paused one is resumed",
	  ops_plan_resume,
	  false,
	  { { "b", OPS_UP, PAUSED } },
	  "1 replay b running" },
	{ "a master cannot be paused",
	  ops_plan_pause,
	  false,
	  { { "a", OPS_UP, MASTER } },
	  "E not_in_recovery a; 1 replay a paused" },
	{ "a stopped one cannot be paused",
	  ops_plan_pause,
	  false,
	  { { "b", OPS_DOWN, NULL } },
	  "E down b; 1 replay b paused" },
	{ "a host that is away cannot be paused",
	  ops_plan_pause,
	  false,
	  { { "b", OPS_UNKNOWN, NULL } },
	  "E unreachable b; 1 replay b paused" },
	{ "a slave is stopped", ops_plan_stop, false, { { "c", OPS_UP, SLAVE } }, "1 halt c" },
	{ "the pause of a slave ends with it",
	  ops_plan_stop,
	  false,
	  { { "c", OPS_UP, PAUSED } },
	  "W paused c; 1 halt c" },
	{ "a slave with slaves is stopped",
	  ops_plan_stop,
	  false,
	  { { "b", OPS_UP, SOURCE } },
	  "W has_slaves b; 1 halt b" },
	{ "a stopped one is left alone", ops_plan_stop, false, { { "c", OPS_DOWN, NULL } }, "" },
	{ "a master with slaves is not stopped",
	  ops_plan_stop,
	  false,
	  { { "a", OPS_UP, MASTER } },
	  "E has_slaves a; 1 halt a" },
	{ "nor one that does not tell",
	  ops_plan_stop,
	  false,
	  { { "a", OPS_UP, NULL } },
	  "E has_slaves a; 1 halt a" },
	{ "but with force",
	  ops_plan_stop,
	  true,
	  { { "a", OPS_UP, MASTER } },
	  "W has_slaves a; 1 halt a force" },
	{ "a master without slaves is stopped",
	  ops_plan_stop,
	  false,
	  { { "a", OPS_UP, QUIET } },
	  "1 halt a" },
	{ "a slave is started and waited for",
	  ops_plan_start,
	  false,
	  { { "b", OPS_DOWN, NULL } },
	  "1 bring_up b; 2 wait_streaming b" },
	{ "a running one is waited for",
	  ops_plan_start,
	  false,
	  { { "b", OPS_UP, SLAVE } },
	  "1 wait_streaming b" },
	{ "a master is started",
	  ops_plan_start,
	  false,
	  { { "a", OPS_DOWN, NULL } },
	  "1 bring_up a" },
	{ "a master is restarted",
	  ops_plan_restart,
	  false,
	  { { "a", OPS_UP, MASTER } },
	  "W has_slaves a; 1 halt a; 2 bring_up a" },
	{ "a pause outlives a restart",
	  ops_plan_restart,
	  false,
	  { { "b", OPS_UP, PAUSED } },
	  "1 halt b; 2 bring_up b; 3 wait_streaming b; 4 replay b paused keep" },
	{ "a cluster is stopped from its end",
	  ops_plan_stop_cluster,
	  false,
	  { { "a", OPS_UP, MASTER }, { "b", OPS_UP, SOURCE }, { "c", OPS_UP, SLAVE } },
	  "W slave_cluster; 1 halt c; 2 halt b; 3 halt a" },
	{ "every node must answer",
	  ops_plan_stop_cluster,
	  false,
	  { { "a", OPS_UP, MASTER }, { "b", OPS_UNKNOWN, NULL }, { "c", OPS_BUSY, NULL } },
	  "E unreachable b; W slave_cluster; 1 halt c; 2 halt a" },
	{ "or force is used",
	  ops_plan_stop_cluster,
	  true,
	  { { "a", OPS_UP, MASTER }, { "b", OPS_UNKNOWN, NULL }, { "c", OPS_DOWN, NULL } },
	  "W unreachable b; W slave_cluster; 1 halt a force" },
	{ "a cluster is started from its head",
	  ops_plan_start,
	  false,
	  { { "a", OPS_DOWN, NULL }, { "b", OPS_DOWN, NULL }, { "c", OPS_UP, SLAVE } },
	  "1 bring_up a; 2 bring_up b; 3 wait_streaming b; 3 wait_streaming c" },
};

static const struct node *node_called(const char *host)
{
	size_t i;

	for (i = 0; i < 3; i++)
		if (str_eq(main_nodes[i].hostname, host))
			return &main_nodes[i];
	return NULL;
}

static struct json *parse(const char *text)
{
	char copy[512];
	struct json *j = NULL;
	char *c;

	if (!text)
		return NULL;
	snprintf(copy, sizeof(copy), "%s", text);
	for (c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_int_equal(json_parse(copy, strlen(copy), &j, NULL), ERR_OK);
	return j;
}

static void make(struct ops *o, struct run *r, const struct row *row)
{
	r->a = arena_new();
	r->steps = json_array_new();
	r->context = json_object_new();
	o->run = r;
	o->cluster = clusters[0];
	o->known = (struct cluster_list){ clusters, 2 };
	o->force = row->force;
	o->nodes = ARENA_NEWN(r->a, 3, struct ops_node);
	findings_init(&o->findings, r->a);
	for (; o->n_nodes < 3 && row->facts[o->n_nodes].host; o->n_nodes++) {
		const struct fact *f = &row->facts[o->n_nodes];

		o->nodes[o->n_nodes] = (struct ops_node){ .node = node_called(f->host),
			                                  .depth = (int)o->n_nodes,
			                                  .state = f->state,
			                                  .pg = parse(f->pg) };
	}
	row->plan(o);
}

static void describe(const struct ops *o, struct strbuf *out)
{
	size_t i;

	for (i = 0; i < o->findings.count; i++) {
		const struct finding *f = &o->findings.list[i];

		strbuf_addf(out, "%s%s %s%s%s", out->len > 0 ? "; " : "", f->is_error ? "E" : "W",
		            f->code, f->host ? " " : "", str_or(f->host, ""));
	}
	for (i = 0; i < json_len(o->run->steps); i++) {
		const struct json *s = json_at(o->run->steps, i), *args = json_get(s, "args");
		const char *want = json_get_str(args, "want");

		assert_non_null(json_get_str(s, "title"));
		strbuf_addf(out, "%s%d %s %s%s%s%s%s", out->len > 0 ? "; " : "",
		            (int)json_get_int(s, "group", 0), json_get_str(s, "kind"),
		            json_get_str(s, "host"), want ? " " : "", str_or(want, ""),
		            str_eq(json_get_str(args, "keep"), "yes") ? " keep" : "",
		            str_eq(json_get_str(args, "force"), "yes") ? " force" : "");
	}
}

static void plans_what_was_asked(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct strbuf got = STRBUF_INIT;
		struct run r = { 0 };
		struct ops o = { 0 };

		make(&o, &r, &rows[i]);
		describe(&o, &got);
		if (!str_eq(strbuf_cstr(&got), rows[i].want))
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].what, strbuf_cstr(&got),
			         rows[i].want);
		ops_release(&o);
		strbuf_release(&got);
		run_release(&r);
	}
}

static void names_who_follows(void **state)
{
	static const struct row row = {
		"", ops_plan_stop, false, { { "a", OPS_UP, MASTER } }, NULL
	};
	struct run r = { 0 };
	struct ops o = { 0 };

	make(&o, &r, &row);
	assert_string_equal(o.findings.list[0].text,
	                    "a:5432 is the master and has streaming slaves: b:5432, "
	                    "d:5432 (cluster 2), backup at its own host.");
	ops_release(&o);
	run_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_what_was_asked),
		cmocka_unit_test(names_who_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

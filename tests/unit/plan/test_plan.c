/* Facts in, plan out: compared with tests/golden/plan/NAME.plan.json.  PGTANDEM_WRITE_GOLDEN=1
 * writes the files anew; look at the difference before it is committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/str.h"
#include "plan/hosts.h"
#include "plan/plan_create.h"
#include "plan/step.h"

#include "facts.h"

static void add_hosts(struct run *r, const struct json *rows)
{
	size_t i;

	for (i = 0; i < json_len(rows); i++) {
		const char *name = json_get_str(json_at(rows, i), "hostname");
		struct ssh_target t = { .host = name, .user = "root", .keyfile = "/k" };

		(void)hosts_add(r, name, &t);
	}
}

static void make(struct run *r, const struct json *doc)
{
	static const struct login repl = { REPL_USER, "repl-secret" },
	                          mon = { MON_USER, "mon-secret" };
	struct plan_create_in in = { .doc = doc,
		                     .cluster_id = 7,
		                     .repl = &repl,
		                     .mon = &mon,
		                     .ca = "CA\n",
		                     .repository_key = "",
		                     .repository_url = "" };

	r->a = arena_new();
	r->job_id = 42;
	r->context = json_object_new();
	r->steps = json_array_new();
	r->data = json_object_new();
	json_set_str(r->data, "postgre_password", "admin-secret");
	add_hosts(r, json_get(doc, "nodes"));
	add_hosts(r, json_get(json_get(doc, "source"), "members"));
	plan_create(r, &in);
}

static void compare(const char *name, const struct json *steps)
{
	struct strbuf now = STRBUF_INIT, want = STRBUF_INIT;
	char path[512];

	json_dump_pretty(steps, &now);
	strbuf_addc(&now, '\n');
	snprintf(path, sizeof(path), "%s/plan/%s.plan.json", GOLDEN_DIR, name);
	if (getenv("PGTANDEM_WRITE_GOLDEN"))
		assert_int_equal(fs_write_atomic(path, now.data, now.len, 0644, NULL), ERR_OK);
	assert_int_equal(fs_read(path, 1 << 20, &want, NULL), ERR_OK);
	assert_string_equal(strbuf_cstr(&now), strbuf_cstr(&want));
	strbuf_release(&now);
	strbuf_release(&want);
}

static void check(const char *name)
{
	struct json *doc = facts_load(name);
	struct run r = { 0 };

	make(&r, doc);
	compare(name, r.steps);
	run_release(&r);
	json_free(&doc);
}

static void plans_a_cluster_of_its_own(void **state)
{
	check("new_cluster");
}

static void plans_a_slave_cluster(void **state)
{
	check("slave_cluster");
}

static void plans_for_the_rhel_family(void **state)
{
	check("rhel_cluster");
}

static void keeps_secrets_out_of_the_steps(void **state)
{
	struct json *doc = facts_load("slave_cluster");
	struct run r = { 0 };
	char *text;

	make(&r, doc);
	text = json_dumps(r.steps);
	assert_null(strstr(text, "-secret"));
	free(text);
	run_release(&r);
	json_free(&doc);
}

/* Each step that can be undone is undone before what it stands on. */
static void makes_the_slot_before_the_copy(void **state)
{
	struct json *doc = facts_load("slave_cluster");
	struct run r = { 0 };
	size_t i, slot = 0, copy = 0;

	make(&r, doc);
	for (i = json_len(r.steps); i-- > 0;) {
		const char *kind = json_get_str(json_at(r.steps, i), "kind");

		slot = str_eq(kind, "slot") ? i : slot;
		copy = str_eq(kind, "basebackup") ? i : copy;
		assert_non_null(step_kind_find(kind));
	}
	assert_true(slot < copy);
	run_release(&r);
	json_free(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_a_cluster_of_its_own),
		cmocka_unit_test(plans_a_slave_cluster),
		cmocka_unit_test(plans_for_the_rhel_family),
		cmocka_unit_test(keeps_secrets_out_of_the_steps),
		cmocka_unit_test(makes_the_slot_before_the_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/mem.h"
#include "model/cluster.h"

static const char *tags[] = { "prod", "c2c" };
static struct node nodes[] = {
	{ .id = 7,
	  .cluster_id = 3,
	  .hostname = "db-1",
	  .ip = "10.0.2.1",
	  .port = 5433,
	  .datadir = "/var/lib/postgresql/15/main",
	  .instance = "main",
	  .config_dir = "/etc/postgresql/15/main",
	  .config_file = "/etc/postgresql/15/main/postgresql.conf",
	  .hba_file = "/etc/postgresql/15/main/pg_hba.conf",
	  .log_file = "/var/log/pg.log",
	  .version = "15.18",
	  .family = "debian",
	  .os_pretty = "debian (bookworm 12)",
	  .os_name = "debian",
	  .os_codename = "bookworm",
	  .os_release = "12",
	  .role = ROLE_SLAVE,
	  .upstream_node_id = 1,
	  .upstream_host = "10.0.1.1",
	  .upstream_port = 5432,
	  .slot_name = "slot_7",
	  .application_name = "dr_7",
	  .sync = true,
	  .created_by_us = true },
	{ .id = 8, .cluster_id = 3, .hostname = "db-2", .port = 5432, .role = ROLE_MASTER },
};
static const struct cluster full = {
	.id = 3,
	.name = "dr",
	.type = "postgresql_single",
	.vendor = "default",
	.version = "15",
	.owner_user_id = 4,
	.owner_group_id = 1,
	.owner_user_name = "dba",
	.owner_group_name = "admins",
	.created = 1795379100123,
	.remote_cluster_id = 1,
	.remote_node_id = 1,
	.remote_host = "10.0.1.1",
	.remote_port = 5432,
	.ssh = { "root", "/root/.ssh/id_rsa", 2222, "ssh-pw", "sudo-pw" },
	.admin = { "postgres", "admin-pw'\"\\ $x \xc3\xbc" },
	.repl = { "repl", "repl-pw" },
	.mon = { "mon", "mon-pw" },
	.rpc_token = "token-pw",
	.system_identifier = "7345678901234567890",
	.cluster_auto_recovery = true,
	.node_auto_recovery = true,
	.tags = tags,
	.n_tags = 2,
	.nodes = nodes,
	.n_nodes = 2,
};

static void survives_json_with_all_its_secrets(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_free) struct json *first = cluster_to_json(&full, true);
	CLEANUP(json_free) struct json *second = NULL;
	struct cluster c;
	struct err e = { 0 };

	assert_int_equal(cluster_from_json(first, a, &c, &e), ERR_OK);
	second = cluster_to_json(&c, true);
	assert_true(json_equal(first, second));
	assert_string_equal(c.admin.password, full.admin.password);
	assert_string_equal(c.ssh.sudo_password, "sudo-pw");
	assert_int_equal(c.ssh.port, 2222);
	assert_string_equal(c.rpc_token, "token-pw");
	assert_int_equal(c.n_nodes, 2);
	assert_string_equal(c.nodes[0].slot_name, "slot_7");
	assert_true(c.nodes[0].sync && c.nodes[0].created_by_us);
	assert_int_equal(c.nodes[1].role, ROLE_MASTER);
	assert_string_equal(c.nodes[1].datadir, "");
	assert_string_equal(c.tags[1], "c2c");
}

static void keeps_secrets_out_unless_asked(void **state)
{
	CLEANUP(json_free) struct json *j = cluster_to_json(&full, false);
	CLEANUP(free_str) char *text = json_dumps(j);
	CLEANUP(json_free) struct json *secrets = cluster_secrets_to_json(&full);
	CLEANUP(free_str) char *hidden = json_dumps(secrets);

	assert_null(strstr(text, "-pw"));
	assert_non_null(strstr(text, "\"postgres\""));
	assert_null(strstr(hidden, "postgres"));
	assert_string_equal(json_get_str(json_get(secrets, "ssh"), "sudo_password"), "sudo-pw");
	assert_int_equal(json_len(secrets), 5);
}

static enum err_code parse(const char *text)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_free) struct json *j = NULL;
	struct cluster c;
	struct err e = { 0 };

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), ERR_OK);
	return cluster_from_json(j, a, &c, &e);
}

static void fills_in_what_is_left_out(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_free) struct json *j = NULL;
	static const char text[] = "{\"nodes\":[{\"hostname\":\"x\"}],\"version\":15}";
	struct cluster c;

	assert_int_equal(json_parse(text, strlen(text), &j, NULL), ERR_OK);
	assert_int_equal(cluster_from_json(j, a, &c, NULL), ERR_OK);
	assert_string_equal(c.type, CLUSTER_TYPE_SINGLE);
	assert_string_equal(c.version, "15");
	assert_int_equal(c.nodes[0].port, 5432);
	assert_int_equal(c.nodes[0].role, ROLE_SLAVE);
	assert_string_equal(c.admin.password, "");
}

static void refuses_what_is_no_cluster(void **state)
{
	static const char *const bad[] = {
		"[]",
		"{\"cluster_id\":-1}",
		"{\"cluster_id\":[]}",
		"{\"cluster_name\":{}}",
		"{\"cluster_name\":\"../x\"}",
		"{\"ssh\":\"root\"}",
		"{\"ssh\":{\"port\":70000}}",
		"{\"tags\":[1]}",
		"{\"nodes\":[{}]}",
		"{\"nodes\":[[]]}",
		"{\"nodes\":[{\"hostname\":\"a\",\"port\":-1}]}",
		"{\"nodes\":[{\"hostname\":\"a\",\"role\":\"boss\"}]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i]), ERR_INVALID);
	assert_int_equal(parse("{}"), ERR_OK);
}

static void checks_names(void **state)
{
	static const char *const good[] = { "a", "PG_1", "dr.site-2", "_x", "9" };
	static const char *const bad[] = { "",     ".x",  "-x",   "a b",         "a'b", "a\"b",
		                           "a\nb", "a/b", "../x", "caf\xc3\xa9", "a;b", NULL };
	char name[CLUSTER_NAME_MAX + 2] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(cluster_check_name(good[i], NULL), ERR_OK);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = { 0 };

		assert_int_equal(cluster_check_name(bad[i], &e), ERR_INVALID);
	}
	memset(name, 'n', CLUSTER_NAME_MAX);
	assert_int_equal(cluster_check_name(name, NULL), ERR_OK);
	name[CLUSTER_NAME_MAX] = 'n';
	assert_int_equal(cluster_check_name(name, NULL), ERR_INVALID);
}

static void lists_survive_json(void **state)
{
	struct cluster two[] = { full, full };
	struct cluster_list l = { two, 2 }, back = { 0 };
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_free) struct json *j = cluster_list_to_json(&l, false);

	assert_int_equal(cluster_list_from_json(j, a, &back, NULL), ERR_OK);
	assert_int_equal(back.count, 2);
	assert_string_equal(back.items[1].name, "dr");
	assert_string_equal(back.items[1].admin.password, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_json_with_all_its_secrets),
		cmocka_unit_test(keeps_secrets_out_unless_asked),
		cmocka_unit_test(fills_in_what_is_left_out),
		cmocka_unit_test(refuses_what_is_no_cluster),
		cmocka_unit_test(checks_names),
		cmocka_unit_test(lists_survive_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "rpc/decode.h"

#include <string.h>

#include "../test.h"
#include "api/rpc_ops.h"
#include "base/macros.h"
#include "base/mem.h"
#include "rpc/jobdata.h"

/* What a command says about JSON text: its clean form, or its faults. */
struct outcome {
	struct arena *arena;
	struct json *clean;
	struct faults faults;
	struct err e;
};

static void run(struct outcome *o, const char *command, const char *text)
{
	struct json *data = NULL;
	struct err e = { 0 };

	assert_int_equal(json_parse(text, strlen(text), &data, &e), ERR_OK);
	o->arena = arena_new();
	faults_init(&o->faults, o->arena);
	jobdata_decode(rpc_job_find(command), data, &o->clean, &o->faults);
	memset(&o->e, 0, sizeof(o->e));
	faults_report(&o->faults, &o->e);
	json_free(&data);
}

static void end(struct outcome *o)
{
	json_free(&o->clean);
	arena_free(&o->arena);
}

#define NODES "\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\"}]"

static const struct {
	const char *data; /* of create_cluster */
	const char *fault;
} faulty[] = {
	{ "{" NODES "}", NULL },
	{ "[]", "'job_data' must be an object" },
	{ "{\"version\":\"15\"}", "'job_data.nodes' is missing" },
	{ "{\"version\":\"15\",\"nodes\":[]}", "'job_data.nodes' must not be empty" },
	{ "{\"version\":\"15\",\"nodes\":\"a;b\"}", "'job_data.nodes' must be a list" },
	{ "{\"version\":\"15\",\"nodes\":[\"a\"]}", "'job_data.nodes[0]' must be an object" },
	{ "{\"version\":\"15\",\"nodes\":[{\"port\":1}]}",
	  "'job_data.nodes[0].hostname' is missing" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"\"}]}",
	  "'job_data.nodes[0].hostname' is missing" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a;reboot\"}]}",
	  "'job_data.nodes[0].hostname' must be a host name" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\",\"port\":0}]}",
	  "'job_data.nodes[0].port' must be between 1 and 65535" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\",\"port\":\"70000\"}]}",
	  "'job_data.nodes[0].port' must be between 1 and 65535" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\",\"port\":\"x\"}]}",
	  "'job_data.nodes[0].port' must be a whole number" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\",\"port\":5432.5}]}",
	  "'job_data.nodes[0].port' must be a whole number" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\",\"master\":\"maybe\"}]}",
	  "'job_data.nodes[0].master' must be true or false" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\"},{\"hostname\":\"A\","
	  "\"port\":5432}]}",
	  "'job_data.nodes[1]' is the same host and port as nodes[0]" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\",\"master\":true},"
	  "{\"hostname\":\"b\",\"master\":true}]}",
	  "'job_data.nodes' must have one master" },
	{ "{\"version\":\"15\",\"nodes\":[{\"hostname\":\"a\",\"slave\":true}]}",
	  "must have a node that is not a slave" },
	{ "{\"nodes\":[{\"hostname\":\"a\"}]}", "'job_data.version' is missing" },
	{ "{" NODES ",\"cluster_name\":\"../x\"}", "'job_data.cluster_name' must" },
	{ "{" NODES ",\"cluster_name\":\"a'b\"}", "'job_data.cluster_name' must" },
	{ "{" NODES ",\"cluster_name\":\"a\\nb\"}", "'job_data.cluster_name' must" },
	{ "{" NODES ",\"cluster_name\":{}}", "'job_data.cluster_name' must be a text" },
	{ "{" NODES ",\"cluster_type\":\"galera\"}",
	  "'job_data.cluster_type' must be one of postgresql_single, postgresql" },
	{ "{" NODES ",\"vendor\":\"oracle\"}", "'job_data.vendor' must be one of" },
	{ "{" NODES ",\"datadir\":\"data\"}", "'job_data.datadir' must be an absolute" },
	{ "{" NODES ",\"datadir\":\"/a/../b\"}", "'job_data.datadir' must not contain" },
	{ "{" NODES ",\"remote_cluster_id\":0}", "'job_data.remote_cluster_id' must be" },
	{ "{" NODES ",\"replication_master\":{\"hostname\":\"a\"}}",
	  "'job_data.replication_master' needs remote_cluster_id" },
	{ "{" NODES ",\"enable_uninstall\":false,\"synchronous\":\"false\"}", NULL },
	{ "{" NODES ",\"synchronous\":\"true\"}", "'job_data.synchronous' is not supported: " },
	{ "{" NODES ",\"ssh_password\":\"x\"}", "'job_data.ssh_password' is not supported: " },
	{ "{" NODES ",\"backup_id\":1}", "'job_data.backup_id' needs remote_cluster_id" },
	{ "{" NODES ",\"ssh_port\":99999}", "'job_data.ssh_port' must be between" },
	{ "{" NODES ",\"ssh_user\":\"-o\"}", "'job_data.ssh_user' must" },
	{ "{" NODES ",\"timeout\":-1}", "'job_data.timeout' must be between" },
	{ "{" NODES ",\"repository\":\"mine\"}", "'job_data.repository' must be one of" },
	{ "{" NODES ",\"repository_url\":\"ftp://x\"}", "'job_data.repository_url' must" },
	{ "{" NODES ",\"with_tags\":[1,{}]}", "'job_data.with_tags' must be a list" },
	{ "{" NODES ",\"install_software\":2}", "'job_data.install_software' must be" },
};

static void names_each_faulty_field(UNUSED_STATE)
{
	for (size_t i = 0; i < ARRAY_SIZE(faulty); i++) {
		struct outcome o;

		run(&o, "create_cluster", faulty[i].data);
		if (!faulty[i].fault && o.e.code != ERR_OK)
			fail_msg("%s: %s", faulty[i].data, o.e.text);
		if (faulty[i].fault && !strstr(o.e.text, faulty[i].fault))
			fail_msg("%s: \"%s\", expected \"%s\"", faulty[i].data, o.e.text,
			         faulty[i].fault);
		end(&o);
	}
}

static void reports_all_faults_in_one_go(UNUSED_STATE)
{
	struct outcome o;
	struct json *list;

	run(&o, "create_cluster",
	    "{\"cluster_name\":\"-x\",\"version\":\"eleven\",\"nodes\":[{\"hostname\":\"a b\","
	    "\"port\":0},{}],\"datadir\":\"x\"}");
	assert_int_equal(o.faults.count, 6);
	assert_non_null(strstr(o.e.text, "cluster_name"));
	assert_non_null(strstr(o.e.text, "nodes[1].hostname"));
	list = faults_json(&o.faults);
	assert_int_equal(json_len(list), 6);
	assert_string_equal(json_get_str(json_at(list, 0), "field"), "job_data.cluster_name");
	json_free(&list);
	end(&o);
}

static void counts_faults_beyond_the_limit(UNUSED_STATE)
{
	struct arena *a = arena_new();
	struct faults f;
	struct err e = { 0 };

	faults_init(&f, a);
	for (int i = 0; i < 100; i++)
		faults_add(&f, "field", "is wrong in way %d", i);
	assert_int_equal(faults_report(&f, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "100 faults: 'field' is wrong in way 0"));
	arena_free(&a);
}

static void makes_names_and_types_proper(UNUSED_STATE)
{
	struct outcome o;
	char *text;

	run(&o, "create_cluster",
	    "{\"db_user\":\"admin\",\"db_password\":\"p w\\\"\",\"version\":15,"
	    "\"nodes\":[{\"hostname\":\"10.0.0.1\",\"port\":\"5433\",\"datadir\":\"\","
	    "\"future\":1}],\"install_software\":\"false\",\"sudo_password\":\"\","
	    "\"with_tags\":\"a;b,c\",\"ssh_port\":\"22\",\"update_lb\":[true]}");
	assert_int_equal(o.e.code, ERR_OK);
	text = json_dumps(o.clean);
	assert_string_equal(text,
	                    "{\"install_software\":false,\"nodes\":[{\"future\":1,\"hostname\":"
	                    "\"10.0.0.1\",\"port\":5433}],\"postgre_password\":\"p w\\\"\","
	                    "\"postgre_user\":\"admin\",\"ssh_port\":22,\"update_lb\":[true],"
	                    "\"version\":\"15\",\"with_tags\":[\"a\",\"b\",\"c\"]}");
	free_str(&text);
	end(&o);
}

static void tells_each_node_what_was_said_for_all(UNUSED_STATE)
{
	struct outcome o;
	const struct json *nodes;

	run(&o, "create_cluster",
	    "{\"version\":\"15\",\"port\":\"6432\",\"use_internal_repos\":true,"
	    "\"nodes\":[{\"hostname\":\"a\"},{\"hostname\":\"b\",\"port\":1}]}");
	assert_int_equal(o.e.code, ERR_OK);
	nodes = json_get(o.clean, "nodes");
	assert_int_equal(json_get_int(json_at(nodes, 0), "port", 0), 6432);
	assert_int_equal(json_get_int(json_at(nodes, 1), "port", 0), 1);
	assert_string_equal(json_get_str(o.clean, "repository"), "distro");
	end(&o);
}

static void fills_the_struct(UNUSED_STATE)
{
	static const char text[] = "{\"username\":\"dba\",\"password\":\"secret\",\"ldap\":1}";
	const struct rpc_op *op = rpc_op_find("/v2/auth", "AUTHENTICATEWITHPASSWORD");
	struct arena *a = arena_new();
	struct req_auth_password req = { 0 };
	struct json *in = NULL;
	struct faults f;

	assert_non_null(op);
	assert_int_equal(op->message->size, sizeof(req));
	assert_int_equal(json_parse(text, strlen(text), &in, NULL), ERR_OK);
	faults_init(&f, a);
	decode(op->message, in, "", &req, NULL, &f);
	assert_int_equal(f.count, 0);
	assert_string_equal(req.user_name, "dba");
	assert_string_equal(req.password, "secret");
	json_free(&in);
	arena_free(&a);
}

static void knows_the_forms(UNUSED_STATE)
{
	static const struct {
		enum field_form form;
		const char *text;
		bool ok;
	} rows[] = {
		{ FORM_HOST, "db1.example.com", true },
		{ FORM_HOST, "10.0.1.1", true },
		{ FORM_HOST, "fd00::1", true },
		{ FORM_HOST, "-oProxyCommand=x", false },
		{ FORM_HOST, "a..b", false },
		{ FORM_HOST, "a.", false },
		{ FORM_HOST, "300.1.1.1", false },
		{ FORM_HOST, "1234", false },
		{ FORM_HOST, "a\nb", false },
		{ FORM_HOST, "a'b", false },
		{ FORM_HOST, "h\xc3\xb6st", false },
		{ FORM_HOST, "[fd00::1]", false },
		{ FORM_CLUSTER_NAME, "PostgreSQL1rep", true },
		{ FORM_CLUSTER_NAME, "a.b_c-d", true },
		{ FORM_CLUSTER_NAME, ".a", false },
		{ FORM_CLUSTER_NAME, "-a", false },
		{ FORM_CLUSTER_NAME, "a/b", false },
		{ FORM_CLUSTER_NAME,
		  "0123456789012345678901234567890123456789012345678901234567890123", false },
		{ FORM_PATH, "/var/lib/postgresql/15/main", true },
		{ FORM_PATH, "/", false },
		{ FORM_PATH, "//", false },
		{ FORM_PATH, "/a//b", false },
		{ FORM_PATH, "/a/./b", false },
		{ FORM_PATH, "/a\nb", false },
		{ FORM_PATH, "/a/..", false },
		{ FORM_PATH, "/a/..b", true },
		{ FORM_VERSION, "9.6", true },
		{ FORM_VERSION, "10", true },
		{ FORM_VERSION, "17", true },
		{ FORM_VERSION, "9", false },
		{ FORM_VERSION, "15.3", false },
		{ FORM_VERSION, "+5", false },
		{ FORM_VERSION, "1", false },
		{ FORM_VERSION, "latest", false },
		{ FORM_LINE, "a b", true },
		{ FORM_LINE, "a\rb", false },
		{ FORM_URL, "https://mirror.example.com/pgdg", true },
		{ FORM_URL, "https://x/\"; id", false },
		{ FORM_URL, "file:///etc", false },
		{ FORM_PACKAGES, "postgresql-15-postgis-3,libstdc++6", true },
		{ FORM_PACKAGES, "a,-oDPkg::Pre-Invoke=id", false },
		{ FORM_PACKAGES, "a;id", false },
		{ FORM_PACKAGES, "a, b", false },
		{ FORM_TIME, "2026-11-22T20:02:00.521Z", true },
		{ FORM_TIME, "tomorrow", false },
		{ FORM_USER_NAME, "dba", true },
		{ FORM_USER_NAME, "$(id)", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if ((form_fault(rows[i].form, rows[i].text) == NULL) != rows[i].ok)
			fail_msg("%s '%s'", form_name(rows[i].form), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_each_faulty_field),
		cmocka_unit_test(reports_all_faults_in_one_go),
		cmocka_unit_test(counts_faults_beyond_the_limit),
		cmocka_unit_test(makes_names_and_types_proper),
		cmocka_unit_test(tells_each_node_what_was_said_for_all),
		cmocka_unit_test(fills_the_struct),
		cmocka_unit_test(knows_the_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
